"""The policy language as a typed tree: the only thing that is ever compiled, evaluated or explained.

`sync.policy.expression` builds it from SQL text and is the gate: what has no node here can't be said in a policy.
`sync.policy.emit` writes it as DuckDB SQL, `sync.policy.evaluate` computes it in Python, `sync.policy.changes` solves
it. A tree has no clock in it; `Clock` nodes become constants when it is compiled for one run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Literal as Either
from typing import TypeGuard

from sync.model import FieldType


class Kind(StrEnum):
    """What sort of value an expression has."""

    BOOLEAN = "a condition"
    NUMBER = "a number"
    TEXT = "text"
    DATE = "a date"
    DATETIME = "a date with time"

    @property
    def is_time(self) -> bool:
        """Date or date with time: the two compare with each other."""
        return self in {Kind.DATE, Kind.DATETIME}

    @classmethod
    def of(cls, type_: FieldType) -> Kind:
        """The sort of a mapped field's values."""
        match type_:
            case FieldType.BOOLEAN:
                return cls.BOOLEAN
            case FieldType.DATE:
                return cls.DATE
            case FieldType.DATETIME:
                return cls.DATETIME
            case _:
                return cls.NUMBER if type_.is_numeric else cls.TEXT


Constant = str | bool | int | float | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: a number as written is `Decimal`, a datetime is aware and UTC. `None` is null, never written."""

    value: Constant
    kind: Kind


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the row that is judged, by our name."""

    name: str
    type: FieldType


@dataclass(frozen=True, slots=True)
class SignalRef:
    """A signal by name."""

    name: str


@dataclass(frozen=True, slots=True)
class CriterionRef:
    """A criterion by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Clock:
    """`now()`, or today moved by a number of days."""

    kind: Kind
    days: int = 0


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison; unknown when a side is null."""

    op: Either["=", "<>", "<", "<=", ">", ">="]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    item: Expr


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether there is no value; never unknown."""

    item: Expr


@dataclass(frozen=True, slots=True)
class IsTruth:
    """`IS TRUE` or `IS FALSE`; never unknown."""

    item: Expr
    value: bool


@dataclass(frozen=True, slots=True)
class OneOf:
    """`IN (…)` over constants."""

    item: Expr
    values: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """Both bounds included."""

    item: Expr
    low: Expr
    high: Expr


@dataclass(frozen=True, slots=True)
class Like:
    """`%` is any text, `_` any one character; there is no escape."""

    item: Expr
    pattern: str
    ignore_case: bool


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Computed in double precision; dividing by zero gives null."""

    op: Either["+", "-", "*", "/"]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Negate:
    """Minus."""

    item: Expr


@dataclass(frozen=True, slots=True)
class Call:
    """One of the documented functions (`sync.policy.functions`)."""

    name: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """`CASE WHEN … THEN … ELSE … END`."""

    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None


Expr = (
    Literal
    | Field
    | SignalRef
    | CriterionRef
    | Clock
    | Compare
    | And
    | Or
    | Not
    | IsNull
    | IsTruth
    | OneOf
    | Between
    | Like
    | Arithmetic
    | Negate
    | Call
    | Case
)

_EXPR = (
    Literal, Field, SignalRef, CriterionRef, Clock, Compare, And, Or, Not, IsNull, IsTruth, OneOf, Between, Like,
    Arithmetic, Negate, Call, Case,
)  # fmt: skip


def is_expr(value: object) -> TypeGuard[Expr]:
    """Whether a value is an expression."""
    return isinstance(value, _EXPR)


def children(expr: Expr) -> Iterator[Expr]:
    """The parts that an expression is made of, in the order written."""
    for part in fields(expr):
        yield from _parts(getattr(expr, part.name))


def _parts(value: object) -> Iterator[Expr]:
    if isinstance(value, _EXPR):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _parts(item)


def walk(expr: Expr) -> Iterator[Expr]:
    """The expression and everything in it."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def swapped(expr: Expr, swap: Callable[[Expr], Expr]) -> Expr:
    """The expression with each part, innermost first, put through `swap`."""
    changes = {part.name: _swapped(getattr(expr, part.name), swap) for part in fields(expr)}
    return swap(replace(expr, **changes))  # type: ignore[arg-type]  # each part is put back where it came from


def _swapped(value: object, swap: Callable[[Expr], Expr]) -> object:
    if isinstance(value, _EXPR):
        return swapped(value, swap)
    if isinstance(value, tuple):
        return tuple(_swapped(item, swap) for item in value)
    return value


def field_names(expr: Expr) -> tuple[str, ...]:
    """Names of the fields read, each once, in the order met."""
    return tuple(dict.fromkeys(part.name for part in walk(expr) if isinstance(part, Field)))


def signal_names(expr: Expr) -> tuple[str, ...]:
    """Names of the signals read, each once, in the order met."""
    return tuple(dict.fromkeys(part.name for part in walk(expr) if isinstance(part, SignalRef)))


def criterion_names(expr: Expr) -> tuple[str, ...]:
    """Names of the criteria read, each once, in the order met."""
    return tuple(dict.fromkeys(part.name for part in walk(expr) if isinstance(part, CriterionRef)))


def reads_a_row(expr: Expr) -> bool:
    """Whether the value can differ between rows."""
    return any(isinstance(part, Field | SignalRef | CriterionRef) for part in walk(expr))

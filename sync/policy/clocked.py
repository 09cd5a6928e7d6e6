"""On which days a condition can change by the clock alone: what lets a replay look at few days instead of all.

`purchase_timeline >= today()` is false from one day on, `days_since(x) > 30` true from one day on. For a condition in
which every use of the clock is of such a form, those days are known from the record; for any other the answer is that
nobody knows, and the replay looks at every day. `sync.policy.replay` asks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from sync.model import FieldType
from sync.policy import syntax
from sync.policy.syntax import Expr, Kind

_AGES = {"days_since": 1, "days_until": -1}


@dataclass(frozen=True, slots=True)
class Turn:
    """A condition may change on the day of `time` moved by `days`, and on the day after."""

    time: Expr
    """A date or time of the record, without the clock in it."""
    days: int


def reads_clock(expr: Expr) -> bool:
    """Whether the value may change though the record doesn't."""
    return any(
        isinstance(part, syntax.Clock) or (isinstance(part, syntax.Call) and part.name in _AGES)
        for part in syntax.walk(expr)
    )


def turns(expr: Expr) -> tuple[Turn, ...] | None:
    """When a condition can change by the clock alone; `None` if that can't be told."""
    if not reads_clock(expr):
        return ()
    match expr:
        case syntax.And() | syntax.Or() | syntax.Not() | syntax.IsTruth():
            found = [turns(part) for part in syntax.children(expr)]
            return None if None in found else tuple(turn for each in found for turn in each or ())
        case syntax.Compare():
            return _between((expr.left,), (expr.right,))
        case syntax.Between():
            return _between((expr.item,), (expr.low, expr.high))
        case syntax.OneOf():
            return _between((expr.item,), expr.values)
        case _:
            return None


def _between(ones: tuple[Expr, ...], others: tuple[Expr, ...]) -> tuple[Turn, ...] | None:
    found: list[Turn] = []
    for one in ones:
        for other in others:
            if not reads_clock(one) and not reads_clock(other):
                continue
            turn = _turn(one, other) or _turn(other, one)
            if turn is None:
                return None
            found.append(turn)
    return tuple(found)


def _turn(one: Expr, other: Expr) -> Turn | None:
    """Where a use of the clock (`one`) meets a value without it."""
    if reads_clock(other):
        return None
    if isinstance(one, syntax.Clock):
        return Turn(other, -one.days)
    if isinstance(one, syntax.Call) and one.name in _AGES and not reads_clock(one.args[0]):
        number = _number(other)
        return None if number is None else Turn(one.args[0], math.floor(number) * _AGES[one.name])
    return None


def _number(expr: Expr) -> Decimal | None:
    if isinstance(expr, syntax.Negate):
        inner = _number(expr.item)
        return None if inner is None else -inner
    if isinstance(expr, syntax.Literal) and isinstance(expr.value, int | Decimal) and not isinstance(expr.value, bool):
        return Decimal(expr.value)
    return None


def with_parts_named(expr: Expr, name: Callable[[Expr], str]) -> Expr:
    """The condition with each of its largest parts that don't read the clock replaced by a true/false column.

    Args:
        expr: A condition.
        name: Called with a part; the name of the column that holds its value.
    """
    if not reads_clock(expr):
        return syntax.Field(name(expr), FieldType.BOOLEAN)
    match expr:
        case syntax.And():
            return syntax.And(_items_named(expr.items, syntax.And, name))
        case syntax.Or():
            return syntax.Or(_items_named(expr.items, syntax.Or, name))
        case syntax.Not():
            return syntax.Not(with_parts_named(expr.item, name))
        case _:
            return expr


def _items_named(
    items: tuple[Expr, ...], join: type[syntax.And | syntax.Or], name: Callable[[Expr], str]
) -> tuple[Expr, ...]:
    still = tuple(item for item in items if not reads_clock(item))
    moving = tuple(with_parts_named(item, name) for item in items if reads_clock(item))
    if not still:
        return moving
    return (syntax.Field(name(join(still) if len(still) > 1 else still[0]), FieldType.BOOLEAN), *moving)


def needed(expr: Expr) -> Expr | None:
    """What must be true, whatever the clock, for the condition to be true; `None`: nothing."""
    if not reads_clock(expr):
        return expr
    if isinstance(expr, syntax.And):
        parts = tuple(part for item in expr.items if (part := needed(item)) is not None)
        return syntax.And(parts) if len(parts) > 1 else parts[0] if parts else None
    if isinstance(expr, syntax.Or):
        parts = tuple(part for item in expr.items if (part := needed(item)) is not None)
        return syntax.Or(parts) if len(parts) == len(expr.items) else None
    return None


def closed_by_the_clock(expr: Expr) -> Expr:
    """A condition on an activity with `is_closed` written out: an event is closed once it has ended."""

    def swap(part: Expr) -> Expr:
        if not (isinstance(part, syntax.Field) and part.name == "is_closed"):
            return part
        is_event = syntax.Compare("=", syntax.Field("object", FieldType.TEXT), syntax.Literal("Event", Kind.TEXT))
        ended = syntax.Compare("<", syntax.Field("ended_at", FieldType.DATETIME), syntax.Clock(Kind.DATETIME))
        is_none = syntax.Not(is_event)
        return syntax.Or((syntax.And((is_event, ended)), syntax.And((is_none, part))))

    return syntax.swapped(expr, swap)

"""The syntax tree of a SOQL query: frozen values with the place in the text where each stood.

The parser makes it, everything after works on it. `at` is an offset into the query's text, for error texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Operator(StrEnum):
    """Comparison operators; `<>` is read as `!=`."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


class LiteralKind(StrEnum):
    """What a literal in the text is, by its own form alone."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NULL = "null"
    DATE = "date"
    DATETIME = "datetime"
    RELATIVE = "relative date"


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal as written: strings without quotes but with escapes, `LAST_N_DAYS:5` of RELATIVE."""

    kind: LiteralKind
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps through parents: `Owner.Name`."""

    parts: tuple[str, ...]
    at: int

    def __str__(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the query language: aggregates, date functions, FIELDS, toLabel, …"""

    name: str
    arguments: tuple[Operand | Literal, ...]
    at: int

    def __str__(self) -> str:
        return f"{self.name}({', '.join(str(each) for each in self.arguments)})"


Operand: TypeAlias = Path | Call


@dataclass(frozen=True, slots=True)
class Column:
    """One selected value."""

    operand: Operand
    alias: str | None
    at: int


@dataclass(frozen=True, slots=True)
class TypeOfBranch:
    """`WHEN Contact THEN LastName, Email`."""

    object_name: str
    fields: tuple[Path, ...]
    at: int


@dataclass(frozen=True, slots=True)
class TypeOf:
    """`TYPEOF Who WHEN … THEN … ELSE … END`: fields that depend on what a polymorphic reference points to."""

    relationship: Path
    branches: tuple[TypeOfBranch, ...]
    otherwise: tuple[Path, ...]
    at: int


@dataclass(frozen=True, slots=True)
class SubSelect:
    """A parent-to-child query in the select list."""

    query: Query
    at: int


SelectItem: TypeAlias = Column | TypeOf | SubSelect


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operand operator literal`."""

    operand: Operand
    operator: Operator
    value: Literal
    at: int


@dataclass(frozen=True, slots=True)
class Like:
    """`operand LIKE 'pattern'`."""

    operand: Operand
    pattern: Literal
    at: int


@dataclass(frozen=True, slots=True)
class Membership:
    """`operand [NOT] IN (…)`, of literals or of a subquery (semi-join and anti-join)."""

    operand: Operand
    negated: bool
    values: tuple[Literal, ...] | Query
    at: int


@dataclass(frozen=True, slots=True)
class Includes:
    """`operand INCLUDES|EXCLUDES ('A;B', 'C')` of a multi-select picklist."""

    operand: Operand
    negated: bool
    values: tuple[Literal, ...]
    at: int


@dataclass(frozen=True, slots=True)
class And:
    """All hold."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    term: Condition


Condition: TypeAlias = Comparison | Like | Membership | Includes | And | Or | Not


@dataclass(frozen=True, slots=True)
class Ordering:
    """One item of ORDER BY. Nulls come first unless it says otherwise, whichever the direction."""

    operand: Operand
    descending: bool
    nulls_last: bool
    at: int


@dataclass(frozen=True, slots=True)
class Source:
    """An object or relationship in FROM with its alias."""

    path: Path
    alias: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One SELECT. `purpose` is VIEW or REFERENCE of FOR; `limit` None means none was written."""

    select: tuple[SelectItem, ...]
    sources: tuple[Source, ...]
    at: int
    scope: str | None = None
    where: Condition | None = None
    group_by: tuple[Operand, ...] = ()
    having: Condition | None = None
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0
    purposes: tuple[str, ...] = ()
    limit_at: int = 0
    order_at: int = 0

"""Typed tree → DuckDB SQL: every operator and function written out by us, every constant quoted by us.

Nothing of what a person typed is ever passed through as SQL. The clock becomes constants here, so one compiled policy
gives the same decisions whenever its query runs; in a replay it is a column, so one query decides for many days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import assert_never

from sync.policy import syntax
from sync.policy.syntax import Constant, Expr, Kind

Resolve = Callable[[syntax.Field | syntax.SignalRef | syntax.CriterionRef], str]
"""The SQL that stands for a name in the query at hand."""


@dataclass(frozen=True, slots=True)
class ClockColumn:
    """A clock that each row brings along: the SQL of a timestamp, UTC without a zone."""

    sql: str


Now = datetime | ClockColumn
"""The clock that conditions are relative to; a datetime is aware."""


def quoted(name: str) -> str:
    """An identifier, quoted (`user` is a keyword)."""
    return '"' + name.replace('"', '""') + '"'


def constant(value: Constant) -> str:  # noqa: PLR0911 -- one per type
    """A literal; datetimes are written as the mirror keeps them: UTC without a zone."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case Decimal():
            return format(value, "f")
        case int() | float():
            return repr(value)
        case datetime():
            moment = value.astimezone(UTC).replace(tzinfo=None)
            return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"
        case date():
            return f"DATE '{value.isoformat()}'"


def clock(moment: syntax.Clock, now: datetime) -> Constant:
    """A `Clock` as a constant of a run at `now` (aware)."""
    utc = now.astimezone(UTC)
    return utc if moment.kind is Kind.DATETIME else utc.date() + timedelta(days=moment.days)


def instant(now: Now, *, days: int = 0) -> str:
    """The clock, moved by whole days, as a timestamp."""
    if isinstance(now, ClockColumn):
        return f"({now.sql} + INTERVAL ({days}) DAY)" if days else now.sql
    return constant(now + timedelta(days=days))


def _clock_sql(moment: syntax.Clock, now: Now) -> str:
    if isinstance(now, datetime):
        return constant(clock(moment, now))
    return now.sql if moment.kind is Kind.DATETIME else f"(CAST({now.sql} AS DATE) + ({moment.days}))"


def emit(expr: Expr, *, resolve: Resolve, now: Now) -> str:  # noqa: PLR0911, PLR0912 -- one per node type
    """The expression as SQL, in parentheses where it has parts."""

    def sql(part: Expr) -> str:
        return emit(part, resolve=resolve, now=now)

    match expr:
        case syntax.Literal():
            return constant(expr.value)
        case syntax.Clock():
            return _clock_sql(expr, now)
        case syntax.Field() | syntax.SignalRef() | syntax.CriterionRef():
            return resolve(expr)
        case syntax.And():
            return "(" + " AND ".join(sql(item) for item in expr.items) + ")"
        case syntax.Or():
            return "(" + " OR ".join(sql(item) for item in expr.items) + ")"
        case syntax.Not():
            return f"(NOT {sql(expr.item)})"
        case syntax.IsNull():
            return f"({sql(expr.item)} IS NULL)"
        case syntax.IsTruth():
            return f"({sql(expr.item)} IS {'TRUE' if expr.value else 'FALSE'})"
        case syntax.Compare():
            return f"({sql(expr.left)} {expr.op} {sql(expr.right)})"
        case syntax.OneOf():
            return f"({sql(expr.item)} IN ({', '.join(sql(value) for value in expr.values)}))"
        case syntax.Between():
            return f"({sql(expr.item)} BETWEEN {sql(expr.low)} AND {sql(expr.high)})"
        case syntax.Like():
            return f"({sql(expr.item)} {'ILIKE' if expr.ignore_case else 'LIKE'} {constant(expr.pattern)})"
        case syntax.Arithmetic():
            left, right = _double(sql(expr.left)), _double(sql(expr.right))
            return f"({left} {expr.op} {f'NULLIF({right}, 0)' if expr.op == '/' else right})"
        case syntax.Negate():
            return f"(- {_double(sql(expr.item))})"
        case syntax.Call():
            return _CALLS[expr.name]([sql(arg) for arg in expr.args], now)
        case syntax.Case():
            whens = " ".join(f"WHEN {sql(when)} THEN {sql(then)}" for when, then in expr.branches)
            otherwise = f" ELSE {sql(expr.otherwise)}" if expr.otherwise is not None else ""
            return f"(CASE {whens}{otherwise} END)"
        case _:
            assert_never(expr)


def _double(sql: str) -> str:
    """Double precision: an overflow is infinity there, where whole numbers would stop the query."""
    return f"CAST({sql} AS DOUBLE)"


def _today(now: Now) -> str:
    return _clock_sql(syntax.Clock(Kind.DATE), now)


def _includes(args: list[str]) -> str:
    field, *values = args
    hits = " OR ".join(f"contains(';' || {field} || ';', ';' || {value} || ';')" for value in values)
    return f"({hits})"


_CALLS: Mapping[str, Callable[[list[str], Now], str]] = {
    "days_since": lambda a, now: f"date_diff('day', CAST({a[0]} AS DATE), {_today(now)})",
    "days_until": lambda a, now: f"date_diff('day', {_today(now)}, CAST({a[0]} AS DATE))",
    "lower": lambda a, _now: f"lower({a[0]})",
    "length": lambda a, _now: f"length({a[0]})",
    "coalesce": lambda a, _now: f"coalesce({', '.join(a)})",
    "abs": lambda a, _now: f"abs({_double(a[0])})",
    "contains": lambda a, _now: f"contains(lower({a[0]}), lower({a[1]}))",
    "starts_with": lambda a, _now: f"starts_with(lower({a[0]}), lower({a[1]}))",
    "ends_with": lambda a, _now: f"ends_with(lower({a[0]}), lower({a[1]}))",
    "includes": lambda a, _now: _includes(a),
    "email_domain": lambda a, _now: (
        f"nullif(lower(CASE WHEN contains({a[0]}, '@') THEN split_part({a[0]}, '@', -1) END), '')"
    ),
    "matches": lambda a, _now: f"regexp_matches({a[0]}, {a[1]}, 'i')",
}
"""Functions that are left in a tree; the others became nodes when it was read."""

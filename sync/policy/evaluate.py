"""Typed tree → value, in Python: what one expression says of one lead whose values are at hand.

The mirror's query decides; this is for asking "what if", where thousands of small variations of one lead are tried.
A property test holds it equal to DuckDB on the SQL that `sync.policy.emit` writes. Conditions have SQL's three values:
`True`, `False`, `None` for unknown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import assert_never, cast

from sync.model import Value
from sync.policy import syntax
from sync.policy.emit import clock
from sync.policy.syntax import Expr

Look = Callable[[syntax.Field | syntax.SignalRef | syntax.CriterionRef], Value]
"""What a name stands for."""


def evaluate(expr: Expr, *, look: Look, now: datetime) -> Value:  # noqa: PLR0911, PLR0912 -- one per node type
    """The expression's value; `matches` can't be computed here (RE2 is DuckDB's).

    Args:
        expr: The tree.
        look: Gives the value of each name.
        now: The run's clock, aware.
    """

    def value(part: Expr) -> Value:
        return evaluate(part, look=look, now=now)

    match expr:
        case syntax.Literal():
            return expr.value
        case syntax.Clock():
            return clock(expr, now)
        case syntax.Field() | syntax.SignalRef() | syntax.CriterionRef():
            return look(expr)
        case syntax.And():
            return conjunction(truth(value(item)) for item in expr.items)
        case syntax.Or():
            return negation(conjunction(negation(truth(value(item))) for item in expr.items))
        case syntax.Not():
            return negation(truth(value(expr.item)))
        case syntax.IsNull():
            return value(expr.item) is None
        case syntax.IsTruth():
            return value(expr.item) is expr.value
        case syntax.Compare():
            return compare(value(expr.left), expr.op, value(expr.right))
        case syntax.OneOf():
            item = value(expr.item)
            return None if item is None else any(compare(item, "=", value(other)) for other in expr.values)
        case syntax.Between():
            item = value(expr.item)
            return conjunction((compare(item, ">=", value(expr.low)), compare(item, "<=", value(expr.high))))
        case syntax.Like():
            text = value(expr.item)
            return None if text is None else _like(str(text), expr.pattern, ignore_case=expr.ignore_case)
        case syntax.Arithmetic():
            return _calculate(value(expr.left), expr.op, value(expr.right))
        case syntax.Negate():
            number = _double(value(expr.item))
            return None if number is None else -number
        case syntax.Call():
            return _call(expr.name, [value(arg) for arg in expr.args], now)
        case syntax.Case():
            for when, then in expr.branches:
                if value(when) is True:
                    return value(then)
            return value(expr.otherwise) if expr.otherwise is not None else None
        case _:
            assert_never(expr)


def truth(value: Value) -> bool | None:
    """A condition's value."""
    return cast("bool | None", value)


def conjunction(values: object) -> bool | None:
    """SQL's AND: one false decides, else one unknown."""
    unknown = False
    for value in cast("Sequence[bool | None]", values):
        if value is False:
            return False
        unknown = unknown or value is None
    return None if unknown else True


def negation(value: bool | None) -> bool | None:  # noqa: FBT001 -- it is the value itself
    """SQL's NOT."""
    return None if value is None else not value


def compare(left: Value, op: str, right: Value) -> bool | None:  # noqa: PLR0911 -- one per operator
    """SQL's comparison; a date meets a time as its midnight in UTC."""
    if left is None or right is None:
        return None
    order = _order(left, right)
    match op:
        case "=":
            return order == 0
        case "<>":
            return order != 0
        case "<":
            return order < 0
        case "<=":
            return order <= 0
        case ">":
            return order > 0
        case ">=":
            return order >= 0
        case _:
            raise AssertionError(f"no comparison {op}")


def lower(text: str) -> str:
    """Lower case letter by letter, as DuckDB does it (Python lowers a final Σ and İ differently)."""
    return "".join(char.lower()[0] for char in text)


def _order(left: Value, right: Value) -> int:
    if isinstance(left, date) and isinstance(right, date):
        first, second = _moment(left), _moment(right)
        return (first > second) - (first < second)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, float) or isinstance(right, float):
        a, b = cast("float", _double(left)), cast("float", _double(right))
        if math.isnan(a) or math.isnan(b):  # DuckDB: equal to itself, greater than all else
            return math.isnan(a) - math.isnan(b)
        return (a > b) - (a < b)
    x, y = cast("Decimal", left), cast("Decimal", right)
    return (x > y) - (x < y)


def _moment(value: date) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), UTC)


def _double(value: Value) -> float | None:
    return None if value is None else float(cast("Decimal", value))


def _calculate(left: Value, op: str, right: Value) -> float | None:
    a, b = _double(left), _double(right)
    if a is None or b is None or (op == "/" and b == 0):
        return None
    match op:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case _:
            return a / b


def _like(text: str, pattern: str, *, ignore_case: bool) -> bool:
    if ignore_case:
        text, pattern = lower(text), lower(pattern)
    return _like_pattern(pattern).fullmatch(text) is not None


@lru_cache(maxsize=256)
def _like_pattern(pattern: str) -> re.Pattern[str]:
    parts = {"%": ".*", "_": "."}
    return re.compile("".join(parts.get(char) or re.escape(char) for char in pattern), re.DOTALL)


def _call(name: str, args: Sequence[Value], now: datetime) -> Value:
    if name == "coalesce":
        return next((arg for arg in args if arg is not None), None)
    first = args[0]
    if first is None:
        return None
    return _CALLS[name](first, args[1:], now)


def _days(value: Value, now: datetime) -> int:
    return (now.astimezone(UTC).date() - _moment(cast("date", value)).date()).days


def _domain(text: str) -> str | None:
    return lower(text.rpartition("@")[2]) or None if "@" in text else None


_CALLS: Mapping[str, Callable[[Value, Sequence[Value], datetime], Value]] = {
    "days_since": lambda first, _rest, now: _days(first, now),
    "days_until": lambda first, _rest, now: -_days(first, now),
    "lower": lambda first, _rest, _now: lower(str(first)),
    "length": lambda first, _rest, _now: len(str(first)),
    "abs": lambda first, _rest, _now: abs(cast("float", _double(first))),
    "contains": lambda first, rest, _now: lower(str(rest[0])) in lower(str(first)),
    "starts_with": lambda first, rest, _now: lower(str(first)).startswith(lower(str(rest[0]))),
    "ends_with": lambda first, rest, _now: lower(str(first)).endswith(lower(str(rest[0]))),
    "includes": lambda first, rest, _now: any(f";{value};" in f";{first};" for value in rest),
    "email_domain": lambda first, _rest, _now: _domain(str(first)),
}

"""Typed tree → the text that a person would have written: how reports name a part of a policy.

The reverse of `sync.policy.expression`, but for layout: the text reads back as the same tree (a property test holds
that), except `changed_to(…)`, which was a comparison from the start.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import assert_never

from sync.policy import syntax
from sync.policy.syntax import Constant, Expr, Kind

_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _ATOM = range(7)


def spelled(expr: Expr) -> str:
    """The expression as policy text."""
    return _spelled(expr)[0]


def spelled_constant(value: Constant) -> str:  # noqa: PLR0911 -- one per type
    """A constant as policy text."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case Decimal():
            return format(value, "f")
        case datetime():
            return f"'{value.astimezone(UTC).isoformat().replace('+00:00', 'Z')}'"
        case date():
            return f"'{value.isoformat()}'"
        case _:
            return str(value)


def _in(part: Expr, level: int) -> str:
    text, own = _spelled(part)
    return f"({text})" if own < level else text


def _spelled(expr: Expr) -> tuple[str, int]:  # noqa: PLR0911, PLR0912 -- one per node type
    """The text, and how tightly its outermost operator binds."""
    match expr:
        case syntax.Literal():
            return spelled_constant(expr.value), _ATOM
        case syntax.Clock():
            return _clock(expr), _ATOM
        case syntax.Field() | syntax.SignalRef() | syntax.CriterionRef():
            return expr.name, _ATOM
        case syntax.And():
            return " AND ".join(_in(item, _NOT) for item in expr.items), _AND
        case syntax.Or():
            return " OR ".join(_in(item, _AND) for item in expr.items), _OR
        case syntax.Not():
            return _negated(expr.item), _NOT
        case syntax.IsNull():
            return f"{_in(expr.item, _SUM)} IS NULL", _COMPARISON
        case syntax.IsTruth():
            return f"{_in(expr.item, _SUM)} IS {'TRUE' if expr.value else 'FALSE'}", _COMPARISON
        case syntax.Compare():
            return f"{_in(expr.left, _SUM)} {expr.op} {_in(expr.right, _SUM)}", _COMPARISON
        case syntax.OneOf():
            return f"{_in(expr.item, _SUM)} IN ({', '.join(map(spelled, expr.values))})", _COMPARISON
        case syntax.Between():
            bounds = f"{_in(expr.low, _SUM)} AND {_in(expr.high, _SUM)}"
            return f"{_in(expr.item, _SUM)} BETWEEN {bounds}", _COMPARISON
        case syntax.Like():
            word = "ILIKE" if expr.ignore_case else "LIKE"
            return f"{_in(expr.item, _SUM)} {word} {spelled_constant(expr.pattern)}", _COMPARISON
        case syntax.Arithmetic():
            level = _SUM if expr.op in {"+", "-"} else _PRODUCT
            return f"{_in(expr.left, level)} {expr.op} {_in(expr.right, level + 1)}", level
        case syntax.Negate():
            return f"-{_in(expr.item, _ATOM)}", _PRODUCT
        case syntax.Call():
            return f"{expr.name}({', '.join(map(spelled, expr.args))})", _ATOM
        case syntax.Case():
            whens = " ".join(f"WHEN {spelled(when)} THEN {spelled(then)}" for when, then in expr.branches)
            otherwise = f" ELSE {spelled(expr.otherwise)}" if expr.otherwise is not None else ""
            return f"CASE {whens}{otherwise} END", _ATOM
        case _:
            assert_never(expr)


def _negated(item: Expr) -> str:
    """`NOT IN`, `IS NOT NULL` and the like where the language has them."""
    match item:
        case syntax.IsNull():
            return f"{_in(item.item, _SUM)} IS NOT NULL"
        case syntax.IsTruth():
            return f"{_in(item.item, _SUM)} IS NOT {'TRUE' if item.value else 'FALSE'}"
        case syntax.OneOf():
            return f"{_in(item.item, _SUM)} NOT IN ({', '.join(map(spelled, item.values))})"
        case _:
            return f"NOT {_in(item, _NOT)}"


def _clock(moment: syntax.Clock) -> str:
    if moment.kind is Kind.DATETIME:
        return "now()"
    if moment.days == 0:
        return "today()"
    return f"days_ago({-moment.days})" if moment.days < 0 else f"days_ahead({moment.days})"

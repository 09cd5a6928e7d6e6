"""Comparison, arithmetic and joining of two known values; unknown where their types or blanks leave it open. Pure."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Context, Decimal, DecimalException, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Any

from sync.plan.formula.values import UNKNOWN, Seen, is_date, whole

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EXACT = Context(prec=34, Emax=200, Emin=-200, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact])
"""A result that had to be rounded is none: where the org rounds decides comparisons."""


def compared(function: str, left: Seen, right: Seen) -> Seen:
    """`=`, `<>` and the four orders; a blank number or date compares with nothing."""
    if isinstance(left, str) and isinstance(right, str):
        return _texts(function, left, right)
    if isinstance(left, bool) and isinstance(right, bool):
        return _equal(function, alike=left is right)
    if _of_one_kind(left, right):
        return _ORDER[function](left, right) if function in _ORDER else _equal(function, alike=left == right)
    return UNKNOWN


def _of_one_kind(left: Seen, right: Seen) -> bool:
    numbers = isinstance(left, Decimal) and isinstance(right, Decimal)
    return numbers or (is_date(left) and is_date(right))


def _texts(function: str, left: str, right: str) -> Seen:
    """Texts are equal or not; where only their case differs, nothing is said."""
    if left != right and left.casefold() == right.casefold():
        return UNKNOWN
    return _equal(function, alike=left == right)


def _equal(function: str, *, alike: bool) -> Seen:
    match function:
        case "=":
            return alike
        case "<>":
            return not alike
        case _:
            return UNKNOWN


def computed(function: str, values: Sequence[Seen]) -> Seen:
    """`&`, `+`, `-`, `*`, `/` and the sign of a number."""
    match function, *values:
        case "&" | "+", str() as left, str() as right:
            return left + right
        case "-", Decimal() as one:
            return -one
        case "+" | "-" | "*" | "/", Decimal() as left, Decimal() as right:
            return _number(function, left, right)
        case "+" | "-", date() as day, Decimal() as days if is_date(day):
            return _moved(day, whole(days), back=function == "-")
        case "-", date() as left, date() as right if is_date(left) and is_date(right):
            return Decimal((left - right).days)
        case _:
            return UNKNOWN


def _number(function: str, left: Decimal, right: Decimal) -> Seen:
    operations = {"+": _EXACT.add, "-": _EXACT.subtract, "*": _EXACT.multiply, "/": _EXACT.divide}
    try:
        return operations[function](left, right)
    except DecimalException:
        return UNKNOWN


def _moved(day: date, days: int | None, *, back: bool) -> Seen:
    if days is None:
        return UNKNOWN
    try:
        return day + timedelta(days=-days if back else days)
    except OverflowError:
        return UNKNOWN

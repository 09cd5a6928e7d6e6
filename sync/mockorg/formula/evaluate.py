"""What a formula comes to for one record.

Values are Python's: text, float, bool, date, datetime, None. Blank text is None and counts as empty text when joined
or compared with text, and as nothing in arithmetic, as with "treat blank fields as blanks".
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, TypeAlias

from .parse import Call, Formula, FormulaError, Literal, Name, Node

Result: TypeAlias = str | float | bool | date | datetime | None


class Lookup(Protocol):
    """Gives a field's value by its path, now or before the change."""

    def __call__(self, path: tuple[str, ...], *, prior: bool = False) -> Result:
        """The value."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a formula can see: fields through `lookup`, whether the record is new, and the time."""

    lookup: Lookup
    is_new: bool
    now: datetime


def evaluate(formula: Formula, scope: Scope) -> Result:
    """The formula's value.

    Raises:
        FormulaError: when a field is unknown or types do not go together.
    """
    return _value(formula.tree, scope)


def _value(node: Node, scope: Scope) -> Result:
    match node:
        case Literal(value=value):
            return value
        case Name(path=path):
            return scope.lookup(path)
        case Call(function=function, arguments=arguments):
            return _call(function, arguments, scope)


def _call(function: str, arguments: tuple[Node, ...], scope: Scope) -> Result:
    special = _SPECIAL.get(function)
    if special is not None:
        return special(arguments, scope)
    values = [_value(each, scope) for each in arguments]
    if function in _COMPARE:
        return _compare(function, values[0], values[1])
    if function in _ARITHMETIC:
        return _arithmetic(function, values[0], values[1])
    result: Result = _PLAIN[function](*values)
    return result


def _true(value: Result) -> bool:
    return value is True


def _and(arguments: tuple[Node, ...], scope: Scope) -> Result:
    return all(_true(_value(each, scope)) for each in arguments)


def _or(arguments: tuple[Node, ...], scope: Scope) -> Result:
    return any(_true(_value(each, scope)) for each in arguments)


def _if(arguments: tuple[Node, ...], scope: Scope) -> Result:
    condition, then, otherwise = arguments
    return _value(then if _true(_value(condition, scope)) else otherwise, scope)


def _case(arguments: tuple[Node, ...], scope: Scope) -> Result:
    subject, *pairs = arguments
    value = _value(subject, scope)
    for when, then in zip(pairs[:-1:2], pairs[1::2], strict=False):
        if _compare("=", value, _value(when, scope)):
            return _value(then, scope)
    return _value(pairs[-1], scope)


def _prior(arguments: tuple[Node, ...], scope: Scope) -> Result:
    return scope.lookup(_path(arguments[0]), prior=not scope.is_new)


def _is_changed(arguments: tuple[Node, ...], scope: Scope) -> Result:
    path = _path(arguments[0])
    return not scope.is_new and scope.lookup(path) != scope.lookup(path, prior=True)


def _path(node: Node) -> tuple[str, ...]:
    if isinstance(node, Name):
        return node.path
    message = "ISCHANGED and PRIORVALUE take a field"
    raise FormulaError(message)


_SPECIAL: dict[str, Callable[[tuple[Node, ...], Scope], Result]] = {
    "AND": _and,
    "OR": _or,
    "IF": _if,
    "CASE": _case,
    "ISNEW": lambda _arguments, scope: scope.is_new,
    "ISCHANGED": _is_changed,
    "PRIORVALUE": _prior,
    "TODAY": lambda _arguments, scope: scope.now.date(),
    "NOW": lambda _arguments, scope: scope.now,
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC = frozenset({"+", "-", "*", "/", "^"})


def _compare(function: str, left: Result, right: Result) -> bool:
    if isinstance(left, str) or isinstance(right, str):
        left, right = left or "", right or ""
    if function in {"=", "<>"}:
        return _COMPARE[function](left, right)
    if left is None or right is None:
        return False
    try:
        return _COMPARE[function](left, right)
    except TypeError as error:
        message = f"{type(left).__name__} and {type(right).__name__} cannot be compared"
        raise FormulaError(message) from error


def _arithmetic(function: str, left: Result, right: Result) -> Result:  # noqa: PLR0911 - one per operator
    if function == "+" and isinstance(left, str) and isinstance(right, str | None):
        return left + (right or "")
    if left is None or right is None:
        return None
    if isinstance(left, date):
        return _shift(function, left, right)
    first, second = _number(left), _number(right)
    match function:
        case "+":
            return first + second
        case "-":
            return first - second
        case "*":
            return first * second
        case "/":
            return first / second if second else None
        case _:
            return _power(first, second)


def _power(base: float, exponent: float) -> Result:
    try:
        return math.pow(base, exponent)
    except (ValueError, OverflowError):
        return None


def _shift(function: str, day: date, other: Result) -> Result:
    if isinstance(other, date) and function == "-":
        first = day if not isinstance(day, datetime) else day.date()
        second = other if not isinstance(other, datetime) else other.date()
        return float((first - second).days)
    days = _number(other)
    seconds = int(days * 86400) * (1 if function == "+" else -1)
    if isinstance(day, datetime):
        return datetime.fromtimestamp(day.timestamp() + seconds, tz=day.tzinfo)
    return date.fromordinal(day.toordinal() + math.floor(seconds / 86400))


def _number(value: Result) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        message = f"a number is needed, not {type(value).__name__}"
        raise FormulaError(message)
    return float(value)


def _text(value: Result) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value == int(value) else repr(value)
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%SZ")
        case _:
            return str(value)


def _text_or_null(text: str) -> Result:
    return text or None


def _find(needle: Result, text: Result, start: Result = 1.0) -> Result:
    return float(_text(text).find(_text(needle), int(_number(start)) - 1) + 1)


def _to_number(value: Result) -> Result:
    try:
        return float(_text(value))
    except ValueError:
        return None


def _date_value(value: Result) -> Result:
    return value.date() if isinstance(value, datetime) else date.fromisoformat(_text(value)[:10]) if value else None


def _part(name: str) -> Callable[[Result], Result]:
    def part(value: Result) -> Result:
        return None if value is None else float(getattr(value, name))

    return part


def _round(value: Result, places: Result) -> Result:
    if value is None:
        return None
    factor = 10 ** int(_number(places))
    number = _number(value) * factor
    return float(math.copysign(math.floor(abs(number) + 0.5), number) / factor)


_PLAIN: dict[str, Callable[..., Result]] = {
    "NOT": lambda value: not _true(value),
    "&": lambda left, right: _text_or_null(_text(left) + _text(right)),
    "ISBLANK": lambda value: value is None or value == "",
    "ISNULL": lambda value: value is None or value == "",
    "BLANKVALUE": lambda value, other: other if value in {None, ""} else value,
    "NULLVALUE": lambda value, other: other if value is None else value,
    "ISPICKVAL": lambda value, wanted: _text(value) == _text(wanted),
    "INCLUDES": lambda value, wanted: _text(wanted) in _text(value).split(";"),
    "TEXT": lambda value: _text_or_null(_text(value)),
    "VALUE": _to_number,
    "ISNUMBER": lambda value: _to_number(value) is not None,
    "LEN": lambda value: float(len(_text(value))),
    "CONTAINS": lambda text, part: _text(part) in _text(text),
    "BEGINS": lambda text, part: _text(text).startswith(_text(part)),
    "LEFT": lambda text, count: _text_or_null(_text(text)[: int(_number(count))]),
    "RIGHT": lambda text, count: _text_or_null(_text(text)[-int(_number(count)) :] if _number(count) else ""),
    "MID": lambda text, start, count: _text_or_null(
        _text(text)[int(_number(start)) - 1 : int(_number(start)) - 1 + int(_number(count))]
    ),
    "TRIM": lambda text: _text_or_null(_text(text).strip()),
    "LOWER": lambda text: _text_or_null(_text(text).lower()),
    "UPPER": lambda text: _text_or_null(_text(text).upper()),
    "SUBSTITUTE": lambda text, old, new: _text_or_null(_text(text).replace(_text(old), _text(new))),
    "FIND": _find,
    "REGEX": lambda text, pattern: re.fullmatch(_text(pattern), _text(text)) is not None,
    "DATE": lambda year, month, day: date(int(_number(year)), int(_number(month)), int(_number(day))),
    "DATEVALUE": _date_value,
    "YEAR": _part("year"),
    "MONTH": _part("month"),
    "DAY": _part("day"),
    "ABS": lambda value: None if value is None else abs(_number(value)),
    "ROUND": _round,
    "FLOOR": lambda value: None if value is None else float(math.floor(_number(value))),
    "CEILING": lambda value: None if value is None else float(math.ceil(_number(value))),
    "MAX": lambda *values: max(_number(each) for each in values),
    "MIN": lambda *values: min(_number(each) for each in values),
    "MOD": lambda value, by: math.fmod(_number(value), _number(by)),
}

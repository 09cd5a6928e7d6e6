"""The functions of formulas that depend on their arguments alone, each over known values. Pure.

Each answers unknown for arguments of which the formula reference doesn't say what comes out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from sync.plan.formula.operators import compared
from sync.plan.formula.patterns import fits
from sync.plan.formula.values import UNKNOWN, Seen, is_date, whole

_NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?", re.ASCII)
_NO_DIGIT = re.compile(r"\D*", re.ASCII)
Function = Callable[[Sequence[Seen]], Seen]


def _is_blank(values: Sequence[Seen]) -> Seen:
    return values[0] in {None, ""} if len(values) == 1 else UNKNOWN


def _is_null(values: Sequence[Seen]) -> Seen:
    """Of blank text the reference says "never null", and orgs are reported that differ."""
    return UNKNOWN if len(values) != 1 or values[0] == "" else values[0] is None


def _blank_value(values: Sequence[Seen]) -> Seen:
    match values:
        case [None | "", other]:
            return other
        case [value, _]:
            return value
        case _:
            return UNKNOWN


def _null_value(values: Sequence[Seen]) -> Seen:
    return UNKNOWN if len(values) != 2 or values[0] == "" else _blank_value(values)


def _not(values: Sequence[Seen]) -> Seen:
    match values:
        case [bool() as value]:
            return not value
        case _:
            return UNKNOWN


def _is_pick_value(values: Sequence[Seen]) -> Seen:
    match values:
        case [str() as value, str() as wanted]:
            return compared("=", value, wanted)
        case _:
            return UNKNOWN


def _includes(values: Sequence[Seen]) -> Seen:
    match values:
        case [str() as chosen, str() as wanted] if wanted:
            each = chosen.split(";")
            if wanted in each:
                return True
            return UNKNOWN if wanted.casefold() in {one.casefold() for one in each} else False
        case _:
            return UNKNOWN


def _text(values: Sequence[Seen]) -> Seen:
    """Of numbers only whole ones: how many places a fraction is written with, the reference doesn't say."""
    match values:
        case [str() as value]:
            return value
        case [None]:
            return ""
        case [Decimal() as number] if (count := whole(number)) is not None:
            return str(count)
        case [date() as day] if is_date(day):
            return day.isoformat()
        case _:
            return UNKNOWN


def _value(values: Sequence[Seen]) -> Seen:
    match values:
        case [str() as text] if _NUMBER.fullmatch(text):
            return Decimal(text)
        case _:
            return UNKNOWN


def _is_number(values: Sequence[Seen]) -> Seen:
    match values:
        case [str() as text] if _NUMBER.fullmatch(text):
            return True
        case [str() as text] if _NO_DIGIT.fullmatch(text):
            return False
        case _:
            return UNKNOWN


def _length(values: Sequence[Seen]) -> Seen:
    """Of characters outside the basic plane it isn't said whether they count once or twice."""
    match values:
        case [str() as text] if text.isascii() or max(text) <= "\uffff":
            return Decimal(len(text))
        case _:
            return UNKNOWN


def _contains(values: Sequence[Seen]) -> Seen:
    match values:
        case [str() as text, str() as part] if part:
            return part in text
        case _:
            return UNKNOWN


def _begins(values: Sequence[Seen]) -> Seen:
    match values:
        case [str() as text, str() as part] if part:
            return text.startswith(part)
        case _:
            return UNKNOWN


def _find(values: Sequence[Seen]) -> Seen:
    match values:
        case [str() as part, str() as text] if part:
            return Decimal(text.find(part) + 1)
        case _:
            return UNKNOWN


def _cut(take: Callable[[str, int], str]) -> Function:
    def cut(values: Sequence[Seen]) -> Seen:
        match values:
            case [str() as text, count] if (wanted := whole(count)) is not None and wanted >= 0:
                return take(text, wanted)
            case _:
                return UNKNOWN

    return cut


def _mid(values: Sequence[Seen]) -> Seen:
    match values:
        case [str() as text, start, count]:
            first, length = whole(start), whole(count)
            if first is None or length is None or first < 1 or length < 0:
                return UNKNOWN
            return text[first - 1 : first - 1 + length]
        case _:
            return UNKNOWN


def _trim(values: Sequence[Seen]) -> Seen:
    """Blanks and tabs go; of other white space at an end nothing is said."""
    match values:
        case [str() as text] if text.strip() == text.strip(" \t"):
            return text.strip()
        case _:
            return UNKNOWN


def _in_case(change: Callable[[str], str]) -> Function:
    def changed(values: Sequence[Seen]) -> Seen:
        match values:
            case [str() as text] if len(change(text)) == len(text):
                return change(text)
            case _:
                return UNKNOWN

    return changed


def _substitute(values: Sequence[Seen]) -> Seen:
    match values:
        case [str() as text, str() as old, str() as new] if old:
            return text.replace(old, new)
        case _:
            return UNKNOWN


def _regex(values: Sequence[Seen]) -> Seen:
    match values:
        case [str() as text, str() as pattern]:
            told = fits(text, pattern)
            return UNKNOWN if told is None else told
        case _:
            return UNKNOWN


def _date(values: Sequence[Seen]) -> Seen:
    parts = [whole(value) for value in values]
    match parts:
        case [int() as year, int() as month, int() as day]:
            try:
                return date(year, month, day)
            except ValueError:
                return UNKNOWN
        case _:
            return UNKNOWN


def _part(name: str) -> Function:
    def part(values: Sequence[Seen]) -> Seen:
        match values:
            case [date() as day] if not isinstance(day, datetime):
                return Decimal(getattr(day, name))
            case _:
                return UNKNOWN

    return part


def _numbers(values: Sequence[Seen]) -> list[Decimal] | None:
    found = [value for value in values if isinstance(value, Decimal)]
    return found if found and len(found) == len(values) else None


def _greatest(values: Sequence[Seen]) -> Seen:
    numbers = _numbers(values)
    return max(numbers) if numbers else UNKNOWN


def _least(values: Sequence[Seen]) -> Seen:
    numbers = _numbers(values)
    return min(numbers) if numbers else UNKNOWN


def _absolute(values: Sequence[Seen]) -> Seen:
    match values:
        case [Decimal() as number]:
            return abs(number)
        case _:
            return UNKNOWN


def _round(values: Sequence[Seen]) -> Seen:
    match values:
        case [Decimal() as number, places] if (count := whole(places)) is not None and 0 <= count <= 8:
            if abs(number) >= 10**15:
                return UNKNOWN
            return number.quantize(Decimal(1).scaleb(-count), ROUND_HALF_UP)
        case _:
            return UNKNOWN


PLAIN: Mapping[str, Function] = {
    "NOT": _not,
    "ISBLANK": _is_blank,
    "ISNULL": _is_null,
    "BLANKVALUE": _blank_value,
    "NULLVALUE": _null_value,
    "ISPICKVAL": _is_pick_value,
    "INCLUDES": _includes,
    "TEXT": _text,
    "VALUE": _value,
    "ISNUMBER": _is_number,
    "LEN": _length,
    "CONTAINS": _contains,
    "BEGINS": _begins,
    "FIND": _find,
    "LEFT": _cut(lambda text, count: text[:count]),
    "RIGHT": _cut(lambda text, count: text[-count:] if count else ""),
    "MID": _mid,
    "TRIM": _trim,
    "LOWER": _in_case(str.lower),
    "UPPER": _in_case(str.upper),
    "SUBSTITUTE": _substitute,
    "REGEX": _regex,
    "DATE": _date,
    "YEAR": _part("year"),
    "MONTH": _part("month"),
    "DAY": _part("day"),
    "MAX": _greatest,
    "MIN": _least,
    "ABS": _absolute,
    "ROUND": _round,
}
"""By name. What isn't here, in `evaluate` or an operator can't be told."""

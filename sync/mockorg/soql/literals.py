"""What literals of the query language mean: strings with their escapes, LIKE patterns, relative dates, times.

Pure. Relative dates are half-open ranges of days as seen in the user's time zone; `where` turns them into bounds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..clock import as_utc

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_UNITS = {
    "DAY": "DAY",
    "WEEK": "WEEK",
    "MONTH": "MONTH",
    "QUARTER": "QUARTER",
    "YEAR": "YEAR",
    "FISCAL_QUARTER": "QUARTER",
    "FISCAL_YEAR": "YEAR",
}
_SPAN = re.compile(rf"(LAST|THIS|NEXT)_({'|'.join(unit for unit in _UNITS if unit != 'DAY')})")
_COUNTED = re.compile(rf"(?:(LAST|NEXT)_N_|N_)({'|'.join(_UNITS)})S(_AGO)?:(\d+)")
RELATIVE_DATES = (
    "YESTERDAY", "TODAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS",
    *(f"{when}_{unit}" for when in ("LAST", "THIS", "NEXT") for unit in _UNITS if unit != "DAY"),
    *(f"{when}_N_{unit}S:n" for when in ("LAST", "NEXT") for unit in _UNITS),
    *(f"N_{unit}S_AGO:n" for unit in _UNITS),
)  # fmt: skip
"""Every relative date, for the documentation."""
_DAYS = {"YESTERDAY": (-1, 0), "TODAY": (0, 1), "TOMORROW": (1, 2), "NEXT_90_DAYS": (1, 91)}


class UnknownEscape(ValueError):
    """A backslash before a character that has no escape."""


def decode(raw: str) -> str:
    """The text that a string literal means.

    Raises:
        UnknownEscape: with the two characters that mean nothing.
    """

    def replaced(found: re.Match[str]) -> str:
        escape = found.group(1)
        if len(escape) == 5:
            return chr(int(escape[1:], 16))
        if escape.lower() in _ESCAPES:
            return _ESCAPES[escape.lower()]
        raise UnknownEscape(found.group(0))

    return _ESCAPE.sub(replaced, raw)


def like_pattern(raw: str) -> str:
    r"""An SQL LIKE pattern, to be used with ESCAPE '\': `%` and `_` are wild, `\%` and `\_` stand for themselves.

    Raises:
        UnknownEscape: with the two characters that mean nothing.
    """

    def replaced(found: re.Match[str]) -> str:
        escape = found.group(1)
        if escape in {"%", "_", "\\"}:
            return "\\" + escape
        return decode(found.group(0))

    return _ESCAPE.sub(replaced, raw)


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days from `start` up to, and without, `end`. `until_now` ends a range of times at the present second instead."""

    start: date
    end: date
    until_now: bool = False


def is_relative(text: str) -> bool:
    """Whether a word is a relative date (`TODAY`, `LAST_N_DAYS:5`)."""
    name = text.upper()
    if name in _DAYS or name == "LAST_90_DAYS" or _SPAN.fullmatch(name):
        return True
    counted = _COUNTED.fullmatch(name)
    return bool(counted and bool(counted.group(1)) != bool(counted.group(3)))


@behaviour(
    "SOQL relative dates", "confirmed", "SOQL Reference date literals; weeks start on Sunday, fiscal years in January"
)
def relative_range(text: str, today: date) -> DayRange:
    """The days that a relative date literal means.

    Weeks start on Sunday, as in an org with the English (United States) locale; fiscal periods are calendar periods.
    """
    name = text.upper()
    if name in _DAYS:
        first, last = _DAYS[name]
        return DayRange(today + timedelta(first), today + timedelta(last))
    if name == "LAST_90_DAYS":
        name = "LAST_N_DAYS:90"
    span = _SPAN.fullmatch(name)
    if span:
        unit = _UNITS[span.group(2)]
        shift = {"LAST": -1, "THIS": 0, "NEXT": 1}[span.group(1)]
        return DayRange(_start(unit, today, shift), _start(unit, today, shift + 1))
    counted = _COUNTED.fullmatch(name)
    if not counted:
        message = f"{text} is no relative date"
        raise ValueError(message)
    unit = _UNITS[counted.group(2)]
    count = int(counted.group(4))
    match counted.group(1):
        case "LAST" if unit == "DAY":
            return DayRange(_start(unit, today, -count), _start(unit, today, 1), until_now=True)
        case "LAST":
            return DayRange(_start(unit, today, -count), _start(unit, today, 0))
        case "NEXT":
            return DayRange(_start(unit, today, 1), _start(unit, today, count + 1))
        case _:
            return DayRange(_start(unit, today, -count), _start(unit, today, 1 - count))


def _start(unit: str, today: date, shift: int) -> date:
    """The first day of the period `shift` periods from the present one, kept within the calendar that Python has."""
    try:
        match unit:
            case "DAY":
                return today + timedelta(shift)
            case "WEEK":
                return today - timedelta((today.weekday() + 1) % 7) + timedelta(7 * shift)
            case "MONTH":
                return _month(today.year * 12 + today.month - 1 + shift)
            case "QUARTER":
                return _month(today.year * 12 + (today.month - 1) // 3 * 3 + 3 * shift)
            case _:
                return _month((today.year + shift) * 12)
    except (OverflowError, ValueError):
        return date.min if shift < 0 else date.max


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)


def midnight(day: date, zone: ZoneInfo) -> str:
    """The stored form of the moment at which a day begins in a time zone."""
    try:
        return stored_time(datetime.combine(day, time(), tzinfo=zone))
    except OverflowError:
        return f"{day.isoformat()}T00:00:00.000Z"


def stored_time(at: datetime) -> str:
    """Storage form with milliseconds, so that a literal finer than a second still compares rightly."""
    moment = as_utc(at)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def read_time(text: str) -> datetime | None:
    """The moment of a datetime literal, or None when there is no such moment (month 13, offset -25:00)."""
    try:
        offset = re.search(r"[+-](\d{2}):?(\d{2})\Z", text)
        if offset and (int(offset.group(1)) > 23 or int(offset.group(2)) > 59):
            return None
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_date(text: str) -> date | None:
    """The day of a date literal, or None when there is no such day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

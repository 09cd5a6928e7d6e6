"""Numbers, dates and times as points on a line, and where along it a condition changes its mind.

For `sync.policy.cells`. Every type has a grain, the smallest step that the org can hold, so a field's possible values
are whole numbers of grains. A comparable term (`days_since(x) / 7`) only ever rises or only ever falls along the line;
where it meets a constant is found by bisection with the evaluator itself, so rounding can't make the cut wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sync.model import FieldType, Value
from sync.policy.evaluate import compare

_EPOCH = date(1970, 1, 1)
_FIRST_DAY, _LAST_DAY = (date(1700, 1, 1) - _EPOCH).days, (date(4000, 12, 31) - _EPOCH).days
"""The days that Salesforce can hold."""
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Line:
    """A type's values as whole numbers of grains, from `first` to `last`."""

    value: Callable[[int], Value]
    first: int
    last: int
    steps: tuple[int, ...]
    """Steps that people count in, largest first, in grains: a suggested value is round in the first that fits."""

    def representative(self, low: int, high: int) -> int:
        """A plain value between two points, near the bound that matters."""
        for step in self.steps:
            if low > self.first:
                up = -(-low // step) * step
                if up <= high:
                    return up
            else:
                down = high // step * step if high < self.last else 0
                if low <= down <= high:
                    return down
        return low

    def words(self, low: int, high: int) -> str:
        """The values between two points, for a person."""
        if low == high:
            return shown(self.value(low))
        if low <= self.first and high >= self.last:
            return "any value"
        if high >= self.last:
            return self._edge(low, "at least", low - 1, "more than")
        if low <= self.first:
            return self._edge(high, "at most", high + 1, "less than")
        bounds = self._edge(low, "at least", low - 1, "more than"), self._edge(high, "at most", high + 1, "less than")
        return " and ".join(bounds)

    def _edge(self, inside: int, closed: str, outside: int, opened: str) -> str:
        for step in self.steps:
            if inside % step == 0:
                return f"{closed} {shown(self.value(inside))}"
            if outside % step == 0:
                return f"{opened} {shown(self.value(outside))}"
        return f"{closed} {shown(self.value(inside))}"


def boundaries(term: Callable[[Value], Value], constant: Value, line: Line) -> set[int]:
    """Points from which on a comparison of the term with a constant may be judged differently than just before.

    `term` is monotone along the line, or null everywhere.
    """
    if constant is None:
        return set()
    start, end = term(line.value(line.first)), term(line.value(line.last))
    if start is None or end is None:
        return set()
    reached, passed = (">=", ">") if compare(start, "<=", end) else ("<=", "<")

    def holds(at: int, op: str) -> bool:
        return compare(term(line.value(at)), op, constant) is True

    return {_first(lambda at: holds(at, reached), line), _first(lambda at: holds(at, passed), line)}


def shown(value: Value) -> str:
    """A value as a person writes it in a policy."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case Decimal() | float():
            return format(Decimal(str(value)).normalize(), "f")
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        case _:
            return str(value)


def _first(test: Callable[[int], bool], line: Line) -> int:
    """The first point from which a test that turns true only once holds; past the end if it never does."""
    low, high = line.first, line.last + 1
    while low < high:
        middle = (low + high) // 2
        if test(middle):
            high = middle
        else:
            low = middle + 1
    return low


_CENTS = 10**4
_MILLIONTHS = 10**6
_LARGEST = 10**13
_NUMBER = Line(
    lambda at: at / _MILLIONTHS, -_LARGEST * _MILLIONTHS, _LARGEST * _MILLIONTHS, (_MILLIONTHS, _MILLIONTHS // 100, 1)
)
LINES: Mapping[FieldType, Line] = {
    FieldType.INTEGER: Line(lambda at: at, -_LARGEST, _LARGEST, (1,)),
    FieldType.CURRENCY: Line(
        lambda at: Decimal(at) / _CENTS, -_LARGEST * _CENTS, _LARGEST * _CENTS, (_CENTS, _CENTS // 100, 1)
    ),
    FieldType.NUMBER: _NUMBER,
    FieldType.PERCENT: _NUMBER,
    FieldType.DATE: Line(lambda at: _EPOCH + timedelta(days=at), _FIRST_DAY, _LAST_DAY, (1,)),
    FieldType.DATETIME: Line(
        lambda at: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at),
        _FIRST_DAY * _DAY,
        (_LAST_DAY + 1) * _DAY - 1,
        (_DAY, 3_600, 60, 1),
    ),
}
"""Whole numbers; money to four decimals; other numbers to six; days; seconds."""

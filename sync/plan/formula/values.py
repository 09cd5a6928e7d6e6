"""What a formula's parts may come to, and the one value that stands for all that isn't known. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Final, Literal


class Unknown(Enum):
    """A value that can't be told, or not in full."""

    UNKNOWN = "can't be told"
    FILLED = "isn't blank, and more can't be told"


UNKNOWN: Final = Unknown.UNKNOWN
FILLED: Final = Unknown.FILLED

Plain = str | Decimal | bool | date | datetime | None
"""A value: blank text is empty text; `None` is a blank number, date or datetime, or NULL."""
Seen = Plain | Literal[Unknown.UNKNOWN, Unknown.FILLED]


def known(values: Sequence[Seen]) -> bool:
    """Whether all of the values are known in full."""
    return UNKNOWN not in values and FILLED not in values


def is_date(value: Seen) -> bool:
    """Whether it is a date without a time."""
    return isinstance(value, date) and not isinstance(value, datetime)


def whole(value: Seen) -> int | None:
    """The value as a whole number of a sensible size, or `None` where it isn't one."""
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) < 10**9:
        return int(value)
    return None

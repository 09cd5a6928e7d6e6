"""The run's clock as the command line gives it: the present, or the day that somebody asks about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime


def instant(as_of: datetime | None, clock: Callable[[], datetime]) -> datetime:
    """`--as-of` as an aware UTC time, else the clock's present; to the second, as Salesforce stamps are."""
    moment = clock() if as_of is None else as_of.replace(tzinfo=UTC) if as_of.tzinfo is None else as_of
    return moment.astimezone(UTC).replace(microsecond=0)

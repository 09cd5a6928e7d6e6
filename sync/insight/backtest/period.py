"""The days that a backtest replays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sync.errors import InputInvalid

DEFAULT_DAYS = 365


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in UTC, both included; on each the policy is asked at its end."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def begin(self) -> datetime:
        """The first instant."""
        return datetime.combine(self.first, time(), UTC)

    @property
    def end(self) -> datetime:
        """The instant after the last."""
        return datetime.combine(self.last, time(), UTC) + timedelta(days=1)


def chosen_period(first: date | None, last: date | None, *, known_until: datetime) -> Period:
    """The days asked for; by default the year up to the mirror's watermark.

    Raises:
        InputInvalid: They end before they begin, or after what the mirror knows.
    """
    newest = known_until.astimezone(UTC).date()
    end = newest if last is None else last
    if end > newest:
        raise InputInvalid(
            f"the mirror knows the org up to {newest} only", place="--to", fix="run `leadgate pull`, or end earlier"
        )
    begin = end - timedelta(days=DEFAULT_DAYS - 1) if first is None else first
    if begin > end:
        told = f"{begin} is after {end}, the last day" + (" that the mirror knows" if last is None else "")
        raise InputInvalid(told, place="--from", fix="begin before the end")
    return Period(begin, end)

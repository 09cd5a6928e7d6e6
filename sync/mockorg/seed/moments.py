"""When things happen in the seed world: in office hours of working days, all of it told from one `today`.

What has happened lies at least a day back and what is planned at least a day ahead, so that a world stays true whatever
the hour at which it is looked at.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_SATURDAY = 5


class Calendar:
    """Draws moments before and after `today`."""

    def __init__(self, rng: random.Random, today: date) -> None:
        self._rng = rng
        self.today = today
        self.midnight = datetime(today.year, today.month, today.day, tzinfo=UTC)
        self.latest = self.midnight - timedelta(hours=12)
        self.archived_before = self.midnight - timedelta(days=365)

    def _office_hour(self, day: datetime) -> datetime:
        rng = self._rng
        return day.replace(hour=int(8 + rng.random() * 9), minute=int(rng.random() * 60), second=int(rng.random() * 60))

    def ago(self, least: int, most: int) -> datetime:
        """A moment between `least` and `most` days back; a weekend's becomes the Friday before."""
        day = self.midnight - timedelta(days=self._rng.randint(max(least, 1), max(most, 1)))
        over = day.weekday() - _SATURDAY
        if over >= 0:
            day -= timedelta(days=over + 1)
        return self._office_hour(day)

    def lately(self, most: int) -> datetime:
        """A moment up to `most` days back, the nearer the likelier."""
        return self.ago(1, 1 + int(most * self._rng.random() ** 2))

    def ahead(self, least: int, most: int) -> datetime:
        """A moment between `least` and `most` days ahead; a weekend's becomes the Monday after."""
        day = self.midnight + timedelta(days=self._rng.randint(least, most))
        over = day.weekday() - _SATURDAY
        if over >= 0:
            day += timedelta(days=2 - over)
        return self._office_hour(day)

    def before(self, at: datetime, least: int, most: int) -> datetime:
        """A moment between `least` and `most` days before `at`."""
        return self._office_hour(at - timedelta(days=self._rng.randint(max(least, 1), max(most, 1))))

    def after(self, at: datetime, least: int, most: int) -> datetime:
        """A moment between `least` and `most` days after `at`, and never later than yesterday noon."""
        later = self._office_hour(at + timedelta(days=self._rng.randint(max(least, 1), max(most, 1))))
        if later < self.latest:
            return later
        return (
            at + (self.latest - at) * (0.5 + self._rng.random() / 2) if at < self.latest else at + timedelta(minutes=5)
        )

    def between(self, start: datetime, end: datetime) -> datetime:
        """A moment after `start` and before `end`, in office hours if there are any."""
        drawn = (start + (end - start) * (0.1 + 0.8 * self._rng.random())).replace(microsecond=0)
        in_office = self._office_hour(drawn)
        return in_office if start < in_office < end else drawn


def quarter_end(day: date) -> date:
    """The last day of the calendar quarter of `day`."""
    month = (day.month - 1) // 3 * 3 + 3
    following = date(day.year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)

"""The org's clock: every stamp, expiry and relative date literal of the mock org comes from here.

It follows the wall clock until somebody sets or freezes it, so that a real client's own clock (JWT expiry,
replication windows) agrees with the org, and a test can still stand still on a day of its choosing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def wall_clock() -> datetime:
    """The machine's time, aware, in UTC."""
    return datetime.now(UTC)


class Clock:
    """A settable clock in UTC. `source` is where ticking time comes from."""

    def __init__(
        self, at: datetime | None = None, *, frozen: bool = False, source: Callable[[], datetime] = wall_clock
    ) -> None:
        self._source = source
        self._offset = timedelta(0) if at is None else as_utc(at) - source()
        self._frozen: datetime | None = self._ticking() if frozen else None
        if frozen and at is not None:
            self._frozen = as_utc(at)

    def _ticking(self) -> datetime:
        return self._source() + self._offset

    def now(self) -> datetime:
        """The org's time, aware, UTC, with microseconds; stamps are cut to whole seconds when stored."""
        return self._frozen if self._frozen is not None else self._ticking()

    def stamp(self) -> str:
        """The org's time in storage form."""
        return iso_z(self.now())

    @property
    def frozen(self) -> bool:
        """Whether time stands still."""
        return self._frozen is not None

    def set(self, at: datetime) -> None:
        """Move to `at`; a frozen clock stays frozen there, a ticking one ticks on from there."""
        if self._frozen is not None:
            self._frozen = as_utc(at)
        else:
            self._offset = as_utc(at) - self._source()

    def advance(self, by: timedelta | float) -> None:
        """Move on by a duration, or by a number of seconds."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        self.set(self.now() + step)

    def freeze(self, at: datetime | None = None) -> None:
        """Stand still, at `at` or now."""
        self._frozen = self.now() if at is None else as_utc(at)

    def tick(self) -> None:
        """Run again from the present org time."""
        now = self.now()
        self._frozen = None
        self._offset = now - self._source()


def as_utc(at: datetime) -> datetime:
    """`at` in UTC; a naive time is taken as UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def iso_z(at: datetime) -> str:
    """Storage form, whole seconds, so that text order is time order: `2026-05-01T07:25:37.000Z`."""
    return as_utc(at).isoformat(timespec="seconds")[:19] + ".000Z"


def from_iso_z(text: str) -> datetime:
    """The time of a storage form."""
    return datetime.fromisoformat(text)


def wire(stored: str) -> str:
    """REST's form of a stored time: `2026-05-01T07:25:37.000+0000`."""
    return stored[:-1] + "+0000" if stored.endswith("Z") else stored


def http_date(stored: str) -> str:
    """The `Last-Modified` form of a stored time: `Fri, 01 May 2026 07:25:37 GMT`."""
    at = from_iso_z(stored)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[at.weekday()]
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[at.month - 1]
    return f"{day}, {at.day:02d} {month} {at.year} {at:%H:%M:%S} GMT"

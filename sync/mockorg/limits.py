"""The org's call limits: the daily quota of API requests, and how much of it is used."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

from .behaviours import behaviour
from .errors import SalesforceError

if TYPE_CHECKING:
    from .access import User
    from .clock import Clock
    from .settings import LimitSettings


LONG_CALL = 20.0
"""Seconds from which Salesforce counts a call as long-running, of which only so many may run at once."""


class ApiLimits:
    """Counts API requests over the last 24 hours of the org's clock, in hourly steps."""

    def __init__(self, settings: LimitSettings, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._by_hour: dict[int, int] = {}
        self._running_long = 0
        self._long_until: list[float] = []
        if settings.calls_used:
            self._by_hour[self._hour()] = settings.calls_used

    def _hour(self) -> int:
        return int(self._clock.now().timestamp() // 3600)

    def usage(self) -> tuple[int, int]:
        """`(used, max)`, as in `Sforce-Limit-Info: api-usage=used/max`."""
        oldest = int((self._clock.now() - timedelta(hours=24)).timestamp() // 3600)
        self._by_hour = {hour: count for hour, count in self._by_hour.items() if hour > oldest}
        return sum(self._by_hour.values()), self.settings.daily_api_requests

    @behaviour("daily API quota", "confirmed", "REST Developer Guide; error text of a real org")
    def charge_api_call(self, user: User | None = None, calls: int = 1) -> None:  # noqa: ARG002 - per-user limits: none
        """Count API requests, refusing them once the quota of 24 hours is used up.

        Raises:
            SalesforceError: REQUEST_LIMIT_EXCEEDED, 403.
        """
        used, allowed = self.usage()
        if used + calls > allowed:
            raise SalesforceError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        hour = self._hour()
        self._by_hour[hour] = self._by_hour.get(hour, 0) + calls

    def set_usage(self, used: int) -> None:
        """Pretend that this many calls were made."""
        self._by_hour = {self._hour(): used}

    @behaviour("concurrent long-running calls", "confirmed", "API request limits")
    def begin_long_call(self) -> None:
        """A call begins that will run 20 seconds or longer; only so many may run at once.

        Raises:
            SalesforceError: REQUEST_LIMIT_EXCEEDED, 403.
        """
        if self._long_calls() >= self.settings.long_running_calls:
            raise SalesforceError("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.", status=403)
        self._running_long += 1

    def run_long_call_until(self, end: float) -> None:
        """A call that will run until `end` (seconds of the machine's monotonic clock), answered by a door meanwhile.

        Raises:
            SalesforceError: REQUEST_LIMIT_EXCEEDED, 403, as `begin_long_call`.
        """
        self.begin_long_call()
        self._running_long -= 1
        self._long_until.append(end)

    def _long_calls(self) -> int:
        now = monotonic()
        self._long_until = [end for end in self._long_until if end > now]
        return self._running_long + len(self._long_until)

    def end_long_call(self) -> None:
        """A long-running call has ended."""
        self._running_long = max(0, self._running_long - 1)

    def state(self) -> dict[int, int]:
        """The counts, for a snapshot."""
        return dict(self._by_hour)

    def restore(self, state: dict[int, int]) -> None:
        """Go back to a snapshot's counts."""
        self._by_hour = dict(state)

"""What was asked of the mock org: counters by operation, and the last requests without their contents.

Tests assert on it ("the whole run took two calls"), so it counts what Salesforce charges. Record ids stand in paths
and are kept; query strings and bodies may hold names and addresses and are not, unless bodies were asked for.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """One request: `operation` is the route's name, `api_calls` what it was charged, `fault` what struck it.

    `status` is None when no answer left the org. `body` is kept only where the log was told to keep bodies.
    """

    operation: str
    method: str
    template: str
    path: str
    status: int | None
    api_calls: int
    fault: str | None = None
    client: str | None = None
    body: bytes | None = None


@dataclass(slots=True)
class RequestLog:
    """Counters since the last reset, and the last `keep` requests."""

    keep: int = 10_000
    bodies: bool = False
    _last: deque[LoggedRequest] = field(init=False)
    _requests: Counter[tuple[str, str, str, int | None]] = field(default_factory=Counter)
    _api_calls: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._last = deque(maxlen=self.keep)

    def add(self, entry: LoggedRequest) -> None:
        """Count and remember one request."""
        self._last.append(entry)
        self._requests[entry.operation, entry.method, entry.template, entry.status] += 1
        self._api_calls[entry.operation] += entry.api_calls

    def reset(self) -> None:
        """Forget everything."""
        self._last.clear()
        self._requests.clear()
        self._api_calls.clear()

    @property
    def last(self) -> tuple[LoggedRequest, ...]:
        """The remembered requests, oldest first."""
        return tuple(self._last)

    @property
    def api_calls(self) -> int:
        """API calls charged since the last reset."""
        return sum(self._api_calls.values())

    def count(self, operation: str | None = None) -> int:
        """Requests since the last reset, of one operation or of all."""
        return sum(n for (name, *_), n in self._requests.items() if operation is None or name == operation)

    def by_operation(self) -> dict[str, int]:
        """Requests since the last reset by operation name."""
        totals: Counter[str] = Counter()
        for (name, *_), n in self._requests.items():
            totals[name] += n
        return dict(sorted(totals.items()))

    def counters(self) -> list[dict[str, str | int | None]]:
        """Every counter: operation, method, path template, status, requests."""
        return [
            {"operation": name, "method": method, "template": template, "status": status, "requests": n}
            for (name, method, template, status), n in sorted(self._requests.items(), key=lambda item: str(item[0]))
        ]

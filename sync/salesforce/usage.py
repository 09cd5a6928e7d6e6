"""How much of the org's API quota is used, read from what every reply says anyway.

`Sforce-Limit-Info: api-usage=891/15000` comes with each data call, good or bad; SOAP says it in a header element.
Asking `/limits` would cost a call and a permission.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping

from sync.salesforce.org import Usage

_API_USAGE = re.compile(r"(?:^|[;,\s])api-usage=(\d+)/(\d+)")


class UsageMeter:
    """Counts what we send and remembers what the org last said; shared by all threads of a client."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: tuple[int, int] | None = None
        self._sent = 0

    def sent(self) -> None:
        """One request that counts against the quota has left."""
        with self._lock:
            self._sent += 1

    def read_headers(self, headers: Mapping[str, str]) -> None:
        """Take the quota from a REST reply's `Sforce-Limit-Info`, if it carries one."""
        found = _API_USAGE.search(headers.get("Sforce-Limit-Info", ""))
        if found:
            self.told(used=int(found[1]), allowed=int(found[2]))

    def told(self, *, used: int, allowed: int) -> None:
        """Take the quota as the org states it."""
        with self._lock:
            self._told = (used, allowed)

    def usage(self) -> Usage | None:
        """The quota as last told; `None` before the first reply that tells."""
        with self._lock:
            if self._told is None:
                return None
            used, allowed = self._told
            return Usage(used=used, allowed=allowed, sent_by_us=self._sent)

    @property
    def sent_by_us(self) -> int:
        """Requests that this client has sent, told or not."""
        with self._lock:
            return self._sent

"""What stands behind every door beside the org's records: sessions, grants, faults, the log, and the org's addresses.

`MockOrg` owns one of these; handlers reach it through their `Call`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .call import session_is_invalid
from .catalogue import catalogue
from .errors import RowError, SalesforceError
from .faults import ON_ROWS
from .oauth import Grants
from .request_log import RequestLog

if TYPE_CHECKING:
    from datetime import datetime

    from .bulk.ingest_job import IngestJobs
    from .bulk.query_job import BulkQueryJobs
    from .call import Tally
    from .faults import Faults
    from .http import Request, Response
    from .org import Org, OrgSnapshot
    from .sessions import Session, Sessions
    from .soql.cursor import Cursors
    from .transactions import LongTransaction

Subrequests = Callable[["Request", "Session", "Tally"], "Response"]


@dataclass(kw_only=True)
class Doors:
    """The state of the doors.

    Attributes:
        instance_url: the org's own address, as a real one would have it; used in-process.
        strict: whether SOAP requests are checked against the WSDL's order and mandatory elements.
        dispatch: answers a subrequest of composite, batch and graph on behalf of the same session, without charging it.
        latency: seconds that every request takes longer, as on a long way to the org; waited outside the org's lock.
    """

    org: Org
    sessions: Sessions
    faults: Faults
    cursors: Cursors
    query_jobs: BulkQueryJobs
    ingest_jobs: IngestJobs
    instance_url: str
    dispatch: Subrequests = field(init=False)
    strict: bool = False
    latency: float = 0.0
    grants: Grants = field(default_factory=Grants)
    log: RequestLog = field(default_factory=RequestLog)
    freed: threading.Condition = field(init=False)
    late_effects: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list)
    late_commits: list[tuple[datetime, LongTransaction]] = field(default_factory=list)
    snapshots: dict[str, OrgSnapshot] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.freed = threading.Condition(self.org.lock)
        self.ingest_jobs.row_fault = lambda text: self.row_lock("bulk.ingest.rows", text)

    @cached_property
    def catalogue(self) -> Org:
        """What Tooling answers from, beside the org's records."""
        return catalogue(self.org)

    def spend(self, seconds: float) -> None:
        """Let time pass while a call does its work, without keeping others out; called under the org's lock.

        A frozen clock is moved on instead, so that a test with simulated costs does not wait for them.
        """
        if seconds <= 0:
            return
        if self.org.clock.frozen:
            self.org.clock.advance(seconds)
            return
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.freed.wait(left)

    def row_lock(self, operation: str, text: str) -> RowError | None:
        """The refusal of one row that a scripted row lock strikes; `text` is where its ids stand."""
        fault = self.faults.strike(ON_ROWS, route=operation, text=text)
        if fault is None:
            return None
        message = fault.message or "unable to obtain exclusive access to this record"
        return RowError(code="UNABLE_TO_LOCK_ROW", message=message)

    def open_session(self, token: str) -> Session:
        """The session of a token whose user may use the API.

        Raises:
            SalesforceError: 401 without one, 403 where the user has no API access.
        """
        session = self.sessions.find(token)
        user = self.org.access.user(session.user_id) if session is not None else None
        if session is None or user is None or not user.setting.active:
            raise session_is_invalid()
        if not user.api_enabled:
            raise SalesforceError(
                "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner", status=403
            )
        return session

    def commit_later(self, transaction: LongTransaction, *, seconds: float) -> None:
        """Let a long transaction commit when the org's clock has moved on by `seconds`."""
        self.late_commits.append((self.org.clock.now() + timedelta(seconds=seconds), transaction))

    def happen_later(self, effect: Callable[[], object], *, seconds: float) -> None:
        """Let a call reach the org only when its clock has moved on by `seconds`."""
        self.late_effects.append((self.org.clock.now() + timedelta(seconds=seconds), effect))

    def do_what_is_due(self) -> None:
        """Carry out late calls and commit long transactions whose time has come; called before each request."""
        now = self.org.clock.now()
        due_effects = [effect for due, effect in self.late_effects if due <= now]
        self.late_effects = [(due, effect) for due, effect in self.late_effects if due > now]
        for effect in due_effects:
            effect()
        if not self.late_commits:
            return
        for due, transaction in self.late_commits:
            if due <= now and transaction in self.org.transactions.open:
                self.org.transactions.commit(transaction)
        self.late_commits = [(due, each) for due, each in self.late_commits if due > now]

    def address(self, request: Request) -> str:
        """The instance URL for a client: the address it used, or the org's own if it came through a login host."""
        return self.instance_url if _is_login_host(request.base_url) else request.base_url

    def login_address(self, request: Request) -> str:
        """The address of identity URLs: Salesforce's login host, or on a socket the address that the client used."""
        host = urlsplit(request.base_url).hostname or ""
        if not host.endswith("salesforce.com"):
            return request.base_url
        return "https://test.salesforce.com" if host.startswith("test.") else "https://login.salesforce.com"


def _is_login_host(base_url: str) -> bool:
    return (urlsplit(base_url).hostname or "") in {"login.salesforce.com", "test.salesforce.com"}

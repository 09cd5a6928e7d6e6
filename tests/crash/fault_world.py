"""Faults at chosen requests of a run: any two, each at any request that the run makes, then two clean runs.

A run's requests are numbered as they arrive, sign-in included. A strike puts its fault in force just before its
request; a fault of rows waits for the next row that is written. Time is the mock org's, so that settling costs nothing.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from crash_points import LIMITS, ORG_YAML, PERSON, Reaper, World, audited, check, frozen_clock
from sqlalchemy import event

from sync.apply.runner import apply_plan
from sync.errors import LeadgateError
from sync.ledger.store import Ledger
from sync.mockorg import MockOrg
from sync.mockorg.faults import Fault, FaultKind
from sync.mockorg.http import Request, Response
from sync.mockorg.inprocess import LOGIN_HOSTS, in_process
from sync.mockorg.settings import AutomationSetting
from sync.salesforce.client import SalesforceClient, open_org
from sync.settings import load_settings

SETTLE = 5.0
LATE = 3.0  # seconds; below SETTLE, as a call that is still on its way when its client gives up


class Trouble(StrEnum):
    """What strikes a request."""

    DROPPED_BEFORE = "connection lost before the effect"
    DROPPED_AFTER = "connection lost after the effect"
    DROPPED_LATE = "connection lost, the call arrives seconds later"
    TIMEOUT_BEFORE = "no answer, no effect"
    TIMEOUT_AFTER = "no answer after the effect"
    TRUNCATED = "answer cut off"
    SESSION_EXPIRED = "session expired (401; HTTP 500 on SOAP)"
    SESSION_REFUSED = "session refused again after its renewal"
    LIMIT_ONCE = "403 request limit, once"
    QUOTA_EXHAUSTED = "403 request limit to the end of the run"
    ERROR_BEFORE = "500 before the effect"
    ERROR_AFTER = "500 after the effect"
    GATEWAY_AFTER = "502 with HTML after the effect"
    UNAVAILABLE_BEFORE = "503 with HTML before the effect"
    UNAVAILABLE_AFTER = "503 with HTML after the effect"
    ROW_LOCK = "row lock on one row"
    ROW_LOCKS = "row locks on the next nine rows"
    GOVERNOR = "governor limit for more than one record a call, to the end of the run"
    GOVERNOR_ALWAYS = "governor limit for any record, to the end of the run"


@dataclass(frozen=True, slots=True)
class Strike:
    """A trouble at a request, counted from 0."""

    at: int
    trouble: Trouble


FAULTS: Mapping[Trouble, tuple[Fault, ...]] = {
    Trouble.DROPPED_BEFORE: (Fault(kind=FaultKind.DROP),),
    Trouble.DROPPED_AFTER: (Fault(kind=FaultKind.DROP, effect=True),),
    Trouble.DROPPED_LATE: (Fault(kind=FaultKind.DROP, effect=True, seconds=LATE),),
    Trouble.TIMEOUT_BEFORE: (Fault(kind=FaultKind.TIMEOUT),),
    Trouble.TIMEOUT_AFTER: (Fault(kind=FaultKind.TIMEOUT, effect=True),),
    Trouble.TRUNCATED: (Fault(kind=FaultKind.TRUNCATE, effect=True),),
    Trouble.SESSION_EXPIRED: (Fault(kind=FaultKind.UNAUTHORIZED),),
    Trouble.SESSION_REFUSED: (Fault(kind=FaultKind.UNAUTHORIZED), Fault(kind=FaultKind.UNAUTHORIZED, skip=1)),
    Trouble.LIMIT_ONCE: (Fault(kind=FaultKind.LIMIT),),
    Trouble.QUOTA_EXHAUSTED: (Fault(kind=FaultKind.LIMIT, times=None),),
    Trouble.ERROR_BEFORE: (Fault(kind=FaultKind.SERVER_ERROR),),
    Trouble.ERROR_AFTER: (Fault(kind=FaultKind.SERVER_ERROR, effect=True),),
    Trouble.GATEWAY_AFTER: (Fault(kind=FaultKind.BAD_GATEWAY, effect=True),),
    Trouble.UNAVAILABLE_BEFORE: (Fault(kind=FaultKind.UNAVAILABLE),),
    Trouble.UNAVAILABLE_AFTER: (Fault(kind=FaultKind.UNAVAILABLE, effect=True),),
    Trouble.ROW_LOCK: (Fault(kind=FaultKind.ROW_LOCK),),
    Trouble.ROW_LOCKS: (Fault(kind=FaultKind.ROW_LOCK, times=9),),
}
"""The mock org's faults; governor limits aren't among them, since the org's automations cause them."""


def automations_of(trouble: Trouble) -> tuple[AutomationSetting, ...]:
    """The automations that cause a governor limit."""
    queries = {Trouble.GOVERNOR: 60, Trouble.GOVERNOR_ALWAYS: 101}.get(trouble)
    if queries is None:
        return ()
    return (AutomationSetting(object="Lead", name="Scoring", on=("update",), queries_per_record=queries),)


class FaultWorld(World):
    """The world of the crash tests, struck at requests instead of killed; one ledger, wiped between rounds."""

    def __init__(self, mock: MockOrg, folder: Path) -> None:
        super().__init__(mock, folder, Reaper(), one_plan=True)
        credentials = mock.org.settings.credentials
        variables = {
            "LEADGATE_DOMAIN": mock.instance_url,
            "LEADGATE_CLIENT_ID": credentials.client_id,
            "LEADGATE_CLIENT_SECRET": credentials.client_secret,
        }
        self._settings = load_settings(folder, variables).org()
        self._calm = mock.org.settings
        self._ledger_file = folder / "struck.sqlite"
        shutil.copy(self.empty, self._ledger_file)
        self.ledger = Ledger.open(self._ledger_file, clock=mock.clock.now)
        event.listen(self.ledger._engine, "connect", _quickly)
        self._undisturbed = self.client()
        """Of all clean runs: what it once learned of the org holds for every round."""
        self._strikes: Mapping[int, Sequence[Strike]] = {}
        self.requests = 0
        self.whole_run = 0
        """Requests of a run that nothing troubles."""
        self.struck_requests = 0
        """Of the last round's first run."""

    def handle(self, request: Request) -> Response:
        """The org's door: the faults due at this request are put in force first."""
        for strike in self._strikes.get(self.requests, ()):
            self.mock.add_fault(*FAULTS.get(strike.trouble, ()))
            if automations := automations_of(strike.trouble):
                self.mock.org.settings = self._calm.model_copy(update={"automations": automations})
        self.requests += 1
        return self.mock.handle(request)

    def fresh(self) -> None:
        """The org as it was, and an empty ledger."""
        self.calm()
        self.mock.restore(self.before)
        self.ledger.dispose()
        for ending in ("-wal", "-shm"):
            self._ledger_file.with_name(self._ledger_file.name + ending).unlink(missing_ok=True)
        shutil.copy(self.empty, self._ledger_file)

    def calm(self) -> None:
        """No more faults; calls that were on their way arrive."""
        self.mock.clear_faults()
        self.mock.org.settings = self._calm
        self._strikes = {}
        self.mock.clock.advance(LATE)
        self.mock.doors.do_what_is_due()

    def client(self) -> SalesforceClient:
        """A client that signs in anew."""
        return open_org(self._settings, clock=self.mock.clock.now, sleep=self.scene.sleep, monotonic=lambda: 0.0)

    def carry_out(self, *strikes: Strike) -> Counter[str]:
        """A run of the plan under these strikes; how its actions ended (empty where it was not begun)."""
        self.requests = 0
        return self._go_on(strikes)

    def round(self, *strikes: Strike) -> Counter[str]:
        """From the start: a run under these strikes, two clean ones, and every promise checked.

        A strike beyond the run's last request falls into a second run, in which requests are counted on.
        """
        self.fresh()
        ended = self.carry_out(*strikes)
        self.struck_requests = self.requests
        self.calm()
        if any(strike.at >= self.struck_requests for strike in strikes):
            ended += self._go_on([strike for strike in strikes if strike.at >= self.struck_requests])
            self.calm()
        self._go_on((), self._undisturbed)
        written = self.stamps()
        again = self._go_on((), self._undisturbed)
        assert again == {"already_applied": len(self.leads) + 1}, again
        assert self.stamps() == written, "the second clean run wrote something"
        check(self, self.plans, self.ledger)
        audited(self.ledger, self.plans[0].org_id)
        return ended

    def _go_on(self, strikes: Sequence[Strike], org: SalesforceClient | None = None) -> Counter[str]:
        self._strikes = {at: [one for one in strikes if one.at == at] for at in {one.at for one in strikes}}
        (plan,) = self.plans
        try:
            options = self.scene.options(limits=LIMITS, settle_seconds=SETTLE)
            result = apply_plan(plan, org or self.client(), self.ledger, options)
        except LeadgateError:
            return Counter()
        assert sum(result.outcomes.values()) == result.planned, result.outcomes
        return Counter({outcome.value: count for outcome, count in result.outcomes.items() if count})

    def stamps(self) -> list[tuple[str, str]]:
        """Id and SystemModstamp of everything that a run could write."""
        db = self.mock.org.store.db
        return [
            (str(record_id), str(stamp))
            for name in ("Lead", "Account", "Contact", "Opportunity")
            for record_id, stamp in db.execute(f"SELECT Id, SystemModstamp FROM {name} ORDER BY Id")  # noqa: S608 -- our own words
        ]


def _quickly(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")  # what power loss does is SQLite's affair


@contextmanager
def fault_world(folder: Path) -> Iterator[FaultWorld]:
    """A world whose door strikes; what its thousands of calls would log is left out."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    mock = MockOrg(seed=5, org_yaml=ORG_YAML, clock=frozen_clock())
    assert mock.login(PERSON)
    opened: list[FaultWorld] = []

    def handler(request: Request) -> Response:
        return opened[0].handle(request) if opened else mock.handle(request)

    with in_process(handler, hosts=(urlsplit(mock.instance_url).hostname or "", *LOGIN_HOSTS)):
        here = FaultWorld(mock, folder)
        opened.append(here)
        here.fresh()
        here.carry_out()
        here.whole_run = here.requests
        try:
            yield here
        finally:
            here.ledger.dispose()
            structlog.reset_defaults()

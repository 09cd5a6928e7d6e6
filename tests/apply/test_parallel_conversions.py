"""Several conversion calls under way at once: over a socket, with real threads, in an org whose work takes time."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from apply_scene import fates
from watched_org import Watched, plan_of, watched

from sync.apply.context import ApplyOptions
from sync.apply.outcome import Ending, RunResult
from sync.apply.runner import apply_plan
from sync.ledger.entries import State
from sync.ledger.store import Ledger
from sync.mockorg.faults import Fault, FaultKind
from sync.mockorg.soap import conversion_locks
from sync.plan.actions import Outcome, Plan
from sync.plan.document import encode
from sync.plan.pace import Pace
from sync.policy.schema import Limits

pytestmark = pytest.mark.slow  # real servers and threads

WORKING = "costs: {per_conversion: 0.05, lock_wait: 2}\n"
CHILD = Path(__file__).with_name("parallel_child.py")
ONE_A_CALL = Pace(size=1, proven=1, failed_at=2)
"""So that a handful of leads makes many calls."""


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Watched]:
    with watched(tmp_path, WORKING) as here:
        yield here


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite") as opened:
        yield opened


def remember(ledger: Ledger, org_id: str, pace: Pace) -> None:
    with ledger.lease(org_id) as lease:
        ledger.remember_pace(lease, pace)


def run(here: Watched, ledger: Ledger, plan: Plan, **changes: object) -> RunResult:
    given = {"limits": Limits(canary=0), "parallel_calls": 4, "settle_seconds": 0.5, **changes}
    return apply_plan(plan, here.client(), ledger, ApplyOptions(**given))  # type: ignore[arg-type] -- by name


@pytest.mark.slow
def test_leads_of_few_accounts_go_at_once_and_never_lock_each_other(org: Watched, ledger: Ledger) -> None:
    plan = plan_of(org, org.make("Lead", 60), org.make("Account", 5))
    result = run(org, ledger, plan)
    assert fates(result) == {Outcome.APPLIED: 60}
    assert 3 <= org.watch.most <= 4
    assert org.watch.overlapping == set()
    states = {event.state for event in ledger.audit(plan.org_id) if event.kind == "convert_lead"}
    assert states == {"intended", "applied"}  # no lock was ever met


def test_one_call_at_a_time_is_one_call_at_a_time(org: Watched, ledger: Ledger) -> None:
    plan = plan_of(org, org.make("Lead", 6), org.make("Account", 2))
    remember(ledger, plan.org_id, ONE_A_CALL)
    assert fates(run(org, ledger, plan, parallel_calls=1)) == {Outcome.APPLIED: 6}
    assert org.watch.most == 1


def test_the_canary_goes_before_anything_else(org: Watched, ledger: Ledger) -> None:
    plan = plan_of(org, org.make("Lead", 12))
    remember(ledger, plan.org_id, Pace(size=3, proven=3, failed_at=4))
    assert fates(run(org, ledger, plan, limits=Limits(canary=2))) == {Outcome.APPLIED: 12}
    assert org.watch.sizes == [2, 3, 3, 3, 1]


@pytest.mark.slow
def test_too_many_long_calls_lower_the_number_of_lanes_and_every_lead_goes(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion_locks, "LONG_CALL", 0.1)  # a tenth of a second is as long as twenty
    costs = "costs: {per_conversion: 0.2}\nlimits: {long_running_calls: 2}\n"
    with watched(tmp_path, costs) as org:
        plan = plan_of(org, org.make("Lead", 10))
        remember(ledger, plan.org_id, ONE_A_CALL)
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            threading.Event().wait(min(seconds, 0.05))

        result = run(org, ledger, plan, sleep=sleep)
        assert fates(result) == {Outcome.APPLIED: 10}
        refused = [e for e in ledger.audit(plan.org_id) if e.state == "not_applied"]
        assert 1 <= len(refused) <= 2 + 1  # at first four, then no more than the org takes
        assert {event.code for event in refused} == {"REQUEST_LIMIT_EXCEEDED"}


@pytest.mark.parametrize("effect", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_lost_answer_holds_up_its_own_leads_only(org: Watched, ledger: Ledger, *, effect: bool) -> None:
    leads = org.make("Lead", 12)
    plan = plan_of(org, leads)
    remember(ledger, plan.org_id, Pace(size=2, proven=2, failed_at=3))
    org.mock.add_fault(Fault(kind=FaultKind.DROP, route="soap.convertLead", effect=effect))
    result = run(org, ledger, plan, settle_seconds=1.0)
    assert fates(result) == {Outcome.APPLIED: 12}
    assert org.converted() == set(leads)
    events = [e for e in ledger.audit(plan.org_id) if e.kind == "convert_lead"]
    lost = {e.lead_id for e in events if e.state == "not_applied"}
    assert len(lost) == (0 if effect else 2)
    if lost:  # most others were settled while these two were waited for
        freed = min(n for n, e in enumerate(events) if e.state == "not_applied")
        assert len([e for e in events[:freed] if e.state == "applied"]) >= 6


def test_a_used_up_quota_ends_the_run_with_every_call_recorded(org: Watched, ledger: Ledger) -> None:
    leads = org.make("Lead", 12)
    plan = plan_of(org, leads)
    remember(ledger, plan.org_id, ONE_A_CALL)
    org.mock.add_fault(Fault(kind=FaultKind.LIMIT, route="soap.convertLead", skip=2))
    result = run(org, ledger, plan)
    assert (result.ending, result.exit_code()) == (Ending.API_RESERVE, 6)
    assert result.outcomes[Outcome.APPLIED] == len(org.converted()) <= 12 - 1
    assert result.outcomes[Outcome.IN_DOUBT] == 0
    assert sum(result.outcomes.values()) == 12


def test_a_stop_lets_the_calls_under_way_end_and_starts_none(org: Watched, ledger: Ledger) -> None:
    leads = org.make("Lead", 12)
    plan = plan_of(org, leads)
    remember(ledger, plan.org_id, ONE_A_CALL)
    stop = threading.Event()
    org.watch.on_calls = lambda under_way: stop.set() if under_way == 3 else None
    result = run(org, ledger, plan, stop=stop.is_set)
    assert (result.ending, result.exit_code()) == (Ending.INTERRUPTED, 8)
    assert 3 <= result.outcomes[Outcome.APPLIED] == len(org.converted()) < 12
    assert result.outcomes[Outcome.NOT_REACHED] == 12 - len(org.converted())
    assert ledger.in_doubt(plan.org_id) == ()
    assert fates(run(org, ledger, plan))[Outcome.ALREADY_APPLIED] == result.outcomes[Outcome.APPLIED]


@pytest.mark.slow
def test_an_org_that_cannot_be_read_any_more_leaves_no_answer_unrecorded(org: Watched, ledger: Ledger) -> None:
    leads = org.make("Lead", 8)
    plan = plan_of(org, leads)
    remember(ledger, plan.org_id, ONE_A_CALL)
    org.mock.add_fault(
        Fault(kind=FaultKind.DROP, route="soap.convertLead", effect=True, skip=1),
        Fault(kind=FaultKind.UNAUTHORIZED, route="collections.retrieve", skip=1, times=None),
    )
    result = run(org, ledger, plan)
    assert result.exit_code() == 5
    assert result.outcomes[Outcome.IN_DOUBT] == 1
    assert result.outcomes[Outcome.APPLIED] + 1 == len(org.converted())
    org.mock.clear_faults()
    assert set(fates(run(org, ledger, plan))) == {Outcome.ALREADY_APPLIED, Outcome.APPLIED}
    assert org.converted() == set(leads)


@pytest.mark.slow
def test_a_session_that_ends_is_renewed_once_for_all_calls_under_way(org: Watched, ledger: Ledger) -> None:
    leads = org.make("Lead", 12)
    plan = plan_of(org, leads)
    remember(ledger, plan.org_id, ONE_A_CALL)
    credentials = org.mock.org.settings.credentials
    client = org.client(
        LEADGATE_AUTH="client_credentials",
        LEADGATE_CLIENT_ID=credentials.client_id,
        LEADGATE_CLIENT_SECRET=credentials.client_secret,
        LEADGATE_DOMAIN=org.url,
    )
    expired: list[int] = []

    def expire(under_way: int) -> None:
        if under_way == 3 and not expired:
            expired.append(org.mock.expire_sessions())

    org.watch.on_calls = expire
    result = apply_plan(plan, client, ledger, ApplyOptions(limits=Limits(canary=0), parallel_calls=4))
    assert fates(result) == {Outcome.APPLIED: 12}
    assert org.mock.requests.count("token") == 2


@pytest.mark.parametrize(
    ("words", "used", "asked", "ending"),
    [
        ("Limit exceeded.", 0, 1, Ending.DONE),
        ("Limit exceeded.", 1_000_000, 1, Ending.API_RESERVE),
        ("TotalRequests Limit exceeded.", 0, 0, Ending.API_RESERVE),
        ("ConcurrentRequests (Concurrent API Requests) Limit exceeded.", 0, 0, Ending.DONE),
        ("ConcurrentPerOrgApex Limit exceeded.", 0, 0, Ending.DONE),
    ],
)
def test_too_many_calls_at_once_are_told_apart_from_a_used_up_quota(  # noqa: PLR0917 -- a row of the table above
    org: Watched, ledger: Ledger, words: str, used: int, asked: int, ending: Ending
) -> None:
    plan = plan_of(org, org.make("Lead", 2))
    org.watch.refusing = words
    org.watch.on_refusal = lambda: org.mock.org.limits.set_usage(used)
    slept: list[float] = []
    now = org.mock.clock.now
    result = run(org, ledger, plan, clock=lambda: now() + timedelta(seconds=sum(slept)), sleep=slept.append)
    assert result.ending is ending
    assert org.mock.requests.count("limits") == asked


@pytest.mark.parametrize("parallel_calls", [pytest.param(1, marks=pytest.mark.slow), 4])
def test_a_batch_grows_while_the_org_bears_it_and_the_next_run_begins_there(
    tmp_path: Path, ledger: Ledger, parallel_calls: int
) -> None:
    with watched(tmp_path) as org:
        plan = plan_of(org, org.make("Lead", 90))
        result = run(org, ledger, plan, limits=Limits(canary=10), parallel_calls=parallel_calls)
        assert fates(result) == {Outcome.APPLIED: 90}
        assert org.watch.sizes == [10, 25, 50, 5]
        assert ledger.pace(plan.org_id) == Pace(size=100, proven=50)
        org.watch.sizes.clear()
        run(org, ledger, plan_of(org, org.make("Lead", 60)), parallel_calls=parallel_calls)
        assert org.watch.sizes == [60]


HEAVY = "automations:\n  - {object: Contact, name: Heavy, queries_per_record: 3}\n"


@pytest.mark.slow
@pytest.mark.parametrize("parallel_calls", [1, 4])
def test_an_org_that_bears_33_leads_is_tried_and_respected(tmp_path: Path, ledger: Ledger, parallel_calls: int) -> None:
    with watched(tmp_path, HEAVY) as org:
        plan = plan_of(org, org.make("Lead", 200))
        assert fates(run(org, ledger, plan, parallel_calls=parallel_calls)) == {Outcome.APPLIED: 200}
        pace = ledger.pace(plan.org_id)
        assert (pace.size, pace.failed_at) == (25, 50)
        assert org.watch.sizes[:2] == [25, 50]
        assert max(org.watch.sizes[2:]) == 25
        failed = [e for e in ledger.audit(plan.org_id) if e.state == State.NOT_APPLIED]
        assert 0 < len(failed) < 50


def child(org: Watched, plan: Plan, folder: Path) -> subprocess.Popen[str]:
    file = folder / "plan.json"
    file.write_text(encode(plan), "utf-8")
    arguments = [org.url, org.mock.login(), str(file), str(folder / "ledger.sqlite")]
    return subprocess.Popen([sys.executable, str(CHILD), *arguments], text=True)  # noqa: S603 -- our own script


@pytest.mark.slow
@pytest.mark.parametrize("kill_at", range(1, 13))
def test_a_process_killed_with_calls_under_way_converts_nothing_twice(
    org: Watched, ledger: Ledger, tmp_path: Path, kill_at: int
) -> None:
    leads = org.make("Lead", 16)
    plan = plan_of(org, leads, [*org.make("Account", 4), None])
    remember(ledger, plan.org_id, ONE_A_CALL)
    started, seen, called = [], [], threading.Event()

    def kill(_under_way: int) -> None:
        seen.append(1)
        if len(seen) == kill_at:
            called.wait(10)
            started[0].kill()

    org.watch.on_calls = kill
    started.append(child(org, plan, tmp_path))
    called.set()
    assert started[0].wait(30) == -signal.SIGKILL
    org.watch.on_calls = lambda _under_way: None
    intended = len(ledger.in_doubt(plan.org_id))
    assert 1 <= intended <= 4
    result = run(org, ledger, plan, settle_seconds=2.0)
    assert result.exit_code() == 0
    assert org.converted() == set(leads)
    applied = [e.key for e in ledger.audit(plan.org_id) if (e.kind, e.state) == ("convert_lead", "applied")]
    assert len(applied) == len(set(applied)) == 16
    assert ledger.verify_chain(plan.org_id).intact
    opportunities = org.mock.org.store.db.execute("SELECT COUNT(*) FROM Opportunity").fetchone()[0]
    assert opportunities == 16

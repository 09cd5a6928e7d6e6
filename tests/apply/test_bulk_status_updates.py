"""Status updates by the thousand: a bulk job goes on whatever becomes of the process that started it."""

from __future__ import annotations

from collections import Counter

import pytest
from apply_scene import Scene, fates

from sync.apply.outcome import Ending
from sync.apply.recover import recover
from sync.errors import OrgBusy, OrgUnavailable
from sync.ledger.entries import State
from sync.ledger.store import Ledger
from sync.mockorg.faults import Fault, FaultKind
from sync.plan.actions import Outcome, Plan

pytestmark = pytest.mark.slow

OPEN, WORKING = "Open - Not Contacted", "Working - Contacted"
MANY = 2001


def slow(here: Scene, *, seconds: int) -> Plan:
    """A plan whose status updates go by a bulk job that takes the org so long."""
    plan = here.plan(here.leads(MANY, Status=OPEN), to=WORKING)
    here.mock.add_fault(Fault(kind=FaultKind.SLOW_JOB, seconds=seconds))
    return plan


def jobs(here: Scene) -> int:
    return here.mock.requests.count("bulk.ingest.create")


def test_a_job_that_was_lost_sight_of_is_waited_for_and_not_made_again(here: Scene) -> None:
    plan = slow(here, seconds=300)
    here.mock.add_fault(Fault(kind=FaultKind.UNAVAILABLE, route="bulk.ingest.look", times=4))
    result = here.apply(plan)
    assert fates(result) == {Outcome.APPLIED: MANY}
    assert jobs(here) == 1


class Died(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("looks", [1, 3])
def test_recovery_waits_for_the_job_of_a_run_that_died(here: Scene, looks: int) -> None:
    plan = slow(here, seconds=300)
    org_id = here.org.identity.org_id

    def sleep(seconds: float) -> None:
        here.sleep(seconds)
        if len(here.slept) == looks:
            raise Died

    here.org = here.client(sleep)
    with pytest.raises(Died):
        here.apply(plan)
    here.org = here.client()
    assert len(here.ledger.in_doubt(org_id)) == MANY
    report = recover(here.org, here.ledger, here.options())
    assert {one.state for one in report.closed} == {State.APPLIED}
    assert (len(report.closed), report.still_in_doubt, jobs(here)) == (MANY, 0, 1)


def test_a_run_that_waits_for_a_long_job_keeps_the_org_to_itself(here: Scene) -> None:
    plan = slow(here, seconds=3600)
    org_id = here.org.identity.org_id
    refused = 0

    def sleep(seconds: float) -> None:
        nonlocal refused
        here.sleep(seconds)
        other = Ledger.open(here.folder / "ledger.sqlite", clock=here.mock.clock.now)
        with other, pytest.raises(OrgBusy), other.lease(org_id):
            pass
        refused += 1

    here.org = here.client(sleep)
    assert fates(here.apply(plan)) == {Outcome.APPLIED: MANY}
    assert refused > 10


def test_an_org_that_fails_between_two_pages_of_leads_leaves_nothing_in_doubt(
    here: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.apply.pages.RETRIEVE", MANY)
    leads = here.leads(MANY + 100, Status=OPEN)
    plan = here.plan(leads, to=WORKING)
    org_id = here.org.identity.org_id
    here.mock.add_fault(Fault(kind=FaultKind.UNAVAILABLE, route="collections.retrieve", record=leads[-1], times=None))
    with pytest.raises(OrgUnavailable):
        here.apply(plan)
    (run,) = here.ledger.runs(org_id)
    states = Counter(entry.state for entry in here.ledger.run_entries(run.run_id))
    assert states == {State.NOT_APPLIED: MANY, State.NOT_REACHED: 100}
    assert (jobs(here), here.ledger.in_doubt(org_id)) == (0, ())
    here.mock.clear_faults()
    assert fates(here.apply(plan)) == {Outcome.APPLIED: MANY + 100}
    assert here.count("Lead", f"Status = '{WORKING}'") == MANY + 100


def test_a_run_stopped_before_its_job_leaves_nothing_in_doubt(here: Scene) -> None:
    plan = here.plan(here.leads(MANY, Status=OPEN), to=WORKING)
    reading: list[str] = []
    result = here.apply(plan, stop=lambda: bool(reading), on_progress=lambda one: reading.append(one.step))
    assert (result.ending, fates(result)) == (Ending.INTERRUPTED, {Outcome.NOT_REACHED: MANY})
    assert (jobs(here), here.ledger.in_doubt(here.org.identity.org_id)) == (0, ())
    assert fates(here.apply(plan)) == {Outcome.APPLIED: MANY}


def test_of_leads_read_in_several_pages_only_those_that_stayed_are_written(
    here: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.apply.pages.RETRIEVE", 500)
    leads = here.leads(MANY + 10, Status=OPEN)
    plan = here.plan(leads, to=WORKING)
    for lead in leads[::300]:
        here.edit("Lead", lead, Status="Closed - Not Converted")
    result = here.apply(plan)
    assert fates(result) == {Outcome.SUPERSEDED: 7, Outcome.APPLIED: MANY + 3}
    assert here.count("Lead", f"Status = '{WORKING}'") == MANY + 3
    assert here.ledger.verify_chain(here.org.identity.org_id).intact

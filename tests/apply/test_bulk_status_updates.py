"""Status updates by the thousand: a bulk job goes on whatever becomes of the process that started it."""

from __future__ import annotations

import pytest
from apply_scene import Scene, fates

from sync.apply.recover import recover
from sync.errors import OrgBusy
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

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from apply_scene import ORG_YAML, Scene, scene

from sync.apply.outcome import Ending, RunResult
from sync.apply.patience import LOOK_EVERY, Waiting, apply_with_patience
from sync.mockorg.faults import Fault, FaultKind
from sync.plan.actions import Outcome, Plan
from sync.policy.schema import Limits

OTHERS = 70
"""Calls that other clients of the org have made."""


def patient(here: Scene, plan: Plan, told: list[Waiting], *, hours: float | None = 30.0, **more: object) -> RunResult:
    limits = Limits(canary=5, api_reserve=0.2, wait_at_reserve_hours=hours)
    return apply_with_patience(plan, here.org, here.ledger, here.options(limits=limits, **more), told.append)


def outcomes(result: RunResult) -> dict[Outcome, int]:
    return dict(Counter(lead.outcome for lead in result.leads))


@pytest.fixture
def busy(tmp_path):
    """An org whose daily calls others use up while leadgate plans."""
    with scene(tmp_path, ORG_YAML + "limits: {daily_api_requests: 100}\n") as here:
        yield here


def use_up(here: Scene) -> None:
    for _ in range(OTHERS):
        here.count("Lead")
    here.org.count("SELECT COUNT() FROM Lead")  # any reply tells what the others left


def test_a_run_waits_at_the_reserve_until_the_calls_of_others_have_aged(busy: Scene) -> None:
    plan, told = busy.plan(busy.leads(12)), list[Waiting]()
    use_up(busy)
    began = busy.mock.clock.now()
    result = patient(busy, plan, told)
    assert outcomes(result) == {Outcome.APPLIED: 12}
    assert (result.ending, result.planned, result.exit_code()) == (Ending.DONE, 12, 0)
    assert busy.mock.clock.now() - began > timedelta(hours=23)
    assert told[0].usage is not None
    assert told[0].usage.left - told[0].calls < 20
    assert len(told) > 80  # a look each quarter of an hour


def test_what_was_done_before_the_pause_is_done_once_and_counted_once(here: Scene) -> None:
    plan, told = here.plan(here.leads(12)), list[Waiting]()
    here.mock.add_fault(Fault(kind=FaultKind.LIMIT, route="soap.convertLead", skip=1))
    result = patient(here, plan, told, sleep=lambda seconds: (here.mock.clear_faults(), here.sleep(seconds)))
    assert outcomes(result) == {Outcome.APPLIED: 12}
    assert (result.planned, len(told)) == (12, 1)
    assert here.count("Opportunity") == 12
    assert {lead.opportunity_fields for lead in result.leads} == {"applied"}  # of those before the pause, after it


def test_a_run_that_waited_in_vain_ends_as_it_would_have_ended(busy: Scene) -> None:
    plan, told = busy.plan(busy.leads(12)), list[Waiting]()
    use_up(busy)
    began = busy.mock.clock.now()
    result = patient(busy, plan, told, hours=2.0)
    assert outcomes(result) == {Outcome.NOT_REACHED: 12}
    assert (result.ending, result.exit_code()) == (Ending.API_RESERVE, 6)
    assert busy.mock.clock.now() - began <= timedelta(hours=2)


def test_a_policy_that_says_nothing_of_waiting_stops_at_once(busy: Scene) -> None:
    plan, told = busy.plan(busy.leads(12)), list[Waiting]()
    use_up(busy)
    assert patient(busy, plan, told, hours=None).ending is Ending.API_RESERVE
    assert told == []


def test_a_person_ends_the_wait(busy: Scene) -> None:
    plan, told = busy.plan(busy.leads(2)), list[Waiting]()
    use_up(busy)
    began = busy.mock.clock.now()
    result = patient(busy, plan, told, stop=lambda: bool(told))
    assert result.ending is Ending.API_RESERVE
    assert busy.mock.clock.now() - began < LOOK_EVERY


def test_a_refused_lead_is_not_sent_again_after_the_pause(here: Scene) -> None:
    leads = here.leads(12)
    plan, told = here.plan(leads), list[Waiting]()
    here.edit("Lead", leads[0], Status="Open - Not Contacted")
    here.mock.add_fault(Fault(kind=FaultKind.LIMIT, route="soap.convertLead", skip=1))
    result = patient(here, plan, told, sleep=lambda seconds: (here.mock.clear_faults(), here.sleep(seconds)))
    assert outcomes(result) == {Outcome.APPLIED: 11, Outcome.SUPERSEDED: 1}
    assert [lead.lead_id for lead in result.leads if lead.outcome is Outcome.SUPERSEDED] == [leads[0]]

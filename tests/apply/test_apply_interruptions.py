from __future__ import annotations

import pytest
from apply_scene import ORG_YAML, Scene, fates, scene

from sync.apply.outcome import Ending
from sync.mockorg.faults import Fault, FaultKind
from sync.plan.actions import Outcome
from sync.policy.schema import Limits


@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT, FaultKind.DROP, FaultKind.TRUNCATE, FaultKind.SERVER_ERROR])
def test_a_lost_answer_with_effect_is_read_back_and_never_sent_again(here: Scene, kind: FaultKind) -> None:
    leads = here.leads(3)
    plan = here.plan(leads)
    here.mock.add_fault(Fault(kind=kind, route="soap.convertLead", effect=True))
    result = here.apply(plan)
    assert fates(result) == {Outcome.APPLIED: 3}
    assert here.mock.requests.count("soap.convertLead") == 1
    assert here.count("Account") == 3
    for lead in result.leads:
        assert here.row("Opportunity", str(lead.made.opportunity_id))["StageName"] == "Proposal/Price Quote"


@pytest.mark.parametrize("kind", [FaultKind.TIMEOUT, FaultKind.DROP, FaultKind.SERVER_ERROR, FaultKind.UNAVAILABLE])
def test_a_lost_request_without_effect_is_sent_once_more_after_settling(here: Scene, kind: FaultKind) -> None:
    plan = here.plan(here.leads(3))
    here.mock.add_fault(Fault(kind=kind, route="soap.convertLead"))
    result = here.apply(plan)
    assert fates(result) == {Outcome.APPLIED: 3}
    assert here.mock.requests.count("soap.convertLead") == 2
    assert sum(here.slept) >= 5.0
    assert here.count("Account") == 3


def test_answers_lost_again_and_again_leave_leads_not_reached_and_free(here: Scene) -> None:
    leads = here.leads(2)
    plan = here.plan(leads)
    here.mock.add_fault(Fault(kind=FaultKind.DROP, route="soap.convertLead", times=None))
    result = here.apply(plan)
    assert fates(result) == {Outcome.NOT_REACHED: 2}
    assert {lead.code for lead in result.leads} == {"not_executed"}
    assert here.mock.requests.count("soap.convertLead") == 2
    here.mock.clear_faults()
    assert fates(here.apply(plan)) == {Outcome.APPLIED: 2}


def test_when_nothing_can_be_read_back_the_lead_is_in_doubt_until_recovery(here: Scene) -> None:
    leads = here.leads(2)
    plan = here.plan(leads)
    here.mock.add_fault(
        Fault(kind=FaultKind.DROP, route="soap.convertLead", effect=True),
        Fault(kind=FaultKind.UNAVAILABLE, route="collections.retrieve", skip=1, times=None),
    )
    result = here.apply(plan)
    assert fates(result) == {Outcome.IN_DOUBT: 2}
    assert result.exit_code() == 5
    here.mock.clear_faults()
    again = here.apply(plan)
    assert fates(again) == {Outcome.ALREADY_APPLIED: 2}
    assert here.mock.requests.count("soap.convertLead") == 1
    made = here.row("Lead", leads[0])["ConvertedOpportunityId"]
    assert here.row("Opportunity", made)["StageName"] == "Proposal/Price Quote"


def test_used_up_quota_stops_the_run_and_leaves_the_rest_not_reached(here: Scene) -> None:
    plan = here.plan(here.leads(12))
    here.mock.add_fault(Fault(kind=FaultKind.LIMIT, route="soap.convertLead", skip=1))
    result = here.apply(plan, limits=Limits(canary=5))
    assert fates(result) == {Outcome.APPLIED: 5, Outcome.NOT_REACHED: 7}
    assert (result.ending, result.code, result.exit_code()) == (Ending.API_RESERVE, "REQUEST_LIMIT_EXCEEDED", 6)
    here.mock.clear_faults()
    assert fates(here.apply(plan)) == {Outcome.ALREADY_APPLIED: 5, Outcome.APPLIED: 7}


def test_the_reserve_of_api_calls_is_never_touched(tmp_path) -> None:
    with scene(tmp_path, ORG_YAML + "limits: {daily_api_requests: 40}\n") as here:
        plan = here.plan(here.leads(12))
        result = here.apply(plan, limits=Limits(api_reserve=0.95))
        assert fates(result) == {Outcome.NOT_REACHED: 12}
        assert result.exit_code() == 6
        assert "--api-reserve" in str(result.reason)


@pytest.mark.parametrize("used_by_others", [0, 2, 4, 6, 8, 10, 12])
def test_no_call_of_a_run_is_answered_below_the_reserve(tmp_path, used_by_others: int) -> None:
    """Whatever other clients leave of the quota: what a run begins, it can finish above the reserve."""
    with scene(tmp_path, ORG_YAML + "limits: {daily_api_requests: 100}\n") as here:
        plan = here.plan(here.leads(12))
        usage = here.org.usage()
        assert usage is not None
        reserve = (usage.left - 14) / usage.allowed
        for _ in range(used_by_others):
            here.count("Lead")
        here.org.limits()  # any reply tells what the others left
        here.apply(plan, limits=Limits(canary=5, api_reserve=reserve))
        after = here.org.usage()
        assert after is not None
        assert after.left >= reserve * after.allowed


def test_a_stop_ends_the_run_at_the_next_action_and_running_again_continues(here: Scene) -> None:
    plan = here.plan(here.leads(12))
    result = here.apply(plan, limits=Limits(canary=5), stop=lambda: here.mock.requests.count("soap.convertLead") > 0)
    assert fates(result) == {Outcome.APPLIED: 5, Outcome.NOT_REACHED: 7}
    assert (result.ending, result.exit_code()) == (Ending.INTERRUPTED, 8)
    stages = {
        here.row("Opportunity", str(lead.made.opportunity_id))["StageName"]
        for lead in result.leads
        if lead.outcome is Outcome.APPLIED
    }
    assert stages == {"Proposal/Price Quote"}
    assert fates(here.apply(plan)) == {Outcome.ALREADY_APPLIED: 5, Outcome.APPLIED: 7}


def test_an_expired_session_is_told_as_refused_access(here: Scene) -> None:
    plan = here.plan(here.leads(2))
    here.mock.add_fault(Fault(kind=FaultKind.UNAUTHORIZED, route="soap.convertLead", times=None))
    result = here.apply(plan)
    assert fates(result) == {Outcome.NOT_REACHED: 2}
    assert (result.ending, result.exit_code()) == (Ending.ACCESS, 3)


def test_what_was_begun_above_the_reserve_is_finished_with_the_calls_kept_for_it(tmp_path) -> None:
    with scene(tmp_path, ORG_YAML + "limits: {daily_api_requests: 500}\n") as here:
        plan = here.plan(here.leads(60))
        for spare in range(30):  # the fewest calls above the reserve with which something is converted, and not all
            usage = here.org.usage()
            assert usage is not None
            result = here.apply(plan, limits=Limits(canary=5, api_reserve=(usage.left - spare) / usage.allowed))
            if here.count("Opportunity"):
                break
        converted = [lead for lead in result.leads if lead.outcome is Outcome.APPLIED]
        assert 0 < len(converted) < 60
        assert result.ending is Ending.API_RESERVE
        assert {lead.opportunity_fields for lead in converted} == {"applied"}
        assert {here.row("Opportunity", str(lead.made.opportunity_id))["StageName"] for lead in converted} == {
            "Proposal/Price Quote"
        }

from __future__ import annotations

from datetime import timedelta

import pytest
from apply_scene import START, Scene, convert_by_hand, fates
from plan_factories import NOW

from sync.plan.actions import ConvertLead, Outcome
from sync.policy.decision import Evidence
from sync.policy.schema import Limits


def test_a_person_who_edits_a_deciding_field_meanwhile_wins(here: Scene) -> None:
    leads = here.leads(3)
    plan = here.plan(leads)
    here.edit("Lead", leads[1], Budget__c=1)
    result = here.apply(plan)
    assert fates(result) == {Outcome.APPLIED: 2, Outcome.SUPERSEDED: 1}
    assert (result.leads[1].code, result.leads[1].fields) == ("lead_changed", ("Budget__c",))
    assert here.row("Lead", leads[1])["IsConverted"] is False
    assert result.exit_code() == 0


def test_an_edit_of_another_field_drops_nobody(here: Scene) -> None:
    leads = here.leads(2)
    plan = here.plan(leads)
    here.edit("Lead", leads[0], Phone="+1 555 0100", Rating="Hot")
    assert fates(here.apply(plan)) == {Outcome.APPLIED: 2}


def test_a_lead_that_somebody_converted_meanwhile_is_recognised(here: Scene) -> None:
    (lead,) = here.leads(1)
    plan = here.plan([lead])
    here.mock.clock.advance(60)
    convert_by_hand(here, lead)
    result = here.apply(plan)
    assert fates(result) == {Outcome.ALREADY_APPLIED: 1}
    assert result.leads[0].code == "converted_by_another"
    assert result.leads[0].made.account_id == here.row("Lead", lead)["ConvertedAccountId"]
    assert here.count("Account") == 1


def test_a_deleted_lead_is_superseded(here: Scene) -> None:
    leads = here.leads(2)
    plan = here.plan(leads)
    here.call("DELETE", f"/sobjects/Lead/{leads[0]}")
    result = here.apply(plan)
    assert fates(result) == {Outcome.SUPERSEDED: 1, Outcome.APPLIED: 1}
    assert result.leads[0].code == "lead_gone"


def _with_evidence(here: Scene, lead: str) -> tuple[dict[str, tuple[Evidence, ...]], dict[str, object], str]:
    (task,) = here.create("Task", {"WhoId": lead, "Subject": "Pricing call", "Status": "Completed"})
    here.mock.clock.advance(60)
    found = Evidence(signal="pricing_talk", object="Task", record_id=task, at=NOW, quote=None)
    return {lead: (found,)}, {task: START + timedelta(seconds=60)}, task


def test_evidence_that_stands_lets_the_lead_pass(here: Scene) -> None:
    (lead,) = here.leads(1)
    evidence, stamps, _ = _with_evidence(here, lead)
    plan = here.plan([lead], evidence=evidence, stamps=stamps)
    assert fates(here.apply(plan)) == {Outcome.APPLIED: 1}


def test_looking_at_evidence_is_in_the_forecast(here: Scene) -> None:
    (lead,) = here.leads(1)
    evidence, stamps, _ = _with_evidence(here, lead)
    plan = here.plan([lead], evidence=evidence, stamps=stamps)
    assert here.apply(plan).api_calls == plan.forecast_calls


def test_evidence_that_was_edited_supersedes_the_decision(here: Scene) -> None:
    (lead,) = here.leads(1)
    evidence, stamps, task = _with_evidence(here, lead)
    plan = here.plan([lead], evidence=evidence, stamps=stamps)
    here.edit("Task", task, Subject="No budget")
    result = here.apply(plan)
    assert (fates(result), result.leads[0].code) == ({Outcome.SUPERSEDED: 1}, "evidence_changed")


@pytest.mark.parametrize(("stands", "outcome"), [(None, "superseded"), (False, "superseded"), (True, "applied")])
def test_a_newer_activity_calls_for_a_new_decision(here: Scene, stands, outcome) -> None:
    (lead,) = here.leads(1)
    evidence, stamps, _ = _with_evidence(here, lead)
    plan = here.plan([lead], evidence=evidence, stamps=stamps)
    here.mock.clock.advance(60)
    here.create("Task", {"WhoId": lead, "Subject": "Too expensive"})
    asked = []

    def still_stands(leads):
        asked.append(leads)
        return dict.fromkeys(leads, stands)

    result = here.apply(plan, still_stands=None if stands is None else still_stands)
    assert result.leads[0].outcome.value == outcome
    assert asked == ([] if stands is None else [[lead]])


def test_in_a_long_run_leads_are_read_again_before_their_turn(here: Scene) -> None:
    leads = here.leads(4)
    plan = here.plan(leads)
    last = [a.lead_id for a in plan.actions if isinstance(a, ConvertLead)][-1]

    def slow(progress) -> None:
        if progress.step == "canary":
            here.mock.clock.advance(600)
            here.edit("Lead", last, Status="Open - Not Contacted")

    result = here.apply(plan, limits=Limits(canary=2), on_progress=slow)
    assert fates(result) == {Outcome.APPLIED: 3, Outcome.SUPERSEDED: 1}

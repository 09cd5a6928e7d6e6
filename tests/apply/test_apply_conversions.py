from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from apply_scene import OPPORTUNITY, ORG_YAML, START, Scene, fates, scene
from plan_factories import NOW

from sync.apply.outcome import Ending
from sync.ledger.entries import State
from sync.mockorg.faults import Fault, FaultKind
from sync.plan.actions import ConvertLead, Outcome
from sync.plan.matching import AccountCandidate, ContactCandidate, LeadMatches
from sync.policy.decision import Evidence
from sync.policy.schema import Limits, OpportunitySettings
from sync.salesforce.org import LeadConvert


def test_a_plan_is_carried_out_and_every_lead_accounted_for(here: Scene) -> None:
    leads = here.leads(3)
    result = here.apply(here.plan(leads, amount=1250.5))
    assert fates(result) == {Outcome.APPLIED: 3}
    assert (result.planned, result.exit_code()) == (3, 0)
    for lead in result.leads:
        row = here.row("Lead", lead.lead_id)
        assert row["IsConverted"] is True
        assert (row["ConvertedAccountId"], row["ConvertedContactId"], row["ConvertedOpportunityId"]) == (
            lead.made.account_id,
            lead.made.contact_id,
            lead.made.opportunity_id,
        )
        opportunity = here.row("Opportunity", str(lead.made.opportunity_id))
        assert (opportunity["StageName"], opportunity["CloseDate"], opportunity["Amount"]) == (
            "Proposal/Price Quote",
            "2026-06-03",
            1250.5,
        )
        assert lead.opportunity_fields == "applied"


def test_applying_twice_writes_nothing(here: Scene) -> None:
    plan = here.plan(here.leads(3))
    first = here.apply(plan)
    again = []
    assert here.writes(lambda: again.append(here.apply(plan))) == 0
    assert fates(again[0]) == {Outcome.ALREADY_APPLIED: 3}
    assert again[0].exit_code() == 0
    assert [lead.made for lead in again[0].leads] == [lead.made for lead in first.leads]
    assert {lead.code for lead in again[0].leads} == {None}


def test_a_second_plan_for_the_same_leads_converts_nothing_again(here: Scene) -> None:
    leads = here.leads(2)
    one, two = here.plan(leads), here.plan(leads, amount=5.0)
    assert one.plan_id != two.plan_id
    here.apply(one)
    assert fates(here.apply(two)) == {Outcome.ALREADY_APPLIED: 2}
    assert here.count("Account") == 2


def test_the_forecast_is_what_an_undisturbed_run_costs(here: Scene) -> None:
    plan = here.plan(here.leads(30))
    here.org.identity  # noqa: B018 -- asked once in the client's life, whatever the plan
    assert here.apply(plan).api_calls == plan.forecast_calls


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
    _convert_by_hand(here, lead)
    result = here.apply(plan)
    assert fates(result) == {Outcome.ALREADY_APPLIED: 1}
    assert result.leads[0].code == "converted_by_another"
    assert result.leads[0].made.account_id == here.row("Lead", lead)["ConvertedAccountId"]
    assert here.count("Account") == 1


def _convert_by_hand(here: Scene, lead: str) -> None:
    token, here.token = here.token, here.person_token
    try:
        person = here.client()
    finally:
        here.token = token
    person.convert([LeadConvert(lead_id=lead, converted_status="Closed - Converted")])


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


def test_leads_of_one_new_company_share_one_account(here: Scene) -> None:
    leads = here.leads(4, Company="Acme Inc.")
    result = here.apply(here.plan(leads))
    assert fates(result) == {Outcome.APPLIED: 4}
    assert len({lead.made.account_id for lead in result.leads}) == 1
    assert (here.count("Account"), here.count("Contact")) == (1, 4)


def test_followers_of_a_lead_that_was_not_converted_are_not_converted_either(here: Scene) -> None:
    leads = here.leads(3, Company="Acme Inc.")
    plan = here.plan(leads)
    here.edit("Lead", leads[0], Status="Open - Not Contacted")
    result = here.apply(plan)
    assert fates(result) == {Outcome.SUPERSEDED: 3}
    assert [lead.code for lead in result.leads] == ["lead_changed", "account_not_made", "account_not_made"]
    assert here.count("Account") == 0


def test_followers_attach_to_the_account_of_a_leader_converted_earlier(here: Scene) -> None:
    leads = here.leads(2, Company="Acme Inc.")
    plan = here.plan(leads)
    _convert_by_hand(here, leads[0])
    result = here.apply(plan)
    assert fates(result) == {Outcome.ALREADY_APPLIED: 1, Outcome.APPLIED: 1}
    assert here.count("Account") == 1


def test_with_reuse_two_leads_of_one_person_become_one_contact(here: Scene) -> None:
    leads = here.leads(2, Company="Acme", Email="ann@acme.example")
    result = here.apply(here.plan(leads, conversion=replace(OPPORTUNITY, duplicates="reuse")))
    assert fates(result) == {Outcome.APPLIED: 2}
    assert (here.count("Account"), here.count("Contact"), here.count("Opportunity")) == (1, 1, 2)


def test_with_attach_open_leads_of_one_company_share_the_new_opportunity(here: Scene) -> None:
    leads = here.leads(3, Company="Acme")
    shared = replace(OPPORTUNITY, opportunity=replace(OPPORTUNITY.opportunity, attach_open=True))
    result = here.apply(here.plan(leads, conversion=shared))
    assert fates(result) == {Outcome.APPLIED: 3}
    assert (here.count("Account"), here.count("Contact"), here.count("Opportunity")) == (1, 3, 1)


def test_a_matched_contact_and_account_are_attached_to(here: Scene) -> None:
    (account,) = here.create("Account", {"Name": "Acme"})
    (contact,) = here.create("Contact", {"LastName": "Known", "AccountId": account})
    (lead,) = here.leads(1)
    found = LeadMatches(
        lead_id=lead,
        accounts=(AccountCandidate(account_id=account, name="Acme", by="contact_email", found=contact),),
        contacts=(ContactCandidate(contact_id=contact, account_id=account),),
    )
    result = here.apply(here.plan([lead], matches=[found]))
    assert (result.leads[0].made.account_id, result.leads[0].made.contact_id) == (account, contact)
    assert (here.count("Account"), here.count("Contact")) == (1, 1)


REFUSING = (
    ORG_YAML
    + """
automations:
  - {object: Opportunity, name: NoBad, refuses_when: "CONTAINS(Name, 'Bad')", message: refused by a trigger}
"""
)


def test_a_refusal_is_one_leads_affair_and_told_in_the_orgs_words(tmp_path) -> None:
    with scene(tmp_path, REFUSING) as here:
        leads = [*here.leads(3), *here.leads(1, Company="Bad Co")]
        result = here.apply(here.plan(leads))
        assert fates(result) == {Outcome.APPLIED: 3, Outcome.REJECTED: 1}
        (refused,) = (lead for lead in result.leads if lead.outcome is Outcome.REJECTED)
        assert refused.lead_id == leads[3]
        assert refused.code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
        assert "refused by a trigger" in str(refused.message)
        assert result.exit_code() == 4
        events = here.ledger.audit(here.org.identity.org_id, lead_id=leads[3])
        assert [event.state for event in events] == ["intended", "rejected"]
        assert "refused by a trigger" not in repr(events)
        assert fates(here.apply(here.plan([leads[3]]))) == {Outcome.REJECTED: 1}


def test_a_bad_canary_stops_the_run_before_the_rest(tmp_path) -> None:
    with scene(tmp_path, REFUSING) as here:
        leads = here.leads(12, Company="Bad Co")
        plan = here.plan(leads, limits=Limits(canary=4))
        result = here.apply(plan, limits=Limits(canary=4))
        assert len(plan.actions) == 12
        assert fates(result)[Outcome.REJECTED] <= 4
        assert result.outcomes[Outcome.APPLIED] == 0
        assert here.count("Account") == 0


def test_a_bad_canary_of_many_companies_stops_the_run(tmp_path) -> None:
    with scene(tmp_path, REFUSING) as here:
        leads = [here.leads(1, Company=f"Bad Co {n}")[0] for n in range(12)]
        result = here.apply(here.plan(leads), limits=Limits(canary=4))
        assert fates(result) == {Outcome.REJECTED: 4, Outcome.NOT_REACHED: 8}
        assert (result.ending, result.exit_code()) == (Ending.FAILURES, 4)
        assert "--max-failures" in str(result.reason)


def test_a_few_refusals_within_the_limit_stop_nothing(tmp_path) -> None:
    with scene(tmp_path, REFUSING) as here:
        leads = [*here.leads(30), *here.leads(1, Company="Bad Co")]
        result = here.apply(here.plan(leads), limits=Limits(canary=5))
        assert fates(result) == {Outcome.APPLIED: 30, Outcome.REJECTED: 1}
        assert result.ending is Ending.DONE


def test_predicted_blocked_leads_are_not_sent_and_not_counted_as_planned(here: Scene) -> None:
    leads = [*here.leads(1), *here.leads(1, Company="x" * 90)]
    result = here.apply(here.plan(leads))
    assert (result.planned, result.predicted_blocked) == (1, 1)
    assert (result.exit_code(), result.exit_code(strict=True)) == (0, 4)
    assert here.row("Lead", leads[1])["IsConverted"] is False


HEAVY = (
    ORG_YAML
    + """
automations:
  - {object: Contact, name: Heavy, queries_per_record: 9}
"""
)


def test_batches_halve_on_governor_limits_and_the_size_is_remembered(tmp_path) -> None:
    with scene(tmp_path, HEAVY) as here:
        org_id = here.org.identity.org_id
        result = here.apply(here.plan(here.leads(25)), limits=Limits(canary=0))
        assert fates(result) == {Outcome.APPLIED: 25}
        size = here.ledger.pace(org_id).size
        assert 1 <= size <= 12
        calls = here.mock.requests.count("soap.convertLead")
        assert fates(here.apply(here.plan(here.leads(size)), limits=Limits(canary=0))) == {Outcome.APPLIED: size}
        assert here.mock.requests.count("soap.convertLead") == calls + 1


TOO_HEAVY = HEAVY.replace("queries_per_record: 9", "queries_per_record: 200")


def test_a_lead_too_heavy_even_alone_is_rejected(tmp_path) -> None:
    with scene(tmp_path, TOO_HEAVY) as here:
        result = here.apply(here.plan(here.leads(2)), limits=Limits(stop_at_failures=1.0))
        assert fates(result) == {Outcome.REJECTED: 2}


def test_row_locks_are_tried_again_one_by_one(here: Scene) -> None:
    leads = here.leads(3)
    here.mock.add_fault(Fault(kind=FaultKind.ROW_LOCK, route="soap.convertLead", record=leads[1], times=1))
    result = here.apply(here.plan(leads))
    assert fates(result) == {Outcome.APPLIED: 3}
    states = [e.state for e in here.ledger.audit(here.org.identity.org_id, lead_id=leads[1])]
    assert states == ["intended", "not_applied", "intended", "applied", *states[4:]]


def test_a_row_that_stays_locked_is_rejected_with_its_code(here: Scene) -> None:
    leads = here.leads(2)
    here.mock.add_fault(Fault(kind=FaultKind.ROW_LOCK, route="soap.convertLead", record=leads[1], times=None))
    result = here.apply(here.plan(leads))
    assert fates(result) == {Outcome.APPLIED: 1, Outcome.REJECTED: 1}
    assert result.leads[1].code == "UNABLE_TO_LOCK_ROW"
    here.mock.clear_faults()
    assert fates(here.apply(here.plan([leads[1]]))) == {Outcome.APPLIED: 1}


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


def test_progress_is_told_step_by_step(here: Scene) -> None:
    told = []
    here.apply(here.plan(here.leads(12)), limits=Limits(canary=5), on_progress=told.append)
    assert [(p.step, p.done, p.planned) for p in told] == [
        ("re-reading", 0, 12),
        ("canary", 5, 12),
        ("conversions", 12, 12),
        ("opportunity fields", 12, 12),
        ("comparing", 12, 12),
    ]


def test_an_opportunity_that_somebody_works_on_keeps_its_values(here: Scene) -> None:
    leads = here.leads(1)
    plan = here.plan(leads)
    here.mock.add_fault(Fault(kind=FaultKind.UNAVAILABLE, route="collections.retrieve", skip=1, times=None))
    result = here.apply(plan)
    assert fates(result) == {Outcome.APPLIED: 1}
    assert result.leads[0].opportunity_fields == "not_reached"
    here.mock.clear_faults()
    here.edit("Opportunity", str(result.leads[0].made.opportunity_id), StageName="Negotiation/Review")
    here.apply(plan)
    row = here.row("Opportunity", str(result.leads[0].made.opportunity_id))
    assert row["StageName"] == "Negotiation/Review"


def test_an_opportunity_that_nobody_touched_gets_its_fields_later(here: Scene) -> None:
    plan = here.plan(here.leads(1))
    here.mock.add_fault(Fault(kind=FaultKind.DROP, route="composite", skip=2, times=None))  # two for the pre-image
    result = here.apply(plan)
    assert result.leads[0].outcome is Outcome.APPLIED
    assert result.leads[0].opportunity_fields == State.NOT_APPLIED.value
    here.mock.clear_faults()
    here.apply(plan)
    made = str(result.leads[0].made.opportunity_id)
    assert here.row("Opportunity", made)["StageName"] == "Proposal/Price Quote"


def test_without_planned_fields_nothing_follows(here: Scene) -> None:
    conversion = replace(OPPORTUNITY, opportunity=OpportunitySettings())
    result = here.apply(here.plan(here.leads(1), conversion=conversion))
    assert result.leads[0].opportunity_fields is None


def test_the_json_document_has_the_keys_that_machines_rely_on(here: Scene) -> None:
    document = here.apply(here.plan(here.leads(1))).as_json()
    assert {"run_id", "plan_id", "outcomes", "planned", "api_calls", "seconds", "leads"} <= document.keys()
    assert document["outcomes"] == {
        "applied": 1,
        "already_applied": 0,
        "superseded": 0,
        "rejected": 0,
        "in_doubt": 0,
        "not_reached": 0,
    }
    (lead,) = document["leads"]
    assert {
        "lead_id",
        "kind",
        "outcome",
        "code",
        "message",
        "account_id",
        "contact_id",
        "opportunity_id",
    } <= lead.keys()


def test_opportunity_fields_that_row_locks_kept_away_are_set_by_the_next_run(here: Scene) -> None:
    leads = here.leads(1)
    plan = here.plan(leads, amount=100.0)
    here.mock.add_fault(Fault(kind=FaultKind.ROW_LOCK, route="rows.update", times=3))
    result = here.apply(plan)
    assert fates(result) == {Outcome.APPLIED: 1}
    assert result.leads[0].opportunity_fields == State.NOT_APPLIED.value
    opportunity = str(result.leads[0].made.opportunity_id)
    assert here.row("Opportunity", opportunity)["Amount"] is None
    assert fates(here.apply(plan)) == {Outcome.ALREADY_APPLIED: 1}
    assert here.row("Opportunity", opportunity)["Amount"] == 100.0

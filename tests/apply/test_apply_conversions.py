from __future__ import annotations

from dataclasses import replace

from apply_scene import OPPORTUNITY, Scene, convert_by_hand, fates

from sync.plan.actions import Outcome
from sync.plan.matching import AccountCandidate, ContactCandidate, LeadMatches
from sync.policy.schema import Limits


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
    convert_by_hand(here, leads[0])
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


def test_predicted_blocked_leads_are_not_sent_and_not_counted_as_planned(here: Scene) -> None:
    leads = [*here.leads(1), *here.leads(1, Company="x" * 90)]
    result = here.apply(here.plan(leads))
    assert (result.planned, result.predicted_blocked) == (1, 1)
    assert (result.exit_code(), result.exit_code(strict=True)) == (0, 4)
    assert here.row("Lead", leads[1])["IsConverted"] is False


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

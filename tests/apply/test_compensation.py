"""After a conversion that should not have been: a new lead like the old one, and what was made is gone where unused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from apply_scene import PERSON, Scene, fates
from test_pre_images import HOSTILE

from sync.apply.compensate import CompensationResult, apply_compensation
from sync.apply.recover import recover
from sync.errors import LeadgateError, PlanInvalid
from sync.insight.compensating import draw_up_compensation
from sync.ledger.entries import State
from sync.mockorg.faults import Fault, FaultKind
from sync.plan.actions import Outcome
from sync.plan.compensation import CompensationPlan, CreateLead, DeleteRecord
from sync.plan.compensation_file import decode, encode, is_compensation
from sync.plan.matching import AccountCandidate, LeadMatches

pytestmark = pytest.mark.slow  # many whole conversions; the scenario stays among the fast tests


def compensation(here: Scene, *leads: str) -> CompensationPlan:
    """By way of its file, as a user's is."""
    made = draw_up_compensation(here.org, here.ledger, here.pre_images, leads, created_at=here.mock.clock.now())
    text = encode(made)
    assert is_compensation(text)
    assert decode(text, "plan.json") == made
    return made


def carry_out(here: Scene, plan: CompensationPlan, **options: Any) -> CompensationResult:
    return apply_compensation(plan, here.org, here.ledger, here.options(**options))


def converted(here: Scene, *leads: str, **options: Any) -> None:
    """Convert them; an hour passes."""
    result = here.apply(here.plan(leads, amount=100.0, **options))
    assert fates(result) == {Outcome.APPLIED: len(leads)}
    here.mock.clock.advance(3600)


def full_lead(here: Scene, **values: Any) -> tuple[str, dict[str, str]]:
    """A lead with a bit of everything on it."""
    (lead,) = here.leads(1, Description=HOSTILE, Email="a.o'brien@acme.example", Budget__c=1234.56, **values)
    (task,) = here.create("Task", {"WhoId": lead, "Subject": "Call", "Status": "Completed"})
    (event,) = here.create("Event", {"WhoId": lead, "ActivityDateTime": "2026-05-04T08:00:00Z", "DurationInMinutes": 5})
    (campaign,) = here.create("Campaign", {"Name": "Fair"})
    (member,) = here.create("CampaignMember", {"CampaignId": campaign, "LeadId": lead, "Status": "Responded"})
    here.mock.clock.advance(60)
    return lead, {"task": task, "event": event, "campaign": campaign, "member": member}


UNLIKE = {
    "Id",
    "attributes",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "LastModifiedById",
    "SystemModstamp",
    "IsConverted",
    "LastActivityDate",
    "LastViewedDate",
    "LastReferencedDate",
    "PhotoUrl",
}


def test_the_new_lead_equals_the_old_one_and_what_was_made_is_gone(here: Scene) -> None:
    lead, has = full_lead(here, Company="O'Brien & <Sons>")
    before = here.row("Lead", lead)
    converted(here, lead)
    plan = compensation(here, lead)
    assert [action.kind for action in plan.actions] == [
        "create_lead",
        "move_activity",
        "move_activity",
        "add_campaign_member",
        "delete_record",
        "delete_record",
        "delete_record",
    ]
    assert [a.object for a in plan.actions if isinstance(a, DeleteRecord)] == ["Opportunity", "Contact", "Account"]
    assert plan.kept == ()
    result = carry_out(here, plan)
    assert fates(result.run) == {Outcome.APPLIED: 7}, result.as_json()
    assert result.run.exit_code() == 0
    new = result.new_leads[lead]
    after = here.row("Lead", new)
    assert {n: v for n, v in after.items() if n not in UNLIKE} == {n: v for n, v in before.items() if n not in UNLIKE}
    assert after["IsConverted"] is False
    for name, record in (("Task", has["task"]), ("Event", has["event"])):
        assert (here.row(name, record)["WhoId"], here.row(name, record)["WhatId"]) == (new, None)
    assert here.count("CampaignMember", f"LeadId = '{new}' AND Status = 'Responded'") == 1
    assert [here.count(name) for name in ("Account", "Contact", "Opportunity")] == [0, 0, 0]
    assert here.row("Lead", lead)["IsConverted"] is True, "the old one stays what it is"
    assert here.ledger.verify_chain(plan.org_id).intact


@pytest.mark.slow
def test_the_forecast_is_no_less_than_what_it_costs(here: Scene) -> None:
    lead, _ = full_lead(here)
    converted(here, lead)
    plan = compensation(here, lead)
    assert carry_out(here, plan).run.api_calls <= plan.forecast_calls


@pytest.mark.slow
def test_no_value_of_a_person_stands_in_the_plan_or_the_ledger(here: Scene) -> None:
    lead, _ = full_lead(here, LastName="Zanzibar", Company="Quagmire")
    converted(here, lead)
    plan = compensation(here, lead)
    carry_out(here, plan)
    here.ledger.dispose()
    for content in (encode(plan).encode(), (here.folder / "ledger.sqlite").read_bytes()):
        assert not any(word in content for word in (b"Zanzibar", b"Quagmire", b"brien@"))


@pytest.mark.slow
def test_what_was_there_before_is_kept(here: Scene) -> None:
    (account,) = here.create("Account", {"Name": "Known"})
    (lead,) = here.leads(1, Company="Known")
    found = AccountCandidate(account_id=account, name="Known", by="company_name", found="known")
    converted(here, lead, matches=[LeadMatches(lead_id=lead, accounts=(found,))])
    plan = compensation(here, lead)
    assert [(one.object, one.record_id, one.code) for one in plan.kept] == [("Account", account, "existed_before")]
    assert fates(carry_out(here, plan).run) == {Outcome.APPLIED: 3}
    assert [here.count(name) for name in ("Account", "Contact", "Opportunity")] == [1, 0, 0]


def made_by(here: Scene, lead: str) -> dict[str, str]:
    row = here.row("Lead", lead)
    return {name: row[f"Converted{name}Id"] for name in ("Account", "Contact", "Opportunity")}


def seldom(*values: Any, id: str) -> Any:  # noqa: A002 -- as pytest calls it
    """A case of `make test-all`."""
    return pytest.param(*values, id=id, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("use", "stays"),
    [
        pytest.param(
            lambda here, made: here.edit("Contact", made["Contact"], Phone="1"),
            {"Contact", "Account"},
            id="contact edited",
        ),
        seldom(
            lambda here, made: here.edit("Opportunity", made["Opportunity"], Amount=7),
            {"Opportunity", "Contact", "Account"},
            id="opportunity edited",
        ),
        seldom(lambda here, made: here.edit("Account", made["Account"], Phone="1"), {"Account"}, id="account edited"),
        seldom(
            lambda here, made: here.create("Task", {"WhoId": made["Contact"], "Subject": "New"}),
            {"Contact", "Account"},
            id="task of the contact",
        ),
        seldom(
            lambda here, made: here.create("Task", {"WhatId": made["Opportunity"], "Subject": "New"}),
            {"Opportunity", "Contact", "Account"},
            id="task of the opportunity",
        ),
        seldom(
            lambda here, made: here.create("Contact", {"LastName": "X", "AccountId": made["Account"]}),
            {"Account"},
            id="another contact",
        ),
        seldom(
            lambda here, made: here.create("Contact", {"LastName": "X", "ReportsToId": made["Contact"]}),
            {"Contact", "Account"},
            id="somebody who reports to the contact",
        ),
    ],
)
def test_what_somebody_has_used_since_is_kept(here: Scene, use: Any, stays: set[str]) -> None:
    (lead,) = here.leads(1)
    converted(here, lead)
    made = made_by(here, lead)
    used_later = compensation(here, lead)
    use(here, made)
    plan = compensation(here, lead)
    assert {one.object for one in plan.kept} == stays
    result = carry_out(here, used_later)
    assert result.run.outcomes[Outcome.SUPERSEDED] == len(stays), "also when used after the plan"
    for name, record in made.items():
        assert here.count(name, f"Id = '{record}'") == (name in stays), name
    assert here.count("Lead", "IsConverted = false") == 1


def test_leads_of_one_new_account_take_it_along_only_together(here: Scene) -> None:
    leads = here.leads(2, Company="Acme Inc.")
    converted(here, *leads)
    assert here.count("Account") == 1
    one = compensation(here, leads[1])
    assert [(kept.object, kept.code) for kept in one.kept] == [("Account", "made_for_another_lead")]
    first = compensation(here, leads[0])
    assert [(kept.object, kept.code) for kept in first.kept] == [("Account", "used_since")]
    both = compensation(here, *leads)
    assert both.kept == ()
    assert carry_out(here, both).run.exit_code() == 0
    assert [here.count(name) for name in ("Account", "Contact", "Opportunity")] == [0, 0, 0]


@pytest.mark.slow
def test_an_activity_that_somebody_moved_stays_where_it_is(here: Scene) -> None:
    lead, has = full_lead(here)
    converted(here, lead)
    (other,) = here.create("Contact", {"LastName": "Other"})
    here.edit("Task", has["task"], WhoId=other)
    plan = compensation(here, lead)
    assert [(kept.record_id, kept.code) for kept in plan.kept if kept.object == "Task"] == [
        (has["task"], "moved_since")
    ]
    carry_out(here, plan)
    assert here.row("Task", has["task"])["WhoId"] == other


@pytest.mark.slow
def test_applied_twice_does_nothing_more(here: Scene) -> None:
    lead, _ = full_lead(here)
    converted(here, lead)
    plan = compensation(here, lead)
    first = carry_out(here, plan)
    again = carry_out(here, plan)
    assert fates(again.run) == {Outcome.ALREADY_APPLIED: 7}
    assert again.new_leads == first.new_leads
    assert here.count("Lead", "IsConverted = false") == 1
    assert [held.code for held in compensation(here, lead).held] == ["compensated_already"]


def test_what_can_not_be_compensated_is_held_and_said(here: Scene) -> None:
    mine, forgotten, open_ = here.leads(3)
    converted(here, mine, forgotten)
    here.pre_images.forget([forgotten])
    assert {h.lead_id: h.code for h in compensation(here, mine, forgotten, open_).held} == {
        forgotten: "no_pre_image",
        open_: "not_converted_here",
    }


@pytest.mark.slow
def test_a_person_forgotten_after_the_plan_is_not_made_again(here: Scene) -> None:
    (lead,) = here.leads(1)
    converted(here, lead)
    plan = compensation(here, lead)
    here.pre_images.forget([lead])
    result = carry_out(here, plan)
    assert result.run.leads[0].code == "pre_image_gone"
    assert here.count("Lead", "IsConverted = false") == 0
    assert here.count("Contact") == 1, "without a new lead nothing is deleted"


def test_a_plan_that_was_changed_is_refused(here: Scene) -> None:
    (lead,) = here.leads(1)
    converted(here, lead)
    text = encode(compensation(here, lead))
    for old, new in (('"Account"', '"User"'), ("create_lead", "convert_lead"), ('"format": 1', '"format": 2')):
        assert old in text
        with pytest.raises(PlanInvalid):
            decode(text.replace(old, new), "plan.json")
    for cut in range(0, len(text) - 2, 97):
        with pytest.raises(PlanInvalid):
            decode(text[:cut], "plan.json")


@pytest.mark.slow
def test_a_plan_for_another_org_is_refused(here: Scene) -> None:
    (lead,) = here.leads(1)
    converted(here, lead)
    with pytest.raises(PlanInvalid, match="is for org"):
        carry_out(here, replace(compensation(here, lead), org_id="00D000000000009EAA"))


@pytest.mark.slow
def test_a_lead_that_the_org_refuses_now_keeps_everything_else_as_it_is(here: Scene) -> None:
    lead, has = full_lead(here)
    converted(here, lead)
    plan = compensation(here, lead)
    here.mock.add_fault(Fault(kind=FaultKind.LIMIT, route="collections.create", times=None))
    result = carry_out(here, plan)
    assert result.run.exit_code() != 0
    assert here.count("Contact") == 1
    assert here.row("Task", has["task"])["WhoId"] != lead
    here.mock.clear_faults()
    assert fates(carry_out(here, plan).run) == {Outcome.APPLIED: 7}


@pytest.mark.slow
def test_an_inactive_owner_is_told_and_the_plan_goes_on_once_he_is_back(here: Scene) -> None:
    (user,) = here.org.query(f"SELECT Id FROM User WHERE Username = '{PERSON}'")  # noqa: S608 -- our own words
    owner = str(user["Id"])
    (lead,) = here.leads(1, OwnerId=owner)
    converted(here, lead)
    plan = compensation(here, lead)
    here.call("PATCH", f"/sobjects/User/{owner}", json={"IsActive": False}, person=False)
    refused = carry_out(here, plan)
    assert fates(refused.run) == {Outcome.REJECTED: 1, Outcome.NOT_REACHED: 3}
    assert refused.run.exit_code() == 4
    assert refused.run.leads[0].message
    assert here.org.count("SELECT COUNT() FROM Contact") == 1
    here.call("PATCH", f"/sobjects/User/{owner}", json={"IsActive": True}, person=False)
    assert fates(carry_out(here, plan).run) == {Outcome.APPLIED: 4}


@pytest.mark.parametrize(
    ("route", "lost"),
    [
        pytest.param("collections.create", "after its effect", id="new lead made"),
        seldom("collections.create", "before its effect", id="new lead not made"),
        seldom("composite", "after its effect", id="activities moved"),
        seldom("composite", "before its effect", id="activities not moved"),
        seldom("collections.delete", "after its effect", id="deleted"),
        seldom("collections.delete", "before its effect", id="not deleted"),
    ],
)
def test_a_lost_answer_is_read_back(here: Scene, route: str, lost: str) -> None:
    lead, _ = full_lead(here)
    converted(here, lead)
    plan = compensation(here, lead)
    writes = 3 if route == "composite" else 0
    here.mock.add_fault(
        Fault(kind=FaultKind.DROP, route=route, effect=lost == "after its effect", skip=writes, times=1)
    )
    result = carry_out(here, plan)
    assert sum(result.run.outcomes.values()) == 7
    assert result.run.exit_code() == 0, result.as_json()
    assert here.count("Lead", "IsConverted = false") == 1
    assert [here.count(name) for name in ("Account", "Contact", "Opportunity")] == [0, 0, 0]


@pytest.mark.slow
def test_leads_that_are_alike_never_share_a_call_and_each_gets_one_new_lead(here: Scene) -> None:
    leads = here.leads(3, LastName="Same", Company="Same")
    converted(here, *leads)
    plan = compensation(here, *leads)
    here.mock.add_fault(Fault(kind=FaultKind.DROP, route="collections.create", effect=True, skip=1, times=1))
    result = carry_out(here, plan)
    assert len(set(result.new_leads.values())) == 3
    assert here.count("Lead", "IsConverted = false") == 3


def test_a_lead_that_is_only_like_the_new_one_leaves_it_in_doubt(here: Scene) -> None:
    (lead,) = here.leads(1, LastName="Miller", Company="Mill")
    converted(here, lead)
    plan = compensation(here, lead)
    twin = {"LastName": "Miller", "Company": "Mill", "Status": "Working - Contacted"}
    here.mock.add_fault(Fault(kind=FaultKind.DROP, route="collections.create", effect=True, times=1))
    someone = here.org.create

    def and_another(records: Any, **options: Any) -> Any:  # somebody works under leadgate's user at the same time
        here.call("POST", "/sobjects/Lead", json=twin, person=False)
        return someone(records, **options)

    here.org.create = and_another  # type: ignore[method-assign] -- the world changes meanwhile
    result = carry_out(here, plan)
    assert fates(result.run) == {Outcome.IN_DOUBT: 1, Outcome.NOT_REACHED: 3}
    assert result.run.exit_code() == 5
    assert result.run.leads[0].code == "new_lead_ambiguous"
    del here.org.create
    report = recover(here.org, here.ledger, here.options())
    assert report.still_in_doubt == 1
    assert report.problem is not None
    double = here.call("GET", "/query", params={"q": "SELECT Id FROM Lead WHERE IsConverted = false"}).json()["records"]
    here.call("DELETE", f"/sobjects/Lead/{double[0]['Id']}")
    assert recover(here.org, here.ledger, here.options()).closed[0].state is State.APPLIED
    assert carry_out(here, plan).run.exit_code() == 0
    assert here.count("Lead", "IsConverted = false") == 1


@pytest.mark.slow
def test_the_pre_images_can_not_be_read(here: Scene) -> None:
    (lead,) = here.leads(1)
    converted(here, lead)
    plan = compensation(here, lead)
    assert isinstance(plan.actions[0], CreateLead)
    here.pre_images.path.write_bytes(b"x" * 5000)
    with pytest.raises(LeadgateError, match="pre-images can't be used"):
        carry_out(here, plan)
    here.pre_images.path.unlink()
    assert carry_out(here, plan).run.leads[0].code == "pre_image_gone"

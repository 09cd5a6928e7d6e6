from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from plan_factories import IDLE, MODIFIED, NOW, OWNER, QUEUE, decision, lead, plan, sf_id
from planned import ACME, at_acme, codes, conversions

from sync.plan.actions import Prediction, UpdateStatus
from sync.plan.matching import OpenOpportunity
from sync.policy.decision import Evidence, Verdict
from sync.policy.schema import ConversionSettings, OpportunitySettings


def test_a_ready_lead_becomes_a_conversion_that_says_what_it_makes() -> None:
    made = plan([lead(1)])
    (action,) = conversions(made)
    assert action.prediction is Prediction.WILL_SUCCEED
    assert action.creates == ("Account", "Contact", "Opportunity")
    assert action.convert.status == "Closed - Converted"
    assert action.convert.account.name == "Company 1"
    assert made.counts == {
        "leads": 1,
        "ready": 1,
        "blocked": 0,
        "out_of_scope": 0,
        "open_leads": 1,
        "update_status": 0,
        "convert_lead": 1,
        "will_succeed": 1,
        "predicted_blocked": 0,
    }


def test_a_lead_that_is_not_ready_gets_only_its_transition() -> None:
    row = lead(1, status="Open - Not Contacted")
    made = plan([row], decisions=[decision(row, Verdict.BLOCKED, to="Working")])
    (action,) = made.actions
    assert isinstance(action, UpdateStatus)
    assert (action.from_, action.to) == ("Open - Not Contacted", "Working - Contacted")


def test_a_lead_that_will_be_converted_gets_no_status_update_beside_it() -> None:
    row = lead(1)
    made = plan([row], decisions=[decision(row, to="Open - Not Contacted")])
    assert [action.kind for action in made.actions] == ["convert_lead"]


def test_a_lead_whose_conversion_is_blocked_still_gets_its_status() -> None:
    row = lead(1, company=None)
    made = plan([row], decisions=[decision(row, to="Open - Not Contacted")])
    assert [(a.kind, a.prediction.value) for a in made.actions] == [
        ("update_status", "will_succeed"),
        ("convert_lead", "blocked"),
    ]


def test_a_forced_lead_is_converted_and_marked_as_forced() -> None:
    row = lead(1)
    made = plan([row], decisions=[decision(row, Verdict.BLOCKED)], forced=(str(row["id"]),))
    (action,) = conversions(made)
    assert action.decision.forced
    assert action.decision.verdict == "blocked"


def test_the_same_input_gives_the_same_plan() -> None:
    assert plan([lead(1), lead(2)]) == plan([lead(2), lead(1)])


def test_the_precondition_holds_deciding_fields_by_api_name_and_people_only_as_digests() -> None:
    (action,) = conversions(plan([lead(1)], deciding=("pricing_discussed", "budget")))
    expected = action.expects
    assert expected.system_modstamp == MODIFIED
    assert expected.values["Pricing_Discussed__c"] is True
    assert expected.values["Budget__c"] == Decimal(5000)
    assert expected.values["IsConverted"] is False
    assert expected.values["OwnerId"] == OWNER
    assert str(expected.values["Email"]).startswith("sha256:")
    assert expected.values["Website"] is None


def test_evidence_stands_in_the_plan_as_record_ids_only() -> None:
    row, task = lead(1), sf_id("00T", 1)
    found = Evidence(signal="pricing_talk", object="Task", record_id=task, at=NOW, quote="the price is 100")
    lead_id = str(row["id"])
    first = plan([row], evidence={lead_id: (found,)}, stamps={task: MODIFIED})
    later = plan([row], evidence={lead_id: (found,)}, stamps={task: MODIFIED + timedelta(seconds=1)})
    assert first.actions[0].decision.evidence == (task,)
    assert first.actions[0].expects.activities not in {"", later.actions[0].expects.activities}
    assert "the price" not in repr(first)


def test_planned_opportunity_fields_come_from_policy_and_decision() -> None:
    settings = ConversionSettings(
        opportunity=OpportunitySettings(name="{company} {missing}", stage="Qualification", close_in_days=60)
    )
    row = lead(1)
    (action,) = conversions(plan([row], decisions=[decision(row, amount=250.5)], conversion=settings))
    assert action.convert.opportunity is not None
    assert action.convert.opportunity.name == "Company 1"
    assert action.convert.opportunity_fields == {
        "StageName": "Qualification",
        "CloseDate": date(2026, 7, 3),
        "Amount": Decimal("250.5"),
    }


def test_no_opportunity_is_made_where_the_policy_wants_none() -> None:
    row = lead(1)
    (action,) = conversions(plan([row], decisions=[decision(row, wants_opportunity=False)]))
    assert action.convert.opportunity is None
    assert action.creates == ("Account", "Contact")


def test_one_open_opportunity_of_the_account_is_attached_to_when_the_policy_says_so() -> None:
    found = replace(
        at_acme(lead(1), 1),
        opportunities=(OpenOpportunity(opportunity_id=sf_id("006", 1), account_id=ACME, name="Renewal"),),
    )
    settings = ConversionSettings(opportunity=OpportunitySettings(attach_open=True, stage="Qualification"))
    (action,) = conversions(plan([lead(1)], conversion=settings, matches=[found]))
    assert action.matches == {"Account": ACME, "Opportunity": sf_id("006", 1)}
    assert action.convert.opportunity_fields == {}


@pytest.mark.parametrize(
    ("settings", "owner", "expected"),
    [
        (ConversionSettings(), OWNER, (None, [])),
        (ConversionSettings(), QUEUE, (None, ["INVALID_OWNER"])),
        (ConversionSettings(), IDLE, (None, ["INACTIVE_OWNER_OR_USER"])),
        (ConversionSettings(queue_owner="ann@org.example"), QUEUE, (OWNER, [])),
        (ConversionSettings(queue_owner=OWNER), IDLE, (OWNER, [])),
        (ConversionSettings(owner="ANN@org.example"), QUEUE, (OWNER, [])),
        (ConversionSettings(owner=IDLE), OWNER, (IDLE, ["INACTIVE_OWNER_OR_USER"])),
        (ConversionSettings(owner="nobody@org.example"), OWNER, (None, ["INVALID_CROSS_REFERENCE_KEY"])),
    ],
    ids=["active", "queue", "inactive", "queue_owner", "queue_owner_for_inactive", "named", "named_idle", "nobody"],
)
def test_the_new_records_get_a_valid_owner_or_the_lead_is_held(settings, owner, expected) -> None:
    (action,) = conversions(plan([lead(1, owner_id=owner)], conversion=settings))
    assert (action.convert.owner_id, codes(action)) == expected

from __future__ import annotations

from plan_factories import described, facts, lead, plan
from planned import ACME, CONTACT, at_acme, conversions

from sync.plan.facts import (
    ChildrenFact,
    FieldFact,
)
from sync.plan.matching import ContactCandidate


def test_the_loss_report_names_what_goes_nowhere() -> None:
    org = facts(objects=[described("Account", FieldFact(name="Phone", label="Phone", length=10))])
    row = lead(1, pain_point="slow quotes", phone="+1 555 0100 200")
    found = ContactCandidate(contact_id=CONTACT, account_id=None)
    assert found.account_id is None
    (action,) = conversions(plan([row], org=org))
    assert [(loss.kind, loss.field) for loss in action.losses] == [
        ("unmapped_field", "Budget__c"),
        ("unmapped_field", "Pain_Point__c"),
        ("truncated", "Phone"),
        ("unmapped_field", "Pricing_Discussed__c"),
    ]


def test_custom_records_that_stay_on_the_converted_lead_are_in_the_loss_report() -> None:
    row = lead(1)
    demos = ChildrenFact(object="Demo__c", field="Lead__c", count=2)
    (action,) = conversions(plan([row], org=facts(children={str(row["id"]): (demos,)})))
    (loss,) = [loss for loss in action.losses if loss.kind == "children"]
    assert (loss.field, loss.detail.split(" to ")[0]) == ("Demo__c.Lead__c", "2 records point")


def test_values_that_an_existing_record_keeps_are_in_the_loss_report() -> None:
    row = lead(1, phone="+1 555 0100", website="https://new.example")
    org = facts(objects=[described("Account", FieldFact(name="Website", label="Website"))])
    kept = {ACME: {"Phone": "+1 555 0199", "Website": None, "Name": "Company 1"}}
    (action,) = conversions(plan([row], org=org, matches=[at_acme(row, 1)], attached=kept))
    assert [loss.field for loss in action.losses if loss.kind == "kept_by_target"] == ["Phone"]
    assert "0199" not in repr(action.losses)

from __future__ import annotations

import pytest
from model_world import CONVERTED, a_lead, an_org, converted, every, make, refusal, row

from sync.mockorg import rows
from sync.mockorg.conversion import ConvertHeaders, LeadConvert, convert
from sync.mockorg.errors import SalesforceError
from sync.mockorg.org import Org

ALREADY = ("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


def test_a_conversion_makes_account_contact_and_opportunity_of_the_lead(org: Org) -> None:
    lead = a_lead(org, FirstName="Ann", Email="ann@acme.example", Phone="1", Website="acme.example", LeadSource="Web")
    result = converted(org, lead)
    assert result.success
    account, contact = row(org, "Account", result.account_id), row(org, "Contact", result.contact_id)
    opportunity = row(org, "Opportunity", result.opportunity_id)
    assert (account["Name"], account["Website"], account["Phone"]) == ("Acme", "acme.example", "1")
    assert (contact["Name"], contact["Email"], contact["AccountId"]) == (
        "Ann Miller",
        "ann@acme.example",
        account["Id"],
    )
    assert (opportunity["Name"], opportunity["AccountId"], opportunity["LeadSource"]) == ("Acme", account["Id"], "Web")
    assert (opportunity["StageName"], opportunity["CloseDate"]) == ("Prospecting", "2026-06-30")


def test_the_lead_stays_as_a_converted_row(org: Org) -> None:
    lead = a_lead(org)
    org.clock.advance(60)
    result = converted(org, lead)
    after = row(org, "Lead", lead)
    assert (after["IsConverted"], after["Status"], after["ConvertedDate"]) == (1, CONVERTED, "2026-05-04")
    ids = (after["ConvertedAccountId"], after["ConvertedContactId"], after["ConvertedOpportunityId"])
    assert ids == (result.account_id, result.contact_id, result.opportunity_id)
    assert after["SystemModstamp"] == "2026-05-04T09:31:00.000Z"


def test_a_lead_converts_once(org: Org) -> None:
    lead = a_lead(org)
    assert converted(org, lead).success
    again = converted(org, lead)
    assert refusal(again) == ALREADY
    assert (again.lead_id, again.account_id) == (None, None)
    assert len(every(org, "Account")) == 1


def test_a_lead_that_stands_twice_in_a_call_converts_once(org: Org) -> None:
    lead = a_lead(org)
    asked = LeadConvert(lead_id=lead, converted_status=CONVERTED)
    first, second = convert(org, org.access.admin, [asked, asked])
    assert first.success
    assert refusal(second) == ALREADY
    assert len(every(org, "Account")) == 1


def test_results_come_in_order_and_a_failure_harms_no_other(org: Org) -> None:
    good, other = a_lead(org), a_lead(org, Company="Other")
    asked = [
        LeadConvert(lead_id=good, converted_status=CONVERTED),
        LeadConvert(lead_id=other, converted_status="Nope"),
        LeadConvert(lead_id="00Q000000000000", converted_status=CONVERTED),
    ]
    first, second, third = convert(org, org.access.admin, asked)
    assert first.success
    assert first.lead_id == good
    assert refusal(second) == ("INVALID_STATUS", "invalid convertedStatus: Nope")
    assert refusal(third) == ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    assert len(every(org, "Account")) == 1


def test_an_id_of_15_characters_converts_too(org: Org) -> None:
    lead = a_lead(org)
    assert converted(org, lead[:15]).lead_id == lead


def test_more_than_100_leads_fail_the_call(org: Org) -> None:
    asked = [LeadConvert(lead_id=None, converted_status=None)] * 101
    with pytest.raises(SalesforceError) as caught:
        convert(org, org.access.admin, asked)
    assert caught.value.code == "EXCEEDED_LEAD_CONVERT_LIMIT"


@pytest.mark.parametrize("status", ["", None, "Open - Not Contacted", "Closed - Not Converted", "closed - nope"])
def test_only_a_converted_status_will_do(org: Org, status: str | None) -> None:
    code, message = refusal(converted(org, a_lead(org), converted_status=status))
    assert (code, message) == ("INVALID_STATUS", f"invalid convertedStatus: {status or ''}")


def test_the_status_may_be_named_by_api_name_or_label() -> None:
    org = an_org(
        "lead_statuses:\n"
        "  - {name: New, default: true}\n"
        "  - {name: Qualified, label: Ready to buy, converted: true}\n"
        "  - {name: Won, converted: true}\n"
    )
    for name, stored in (("Qualified", "Qualified"), ("Ready to buy", "Qualified"), ("won", "Won")):
        lead = a_lead(org)
        assert converted(org, lead, converted_status=name).success
        assert row(org, "Lead", lead)["Status"] == stored


def test_the_record_types_process_must_hold_the_status() -> None:
    org = an_org(
        """
record_types:
  Lead:
    - {name: Business, default_for: [System Administrator]}
    - {name: Partner, values: [Open - Not Contacted, Closed - Not Converted]}
"""
    )
    partner = next(each.id for each in org.schema.object("Lead").record_types if each.name == "Partner")
    assert converted(org, a_lead(org)).success
    assert refusal(converted(org, a_lead(org, RecordTypeId=partner)))[0] == "INVALID_STATUS"


def test_without_an_opportunity_activities_go_to_the_account(org: Org) -> None:
    lead = a_lead(org)
    task = make(org, "Task", WhoId=lead, Subject="Call")
    result = converted(org, lead, do_not_create_opportunity=True)
    assert result.opportunity_id is None
    assert every(org, "Opportunity") == []
    moved = row(org, "Task", task)
    assert (moved["WhoId"], moved["WhatId"], moved["AccountId"]) == (
        result.contact_id,
        result.account_id,
        result.account_id,
    )


@pytest.mark.parametrize("field", ["opportunity_name", "opportunity_id"])
def test_do_not_create_excludes_naming_an_opportunity(org: Org, field: str) -> None:
    account = make(org, "Account", Name="Acme")
    opportunity = make(
        org, "Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-06-01", AccountId=account
    )
    given = {"opportunity_name": "Deal", "opportunity_id": opportunity}[field]
    result = converted(org, a_lead(org), do_not_create_opportunity=True, **{field: given})
    code, message = refusal(result)
    assert code == "INVALID_FIELD"
    assert message == (
        "One or more leads couldn't be converted. If doNotCreateOpportunity is true, opportunityName and opportunityId "
        "must be null."
    )
    assert result.errors[0].fields == ("Id",)


def test_an_opportunity_name_has_80_characters_at_most(org: Org) -> None:
    lead = a_lead(org)
    assert refusal(converted(org, lead, opportunity_name="x" * 81))[0] == "STRING_TOO_LONG"
    result = converted(org, lead, opportunity_name="x" * 81, headers=ConvertHeaders(allow_field_truncation=True))
    assert row(org, "Opportunity", result.opportunity_id)["Name"] == "x" * 80


def test_deleted_missing_and_malformed_leads_are_told_apart(org: Org) -> None:
    lead = a_lead(org)
    rows.delete(org, org.access.admin, "Lead", lead)
    assert refusal(converted(org, lead)) == ("ENTITY_IS_DELETED", "entity is deleted")
    assert refusal(converted(org, "00Q000000000000EAA"))[0] == "INVALID_CROSS_REFERENCE_KEY"
    assert refusal(converted(org, "nonsense"))[0] == "MALFORMED_ID"
    assert refusal(converted(org, make(org, "Account", Name="A")))[0] == "MALFORMED_ID"
    assert refusal(converted(org, None))[0] == "REQUIRED_FIELD_MISSING"


def test_an_approval_lock_refuses_the_lead(org: Org) -> None:
    lead = a_lead(org)
    org.approval_locked.add(lead)
    assert refusal(converted(org, lead)) == ("ENTITY_IS_LOCKED", "entity is locked for editing")


def test_a_held_account_refuses_only_the_leads_that_want_it(org: Org) -> None:
    account = make(org, "Account", Name="Acme")
    holder = org.locks.holder()
    org.locks.take_free(holder, [account])
    asked = [
        LeadConvert(lead_id=a_lead(org), converted_status=CONVERTED, account_id=account),
        LeadConvert(lead_id=a_lead(org), converted_status=CONVERTED),
    ]
    first, second = convert(org, org.access.admin, asked)
    assert refusal(first) == (
        "UNABLE_TO_LOCK_ROW",
        f"unable to obtain exclusive access to this record or 1 records: {account}",
    )
    assert second.success
    org.locks.release(holder)
    assert convert(org, org.access.admin, asked[:1])[0].success


def test_fields_for_internal_use_are_refused_as_not_modelled(org: Org) -> None:
    result = converted(org, a_lead(org), internal_use=("relatedPersonAccountId",))
    assert result.errors[0].not_modelled == "LeadConvert.relatedPersonAccountId"


def test_a_notification_is_noted_for_the_new_owner(org: Org) -> None:
    lead = a_lead(org)
    assert converted(org, lead, send_notification_email=True).success
    assert org.notifications == [(org.access.admin.id, lead)]


def test_history_tells_of_the_conversion(org: Org) -> None:
    lead = a_lead(org)
    converted(org, lead)
    told = [(each["Field"], each["NewValue"]) for each in every(org, "LeadHistory", LeadId=lead)]
    assert ("Status", CONVERTED) in told
    assert ("leadConverted", None) in told


def test_a_failed_conversion_leaves_the_lead_unstamped(org: Org) -> None:
    lead = a_lead(org)
    before = row(org, "Lead", lead)
    org.clock.advance(30)
    converted(org, lead, converted_status="Nope")
    assert row(org, "Lead", lead) == before

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


def test_merging_into_an_account_and_contact_fills_blanks_only(org: Org) -> None:
    account = make(org, "Account", Name="Acme Inc", Phone="111")
    contact = make(org, "Contact", LastName="Mueller", AccountId=account, Email="old@acme.example")
    lead = a_lead(org, Phone="222", Email="new@acme.example", Title="CEO", Industry="Energy", City="Bonn")
    assert converted(org, lead, account_id=account, contact_id=contact).success
    after = row(org, "Account", account)
    assert (after["Name"], after["Phone"], after["Industry"], after["BillingCity"]) == (
        "Acme Inc",
        "111",
        "Energy",
        "Bonn",
    )
    person = row(org, "Contact", contact)
    assert (person["LastName"], person["Email"], person["Title"]) == ("Mueller", "old@acme.example", "CEO")
    assert len(every(org, "Account")) == 1


def test_an_address_is_filled_whole_or_not_at_all(org: Org) -> None:
    account = make(org, "Account", Name="Acme", BillingCity="Köln")
    assert converted(org, a_lead(org, City="Bonn", Street="Rheinweg 1"), account_id=account).success
    after = row(org, "Account", account)
    assert (after["BillingCity"], after["BillingStreet"]) == ("Köln", None)


def test_lead_source_of_a_contact_changes_only_when_asked(org: Org) -> None:
    account = make(org, "Account", Name="Acme")
    contact = make(org, "Contact", LastName="A", AccountId=account, LeadSource="Other")
    assert converted(org, a_lead(org, LeadSource="Web"), account_id=account, contact_id=contact).success
    assert row(org, "Contact", contact)["LeadSource"] == "Other"
    lead = a_lead(org, LeadSource="Web")
    assert converted(org, lead, account_id=account, contact_id=contact, overwrite_lead_source=True).success
    assert row(org, "Contact", contact)["LeadSource"] == "Web"


def test_overwriting_the_lead_source_needs_a_contact(org: Org) -> None:
    assert refusal(converted(org, a_lead(org), overwrite_lead_source=True))[0] == "INVALID_FIELD"


def test_a_contact_needs_its_account(org: Org) -> None:
    account, other = make(org, "Account", Name="Acme"), make(org, "Account", Name="Other")
    contact = make(org, "Contact", LastName="A", AccountId=account)
    assert refusal(converted(org, a_lead(org), contact_id=contact))[0] == "INVALID_FIELD"
    wrong = converted(org, a_lead(org), contact_id=contact, account_id=other)
    assert refusal(wrong)[0] == "INVALID_CROSS_REFERENCE_KEY"


def test_an_existing_opportunity_is_attached(org: Org) -> None:
    account = make(org, "Account", Name="Acme")
    deal = make(org, "Opportunity", Name="Deal", StageName="Qualification", CloseDate="2026-06-01", AccountId=account)
    lead = a_lead(org, LeadSource="Web")
    result = converted(org, lead, account_id=account, opportunity_id=deal)
    assert result.opportunity_id == deal
    after = row(org, "Opportunity", deal)
    assert (after["Name"], after["StageName"], after["LeadSource"]) == ("Deal", "Qualification", "Web")
    assert [each["ContactId"] for each in every(org, "OpportunityContactRole", OpportunityId=deal)] == [
        result.contact_id
    ]


def test_the_contact_becomes_the_primary_role_of_a_new_opportunity(org: Org) -> None:
    result = converted(org, a_lead(org))
    (role,) = every(org, "OpportunityContactRole")
    assert (role["ContactId"], role["OpportunityId"], role["IsPrimary"]) == (
        result.contact_id,
        result.opportunity_id,
        1,
    )


def test_activities_move_to_contact_and_opportunity(org: Org) -> None:
    lead = a_lead(org)
    task = make(org, "Task", WhoId=lead, Subject="Call", Status="Completed", ActivityDate="2026-05-01")
    event = make(org, "Event", WhoId=lead, Subject="Demo", StartDateTime="2026-05-02T10:00:00Z", DurationInMinutes=30)
    before = row(org, "Task", task)["SystemModstamp"]
    org.clock.advance(5)
    result = converted(org, lead)
    for name, record_id in (("Task", task), ("Event", event)):
        moved = row(org, name, record_id)
        assert (moved["WhoId"], moved["WhatId"]) == (result.contact_id, result.opportunity_id)
        assert moved["AccountId"] == result.account_id
        assert str(moved["SystemModstamp"]) > str(before)
    assert row(org, "Contact", result.contact_id)["LastActivityDate"] == "2026-05-02"
    assert row(org, "Opportunity", result.opportunity_id)["LastActivityDate"] == "2026-05-02"


def test_campaign_members_get_the_contact_and_the_opportunity_its_campaign(org: Org) -> None:
    campaign, lead = make(org, "Campaign", Name="Fair"), a_lead(org)
    member = make(org, "CampaignMember", CampaignId=campaign, LeadId=lead, Status="Sent")
    result = converted(org, lead)
    after = row(org, "CampaignMember", member)
    assert (after["LeadId"], after["ContactId"], after["Type"]) == (lead, result.contact_id, "Contact")
    assert row(org, "Opportunity", result.opportunity_id)["CampaignId"] == campaign
    counts = row(org, "Campaign", campaign)
    assert (counts["NumberOfLeads"], counts["NumberOfConvertedLeads"], counts["NumberOfOpportunities"]) == (1, 1, 1)


WITH_QUEUE = """
users:
  - {username: admin@example.com, last_name: Admin}
  - {username: seller@example.com, last_name: Seller, profile: Standard User}
  - {username: gone@example.com, last_name: Gone, active: false}
queues:
  - {name: Web, members: [seller@example.com]}
"""


def test_a_lead_of_a_queue_needs_an_owner_even_when_merging() -> None:
    org = an_org(WITH_QUEUE)
    (queue,) = every(org, "Group", Type="Queue")
    account = make(org, "Account", Name="Acme")
    contact = make(org, "Contact", LastName="A", AccountId=account)
    lead = a_lead(org, OwnerId=queue["Id"])
    code, message = refusal(converted(org, lead, account_id=account, contact_id=contact))
    assert code == "INVALID_OWNER"
    assert message.startswith("Converted objects can only be owned by users.")
    assert refusal(converted(org, lead, owner_id=queue["Id"]))[0] == "INVALID_OWNER"
    seller = org.access.by_username("seller@example.com")
    assert seller is not None
    result = converted(org, lead, owner_id=seller.id)
    assert row(org, "Account", result.account_id)["OwnerId"] == seller.id


def test_an_inactive_owner_is_refused() -> None:
    org = an_org(WITH_QUEUE)
    gone = org.access.by_username("gone@example.com")
    assert gone is not None
    assert refusal(converted(org, a_lead(org), owner_id=gone.id))[0] == "INACTIVE_OWNER_OR_USER"
    left_behind = a_lead(org)
    org.store.update(org.schema.object("Lead"), left_behind, {"OwnerId": gone.id})
    assert refusal(converted(org, left_behind))[0] == "INACTIVE_OWNER_OR_USER"


def test_new_records_belong_to_the_leads_owner_and_existing_ones_keep_theirs() -> None:
    org = an_org(WITH_QUEUE)
    seller = org.access.by_username("seller@example.com")
    assert seller is not None
    account = make(org, "Account", Name="Acme")
    result = converted(org, a_lead(org, OwnerId=seller.id), account_id=account)
    assert row(org, "Account", account)["OwnerId"] == org.access.admin.id
    assert row(org, "Contact", result.contact_id)["OwnerId"] == seller.id
    assert row(org, "Opportunity", result.opportunity_id)["OwnerId"] == seller.id


def test_open_tasks_of_the_converting_user_go_to_the_new_owner_and_no_others() -> None:
    org = an_org(WITH_QUEUE)
    seller = org.access.by_username("seller@example.com")
    assert seller is not None
    lead = a_lead(org, OwnerId=seller.id)
    mine = make(org, "Task", WhoId=lead, Subject="a")
    done = make(org, "Task", WhoId=lead, Subject="b", Status="Completed")
    assert converted(org, lead).success
    assert row(org, "Task", mine)["OwnerId"] == seller.id
    assert row(org, "Task", done)["OwnerId"] == org.access.admin.id


RULES = """
custom_fields:
  Lead:
    - {name: Budget__c, type: currency}
    - {name: Product__c, type: string}
  Opportunity:
    - {name: Budget__c, type: currency}
    - {name: Product__c, type: string, length: 5, required: true}
conversion:
  field_mapping: {Budget__c: [Opportunity.Budget__c], Product__c: [Opportunity.Product__c]}
validation_rules:
  - {object: Contact, name: phone, condition: "ISBLANK(Phone)", message: A contact needs a phone., field: Phone}
"""


def test_custom_fields_go_where_the_mapping_says_and_long_text_is_cut() -> None:
    org = an_org(RULES)
    result = converted(org, a_lead(org, Phone="1", Budget__c=500, Product__c="Enterprise"))
    opportunity = row(org, "Opportunity", result.opportunity_id)
    assert (opportunity["Budget__c"], opportunity["Product__c"]) == (500.0, "Enter")


def test_a_value_outside_of_the_targets_restricted_picklist_refuses_the_lead_where_it_would_be_written() -> None:
    org = an_org("""
custom_fields:
  Lead: [{name: Region__c, type: picklist, picklist: [North, South, East]}]
  Account: [{name: Territory__c, type: picklist, picklist: [North, South], restricted: true}]
conversion: {field_mapping: {Region__c: [Account.Territory__c]}}
""")
    misfit = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Territory: bad value for restricted picklist field: East"
    assert refusal(converted(org, a_lead(org, Region__c="East"))) == misfit
    blank, kept = make(org, "Account", Name="A"), make(org, "Account", Name="B", Territory__c="South")
    assert refusal(converted(org, a_lead(org, Region__c="East"), account_id=blank)) == misfit
    assert converted(org, a_lead(org, Region__c="East"), account_id=kept).success
    assert converted(org, a_lead(org, Region__c="North"), account_id=blank).success


def test_a_required_field_that_stays_empty_refuses_the_lead_and_leaves_nothing() -> None:
    org = an_org(RULES)
    lead = a_lead(org, Phone="1")
    assert refusal(converted(org, lead)) == ("REQUIRED_FIELD_MISSING", "Required fields are missing: [Product__c]")
    assert (every(org, "Account"), every(org, "Contact")) == ([], [])
    assert row(org, "Lead", lead)["IsConverted"] == 0
    assert converted(org, lead, do_not_create_opportunity=True).success


def test_a_validation_rule_refuses_the_lead_with_its_text_and_field() -> None:
    org = an_org(RULES)
    result = converted(org, a_lead(org, Product__c="A"))
    assert refusal(result) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "A contact needs a phone.")
    assert result.errors[0].fields == ("Phone",)


def test_validation_rules_can_be_off_for_conversion() -> None:
    org = an_org(RULES.replace("conversion:\n", "conversion:\n  require_validation: false\n"))
    assert converted(org, a_lead(org, Product__c="A")).success


DUPLICATES = """
duplicate_rules:
  - {name: Same mail, object: Contact, match: [Email], action: ACTION}
"""


@pytest.mark.parametrize(("action", "allow", "succeeds"), [
    ("block", False, False),
    ("block", True, False),
    ("alert", False, False),
    ("alert", True, True),
    ("report", False, True),
])  # fmt: skip
def test_duplicate_rules_block_or_alert(action: str, allow: bool, succeeds: bool) -> None:  # noqa: FBT001 - a case
    org = an_org(DUPLICATES.replace("ACTION", action))
    known = make(org, "Contact", LastName="A", Email="a@acme.example")
    result = converted(org, a_lead(org, Email="A@acme.example"), headers=ConvertHeaders(duplicates_allow_save=allow))
    assert result.success is succeeds
    if not succeeds:
        assert refusal(result) == ("DUPLICATES_DETECTED", "Use one of these records?")
        found = result.errors[0].duplicate
        assert found is not None
        assert (found.allow_save, found.duplicate_rule) == (action == "alert", "Same mail")
        assert [each.record["Id"] for each in found.match_results[0].match_records] == [known]
        assert every(org, "Account") == []


def test_reusing_the_matched_contact_passes_the_duplicate_rule() -> None:
    org = an_org(DUPLICATES.replace("ACTION", "block"))
    account = make(org, "Account", Name="Acme")
    contact = make(org, "Contact", LastName="A", Email="a@acme.example", AccountId=account)
    result = converted(org, a_lead(org, Email="a@acme.example"), account_id=account, contact_id=contact)
    assert result.contact_id == contact


def test_no_usable_record_type_for_the_owner_refuses_the_lead() -> None:
    org = an_org("record_types:\n  Opportunity:\n    - {name: Deal, available_to: [Standard User]}\n")
    lead = a_lead(org)
    assert refusal(converted(org, lead)) == ("UNAVAILABLE_RECORDTYPE_EXCEPTION", "Unable to find default record type")
    assert converted(org, lead, do_not_create_opportunity=True).success


NARROW = """
profiles:
  - {name: System Administrator, modify_all_data: true, convert_leads: true}
  - name: Narrow
    convert_leads: CONVERT
    objects: {Lead: [read, edit], Account: [read, create, edit], Contact: [read, create, edit], Opportunity: RIGHTS}
users:
  - {username: admin@example.com, last_name: Admin}
  - {username: narrow@example.com, last_name: Narrow, profile: Narrow}
"""


@pytest.mark.parametrize(("convert_leads", "rights", "succeeds"), [
    ("true", "[read, create, edit]", True),
    ("false", "[read, create, edit]", False),
    ("true", "[read]", False),
])  # fmt: skip
def test_converting_needs_its_permissions(convert_leads: str, rights: str, succeeds: bool) -> None:  # noqa: FBT001 - a case
    org = an_org(NARROW.replace("CONVERT", convert_leads).replace("RIGHTS", rights))
    user = org.access.by_username("narrow@example.com")
    result = converted(org, a_lead(org), user)
    assert result.success is succeeds
    if not succeeds:
        assert refusal(result)[0] == "INSUFFICIENT_ACCESS_OR_READONLY"


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


def test_a_trigger_that_refuses_takes_the_lead_with_it() -> None:
    org = an_org(
        "automations:\n"
        "  - {object: Account, name: AccountTrigger, refuses_when: \"CONTAINS(Name, 'Evil')\", message: no evil}\n"
    )
    code, message = refusal(converted(org, a_lead(org, Company="Evil Corp")))
    assert code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert "no evil" in message
    assert converted(org, a_lead(org)).success


def converts_of(org: Org, count: int) -> list[LeadConvert]:
    leads = [a_lead(org, Company=f"Company {number}") for number in range(count)]
    return [LeadConvert(lead_id=each, converted_status=CONVERTED) for each in leads]


def test_a_big_batch_runs_into_governor_limits_where_a_small_one_passes() -> None:
    org = an_org("automations:\n  - {object: Contact, name: ContactTrigger, queries_per_record: 3}\n")
    assert all(each.success for each in convert(org, org.access.admin, converts_of(org, 33)))
    results = convert(org, org.access.admin, converts_of(org, 40))
    assert [each.success for each in results] == [True] * 33 + [False] * 7
    assert refusal(results[-1]) == (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "ContactTrigger: System.LimitException: Too many SOQL queries: 101",
    )


def test_one_bad_lead_makes_triggers_run_once_per_lead() -> None:
    org = an_org("automations:\n  - {object: Contact, name: ContactTrigger, queries_per_batch: 3}\n")
    asked = converts_of(org, 50)
    assert all(each.success for each in convert(org, org.access.admin, asked))
    results = convert(org, org.access.admin, [asked[0], *converts_of(org, 49)])
    assert sum(each.success for each in results) == 32


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

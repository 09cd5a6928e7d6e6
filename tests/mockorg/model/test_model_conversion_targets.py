from __future__ import annotations

from model_world import a_lead, converted, every, make, refusal, row

from sync.mockorg.org import Org


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

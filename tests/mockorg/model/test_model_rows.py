from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from model_world import a_lead, an_org, converted, every, make, refusal, row
from ruamel.yaml import YAML

from sync.mockorg import rows
from sync.mockorg.errors import SalesforceError
from sync.mockorg.org import Org
from sync.mockorg.rows import DmlOptions

CASES: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(Path(__file__).with_name("row_refusals.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['object']}-{case['code']}-{'-'.join(case['values'])}")
def test_a_create_is_refused_in_salesforces_words(org: Org, case: dict[str, Any]) -> None:
    values = {name: str(value) if type(value).__name__ == "date" else value for name, value in case["values"].items()}
    result = rows.create(org, org.access.admin, case["object"], values)
    assert not result.success
    (error,) = result.errors
    assert error.code == case["code"]
    assert error.message == case.get("message", error.message)
    assert list(error.fields) == case.get("fields", [])
    assert every(org, case["object"]) == [] or case["object"] == "LeadStatus"


def test_an_unknown_object_fails_the_call(org: Org) -> None:
    with pytest.raises(SalesforceError) as caught:
        rows.create(org, org.access.admin, "Nonsense__c", {})
    assert caught.value.code == "INVALID_TYPE"


def test_names_are_found_in_any_case_and_defaults_are_set(org: Org) -> None:
    lead = row(org, "Lead", make(org, "lEAD", lastname="Roe", COMPANY="Acme", firstName="Jo"))
    assert (lead["Name"], lead["Status"], lead["OwnerId"]) == ("Jo Roe", "Open - Not Contacted", org.access.admin.id)
    assert (lead["CreatedDate"], lead["SystemModstamp"]) == ("2026-05-04T09:30:00.000Z",) * 2
    assert (lead["IsConverted"], lead["IsDeleted"]) == (0, 0)


def test_text_from_bulk_and_soap_is_taken_as_the_fields_type(org: Org) -> None:
    lead = row(org, "Lead", a_lead(org, AnnualRevenue="12.50", NumberOfEmployees="7", IsUnreadByOwner="FALSE"))
    assert (lead["AnnualRevenue"], lead["NumberOfEmployees"], lead["IsUnreadByOwner"]) == (12.5, 7, 0)


def test_blank_text_is_null_and_ends_are_trimmed(org: Org) -> None:
    lead = row(org, "Lead", a_lead(org, Title="  CEO ", City=""))
    assert (lead["Title"], lead["City"]) == ("CEO", None)


def test_long_text_is_cut_when_the_header_allows_it(org: Org) -> None:
    values = {"LastName": "x" * 90, "Company": "A"}
    options = DmlOptions(allow_field_truncation=True)
    result = rows.create(org, org.access.admin, "Lead", values, options)
    assert row(org, "Lead", result.id)["LastName"] == "x" * 80


def test_an_update_changes_what_it_names_and_stamps_the_row(org: Org) -> None:
    lead = a_lead(org, Title="CEO", FirstName="Jo")
    org.clock.advance(90)
    assert rows.update(org, org.access.admin, "Lead", lead[:15], {"LastName": "Doe", "FirstName": None}).success
    after = row(org, "Lead", lead)
    assert (after["Name"], after["Title"]) == ("Doe", "CEO")
    assert (after["CreatedDate"], after["LastModifiedDate"]) == ("2026-05-04T09:30:00.000Z", "2026-05-04T09:31:30.000Z")
    assert after["SystemModstamp"] == after["LastModifiedDate"]


def test_a_required_field_cannot_be_cleared(org: Org) -> None:
    lead = a_lead(org)
    assert refusal(rows.update(org, org.access.admin, "Lead", lead, {"Company": None})) == (
        "REQUIRED_FIELD_MISSING",
        "Required fields are missing: [Company]",
    )
    assert refusal(rows.update(org, org.access.admin, "Lead", lead, {"Status": ""}))[0] == "REQUIRED_FIELD_MISSING"


def test_updates_of_missing_deleted_and_malformed_ids_are_told_apart(org: Org) -> None:
    lead, user = a_lead(org), org.access.admin
    rows.delete(org, user, "Lead", lead)
    assert refusal(rows.update(org, user, "Lead", lead, {})) == ("ENTITY_IS_DELETED", "entity is deleted")
    assert refusal(rows.update(org, user, "Lead", "00Q000000000000", {}))[0] == "INVALID_CROSS_REFERENCE_KEY"
    assert refusal(rows.update(org, user, "Lead", "x", {})) == (
        "MALFORMED_ID",
        "Lead ID: id value of incorrect type: x",
    )


def test_a_converted_lead_is_read_only(org: Org) -> None:
    lead = a_lead(org)
    assert converted(org, lead).success
    read_only = ("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    assert refusal(rows.update(org, org.access.admin, "Lead", lead, {"Title": "CEO"})) == read_only
    assert refusal(rows.create(org, org.access.admin, "Task", {"WhoId": lead, "Subject": "x"})) == read_only


def test_a_converted_lead_may_be_edited_with_the_permission_for_it() -> None:
    org = an_org(
        "profiles:\n"
        "  - {name: System Administrator, modify_all_data: true, convert_leads: true, edit_converted_leads: true}\n"
    )
    lead = a_lead(org)
    assert converted(org, lead).success
    assert rows.update(org, org.access.admin, "Lead", lead, {"Title": "CEO"}).success


def test_status_moves_between_open_values_only(org: Org) -> None:
    lead = a_lead(org)
    assert rows.update(org, org.access.admin, "Lead", lead, {"Status": "Working - Contacted"}).success
    assert (
        refusal(rows.update(org, org.access.admin, "Lead", lead, {"Status": "Closed - Converted"}))[0]
        == "INVALID_STATUS"
    )
    assert rows.update(org, org.access.admin, "Lead", lead, {"Status": "Some new word"}).success


def test_a_stage_sets_what_follows_from_it(org: Org) -> None:
    deal = make(org, "Opportunity", Name="D", StageName="Needs Analysis", CloseDate="2026-11-30", Amount=200)
    after = row(org, "Opportunity", deal)
    assert (after["Probability"], after["ExpectedRevenue"], after["IsClosed"]) == (20.0, 40.0, 0)
    assert (after["Fiscal"], after["FiscalQuarter"], after["ForecastCategoryName"]) == ("2026 4", 4, "Pipeline")
    rows.update(org, org.access.admin, "Opportunity", deal, {"StageName": "Closed Won"})
    after = row(org, "Opportunity", deal)
    assert (after["Probability"], after["IsWon"], after["ForecastCategory"]) == (100.0, 1, "Closed")
    snapshots = every(org, "OpportunityHistory", OpportunityId=deal)
    assert [each["StageName"] for each in snapshots] == ["Needs Analysis", "Closed Won"]


def test_a_completed_task_is_closed_and_moves_last_activity(org: Org) -> None:
    lead = a_lead(org)
    task = make(org, "Task", WhoId=lead, Subject="Call", ActivityDate="2026-06-01")
    assert row(org, "Lead", lead)["LastActivityDate"] is None
    rows.update(org, org.access.admin, "Task", task, {"Status": "Completed"})
    after = row(org, "Task", task)
    assert (after["IsClosed"], after["CompletedDateTime"]) == (1, "2026-05-04T09:30:00.000Z")
    assert row(org, "Lead", lead)["LastActivityDate"] == "2026-06-01"
    rows.delete(org, org.access.admin, "Task", task)
    assert row(org, "Lead", lead)["LastActivityDate"] is None


def test_a_roll_up_moves_the_system_stamp_alone(org: Org) -> None:
    lead = a_lead(org)
    org.clock.advance(60)
    make(
        org, "Event", WhoId=lead, Subject="x", StartDateTime="2026-05-01T10:00:00Z", EndDateTime="2026-05-01T11:00:00Z"
    )
    after = row(org, "Lead", lead)
    assert (after["LastModifiedDate"], after["SystemModstamp"]) == (
        "2026-05-04T09:30:00.000Z",
        "2026-05-04T09:31:00.000Z",
    )


@pytest.mark.parametrize(
    "given",
    [
        {"StartDateTime": "2026-05-01T10:00:00Z", "EndDateTime": "2026-05-01T10:30:00.000+0000"},
        {"ActivityDateTime": "2026-05-01T12:00:00+02:00", "DurationInMinutes": 30},
        {"StartDateTime": "2026-05-01T10:00:00.000Z", "DurationInMinutes": "30"},
    ],
)
def test_start_end_and_duration_of_an_event_agree(org: Org, given: dict[str, object]) -> None:
    event = row(org, "Event", make(org, "Event", Subject="x", **given))
    assert (event["StartDateTime"], event["EndDateTime"]) == ("2026-05-01T10:00:00.000Z", "2026-05-01T10:30:00.000Z")
    assert (event["DurationInMinutes"], event["ActivityDate"]) == (30, "2026-05-01")


def test_history_of_tracked_fields_is_kept_with_names_and_ids() -> None:
    org = an_org(
        "users:\n  - {username: a@example.com, last_name: Ann}\n  - {username: b@example.com, last_name: Bob}\n"
    )
    lead, bob = a_lead(org), org.access.by_username("b@example.com")
    assert bob is not None
    rows.update(org, org.access.admin, "Lead", lead, {"Status": "Working - Contacted", "OwnerId": bob.id, "Title": "x"})
    told = [(each["Field"], each["DataType"], each["OldValue"], each["NewValue"]) for each in every(org, "LeadHistory")]
    assert told == [
        ("created", "Text", None, None),
        ("Status", "Picklist", "Open - Not Contacted", "Working - Contacted"),
        ("Owner", "Text", "Ann", "Bob"),
        ("Owner", "EntityId", org.access.admin.id, bob.id),
    ]


WITH_KEY = "custom_fields:\n  Account: [{name: Key__c, type: string, external_id: true, unique: true}]\n"


def test_upsert_creates_then_updates_by_external_id() -> None:
    org = an_org(WITH_KEY)
    first = rows.upsert(org, org.access.admin, "Account", "Key__c", "K1", {"Name": "A"})
    second = rows.upsert(org, org.access.admin, "Account", "key__c", "k1", {"Name": "B"})
    assert (first.created, second.created, second.id) == (True, False, first.id)
    assert row(org, "Account", first.id)["Name"] == "B"


def test_upsert_by_an_ordinary_field_fails_the_call(org: Org) -> None:
    with pytest.raises(SalesforceError) as caught:
        rows.upsert(org, org.access.admin, "Account", "Phone", "1", {"Name": "A"})
    assert (caught.value.code, caught.value.status) == ("NOT_FOUND", 404)


def test_upsert_with_several_matches_is_refused() -> None:
    org = an_org(WITH_KEY.replace(", unique: true", ""))
    for _ in range(2):
        make(org, "Account", Name="A", Key__c="K1")
    result = rows.upsert(org, org.access.admin, "Account", "Key__c", "K1", {"Name": "B"})
    assert refusal(result)[0] == "DUPLICATE_EXTERNAL_ID"


def test_a_unique_value_stands_once() -> None:
    org = an_org(WITH_KEY)
    first = make(org, "Account", Name="A", Key__c="K1")
    code, message = refusal(rows.create(org, org.access.admin, "Account", {"Name": "B", "Key__c": "k1"}))
    assert (code, message) == (
        "DUPLICATE_VALUE",
        f"duplicate value found: Key__c duplicates value on record with id: {first}",
    )


@pytest.mark.parametrize("given", [{"Account": {"Key__c": "K1"}}, {"Account.Key__c": "K1"}])
def test_a_reference_may_be_given_by_external_id(given: dict[str, object]) -> None:
    org = an_org(WITH_KEY)
    account = make(org, "Account", Name="A", Key__c="K1")
    assert row(org, "Contact", make(org, "Contact", LastName="X", **given))["AccountId"] == account


def test_a_reference_to_an_object_that_is_not_modelled_says_so(org: Org) -> None:
    result = rows.create(
        org, org.access.admin, "Lead", {"LastName": "X", "Company": "Y", "IndividualId": "0PK000000000001"}
    )
    assert result.errors[0].not_modelled == "records of Individual"


ASSIGNMENT = """
users:
  - {username: a@example.com, last_name: A}
  - {username: b@example.com, last_name: B}
queues: [{name: Web Leads}]
assignment_rules:
  Lead:
    - {owner: b@example.com, when: "NumberOfEmployees > 100"}
    - {owner: Web Leads, when: "ISPICKVAL(LeadSource, 'Web')"}
"""


def test_assignment_rules_run_on_create_and_update_unless_told_not_to() -> None:
    org = an_org(ASSIGNMENT)
    big = org.access.by_username("b@example.com")
    assert big is not None
    (queue,) = every(org, "Group", Type="Queue")
    lead = a_lead(org, LeadSource="Web")
    assert row(org, "Lead", lead)["OwnerId"] == queue["Id"]
    rows.update(org, org.access.admin, "Lead", lead, {"NumberOfEmployees": 500}, DmlOptions(auto_assign=False))
    assert row(org, "Lead", lead)["OwnerId"] == queue["Id"]
    rows.update(org, org.access.admin, "Lead", lead, {"Status": "Working - Contacted"})
    assert row(org, "Lead", lead)["OwnerId"] == big.id


@pytest.mark.parametrize(
    ("rule", "object_name", "succeeds"),
    [("01Q5g00000ABCDE", "Lead", True), ("nonsense", "Lead", False), ("01Q5g00000ABCDE", "Account", False)],
)
def test_an_assignment_rule_that_is_named_must_be_one(rule: str, object_name: str, *, succeeds: bool) -> None:
    org = an_org(ASSIGNMENT)
    values = {"Lead": {"LastName": "x", "Company": "y"}, "Account": {"Name": "z"}}[object_name]
    result = rows.create(org, org.access.admin, object_name, values, DmlOptions(auto_assign=rule))
    assert result.success is succeeds
    if not succeeds:
        assert refusal(result)[0] == "INVALID_CROSS_REFERENCE_KEY"


def test_fields_hidden_or_read_only_for_a_user_cannot_be_written() -> None:
    org = an_org(
        """
custom_fields:
  Lead: [{name: Secret__c, type: string}, {name: Shown__c, type: string}]
profiles:
  - {name: System Administrator, modify_all_data: true, fields: {Lead.Secret__c: none, Lead.Shown__c: read}}
"""
    )
    lead, user = a_lead(org), org.access.admin
    assert refusal(rows.update(org, user, "Lead", lead, {"Secret__c": "x"}))[0] == "INVALID_FIELD"
    assert refusal(rows.update(org, user, "Lead", lead, {"Shown__c": "x"}))[0] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_permission_set_gives_what_the_profile_does_not() -> None:
    org = an_org(
        """
profiles:
  - {name: Reader, objects: {Lead: [read]}}
  - {name: System Administrator, modify_all_data: true}
permission_sets:
  - {name: Editor, objects: {Lead: [edit]}}
users:
  - {username: admin@example.com, last_name: A}
  - {username: reader@example.com, last_name: R, profile: Reader}
  - {username: editor@example.com, last_name: E, profile: Reader, permission_sets: [Editor]}
"""
    )
    lead = a_lead(org)
    reader, editor = (org.access.by_username(f"{name}@example.com") for name in ("reader", "editor"))
    assert reader is not None
    assert editor is not None
    denied = ("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
    assert refusal(rows.update(org, reader, "Lead", lead, {"Title": "x"})) == denied
    assert rows.update(org, editor, "Lead", lead, {"Title": "x"}).success
    assert refusal(rows.create(org, editor, "Lead", {"LastName": "x", "Company": "y"})) == denied


def test_a_user_can_be_deactivated_and_then_owns_nothing_new() -> None:
    org = an_org("users:\n  - {username: a@example.com, last_name: A}\n  - {username: b@example.com, last_name: B}\n")
    bob = org.access.by_username("b@example.com")
    assert bob is not None
    lead = a_lead(org, OwnerId=bob.id)
    assert rows.update(org, org.access.admin, "User", bob.id, {"IsActive": False}).success
    gone = org.access.user(bob.id)
    assert gone is not None
    assert not gone.active
    assert rows.update(org, org.access.admin, "Lead", lead, {"Title": "x"}).success
    result = rows.create(org, org.access.admin, "Lead", {"LastName": "x", "Company": "y", "OwnerId": bob.id})
    assert refusal(result) == (
        "INACTIVE_OWNER_OR_USER",
        f"operation performed with inactive user [{bob.id}] as owner of lead",
    )


def test_what_org_yaml_sets_up_is_not_made_over_the_api(org: Org) -> None:
    result = rows.create(org, org.access.admin, "User", {"LastName": "x"})
    assert result.errors[0].not_modelled is not None


def test_audit_fields_may_be_set_with_the_permission_for_it() -> None:
    org = an_org("profiles:\n  - {name: System Administrator, modify_all_data: true, set_audit_fields: true}\n")
    lead = row(org, "Lead", a_lead(org, CreatedDate="2020-01-02T03:04:05Z"))
    assert (lead["CreatedDate"], lead["SystemModstamp"]) == ("2020-01-02T03:04:05.000Z", "2026-05-04T09:30:00.000Z")


def test_a_formula_field_follows_its_record() -> None:
    org = an_org(
        "custom_fields:\n"
        "  Lead: [{name: Size__c, type: string, formula: \"IF(NumberOfEmployees > 100, 'big', 'small')\"}]\n"
    )
    lead = a_lead(org, NumberOfEmployees=500)
    assert row(org, "Lead", lead)["Size__c"] == "big"
    rows.update(org, org.access.admin, "Lead", lead, {"NumberOfEmployees": 5})
    assert row(org, "Lead", lead)["Size__c"] == "small"

from __future__ import annotations

import pytest
from model_world import CONVERTED, a_lead, an_org, converted, every, make, refusal, row

from sync.mockorg.conversion import ConvertHeaders, LeadConvert, convert
from sync.mockorg.org import Org

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

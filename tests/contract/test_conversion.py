"""Conversion: one call, one answer per lead, in order, and never a second call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.org_settings import AccessToken
from sync.salesforce.org import Accepted, LeadConvert, NotSent, Refused

if TYPE_CHECKING:
    from org_stage import Stage

    from sync.mockorg import MockOrg
    from sync.salesforce.client import SalesforceClient

CONVERTED = "Closed - Converted"


@pytest.fixture(scope="module")
def org_yaml() -> str:
    return """
duplicate_rules:
  - {name: Same e-mail, object: Contact, match: [Email], action: alert}
"""


def request(lead: str, **more: object) -> LeadConvert:
    return LeadConvert(lead_id=lead, **{"converted_status": CONVERTED, **more})  # type: ignore[arg-type] # by name


def test_a_lead_becomes_account_contact_and_opportunity(stage: Stage, org: SalesforceClient) -> None:
    (lead,) = stage.leads(1)
    (answer,) = org.convert([request(lead, opportunity_name="Überraschung & <Co>")])
    assert isinstance(answer, Accepted)
    assert answer.id == lead
    row = stage.row("Lead", lead)
    assert (row["IsConverted"], row["Status"]) == (True, CONVERTED)
    assert row["ConvertedAccountId"] == answer.account_id
    assert row["ConvertedContactId"] == answer.contact_id
    assert row["ConvertedOpportunityId"] == answer.opportunity_id
    assert answer.opportunity_id is not None
    assert stage.row("Opportunity", answer.opportunity_id)["Name"] == "Überraschung & <Co>"


def test_no_opportunity_is_made_where_none_is_wanted(stage: Stage, org: SalesforceClient) -> None:
    (lead,) = stage.leads(1)
    (answer,) = org.convert([request(lead, create_opportunity=False)])
    assert isinstance(answer, Accepted)
    assert answer.account_id
    assert answer.opportunity_id is None


def test_a_lead_goes_into_records_that_exist(stage: Stage, org: SalesforceClient) -> None:
    (account,) = stage.create("Account", {"Name": stage.tag})
    (contact,) = stage.create("Contact", {"LastName": "Known", "AccountId": account})
    (deal,) = stage.create(
        "Opportunity", {"Name": "x", "StageName": "Prospecting", "CloseDate": "2030-01-31", "AccountId": account}
    )
    (lead,) = stage.leads(1)
    answers = org.convert([request(lead, account_id=account, contact_id=contact, opportunity_id=deal)])
    assert answers == [Accepted(id=lead, account_id=account, contact_id=contact, opportunity_id=deal)]


def test_some_leads_fail_and_the_others_go_through_in_order(stage: Stage, org: SalesforceClient) -> None:
    done, wrong, gone, fine = stage.leads(4)
    assert isinstance(org.convert([request(done)])[0], Accepted)
    stage.call("DELETE", f"/sobjects/Lead/{gone}")
    answers = org.convert(
        [request(done), request(wrong, converted_status="Working - Contacted"), request(gone), request(fine)]
    )
    assert [type(answer) for answer in answers] == [Refused, Refused, Refused, Accepted]
    refused = [answer.code for answer in answers if isinstance(answer, Refused)]
    assert refused[:2] == ["CANNOT_UPDATE_CONVERTED_LEAD", "INVALID_STATUS"]
    assert refused[2] in {"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"}
    assert not stage.row("Lead", wrong)["IsConverted"]


def test_a_hundred_leads_take_one_call(stage: Stage, mock: MockOrg, org: SalesforceClient) -> None:
    leads = stage.leads(100)
    org.identity  # noqa: B018 -- so that only the conversion is counted
    mock.requests.reset()
    answers = org.convert([request(lead, create_opportunity=False) for lead in leads])
    assert [answer.id for answer in answers if isinstance(answer, Accepted)] == leads
    assert [entry.operation for entry in mock.requests.last] == ["soap.convertLead"]


def test_more_than_a_hundred_leads_are_the_callers_mistake(org: SalesforceClient) -> None:
    with pytest.raises(ValueError, match="100"):
        org.convert([request("00Q000000000001AAA")] * 101)


def test_a_duplicate_rule_stops_a_lead_and_names_the_match(stage: Stage, org: SalesforceClient) -> None:
    mail = f"{stage.tag}@acme.example"
    (known,) = stage.create("Contact", {"LastName": "Known", "Email": mail})
    (lead,) = stage.leads(1, Email=mail)
    (refused,) = org.convert([request(lead)])
    assert isinstance(refused, Refused)
    assert refused.code == "DUPLICATES_DETECTED"
    assert [(match.object, match.id) for match in refused.matches] == [("Contact", known)]


def test_an_alerting_duplicate_rule_lets_pass_what_may_pass(stage: Stage, org: SalesforceClient) -> None:
    mail = f"{stage.tag}@acme.example"
    stage.create("Contact", {"LastName": "Known", "Email": mail})
    (lead,) = stage.leads(1, Email=mail)
    (answer,) = org.convert([request(lead)], allow_duplicates=True)
    assert isinstance(answer, Accepted)


def test_duplicate_rules_tell_before_anything_is_written(stage: Stage, org: SalesforceClient) -> None:
    mail = f"{stage.tag}@acme.example"
    (known,) = stage.create("Contact", {"LastName": "Known", "Email": mail})
    hit, miss = org.find_duplicates("Contact", [{"LastName": "New", "Email": mail}, {"LastName": "Other"}])
    (finding,) = [entry for entry in hit if entry.matches]
    assert finding.object == "Contact"
    assert finding.rule
    assert finding.blocks is False
    assert [match.id for match in finding.matches] == [known]
    assert not any(entry.matches for entry in miss)


def test_duplicate_checks_go_by_fifties(stage: Stage, mock: MockOrg, org: SalesforceClient) -> None:
    org.identity  # noqa: B018 -- so that only the checks are counted
    mock.requests.reset()
    found = org.find_duplicates("Contact", [{"LastName": f"N{n}"} for n in range(120)])
    assert len(found) == 120
    assert [entry.operation for entry in mock.requests.last] == ["soap.findDuplicates"] * 3


def test_text_that_xml_cannot_carry_keeps_only_its_own_lead_back(stage: Stage, org: SalesforceClient) -> None:
    odd, fine = stage.leads(2)
    answers = org.convert([request(odd, opportunity_name="bell\x07"), request(fine)])
    assert isinstance(answers[0], NotSent)
    assert answers[0].code == "UNSENDABLE_VALUE"
    assert isinstance(answers[1], Accepted)


def test_a_jwt_based_token_is_not_even_tried(stage: Stage, mock: MockOrg) -> None:
    from dataclasses import replace  # noqa: PLC0415 -- this test only

    from pydantic import SecretStr  # noqa: PLC0415 -- this test only

    (lead,) = stage.leads(1)
    token = AccessToken(token=SecretStr(mock.login(jwt_token=True)), instance_url=stage.url)
    stage.settings = replace(stage.settings, credentials=token)
    mock.requests.reset()
    (answer,) = stage.client().convert([request(lead)])
    assert isinstance(answer, NotSent)
    assert answer.code == "JWT_TOKEN"
    assert mock.requests.last == ()

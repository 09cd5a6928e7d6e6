from __future__ import annotations

from typing import Any

import pytest
from doors_client import Client

RULES = """
profiles:
  - {name: System Administrator, convert_leads: true, modify_all_data: true, view_setup: true}
  - {name: Seller, convert_leads: true, objects: {Lead: [read, edit]}}
users:
  - {username: admin@rules.example, last_name: Admin}
  - {username: seller@rules.example, last_name: Seller, profile: Seller}
conversion: {require_validation: false}
validation_rules:
  - {object: Account, name: Needs_Website, condition: ISBLANK(Website), message: A website please, field: website}
  - {object: Lead, name: Needs_Title, condition: ISBLANK(Title), message: A title please, field: Title}
  - {object: Lead, name: Old, condition: ISBLANK(Phone), message: A phone please, active: false}
"""
NAMES = (
    "SELECT Id, ValidationName, ErrorDisplayField, ErrorMessage, EntityDefinition.QualifiedApiName "
    "FROM ValidationRule WHERE Active = true AND EntityDefinition.QualifiedApiName IN ('Lead', 'Account') "
    "ORDER BY ValidationName"
)

pytestmark = pytest.mark.usefixtures("org_yaml")


@pytest.fixture
def org_yaml() -> str:
    """Two active rules and one that isn't, and a user without View Setup and Configuration."""
    return RULES


def asked(client: Client, soql: str) -> Any:
    return client.get("/tooling/query/", params={"q": soql})


def rule_id(client: Client, name: str) -> str:
    rows = asked(client, "SELECT Id, ValidationName FROM ValidationRule").json()["records"]
    return str(next(row["Id"] for row in rows if row["ValidationName"] == name))


def test_the_active_rules_of_some_objects_are_listed(either: Client) -> None:
    answer = asked(either, NAMES)

    told = answer.json()
    assert answer.status_code == 200
    assert "api-usage=" in answer.headers["Sforce-Limit-Info"]
    assert {name: told[name] for name in ("size", "totalSize", "done", "queryLocator", "entityTypeName")} == {
        "size": 2,
        "totalSize": 2,
        "done": True,
        "queryLocator": None,
        "entityTypeName": "ValidationRule",
    }
    title, website = told["records"]
    assert title["Id"].startswith("03d")
    assert title["attributes"] == {
        "type": "ValidationRule",
        "url": f"/services/data/v66.0/tooling/sobjects/ValidationRule/{title['Id']}",
    }
    assert website["EntityDefinition"] == {
        "attributes": {
            "type": "EntityDefinition",
            "url": "/services/data/v66.0/tooling/sobjects/EntityDefinition/Account",
        },
        "QualifiedApiName": "Account",
    }
    assert (website["ErrorDisplayField"], website["ErrorMessage"]) == ("Website", "A website please")


def test_a_rule_by_its_id_has_its_formula(client: Client) -> None:
    answer = client.get(f"/tooling/sobjects/ValidationRule/{rule_id(client, 'Needs_Title')}")

    rule = answer.json()
    assert answer.status_code == 200
    assert rule["FullName"] == "Lead.Needs_Title"
    assert rule["EntityDefinitionId"] == "Lead"
    assert rule["Active"] is True
    assert rule["Metadata"] == {
        "active": True,
        "description": None,
        "errorConditionFormula": "ISBLANK(Title)",
        "errorDisplayField": "Title",
        "errorMessage": "A title please",
    }


@pytest.mark.parametrize("field", ["Metadata", "FullName"])
def test_metadata_is_told_of_one_row_only(client: Client, field: str) -> None:
    refused = asked(client, f"SELECT Id, {field} FROM ValidationRule WHERE Active = true")  # noqa: S608 -- one of two names
    one = asked(client, f"SELECT {field} FROM ValidationRule WHERE Active = false")  # noqa: S608 -- likewise

    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"] == "MALFORMED_QUERY"
    assert refused.json()[0]["message"].endswith("no more than one row for retrieval. Result size: 2")
    assert one.json()["records"][0][field]


def test_the_lead_settings_say_whether_conversions_are_validated(client: Client) -> None:
    (row,) = asked(client, "SELECT Metadata FROM LeadConfigSettings").json()["records"]

    assert row["Metadata"]["shouldLeadConvertRequireValidation"] is False


def test_tooling_has_a_composite_of_its_own(either: Client) -> None:
    data = f"/services/data/v{either.version}"
    parts = [
        f"{data}/tooling/query/?q=SELECT+Id+FROM+ValidationRule",
        f"{data}/tooling/sobjects/ValidationRule/{rule_id(either, 'Old')}",
    ]
    before = either.mock.org.limits.usage()[0]

    answer = composite(either, parts)

    listed = answer.json()["compositeResponse"]
    assert [each["httpStatusCode"] for each in listed] == [200, 200]
    assert listed[0]["body"]["totalSize"] == 3
    assert listed[1]["body"]["Metadata"]["active"] is False
    assert either.mock.org.limits.usage()[0] == before + 1


def test_either_composite_carries_its_own_resources_only(client: Client) -> None:
    data = f"/services/data/v{client.version}"

    of_tooling = composite(client, [f"{data}/sobjects/Lead/describe"])
    of_data = client.post("/composite", json={"compositeRequest": [subrequest(0, f"{data}/tooling/query?q=x")]})

    assert of_tooling.json()[0]["errorCode"] == "INVALID_INPUT"
    assert of_data.json()[0]["errorCode"] == "INVALID_INPUT"


def test_six_tooling_queries_in_one_composite_are_too_many(client: Client) -> None:
    url = f"/services/data/v{client.version}/tooling/query/?q=SELECT+Id+FROM+ValidationRule"

    assert composite(client, [url] * 5).status_code == 200
    assert composite(client, [url] * 6).json()[0]["errorCode"] == "LIMIT_EXCEEDED"


def test_without_view_setup_there_are_no_rules(client: Client) -> None:
    known = rule_id(client, "Old")
    seller = client.login_as("seller@rules.example")

    listed = asked(seller, NAMES)
    read = seller.get(f"/tooling/sobjects/ValidationRule/{known}")

    assert listed.status_code == 400
    assert listed.json() == [
        {"message": "sObject type 'ValidationRule' is not supported.", "errorCode": "INVALID_TYPE"}
    ]
    assert read.status_code == 404


def test_the_lead_settings_are_unknown_to_an_old_version(client: Client) -> None:
    client.version = "46.0"

    assert asked(client, "SELECT Metadata FROM LeadConfigSettings").json()[0]["errorCode"] == "INVALID_TYPE"
    assert asked(client, "SELECT Id FROM ValidationRule").status_code == 200


def test_the_rest_of_tooling_says_that_it_is_not_modelled(client: Client) -> None:
    for answer in (
        asked(client, "SELECT Id FROM ApexClass"),
        asked(client, "SELECT Id FROM EntityDefinition"),
        client.get("/tooling/sobjects/ApexClass/01p000000000001AAA"),
        client.get("/tooling/sobjects"),
    ):
        assert answer.status_code in {400, 404}
        assert "X-Mock-Org-Not-Modelled" in answer.headers


def test_the_data_api_knows_nothing_of_the_rules(client: Client) -> None:
    answer = client.get("/query", params={"q": "SELECT Id FROM ValidationRule"})

    assert answer.json()[0]["errorCode"] == "INVALID_TYPE"
    assert client.get("/sobjects/ValidationRule/describe").status_code == 404


def subrequest(number: int, url: str) -> dict[str, str]:
    return {"method": "GET", "url": url, "referenceId": f"part{number}"}


def composite(client: Client, urls: list[str]) -> Any:
    parts = [subrequest(number, url) for number, url in enumerate(urls)]
    return client.post("/tooling/composite", json={"compositeRequest": parts})

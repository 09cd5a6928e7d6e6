"""jsforce on Node: a script per subject in `jsforce/`, its output held against Salesforce's answers here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from peers import folder, node

if TYPE_CHECKING:
    from served import Served

pytestmark = pytest.mark.slow

SCENARIOS = Path(__file__).parent / "jsforce"
SOAP_LOGIN_API = "64.0"  # the last version that has it
API = "66.0"
KEYED_LEADS = "custom_fields: {Lead: [{name: Key__c, type: string, length: 20, external_id: true, unique: true}]}"


@pytest.fixture(autouse=True)
def _installed() -> None:
    folder()


@pytest.fixture
def org_yaml() -> str:
    return KEYED_LEADS


def scenario(name: str, org: Served, home: Path, *, version: str = API, **given: Any) -> Any:
    known = {"url": org.url, "token": org.mock.login(), "version": version}
    return node(SCENARIOS / f"{name}.mjs", home, {**known, **given})


def test_every_way_in_opens_a_session(http_org: Served, tmp_path: Path) -> None:
    mock = http_org.mock
    user, credentials = mock.org.access.admin, mock.org.settings.credentials
    seen = scenario(
        "login",
        http_org,
        tmp_path,
        version=SOAP_LOGIN_API,
        client=credentials.client_id,
        secret=credentials.client_secret,
        refresh=credentials.refresh_token,
        username=user.setting.username,
        password=user.setting.password,
    )
    for way in ("soap", "password", "credentials"):
        assert (seen[way]["id"], seen[way]["organizationId"]) == (user.id, mock.org_id), way
    assert seen["soapToken"] == "00D"
    assert seen["soapInstance"] == seen["instance"] == http_org.url
    assert seen["identity"] == {
        "user": user.id,
        "org": mock.org_id,
        "name": user.setting.username,
        "url": f"{http_org.url}/services/data/v{{version}}/",
    }
    assert (seen["refreshed"] > 0, seen["newToken"]) == (True, True)
    assert seen["wrongPassword"]["message"] == (
        "INVALID_LOGIN: Invalid username, password, security token; or user locked out."
    )
    assert seen["wrongClient"]["message"] == "client identifier invalid"
    assert seen["wrongClient"]["name"] == "invalid_client_id"
    for way in ("ended", "afterLogout"):
        assert (seen[way]["code"], seen[way]["message"]) == ("INVALID_SESSION_ID", "Session expired or invalid")


def test_the_org_describes_itself(http_org: Served, tmp_path: Path) -> None:
    seen = scenario("describe", http_org, tmp_path)
    assert (seen["lead"]["name"], seen["lead"]["keyPrefix"]) == ("Lead", "00Q")
    assert seen["lead"]["urls"]["rowTemplate"] == f"/services/data/v{API}/sobjects/Lead/{{ID}}"
    assert (seen["key"]["externalId"], seen["key"]["custom"]) == (True, True)
    assert (seen["converted"]["createable"], seen["converted"]["updateable"]) == (True, False)
    assert sorted(seen["who"]["referenceTo"]) == ["Contact", "Lead"]
    assert {"Tasks", "Events"} <= set(seen["childRelationships"])
    assert {"Lead", "OpportunityStage", "LeadHistory"} <= set(seen["objects"])
    assert set(seen["limits"]["DailyApiRequests"]) == {"Max", "Remaining"}
    assert seen["usage"]["apiUsage"]["limit"] == 15000
    assert {"label", "url", "version"} == set(seen["versions"][0])
    assert (seen["unknown"]["code"], seen["unknown"]["message"]) == (
        "NOT_FOUND",
        "The requested resource does not exist",
    )


def test_rows_are_written_one_by_one_and_in_collections(http_org: Served, tmp_path: Path) -> None:
    seen = scenario("rows", http_org, tmp_path)
    lead = seen["created"]["id"]
    assert seen["created"] == seen["updated"] == seen["destroyed"] == {"id": lead, "success": True, "errors": []}
    assert (seen["read"]["LastName"], seen["read"]["Rating"]) == ("Straße", "Hot")
    assert [seen[name]["created"] for name in ("upserted", "upsertedAgain")] == [True, False]
    assert seen["unknown"]["code"] == "NOT_FOUND"
    assert seen["incomplete"]["code"] == "REQUIRED_FIELD_MISSING"
    assert seen["made"]["count"] == 250
    assert seen["made"]["failed"] == [7]
    assert set(seen["made"]["failure"]) == {"success", "errors"}
    assert seen["made"]["failure"]["errors"][0]["fields"] == ["Company"]
    assert [each["success"] for each in seen["changed"]] == [True, False]
    assert [each["errors"][0]["statusCode"] for each in seen["undone"]] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        seen["changed"][1]["errors"][0]["statusCode"],
    ]
    assert seen["fetched"] == [[False, None], [True, "Hot"]]
    assert [(each["success"], each["created"]) for each in seen["merged"]] == [(True, False), (True, True)]
    assert seen["removed"] == [True, True]
    assert seen["condition"]["name"] in {"PRECONDITION_FAILED", "ERROR_HTTP_412"}


def test_queries_are_built_and_paged(http_org: Served, tmp_path: Path) -> None:
    _fill(http_org)
    seen = scenario(
        "find", http_org, tmp_path, soql="SELECT LastName FROM Lead WHERE LastName LIKE 'Lead%' ORDER BY Id"
    )
    assert (seen["autoFetched"], seen["total"]) == (452, 452)
    assert seen["pages"] == [[200, False, 452], [200, False, 452]]
    assert seen["ids"] == sorted(set(seen["ids"]))
    assert [row["LastName"] for row in seen["found"]] == ["Lead 198", "Lead 197", "Lead 196"]
    assert seen["found"][0]["Owner"]["Name"] == "Ada Admin"
    assert "Id" not in seen["found"][0]
    assert (seen["since"], seen["before"]) == (452, 0)
    assert seen["one"]["LastName"] == "O'Brien & Söhne"
    assert seen["count"] == 326
    assert {"Id", "Company", "SystemModstamp", "Key__c"} <= set(seen["all"])
    assert [(row["LastName"], row["IsConverted"]) for row in seen["select"]] == [("Lead 1", False)]
    (account,) = seen["children"]
    assert [row["LastName"] for row in account["Contacts"]["records"]] == ["Alpha", "Beta"]
    assert (account["Contacts"]["totalSize"], account["Contacts"]["done"]) == (2, True)
    assert seen["scanned"] == 1
    assert seen["streamed"] == [f"Lead {n}" for n in range(5)]
    assert seen["badField"]["code"] == "INVALID_FIELD"
    assert seen["badSyntax"]["code"] == "MALFORMED_QUERY"
    assert seen["badLocator"]["code"] == "INVALID_QUERY_LOCATOR"


def _fill(org: Served) -> None:
    """Leads with names and ratings to look for, one of them deleted, and an account with contacts."""
    from sync.mockorg import rows  # noqa: PLC0415

    mock = org.mock
    admin = mock.org.access.admin

    def make(object_name: str, **values: str) -> str:
        made = rows.create(mock.org, admin, object_name, values)
        assert made.id is not None, made.errors
        return made.id

    for n in range(451):
        make("Lead", LastName=f"Lead {n}", Company="Acme", Rating="Cold" if n % 2 and n > 200 else "Hot")
    make("Lead", LastName="O'Brien & Söhne", Company="Acme")
    rows.delete(mock.org, admin, "Lead", make("Lead", LastName="Gone", Company="Acme"))
    account = make("Account", Name="Acme")
    for name in ("Beta", "Alpha"):
        make("Contact", LastName=name, AccountId=account)


def test_bulk_jobs_carry_rows_both_ways(http_org: Served, tmp_path: Path) -> None:
    seen = scenario("bulk2", http_org, tmp_path)
    assert seen["made"] == [1199, 1, 0]
    assert seen["success"]["sf__Created"] == "true"
    assert set(seen["success"]) == {"sf__Id", "sf__Created", "LastName", "Company", "Rating"}
    assert re.fullmatch(r"REQUIRED_FIELD_MISSING:.+:Company ?--", seen["failure"]["sf__Error"])
    changed, failed = seen["changed"]
    assert changed == seen["ids"]
    assert [row["Id"] for row in failed] == ["00Q000000000000AAA"]
    assert [(row["sf__Created"], row["Key__c"]) for row in seen["upserted"]] == [("true", "k-1")]
    assert seen["everything"]["count"] == 1199
    assert list(seen["everything"]["first"]) == ["Id", "Company", "Rating", "Owner.Name"]
    assert seen["everything"]["first"]["Company"] == 'Say "hi",\nLtd'
    assert seen["everything"]["ratings"] in (["", "Cold", "Hot"], [None, "Cold", "Hot"])
    assert seen["none"] == []
    assert (seen["removed"], seen["scanned"]) == (1, 1)
    assert (seen["opened"]["state"], seen["opened"]["concurrencyMode"]) == ("Open", "Parallel")
    assert seen["opened"]["contentUrl"] == f"services/data/v{API}/jobs/ingest/{seen['opened']['id']}/batches"
    assert seen["aborted"] == "Aborted"
    assert seen["deleted"]["code"] == "NOT_FOUND"
    assert "unexpected" not in seen["badQuery"]
    assert "unexpected" not in seen["badObject"]


def test_leads_are_converted_over_soap(http_org: Served, tmp_path: Path) -> None:
    seen = scenario("convert", http_org, tmp_path)
    single = seen["single"]
    assert (single["success"], single["leadId"], single["errors"]) == (True, seen["lead"]["Id"], [])
    assert seen["lead"]["IsConverted"] is True
    assert (seen["lead"]["ConvertedAccountId"], seen["lead"]["ConvertedContactId"]) == (
        single["accountId"],
        single["contactId"],
    )
    assert seen["opportunity"]["Name"] == "Acme"
    merged, again, other, wrong = seen["batch"]
    assert (merged["success"], merged["contactId"]) == (True, single["contactId"])
    assert merged["opportunityId"] is None
    assert seen["phone"] == "1"
    assert (again["success"], again["leadId"]) == (False, None)
    assert again["errors"][0]["statusCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert (other["success"], other["leadId"]) == (True, seen["leads"][2])
    assert wrong["errors"][0]["message"] == "invalid convertedStatus: Open - Not Contacted"
    assert wrong["errors"][0]["statusCode"] == "INVALID_STATUS"
    assert seen["tooMany"]["message"].startswith("EXCEEDED_LEAD_CONVERT_LIMIT")
    assert seen["userInfo"]["organizationId"] == http_org.mock.org_id
    assert seen["userInfo"]["orgHasPersonAccounts"] is False
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", seen["timestamp"]["timestamp"])
    assert seen["overRest"]["code"] == "NOT_FOUND"
    assert seen["ended"]["message"].startswith("INVALID_SESSION_ID: Invalid Session ID found in SessionHeader")

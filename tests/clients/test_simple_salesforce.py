"""simple-salesforce over https: every login, rows, paging, collections, describe, replication."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from simple_client import API, MY_DOMAIN, collection, leads, rows_of
from simple_salesforce import Salesforce, SalesforceMalformedRequest, SalesforceResourceNotFound
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceGeneralError,
)

if TYPE_CHECKING:
    from served import Served

pytestmark = pytest.mark.slow

OWN_CREDENTIALS = """
users: [{username: ada, last_name: Admin, password: pw, security_token: tok}]
credentials: {client_id: app, client_secret: shh, run_as: ada}
"""


# Logging in


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"username": "ada", "password": "pw", "security_token": "tok"}, id="soap-login-with-token"),
        pytest.param({"username": "ada", "password": "pwtok", "organizationId": "own"}, id="soap-login-to-an-org"),
        pytest.param(
            {"username": "ada", "password": "pwtok", "consumer_key": "app", "consumer_secret": "shh"}, id="password"
        ),
        pytest.param({"consumer_key": "app", "consumer_secret": "shh", "domain": MY_DOMAIN}, id="client-credentials"),
    ],
)
@pytest.mark.parametrize("org_yaml", [OWN_CREDENTIALS], ids=[""])
def test_each_way_to_log_in_opens_a_session(https_org: Served, http: requests.Session, given: dict[str, str]) -> None:
    if "organizationId" in given:
        given = {**given, "organizationId": https_org.mock.org_id}
    sf = Salesforce(**given, session=http, version=API)
    assert sf.session_id.startswith("00D")
    assert sf.query("SELECT Username FROM User WHERE Username = 'ada'")["totalSize"] == 1


def test_a_signed_assertion_opens_a_session(https_org: Served, http: requests.Session) -> None:
    user = https_org.mock.org.access.admin.setting.username
    key = https_org.mock.new_jwt_key()
    sf = Salesforce(username=user, consumer_key="leadgate-mock-client", privatekey=key, session=http, version=API)
    assert sf.oauth2("userinfo")["preferred_username"] == user


def test_an_assertion_signed_by_somebody_else_is_refused(https_org: Served, http: requests.Session) -> None:
    user = https_org.mock.org.access.admin.setting.username
    key = https_org.mock.new_jwt_key()
    https_org.mock.doors.grants.public_keys.clear()
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        Salesforce(username=user, consumer_key="leadgate-mock-client", privatekey=key, session=http)
    assert refused.value.code == "invalid_grant"


@pytest.mark.parametrize("domain", [None, MY_DOMAIN])
def test_a_wrong_password_is_refused_as_salesforce_words_it(http: requests.Session, domain: str | None) -> None:
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        Salesforce(username="ada", password="no", security_token="", session=http, domain=domain)
    assert refused.value.code == "INVALID_LOGIN"
    assert refused.value.auth_message == "Invalid username, password, security token; or user locked out."


def test_a_wrong_client_is_refused_as_salesforce_words_it(http: requests.Session) -> None:
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        Salesforce(consumer_key="no", consumer_secret="no", domain=MY_DOMAIN, session=http)
    assert (refused.value.code, refused.value.auth_message) == ("invalid_client_id", "client identifier invalid")


def test_soap_login_is_gone_from_version_65_on(http: requests.Session) -> None:
    with pytest.raises(SalesforceAuthenticationFailed):
        Salesforce(
            username="admin@leadgate-mock.example",
            password="leadgate-mock",
            security_token="",
            session=http,
            version="65.0",
        )


def test_an_ended_session_is_told_apart_and_renewed_by_who_logged_in(
    https_org: Served, http: requests.Session, sf: Salesforce
) -> None:
    renewing = Salesforce(
        consumer_key="leadgate-mock-client", consumer_secret="leadgate-mock-secret", domain=MY_DOMAIN, session=http
    )
    first = renewing.session_id
    https_org.mock.expire_sessions()
    with pytest.raises(SalesforceExpiredSession) as expired:
        sf.query("SELECT Id FROM Lead")
    assert expired.value.content == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    assert renewing.query("SELECT Id FROM Lead")["done"] is True
    assert renewing.session_id != first


# Rows


def test_a_row_is_made_read_changed_and_deleted(sf: Salesforce) -> None:
    made = sf.Lead.create({"LastName": "Žluťoučký 李", "Company": "Acme", "AnnualRevenue": 1200.5})
    assert made == {"id": made["id"], "success": True, "errors": []}
    assert sf.Lead.update(made["id"], {"Rating": "Hot", "AnnualRevenue": None}) == 204
    row = sf.Lead.get(made["id"])
    assert row["attributes"] == {"type": "Lead", "url": f"/services/data/v{API}/sobjects/Lead/{made['id']}"}
    assert (row["Name"], row["Rating"], row["AnnualRevenue"]) == ("Žluťoučký 李", "Hot", None)
    assert datetime.strptime(row["SystemModstamp"], "%Y-%m-%dT%H:%M:%S.%f%z").tzinfo is not None
    assert sf.Lead.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound) as gone:
        sf.Lead.delete(made["id"])
    assert gone.value.content[0]["errorCode"] == "ENTITY_IS_DELETED"


def test_usage_is_told_with_each_call(sf: Salesforce) -> None:
    sf.query("SELECT Id FROM Lead")
    before = sf.api_usage["api-usage"]
    sf.query("SELECT Id FROM Lead")
    after = sf.api_usage["api-usage"]
    assert (after.used - before.used, after.total) == (1, 15000)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"LastName": "Doe"}, {"errorCode": "REQUIRED_FIELD_MISSING", "fields": ["Company"]}),
        ({"LastName": "Doe", "Company": "A", "Nope": 1}, {"errorCode": "INVALID_FIELD"}),
        ({"LastName": "D" * 81, "Company": "A"}, {"errorCode": "STRING_TOO_LONG", "fields": ["LastName"]}),
    ],
)
def test_a_bad_row_is_refused_with_its_code(sf: Salesforce, fields: dict[str, Any], error: dict[str, Any]) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.Lead.create(fields)
    (answer,) = refused.value.content
    assert {name: answer[name] for name in error} == error


def test_a_condition_on_a_row_that_was_changed_since_is_a_412(https_org: Served, sf: Salesforce) -> None:
    (lead,) = leads(sf, 1)
    condition = {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"}
    with pytest.raises(SalesforceGeneralError) as refused:
        sf.Lead.update(lead, {"Rating": "Hot"}, headers=condition)
    assert refused.value.status == 412
    assert sf.Lead.get(lead)["Rating"] is None


@pytest.mark.parametrize(
    "org_yaml",
    ["custom_fields: {Lead: [{name: Key__c, type: string, length: 20, external_id: true, unique: true}]}"],
    ids=[""],
)
def test_a_row_is_upserted_by_external_id(sf: Salesforce) -> None:
    assert sf.Lead.upsert("Key__c/k-1", {"LastName": "One", "Company": "Acme"}) == 201
    assert sf.Lead.upsert("Key__c/k-1", {"LastName": "Two"}) in {200, 204}
    assert sf.Lead.get_by_custom_id("Key__c", "k-1")["LastName"] == "Two"
    (job,) = sf.bulk2.Lead.upsert(
        records=[
            {"Key__c": "k-1", "LastName": "Three", "Company": "Acme"},
            {"Key__c": "k-2", "LastName": "New", "Company": "B"},
        ],
        external_id_field="Key__c",
        wait=0,
    )
    created = {
        row["Key__c"]: row["sf__Created"] for row in rows_of(sf.bulk2.Lead.get_successful_records(job["job_id"]))
    }
    assert created == {"k-1": "false", "k-2": "true"}


# Queries


def test_a_large_answer_comes_in_pages(sf: Salesforce) -> None:
    made = leads(sf, 401)
    soql = "SELECT Id, Owner.Name FROM Lead ORDER BY Id"
    first = sf.query(soql, headers={"Sforce-Query-Options": "batchSize=200"})
    assert (first["totalSize"], first["done"], len(first["records"])) == (401, False, 200)
    second = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert (second["totalSize"], len(second["records"])) == (401, 200)
    third = sf.query_more(second["nextRecordsUrl"].rsplit("/", 1)[1])
    assert third["done"] is True
    assert "nextRecordsUrl" not in third
    seen = [row for page in (first, second, third) for row in page["records"]]
    assert [row["Id"] for row in seen] == sorted(made)
    assert seen[0]["Owner"]["attributes"]["type"] == "Name"
    assert sf.query_all(soql)["totalSize"] == len(sf.query_all(soql)["records"]) == 401


def test_deleted_rows_come_only_if_asked_for(sf: Salesforce) -> None:
    keep, lose = leads(sf, 2)
    sf.Lead.delete(lose)
    assert [row["Id"] for row in sf.query_all("SELECT Id FROM Lead")["records"]] == [keep]
    both = sf.query_all("SELECT Id, IsDeleted FROM Lead", include_deleted=True)["records"]
    assert {row["Id"]: row["IsDeleted"] for row in both} == {keep: False, lose: True}


def test_counts_and_groups(sf: Salesforce) -> None:
    leads(sf, 2, Rating="Hot")
    leads(sf, 1, Rating="Cold")
    assert sf.query("SELECT COUNT() FROM Lead") == {"totalSize": 3, "done": True, "records": []}
    groups = sf.query("SELECT Rating, COUNT(Id) n FROM Lead GROUP BY Rating ORDER BY Rating")["records"]
    assert [(row["attributes"], row["Rating"], row["n"]) for row in groups] == [
        ({"type": "AggregateResult"}, "Hot", 2),  # a picklist sorts in the order of its values
        ({"type": "AggregateResult"}, "Cold", 1),
    ]


def test_a_query_in_error_says_where(sf: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        sf.query("SELECT Id, Nope FROM Lead")
    (error,) = refused.value.content
    assert error["errorCode"] == "INVALID_FIELD"
    assert error["message"].startswith(
        "\nSELECT Id, Nope FROM Lead\n           ^\nERROR at Row:1:Column:12\nNo such column"
    )


# Collections


def test_a_collection_answers_in_order_and_failures_have_no_id(sf: Salesforce) -> None:
    one, two, three = leads(sf, 3)
    answer = collection(
        sf, "PATCH", {"id": one, "Rating": "Hot"}, {"id": two, "LastName": ""}, {"Id": three, "Rating": "Warm"}
    )
    assert [entry["success"] for entry in answer] == [True, False, True]
    assert answer[0] == {"id": one, "success": True, "errors": []}
    assert set(answer[1]) == {"success", "errors"}
    assert set(answer[1]["errors"][0]) == {"statusCode", "message", "fields"}
    assert answer[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert sf.Lead.get(one)["Rating"] == "Hot"


def test_all_or_none_takes_everything_back(sf: Salesforce) -> None:
    one, two = leads(sf, 2)
    answer = collection(sf, "PATCH", {"id": one, "Rating": "Hot"}, {"id": two, "Nope": 1}, all_or_none=True)
    assert not any(entry["success"] for entry in answer)
    assert answer[0]["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert sf.Lead.get(one)["Rating"] is None


def test_a_collection_is_fetched_and_deleted(sf: Salesforce) -> None:
    one, two = leads(sf, 2)
    ids = [two, "00Q000000000000AAA", one]
    got = sf.restful("composite/sobjects/Lead", method="POST", data=json.dumps({"ids": ids, "fields": ["Company"]}))
    assert [row and row["Company"] for row in got] == ["Acme", None, "Acme"]
    gone = sf.restful("composite/sobjects", params={"ids": f"{one},{two}"}, method="DELETE")
    assert gone == [{"id": each, "success": True, "errors": []} for each in (one, two)]


def test_more_than_200_rows_are_refused(sf: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest):
        collection(sf, "PATCH", *({"id": "00Q000000000001AAA"} for _ in range(201)))


# What the org says about itself


def test_describe_tells_fields_and_objects(sf: Salesforce) -> None:
    described = sf.describe()
    assert {"Lead", "Opportunity", "Task", "LeadStatus"} <= {each["name"] for each in described["sobjects"]}
    fields = {field["name"]: field for field in sf.Lead.describe()["fields"]}
    assert (fields["Company"]["nillable"], fields["Company"]["length"]) == (False, 255)
    assert {value["value"] for value in fields["Status"]["picklistValues"]} >= {"Closed - Converted"}
    assert sf.Lead.metadata()["objectDescribe"]["keyPrefix"] == "00Q"
    assert sf.limits()["DailyApiRequests"]["Max"] == 15000
    assert sf.is_sandbox() is False


def test_changes_and_deletions_of_a_window_are_listed(https_org: Served, sf: Salesforce) -> None:
    keep, lose = leads(sf, 2)
    sf.Lead.delete(lose)
    https_org.mock.clock.advance(timedelta(minutes=2))
    end = https_org.mock.clock.now().astimezone(UTC)
    changed = sf.Lead.updated(end - timedelta(hours=1), end)
    deleted = sf.Lead.deleted(end - timedelta(hours=1), end)
    assert changed["ids"] == [keep]
    assert [row["id"] for row in deleted["deletedRecords"]] == [lose]
    assert set(changed) == {"ids", "latestDateCovered"}
    assert set(deleted) == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}


def test_there_is_no_rest_way_to_convert_a_lead(sf: Salesforce) -> None:
    with pytest.raises(SalesforceResourceNotFound) as refused:
        sf.restful("actions/standard/convertLead", method="POST", data='{"inputs":[]}')
    assert refused.value.content[0]["errorCode"] == "NOT_FOUND"

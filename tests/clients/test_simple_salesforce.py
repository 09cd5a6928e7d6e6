"""simple-salesforce over https: every login, rows, paging, collections, Bulk API 2.0, describe, replication."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceMalformedRequest, SalesforceResourceNotFound
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceOperationError,
)

from sync.mockorg.bulk.jobs import Course, JobState, Polls

if TYPE_CHECKING:
    from conftest import Served

pytestmark = pytest.mark.slow

API = "64.0"  # the last version with SOAP login
MY_DOMAIN = "leadgate-mock.my"
OWN_CREDENTIALS = """
users: [{username: ada, last_name: Admin, password: pw, security_token: tok}]
credentials: {client_id: app, client_secret: shh, run_as: ada}
"""


class NameLookup(HTTPAdapter):
    """What a hosts file would do: Salesforce's names lead to the loopback address, and the Host header keeps them."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        assert request.url is not None
        asked = requests.utils.urlparse(request.url)
        request.headers["Host"] = asked.netloc
        request.url = self._url + request.url.split(asked.netloc, 1)[1]
        return super().send(request, *args, **kwargs)


@pytest.fixture
def http(https_org: Served) -> Iterator[requests.Session]:
    """A session that trusts the org's authority and finds Salesforce's names at the org."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = https_org.ca_file
        for host in (f"{MY_DOMAIN}.salesforce.com", "login.salesforce.com", "test.salesforce.com"):
            session.mount(f"https://{host}", NameLookup(https_org.url))
        yield session


@pytest.fixture
def sf(https_org: Served, http: requests.Session) -> Salesforce:
    """A client with a session of its own."""
    return Salesforce(
        session_id=https_org.mock.login(), instance_url=https_org.url, session=http, version=API, object_pairs_hook=dict
    )


def collection(sf: Salesforce, method: str, *records: Mapping[str, Any], all_or_none: bool = False) -> Any:
    body = {"allOrNone": all_or_none, "records": [{"attributes": {"type": "Lead"}, **each} for each in records]}
    return sf.restful("composite/sobjects", method=method, data=json.dumps(body))


def leads(sf: Salesforce, count: int, **values: Any) -> list[str]:
    made = []
    for start in range(0, count, 200):
        rows = [{"LastName": f"Test {n}", "Company": "Acme", **values} for n in range(start, min(start + 200, count))]
        made += [each["id"] for each in collection(sf, "POST", *rows)]
    return made


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


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


# Bulk API 2.0


def test_a_bulk_query_comes_in_pages(sf: Salesforce) -> None:
    made = leads(sf, 25, Company='Say "hi",\nLtd')
    pages = [
        str(page) for page in sf.bulk2.Lead.query("SELECT Id, Company, Owner.Name FROM Lead", max_records=10, wait=0)
    ]
    assert [len(rows_of(page)) for page in pages] == [10, 10, 5]
    rows = [row for page in pages for row in rows_of(page)]
    assert sorted(row["Id"] for row in rows) == sorted(made)
    assert list(rows[0]) == ["Id", "Company", "Owner.Name"]
    assert rows[0]["Company"] == 'Say "hi",\nLtd'


def test_a_bulk_query_is_written_to_files(sf: Salesforce, tmp_path: Path) -> None:
    leads(sf, 5)
    files = sf.bulk2.Lead.download("SELECT Id FROM Lead", path=str(tmp_path), max_records=3, wait=0)
    assert [each["number_of_records"] for each in files] == [3, 2]
    assert [len(rows_of(Path(each["file"]).read_text())) for each in files] == [3, 2]


def test_a_job_is_waited_for(https_org: Served, sf: Salesforce) -> None:
    https_org.mock.transitions.query = Course(pace=Polls(3))
    assert "".join(map(str, sf.bulk2.Lead.query("SELECT Id FROM Lead", wait=0))).splitlines() in ([], ['"Id"'])
    assert https_org.mock.requests.count("bulk.query.look") == 4


def test_a_failed_job_says_why(https_org: Served, sf: Salesforce) -> None:
    https_org.mock.transitions.query = Course(outcome=JobState.FAILED, message="InternalServerError: try again")
    with pytest.raises(SalesforceOperationError, match="InternalServerError: try again"):
        list(sf.bulk2.Lead.query("SELECT Id FROM Lead", wait=0))


def test_a_query_that_bulk_cannot_do_is_refused(sf: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest):
        list(sf.bulk2.Lead.query("SELECT Rating, COUNT(Id) FROM Lead GROUP BY Rating", wait=0))


def test_bulk_rows_are_inserted_updated_and_deleted_and_each_is_accounted_for(sf: Salesforce) -> None:
    rows = [{"LastName": f"Bulk {n}", "Company": "Acme" if n else ""} for n in range(4)]
    (made,) = sf.bulk2.Lead.insert(records=rows, wait=0)
    assert (made["numberRecordsProcessed"], made["numberRecordsFailed"]) == (4, 1)
    results = sf.bulk2.Lead.get_all_ingest_records(made["job_id"])
    assert [row["sf__Created"] for row in results["successfulRecords"]] == ["true"] * 3
    (failed,) = results["failedRecords"]
    assert re.fullmatch(r"REQUIRED_FIELD_MISSING:.+:Company ?--", failed["sf__Error"])
    assert (failed["sf__Id"], failed["LastName"]) == ("", "Bulk 0")
    assert results["unprocessedRecords"] == []

    one, two, three = (row["sf__Id"] for row in results["successfulRecords"])
    sf.Lead.update(one, {"Phone": "1"})
    changes = [
        {"Id": one, "Rating": "Hot", "Phone": "#N/A"},
        {"Id": two, "Rating": "", "Phone": "2"},
        {"Id": "00Q000000000000AAA", "Rating": "Hot", "Phone": "3"},
    ]
    (changed,) = sf.bulk2.Lead.update(records=changes, wait=0)
    assert (changed["numberRecordsProcessed"], changed["numberRecordsFailed"]) == (3, 1)
    text = sf.bulk2.Lead.get_failed_records(changed["job_id"])
    assert text.splitlines()[0].startswith('"sf__Id","sf__Error",')
    assert [row["Id"] for row in rows_of(text)] == ["00Q000000000000AAA"]
    assert (sf.Lead.get(one)["Rating"], sf.Lead.get(one)["Phone"], sf.Lead.get(two)["Phone"]) == ("Hot", None, "2")

    (deleted,) = sf.bulk2.Lead.delete(records=[{"Id": three}], wait=0)
    assert deleted["numberRecordsFailed"] == 0
    assert sf.query("SELECT COUNT() FROM Lead")["totalSize"] == 2


def test_an_aborted_job_leaves_its_rows_unprocessed(https_org: Served, sf: Salesforce) -> None:
    https_org.mock.transitions.ingest = Course(outcome=JobState.FAILED, message="TooManyLockFailure : ", rows_done=1)
    job = sf.bulk2.Lead._client.create_job("insert")
    sf.bulk2.Lead._client.upload_job_data(job["id"], "LastName,Company\nA,A\nB,B\nC,C\n")
    # the client's own helper forgets the job's id when the job fails, so its steps are taken one by one
    sf.bulk2.Lead._client.close_job(job["id"])
    with pytest.raises(SalesforceOperationError, match="TooManyLockFailure"):
        sf.bulk2.Lead._client.wait_for_job(job["id"], is_query=False, wait=0)
    results = sf.bulk2.Lead.get_all_ingest_records(job["id"])
    assert [row["LastName"] for row in results["successfulRecords"]] == ["A"]
    assert [row["LastName"] for row in results["unprocessedRecords"]] == ["B", "C"]


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

"""What every door promises beyond single resources: faults that reach each route, refusals that name themselves."""

from __future__ import annotations

import threading

import pytest
import requests
from doors_client import Client, logged_in
from lxml import etree

from sync.mockorg import Fault, FaultKind, MockOrg
from sync.mockorg.errors import not_modelled_header

HEADER = "X-Mock-Org-Not-Modelled"
ROOT = "/services/data/v66.0"

LEAD_PROCESSES = """
record_types:
  Lead:
    - {name: Business, values: [Open - Not Contacted, Closed - Converted], default_for: [System Administrator]}
    - {name: Partner, values: [Open - Not Contacted, Closed - Not Converted]}
"""


def soap(client: Client, operation: str, inside: str) -> requests.Response:
    urn = "urn:partner.soap.sforce.com"
    body = (
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{urn}"><e:Header>'
        f"<SessionHeader><sessionId>{client.mock.login()}</sessionId></SessionHeader></e:Header>"
        f"<e:Body><{operation}>{inside}</{operation}></e:Body></e:Envelope>"
    )
    return requests.post(
        f"{client.base}/services/Soap/u/66.0",
        data=body,
        headers={"Content-Type": "text/xml", "SOAPAction": '""'},
        timeout=20,
    )


def ingest(client: Client, operation: str, csv: str) -> str:
    job = client.post("/jobs/ingest", json={"object": "Lead", "operation": operation}).json()["id"]
    client.put(f"/jobs/ingest/{job}/batches", data=csv, headers={"Content-Type": "text/csv"})
    client.patch(f"/jobs/ingest/{job}", json={"state": "UploadComplete"})
    assert client.get(f"/jobs/ingest/{job}").json()["state"] == "JobComplete"
    return str(job)


def test_a_row_lock_strikes_one_row_of_a_bulk_job(client: Client) -> None:
    locked, free = client.lead(), client.lead()
    client.mock.add_fault(Fault(kind=FaultKind.ROW_LOCK, route="bulk.*", record=locked))

    job = ingest(client, "update", f"Id,Title\n{locked},CFO\n{free},CFO\n")

    assert (
        "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access" in client.get(f"/jobs/ingest/{job}/failedResults").text
    )
    assert free in client.get(f"/jobs/ingest/{job}/successfulResults").text
    assert client.get(f"/jobs/ingest/{job}").json()["numberRecordsFailed"] == 1


@pytest.mark.parametrize("route", ["rows.delete", "soap.undelete", "soap.merge"])
def test_a_row_lock_strikes_each_kind_of_write(client: Client, route: str) -> None:
    winner, lead = client.lead(), client.lead()
    if route == "soap.undelete":
        client.delete(f"/sobjects/Lead/{lead}")
    client.mock.add_fault(Fault(kind=FaultKind.ROW_LOCK, route=route))

    match route:
        case "rows.delete":
            answer = client.delete(f"/sobjects/Lead/{lead}")
        case "soap.undelete":
            answer = soap(client, "undelete", f"<ids>{lead}</ids>")
        case _:
            answer = soap(client, "merge", _merge(winner, lead))

    assert "UNABLE_TO_LOCK_ROW" in answer.text


def _merge(winner: str, *losers: str) -> str:
    merged = "".join(f"<recordToMergeIds>{each}</recordToMergeIds>" for each in losers)
    master = f'<masterRecord><type xmlns="urn:sobject.partner.soap.sforce.com">Lead</type><Id>{winner}</Id>'
    return f"<request>{master}<Title>Buyer</Title></masterRecord>{merged}</request>"


def test_leads_are_merged_over_soap_and_come_back_by_undelete(client: Client) -> None:
    winner, loser = client.lead(LastName="Kept"), client.lead(LastName="Merged")
    task = client.new("Task", Subject="Call", WhoId=loser)

    answer = soap(client, "merge", _merge(winner, loser))

    assert answer.status_code == 200, answer.text
    result = etree.fromstring(answer.content).find(".//{*}result")
    assert result is not None
    told = [(etree.QName(each).localname, each.text) for each in result]
    assert told[:3] == [("id", winner), ("mergedRecordIds", loser), ("success", "true")]
    assert ("updatedRelatedIds", task) in told[3:]
    gone = client.get("/queryAll", params={"q": "SELECT Id, MasterRecordId FROM Lead WHERE IsDeleted = true"}).json()
    assert [(each["Id"], each["MasterRecordId"]) for each in gone["records"]] == [(loser, winner)]
    assert client.get(f"/sobjects/Lead/{winner}").json()["Title"] == "Buyer"
    assert client.get(f"/sobjects/Task/{task}").json()["WhoId"] == winner
    assert "<success>true</success>" in soap(client, "undelete", f"<ids>{loser}</ids>").text
    assert client.get(f"/sobjects/Lead/{loser}").status_code == 200


def test_a_merge_that_cannot_be_is_a_result_and_no_fault(client: Client) -> None:
    lead = client.lead()

    answer = soap(client, "merge", _merge(lead, lead))

    assert answer.status_code == 200
    assert "<statusCode>INVALID_CROSS_REFERENCE_KEY</statusCode>" in answer.text
    assert "<success>false</success>" in answer.text


UNMODELLED = "query?q=SELECT format(Id) FROM Lead"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (
            "/composite",
            {"compositeRequest": [{"method": "GET", "referenceId": "a", "url": f"{ROOT}/{UNMODELLED}"}]},
        ),
        ("/composite/batch", {"batchRequests": [{"method": "GET", "url": f"v66.0/{UNMODELLED}"}]}),
    ],
)
def test_what_a_subrequest_may_not_do_is_named_by_the_outer_answer(client: Client, path: str, body: object) -> None:
    answer = client.post(path, json=body)

    assert answer.status_code == 200
    assert "function" in answer.headers[HEADER]


def test_what_a_record_may_not_hold_is_named_by_every_door(client: Client) -> None:
    wanted = {"LastName": "Doe", "Company": "Acme", "DandbCompanyId": "06E000000000001EAA"}

    answers = [
        client.post("/sobjects/Lead", json=wanted),
        client.post("/composite/sobjects", json={"records": [{"attributes": {"type": "Lead"}, **wanted}]}),
        soap(
            client,
            "create",
            "<sObjects><type>Lead</type><LastName>Doe</LastName><Company>Acme</Company>"
            "<DandbCompanyId>06E000000000001EAA</DandbCompanyId></sObjects>",
        ),
    ]
    job = ingest(client, "insert", "LastName,Company,DandbCompanyId\nDoe,Acme,06E000000000001EAA\n")

    for answer in (*answers, client.get(f"/jobs/ingest/{job}/failedResults")):
        assert "DandBCompany" in answer.headers[HEADER], answer.text


def test_what_convert_lead_does_not_model_is_named(client: Client) -> None:
    lead = client.lead()

    answer = soap(
        client,
        "convertLead",
        f"<leadConverts><leadId>{lead}</leadId><convertedStatus>Closed - Converted</convertedStatus>"
        "<bypassAccountDedupeCheck>true</bypassAccountDedupeCheck></leadConverts>",
    )

    assert HEADER in answer.headers, answer.text


def test_only_so_many_calls_of_twenty_seconds_run_at_once() -> None:
    mock = MockOrg(org_yaml="limits: {long_running_calls: 1}")
    started, over = threading.Event(), threading.Event()

    def sleep(_seconds: float) -> None:
        started.set()
        over.wait(10)

    with mock.in_process(sleep=sleep):
        client = logged_in(mock, mock.instance_url)
        mock.add_fault(Fault(kind=FaultKind.LATENCY, seconds=30, times=2))
        first = threading.Thread(target=lambda: client.get("/limits"))
        first.start()
        assert started.wait(10)
        second = client.get("/limits")
        third = client.get("/limits")
        over.set()
        first.join()

    assert (second.status_code, second.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert "Concurrent" in second.json()[0]["message"]
    assert third.status_code == 200


@pytest.mark.parametrize("org_yaml", [LEAD_PROCESSES])
def test_layouts_tell_which_statuses_a_record_types_lead_process_holds(client: Client, org_yaml: str) -> None:
    answer = client.get("/sobjects/Lead/describe/layouts")

    assert answer.status_code == 200
    assert HEADER not in answer.headers
    described = answer.json()
    assert described["layouts"] is None
    assert described["recordTypeSelectorRequired"] == [True]
    statuses = {
        mapping["developerName"]: next(
            [value["value"] for value in each["picklistValues"]]
            for each in mapping["picklistsForRecordType"]
            if each["picklistName"] == "Status"
        )
        for mapping in described["recordTypeMappings"]
    }
    assert statuses["Business"] == ["Open - Not Contacted", "Closed - Converted"]
    assert statuses["Partner"] == ["Open - Not Contacted", "Closed - Not Converted"]
    assert statuses["Master"] == [
        "Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted",
    ]  # fmt: skip
    infos = client.get("/sobjects/Lead/describe").json()["recordTypeInfos"]
    assert [
        info.items() <= mapping.items() for info, mapping in zip(infos, described["recordTypeMappings"], strict=True)
    ]
    rating = next(
        each
        for each in described["recordTypeMappings"][0]["picklistsForRecordType"]
        if each["picklistName"] == "Rating"
    )
    assert rating["picklistValues"][0] == {
        "active": True, "defaultValue": False, "label": "Hot", "validFor": None, "value": "Hot",
    }  # fmt: skip


def test_layouts_are_304_until_something_changes_and_pages_are_refused_loudly(client: Client) -> None:
    answer = client.get("/sobjects/Lead/describe/layouts")

    since = {"If-Modified-Since": answer.headers["Last-Modified"]}
    assert client.get("/sobjects/Lead/describe/layouts", headers=since).status_code == 304
    assert "page layouts" in answer.headers[HEADER]
    page = client.get("/sobjects/Lead/describe/layouts/012000000000000AAA")
    assert (page.status_code, page.headers[HEADER]) == (404, "page layouts")
    assert client.get("/sobjects/LeadHistory/describe/layouts").status_code == 404


def test_a_long_answer_arrives_whole_over_the_socket() -> None:
    mock = MockOrg()
    with mock.serve() as server:
        client = logged_in(mock, server.url)
        record = {
            "attributes": {"type": "Lead"},
            "LastName": "Doe",
            "Company": "A",
            "Description": "long text, " * 2900,
        }
        client.post("/composite/sobjects", json={"records": [record] * 100}).raise_for_status()
        page = client.get(
            "/query", params={"q": "SELECT Description FROM Lead"}, headers={"Accept-Encoding": "identity"}
        )
        client.http.close()

    assert len(page.content) > 3_000_000
    assert len(page.json()["records"]) == 100


@pytest.mark.parametrize("org_yaml", ["organization: {fiscal_year_start_month: 4}"])
@pytest.mark.parametrize("condition", ["CloseDate = THIS_FISCAL_QUARTER", "FISCAL_YEAR(CloseDate) = 2026"])
def test_a_fiscal_year_of_its_own_is_not_taken_for_the_calendars(client: Client, org_yaml: str, condition: str) -> None:
    answer = client.get("/query", params={"q": f"SELECT Id FROM Opportunity WHERE {condition}"})  # noqa: S608 - SOQL

    assert answer.status_code == 400
    assert "fiscal year" in answer.headers[HEADER]


@pytest.mark.parametrize(
    "path",
    [
        "/sobjects/LeadFeed/describe",
        "/sobjects/Lead/listviews",
        "/sobjects/Lead/quickActions",
        "/sobjects/Lead/describe/compactLayouts",
        "/query?q=SELECT Id FROM ContentDocument",
        "/query?q=SELECT Id, (SELECT Id FROM Feeds) FROM Lead",
        "/query?q=SELECT Pricebook2.Name FROM Opportunity",
    ],
)
def test_what_a_real_org_may_have_names_itself(either: Client, path: str) -> None:
    answer = either.get(path)

    assert answer.status_code in {400, 404}
    assert HEADER in answer.headers


@pytest.mark.parametrize("path", ["/sobjects/Our_Thing__c/describe", "/query?q=SELECT Id FROM Our_Thing__c"])
def test_a_custom_object_that_org_yaml_does_not_name_is_no_limit_of_the_mock(client: Client, path: str) -> None:
    assert HEADER not in client.get(path).headers


def test_beyond_the_quota_the_answer_says_how_many_calls_were_used(client: Client) -> None:
    client.mock.org.limits.set_usage(15000)

    answer = client.get("/limits")

    assert answer.status_code == 403
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=15000/15000"


def test_a_name_that_no_header_can_carry_is_written_in_ascii() -> None:
    assert not_modelled_header("the object Жук\r\nSet-Cookie: x") == {
        HEADER: "the object \\u0416\\u0443\\u043a Set-Cookie: x"
    }

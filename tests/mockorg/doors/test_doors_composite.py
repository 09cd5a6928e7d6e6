from __future__ import annotations

from typing import Any

import pytest
from doors_client import Client

ROOT = "/services/data/v66.0"


def sub(reference: str, method: str, path: str, body: object = None, **headers: str) -> dict[str, object]:
    request: dict[str, object] = {"referenceId": reference, "method": method, "url": f"{ROOT}{path}"}
    if body is not None:
        request["body"] = body
    if headers:
        request["httpHeaders"] = {name.replace("_", "-"): value for name, value in headers.items()}
    return request


def composite(client: Client, *subrequests: dict[str, object], **options: object) -> list[dict[str, Any]]:
    answer = client.post("/composite", json={"compositeRequest": subrequests, **options})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["compositeResponse"])


def test_later_subrequests_use_what_earlier_ones_answered(client: Client) -> None:
    made, contact, read, found = composite(
        client,
        sub("refAccount", "POST", "/sobjects/Account", {"Name": "Acme", "NumberOfEmployees": 7}),
        sub("refContact", "POST", "/sobjects/Contact", {"LastName": "Doe", "AccountId": "@{refAccount.id}"}),
        sub("refRead", "GET", "/sobjects/Account/@{refAccount.id}?fields=NumberOfEmployees"),
        sub("refQuery", "GET", "/query?q=SELECT Id FROM Contact WHERE AccountId = '@{refAccount.id}'"),
    )

    assert made["httpStatusCode"] == 201
    assert made["httpHeaders"] == {"Location": f"{ROOT}/sobjects/Account/{made['body']['id']}"}
    assert contact["httpStatusCode"] == 201
    assert read["body"]["NumberOfEmployees"] == 7
    assert found["body"]["records"][0]["Id"] == contact["body"]["id"]
    assert found["httpHeaders"] == {}


def test_query_results_can_be_referred_to_by_position(client: Client) -> None:
    client.lead(LastName="Found")

    *_, changed = composite(
        client,
        sub("q", "GET", "/query?q=SELECT+Id,LastName+FROM+Lead"),
        sub("u", "PATCH", "/sobjects/Lead/@{q.records[0].Id}", {"Title": "was @{q.records[0].LastName}"}),
    )

    assert (changed["httpStatusCode"], changed["body"]) == (204, None)
    assert client.query("SELECT Title FROM Lead")["records"][0]["Title"] == "was Found"


def test_it_costs_one_api_call_whatever_it_carries(client: Client) -> None:
    composite(client, *(sub(f"r{number}", "GET", "/sobjects/Lead/describe") for number in range(25)))

    assert client.mock.requests.api_calls == 1
    assert client.mock.requests.by_operation() == {"composite": 1}


def test_each_subrequest_carries_its_own_condition(client: Client) -> None:
    leads = [client.lead(), client.lead()]
    client.mock.clock.advance(10)
    client.patch(f"/sobjects/Lead/{leads[0]}", json={"Title": "by hand"})

    results = composite(
        client,
        *(
            sub(
                f"r{number}",
                "PATCH",
                f"/sobjects/Lead/{lead}",
                {"Status": "Working - Contacted"},
                If_Unmodified_Since="Fri, 01 May 2026 12:00:00 GMT",
            )
            for number, lead in enumerate(leads)
        ),
    )

    assert [each["httpStatusCode"] for each in results] == [412, 204]


def test_errors_inside_have_their_own_status_and_what_depends_on_them_is_halted(client: Client) -> None:
    failed, dependent, other = composite(
        client,
        sub("bad", "POST", "/sobjects/Account", {}),
        sub("child", "POST", "/sobjects/Contact", {"LastName": "Doe", "AccountId": "@{bad.id}"}),
        sub("nowhere", "GET", "/sobjects/Foo"),
    )

    assert failed["httpStatusCode"] == 400
    assert dependent["httpStatusCode"] == 400
    assert dependent["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert other == {
        "body": [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}],
        "httpHeaders": {},
        "httpStatusCode": 404,
        "referenceId": "nowhere",
    }


def test_all_or_none_undoes_everything(client: Client) -> None:
    results = composite(
        client,
        sub("good", "POST", "/sobjects/Account", {"Name": "Acme"}),
        sub("bad", "POST", "/sobjects/Account", {}),
        sub("later", "POST", "/sobjects/Account", {"Name": "Later"}),
        allOrNone=True,
    )

    assert [each["body"][0]["errorCode"] for each in results] == [
        "PROCESSING_HALTED",
        "REQUIRED_FIELD_MISSING",
        "PROCESSING_HALTED",
    ]
    assert client.query("SELECT count() FROM Account")["totalSize"] == 0


@pytest.mark.parametrize(
    "requests",
    [
        [sub(f"r{number}", "GET", "/sobjects/Lead") for number in range(26)],
        [sub(f"r{number}", "GET", "/query?q=SELECT Id FROM Lead") for number in range(6)],
        [sub("r", "GET", "/limits")],
        [sub("r", "GET", "/jobs/query")],
        [sub("r", "get", "/sobjects/Lead")],
        [sub("same", "GET", "/sobjects/Lead"), sub("same", "GET", "/sobjects/Lead")],
        [sub("not valid!", "GET", "/sobjects/Lead")],
        [sub("r", "GET", "/sobjects/Lead", Authorization="Bearer x")],
        [{"referenceId": "r", "method": "GET", "url": "sobjects/Lead"}],
        [{**sub("r", "GET", "/sobjects/Lead"), "surprise": 1}],
        [],
    ],
)
def test_a_request_of_the_wrong_form_is_refused_as_a_whole(client: Client, requests: list[object]) -> None:
    assert client.post("/composite", json={"compositeRequest": requests}).status_code == 400


def test_headers_of_the_outer_call_reach_the_subrequests(client: Client) -> None:
    for number in range(3):
        client.lead(LastName=f"N{number}")
    answer = client.post(
        "/composite",
        json={"compositeRequest": [sub("q", "GET", "/query?q=SELECT Id FROM Lead")]},
        headers={"Sforce-Enable-PKChunking": "TRUE"},
    )

    assert answer.status_code == 400
    assert "X-Mock-Org-Not-Modelled" in answer.headers


def batch(client: Client, *requests: dict[str, object], **options: object) -> dict[str, Any]:
    answer = client.post("/composite/batch", json={"batchRequests": requests, **options})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_batch_runs_each_on_its_own_and_each_is_charged(client: Client) -> None:
    lead = client.lead()
    before = client.mock.requests.api_calls

    answer = batch(
        client,
        {"method": "PATCH", "url": f"v66.0/sobjects/Lead/{lead}", "richInput": {"Title": "x"}},
        {"method": "GET", "url": "v66.0/sobjects/Lead/nonsense"},
        {"method": "GET", "url": f"/services/data/v66.0/sobjects/Lead/{lead}?fields=Title"},
    )

    assert answer["hasErrors"] is True
    assert [each["statusCode"] for each in answer["results"]] == [204, 404, 200]
    assert answer["results"][0]["result"] is None
    assert answer["results"][2]["result"]["Title"] == "x"
    assert client.mock.requests.api_calls - before == 3


def test_a_batch_may_halt_on_the_first_error(client: Client) -> None:
    answer = batch(
        client,
        {"method": "GET", "url": "v66.0/sobjects/Nope"},
        {"method": "GET", "url": "v66.0/limits"},
        haltOnError=True,
    )

    assert [each["statusCode"] for each in answer["results"]] == [404, 412]
    assert answer["results"][1]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"


def test_a_batch_takes_25(client: Client) -> None:
    many = [{"method": "GET", "url": "v66.0/limits"}] * 26

    assert client.post("/composite/batch", json={"batchRequests": many}).status_code == 400


def graph(client: Client, **graphs: list[dict[str, object]]) -> list[dict[str, Any]]:
    body = {"graphs": [{"graphId": name, "compositeRequest": nodes} for name, nodes in graphs.items()]}
    answer = client.post("/composite/graph", json=body)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["graphs"])


def test_each_graph_is_all_or_nothing_by_itself(client: Client) -> None:
    good, bad = graph(
        client,
        good=[
            sub("a", "POST", "/sobjects/Account", {"Name": "Good"}),
            sub("c", "POST", "/sobjects/Contact", {"LastName": "Doe", "AccountId": "@{a.id}"}),
        ],
        bad=[
            sub("a", "POST", "/sobjects/Account", {"Name": "Bad"}),
            sub("c", "POST", "/sobjects/Contact", {"AccountId": "@{a.id}"}),
        ],
    )

    assert (good["graphId"], good["isSuccessful"]) == ("good", True)
    assert (bad["graphId"], bad["isSuccessful"]) == ("bad", False)
    assert [each["httpStatusCode"] for each in good["graphResponse"]["compositeResponse"]] == [201, 201]
    names = [each["Name"] for each in client.query("SELECT Name FROM Account")["records"]]
    assert names == ["Good"]


def test_a_graph_carries_rows_only_and_has_its_limits(client: Client) -> None:
    def refused(nodes: list[dict[str, object]]) -> bool:
        body = {"graphs": [{"graphId": "g", "compositeRequest": nodes}]}
        return client.post("/composite/graph", json=body).status_code == 400

    chain = [sub("r0", "POST", "/sobjects/Account", {"Name": "0"})]
    chain += [
        sub(f"r{number}", "POST", "/sobjects/Account", {"Name": "x", "ParentId": f"@{{r{number - 1}.id}}"})
        for number in range(1, 16)
    ]
    assert refused([sub("q", "GET", "/query?q=SELECT Id FROM Lead")])
    assert refused([sub(f"r{number}", "GET", "/sobjects/Lead") for number in range(501)])
    assert refused(chain)
    assert not refused(chain[:15])


def test_graphs_came_with_version_50(client: Client) -> None:
    client.version = "49.0"

    assert client.post("/composite/graph", json={"graphs": []}).status_code == 404

from __future__ import annotations

from typing import Any

import pytest
from doors_client import Client


def record(type_: str = "Lead", **fields: object) -> dict[str, object]:
    return {"attributes": {"type": type_}, **fields}


def new(name: str) -> dict[str, object]:
    return record(LastName=name, Company="Acme")


def test_results_stand_in_order_and_failures_have_no_id(client: Client) -> None:
    answer = client.post("/composite/sobjects", json={"records": [new("A"), record(LastName="B"), new("C")]})

    results = answer.json()
    assert answer.status_code == 200
    assert [each["success"] for each in results] == [True, False, True]
    assert set(results[0]) == {"id", "success", "errors"}
    assert set(results[1]) == {"success", "errors"}
    assert results[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert client.mock.requests.api_calls == 1


@pytest.mark.parametrize("spelling", ["id", "Id", "ID"])
def test_an_update_takes_the_id_in_any_spelling(client: Client, spelling: str) -> None:
    lead = client.lead()

    results = client.patch("/composite/sobjects", json={"records": [record(**{spelling: lead, "Title": "x"})]}).json()

    assert results == [{"id": lead, "success": True, "errors": []}]
    assert client.get(f"/sobjects/Lead/{lead}").json()["Title"] == "x"


def test_all_or_none_rolls_back_what_went_well(client: Client) -> None:
    answer = client.post("/composite/sobjects", json={"allOrNone": True, "records": [new("A"), record(LastName="B")]})

    codes = [each["errors"][0]["statusCode"] for each in answer.json()]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert client.query("SELECT count() FROM Lead")["totalSize"] == 0


def test_an_id_given_twice_fails_the_second_time(client: Client) -> None:
    lead = client.lead()

    results = client.patch(
        "/composite/sobjects", json={"records": [record(id=lead, Title="1"), record(id=lead[:15], Title="2")]}
    ).json()

    assert [each["success"] for each in results] == [True, False]
    assert results[1]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


def test_200_records_are_taken_and_201_are_not(client: Client) -> None:
    many = [new(f"N{number}") for number in range(201)]

    assert client.post("/composite/sobjects", json={"records": many[:200]}).status_code == 200
    refused = client.post("/composite/sobjects", json={"records": many})
    assert refused.status_code == 400
    assert refused.json()[0]["errorCode"].startswith("EXCEEDED_MAX_SIZE")


def test_types_may_be_mixed_in_ten_chunks_but_not_in_eleven(client: Client) -> None:
    def mixed(count: int) -> list[Any]:
        return [new("L") if number % 2 else record("Account", Name="A") for number in range(count)]

    assert client.post("/composite/sobjects", json={"records": mixed(10)}).status_code == 200
    assert client.post("/composite/sobjects", json={"records": mixed(11)}).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"records": {"a": 1}},
        {"records": [{"LastName": "x"}]},
        {"records": [record("Nope", Name="x")]},
        {"records": [], "allOrNone": "yes"},
        {},
    ],
)
def test_a_malformed_body_is_400_as_a_whole(client: Client, body: Any) -> None:
    assert client.post("/composite/sobjects", json=body).status_code == 400


@pytest.mark.parametrize(
    ("bad", "code"), [({"Title": "x"}, "MISSING_ARGUMENT"), ({"id": "nonsense", "Title": "x"}, "MALFORMED_ID")]
)
def test_a_record_without_a_good_id_fails_alone(client: Client, bad: dict[str, object], code: str) -> None:
    good = client.lead()

    results = client.patch("/composite/sobjects", json={"records": [record(**bad), record(id=good, Title="x")]}).json()

    assert results[0]["errors"][0]["statusCode"] == code
    assert results[1]["success"] is True


def test_records_are_retrieved_in_order_with_null_for_the_missing(client: Client) -> None:
    first, second = client.lead(LastName="A"), client.lead(LastName="B")
    client.delete(f"/sobjects/Lead/{second}")
    missing = "00Q000000000001AAA"

    by_get = client.get(
        "/composite/sobjects/Lead", params={"ids": f"{missing},{first},{second}", "fields": "Id,LastName"}
    )
    by_post = client.post(
        "/composite/sobjects/Lead", json={"ids": [missing, first, second], "fields": ["Id", "LastName"]}
    )

    assert by_get.json() == by_post.json()
    assert by_get.json()[0] is None
    assert by_get.json()[1]["LastName"] == "A"
    assert by_get.json()[2] is None


def test_records_are_deleted_by_their_ids(client: Client) -> None:
    lead, account = client.lead(), client.new("Account", Name="Acme")

    results = client.delete("/composite/sobjects", params={"ids": f"{lead},{account},bad"}).json()

    assert [each["success"] for each in results] == [True, True, False]
    assert results[2]["errors"][0]["statusCode"] == "MALFORMED_ID"


@pytest.mark.parametrize(
    "org_yaml", ["custom_fields: {Lead: [{name: Key__c, type: string, length: 40, external_id: true}]}"]
)
def test_upsert_says_what_was_created(client: Client, org_yaml: str) -> None:
    client.lead(Key__c="K1")

    results = client.patch(
        "/composite/sobjects/Lead/Key__c",
        json={
            "records": [
                record(Key__c="K1", Title="x"),
                record(Key__c="K2", LastName="New", Company="Acme"),
                record(LastName="None"),
            ]
        },
    ).json()

    assert [(each["success"], each["created"]) for each in results] == [(True, False), (True, True), (False, False)]


def test_upsert_by_id_without_an_id_creates(client: Client) -> None:
    results = client.patch(
        "/composite/sobjects/Account/Id", json={"records": [record("Account", Id=None, Name="Acme")]}
    ).json()

    assert (results[0]["success"], results[0]["created"], results[0]["errors"]) == (True, True, [])
    assert results[0]["id"].startswith("001")

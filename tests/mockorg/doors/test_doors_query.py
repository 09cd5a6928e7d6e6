from __future__ import annotations

import pytest
from doors_client import Client

from sync.mockorg.store import Store


def fill(client: Client, count: int) -> None:
    """Leads put straight into the store: what they are called is all that matters."""
    org = client.mock.org
    type_ = org.schema.object("Lead")
    lead = client.lead()
    row = org.store.row(type_, lead)
    assert row is not None
    store: Store = org.store
    columns = tuple(row)
    ids = org.ids.next_many("00Q", count - 1)
    store.bulk_insert(type_, columns, ([{**row, "Id": each}[name] for name in columns] for each in ids))


def test_a_query_without_matches(client: Client) -> None:
    assert client.query("SELECT Id FROM Lead") == {"totalSize": 0, "done": True, "records": []}


def test_pages_are_followed_to_the_end_by_either_path(client: Client) -> None:
    fill(client, 4500)

    page = client.query("SELECT Id FROM Lead")
    assert (page["totalSize"], page["done"], len(page["records"])) == (4500, False, 2000)
    assert page["nextRecordsUrl"].startswith("/services/data/v66.0/query/0r8")
    assert page["nextRecordsUrl"].endswith("-2000")

    ids = [each["Id"] for each in page["records"]]
    following = page["nextRecordsUrl"]
    second = client.get(f"{client.base}{following}").json()
    same = client.get(f"{client.base}{following.replace('/query/', '/queryAll/')}").json()
    assert second == same
    last = client.get(f"{client.base}{second['nextRecordsUrl']}").json()
    ids += [each["Id"] for each in (*second["records"], *last["records"])]

    assert last["done"] is True
    assert "nextRecordsUrl" not in last
    assert last["totalSize"] == 4500
    assert len(set(ids)) == 4500


@pytest.mark.parametrize(("wish", "size"), [(200, 200), (1, 200), (5000, 2000), (700, 700)])
def test_the_batch_size_is_a_wish_between_200_and_2000(client: Client, wish: int, size: int) -> None:
    fill(client, 2100)

    page = client.query("SELECT Id FROM Lead", headers={"Sforce-Query-Options": f"batchSize={wish}"})

    assert len(page["records"]) == size


def test_a_locator_dies_after_two_days(client: Client) -> None:
    fill(client, 2100)
    page = client.query("SELECT Id FROM Lead")
    client.mock.clock.advance(2 * 86_400)
    client.http.headers["Authorization"] = f"Bearer {client.mock.login()}"

    answer = client.get(f"{client.base}{page['nextRecordsUrl']}")

    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_query_all_shows_what_was_deleted(client: Client) -> None:
    lead = client.lead()
    client.delete(f"/sobjects/Lead/{lead}")

    assert client.query("SELECT Id FROM Lead")["totalSize"] == 0
    every = client.get("/queryAll", params={"q": "SELECT Id, IsDeleted FROM Lead"}).json()
    assert [(each["Id"], each["IsDeleted"]) for each in every["records"]] == [(lead, True)]


def test_a_count_has_a_total_and_no_records(client: Client) -> None:
    client.lead()

    assert client.query("SELECT count() FROM Lead") == {"totalSize": 1, "done": True, "records": []}


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Nope FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM XYZZY", "INVALID_TYPE"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("", "MALFORMED_QUERY"),
    ],
)
def test_a_wrong_query_is_400_in_salesforces_words(client: Client, soql: str, code: str) -> None:
    answer = client.get("/query", params={"q": soql})

    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == code


def test_a_query_call_without_a_query(client: Client) -> None:
    assert client.get("/query").status_code == 400


def test_the_columns_and_the_plan_of_a_query_can_be_asked_for(client: Client) -> None:
    columns = client.get("/query", params={"q": "SELECT Id, Owner.Name FROM Lead", "columns": "true"}).json()
    plan = client.get("/query", params={"explain": "SELECT Id FROM Lead"}).json()

    assert [each["columnName"] for each in columns["columnMetadata"]] == ["Id", "Owner"]
    assert plan["plans"][0]["sobjectType"] == "Lead"


def test_describe_tells_the_fields_and_is_304_until_something_changes(client: Client) -> None:
    described = client.get("/sobjects/Lead/describe")
    validators = {"If-Modified-Since": described.headers["Last-Modified"]}

    assert "Status" in {field["name"] for field in described.json()["fields"]}
    assert described.json()["urls"]["sobject"] == "/services/data/v66.0/sobjects/Lead"
    assert client.get("/sobjects/Lead/describe", headers=validators).status_code == 304
    assert client.get("/sobjects", headers=validators).status_code == 304
    assert (
        client.get("/sobjects/Lead/describe", headers={"If-None-Match": described.headers["ETag"]}).status_code == 304
    )
    assert client.get("/sobjects/Nope/describe").status_code == 404


def test_describe_global_and_basic_information(client: Client) -> None:
    every = client.get("/sobjects/").json()
    basic = client.get("/sobjects/Lead").json()

    assert every["maxBatchSize"] == 200
    listed = next(each for each in every["sobjects"] if each["name"] == "Lead")
    assert basic == {"objectDescribe": listed, "recentItems": []}


HIDDEN = """
users:
  - {username: admin@x.example, last_name: Admin}
  - {username: sue@x.example, last_name: Sue, profile: Sales}
profiles:
  - {name: System Administrator, modify_all_data: true, view_setup: true, convert_leads: true}
  - name: Sales
    objects: {Lead: [create, read, edit]}
    fields: {Lead.Phone: none, Lead.Title: read}
"""


@pytest.mark.parametrize("org_yaml", [HIDDEN])
def test_a_user_sees_only_what_security_lets_him(client: Client, org_yaml: str) -> None:
    lead = client.lead(Phone="1")
    sue = client.login_as("sue@x.example")

    described = {field["name"]: field for field in sue.get("/sobjects/Lead/describe").json()["fields"]}
    assert "Phone" not in described
    assert described["Title"]["updateable"] is False
    assert "Phone" not in sue.get(f"/sobjects/Lead/{lead}").json()
    assert sue.get("/query", params={"q": "SELECT Phone FROM Lead"}).status_code == 400
    assert sue.patch(f"/sobjects/Lead/{lead}", json={"Title": "x"}).status_code == 400
    assert sue.get("/sobjects/Account/describe").status_code == 404
    assert sue.get("/limits").status_code == 403
    assert "Account" not in {each["name"] for each in sue.get("/sobjects").json()["sobjects"]}


def test_the_limits_count_down(client: Client) -> None:
    client.lead()

    limits = client.get("/limits").json()

    assert limits["DailyApiRequests"] == {"Max": 15_000, "Remaining": 14_998}


def test_records_are_counted(client: Client) -> None:
    client.lead()

    counts = client.get("/limits/recordCount", params={"sObjects": "Lead,Account,Nope"}).json()

    assert counts == {"sObjects": [{"count": 1, "name": "Lead"}, {"count": 0, "name": "Account"}]}


def test_the_resources_of_a_version_are_listed(client: Client) -> None:
    resources = client.get("").json()

    assert resources["query"] == "/services/data/v66.0/query"
    assert resources["identity"].endswith(client.mock.org.access.admin.id)


WINDOW = {"start": "2026-05-01T11:00:00+00:00", "end": "2026-05-01T13:00:00Z"}


def test_what_was_updated_and_deleted_is_listed_with_its_reach(client: Client) -> None:
    kept, gone = client.lead(), client.lead()
    client.delete(f"/sobjects/Lead/{gone}")
    client.mock.clock.advance(7000)

    updated = client.get("/sobjects/Lead/updated/", params=WINDOW).json()
    deleted = client.get("/sobjects/Lead/deleted/", params=WINDOW).json()

    assert updated == {"ids": [kept], "latestDateCovered": "2026-05-01T13:00:00.000+0000"}
    assert deleted["deletedRecords"] == [{"deletedDate": "2026-05-01T12:00:00.000+0000", "id": gone}]
    assert set(deleted) == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}


@pytest.mark.parametrize(
    "changed",
    [
        {"start": "yesterday"},
        {"start": "2026-05-01T13:00:00Z"},
        {"start": "2026-03-01T00:00:00Z"},
    ],
)
def test_a_window_that_salesforce_would_not_take_is_refused(client: Client, changed: dict[str, str]) -> None:
    answer = client.get("/sobjects/Lead/updated", params={**WINDOW, **changed})

    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_an_offset_whose_plus_was_not_encoded_is_understood(client: Client) -> None:
    answer = client.get("/sobjects/Lead/updated?start=2026-05-01T11:00:00+00:00&end=2026-05-01T11:59:00+00:00")

    assert answer.status_code == 200


def test_objects_that_are_not_replicated_are_refused(client: Client) -> None:
    assert client.get("/sobjects/LeadStatus/updated", params=WINDOW).status_code == 400

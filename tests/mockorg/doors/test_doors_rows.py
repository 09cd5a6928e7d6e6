from __future__ import annotations

import pytest
from doors_client import Client

BEFORE = "Fri, 01 May 2026 11:59:59 GMT"
THEN = "Fri, 01 May 2026 12:00:00 GMT"

WITH_KEY = """
custom_fields:
  Lead:
    - {name: Key__c, type: string, length: 40, external_id: true}
  Account:
    - {name: Key__c, type: string, length: 40, external_id: true, unique: true}
"""


def test_a_created_row_is_answered_201_with_its_place(client: Client) -> None:
    answer = client.post("/sobjects/Lead", json={"LastName": "Doe", "Company": "Acme"})

    record = answer.json()["id"]
    assert answer.status_code == 201
    assert answer.json() == {"id": record, "success": True, "errors": []}
    assert answer.headers["Location"] == f"/services/data/v66.0/sobjects/Lead/{record}"


def test_a_row_is_read_with_all_fields_in_rests_form(client: Client) -> None:
    lead = client.lead(FirstName="Jo", City="Rome", AnnualRevenue=5, NumberOfEmployees=3)

    row = client.get(f"/sobjects/lead/{lead[:15]}").json()

    assert row["attributes"] == {"type": "Lead", "url": f"/services/data/v66.0/sobjects/Lead/{lead}"}
    assert row["Name"] == "Jo Doe"
    assert row["IsConverted"] is False
    assert row["CreatedDate"] == "2026-05-01T12:00:00.000+0000"
    assert row["AnnualRevenue"] == 5.0
    assert row["NumberOfEmployees"] == 3
    assert row["Address"] == {
        "city": "Rome",
        "country": None,
        "geocodeAccuracy": None,
        "latitude": None,
        "longitude": None,
        "postalCode": None,
        "state": None,
        "street": None,
    }


def test_only_the_fields_asked_for_are_read(client: Client) -> None:
    lead = client.lead()

    row = client.get(f"/sobjects/Lead/{lead}", params={"fields": "company,Id"}).json()
    unknown = client.get(f"/sobjects/Lead/{lead}", params={"fields": "Id,Nope"})

    assert set(row) == {"attributes", "Company", "Id"}
    assert unknown.status_code == 400
    assert unknown.json()[0]["errorCode"] == "INVALID_FIELD"


def test_a_change_is_204_and_null_clears(client: Client) -> None:
    lead = client.lead(Title="CEO", Phone="1")

    answer = client.patch(f"/sobjects/Lead/{lead}", json={"Title": None, "Phone": "2"})

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Sforce-Limit-Info"].startswith("api-usage=")
    row = client.get(f"/sobjects/Lead/{lead}").json()
    assert (row["Title"], row["Phone"]) == (None, "2")


def test_a_field_named_type_is_a_field(client: Client) -> None:
    opportunity = client.new(
        "Opportunity", Name="O", StageName="Prospecting", CloseDate="2026-06-01", Type="New Customer"
    )

    assert client.get(f"/sobjects/Opportunity/{opportunity}").json()["Type"] == "New Customer"


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("record", "code"),
    [("00Q000000000001AAA", "NOT_FOUND"), ("nonsense", "NOT_FOUND"), ("00Q00000000000", "NOT_FOUND")],
)
def test_a_record_that_is_not_there_is_404(client: Client, method: str, record: str, code: str) -> None:
    answer = client.call(method, f"/sobjects/Lead/{record}", json={} if method == "PATCH" else None)

    assert answer.status_code == 404
    assert answer.json()[0]["errorCode"] == code


def test_an_object_that_is_not_there_is_404(client: Client) -> None:
    answer = client.post("/sobjects/Nope", json={})

    assert answer.status_code == 404
    assert answer.json() == [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]


def test_a_deleted_record_is_gone_and_says_so(client: Client) -> None:
    lead = client.lead()

    assert client.delete(f"/sobjects/Lead/{lead}").status_code == 204
    for answer in (client.get(f"/sobjects/Lead/{lead}"), client.delete(f"/sobjects/Lead/{lead}")):
        assert answer.status_code == 404
        assert answer.json() == [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}]


def test_a_refused_record_names_code_message_and_fields(client: Client) -> None:
    answer = client.post("/sobjects/Lead", json={"LastName": "Doe"})

    assert answer.status_code == 400
    assert answer.json() == [
        {
            "message": "Required fields are missing: [Company]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["Company"],
        }
    ]


def test_the_id_does_not_belong_into_the_body(client: Client) -> None:
    lead = client.lead()

    answer = client.patch(f"/sobjects/Lead/{lead}", json={"Id": lead, "Title": "x"})

    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD"


def test_a_row_read_says_when_it_was_last_changed(client: Client) -> None:
    lead = client.lead()

    assert client.get(f"/sobjects/Lead/{lead}").headers["Last-Modified"] == THEN


@pytest.mark.parametrize(("since", "status"), [(BEFORE, 200), (THEN, 304), ("Sat, 02 May 2026 00:00:00 GMT", 304)])
def test_a_read_is_304_if_nothing_changed_since(client: Client, since: str, status: int) -> None:
    lead = client.lead()

    answer = client.get(f"/sobjects/Lead/{lead}", headers={"If-Modified-Since": since})

    assert answer.status_code == status
    assert (answer.content == b"") is (status == 304)


@pytest.mark.parametrize(("since", "status"), [(BEFORE, 412), (THEN, 204)])
def test_a_change_is_412_if_somebody_else_was_faster(client: Client, since: str, status: int) -> None:
    lead = client.lead(Title="old")

    answer = client.patch(f"/sobjects/Lead/{lead}", json={"Title": "new"}, headers={"If-Unmodified-Since": since})

    assert answer.status_code == status
    assert client.get(f"/sobjects/Lead/{lead}").json()["Title"] == ("old" if status == 412 else "new")


@pytest.mark.parametrize("header", ["If-Unmodified-Since", "If-Modified-Since"])
def test_a_condition_that_is_no_date_is_400(client: Client, header: str) -> None:
    lead = client.lead()
    method = "PATCH" if header == "If-Unmodified-Since" else "GET"

    answer = client.call(method, f"/sobjects/Lead/{lead}", json={"Title": "x"}, headers={header: "yesterday"})

    assert answer.status_code == 400


def test_conditions_where_salesforce_has_none_are_refused_loudly(client: Client) -> None:
    lead = client.lead()
    records = {"records": [{"attributes": {"type": "Lead"}, "id": lead, "Title": "x"}]}

    answers = [
        client.delete(f"/sobjects/Lead/{lead}", headers={"If-Unmodified-Since": THEN}),
        client.patch("/composite/sobjects", json=records, headers={"If-Unmodified-Since": THEN}),
        client.patch(f"/sobjects/Lead/{lead}", json={"Title": "x"}, headers={"If-Match": '"abc"'}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert all("X-Mock-Org-Not-Modelled" in answer.headers for answer in answers)
    assert client.get(f"/sobjects/Lead/{lead}").json()["Title"] is None


def test_account_rows_have_an_entity_tag(client: Client) -> None:
    account = client.new("Account", Name="Acme")
    path = f"/sobjects/Account/{account}"
    tag = client.get(path).headers["ETag"]

    assert client.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert client.patch(path, json={"Phone": "1"}, headers={"If-Match": tag}).status_code == 204
    assert client.patch(path, json={"Phone": "2"}, headers={"If-Match": tag}).status_code == 412
    assert client.get(path).headers["ETag"] != tag


@pytest.mark.parametrize("org_yaml", [WITH_KEY])
def test_upsert_creates_then_changes(client: Client, org_yaml: str) -> None:
    path = "/sobjects/Lead/Key__c/K%2F1"

    created = client.patch(path, json={"LastName": "Doe", "Company": "Acme"})
    changed = client.patch(path, json={"Title": "CEO"})
    read = client.get(path)

    assert (created.status_code, created.json()["created"]) == (201, True)
    assert (changed.status_code, changed.json()["created"]) == (200, False)
    assert created.json()["id"] == changed.json()["id"] == read.json()["Id"]
    assert (read.json()["Key__c"], read.json()["Title"]) == ("K/1", "CEO")
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("org_yaml", [WITH_KEY])
def test_upsert_of_an_old_version_answers_a_change_with_204(client: Client, org_yaml: str) -> None:
    client.lead(Key__c="K1")
    client.version = "45.0"

    assert client.patch("/sobjects/Lead/Key__c/K1", json={"Title": "CEO"}).status_code == 204


@pytest.mark.parametrize("org_yaml", [WITH_KEY])
def test_upsert_refuses_several_matches_unknown_keys_and_forbidden_creation(client: Client, org_yaml: str) -> None:
    twins = [client.lead(Key__c="T"), client.lead(Key__c="T")]

    several = client.patch("/sobjects/Lead/Key__c/T", json={"Title": "x"})
    unknown = client.patch("/sobjects/Lead/Nope__c/1", json={"Title": "x"})
    update_only = client.patch("/sobjects/Lead/Key__c/new?updateOnly=true", json={"LastName": "x", "Company": "y"})

    assert several.status_code == 300
    assert several.json() == [f"/services/data/v66.0/sobjects/Lead/{each}" for each in sorted(twins)]
    assert unknown.status_code == 404
    assert unknown.json()[0]["message"] == "Provided external ID field does not exist or is not accessible: Nope__c"
    assert update_only.status_code == 404


@pytest.mark.parametrize("org_yaml", [WITH_KEY])
def test_a_parent_may_be_named_by_its_key(client: Client, org_yaml: str) -> None:
    account = client.new("Account", Name="Acme", Key__c="A1")

    contact = client.new("Contact", LastName="Doe", Account={"Key__c": "A1"})

    assert client.get(f"/sobjects/Contact/{contact}").json()["AccountId"] == account


ASSIGNING = """
users:
  - {username: admin@x.example, last_name: Admin}
  - {username: sue@x.example, last_name: Sue}
assignment_rules:
  Lead: [{owner: sue@x.example, when: "TRUE"}]
"""


@pytest.mark.parametrize("org_yaml", [ASSIGNING])
@pytest.mark.parametrize(("header", "owner"), [(None, "Sue"), ("TRUE", "Sue"), ("FALSE", "Admin")])
def test_assignment_rules_run_unless_told_not_to(client: Client, org_yaml: str, header: str | None, owner: str) -> None:
    headers = {"Sforce-Auto-Assign": header} if header else {}
    created = client.post("/sobjects/Lead", json={"LastName": "Doe", "Company": "Acme"}, headers=headers)

    assert created.status_code == 201
    assert client.query("SELECT Owner.Name FROM Lead")["records"][0]["Owner"]["Name"] == owner


DUPLICATES = """
duplicate_rules:
  - {name: Same mail, object: Lead, match: [Email], action: alert}
"""


@pytest.mark.parametrize("org_yaml", [DUPLICATES])
def test_an_alerting_duplicate_rule_passes_only_with_the_header(client: Client, org_yaml: str) -> None:
    first = client.lead(Email="a@x.example")
    again = {"LastName": "Doe", "Company": "Acme", "Email": "a@x.example"}

    refused = client.post("/sobjects/Lead", json=again)
    saved = client.post(
        "/sobjects/Lead",
        json=again,
        headers={"Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=true"},
    )

    error = refused.json()[0]
    assert (refused.status_code, error["errorCode"], error["message"]) == (
        400,
        "DUPLICATES_DETECTED",
        "Use one of these records?",
    )
    assert error["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"]["Id"] == first
    assert saved.status_code == 201


@pytest.mark.parametrize(
    "headers", [{"Sforce-Auto-Assign": "perhaps"}, {"Sforce-Duplicate-Rule-Header": "allowSave=maybe"}]
)
def test_a_header_value_that_means_nothing_is_400(client: Client, headers: dict[str, str]) -> None:
    answer = client.post("/sobjects/Lead", json={"LastName": "Doe", "Company": "Acme"}, headers=headers)

    assert answer.status_code == 400


def test_a_converted_lead_is_read_only(client: Client) -> None:
    lead = client.lead()
    org = client.mock.org
    org.store.update(org.schema.object("Lead"), lead, {"IsConverted": 1})

    answer = client.patch(f"/sobjects/Lead/{lead}", json={"Title": "x"})

    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert answer.json()[0]["message"] == "cannot reference converted lead"


def test_upsert_by_id_without_an_id_creates(client: Client) -> None:
    assert client.post("/sobjects/Account/Id", json={"Name": "Acme"}).status_code == 201
    assert client.post("/sobjects/Account/001000000000001AAA", json={"Name": "Acme"}).status_code == 405


def test_relationships_as_paths_are_refused_loudly(client: Client) -> None:
    answer = client.get(f"/sobjects/Lead/{client.lead()}/Owner")

    assert answer.status_code == 404
    assert "X-Mock-Org-Not-Modelled" in answer.headers

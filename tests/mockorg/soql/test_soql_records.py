# ruff: noqa: S608 - the queries are the test's own

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from ruamel.yaml import YAML
from soql_world import World

from sync.mockorg.errors import SalesforceError
from sync.mockorg.soql.columns import column_metadata
from sync.mockorg.soql.explain import explain
from sync.mockorg.soql.shape import Rendering, TimeForm

RECORDINGS = Path(os.environ.get("LEADGATE_RECORDINGS") or Path(__file__).parents[4] / "shared" / "recordings")


def test_a_record_has_attributes_and_its_fields_in_the_order_and_spelling_of_salesforce(world: World) -> None:
    record_id = world.lead(Name="Ann Doe", AnnualRevenue=5.0, NumberOfEmployees=7, IsConverted=0)

    (record,) = world.ask("select NUMBEROFEMPLOYEES, annualrevenue, isconverted, name, createddate, city, id from lead")

    assert json.dumps(record) == json.dumps(
        {
            "attributes": {"type": "Lead", "url": f"/services/data/v66.0/sobjects/Lead/{record_id}"},
            "NumberOfEmployees": 7,
            "AnnualRevenue": 5.0,
            "IsConverted": False,
            "Name": "Ann Doe",
            "CreatedDate": "2026-05-01T07:25:37.000+0000",
            "City": None,
            "Id": record_id,
        }
    )


def test_soap_writes_times_with_z(world: World) -> None:
    world.lead()

    page = world.cursors.query(world.user, "SELECT CreatedDate FROM Lead", Rendering("66.0", TimeForm.SOAP))

    assert page.records[0]["CreatedDate"] == "2026-05-01T07:25:37.000Z"


def test_parents_are_nested_and_null_when_there_are_none(world: World) -> None:
    account = world.put("Account", Name="Acme")
    world.put("Contact", Name="a", LastName="a", AccountId=account)
    world.put("Contact", Name="b", LastName="b")

    first, second = world.ask("SELECT Name, Account.Name, Account.Owner.Email FROM Contact ORDER BY Name")

    assert first["Account"] == {
        "attributes": {"type": "Account", "url": f"/services/data/v66.0/sobjects/Account/{account}"},
        "Name": "Acme",
        "Owner": {
            "attributes": {"type": "User", "url": f"/services/data/v66.0/sobjects/User/{world.user.id}"},
            "Email": world.user.email,
        },
    }
    assert second["Account"] is None


def test_a_polymorphic_owner_is_a_name_with_a_type(world: World) -> None:
    world.lead(Name="mine")
    queue = world.put("Group", Name="Inbound", Type="Queue")
    world.lead(Name="queued", OwnerId=queue)

    records = world.ask(
        "SELECT Owner.Name, Owner.Type FROM Lead WHERE Owner.Type = 'Group' OR Owner.Name = 'Ada Admin'"
    )

    shown = [(record["Owner"]["Type"], record["Owner"]["attributes"]["type"]) for record in records]  # type: ignore[index,call-overload]
    assert shown == [("User", "Name"), ("Group", "Name")]


def test_typeof_shows_what_its_branch_names(world: World) -> None:
    lead = world.lead(Name="l", Company="Acme")
    contact = world.put("Contact", LastName="Smith", Name="Smith")
    for number, who in enumerate((lead, contact, None)):
        world.put("Task", Subject=str(number), WhoId=who, Status="Open", Priority="Normal")

    records = world.ask("SELECT Subject, TYPEOF Who WHEN Lead THEN Company ELSE Name END FROM Task ORDER BY Subject")

    assert [record["Who"] for record in records] == [
        {"attributes": {"type": "Lead", "url": f"/services/data/v66.0/sobjects/Lead/{lead}"}, "Company": "Acme"},
        {"attributes": {"type": "Contact", "url": f"/services/data/v66.0/sobjects/Contact/{contact}"}, "Name": "Smith"},
        None,
    ]


def test_to_label_answers_under_the_fields_name_or_an_alias(world: World) -> None:
    world.lead(Colour__c="Red")

    record = world.ask(
        "SELECT toLabel(Colour__c), toLabel(Colour__c) shown FROM Lead WHERE toLabel(Colour__c) = 'red'"
    )[0]

    assert (record["Colour__c"], record["shown"]) == ("Red", "Red")


def test_an_address_is_put_together_from_its_parts(world: World) -> None:
    world.lead(Name="a", City="Paris", PostalCode="75001", Latitude=48.8)
    world.lead(Name="b")

    first, second = world.column("SELECT Address FROM Lead ORDER BY Name", "Address")

    assert first == {
        "city": "Paris", "country": None, "geocodeAccuracy": None, "latitude": 48.8, "longitude": None,
        "postalCode": "75001", "state": None, "street": None,
    }  # fmt: skip
    assert second is None


def test_fields_of_the_user_who_asks_only(world: World) -> None:
    grant = world.user.grants[0].model_copy(
        update={"fields": {"Lead.Budget__c": "none"}, "objects": {"Lead": ("read",)}}
    )
    world.user = replace(world.user, grants=(grant.model_copy(update={"modify_all_data": False}),))
    world.lead()

    for query in ("SELECT Budget__c FROM Lead", "SELECT Id FROM Lead WHERE Budget__c > 1"):
        assert "No such column 'Budget__c' on entity 'Lead'" in world.refusal(query).message
    assert world.refusal("SELECT Id FROM Opportunity").code == "INVALID_TYPE"
    assert "Budget__c" not in world.ask("SELECT FIELDS(ALL) FROM Lead LIMIT 1")[0]


def test_fields_expands_to_standard_and_custom_fields(world: World) -> None:
    world.lead()

    custom = set(world.ask("SELECT FIELDS(CUSTOM) FROM Lead LIMIT 200")[0])
    standard = set(world.ask("SELECT FIELDS(STANDARD) FROM Lead")[0])

    assert "Budget__c" in custom
    assert "Id" in standard
    assert custom & standard == {"attributes"}


def test_aliases_in_from_name_the_object_and_its_parents(world: World) -> None:
    account = world.put("Account", Name="Acme")
    world.put("Contact", Name="a", LastName="a", AccountId=account)

    assert world.column("SELECT c.Name FROM Contact c, c.Account a WHERE a.Name = 'acme' AND c.LastName = 'a'") == ["a"]


def test_order_puts_nulls_first_and_ignores_case(world: World) -> None:
    for city in ("b", None, "A", "C"):
        world.lead(City=city)

    assert world.column("SELECT City FROM Lead ORDER BY City", "City") == [None, "A", "b", "C"]
    assert world.column("SELECT City FROM Lead ORDER BY City DESC", "City") == [None, "C", "b", "A"]
    assert world.column("SELECT City FROM Lead ORDER BY City ASC NULLS LAST", "City") == ["A", "b", "C", None]


def test_picklists_sort_by_the_order_of_their_values(world: World) -> None:
    for colour in ("Blue", "Red", None, "Green"):
        world.lead(Colour__c=colour)

    assert world.column("SELECT Colour__c FROM Lead ORDER BY Colour__c", "Colour__c") == [None, "Red", "Green", "Blue"]


def test_limit_and_offset_count_in_total_size(world: World) -> None:
    for number in range(5):
        world.lead(Name=str(number))

    page = world.page("SELECT Name FROM Lead ORDER BY Name LIMIT 2 OFFSET 1")

    assert ([record["Name"] for record in page.records], page.total) == (["1", "2"], 2)


def test_a_count_is_all_in_total_size(world: World) -> None:
    for _ in range(17):
        world.lead()

    assert world.page("SELECT COUNT() FROM Lead").as_json("66.0") == {"totalSize": 17, "done": True, "records": []}
    assert world.page("SELECT count() FROM Lead LIMIT 3").total == 3


def test_groups_answer_with_aliases_and_expression_names(world: World) -> None:
    for city, budget in (("Paris", 10.1), ("PARIS", 0.2), ("Rome", 3.0), (None, None)):
        world.lead(City=city, Budget__c=budget)

    records = world.ask(
        "SELECT City, COUNT(Id), SUM(Budget__c) total, MAX(Budget__c) FROM Lead "
        "GROUP BY City ORDER BY COUNT(Id) DESC, City"
    )

    aggregate = {"type": "AggregateResult"}
    assert records == [
        {"attributes": aggregate, "City": "Paris", "expr0": 2, "total": 10.3, "expr1": 10.1},
        {"attributes": aggregate, "City": None, "expr0": 1, "total": None, "expr1": None},
        {"attributes": aggregate, "City": "Rome", "expr0": 1, "total": 3.0, "expr1": 3.0},
    ]


def test_having_filters_groups_and_count_distinct_ignores_nulls(world: World) -> None:
    for city, country in (("a", "X"), ("b", "X"), ("b", "x"), (None, "X"), ("c", "Y")):
        world.lead(City=city, Country=country)

    records = world.ask("SELECT Country, COUNT_DISTINCT(City) n FROM Lead GROUP BY Country HAVING COUNT(Id) > 1")

    assert [(record["Country"], record["n"]) for record in records] == [("X", 2)]


def test_date_functions_group_in_utc_or_in_the_users_zone(world: World) -> None:
    world.user = replace(world.user, timezone="America/Los_Angeles")
    world.lead(Called__c="2026-01-01T03:00:00.000Z")

    utc = "SELECT CALENDAR_YEAR(Called__c) y, COUNT(Id) FROM Lead GROUP BY CALENDAR_YEAR(Called__c)"
    local = utc.replace("(Called__c)", "(convertTimezone(Called__c))")

    assert world.column(utc, "y") == [2026]
    assert world.column(local, "y") == [2025]
    assert (
        len(world.ask("SELECT Id FROM Lead WHERE CALENDAR_MONTH(Called__c) = 1 AND DAY_ONLY(Called__c) = 2026-01-01"))
        == 1
    )


def test_more_groups_than_a_page_holds_are_refused(world: World) -> None:
    for number in range(2001):
        world.lead(City=str(number))

    assert world.refusal("SELECT City, COUNT(Id) FROM Lead GROUP BY City").code == "EXCEEDED_ID_LIMIT"
    assert len(world.ask("SELECT City, COUNT(Id) FROM Lead GROUP BY City LIMIT 2000")) == 2000


def test_children_come_per_parent_in_their_order_and_limit(world: World) -> None:
    busy, idle = world.put("Account", Name="busy"), world.put("Account", Name="idle")
    for name in ("c", "a", "b"):
        world.put("Contact", Name=name, LastName=name, AccountId=busy)

    records = world.ask(
        "SELECT Name, (SELECT Name FROM Contacts WHERE Name != 'x' ORDER BY Name LIMIT 2) FROM Account ORDER BY Name"
    )

    children = records[0]["Contacts"]
    assert isinstance(children, dict)
    assert (children["totalSize"], children["done"]) == (2, True)
    assert [child["Name"] for child in children["records"]] == ["a", "b"]
    assert records[1]["Contacts"] is None
    assert idle != busy


def test_children_of_children(world: World) -> None:
    account = world.put("Account", Name="Acme")
    contact = world.put("Contact", Name="c", LastName="c", AccountId=account)
    world.put("Task", Subject="call", WhoId=contact, Status="Open", Priority="Normal")

    (record,) = world.ask("SELECT Id, (SELECT Name, (SELECT Subject FROM Tasks) FROM Contacts) FROM Account")

    contacts = record["Contacts"]
    assert contacts["records"][0]["Tasks"]["records"][0]["Subject"] == "call"  # type: ignore[index,call-overload]


def test_pages_follow_a_locator_and_stay_as_they_were_when_asked(world: World) -> None:
    for number in range(450):
        world.lead(Name=f"{number:03}")
    by = Rendering("66.0")

    first = world.page("SELECT Name FROM Lead ORDER BY Name", batch_size=200)
    world.org.store.db.execute('DELETE FROM "Lead"')
    assert first.locator
    second = world.cursors.more(world.user, first.locator, by)
    assert second.locator
    third = world.cursors.more(world.user, second.locator, by)

    assert first.as_json("66.0")["nextRecordsUrl"] == f"/services/data/v66.0/query/{first.locator}"
    assert (len(first.locator), first.locator[:3], first.locator[18:]) == (22, "0r8", "-200")
    assert [len(page.records) for page in (first, second, third)] == [200, 200, 50]
    assert [page.total for page in (first, second, third)] == [450] * 3
    assert third.records[-1]["Name"] == "449"
    assert (third.done, "nextRecordsUrl" in third.as_json("66.0")) == (True, False)
    assert world.cursors.more(world.user, first.locator, by).records == second.records


def test_a_locator_is_good_for_two_days_and_for_its_user_only(world: World) -> None:
    for _ in range(201):
        world.lead()
    page = world.page("SELECT Id FROM Lead", batch_size=200)
    assert page.locator
    by = Rendering("66.0")

    for user, locator in (
        (replace(world.user, id="005000000000009AAA"), page.locator),
        (world.user, "0r8000000000000AAA-200"),
        (world.user, page.locator.replace("-200", "-9999")),
        (world.user, page.locator.replace("-200", "-x")),
    ):
        with pytest.raises(SalesforceError, match="INVALID_QUERY_LOCATOR"):
            world.cursors.more(user, locator, by)
    world.org.clock.advance(2 * 86_400 - 1)
    assert world.cursors.more(world.user, page.locator, by).done
    world.org.clock.advance(1)
    with pytest.raises(SalesforceError, match="INVALID_QUERY_LOCATOR"):
        world.cursors.more(world.user, page.locator, by)


def test_page_sizes_are_kept_in_bounds_and_shrink_with_long_text_or_at_will(world: World) -> None:
    for _ in range(2100):
        world.lead()

    assert len(world.page("SELECT Id FROM Lead", batch_size=1).records) == 200
    assert len(world.page("SELECT Id FROM Lead", batch_size=99_999).records) == 2000
    assert len(world.page("SELECT Id, Description FROM Lead").records) == 1000
    assert len(world.page("SELECT Id FROM Lead", shrink_to=7).records) == 7


def test_for_view_stamps_what_was_found(world: World) -> None:
    world.lead(Name="seen")
    world.lead(Name="other")

    world.ask("SELECT Id FROM Lead WHERE Name = 'seen' FOR VIEW")

    assert world.column("SELECT Name FROM Lead WHERE LastViewedDate != null AND LastReferencedDate = TODAY") == ["seen"]


def test_using_scope_narrows_to_mine_and_to_queues(world: World) -> None:
    world.lead(Name="mine")
    world.lead(Name="queued", OwnerId=world.put("Group", Name="Inbound", Type="Queue"))

    assert world.column("SELECT Name FROM Lead USING SCOPE mine") == ["mine"]
    assert world.column("SELECT Name FROM Lead USING SCOPE queue_owned") == ["queued"]


def test_column_metadata_gathers_parents_and_names_aggregates(world: World) -> None:
    found = column_metadata(world.org, world.user, "SELECT Id, Owner.Name, Budget__c, Owner.Email FROM Lead")
    counted = column_metadata(world.org, world.user, "SELECT City, COUNT(Id) FROM Lead GROUP BY City")
    nested = column_metadata(world.org, world.user, "SELECT Id, (SELECT Name FROM Contacts) FROM Account")

    def names(answer: object) -> list[object]:
        columns = answer["columnMetadata"]  # type: ignore[index]
        return [
            (each["columnName"], each["aggregate"], [inner["columnName"] for inner in each["joinColumns"]])
            for each in columns
        ]

    assert names(found) == [("Id", False, []), ("Owner", False, ["Name", "Email"]), ("Budget__c", False, [])]
    assert names(counted) == [("City", False, []), ("expr0", True, [])]
    assert names(nested) == [("Id", False, []), ("Contacts", True, ["Name"])]
    assert (found["entityName"], found["idSelected"], counted["groupBy"]) == ("Lead", True, True)


def test_explain_names_the_index_that_a_selective_filter_has(world: World) -> None:
    world.lead()

    answer = explain(world.org, world.user, f"SELECT Id FROM Lead WHERE OwnerId = '{world.user.id}' AND City = 'x'")

    plans = answer["plans"]
    assert [(plan["leadingOperationType"], plan["fields"]) for plan in plans] == [
        ("Index", ["OwnerId"]),
        ("TableScan", []),
    ]  # type: ignore[index,union-attr,call-overload]


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="recorded exchanges are not at hand")
def test_a_recorded_typeof_answer_has_our_shape(world: World) -> None:
    path = RECORDINGS / "cumulusci" / "TestSelect.test_select_similarity_select_and_insert_strategy_bulk.yaml"
    yaml = YAML(typ="safe")
    yaml.allow_duplicate_keys = True
    exchanges = yaml.load(path)["interactions"]
    recorded = next(each for each in exchanges if "request" in each and "TYPEOF" in str(each["request"].get("uri")))
    text = parse_qs(urlsplit(recorded["request"]["uri"]).query)["q"][0]
    wanted = json.loads(recorded["response"]["body"]["string"])["records"][1]
    who, what = wanted["Who"]["attributes"]["url"][-18:], wanted["What"]["attributes"]["url"][-18:]
    world.put("Contact", Id=who, LastName="Contact", Name="Contact")
    world.put(
        "Account", Id=what, Name="Tom Cruise", Description="Some Description", Phone="123456", AccountNumber="123"
    )
    world.put(
        "Event", Id=wanted["Id"], WhoId=who, WhatId=what, Subject="Test Event 1", DurationInMinutes=60,
        ActivityDateTime="2024-11-07T07:00:00.000Z",
    )  # fmt: skip

    (found,) = world.cursors.query(world.user, text, Rendering("62.0")).records

    assert json.dumps(found) == json.dumps(wanted)

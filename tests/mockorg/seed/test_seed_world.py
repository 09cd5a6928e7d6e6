from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from sync.mockorg.org_schema import build_schema
from sync.mockorg.org_yaml import read_settings
from sync.mockorg.schema import FieldType
from sync.mockorg.seed import SMALLEST_WORLD, Obstacle, Story, Tie, Trait, WorldSummary, write_world

TODAY = date(2026, 5, 20)
PRICING_TALK = re.compile("pric(e|ing)|quote|proposal")
OBJECTION = re.compile("no budget|too expensive")
Rows = dict[str, dict[str, str]]


def read(folder: Path, name: str) -> Rows:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row["Id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> WorldSummary:
    return write_world(tmp_path_factory.mktemp("world"), seed=7, leads=2000, today=TODAY)


@pytest.fixture(scope="module")
def leads(world: WorldSummary) -> Rows:
    return read(world.folder, "Lead")


def activities_by_person(folder: Path) -> dict[str, list[tuple[datetime, str]]]:
    """Time and text of each activity that took place, by the lead or contact that it was with."""
    found: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for name, time_field in (("Task", "CompletedDateTime"), ("Event", "StartDateTime")):
        for row in read(folder, name).values():
            if row["IsDeleted"] == "false" and row[time_field]:
                at = datetime.fromisoformat(row[time_field])
                found[row["WhoId"]].append((at, f"{row['Subject']} {row['Description']}"))
    return found


def test_the_leads_that_are_ready_by_the_records_are_those_that_were_planted(world: WorldSummary, leads: Rows) -> None:
    now = datetime.fromisoformat(f"{TODAY}T08:00:00+00:00")
    activities = activities_by_person(world.folder)
    ready = set()
    for key, lead in leads.items():
        talks = [at for at, text in activities[key] if PRICING_TALK.search(text) and at > now - timedelta(days=90)]
        objections = [at for at, text in activities[key] if OBJECTION.search(text)]
        priced = lead["Pricing_Discussed__c"] == "true" or any(all(no <= at for no in objections) for at in talks)
        out = lead["IsDeleted"] == "true" or lead["IsConverted"] == "true" or lead["Status"] == "Closed - Not Converted"
        if not out and lead["Status"] != "Open - Not Contacted" and priced:
            ready.add(key)
    assert world.ready == ready


def test_about_one_open_lead_in_fifteen_is_ready_and_each_obstacle_stops_a_handful(world: WorldSummary) -> None:
    assert 0.05 < len(world.ready) / world.in_scope < 0.08
    obstacles = Counter(each.obstacle for each in world.truth.values() if each.obstacle)
    assert obstacles == dict.fromkeys(Obstacle, 3)
    assert all(world.truth[key].ready for key in world.truth if world.truth[key].obstacle)
    assert len(world.convertible) == len(world.ready) - sum(obstacles.values())


@pytest.mark.parametrize("seed", range(5))
def test_even_the_smallest_world_shows_every_situation(tmp_path: Path, seed: int) -> None:
    world = write_world(tmp_path, seed=seed, leads=SMALLEST_WORLD, today=TODAY)
    everything = {each.value for kind in (Story, Tie, Trait, Obstacle) for each in kind}
    assert everything - set(world.planted) == set()
    assert len(world.truth) == SMALLEST_WORLD


def test_a_world_too_small_to_show_every_situation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 200 leads"):
        write_world(tmp_path, leads=SMALLEST_WORLD - 1, today=TODAY)


def test_the_same_seed_writes_the_same_bytes_and_another_one_does_not(tmp_path: Path) -> None:
    for name, seed in (("first", 3), ("second", 3), ("other", 4)):
        write_world(tmp_path / name, seed=seed, leads=SMALLEST_WORLD, today=TODAY)
    first, second, other = (
        {file.name: file.read_bytes() for file in sorted((tmp_path / name).iterdir())}
        for name in ("first", "second", "other")
    )
    assert first == second
    assert first["Lead.csv"] != other["Lead.csv"]


def test_every_column_is_a_field_of_the_org_that_org_yaml_describes(world: WorldSummary) -> None:
    schema = build_schema(read_settings((world.folder / "org.yaml").read_text(encoding="utf-8")))
    for file in world.folder.glob("*.csv"):
        header = file.read_text(encoding="utf-8").splitlines()[0].split(",")
        assert [name for name in header if schema.object(file.stem).field(name) is None] == [], file.name


def test_every_reference_leads_to_a_record_of_the_world_or_of_org_yaml(world: WorldSummary) -> None:
    settings = read_settings((world.folder / "org.yaml").read_text(encoding="utf-8"))
    schema = build_schema(settings)
    tables = {file.stem: read(world.folder, file.stem) for file in world.folder.glob("*.csv")}
    known = {name: set(rows) for name, rows in tables.items()}
    known["User"] = {each.username for each in settings.users}
    known["Group"] = {str(each.developer_name) for each in settings.queues}
    known["RecordType"] = {each.name for each in settings.record_types["Lead"]}
    dangling = [
        (name, field.name, row[field.name])
        for name, rows in tables.items()
        for field in schema.object(name).fields
        if field.type is FieldType.REFERENCE
        for row in rows.values()
        if row.get(field.name) and not any(row[field.name] in known.get(to, ()) for to in field.reference_to)
    ]
    assert dangling == []


def test_restricted_values_are_those_of_the_org(world: WorldSummary) -> None:
    schema = build_schema(read_settings((world.folder / "org.yaml").read_text(encoding="utf-8")))
    for file in world.folder.glob("*.csv"):
        for field in schema.object(file.stem).fields:
            allowed = {each.value for each in field.picklist}
            if field.type is FieldType.PICKLIST and allowed:
                used = {row[field.name] for row in read(world.folder, file.stem).values() if row.get(field.name)}
                assert used - allowed == set(), f"{file.stem}.{field.name}"


def test_ready_leads_match_what_is_planted_and_nothing_else(world: WorldSummary, leads: Rows) -> None:
    accounts, contacts = read(world.folder, "Account"), read(world.folder, "Contact")
    by_domain: dict[str, set[str]] = defaultdict(set)
    for key, account in accounts.items():
        by_domain[account["Website"].removeprefix("https://www.")].add(key)
    for contact in contacts.values():
        by_domain[contact["Email"].partition("@")[2]].add(contact["AccountId"])
    by_name = {account["Name"].rpartition(" ")[0].casefold(): key for key, account in accounts.items()}
    by_email = Counter(contact["Email"] for contact in contacts.values())
    for key in world.ready:
        lead, truth = leads[key], world.truth[key]
        domain = lead["Email"].partition("@")[2]
        of_domain = by_domain[domain] if domain not in {"", "gmail.com"} else set()
        if truth.tie is Tie.SHARED_DOMAIN:
            assert len(of_domain) == 2
        elif truth.tie is Tie.SHARED_MAILBOX:
            assert (of_domain, by_email[lead["Email"]]) == ({truth.account}, 2)
        elif truth.tie is Tie.CONTACT_WITHOUT_ACCOUNT:
            assert (of_domain, by_email[lead["Email"]]) == ({""}, 1)
        elif truth.tie is Tie.KNOWN_COMPANY_NAME:
            assert of_domain == set()
            assert lead["Company"].casefold().split()[0] == accounts[str(truth.account)]["Name"].casefold().split()[0]
        else:
            assert of_domain == ({truth.account} if truth.account else set())
            assert by_email[lead["Email"]] == (truth.contact is not None)
            assert truth.contact is None or contacts[truth.contact]["Email"] == lead["Email"]
        if truth.tie is Tie.NEW_COMPANY:
            assert lead["Company"].rpartition(" ")[0].casefold() not in by_name


def test_nobody_is_a_namesake_of_a_contact_by_accident(world: WorldSummary, leads: Rows) -> None:
    contacts = Counter((row["FirstName"], row["LastName"]) for row in read(world.folder, "Contact").values())
    assert max(contacts.values()) == 1
    blocked = {
        key
        for key in world.ready
        if contacts[(leads[key]["FirstName"], leads[key]["LastName"])] and not world.truth[key].contact
    }
    assert blocked == {key for key in world.ready if Trait.NAMESAKE_OF_CONTACT in world.truth[key].traits}


def test_the_fields_that_obstacles_rest_on_are_blank_for_those_leads_only(world: WorldSummary, leads: Rows) -> None:
    def obstructed(obstacle: Obstacle) -> set[str]:
        return {key for key in world.ready if world.truth[key].obstacle is obstacle}

    phoneless = {key for key in world.ready if not leads[key]["Phone"] and not leads[key]["MobilePhone"]}
    productless = {key for key in world.ready if leads[key]["Budget__c"] and not leads[key]["Product_Interest__c"]}
    assert phoneless == obstructed(Obstacle.VALIDATION_RULE)
    assert productless == obstructed(Obstacle.REQUIRED_FIELD_MISSING)
    long_names = {key for key in world.ready if leads[key]["Budget__c"] and len(leads[key]["Company"]) > 80}
    assert long_names == obstructed(Obstacle.NAME_TOO_LONG)
    assert max(len(lead["Company"]) for lead in leads.values()) <= 255
    assert all(row["Phone"] for row in read(world.folder, "Contact").values())
    assert all(row["Product_Interest__c"] for row in read(world.folder, "Opportunity").values())


def test_several_ready_leads_of_one_new_company_are_there(world: WorldSummary, leads: Rows) -> None:
    companies = Counter(
        leads[key]["Email"].partition("@")[2]
        for key in world.convertible
        if world.truth[key].tie is Tie.NEW_COMPANY and Trait.SAME_COMPANY in world.truth[key].traits
    )
    assert sum(count > 1 for count in companies.values()) >= 4
    assert max(companies.values()) == 3


def test_a_converted_lead_left_its_activities_to_the_contact(world: WorldSummary, leads: Rows) -> None:
    contacts, opportunities = read(world.folder, "Contact"), read(world.folder, "Opportunity")
    moved = {row["WhoId"] for name in ("Task", "Event") for row in read(world.folder, name).values()}
    for key, truth in world.truth.items():
        if not truth.story.converted:
            continue
        lead = leads[key]
        assert (lead["IsConverted"], lead["Status"]) == ("true", "Closed - Converted")
        assert contacts[lead["ConvertedContactId"]]["AccountId"] == lead["ConvertedAccountId"]
        assert key not in moved
        assert lead["ConvertedContactId"] in moved
        if truth.story is Story.CONVERTED_WITHOUT_OPPORTUNITY:
            assert lead["ConvertedOpportunityId"] == ""
        else:
            assert opportunities[lead["ConvertedOpportunityId"]]["AccountId"] == lead["ConvertedAccountId"]


def test_the_loser_of_a_merge_names_a_living_winner_of_the_same_name(world: WorldSummary, leads: Rows) -> None:
    losers = [key for key, truth in world.truth.items() if truth.story is Story.MERGED]
    for key in losers:
        winner = leads[leads[key]["MasterRecordId"]]
        assert (leads[key]["IsDeleted"], winner["IsDeleted"]) == ("true", "false")
        assert leads[key]["Name"] == winner["Name"]


def test_nothing_has_happened_in_the_future_and_stamps_come_in_order(world: WorldSummary, leads: Rows) -> None:
    now = f"{TODAY}T00:00:00.000Z"
    for file in world.folder.glob("*.csv"):
        for row in read(world.folder, file.stem).values():
            assert row["CreatedDate"] < now, row["Id"]
            if "SystemModstamp" in row:
                assert row["CreatedDate"] <= row["SystemModstamp"] < now, row["Id"]
    for row in read(world.folder, "LeadHistory").values():
        lead = leads[row["LeadId"]]
        assert lead["CreatedDate"] <= row["CreatedDate"] <= lead["SystemModstamp"], row["Id"]


def test_a_bulk_import_left_many_leads_with_one_modstamp(world: WorldSummary, leads: Rows) -> None:
    imported = {leads[key]["SystemModstamp"] for key, each in world.truth.items() if Trait.BULK_IMPORTED in each.traits}
    assert len(imported) == 1
    assert world.planted["bulk_imported"] > 50


def test_the_counts_of_opportunities_are_those_of_the_file(world: WorldSummary) -> None:
    rows = read(world.folder, "Opportunity").values()
    still_open = [row for row in rows if row["IsClosed"] == "false"]
    assert world.opportunities == {
        "open": len(still_open),
        "won": sum(row["IsWon"] == "true" for row in rows),
        "lost": sum(row["StageName"] == "Closed Lost" for row in rows),
        "overdue": sum(row["CloseDate"] < TODAY.isoformat() for row in still_open),
        "without_amount": sum(row["Amount"] == "" for row in still_open),
    }
    assert min(world.opportunities.values()) > 5


def test_nobody_can_own_an_address_or_a_number_of_the_world(world: WorldSummary, leads: Rows) -> None:
    people = [*leads.values(), *read(world.folder, "Contact").values()]
    for email in (row["Email"] for row in people if row["Email"]):
        assert email.endswith(".example") or ("_" in email and email.endswith("@gmail.com"))
        assert email.isascii()
    assert all(re.fullmatch(r"\+1 \(\d{3}\) 555-01\d\d", row["Phone"]) for row in people if row["Phone"])


def test_the_truth_is_written_beside_the_world_on_request(world: WorldSummary, tmp_path: Path) -> None:
    world.write_truth(tmp_path / "truth.json")
    assert f'"{next(iter(world.ready))}"' in (tmp_path / "truth.json").read_text(encoding="utf-8")
    assert not (world.folder / "truth.json").exists()

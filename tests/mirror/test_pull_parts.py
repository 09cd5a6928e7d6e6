"""The parts of the pull that need no org: SOQL, routes, remembered jobs, pages, replication answers."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from small_mapping import HISTORY_YAML, LEAD_YAML, mapping_of

from sync.errors import OrgFault
from sync.mirror.pull import replication
from sync.mirror.pull.jobs import OpenJob, OpenJobs
from sync.mirror.pull.pages import write_page
from sync.mirror.pull.reading import Route, route_for
from sync.mirror.pull.windows import (
    Position,
    Window,
    bulk_soql,
    count_soql,
    page_soql,
    position_of,
    probe_soql,
    size_soql,
)
from sync.mirror.state import ObjectState, PulledColumn
from sync.model import FieldType
from sync.salesforce.org import AskDeleted, AskUpdated, Changes

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SINCE = datetime(2026, 5, 1, 11, 50, tzinfo=UTC)
MAPPING = mapping_of(LEAD_YAML, HISTORY_YAML)
COLUMNS = {
    "id": PulledColumn(api_name="Id", type=FieldType.ID),
    "company": PulledColumn(api_name="Company", type=FieldType.TEXT),
    "is_deleted": PulledColumn(api_name=None, type=FieldType.BOOLEAN),
}


def window(name: str = "lead", since: datetime | None = SINCE, deleted_until: datetime | None = SINCE) -> Window:
    state = ObjectState(
        object=name,
        watermark=since,
        deleted_until=deleted_until,
        columns=COLUMNS,
        skipped=None,
        run_id="r",
        pulled_at=SINCE,
    )
    return Window(mapping=MAPPING[name], columns=COLUMNS, state=state, since=since)


def test_the_first_page_begins_at_the_windows_start_inclusive() -> None:
    assert page_soql(window()) == (
        "SELECT Id, Company FROM Lead WHERE SystemModstamp >= 2026-05-01T11:50:00Z "
        "ORDER BY SystemModstamp, Id LIMIT 2000"
    )


def test_the_next_page_begins_behind_the_last_record_even_within_one_second() -> None:
    assert page_soql(window(), Position(stamp=SINCE, id="00Q1")) == (
        "SELECT Id, Company FROM Lead WHERE (SystemModstamp > 2026-05-01T11:50:00Z OR "
        "(SystemModstamp = 2026-05-01T11:50:00Z AND Id > '00Q1')) ORDER BY SystemModstamp, Id LIMIT 2000"
    )
    assert position_of(window(), {"ID": "00Q2", "SystemModstamp": "2026-05-01T11:55:00.000+0000"}) == Position(
        stamp=datetime(2026, 5, 1, 11, 55, tzinfo=UTC), id="00Q2"
    )


def test_history_goes_by_its_creation_date() -> None:
    assert count_soql(window("lead_history"), until=NOW) == (
        "SELECT COUNT() FROM LeadHistory WHERE CreatedDate >= 2026-05-01T11:50:00Z AND "
        "CreatedDate <= 2026-05-01T12:00:00Z"
    )


def test_to_choose_a_way_the_org_counts_no_further_than_needed() -> None:
    assert size_soql(window(since=None), up_to=10_001) == "SELECT COUNT() FROM Lead LIMIT 10001"


def test_a_bulk_job_sorts_nothing_and_a_whole_window_has_no_condition() -> None:
    assert bulk_soql(window(since=None)) == "SELECT Id, Company FROM Lead"
    assert probe_soql(window()).startswith("SELECT COUNT(Id), MAX(SystemModstamp) FROM Lead WHERE")


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, Route.COMPOSITE),
        (1999, Route.COMPOSITE),
        (2000, Route.REST),
        (10_000, Route.REST),
        (10_001, Route.BULK),
        (10**7, Route.BULK),
    ],
)
def test_the_route_fits_the_number_of_records(count: int, expected: Route) -> None:
    assert route_for(count) is expected


def test_a_job_is_remembered_for_the_very_same_query_only(tmp_path: Path) -> None:
    jobs = OpenJobs(tmp_path / "bulk-jobs.json")
    job = OpenJob(job_id="750x", soql="SELECT Id FROM Lead", started=NOW, covered=SINCE)
    jobs.remember("Lead", job)

    assert jobs.find("Lead", "SELECT Id FROM Lead", now=NOW) == job
    assert jobs.find("Lead", "SELECT Id, Name FROM Lead", now=NOW) is None
    assert jobs.find("Task", "SELECT Id FROM Lead", now=NOW) is None
    assert jobs.find("Lead", "SELECT Id FROM Lead", now=NOW + timedelta(days=2)) is None
    assert (tmp_path / "bulk-jobs.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", '{"Lead": {"job_id": "750x"}}', '{"Lead": 1}'])
def test_a_broken_memory_of_jobs_is_no_memory(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bulk-jobs.json"
    file.write_text(text)

    assert OpenJobs(file).find("Lead", "SELECT Id FROM Lead", now=NOW) is None


def test_a_forgotten_job_leaves_no_file(tmp_path: Path) -> None:
    jobs = OpenJobs(tmp_path / "bulk-jobs.json")
    jobs.remember("Lead", OpenJob(job_id="750x", soql="S", started=NOW, covered=SINCE))
    jobs.forget("Lead")

    assert not (tmp_path / "bulk-jobs.json").exists()


def test_json_values_are_written_as_a_bulk_job_would(tmp_path: Path) -> None:
    columns = ["Id", "Flag", "Amount", "Text", "Nothing"]
    record = {"ID": "1", "Flag": True, "Amount": 12.5, "Text": 'a "b"\n\0c\ud800', "attributes": "dropped"}
    pages = write_page(tmp_path / "page.csv", columns, [record])

    with pages.files[0].open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [columns, ["1", "true", "12.5", 'a "b"\nc?', ""]]
    assert pages.longest_line >= pages.files[0].stat().st_size - len(",".join(columns)) - 12


def test_the_watermark_is_the_least_that_the_org_vouches_for() -> None:
    windows = [window("lead"), window("lead_history")]
    told = [
        Changes(ids=(), covered_until=NOW),
        Changes(ids=(), covered_until=NOW - timedelta(minutes=4)),
        Changes(ids=(), covered_until=NOW),
    ]

    covered = replication.answers(windows, NOW, told)

    assert {name: c.until for name, c in covered.items()} == dict.fromkeys(
        ("Lead", "LeadHistory"), NOW - timedelta(minutes=4)
    )


def test_an_object_that_takes_no_part_in_replication_stays_a_transaction_behind() -> None:
    fault = OrgFault("no", code="INVALID_TYPE")

    covered = replication.answers([window("lead_history")], NOW, [fault])

    assert covered["LeadHistory"].until == NOW - replication.LONGEST_TRANSACTION


def test_a_fault_that_means_more_is_not_swallowed() -> None:
    with pytest.raises(OrgFault, match="limit"):
        replication.answers([window("lead_history")], NOW, [OrgFault("limit", code="REQUEST_LIMIT_EXCEEDED")])


def test_more_deletions_than_the_org_can_list_mean_reading_everything() -> None:
    told = [Changes(ids=(), covered_until=NOW), OrgFault("too many", code="EXCEEDED_ID_LIMIT")]

    assert replication.answers([window()], NOW, told)["Lead"].whole_because == "more was deleted than the org can list"


def test_deletions_are_asked_for_only_where_they_can_be_missed() -> None:
    windows = [window(), window("lead_history"), window(since=None)]

    asked = replication.questions(windows, NOW)

    assert [type(question) for question in asked] == [AskUpdated, AskUpdated, AskUpdated, AskDeleted]
    assert replication.too_long_ago(window(deleted_until=NOW - timedelta(days=15)), NOW)
    assert not replication.too_long_ago(window("lead_history", deleted_until=NOW - timedelta(days=99)), NOW)

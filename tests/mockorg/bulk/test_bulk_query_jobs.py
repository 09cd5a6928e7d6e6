from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sync.mockorg.bulk.jobs import After, Course, Immediate, JobState, Polls, Transitions
from sync.mockorg.bulk.query_job import BulkQueryJobs
from sync.mockorg.clock import Clock
from sync.mockorg.errors import SalesforceError
from sync.mockorg.org import Org

if TYPE_CHECKING:
    from sync.mockorg.bulk.query_job import CsvPage
    from sync.mockorg.soql.shape import Json

V = "66.0"
QUERY = "SELECT Id, Name, IsConverted, AnnualRevenue, CreatedDate, Owner.Name FROM Lead ORDER BY Name"


@pytest.fixture
def org() -> Org:
    return Org.create(seed=3, clock=Clock(datetime(2026, 5, 13, tzinfo=UTC), frozen=True))


@pytest.fixture
def jobs(org: Org) -> BulkQueryJobs:
    return BulkQueryJobs(org)


def put_leads(org: Org, *names: str) -> None:
    type_ = org.schema.object("Lead")
    user = org.access.admin.id
    for record_id, name in zip(org.ids.next_many("00Q", len(names)), names, strict=True):
        row = {"Id": record_id, "Name": name, "LastName": name, "AnnualRevenue": 1.5, "OwnerId": user, "IsDeleted": 0}
        org.store.insert(type_, row | {"CreatedDate": "2026-05-01T07:25:37.000Z"})


def create(jobs: BulkQueryJobs, org: Org, query: str = QUERY, course: Course | None = None, **body: Json) -> str:
    return str(jobs.create(org.access.admin, {"operation": "query", "query": query, **body}, V, course=course)["id"])


def rows(page: CsvPage) -> list[list[str]]:
    return list(csv.reader(io.StringIO(page.content.decode(), newline="")))


def test_a_new_job_is_upload_complete_and_complete_at_the_first_look(org: Org, jobs: BulkQueryJobs) -> None:
    put_leads(org, "a", "b")

    created = jobs.create(org.access.admin, {"operation": "query", "query": QUERY}, V)
    seen = jobs.get(str(created["id"]))

    assert created == {
        "id": created["id"],
        "operation": "query",
        "object": "Lead",
        "createdById": org.access.admin.id,
        "createdDate": "2026-05-13T00:00:00.000+0000",
        "systemModstamp": "2026-05-13T00:00:00.000+0000",
        "state": "UploadComplete",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 66.0,
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    assert str(created["id"]).startswith("750")
    assert (seen["state"], seen["jobType"], seen["numberRecordsProcessed"]) == ("JobComplete", "V2Query", 2)


def test_values_are_quoted_nulls_empty_times_in_utc_with_z(org: Org, jobs: BulkQueryJobs) -> None:
    put_leads(org, 'Say "hi",\nbye')
    page = jobs.results(create(jobs, org, "SELECT Name, City, IsConverted, AnnualRevenue, CreatedDate FROM Lead"), V)

    assert page.content.decode() == (
        '"Name","City","IsConverted","AnnualRevenue","CreatedDate"\n'
        '"Say ""hi"",\nbye","","false","1.5","2026-05-01T07:25:37.000Z"\n'
    )


def test_columns_stand_in_select_order_under_their_canonical_names(org: Org, jobs: BulkQueryJobs) -> None:
    put_leads(org, "a")
    page = jobs.results(create(jobs, org, "select owner.NAME, id, name from lead"), V)

    assert rows(page)[0] == ["Owner.Name", "Id", "Name"]
    assert rows(page)[1][0] == org.access.admin.name


@pytest.mark.parametrize(
    ("name", "char"), [("PIPE", "|"), ("TAB", "\t"), ("SEMICOLON", ";"), ("CARET", "^"), ("BACKQUOTE", "`")]
)
def test_delimiter_and_line_ending_are_the_jobs(org: Org, jobs: BulkQueryJobs, name: str, char: str) -> None:
    put_leads(org, "a")
    page = jobs.results(create(jobs, org, "SELECT Name, City FROM Lead", columnDelimiter=name, lineEnding="CRLF"), V)

    assert page.content.decode() == f'"Name"{char}"City"\r\n"a"{char}""\r\n'


def test_wide_queries_come_whole(org: Org, jobs: BulkQueryJobs) -> None:
    put_leads(org, "a")
    names = [each.name for each in org.schema.object("Lead").fields if each.stored]
    parents = [f"{parent}.{each}" for parent in ("CreatedBy", "LastModifiedBy") for each in ("Name", "Email", "Id")]
    more = [f"CreatedBy.Manager.{each.name}" for each in org.schema.object("User").fields if each.stored]
    selected = names + parents + more
    assert len(selected) > 100

    query = f"SELECT {', '.join(selected)} FROM Lead"  # noqa: S608 - the test's own
    header, row = rows(jobs.results(create(jobs, org, query), V))

    assert header == selected
    assert len(row) == len(selected)


def test_pages_follow_locators_each_with_its_header_until_null(org: Org, jobs: BulkQueryJobs) -> None:
    put_leads(org, *"abcde")
    job_id = create(jobs, org)

    first = jobs.results(job_id, V, max_records=2)
    second = jobs.results(job_id, V, locator=first.locator, max_records=2)
    third = jobs.results(job_id, V, locator=second.locator, max_records=2)

    assert [[row[1] for row in rows(page)] for page in (first, second, third)] == [
        ["Name", "a", "b"],
        ["Name", "c", "d"],
        ["Name", "e"],
    ]
    assert first.headers == {"Sforce-NumberOfRecords": "2", "Sforce-Locator": first.locator}
    assert third.headers == {"Sforce-NumberOfRecords": "1", "Sforce-Locator": "null"}
    assert jobs.results(job_id, V, locator=first.locator, max_records=2) == second


def test_results_are_those_of_the_moment_the_job_ran(org: Org, jobs: BulkQueryJobs) -> None:
    put_leads(org, "a")
    job_id = create(jobs, org)
    jobs.get(job_id)
    put_leads(org, "late")

    assert jobs.results(job_id, V).count == 1


def test_no_rows_are_a_header(org: Org, jobs: BulkQueryJobs) -> None:
    page = jobs.results(create(jobs, org, "SELECT Id FROM Lead"), V)

    assert (page.content, page.count, page.locator) == (b'"Id"\n', 0, None)


def test_parallel_pages_come_five_at_a_time_and_cover_everything_once(org: Org, jobs: BulkQueryJobs) -> None:
    names = [f"{number:02}" for number in range(13)]
    put_leads(org, *names)
    jobs.page_records = 2
    job_id = create(jobs, org)

    found: list[str] = []
    sizes: list[int] = []
    locator: str | None = None
    while True:
        answer = jobs.result_pages(job_id, V, locator=locator)
        links = [str(each["resultLink"]) for each in answer["resultPages"]]  # type: ignore[union-attr,index,call-overload]
        sizes.append(len(links))
        for link in links:
            assert link.startswith(f"/services/data/v66.0/jobs/query/{job_id}/results?locator=")
            page = jobs.results(job_id, V, locator=link.partition("locator=")[2])
            found += [row[1] for row in rows(page)[1:]]
        if answer["done"]:
            break
        locator = str(answer["nextRecordsUrl"]).partition("locator=")[2]

    assert found == names
    assert sizes == [5, 2]
    assert answer["nextRecordsUrl"] is None


def test_results_belong_to_the_version_of_the_job(org: Org, jobs: BulkQueryJobs) -> None:
    job_id = create(jobs, org)

    for ask in (lambda: jobs.results(job_id, "65.0"), lambda: jobs.result_pages(job_id, "65.0")):
        with pytest.raises(SalesforceError) as caught:
            ask()
        assert caught.value.status == 409


@pytest.mark.parametrize("locator", ["!", "xyz", "OTk", "LTE", "MA=="])
def test_a_made_up_locator_is_refused(org: Org, jobs: BulkQueryJobs, locator: str) -> None:
    put_leads(org, "a")
    job_id = create(jobs, org)

    with pytest.raises(SalesforceError, match="invalid query locator"):
        jobs.results(job_id, V, locator=locator)


@pytest.mark.parametrize(
    ("pace", "states"),
    [
        (Immediate(), ["JobComplete"]),
        (Polls(0), ["JobComplete"]),
        (Polls(1), ["InProgress", "JobComplete"]),
        (Polls(3), ["UploadComplete", "InProgress", "InProgress", "JobComplete"]),
    ],
)
def test_a_job_goes_at_its_pace(org: Org, jobs: BulkQueryJobs, pace: Immediate | Polls, states: list[str]) -> None:
    jobs.transitions = Transitions(query=Course(pace=pace))
    job_id = create(jobs, org)

    assert [jobs.get(job_id)["state"] for _ in states] == states
    assert jobs.get(job_id)["state"] == states[-1]


def test_a_job_can_take_its_time_by_the_orgs_clock(org: Org, jobs: BulkQueryJobs) -> None:
    job_id = create(jobs, org, course=Course(pace=After(60)))

    states = [jobs.get(job_id)["state"]]
    for seconds in (1, 58, 1):
        org.clock.advance(seconds)
        states.append(jobs.get(job_id)["state"])

    assert states == ["UploadComplete", "InProgress", "InProgress", "JobComplete"]


def test_results_before_the_end_are_refused(org: Org, jobs: BulkQueryJobs) -> None:
    job_id = create(jobs, org, course=Course(pace=Polls(1)))

    with pytest.raises(SalesforceError, match="INVALIDJOBSTATE"):
        jobs.results(job_id, V)


@pytest.mark.parametrize("outcome", [JobState.FAILED, JobState.ABORTED])
def test_a_job_can_be_made_to_end_badly(org: Org, jobs: BulkQueryJobs, outcome: JobState) -> None:
    job_id = create(jobs, org, course=Course(outcome=outcome, message="TXN_SECURITY : no"))

    seen = jobs.get(job_id)

    assert (seen["state"], seen["errorMessage"]) == (outcome, "TXN_SECURITY : no")
    with pytest.raises(SalesforceError, match="INVALIDJOBSTATE"):
        jobs.results(job_id, V)


def test_a_job_is_aborted_while_it_runs_and_deleted_when_it_has_ended(org: Org, jobs: BulkQueryJobs) -> None:
    job_id = create(jobs, org, course=Course(pace=Polls(5)))
    jobs.get(job_id)

    with pytest.raises(SalesforceError, match="cannot be deleted"):
        jobs.delete(job_id)
    assert jobs.abort(job_id)["state"] == "Aborted"
    assert jobs.get(job_id)["state"] == "Aborted"
    with pytest.raises(SalesforceError, match="cannot be aborted"):
        jobs.abort(job_id)
    jobs.delete(job_id)
    with pytest.raises(SalesforceError) as caught:
        jobs.get(job_id)
    assert (caught.value.status, caught.value.code) == (404, "NOT_FOUND")


def test_ended_jobs_are_gone_after_seven_days(org: Org, jobs: BulkQueryJobs) -> None:
    job_id = create(jobs, org)
    jobs.get(job_id)

    org.clock.advance(7 * 86_400 - 1)
    assert jobs.get(job_id[:15])["state"] == "JobComplete"
    org.clock.advance(1)
    with pytest.raises(SalesforceError, match="NOT_FOUND"):
        jobs.get(job_id)


def test_jobs_are_listed_newest_first_without_being_moved_on(org: Org, jobs: BulkQueryJobs) -> None:
    ids = [create(jobs, org) for _ in range(2)]

    answer = jobs.listing(V)

    assert [(each["id"], each["state"]) for each in answer["records"]] == [  # type: ignore[union-attr,index,call-overload]
        (ids[1], "UploadComplete"),
        (ids[0], "UploadComplete"),
    ]
    assert (answer["done"], answer["nextRecordsUrl"]) == (True, None)


def test_query_all_brings_deleted_rows(org: Org, jobs: BulkQueryJobs) -> None:
    put_leads(org, "a")
    org.store.db.execute('UPDATE "Lead" SET IsDeleted = 1')

    kept = jobs.results(create(jobs, org), V)
    everything = jobs.results(create(jobs, org, operation="queryAll"), V)

    assert (kept.count, everything.count) == (0, 1)


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("SELECT Address FROM Lead", "API_ERROR", "Selecting compound data not supported in Bulk Query"),
        ("SELECT COUNT() FROM Lead", "API_ERROR", "Aggregate queries"),
        ("SELECT City, COUNT(Id) FROM Lead GROUP BY City", "API_ERROR", "Aggregate queries"),
        ("SELECT Id, (SELECT Id FROM Tasks) FROM Lead", "API_ERROR", "Aggregate Relationships not supported"),
        ("SELECT Id FROM Lead LIMIT 5 OFFSET 5", "API_ERROR", "OFFSET"),
        ("SELECT TYPEOF Who WHEN Lead THEN Company END FROM Task", "API_ERROR", "TYPEOF"),
        ("SELECT Id FROM TaskStatus", "INVALIDENTITY", "is not supported by the Bulk API"),
        ("SELECT Id, FROM Lead", "MALFORMED_QUERY", "unexpected token: 'FROM'"),
        ("SELECT Nope FROM Lead", "INVALID_FIELD", "No such column 'Nope' on entity 'Lead'"),
    ],
)
def test_what_bulk_cannot_query_is_refused_at_once(
    org: Org, jobs: BulkQueryJobs, query: str, code: str, words: str
) -> None:
    with pytest.raises(SalesforceError) as caught:
        create(jobs, org, query)

    assert caught.value.code == code
    assert words in caught.value.message


@pytest.mark.parametrize(
    "body",
    [
        {"operation": "export", "query": "SELECT Id FROM Lead"},
        {"operation": "query"},
        {"operation": "query", "query": "SELECT Id FROM Lead", "contentType": "JSON"},
        {"operation": "query", "query": "SELECT Id FROM Lead", "columnDelimiter": "COLON"},
        {"operation": "query", "query": "SELECT Id FROM Lead", "lineEnding": "CR"},
        {"operation": "query", "query": "SELECT Id FROM Lead", "pkChunking": True},
        {"operation": 5, "query": "SELECT Id FROM Lead"},
    ],
)
def test_a_job_with_a_wrong_body_is_refused(org: Org, jobs: BulkQueryJobs, body: dict[str, Json]) -> None:
    with pytest.raises(SalesforceError) as caught:
        jobs.create(org.access.admin, body, V)

    assert caught.value.status == 400

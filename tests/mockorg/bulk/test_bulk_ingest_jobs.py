from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.mockorg.bulk.csv_format import CsvFormat, Delimiter, LineEnding, UploadIsUnreadable, read_upload
from sync.mockorg.bulk.ingest_job import IngestJobs
from sync.mockorg.bulk.jobs import Course, JobState, Polls
from sync.mockorg.clock import Clock
from sync.mockorg.errors import RowError, SalesforceError
from sync.mockorg.org import Org

if TYPE_CHECKING:
    from sync.mockorg.soql.shape import Json, Record

V = "66.0"


@pytest.fixture
def org() -> Org:
    return Org.create(seed=3, clock=Clock(datetime(2026, 5, 13, tzinfo=UTC), frozen=True))


@pytest.fixture
def jobs(org: Org) -> IngestJobs:
    return IngestJobs(org)


def submit(jobs: IngestJobs, org: Org, data: str, course: Course | None = None, **body: Json) -> str:
    job_id = str(jobs.create(org.access.admin, {"object": "Lead", **body}, V, course=course)["id"])
    jobs.upload(job_id, data.encode())
    jobs.change_state(job_id, {"state": "UploadComplete"})
    return job_id


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def insert(jobs: IngestJobs, org: Org, *names: str) -> list[str]:
    lines = "".join(f"{name},Acme,{name}@example.com\n" for name in names)
    job_id = submit(jobs, org, f"LastName,Company,Email\n{lines}", operation="insert")
    return [row["sf__Id"] for row in read(jobs.successful_results(job_id))]


def lead(org: Org, record_id: str) -> dict[str, object]:
    row = org.store.row(org.schema.object("Lead"), record_id, deleted=True)
    assert row is not None
    return dict(row)


def test_a_new_job_is_open_and_says_where_to_upload(org: Org, jobs: IngestJobs) -> None:
    created = jobs.create(org.access.admin, {"object": "lead", "operation": "update"}, V)

    assert created == {
        "id": created["id"],
        "operation": "update",
        "object": "Lead",
        "createdById": org.access.admin.id,
        "createdDate": "2026-05-13T00:00:00.000+0000",
        "systemModstamp": "2026-05-13T00:00:00.000+0000",
        "state": "Open",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 66.0,
        "contentUrl": f"services/data/v66.0/jobs/ingest/{created['id']}/batches",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }


def test_rows_that_fail_leave_the_job_complete_and_are_told_with_their_reason(org: Org, jobs: IngestJobs) -> None:
    job_id = submit(jobs, org, "LastName,Company\nAnn,Acme\nBob,\n", operation="insert")

    seen = jobs.get(job_id)

    assert (seen["state"], seen["numberRecordsProcessed"], seen["numberRecordsFailed"]) == ("JobComplete", 2, 1)
    assert jobs.failed_results(job_id).decode() == (
        '"sf__Id","sf__Error","LastName","Company"\n'
        '"","REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --","Bob",""\n'
    )
    (done,) = read(jobs.successful_results(job_id))
    assert list(done) == ["sf__Id", "sf__Created", "LastName", "Company"]
    assert (done["sf__Created"], lead(org, done["sf__Id"])["LastName"]) == ("true", "Ann")
    assert jobs.unprocessed_records(job_id) == b'"LastName","Company"\n'


def test_an_empty_value_changes_nothing_and_na_clears(org: Org, jobs: IngestJobs) -> None:
    (record_id,) = insert(jobs, org, "ann")

    job_id = submit(jobs, org, f"Id,Company,Email\n{record_id[:15]},,#N/A\n", operation="update")

    assert read(jobs.successful_results(job_id))[0]["sf__Created"] == "false"
    assert (lead(org, record_id)["Company"], lead(org, record_id)["Email"]) == ("Acme", None)


def test_a_failed_update_names_the_record(org: Org, jobs: IngestJobs) -> None:
    (record_id,) = insert(jobs, org, "ann")

    job_id = submit(jobs, org, f"Id,NumberOfEmployees\n{record_id},many\n,5\n", operation="update")

    wrong, missing = read(jobs.failed_results(job_id))
    assert (wrong["sf__Id"], wrong["sf__Error"].split(":")[0]) == (record_id, "INVALID_TYPE_ON_FIELD_IN_RECORD")
    assert missing["sf__Error"] == "MISSING_ARGUMENT:Id not specified in an update call:--"


def test_upsert_creates_what_is_new_and_updates_what_is_there(org: Org, jobs: IngestJobs) -> None:
    (record_id,) = insert(jobs, org, "ann")

    job_id = submit(
        jobs,
        org,
        f"Id,LastName,Company\n{record_id},Anna,Acme\n,Bob,Brick\n",
        operation="upsert",
        externalIdFieldName="Id",
    )

    assert [row["sf__Created"] for row in read(jobs.successful_results(job_id))] == ["false", "true"]
    assert lead(org, record_id)["LastName"] == "Anna"


def test_delete_bins_and_hard_delete_removes(org: Org, jobs: IngestJobs) -> None:
    soft, hard = insert(jobs, org, "soft", "hard")

    submitted = submit(jobs, org, f"Id\n{soft}\n", operation="delete")
    assert jobs.get(submitted)["numberRecordsFailed"] == 0
    submitted = submit(jobs, org, f"Id\n{hard}\n", operation="hardDelete")
    assert jobs.get(submitted)["numberRecordsFailed"] == 0

    assert lead(org, soft)["IsDeleted"] == 1
    assert org.store.row(org.schema.object("Lead"), hard, deleted=True) is None


def test_a_lead_owner_can_be_named_by_username(org: Org, jobs: IngestJobs) -> None:
    name = org.access.admin.username

    job_id = submit(jobs, org, f"LastName,Company,Owner.Username\nAnn,Acme,{name}\n", operation="insert")

    (done,) = read(jobs.successful_results(job_id))
    assert lead(org, done["sf__Id"])["OwnerId"] == org.access.admin.id


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("Id,Nope__c\nx,y\n", "InvalidBatch : Field name not found : Nope__c"),
        (
            "Id,Email\r\nx,y\r\n",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        ("Id,Id\nx,y\n", "InvalidBatch : Field name appears more than once : Id"),
    ],
)
def test_an_upload_that_does_not_fit_fails_the_job_before_any_row(
    org: Org, jobs: IngestJobs, data: str, message: str
) -> None:
    job_id = submit(jobs, org, data, operation="update")

    seen = jobs.get(job_id)

    assert (seen["state"], seen["errorMessage"], seen["numberRecordsProcessed"]) == ("Failed", message, 0)
    assert read(jobs.failed_results(job_id)) == []
    assert len(read(jobs.unprocessed_records(job_id))) == 1


def test_a_failed_job_keeps_what_it_did_and_every_row_is_accounted_for(org: Org, jobs: IngestJobs) -> None:
    course = Course(outcome=JobState.FAILED, message="InternalServerError", rows_done=2)
    data = "LastName,Company\nAnn,Acme\nBob,\nCid,Cog\nDee,Dot\n"

    job_id = submit(jobs, org, data, course=course, operation="insert")

    seen = jobs.get(job_id)
    assert (seen["state"], seen["errorMessage"], seen["numberRecordsProcessed"]) == ("Failed", "InternalServerError", 2)
    parts = [jobs.successful_results(job_id), jobs.failed_results(job_id), jobs.unprocessed_records(job_id)]
    assert [[row["LastName"] for row in read(part)] for part in parts] == [["Ann"], ["Bob"], ["Cid", "Dee"]]


def test_an_aborted_job_did_nothing_and_tells_its_rows(org: Org, jobs: IngestJobs) -> None:
    job_id = submit(jobs, org, "LastName,Company\nAnn,Acme\n", course=Course(pace=Polls(3)), operation="insert")
    jobs.get(job_id)

    aborted = jobs.change_state(job_id, {"state": "Aborted"})

    assert aborted["state"] == "Aborted"
    assert read(jobs.unprocessed_records(job_id)) == [{"LastName": "Ann", "Company": "Acme"}]
    assert org.store.count(org.schema.object("Lead")) == 0


def test_the_states_of_a_slow_job(org: Org, jobs: IngestJobs) -> None:
    job_id = submit(jobs, org, "LastName,Company\nAnn,Acme\n", course=Course(pace=Polls(2)), operation="insert")

    with pytest.raises(SalesforceError, match="INVALIDJOBSTATE"):
        jobs.successful_results(job_id)
    assert [jobs.get(job_id)["state"] for _ in range(3)] == ["UploadComplete", "InProgress", "JobComplete"]
    jobs.delete(job_id)
    with pytest.raises(SalesforceError, match="NOT_FOUND"):
        jobs.get(job_id)


def test_data_is_taken_once_while_open(org: Org, jobs: IngestJobs) -> None:
    job_id = str(jobs.create(org.access.admin, {"object": "Lead", "operation": "insert"}, V)["id"])
    assert jobs.get(job_id)["state"] == "Open"
    jobs.upload(job_id, b"LastName\nx\n")

    with pytest.raises(SalesforceError, match="Found multiple contents for job"):
        jobs.upload(job_id, b"LastName\nx\n")
    with pytest.raises(SalesforceError, match="Invalid state"):
        jobs.change_state(job_id, {"state": "InProgress"})
    jobs.change_state(job_id, {"state": "UploadComplete"})
    for again in (lambda: jobs.upload(job_id, b""), lambda: jobs.change_state(job_id, {"state": "UploadComplete"})):
        with pytest.raises(SalesforceError, match="INVALIDJOBSTATE"):
            again()


ASSIGNING = """
queues: [{name: Inbound}]
assignment_rules:
  Lead: [{owner: Inbound, when: "TRUE"}]
"""


def test_assignment_rules_run_only_when_the_job_names_one() -> None:
    org = Org.create(seed=3, org_yaml=ASSIGNING)
    jobs = IngestJobs(org)

    (plain,) = insert(jobs, org, "ann")
    data = "LastName,Company\nBob,Acme\n"
    assigned = submit(jobs, org, data, operation="insert", assignmentRuleId="01Q000000000001EAA")

    assert str(lead(org, plain)["OwnerId"]).startswith("005")
    assert str(lead(org, read(jobs.successful_results(assigned))[0]["sf__Id"])["OwnerId"]).startswith("00G")


TRIGGER = """
automations: [{object: Lead, name: Costly, queries_per_record: 1}]
"""


def test_two_hundred_rows_share_the_governor_limits_of_one_transaction() -> None:
    org = Org.create(seed=3, org_yaml=TRIGGER)
    lines = "".join(f"L{number},Acme\n" for number in range(250))
    jobs = IngestJobs(org)

    job_id = submit(jobs, org, "LastName,Company\n" + lines, operation="insert")

    failed = read(jobs.failed_results(job_id))
    assert (len(failed), len(read(jobs.successful_results(job_id)))) == (200, 50)
    assert {row["sf__Error"] for row in failed} == {
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:Costly: System.LimitException: Too many SOQL queries: 101:--"
    }


def test_single_rows_can_be_made_to_fail(org: Org, jobs: IngestJobs) -> None:
    jobs.row_fault = lambda text: RowError(code="UNABLE_TO_LOCK_ROW", message="busy") if "Bob" in text else None

    job_id = submit(jobs, org, "LastName,Company\nAnn,Acme\nBob,Acme\n", operation="insert")

    assert [row["sf__Error"] for row in read(jobs.failed_results(job_id))] == ["UNABLE_TO_LOCK_ROW:busy:--"]
    assert len(read(jobs.successful_results(job_id))) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"object": "Nope", "operation": "insert"}, "INVALIDENTITY"),
        ({"object": "Lead", "operation": "merge"}, "INVALIDJOB"),
        ({"object": "Lead", "operation": "upsert"}, "INVALIDJOB"),
        ({"object": "Lead", "operation": "upsert", "externalIdFieldName": "Company"}, "INVALIDJOB"),
        ({"object": "Lead", "operation": "insert", "columnDelimiter": "DOT"}, "INVALIDJOB"),
        ({"object": "Lead", "operation": "insert", "colour": "red"}, "JSON_PARSER_ERROR"),
    ],
)
def test_a_job_that_cannot_be_is_refused(org: Org, jobs: IngestJobs, body: Record, code: str) -> None:
    with pytest.raises(SalesforceError) as caught:
        jobs.create(org.access.admin, body, V)

    assert (caught.value.code, caught.value.status) == (code, 400)


def test_hard_delete_needs_its_permission(org: Org, jobs: IngestJobs) -> None:
    admin = org.access.admin
    user = replace(admin, grants=tuple(grant.model_copy(update={"hard_delete": False}) for grant in admin.grants))

    with pytest.raises(SalesforceError, match="special user profile permission"):
        jobs.create(user, {"object": "Lead", "operation": "hardDelete"}, V)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=8)
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=4)
)


@given(rows=tables, delimiter=st.sampled_from(Delimiter), ending=st.sampled_from(LineEnding))
def test_what_is_written_can_be_uploaded_again(rows: list[list[str]], delimiter: Delimiter, ending: LineEnding) -> None:
    form = CsvFormat(delimiter, ending)
    columns = [f"c{number}" for number in range(len(rows[0]))]

    upload = read_upload(form.write([columns, *rows]), form)

    assert upload.columns == tuple(columns)
    assert upload.rows == tuple(map(tuple, rows))


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b'a,b\n"x\n', b"a,b\nx\n", b'a\n"x"y\n'])
def test_an_unreadable_upload_is_named(data: bytes) -> None:
    with pytest.raises(UploadIsUnreadable, match=r"^(InvalidBatch|ClientInputError) : "):
        read_upload(data, CsvFormat())


def test_a_byte_order_mark_is_not_part_of_the_first_column() -> None:
    assert read_upload(b"\xef\xbb\xbfId\nx\n", CsvFormat()).columns == ("Id",)

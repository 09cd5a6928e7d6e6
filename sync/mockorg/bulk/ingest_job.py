"""Bulk API 2.0 ingest jobs: create, upload CSV, close, look, fetch what succeeded, failed, and was not processed.

`IngestJobs` belongs to an org for its life. The work itself is in `ingest_rows`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import SalesforceError
from .csv_format import CsvFormat, Upload, UploadIsUnreadable, read_upload
from .ingest_rows import Done, IngestOperation, RowFault, Work, check_columns, work_off
from .jobs import (
    JOB_PREFIX,
    Course,
    Immediate,
    JobInfo,
    JobState,
    Registry,
    Transitions,
    invalid_job,
    listed,
    text_of,
    wrong_state,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..access import User
    from ..errors import RowError
    from ..org import Org
    from ..soql.shape import Json, Record

MAX_UPLOAD = 150 * 1024 * 1024
_KEYS = frozenset(
    {
        "object", "operation", "contentType", "columnDelimiter", "lineEnding", "externalIdFieldName",
        "assignmentRuleId", "concurrencyMode",
    }
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _IngestJob:
    info: JobInfo
    user: User
    operation: IngestOperation
    external_id: str | None = None
    assignment_rule: str | None = None
    data: bytes | None = None
    upload: Upload | None = None
    done: list[Done] = field(default_factory=list)


class IngestJobs:
    """The org's ingest jobs. `row_fault`, if set, may refuse single rows of any job, by their text."""

    def __init__(self, org: Org, transitions: Transitions | None = None) -> None:
        self._org = org
        self._jobs: Registry[_IngestJob] = Registry(org)
        self.transitions = transitions or Transitions()
        self.row_fault: RowFault | None = None

    def clear(self) -> None:
        """Forget all jobs."""
        self._jobs.clear()

    @behaviour("Bulk ingest job", "confirmed", "Bulk API 2.0 Guide, ingest; texts of refusals from logs and memory")
    def create(self, user: User, body: Mapping[str, Json], version: str, *, course: Course | None = None) -> Record:
        """Create a job in state Open, with the URL to upload to. `course` overrides the transitions for this one job.

        Raises:
            SalesforceError: an unknown object or operation, upsert without external id, hard delete without permission.
        """
        unknown = sorted(set(body) - _KEYS)
        if unknown:
            raise SalesforceError("JSON_PARSER_ERROR", f"Unrecognized field '{unknown[0]}' in an ingest job")
        name = text_of(body, "object") or ""
        type_ = self._org.schema.find(name)
        if type_ is None or not self._org.access.may(user, "read", type_):
            raise SalesforceError("INVALIDENTITY", f"Unable to find object: {name}")
        operation = _operation(text_of(body, "operation"))
        external_id = text_of(body, "externalIdFieldName")
        if operation is IngestOperation.UPSERT:
            if not external_id:
                raise invalid_job(
                    f"External ID was blank for {type_.name}. An External ID must be specified for upsert."
                )
            key = type_.field(external_id)
            if key is None or not (key.external_id or key.id_lookup):
                raise invalid_job(
                    f"Field name provided, {external_id} does not match an External ID, Salesforce Id, "
                    f"or indexed field for {type_.name}"
                )
        if operation is IngestOperation.HARD_DELETE and not user.hard_delete:
            raise SalesforceError(
                "FEATURENOTENABLED",
                "hardDelete operation requires special user profile permission, "
                "please contact your system administrator",
            )
        now = self._org.clock.now()
        info = JobInfo(
            id=self._org.ids.next(JOB_PREFIX),
            operation=operation.value,
            object_name=type_.name,
            user_id=user.id,
            version=version,
            format=CsvFormat.of_job(body),
            state=JobState.OPEN,
            created=now,
            changed=now,
            course=course or self.transitions.ingest,
        )
        job = _IngestJob(
            info=info,
            user=user,
            operation=operation,
            external_id=external_id,
            assignment_rule=text_of(body, "assignmentRuleId"),
        )
        self._jobs.add(job)
        return _described(job, brief=True)

    @behaviour(
        "Bulk ingest takes one upload",
        "confirmed",
        "Bulk API 2.0 Guide, ingest: one upload per job, answered 201 without a body",
    )
    def upload(self, job_id: str, data: bytes) -> None:
        """Take in the CSV of an open job, once.

        Raises:
            SalesforceError: NOT_FOUND; INVALIDJOBSTATE when it is not open or has its data already; too much data.
        """
        job = self._jobs.find(job_id)
        if job.info.state is not JobState.OPEN:
            raise wrong_state(f"Job {job.info.id} takes no data: it is {job.info.state}")
        if job.data is not None:
            raise wrong_state(
                f"Found multiple contents for job: <{job.info.id}>, please 'Close' / 'Abort' / 'Delete' the current "
                "Job then create a new Job and make sure you only do 'PUT' once on a given Job."
            )
        if len(data) > MAX_UPLOAD:
            raise SalesforceError("LIMIT_EXCEEDED", f"The upload is larger than {MAX_UPLOAD} bytes", status=413)
        job.data = data

    def change_state(self, job_id: str, body: Mapping[str, Json]) -> Record:
        """PATCH of a job: `UploadComplete` submits it, `Aborted` aborts it.

        Raises:
            SalesforceError: NOT_FOUND; INVALIDJOBSTATE; another state than these.
        """
        job = self._jobs.find(job_id)
        wanted = text_of(body, "state")
        if wanted == JobState.UPLOAD_COMPLETE:
            if job.info.state is not JobState.OPEN:
                raise wrong_state(f"Job {job.info.id} cannot be closed: it is {job.info.state}")
            job.info.submit(self._org.clock.now())
        elif wanted == JobState.ABORTED:
            if not isinstance(job.info.course.pace, Immediate):
                self._advance(job, look=False)
            if job.info.state.terminal:
                raise wrong_state(f"Job {job.info.id} cannot be aborted: it is {job.info.state}")
            self._read(job)
            job.info.move(JobState.ABORTED, self._org.clock.now())
        else:
            raise invalid_job(f"Invalid state: {wanted}. Only UploadComplete and Aborted can be set.")
        return _described(job, brief=True)

    def get(self, job_id: str) -> Record:
        """Look at a job; a look moves it on as its course says.

        Raises:
            SalesforceError: NOT_FOUND.
        """
        job = self._jobs.find(job_id)
        self._advance(job, look=True)
        return _described(job)

    def listing(self, version: str, *, start: int = 0) -> Record:
        """All ingest jobs, the newest first, a thousand a page; `start` is the `queryLocator` of a next page."""
        records = [_described(job) for job in self._jobs.all()]
        return listed(records, start=start, path=f"/services/data/v{version}/jobs/ingest")

    def delete(self, job_id: str) -> None:
        """Delete a job; it must have ended.

        Raises:
            SalesforceError: NOT_FOUND; INVALIDJOBSTATE for one that has not ended.
        """
        job = self._ended(job_id)
        self._jobs.remove(job)

    def failures(self, job_id: str) -> list[RowError]:
        """The errors of the rows that failed.

        Raises:
            SalesforceError: NOT_FOUND.
        """
        return [error for each in self._jobs.find(job_id).done for error in each.result.errors]

    @behaviour(
        "Bulk ingest results",
        "confirmed",
        "Bulk API 2.0 Guide, ingest results; the columns' order as clients' fixtures have it",
    )
    def successful_results(self, job_id: str) -> bytes:
        """`sf__Id, sf__Created` and the uploaded columns of each row that succeeded.

        Raises:
            SalesforceError: NOT_FOUND; INVALIDJOBSTATE while the job has not ended.
        """
        job = self._ended(job_id)
        rows = [
            [str(each.result.id), "true" if each.result.created else "false", *each.row]
            for each in job.done
            if each.result.success
        ]
        return job.info.format.write([["sf__Id", "sf__Created", *_columns(job)], *rows])

    def failed_results(self, job_id: str) -> bytes:
        """`sf__Id, sf__Error` and the uploaded columns of each row that failed; the error is `code:message:fields --`.

        Raises:
            SalesforceError: NOT_FOUND; INVALIDJOBSTATE while the job has not ended.
        """
        job = self._ended(job_id)
        rows = [[each.given_id, each.error, *each.row] for each in job.done if not each.result.success]
        return job.info.format.write([["sf__Id", "sf__Error", *_columns(job)], *rows])

    def unprocessed_records(self, job_id: str) -> bytes:
        """The uploaded rows that the job did not come to, as they were.

        Raises:
            SalesforceError: NOT_FOUND; INVALIDJOBSTATE while the job has not ended.
        """
        job = self._ended(job_id)
        if job.upload is None:
            return job.data or b""
        return job.info.format.write([job.upload.columns, *job.upload.rows[len(job.done) :]])

    def _ended(self, job_id: str) -> _IngestJob:
        job = self._jobs.find(job_id)
        self._advance(job, look=False)
        if not job.info.state.terminal:
            raise wrong_state(f"Job {job.info.id} has not ended: it is {job.info.state}")
        return job

    def _read(self, job: _IngestJob) -> None:
        """Read the upload; one that cannot be read fails the job."""
        if job.upload is not None or job.data is None:
            return
        try:
            upload = read_upload(job.data, job.info.format)
            job.upload = upload
            check_columns(self._org, job.user, job.info.object_name, upload.columns)
        except UploadIsUnreadable as problem:
            job.info.error_message = str(problem)
        if job.upload is not None:
            job.data = b""

    def _advance(self, job: _IngestJob, *, look: bool) -> None:
        info = job.info
        now = self._org.clock.now()
        if not info.due(now, look=look):
            return
        self._read(job)
        if job.upload is None and info.error_message is None:
            info.error_message = "InvalidBatch : No data was uploaded"
        if info.error_message is not None or job.upload is None:
            info.move(JobState.FAILED, now)
            return
        complete = info.course.outcome is JobState.JOB_COMPLETE
        work = Work(
            operation=job.operation,
            object_name=info.object_name,
            external_id=job.external_id,
            assignment_rule=job.assignment_rule,
        )
        began = perf_counter()
        rows = job.upload.rows if complete else job.upload.rows[: info.course.rows_done]
        job.done = work_off(self._org, job.user, work, job.upload.columns, rows, row_fault=self.row_fault)
        info.milliseconds = int((perf_counter() - began) * 1000)
        info.processed = len(job.done)
        info.failed = sum(not each.result.success for each in job.done)
        info.error_message = None if complete else info.course.message
        info.move(info.course.outcome, now)


def _operation(name: str | None) -> IngestOperation:
    try:
        return IngestOperation(name or "")
    except ValueError:
        raise invalid_job(f"Unsupported operation for an ingest job: {name}") from None


def _columns(job: _IngestJob) -> tuple[str, ...]:
    return job.upload.columns if job.upload else ()


def _described(job: _IngestJob, *, brief: bool = False) -> Record:
    info = job.info
    described: Record = info.as_json()
    if job.external_id:
        described["externalIdFieldName"] = job.external_id
    if job.assignment_rule:
        described["assignmentRuleId"] = job.assignment_rule
    if info.state is JobState.OPEN:
        described["contentUrl"] = f"services/data/v{info.version}/jobs/ingest/{info.id}/batches"
    described |= info.format.as_json()
    if brief:
        return described
    described |= {
        "jobType": "V2Ingest",
        "retries": 0,
        "totalProcessingTime": info.milliseconds,
        "apiActiveProcessingTime": info.milliseconds,
        "apexProcessingTime": 0,
        "numberRecordsProcessed": info.processed,
        "numberRecordsFailed": info.failed,
        "isPkChunkingSupported": False,
    }
    if info.error_message:
        described["errorMessage"] = info.error_message
    return described

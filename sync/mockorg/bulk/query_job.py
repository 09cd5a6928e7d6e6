"""Bulk API 2.0 query jobs: create, look, page through the results one after another or in parallel, abort, delete.

`BulkQueryJobs` belongs to an org for its life. Versions are texts as in the path, without the v: `66.0`.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import SalesforceError
from ..soql.compile import compile_query
from .csv_format import CsvFormat
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
from .query_csv import check_bulk_query, query_csv

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..access import User
    from ..org import Org
    from ..soql.shape import Json, Record
    from .result_file import ResultFile

PARALLEL_PAGES = 5
PAGE_RECORDS = 50_000
PARALLEL_SINCE = 58.0
_KEYS = frozenset({"operation", "query", "contentType", "columnDelimiter", "lineEnding", "concurrencyMode", "object"})


@dataclass(frozen=True, slots=True)
class CsvPage:
    """A page of results. `locator` is what `Sforce-Locator` says; None is the literal `null`."""

    content: bytes
    count: int
    locator: str | None

    @property
    def headers(self) -> dict[str, str]:
        """The headers by which clients go on."""
        return {"Sforce-NumberOfRecords": str(self.count), "Sforce-Locator": self.locator or "null"}


@dataclass(slots=True, kw_only=True)
class _QueryJob:
    info: JobInfo
    text: str
    user: User
    result: ResultFile | None = None


class BulkQueryJobs:
    """The org's query jobs. `page_records` is how many records a page has when the client asks for no number."""

    def __init__(self, org: Org, transitions: Transitions | None = None) -> None:
        self._org = org
        self._jobs: Registry[_QueryJob] = Registry(org)
        self.transitions = transitions or Transitions()
        self.page_records = PAGE_RECORDS

    def clear(self) -> None:
        """Forget all jobs."""
        for job in self._jobs.all():
            self._drop(job)
        self._jobs.clear()

    @behaviour(
        "Bulk query job",
        "confirmed",
        "Bulk API 2.0 Guide, Create a Query Job; refusals of compound fields and aggregates from connectors",
    )
    def create(self, user: User, body: Mapping[str, Json], version: str, *, course: Course | None = None) -> Record:
        """Create a job, already UploadComplete. `course` overrides the transitions for this one job.

        Raises:
            SalesforceError: the query's own error, or what Bulk cannot query: aggregates, child queries, OFFSET,
                TYPEOF, compound fields.
        """
        operation = text_of(body, "operation")
        text = text_of(body, "query")
        unknown = sorted(set(body) - _KEYS)
        if unknown:
            raise SalesforceError("JSON_PARSER_ERROR", f"Unrecognized field '{unknown[0]}' in a query job")
        if operation not in {"query", "queryAll"}:
            raise invalid_job(f"Unsupported operation for a query job: {operation}")
        if not text:
            raise invalid_job("A query job needs a query")
        form = CsvFormat.of_job(body)
        with self._org.lock:
            plan = compile_query(self._org, user, text, all_rows=operation == "queryAll")
            check_bulk_query(text, plan)
        now = self._org.clock.now()
        info = JobInfo(
            id=self._org.ids.next(JOB_PREFIX),
            operation=operation,
            object_name=plan.type.name,
            user_id=user.id,
            version=version,
            format=form,
            state=JobState.UPLOAD_COMPLETE,
            created=now,
            changed=now,
            course=course or self.transitions.query,
        )
        info.submit(now)
        self._jobs.add(_QueryJob(info=info, text=text, user=user))
        return {**info.as_json(), **form.as_json()}

    def get(self, job_id: str) -> Record:
        """Look at a job; a look moves it on as its course says.

        Raises:
            SalesforceError: NOT_FOUND.
        """
        job = self._jobs.find(job_id)
        self._advance(job, look=True)
        return _described(job)

    def listing(self, version: str, *, start: int = 0) -> Record:
        """All query jobs, the newest first, a thousand a page; `start` is the `queryLocator` of a next page."""
        records = [_described(job) for job in self._jobs.all()]
        return listed(records, start=start, path=f"/services/data/v{version}/jobs/query")

    def abort(self, job_id: str) -> Record:
        """Abort a job that has not ended.

        Raises:
            SalesforceError: NOT_FOUND; INVALIDJOBSTATE for one that has ended.
        """
        job = self._jobs.find(job_id)
        if not isinstance(job.info.course.pace, Immediate):
            self._advance(job, look=False)
        if job.info.state.terminal:
            raise wrong_state(f"Job {job.info.id} cannot be aborted: it is {job.info.state}")
        job.info.move(JobState.ABORTED, self._org.clock.now())
        return _described(job)

    def delete(self, job_id: str) -> None:
        """Delete a job and its results; it must have ended.

        Raises:
            SalesforceError: NOT_FOUND; INVALIDJOBSTATE for one that has not ended.
        """
        job = self._jobs.find(job_id)
        self._advance(job, look=False)
        if not job.info.state.terminal:
            raise wrong_state(f"Job {job.info.id} cannot be deleted: it is {job.info.state}")
        self._drop(job)
        self._jobs.remove(job)

    @behaviour(
        "Bulk query results by locator",
        "confirmed",
        "Bulk API 2.0 Guide, query results: locators, header on each page, 409 on another API version",
    )
    def results(
        self, job_id: str, version: str, *, locator: str | None = None, max_records: int | None = None
    ) -> CsvPage:
        """A page of a complete job's results: by locator, with at most `max_records` records.

        Raises:
            SalesforceError: NOT_FOUND; 409 on another API version than the job's; INVALIDJOBSTATE; a bad locator.
        """
        _, result = self._complete(job_id, version)
        start, size = _read_locator(locator, len(result))
        if max_records is not None and max_records < 1:
            raise SalesforceError("INVALID_QUERY_LOCATOR", f"Invalid maxRecords: {max_records}")
        count = min(max_records or size or self.page_records, size or len(result))
        after = min(start + count, len(result))
        following = None if after >= len(result) else _written_locator(str(after))
        return CsvPage(result.page(start, count), after - start, following)

    @behaviour(
        "Bulk query results in parallel",
        "uncertain",
        "Bulk API 2.0 Guide, parallel results: documentation and schema disagree on the names",
    )
    def result_pages(self, job_id: str, version: str, *, locator: str | None = None) -> Record:
        """Up to five links to result pages that can be read in parallel, and where the next five are.

        Raises:
            SalesforceError: as `results`; NOT_FOUND before API version 58.0.
        """
        if float(version) < PARALLEL_SINCE:
            raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
        job, result = self._complete(job_id, version)
        start, _ = _read_locator(locator, len(result))
        path = f"/services/data/v{version}/jobs/query/{job.info.id}"
        starts = range(start, max(len(result), 1), self.page_records)
        links: list[Record] = [
            {"resultLink": f"{path}/results?locator={_written_locator(f'{each}-{self.page_records}')}"}
            for each in starts[:PARALLEL_PAGES]
        ]
        done = len(starts) <= PARALLEL_PAGES
        following = None if done else f"{path}/resultPages?locator={_written_locator(str(starts[PARALLEL_PAGES]))}"
        return {"resultPages": links, "nextRecordsUrl": following, "done": done}

    def _complete(self, job_id: str, version: str) -> tuple[_QueryJob, ResultFile]:
        job = self._jobs.find(job_id)
        if job.info.version != version:
            message = f"The job was created with API version {job.info.version}; get its results with that version"
            raise SalesforceError("INVALID_API_VERSION", message, status=409)
        self._advance(job, look=False)
        if job.result is None:
            raise wrong_state(f"Job {job.info.id} has no results: it is {job.info.state}")
        return job, job.result

    def _advance(self, job: _QueryJob, *, look: bool) -> None:
        info = job.info
        now = self._org.clock.now()
        if not info.due(now, look=look):
            return
        if info.course.outcome is not JobState.JOB_COMPLETE:
            info.error_message = info.course.message
            info.move(info.course.outcome, now)
            return
        began = perf_counter()
        try:
            job.result = query_csv(self._org, job.user, job.text, info.format, all_rows=info.operation == "queryAll")
        except SalesforceError as problem:
            info.error_message = f"{problem.code}: {problem.message}"
            info.move(JobState.FAILED, now)
            return
        info.milliseconds = int((perf_counter() - began) * 1000)
        info.processed = len(job.result)
        info.move(JobState.JOB_COMPLETE, now)

    @staticmethod
    def _drop(job: _QueryJob) -> None:
        if job.result is not None:
            job.result.close()
            job.result = None


def _described(job: _QueryJob) -> Record:
    info = job.info
    described: Record = {
        **info.as_json(),
        "jobType": "V2Query",
        **info.format.as_json(),
        "numberRecordsProcessed": info.processed,
        "retries": 0,
        "totalProcessingTime": info.milliseconds,
        "isPkChunkingSupported": True,
    }
    if info.error_message:
        described["errorMessage"] = info.error_message
    return described


def _written_locator(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_locator(locator: str | None, total: int) -> tuple[int, int | None]:
    """The first record of a locator, and the page's size where the locator fixes it (parallel pages)."""
    if locator is None:
        return 0, None
    try:
        text = base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    start, _, size = text.partition("-")
    if not start.isdigit() or (size and not size.isdigit()) or int(start) > total or _written_locator(text) != locator:
        raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator")
    return int(start), int(size) if size else None

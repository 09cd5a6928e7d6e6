"""What query and ingest jobs have in common: states, the course through them, JSON, how long a job is kept.

A job does its work when it is looked at and its course says that it is due, on the caller's thread: no hidden threads,
so a test sees the same states in the same order each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar, assert_never

from ..behaviours import behaviour
from ..clock import iso_z, wire
from ..errors import SalesforceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..org import Org
    from ..soql.shape import Json, Record
    from .csv_format import CsvFormat

JOB_PREFIX = "750"
KEPT = timedelta(days=7)
LIST_PAGE = 1000


class JobState(StrEnum):
    """States of a job. A query job starts at UploadComplete, an ingest job at Open."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"

    @property
    def terminal(self) -> bool:
        """Whether nothing will happen any more."""
        return self in {JobState.JOB_COMPLETE, JobState.FAILED, JobState.ABORTED}


@dataclass(frozen=True, slots=True)
class Immediate:
    """The first look at a submitted job finds it ended."""


@dataclass(frozen=True, slots=True)
class Polls:
    """So many looks find the job unfinished: UploadComplete at first if there are two or more, then InProgress."""

    count: int


@dataclass(frozen=True, slots=True)
class After:
    """The job ends so many seconds of the org's clock after it was submitted."""

    seconds: float


Pace: TypeAlias = Immediate | Polls | After


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a job will go. `rows_done` is how many rows an ingest job works off before it fails or is aborted."""

    pace: Pace = field(default_factory=Immediate)
    outcome: JobState = JobState.JOB_COMPLETE
    message: str | None = None
    rows_done: int = 0


@dataclass(slots=True, kw_only=True)
class Transitions:
    """The course of jobs yet to be submitted, settable at any time through the control path."""

    query: Course = field(default_factory=Course)
    ingest: Course = field(default_factory=Course)


@dataclass(slots=True, kw_only=True)
class JobInfo:
    """What every job is, whatever it does."""

    id: str
    operation: str
    object_name: str
    user_id: str
    version: str
    format: CsvFormat
    state: JobState
    created: datetime
    changed: datetime
    course: Course
    submitted: datetime | None = None
    looks: int = 0
    processed: int = 0
    failed: int = 0
    error_message: str | None = None
    milliseconds: int = 0

    def submit(self, now: datetime) -> None:
        """From here on the course runs."""
        self.submitted = now
        self.move(JobState.UPLOAD_COMPLETE, now)

    def move(self, state: JobState, now: datetime) -> None:
        """Change the state."""
        self.state = state
        self.changed = now

    def due(self, now: datetime, *, look: bool) -> bool:
        """Whether the job's end has come. A `look` (a request for the job's info) counts; nothing else does."""
        if self.submitted is None or self.state.terminal:
            return False
        if look:
            self.looks += 1
        match self.course.pace:
            case Immediate():
                return True
            case Polls(count):
                done = self.looks > count
                started = self.looks >= 2 or count < 2
            case After(seconds):
                elapsed = (now - self.submitted).total_seconds()
                done, started = elapsed >= seconds, elapsed > 0
            case _:
                assert_never(self.course.pace)
        if (
            not done
            and started
            and self.state is JobState.UPLOAD_COMPLETE
            and (look or isinstance(self.course.pace, After))
        ):
            self.move(JobState.IN_PROGRESS, now)
        return done

    def as_json(self) -> Record:
        """The fields that every answer about a job has, in Salesforce's order."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.user_id,
            "createdDate": wire(iso_z(self.created)),
            "systemModstamp": wire(iso_z(self.changed)),
            "state": self.state.value,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
        }


class HasInfo(Protocol):
    """A job of either kind."""

    @property
    def info(self) -> JobInfo:
        """What every job is."""


Job = TypeVar("Job", bound=HasInfo)


class Registry(Generic[Job]):
    """The jobs of one kind, in order of their making; ended ones are forgotten after seven days."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._jobs: dict[str, Job] = {}

    def clear(self) -> None:
        """Forget all jobs."""
        self._jobs.clear()

    def add(self, job: Job) -> None:
        """Keep a new job."""
        self._jobs[job.info.id] = job

    def remove(self, job: Job) -> None:
        """Forget a job."""
        del self._jobs[job.info.id]

    @behaviour(
        "Bulk jobs are kept seven days", "confirmed", "Bulk API limits: terminal jobs are deleted after seven days"
    )
    def find(self, job_id: str) -> Job:
        """The job with this id of 15 or 18 characters; a job that ended seven days ago is gone.

        Raises:
            SalesforceError: NOT_FOUND, 404.
        """
        self._forget()
        found = next((job for key, job in self._jobs.items() if job_id in {key, key[:15]}), None)
        if found is None:
            raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
        return found

    def all(self) -> list[Job]:
        """All jobs, the newest first."""
        self._forget()
        return list(reversed(self._jobs.values()))

    def _forget(self) -> None:
        now = self._org.clock.now()
        for key, job in list(self._jobs.items()):
            if job.info.state.terminal and now - job.info.changed >= KEPT:
                del self._jobs[key]


def listed(jobs: list[Record], *, start: int, path: str) -> Record:
    """A page of the list of jobs; `path` is the list's own path, for the URL of the next page."""
    page = jobs[start : start + LIST_PAGE]
    after = start + len(page)
    done = after >= len(jobs)
    following = None if done else f"{path}?queryLocator={after}"
    return {"done": done, "records": page, "nextRecordsUrl": following}


def text_of(body: Mapping[str, Json], name: str, default: str | None = None) -> str | None:
    """A text of a job's JSON body.

    Raises:
        SalesforceError: JSON_PARSER_ERROR when it is there and is no text.
    """
    value = body.get(name, default)
    if value is not None and not isinstance(value, str):
        raise SalesforceError("JSON_PARSER_ERROR", f"Cannot deserialize value of '{name}': a string is expected")
    return value


def wrong_state(message: str) -> SalesforceError:
    """A request that the job's state does not allow."""
    return SalesforceError("INVALIDJOBSTATE", message)


@behaviour(
    "Bulk job refusals",
    "uncertain",
    "codes INVALIDJOB, INVALIDJOBSTATE as in bulk 1's enumeration; texts are the mock org's",
)
def invalid_job(message: str) -> SalesforceError:
    """A job that Salesforce would not create."""
    return SalesforceError("INVALIDJOB", message)

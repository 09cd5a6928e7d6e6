"""A Bulk API 2.0 job's life, the same for queries and ingest: its states, and how to wait for the end of it.

States: Open (ingest, before its upload is closed), UploadComplete, InProgress, then one of JobComplete, Failed,
Aborted. Each poll costs an API call, so the pauses grow. When our patience ends the job goes on without us: that is
`BULK_JOB_UNFINISHED`, and the job's id is enough to pick it up again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sync import events
from sync.errors import OrgFault
from sync.salesforce.calls import Call, Content, Effect, Root, json_body, segment
from sync.salesforce.transport import Transport
from sync.salesforce.words import without_values


class State(StrEnum):
    """The states of a job, by Salesforce's names."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"

    @property
    def final(self) -> bool:
        """Whether the job has ended."""
        return self in {State.JOB_COMPLETE, State.FAILED, State.ABORTED}


class JobKind(StrEnum):
    """The two kinds of job, by their place below `/jobs`."""

    QUERY = "query"
    INGEST = "ingest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as the org last described it."""

    kind: JobKind
    id: str
    state: State
    api_version: str
    """The version that made the job: its results answer 409 to any other."""
    processed: int = 0
    failed: int = 0
    message: str | None = None

    def call(
        self,
        method: str,
        path: str = "",
        *,
        content: Content = Content.JSON,
        body: bytes | None = None,
        body_type: str = "application/json",
        effect: Effect = Effect.READ,
    ) -> Call:
        """A call on this job, at the version that made it."""
        return Call(
            method=method,
            path=f"/services/data/v{self.api_version}/jobs/{self.kind}/{segment(self.id)}{path}",
            template=f"/jobs/{self.kind}/{{job}}{path.split('?', maxsplit=1)[0]}",
            root=Root.ORG,
            content=content,
            effect=effect,
            body=body,
            body_type=body_type,
            compress=False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for a job, in seconds."""

    sleep: Callable[[float], None]
    monotonic: Callable[[], float] = time.monotonic
    deadline: float = 4 * 3600
    first_pause: float = 0.3
    longest_pause: float = 30.0
    share: float = 0.15
    """A pause as a share of what has been waited so far: so much later than its end a job is found ended, at most."""


def job_of(kind: JobKind, data: Any) -> Job:
    """A job from the org's JSON.

    Raises:
        OrgFault: It isn't one.
    """
    try:
        return Job(
            kind=kind,
            id=str(data["id"]),
            state=State(data["state"]),
            api_version=f"{Decimal(str(data['apiVersion'])):.1f}",
            processed=int(data.get("numberRecordsProcessed") or 0),
            failed=int(data.get("numberRecordsFailed") or 0),
            message=without_values(str(data["errorMessage"])) if data.get("errorMessage") else None,
        )
    except (KeyError, TypeError, ValueError, ArithmeticError):
        raise OrgFault("the answer doesn't describe a bulk job", place=f"/jobs/{kind}") from None


def read(transport: Transport, kind: JobKind, job_id: str) -> Job:
    """The job as it is now."""
    call = Call(method="GET", path=f"/jobs/{kind}/{segment(job_id)}", template=f"/jobs/{kind}/{{job}}")
    return job_of(kind, transport.send(call).data)


def set_state(transport: Transport, job: Job, state: State) -> Job:
    """Close a job's upload or abort it; asking twice changes nothing, so it may be asked again."""
    reply = transport.send(job.call("PATCH", body=json_body({"state": state.value})))
    return job_of(job.kind, reply.data)


def wait(transport: Transport, job: Job, patience: Patience, on_progress: Callable[[int], None]) -> Job:
    """Poll until the job, as it was just described, has ended, whichever way.

    Raises:
        OrgFault: It hadn't ended by the deadline (`BULK_JOB_UNFINISHED`).
    """
    until = patience.monotonic() + patience.deadline
    waited = 0.0
    while not job.state.final:
        if patience.monotonic() >= until:
            raise OrgFault(
                f"bulk job {job.id} had not ended after {patience.deadline:.0f} s (state {job.state})",
                place=f"/jobs/{job.kind}/{{job}}",
                fix="run again: the same job is picked up",
                code="BULK_JOB_UNFINISHED",
            )
        pause = min(max(patience.first_pause, waited * patience.share), patience.longest_pause)
        patience.sleep(pause)
        waited += pause
        job = read(transport, job.kind, job.id)
        on_progress(job.processed)
    events.info("salesforce.bulk_job", job_id=job.id, state=job.state.value, processed=job.processed, failed=job.failed)
    return job

"""What the control path takes in: its JSON bodies, checked field by field."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .bulk.jobs import After, Course, Immediate, JobState, Pace, Polls
from .faults import Fault, FaultKind


class Body(BaseModel):
    """A body that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ResetBody(Body):
    """`POST /__mock__/reset`: back to the start, perhaps with another seed."""

    seed: int | None = None


class SeedBody(Body):
    """`POST /__mock__/seed`: add the records of a folder on the server's machine."""

    folder: Path


class ClockBody(Body):
    """`POST /__mock__/clock`: each key is carried out, in this order."""

    at: datetime | None = None
    advance: float | None = None
    freeze: bool | None = None


class FaultBody(Body):
    """One scripted fault; the fields are those of `Fault`."""

    kind: FaultKind
    route: str = "*"
    record: str | None = None
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    effect: bool = False
    seconds: float = 0.0
    polls: int = 0
    size: int = 200
    message: str | None = None

    def fault(self) -> Fault:
        """The fault.

        Raises:
            FaultIsUnclear: fields contradict each other.
        """
        return Fault(**self.model_dump())


class CourseBody(Body):
    """How jobs yet to be created will go; without `polls` and `after` they end at the first look."""

    polls: int | None = None
    after: float | None = None
    outcome: Literal["JobComplete", "Failed", "Aborted"] = "JobComplete"
    message: str | None = None
    rows_done: int = 0

    def course(self) -> Course:
        """The course."""
        return Course(pace=self._pace(), outcome=JobState(self.outcome), message=self.message, rows_done=self.rows_done)

    def _pace(self) -> Pace:
        if self.polls is not None:
            return Polls(self.polls)
        return Immediate() if self.after is None else After(self.after)


class TransitionsBody(Body):
    """`POST /__mock__/transitions`."""

    query: CourseBody | None = None
    ingest: CourseBody | None = None


class RequestsBody(Body):
    """`POST /__mock__/requests`: whether bodies are kept from now on."""

    bodies: bool


class DumpBody(Body):
    """`POST /__mock__/dump`: into a folder on the server's machine."""

    folder: Path


class RestoreBody(Body):
    """`POST /__mock__/restore`: a name that `snapshot` gave."""

    snapshot: str


class LoginBody(Body):
    """`POST /__mock__/login`: a token for a user, the administrator by default."""

    username: str | None = None
    jwt_token: bool = False


class UsageBody(Body):
    """`POST /__mock__/usage`: pretend that this many API calls were made today."""

    used: int = Field(ge=0)


class LatencyBody(Body):
    """`POST /__mock__/latency`: seconds that every request takes longer from now on."""

    seconds: float = Field(ge=0)


class LocksBody(Body):
    """`POST /__mock__/locks`: hold these rows as another call would, or let go of all that are held here."""

    hold: tuple[str, ...] = ()
    release: bool = False

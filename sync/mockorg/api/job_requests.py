"""What requests about query and ingest jobs have in common: bodies, lists, and scripted faults on jobs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from ..bulk.jobs import After, Course, JobState, Polls
from ..errors import SalesforceError
from ..faults import ON_JOBS, Fault, FaultKind
from ..http import Response, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..call import Call
    from ..soql.shape import Json, Record

CSV_TYPE = ("Content-Type", "text/csv; charset=UTF-8")


def job_body(call: Call) -> Mapping[str, Json]:
    """The JSON body of a request about a job."""
    return cast("Mapping[str, Json]", call.json_object())


def start_of(call: Call) -> int:
    """Where a list of jobs goes on.

    Raises:
        SalesforceError: INVALID_QUERY_LOCATOR.
    """
    given = call.query("queryLocator") or "0"
    if not given.isdigit():
        raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator")
    return int(given)


def listed(call: Call, jobs: Record, *, job_type: str) -> Response:
    """A list of jobs; asked for another type of job, it is empty."""
    wanted = call.query("jobType")
    if wanted is not None and wanted.lower() != job_type.lower():
        return json_response({"done": True, "records": [], "nextRecordsUrl": None})
    return json_response(jobs)


def course_of_fault(call: Call, *, usual: Course) -> Course | None:
    """The course that a scripted fault sets for the job being created; None if none strikes."""
    fault = call.doors.faults.strike(ON_JOBS, route=call.operation)
    return None if fault is None else _course(fault, usual)


def _course(fault: Fault, usual: Course) -> Course:
    match fault.kind:
        case FaultKind.SLOW_JOB:
            return replace(usual, pace=Polls(fault.polls) if fault.polls else After(fault.seconds))
        case FaultKind.JOB_ABORTED:
            return replace(usual, outcome=JobState.ABORTED, message=fault.message)
        case _:
            message = fault.message or "InternalServerError : the job was ended by a scripted fault"
            return replace(usual, outcome=JobState.FAILED, message=message)

"""Bulk API 2.0 query jobs over REST: `/jobs/query`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import SalesforceError
from ..http import Response, empty, json_response
from .job_requests import CSV_TYPE, course_of_fault, job_body, listed, start_of

if TYPE_CHECKING:
    from ..bulk.query_job import BulkQueryJobs
    from ..call import Call


def _jobs(call: Call) -> BulkQueryJobs:
    return call.doors.query_jobs


def create(call: Call) -> Response:
    """POST /jobs/query."""
    course = course_of_fault(call, usual=_jobs(call).transitions.query)
    return json_response(_jobs(call).create(call.user, job_body(call), f"{call.version}.0", course=course))


def every(call: Call) -> Response:
    """GET /jobs/query."""
    return listed(call, _jobs(call).listing(f"{call.version}.0", start=start_of(call)), job_type="V2Query")


def look(call: Call) -> Response:
    """GET /jobs/query/{job}."""
    return json_response(_jobs(call).get(call.parameters["job"]))


def change(call: Call) -> Response:
    """PATCH /jobs/query/{job}: only to abort it."""
    if job_body(call).get("state") != "Aborted":
        raise SalesforceError("INVALIDJOB", "A query job can only be set to Aborted")
    return json_response(_jobs(call).abort(call.parameters["job"]))


def delete(call: Call) -> Response:
    """DELETE /jobs/query/{job}."""
    _jobs(call).delete(call.parameters["job"])
    return empty()


def results(call: Call) -> Response:
    """GET /jobs/query/{job}/results."""
    given = call.query("maxRecords")
    if given is not None and not given.isdigit():
        raise SalesforceError("INVALID_QUERY_LOCATOR", f"Invalid maxRecords: {given}")
    page = _jobs(call).results(
        call.parameters["job"],
        f"{call.version}.0",
        locator=call.query("locator"),
        max_records=int(given) if given is not None else None,
    )
    return Response(status=200, headers=(CSV_TYPE, *page.headers.items()), body=page.content)


def result_pages(call: Call) -> Response:
    """GET /jobs/query/{job}/resultPages."""
    pages = _jobs(call).result_pages(call.parameters["job"], f"{call.version}.0", locator=call.query("locator"))
    return json_response(pages)

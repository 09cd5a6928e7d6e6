"""Bulk API 2.0 ingest jobs over REST: `/jobs/ingest`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..call import unsupported_media_type
from ..errors import NotModelled
from ..http import Response, empty, json_response
from .job_requests import CSV_TYPE, course_of_fault, job_body, listed, start_of

if TYPE_CHECKING:
    from ..bulk.ingest_job import IngestJobs
    from ..call import Call


def _jobs(call: Call) -> IngestJobs:
    return call.doors.ingest_jobs


def create(call: Call) -> Response:
    """POST /jobs/ingest."""
    if call.request.content_type == "multipart/form-data":
        raise NotModelled("an ingest job with its data in one multipart request")
    course = course_of_fault(call, usual=_jobs(call).transitions.ingest)
    return json_response(_jobs(call).create(call.user, job_body(call), f"{call.version}.0", course=course))


def every(call: Call) -> Response:
    """GET /jobs/ingest."""
    return listed(call, _jobs(call).listing(f"{call.version}.0", start=start_of(call)), job_type="V2Ingest")


def upload(call: Call) -> Response:
    """PUT /jobs/ingest/{job}/batches: 201 without a body."""
    if call.request.content_type != "text/csv":
        raise unsupported_media_type(call.request.content_type)
    _jobs(call).upload(call.parameters["job"], call.request.body)
    return empty(201)


def look(call: Call) -> Response:
    """GET /jobs/ingest/{job}."""
    return json_response(_jobs(call).get(call.parameters["job"]))


def change(call: Call) -> Response:
    """PATCH /jobs/ingest/{job}: UploadComplete or Aborted."""
    return json_response(_jobs(call).change_state(call.parameters["job"], job_body(call)))


def delete(call: Call) -> Response:
    """DELETE /jobs/ingest/{job}."""
    _jobs(call).delete(call.parameters["job"])
    return empty()


def successful(call: Call) -> Response:
    """GET /jobs/ingest/{job}/successfulResults."""
    return _csv(_jobs(call).successful_results(call.parameters["job"]))


def failed(call: Call) -> Response:
    """GET /jobs/ingest/{job}/failedResults."""
    call.note(_jobs(call).failures(call.parameters["job"]))
    return _csv(_jobs(call).failed_results(call.parameters["job"]))


def unprocessed(call: Call) -> Response:
    """GET /jobs/ingest/{job}/unprocessedrecords."""
    return _csv(_jobs(call).unprocessed_records(call.parameters["job"]))


def _csv(content: bytes) -> Response:
    return Response(status=200, headers=(CSV_TYPE,), body=content)

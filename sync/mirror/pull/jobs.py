"""Bulk jobs that a pull has started and not yet taken in, so that an interrupted pull goes on instead of starting over.

One small file beside the mirror. A job's data is as of its start, so the watermark and the window's end that held then
are remembered with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sync.private_file import write_private
from sync.salesforce.values import iso_z, moment_of

_FRESH = timedelta(hours=24)
"""Salesforce keeps results for seven days; older data is better read anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJob:
    """A bulk job whose records are not in the mirror yet."""

    job_id: str
    soql: str
    started: datetime
    """The server's clock; end of the window that is counted."""
    covered: datetime
    """The watermark that the org vouched for at the start."""


class OpenJobs:
    """The remembered jobs of each object, by its API name; a window cut into slices has several."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def find(self, object_name: str, soql: str, *, now: datetime) -> OpenJob | None:
        """A recent job of the very same query."""
        jobs = self._read().get(object_name, ())
        return next((job for job in jobs if job.soql == soql and now - job.started < _FRESH), None)

    def remember(self, object_name: str, job: OpenJob) -> None:
        """Keeps a job until it is forgotten, in the place of another one of the same query."""
        jobs = self._read()
        others = tuple(each for each in jobs.get(object_name, ()) if each.soql != job.soql)
        self._write(jobs | {object_name: (*others, job)})

    def forget(self, object_name: str, soql: str | None = None) -> None:
        """The records of an object's jobs are in the mirror, or its job of this query is of no use."""
        jobs = self._read()
        gone = jobs.pop(object_name, None)
        if gone is None:
            return
        left = tuple(each for each in gone if soql is not None and each.soql != soql)
        self._write(jobs | ({object_name: left} if left else {}))

    def _read(self) -> dict[str, tuple[OpenJob, ...]]:
        try:
            listed = json.loads(self._file.read_text("utf-8"))
            return {
                name: tuple(
                    OpenJob(
                        job_id=job["job_id"],
                        soql=job["soql"],
                        started=moment_of(job["started"]),
                        covered=moment_of(job["covered"]),
                    )
                    for job in jobs
                )
                for name, jobs in listed.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}  # it only saves work: without it, the job is started again

    def _write(self, jobs: dict[str, tuple[OpenJob, ...]]) -> None:
        if not jobs:
            self._file.unlink(missing_ok=True)
            return
        listed = {
            name: [
                {
                    "job_id": job.job_id,
                    "soql": job.soql,
                    "started": iso_z(job.started),
                    "covered": iso_z(job.covered),
                }
                for job in listed_jobs
            ]
            for name, listed_jobs in jobs.items()
        }
        write_private(self._file, json.dumps(listed))

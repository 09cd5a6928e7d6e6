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
    """The remembered jobs, by API name of their object."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def find(self, object_name: str, soql: str, *, now: datetime) -> OpenJob | None:
        """A recent job of the very same query."""
        job = self._read().get(object_name)
        return job if job is not None and job.soql == soql and now - job.started < _FRESH else None

    def remember(self, object_name: str, job: OpenJob) -> None:
        """Keeps a job until `forget`."""
        self._write(self._read() | {object_name: job})

    def forget(self, object_name: str) -> None:
        """The job's records are in the mirror, or the job is of no use."""
        jobs = self._read()
        if jobs.pop(object_name, None) is not None:
            self._write(jobs)

    def _read(self) -> dict[str, OpenJob]:
        try:
            listed = json.loads(self._file.read_text("utf-8"))
            return {
                name: OpenJob(
                    job_id=job["job_id"],
                    soql=job["soql"],
                    started=moment_of(job["started"]),
                    covered=moment_of(job["covered"]),
                )
                for name, job in listed.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}  # it only saves work: without it, the job is started again

    def _write(self, jobs: dict[str, OpenJob]) -> None:
        if not jobs:
            self._file.unlink(missing_ok=True)
            return
        listed = {
            name: {
                "job_id": job.job_id,
                "soql": job.soql,
                "started": iso_z(job.started),
                "covered": iso_z(job.covered),
            }
            for name, job in jobs.items()
        }
        write_private(self._file, json.dumps(listed))

"""Reading a window by Bulk API 2.0 jobs: started early, remembered until taken in, sliced where one is too much.

A pull starts the jobs of all its large windows before it waits for the first, so that the org works on them side by
side. A killed pull finds its jobs again by their query. A query that takes the org too long is asked for in halves of
its span of time, and these in halves again, until each is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from sync.errors import OrgFault
from sync.mirror.pull.jobs import OpenJob, OpenJobs
from sync.mirror.pull.replication import Covered
from sync.mirror.pull.report import Progress
from sync.mirror.pull.windows import Window, bulk_soql, oldest_soql
from sync.salesforce.org import AskRows, CsvPages, OrgReader, Rows
from sync.salesforce.values import moment_of

SHORTEST_SLICE = timedelta(minutes=1)
"""A span of time that isn't halved any more: whatever times out then is not a matter of size."""

_BEFORE_ALL = datetime(1999, 1, 1, tzinfo=UTC)
"""Salesforce was founded that year: no record is older."""


class Sink(Protocol):
    """Where pages go as they come in."""

    def pages(self, files: Sequence[Path]) -> None:
        """Pages are there; their files may be removed."""

    def restart(self) -> None:
        """The pages so far were of no use: all of them come anew."""


class _Keep:
    """Leaves every page where it is."""

    def pages(self, files: Sequence[Path]) -> None:
        """Leaves them."""

    def restart(self) -> None:
        """Leaves them; the list of pages that counts is the last one."""


KEEP: Sink = _Keep()


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkPages:
    """What the jobs of one window brought."""

    files: tuple[Path, ...]
    """Those that the sink has left."""
    records: int
    started: datetime
    """The server's clock before the first job; end of the window that is counted."""
    covered: Covered


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkReader:
    """The bulk jobs of one pull."""

    org: OrgReader
    folder: Path
    jobs: OpenJobs
    progress: Callable[[Progress], None]
    begun: set[str] = field(default_factory=set)
    """Ids of the jobs that this very run has created."""

    def begin(self, window: Window, covered: Covered) -> None:
        """Lets the org start on a window that is going to be read, unless a job of an earlier run has it already.

        Raises:
            OrgFault: The org refuses the query.
        """
        soql = bulk_soql(window)
        if self.jobs.find(window.object, soql, now=self.org.now()) is None:
            started = self.org.now()
            self._remember(window, soql, started, covered)(self.org.start_bulk_query(soql, all_rows=True))

    def read(self, window: Window, covered: Covered, sink: Sink) -> BulkPages:
        """Reads a window.

        Raises:
            OrgFault: A job failed, was aborted, or hadn't ended in time.
        """
        try:
            return self._by_one_job(window, covered, sink)
        except OrgFault as fault:
            if fault.code != "QUERY_TIMEOUT":
                raise
        sink.restart()
        parts = [self._by_one_job(each, covered, sink) for each in self._slices(window, covered)]
        return BulkPages(
            files=tuple(file for part in parts for file in part.files),
            records=sum(part.records for part in parts),
            started=min(part.started for part in parts),
            covered=replace(
                covered,
                until=min(part.covered.until for part in parts),
                deleted_until=min(part.covered.deleted_until for part in parts),
            ),
        )

    def _slices(self, window: Window, covered: Covered) -> Iterator[Window]:
        """Spans of a window, oldest first, the last one open; each is small enough by trial.

        A record that changes meanwhile moves to a later span, and then comes twice: the newest counts.
        """
        begin = window.since or self._oldest(window)
        yield from self._halved(replace(window, before=None), covered, begin=begin, end=self.org.now())

    def _halved(self, window: Window, covered: Covered, *, begin: datetime, end: datetime) -> Iterator[Window]:
        if end - begin < SHORTEST_SLICE:
            yield window
            return
        middle = (begin + (end - begin) / 2).replace(microsecond=0)
        for part, first, last in (
            (replace(window, before=middle), begin, middle),
            (replace(window, since=middle), middle, end),
        ):
            if self._bears(part, covered):
                yield part
            else:
                yield from self._halved(part, covered, begin=first, end=last)

    def _bears(self, window: Window, covered: Covered) -> bool:
        """Whether the org can answer this span at once; the job that says so is the one that is read."""
        self.begin(window, covered)
        job = self.jobs.find(window.object, bulk_soql(window), now=self.org.now())
        try:
            if job is not None:
                self.org.await_bulk_query(job.job_id)
        except OrgFault as fault:
            if fault.code != "QUERY_TIMEOUT":
                raise
            self.jobs.forget(window.object, bulk_soql(window))
            return False
        return True

    def _oldest(self, window: Window) -> datetime:
        (told,) = self.org.ask([AskRows(soql=oldest_soql(window))])
        if isinstance(told, Rows) and told.records:
            return moment_of(str(next(iter(told.records[0].values()))))
        return _BEFORE_ALL

    def _by_one_job(self, window: Window, covered: Covered, sink: Sink) -> BulkPages:
        soql = bulk_soql(window)
        job = self.jobs.find(window.object, soql, now=self.org.now())
        if job is not None:
            try:
                found = self._collect(window, soql, job.job_id, lambda _job_id: None, sink)
            except OrgFault as fault:
                if fault.code == "BULK_JOB_UNFINISHED":
                    raise
                self.jobs.forget(window.object, soql)  # its results are gone, or it failed
                if job.job_id in self.begun:
                    raise
                sink.restart()  # an earlier run's: a new one is the answer to both
            else:
                earlier = replace(
                    covered,
                    until=min(covered.until, job.covered),
                    deleted_until=min(covered.deleted_until, job.started),
                )
                return BulkPages(files=_left(found), records=found.records, started=job.started, covered=earlier)
        started = self.org.now()
        found = self._collect(window, soql, None, self._remember(window, soql, started, covered), sink)
        return BulkPages(files=_left(found), records=found.records, started=started, covered=covered)

    def _remember(self, window: Window, soql: str, started: datetime, covered: Covered) -> Callable[[str], None]:
        def remember(job_id: str) -> None:
            self.begun.add(job_id)
            job = OpenJob(job_id=job_id, soql=soql, started=started, covered=covered.until)
            self.jobs.remember(window.object, job)

        return remember

    def _collect(
        self, window: Window, soql: str, job_id: str | None, remember: Callable[[str], None], sink: Sink
    ) -> CsvPages:
        def on_job(made: str) -> None:
            remember(made)
            self.progress(Progress(object=window.object, doing=f"reading by bulk job {made}"))

        def on_progress(records: int) -> None:
            self.progress(Progress(object=window.object, doing="reading", records=records))

        return self.org.bulk_query(
            soql,
            folder=self.folder,
            all_rows=True,
            job_id=job_id,
            on_job=on_job,
            on_progress=on_progress,
            on_pages=sink.pages,
        )


def _left(found: CsvPages) -> tuple[Path, ...]:
    return tuple(file for file in found.files if file.exists())

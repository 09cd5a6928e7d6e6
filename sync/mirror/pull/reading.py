"""Reading a window by the route that fits its size, onto pages on disk.

Up to one page comes by a composite call together with other objects; a few pages by REST in keyset order; more by a
Bulk API 2.0 job, which sorts nothing, pages in parallel and leaves the quota alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sync.errors import OrgFault
from sync.mirror.pull.bulk import KEEP, BulkReader, Sink
from sync.mirror.pull.pages import joined, write_page
from sync.mirror.pull.replication import Covered
from sync.mirror.pull.report import Progress
from sync.mirror.pull.windows import OVERLAP, PAGE, Window, count_soql, page_soql, position_of
from sync.mirror.staging import Pages
from sync.model import Record
from sync.salesforce.org import AskRows, OrgReader, Rows

FOR_BULK = 10_000
"""Records from which a bulk job is cheaper than REST pages (five calls and a wait against one call per 2,000)."""


class Route(StrEnum):
    """How a window was read."""

    COMPOSITE = "composite"
    REST = "rest"
    BULK = "bulk"
    UNCHANGED = "unchanged"
    """Not read: the org's count and newest stamp are those that the mirror holds."""


def route_for(count: int) -> Route:
    """The route for so many records."""
    if count < PAGE:
        return Route.COMPOSITE
    return Route.REST if count <= FOR_BULK else Route.BULK


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A window's records on disk, and what the org counts in it."""

    window: Window
    covered: Covered
    route: Route
    pages: Pages
    expected: int
    window_to: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads windows of one org into one folder."""

    org: OrgReader
    folder: Path
    bulk: BulkReader
    progress: Callable[[Progress], None]

    def from_rows(self, window: Window, covered: Covered, rows: Rows) -> Reading:
        """A reading of rows that came in one piece; the reply itself says how many there are."""
        newest = position_of(window, rows.records[-1]).stamp if rows.records else self.org.now()
        return Reading(
            window=window,
            covered=covered,
            route=Route.COMPOSITE,
            pages=self._page(window, rows.records),
            expected=rows.total,
            window_to=max(newest, self.org.now()),
        )

    def read(self, window: Window, covered: Covered, route: Route) -> Reading:
        """Reads a window of more than one page.

        Raises:
            OrgFault: A query or job failed.
        """
        if route is Route.BULK:
            return self.by_bulk(window, covered)
        started = self.org.now()
        try:
            pages = self._by_rest(window)
        except OrgFault as fault:
            if fault.code != "QUERY_TIMEOUT":
                raise
            return self.by_bulk(window, covered)
        return self._counted(window, covered, Route.REST, pages, started)

    def by_bulk(self, window: Window, covered: Covered, sink: Sink = KEEP) -> Reading:
        """Reads a window by bulk jobs; `sink` may work each page off as soon as it is there.

        Raises:
            OrgFault: A job failed, or hadn't ended in time.
        """
        found = self.bulk.read(window, covered, sink)
        pages = Pages(files=found.files, columns=window.selected)
        return self._counted(window, found.covered, Route.BULK, pages, found.started, by_job=found.records)

    def again(self, reading: Reading) -> Reading:
        """The reading, with everything since shortly before its end read once more, and counted anew.

        Finds what became visible while it was read: transactions that were open at its beginning.
        """
        window = reading.window
        if reading.route is Route.COMPOSITE:
            (told,) = self.org.ask([AskRows(soql=page_soql(window))])
            if isinstance(told, Rows) and len(told.records) < PAGE:
                return self.from_rows(window, reading.covered, told)
            return self.read(window, reading.covered, Route.REST)
        tail = replace(window, since=max(reading.window_to - OVERLAP, window.since or reading.window_to - OVERLAP))
        count = self.org.count(count_soql(tail), all_rows=True)
        more = self.read(tail, reading.covered, Route.BULK if count > FOR_BULK else Route.REST)
        pages = joined([reading.pages, more.pages], window.selected)
        return self._counted(window, reading.covered, reading.route, pages, reading.window_to)

    def _counted(
        self,
        window: Window,
        covered: Covered,
        route: Route,
        pages: Pages,
        until: datetime,
        *,
        by_job: int | None = None,
    ) -> Reading:
        """The reading with the org's count of its window, or with the job's own where the org can't count in time."""
        (told,) = self.org.ask([AskRows(soql=count_soql(window, until=until))])
        match told:
            case Rows():
                expected = told.total
            case OrgFault() if told.code == "QUERY_TIMEOUT" and by_job is not None:
                expected, until = by_job, self.org.now()
            case OrgFault():
                raise told
            case _:
                raise TypeError("a count was answered by changes")
        return Reading(window=window, covered=covered, route=route, pages=pages, expected=expected, window_to=until)

    def _by_rest(self, window: Window) -> Pages:
        pages: list[Pages] = []
        position = None
        read = 0
        while True:
            (told,) = self.org.ask([AskRows(soql=page_soql(window, position))])
            if isinstance(told, OrgFault):
                raise told
            assert isinstance(told, Rows)  # noqa: S101 -- rows were asked for
            pages.append(self._page(window, told.records))
            read += len(told.records)
            self.progress(Progress(object=window.object, doing="reading", records=read))
            if len(told.records) < PAGE:
                return joined(pages, window.selected)
            position = position_of(window, told.records[-1])

    def _page(self, window: Window, records: Sequence[Record]) -> Pages:
        if not records:
            return Pages(files=(), columns=window.selected)
        number = sum(1 for _ in self.folder.iterdir())
        file = self.folder / f"{window.mapping.name}-{number:05d}.csv"
        return write_page(file, window.selected, records)

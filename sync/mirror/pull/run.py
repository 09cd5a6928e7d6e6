"""One pull from beginning to end.

    states of the mirror → windows → first questions (an unchanged org ends here) → small windows taken in together
        → large ones read by REST or bulk and taken in one by one → report

The mirror is open only to read its states at the beginning and while records are taken in, never during a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from sync.errors import OrgFault
from sync.mapping import OrgMapping
from sync.mirror.connection import Wait, give_up
from sync.mirror.pull.bulk import KEEP, BulkReader
from sync.mirror.pull.columns import settle_columns
from sync.mirror.pull.intake import Intake, incomplete
from sync.mirror.pull.jobs import OpenJobs
from sync.mirror.pull.opening import Opening, first_pages, open_windows, sizes
from sync.mirror.pull.pages import page_folder
from sync.mirror.pull.reading import Reader, Reading, Route, route_for
from sync.mirror.pull.replication import Covered
from sync.mirror.pull.report import Progress, PullReport
from sync.mirror.pull.scope import plan_windows, read_held, selected
from sync.mirror.pull.streaming import Streaming
from sync.mirror.pull.windows import PAGE, Window
from sync.mirror.state import Completeness
from sync.mirror.tables import cursor_field
from sync.salesforce.org import OrgReader


def pull(
    org: OrgReader,
    path: Path,
    mapping: OrgMapping,
    *,
    clock: Callable[[], datetime],
    objects: Sequence[str] | None = None,
    full: bool = False,
    progress: Callable[[Progress], None] = lambda _progress: None,
    wait: Wait = give_up,
    new_run_id: Callable[[], str] = lambda: uuid4().hex,
) -> PullReport:
    """Brings the mirror at `path` up to the org.

    Args:
        org: Where to read.
        path: The mirror's file; made when there is none.
        mapping: What to read.
        clock: The local clock, for the time that it took.
        objects: Only these, by API name or by ours; all mapped ones when `None`.
        full: Read everything again, whatever the mirror holds.
        progress: Hears each step.
        wait: Asked while another process holds the mirror.
        new_run_id: Makes the run's id.

    Raises:
        MappingInvalid: The org lacks mapped fields (found before anything is read), or values don't fit.
        MirrorUnusable: The mirror is another org's, or can't be used.
        OrgBusy: Another process holds the mirror, or pulled at the same time.
        OrgFault: The org failed; or it counts more records than it gives, twice (code `INCOMPLETE_PULL`).
        AccessRefused, OrgUnavailable: As any call.
    """
    begun, calls = clock(), org.calls_sent
    wanted = selected(mapping, objects)
    org_id = org.identity.org_id
    states = read_held(path, org_id, wait)
    scope = plan_windows(org, wanted, states, full=full)
    run_id = new_run_id()
    with page_folder(path.parent, run_id, now=begun) as folder:
        intake = Intake(
            path=path,
            mapping=mapping,
            org_id=org_id,
            run_id=run_id,
            folder=folder,
            wait=wait,
            now=org.now,
            progress=progress,
        )
        jobs = OpenJobs(path.parent / "bulk-jobs.json")
        bulk = BulkReader(org=org, folder=folder, jobs=jobs, progress=progress)
        reader = Reader(org=org, folder=folder, bulk=bulk, progress=progress)
        run = _Run(org=org, reader=reader, intake=intake, warnings=list(scope.warnings))
        run.skip((mapping[name].object, name, reason) for name, reason in scope.skipped.items())
        run.go(scope.windows)
    return PullReport(
        run_id=run_id,
        objects={mapped.object: run.records[mapped.object] for mapped in wanted if mapped.object in run.records},
        api_calls=org.calls_sent - calls,
        seconds=(clock() - begun).total_seconds(),
        warnings=tuple(run.warnings),
    )


@dataclass(slots=True, kw_only=True)
class _Run:
    """The steps of one pull, and what has come of them so far."""

    org: OrgReader
    reader: Reader
    intake: Intake
    warnings: list[str]
    records: dict[str, Completeness] = field(default_factory=dict)

    def skip(self, skipped: Iterable[tuple[str, str, str]]) -> None:
        """Leaves objects out (API name, our name, reason), and says so."""
        listed = list(skipped)
        self.warnings += [f"{api_name} was left out: {reason}" for api_name, _, reason in listed]
        self.intake.skip({name: reason for _, name, reason in listed})

    def go(self, windows: Sequence[Window]) -> None:
        """Reads every window and takes it in."""
        opening = open_windows(self.org, self.reader, windows, self.intake.held(windows))
        self._without(opening)
        self.warnings += [
            f"{window.object} is read in full: {window.reason}"
            for window, _ in opening.waiting
            if opening.covered[window.object].whole_because
        ]
        small = [window for window, count in opening.waiting if count < PAGE]
        large = [(window, route_for(count)) for window, count in opening.waiting if count >= PAGE]
        for window, route in large:  # the org works on all of them while the small ones are taken in
            if route is Route.BULK:
                self.reader.bulk.begin(window, opening.covered[window.object])
        for window, rows in zip(small, first_pages(self.org, small), strict=True):
            if len(rows.records) < PAGE:
                opening.read.append(self.reader.from_rows(window, opening.covered[window.object], rows))
            else:  # it has grown since it was counted
                large.append((window, Route.REST))
        self._take(opening.read)
        for window, route in sorted(large, key=lambda each: each[1] is Route.BULK):
            self._read_large(window, opening.covered[window.object], route)
        for window in windows:
            taken = self.records.get(window.object)
            if window.refill and taken is not None and taken.window_from is not None:
                self._refill(window, opening.covered[window.object])

    def _refill(self, window: Window, covered: Covered) -> None:
        """Reads some fields of every record: those that the mapping has gained, and formulas from time to time."""
        mapping = window.mapping
        wanted = {"id", cursor_field(mapping), *window.refill}
        columns = {name: column for name, column in window.columns.items() if name in wanted}
        fields = {name: field for name, field in mapping.fields.items() if name in wanted}
        every = Window(mapping=replace(mapping, fields=fields), columns=columns, state=window.state, since=None)
        (count,) = sizes(self.org, [every])
        route = Route.BULK if route_for(count) is Route.BULK else Route.REST
        reading = self.reader.read(every, covered, route)
        short = self.intake.refill(window, reading)
        if short is not None:
            short = self.intake.refill(window, self.reader.again(reading))
        self.reader.bulk.jobs.forget(window.object)
        if short is not None:
            raise incomplete(short)

    def _read_large(self, window: Window, covered: Covered, route: Route) -> None:
        jobs = self.reader.bulk.jobs
        try:
            if route is Route.BULK:
                with Streaming(intake=self.intake, window=window) as stream:
                    reading = self.reader.by_bulk(window, covered, stream if window.is_first else KEEP)
                    taken = stream.take(reading, self.reader.again)
            else:
                reading, taken = self.reader.read(window, covered, route), None
        except OrgFault as fault:
            if fault.code == "INCOMPLETE_PULL":
                jobs.forget(window.object)  # the same pages again would be no better
            raise
        if taken is not None:
            self.records[taken.object] = taken
        else:
            try:
                self._take([reading])
            except OrgFault:
                jobs.forget(window.object)
                raise
        jobs.forget(window.object)
        for file in self.reader.folder.iterdir():
            if file.is_file():
                file.unlink()

    def _without(self, opening: Opening) -> None:
        """Objects that the org has lost since the last pull are left out; lost fields stop the pull.

        Raises:
            MappingInvalid, AccessRefused: As `settle_columns`.
            OrgFault: The org has everything and refused all the same.
        """
        if not opening.gone:
            return
        settled = settle_columns(self.org, [window.mapping for window, _ in opening.gone])
        for window, fault in opening.gone:
            if window.mapping.name not in settled.skipped:
                raise fault
        self.skip((w.object, w.mapping.name, settled.skipped[w.mapping.name]) for w, _ in opening.gone)

    def _take(self, readings: Sequence[Reading]) -> None:
        taken, short = self.intake.take(readings)
        if short:
            more, still = self.intake.take([self.reader.again(shortfall.reading) for shortfall in short])
            taken += more
            for shortfall in still:
                raise incomplete(shortfall)
        self.records |= {record.object: record for record in taken}

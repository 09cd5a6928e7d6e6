# ruff: noqa: S608 -- identifiers come from the checked mapping and are quoted; values are parameters
"""Taking readings into the mirror, each held against the org's own count first.

The mirror's file is open only here, after everything has been read. A reading that lacks records is not taken in and
doesn't move the watermark; it is read once more, and then it is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from duckdb import DuckDBPyConnection

from sync.errors import OrgBusy, OrgFault
from sync.mapping import OrgMapping
from sync.mirror.connection import Wait, opened
from sync.mirror.load import commit
from sync.mirror.pull.opening import Held
from sync.mirror.pull.reading import Reading, Route
from sync.mirror.pull.report import Progress
from sync.mirror.pull.scope import refuse_other_org
from sync.mirror.pull.windows import Window
from sync.mirror.refill import refill
from sync.mirror.staging import Batch, stage
from sync.mirror.state import (
    Completeness,
    ObjectState,
    aware,
    naive,
    read_meta,
    read_states,
    write_meta,
    write_state,
)
from sync.mirror.tables import Catalogue, check_format, cursor_field, prepare, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """A reading that lacks records of its window."""

    reading: Reading
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The mirror's side of one run."""

    path: Path
    mapping: OrgMapping
    org_id: str
    run_id: str
    folder: Path
    wait: Wait
    now: Callable[[], datetime]
    progress: Callable[[Progress], None]

    def take(self, readings: Sequence[Reading]) -> tuple[list[Completeness], list[Shortfall]]:
        """Loads readings, one transaction each; those that lack records are handed back.

        Raises:
            MirrorUnusable: The mirror is another org's, or not usable.
            OrgBusy: The mirror is held, or another pull has gone over the same object meanwhile.
            MappingInvalid: A value doesn't fit its mapped type.
            OrgFault: A page is malformed.
        """
        if not readings:
            return [], []
        taken: list[Completeness] = []
        short: list[Shortfall] = []
        with opened(self.path, read_only=False, wait=self.wait, pages=self.folder) as connection:
            present = self.prepare(connection)
            for reading in readings:
                self.progress(Progress(object=reading.window.object, doing="loading", records=reading.expected))
                self.refuse_overtaken(connection, reading.window)
                batch = _batch(reading)
                received = stage(connection, batch)
                if reading.route is Route.UNCHANGED:
                    received = reading.expected
                if received < reading.expected:
                    short.append(Shortfall(reading=reading, received=received))
                    continue
                taken.append(commit(connection, batch, record_of(reading, received), self.state_of(reading), present))
        return taken, short

    def refill(self, window: Window, reading: Reading) -> Shortfall | None:
        """Puts some fields of every record into the rows held; what is missing, if any is, and then nothing is done.

        Args:
            window: The object's own window, which has been taken in.
            reading: Of those fields.

        Raises:
            As `take`.
        """
        with opened(self.path, read_only=False, wait=self.wait, pages=self.folder) as connection:
            present = self.prepare(connection)
            state = read_states(connection)[window.mapping.name]
            received = stage(connection, _batch(reading))
            if received < reading.expected:
                return Shortfall(reading=reading, received=received)
            done = replace(state, columns=window.columns, pulled_at=self.now(), refreshed_at=self.now())
            formulas = [name for name in window.refill - window.new if window.columns[name].calculated]
            refill(connection, window.mapping, done, present, new=sorted(window.new), formulas=sorted(formulas))
        return None

    def skip(self, skipped: Mapping[str, str]) -> None:
        """Remembers objects (our name → reason) that this org can't give, so that the mirror is read without them."""
        if not skipped:
            return
        with opened(self.path, read_only=False, wait=self.wait) as connection:
            self.prepare(connection)
            for name, reason in skipped.items():
                state = ObjectState(
                    object=name,
                    watermark=None,
                    deleted_until=None,
                    columns={},
                    skipped=reason,
                    run_id=self.run_id,
                    pulled_at=self.now(),
                )
                write_state(connection, state)

    def held(self, windows: Sequence[Window]) -> dict[str, Held]:
        """What the mirror has of each window that asks for changes only, by API name."""
        changes = [window for window in windows if not window.whole]
        found: dict[str, Held] = {}
        if not changes:
            return found
        with opened(self.path, read_only=True, wait=self.wait) as connection:
            for window in changes:
                cursor, table = quoted(cursor_field(window.mapping)), quoted(window.mapping.name)
                row = connection.execute(
                    f"SELECT count(*), max({cursor}) FROM {table} WHERE {cursor} >= ?", [naive(window.since)]
                ).fetchone()
                count, newest = row or (0, None)
                found[window.object] = Held(count=int(count), newest=aware(newest))
        return found

    def prepare(self, connection: DuckDBPyConnection) -> Catalogue:
        """Makes the mirror ready to be written to; its tables.

        Raises:
            MirrorUnusable: It is another org's, or of another format.
        """
        check_format(connection, self.path)
        present = prepare(connection, self.mapping)
        held = read_meta(connection, "org_id")
        refuse_other_org(held, self.org_id, self.path)
        if held is None:
            write_meta(connection, "org_id", self.org_id)
        return present

    def refuse_overtaken(self, connection: DuckDBPyConnection, window: Window) -> None:
        """Gives way to a pull that began later and ended earlier.

        Raises:
            OrgBusy: Another pull has gone over the same object meanwhile.
        """
        now = read_states(connection).get(window.mapping.name)
        if (now and now.run_id) != (window.state and window.state.run_id):
            raise OrgBusy(
                f"another pull has taken in {window.object} while this one was reading it",
                place=str(self.path),
                fix="nothing is lost; run `leadgate pull` again if you need what changed since",
            )

    def state_of(self, reading: Reading) -> ObjectState:
        """How far an object is pulled with a reading."""
        window = reading.window
        unmoved = window.state.watermark if window.state and reading.route is Route.UNCHANGED else None
        return ObjectState(
            object=window.mapping.name,
            watermark=unmoved or reading.covered.until,
            deleted_until=reading.covered.deleted_until,
            columns={name: column for name, column in window.columns.items() if window.whole or name not in window.new},
            skipped=None,
            run_id=self.run_id,
            pulled_at=self.now(),
            refreshed_at=self.now() if window.whole else None,
        )


def incomplete(shortfall: Shortfall) -> OrgFault:
    """What a window is that lacks records even after it has been read again."""
    reading = shortfall.reading
    return OrgFault(
        f"{reading.window.object}: the org counts {reading.expected} records in the window, and "
        f"{shortfall.received} arrived, twice; the watermark was not moved",
        fix="run `leadgate pull` again; if it stays so, look at the org's status",
        code="INCOMPLETE_PULL",
    )


def _batch(reading: Reading) -> Batch:
    return Batch(
        mapping=reading.window.mapping,
        columns=reading.window.columns,
        pages=reading.pages,
        window_to=reading.window_to,
        whole=reading.window.whole,
        purged=reading.covered.purged,
    )


def record_of(reading: Reading, received: int) -> Completeness:
    """The completeness record of a reading of which so many distinct records arrived."""
    return Completeness(
        object=reading.window.object,
        window_from=reading.window.since,
        window_to=reading.window_to,
        route=reading.route.value,
        expected=reading.expected,
        received=received,
    )

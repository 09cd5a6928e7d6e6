# ruff: noqa: S608 -- SOQL of checked API names, instants and ids that the org gave; no text of people
"""What to read of one object, and the SOQL that reads it.

A window starts where the last pull's watermark stood, less an overlap, and has no end: whatever is newer comes along.
The cursor is `(SystemModstamp, Id)`, inclusive below, because thousands of records may share one second. Deleted and
merged records come too (queryAll), and converted leads are never filtered out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.mapping import ObjectMapping
from sync.mirror.state import ObjectState, PulledColumn
from sync.mirror.tables import cursor_field
from sync.model import Record
from sync.salesforce.values import iso_z, moment_of

OVERLAP = timedelta(minutes=10)
"""Read again before the watermark. The org's own `latestDateCovered` holds the watermark back while a transaction is
open; this covers what it can't (no transaction may last longer)."""

PAGE = 2000
"""Records that one query may bring in one call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What to read of one object."""

    mapping: ObjectMapping
    columns: Mapping[str, PulledColumn]
    state: ObjectState | None
    since: datetime | None
    """Inclusive; `None` = everything."""
    before: datetime | None = None
    """Exclusive; `None` = no end. Only slices of a window that is too large for one query have one."""
    reason: str | None = None
    """Why everything, where the object had been pulled before."""
    refill: frozenset[str] = frozenset()
    """Our names of fields to be read for every record, whatever its stamp."""

    @property
    def object(self) -> str:
        """API name."""
        return self.mapping.object

    @property
    def whole(self) -> bool:
        """Whether everything is read."""
        return self.since is None and self.before is None

    @property
    def new(self) -> frozenset[str]:
        """Of the fields to refill, those that the mirror does not hold yet."""
        return self.refill & frozenset(self.state.lacks(self.mapping)) if self.state is not None else frozenset()

    @property
    def is_first(self) -> bool:
        """Whether the object is read for the first time."""
        return self.whole and (self.state is None or self.state.watermark is None)

    @property
    def selected(self) -> tuple[str, ...]:
        """API names in SELECT order."""
        return tuple(c.api_name for c in self.columns.values() if c.api_name is not None)

    @property
    def cursor(self) -> str:
        """API name of the field that the window is cut by."""
        return self.mapping.fields[cursor_field(self.mapping)].api_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a keyset page ended."""

    stamp: datetime
    id: str


def position_of(window: Window, last: Record) -> Position:
    """The position behind a record, by API name and as JSON had it."""
    by_name = {name.casefold(): value for name, value in last.items()}
    return Position(stamp=moment_of(str(by_name[window.cursor.casefold()])), id=str(by_name["id"]))


def page_soql(window: Window, after: Position | None = None) -> str:
    """The next page in keyset order."""
    return (
        f"SELECT {', '.join(window.selected)} FROM {window.object}{_where(window, after=after)} "
        f"ORDER BY {window.cursor}, Id LIMIT {PAGE}"
    )


def bulk_soql(window: Window) -> str:
    """Everything in the window in any order, for a bulk job: sorting would only risk its time-out."""
    return f"SELECT {', '.join(window.selected)} FROM {window.object}{_where(window)}"


def count_soql(window: Window, *, until: datetime | None = None) -> str:
    """How many records the org has in the window."""
    return f"SELECT COUNT() FROM {window.object}{_where(window, until=until)}"


def size_soql(window: Window, *, up_to: int) -> str:
    """How many records the org has in the window, counting no further than `up_to`: enough to choose a way to read it.

    COUNT() may have a LIMIT, and then a large object takes the org no longer than a small one (SOQL reference, COUNT).
    """
    return f"{count_soql(window)} LIMIT {up_to}"


def oldest_soql(window: Window) -> str:
    """The window's oldest record, by the index of its stamps."""
    return f"SELECT {window.cursor} FROM {window.object}{_where(window)} ORDER BY {window.cursor} LIMIT 1"


def probe_soql(window: Window) -> str:
    """How many records, and the newest stamp among them: one row of two values."""
    return f"SELECT COUNT(Id), MAX({window.cursor}) FROM {window.object}{_where(window)}"


def _where(window: Window, *, after: Position | None = None, until: datetime | None = None) -> str:
    conditions = []
    if after is not None:
        stamp = iso_z(after.stamp)
        conditions.append(f"({window.cursor} > {stamp} OR ({window.cursor} = {stamp} AND Id > '{after.id}'))")
    elif window.since is not None:
        conditions.append(f"{window.cursor} >= {iso_z(window.since)}")
    if window.before is not None:
        conditions.append(f"{window.cursor} < {iso_z(window.before)}")
    if until is not None:
        conditions.append(f"{window.cursor} <= {iso_z(until)}")
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""

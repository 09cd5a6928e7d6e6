"""What the mirror knows of its own pulls: watermarks, columns read, completeness records.

Written in the same transaction as the records it speaks of, so neither can be ahead of the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from sync.errors import MirrorUnusable
from sync.mapping import ObjectMapping
from sync.model import FieldType, as_utc

_REFRESHED = "refreshed:"
"""What stands in `mirror_meta` before the name of an object whose formula fields have all been read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledColumn:
    """A field as the last pull read it."""

    api_name: str | None
    """As the org spells it; `None` = the org has no such field (only for fields that leadgate added by itself)."""
    type: FieldType
    calculated: bool = False
    """A formula: the org changes it without stamping the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectState:
    """How far one object has been pulled."""

    object: str
    """Our name."""
    watermark: datetime | None
    deleted_until: datetime | None
    columns: Mapping[str, PulledColumn]
    skipped: str | None
    run_id: str
    pulled_at: datetime
    refreshed_at: datetime | None = None
    """When the formula fields of all records were last read; `None`: as before (to write), never (as read)."""

    def lacks(self, mapping: ObjectMapping) -> tuple[str, ...]:
        """Mapped fields that were not read, or were read as something else."""
        return tuple(
            f.name
            for f in mapping.fields.values()
            if (held := self.columns.get(f.name)) is None
            or held.type is not f.type
            or (held.api_name or f.api_name).casefold() != f.api_name.casefold()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """One object's completeness record: what the org says it has in a window, and what arrived."""

    object: str
    """API name."""
    window_from: datetime | None
    window_to: datetime
    route: str
    expected: int
    received: int
    changed: int = 0
    deleted: int = 0
    merged: int = 0

    def as_json(self) -> dict[str, Any]:
        """The stable keys of `pull --json`, under `objects.NAME`."""
        since = self.window_from.isoformat() if self.window_from else None
        return {
            "expected": self.expected,
            "received": self.received,
            "changed": self.changed,
            "deleted": self.deleted,
            "merged": self.merged,
            "window": {"from": since, "to": self.window_to.isoformat()},
            "route": self.route,
        }


def aware(moment: datetime | None) -> datetime | None:
    """A timestamp of the database (UTC without a zone) as ours (aware)."""
    return None if moment is None else as_utc(moment)


def naive(moment: datetime | None) -> datetime | None:
    """Our timestamp (aware) as the database's (UTC without a zone)."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)


def read_states(connection: DuckDBPyConnection) -> dict[str, ObjectState]:
    """The state of every object pulled so far, by our object name.

    Raises:
        MirrorUnusable: An earlier leadgate wrote it, in a form that this one can't read.
    """
    rows = connection.execute(
        "SELECT object, watermark, deleted_until, columns, skipped, run_id, pulled_at FROM pull_state"
    ).fetchall()
    refreshed = connection.execute(
        "SELECT key, value FROM mirror_meta WHERE starts_with(key, ?)", [_REFRESHED]
    ).fetchall()
    try:
        times = {str(key).removeprefix(_REFRESHED): datetime.fromisoformat(value) for key, value in refreshed}
        return {row[0]: _state(row, times.get(row[0])) for row in rows}
    except (AttributeError, TypeError, ValueError):  # other members, other types, other words than `_state` reads
        raise MirrorUnusable(
            "what the mirror says of its own pulls has a format that this leadgate doesn't read",
            place=_file(connection),
            fix="move the mirror away and run `leadgate pull`, which builds it again",
        ) from None


def write_state(connection: DuckDBPyConnection, state: ObjectState) -> None:
    """Replaces one object's state; inside the caller's transaction."""
    columns = {name: [column.api_name, column.type.value, column.calculated] for name, column in state.columns.items()}
    connection.execute("DELETE FROM pull_state WHERE object = ?", [state.object])
    connection.execute(
        "INSERT INTO pull_state VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            state.object,
            naive(state.watermark),
            naive(state.deleted_until),
            json.dumps(columns, sort_keys=True),
            state.skipped,
            state.run_id,
            naive(state.pulled_at),
        ],
    )
    if state.refreshed_at is not None:
        write_meta(connection, _REFRESHED + state.object, state.refreshed_at.isoformat())


def write_record(connection: DuckDBPyConnection, record: Completeness, *, run_id: str, at: datetime) -> None:
    """Keeps one completeness record; inside the caller's transaction."""
    connection.execute(
        "INSERT INTO pull_object VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            run_id,
            record.object,
            naive(at),
            naive(record.window_from),
            naive(record.window_to),
            record.route,
            record.expected,
            record.received,
            record.changed,
            record.deleted,
            record.merged,
        ],
    )


def read_meta(connection: DuckDBPyConnection, key: str) -> str | None:
    """A value of `mirror_meta`."""
    row = connection.execute("SELECT value FROM mirror_meta WHERE key = ?", [key]).fetchone()
    return None if row is None else str(row[0])


def write_meta(connection: DuckDBPyConnection, key: str, value: str) -> None:
    """Sets a value of `mirror_meta`."""
    connection.execute("DELETE FROM mirror_meta WHERE key = ?", [key])
    connection.execute("INSERT INTO mirror_meta VALUES (?, ?)", [key, value])


def _file(connection: DuckDBPyConnection) -> str:
    row = connection.execute("SELECT path FROM duckdb_databases() WHERE database_name = current_database()").fetchone()
    return str(row[0]) if row is not None and row[0] else "mirror"


def _state(row: tuple[Any, ...], refreshed_at: datetime | None) -> ObjectState:
    name, watermark, deleted_until, columns, skipped, run_id, pulled_at = row
    return ObjectState(
        object=name,
        watermark=aware(watermark),
        deleted_until=aware(deleted_until),
        columns={
            field: PulledColumn(api_name=api_name, type=FieldType(type_), calculated=calculated)
            for field, (api_name, type_, calculated) in json.loads(columns).items()
        },
        skipped=skipped,
        run_id=run_id,
        pulled_at=as_utc(pulled_at),
        refreshed_at=refreshed_at,
    )

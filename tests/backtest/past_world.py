# ruff: noqa: S608 -- table and column names are those of the shipped mappings
"""A mirror in memory whose records have a past: versions, field history, snapshots; rows given by our field names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import duckdb

from sync.mapping import OrgMapping, load_mapping
from sync.mirror import decide
from sync.mirror.past.opening import Past
from sync.mirror.tables import prepare, quoted, superseded_table
from sync.model import Value, id_checksum

MAPPING = load_mapping(Path(__file__).parents[2] / "mappings")
PULLED = datetime(2026, 6, 1, tzinfo=UTC)
"""When the mirror saw everything for the first time, unless a row says otherwise."""

FIELDS = frozenset(
    {
        "status", "rating", "pricing_discussed", "budget", "purchase_timeline", "owner_id", "description",
        "last_activity_at", "created_at", "is_converted", "converted_at",
    }
)  # fmt: skip
"""Those that the tests ask for; tracing all of them takes longer."""

PREFIXES = {
    "lead": "00Q", "task": "00T", "event": "00U", "lead_history": "017", "opportunity": "006", "contact": "003",
    "account": "001", "opportunity_history": "008", "user": "005",
}  # fmt: skip


def day(month: int, day: int, hour: int = 12, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def record_id(table: str, number: int) -> str:
    short = f"{PREFIXES[table]}{number:012d}"
    return short + id_checksum(short)


def lead_id(number: int = 1) -> str:
    return record_id("lead", number)


class PastWorld:
    """The mirror's tables, current rows and versions."""

    def __init__(self, mapping: OrgMapping = MAPPING) -> None:
        self.mapping = mapping
        self.db = duckdb.connect(config={"threads": "1"})
        prepare(self.db, mapping)
        self._numbers = count(1)
        self.opened = decide.session(self.db, mapping)
        self.session = self.opened.__enter__()

    def empty(self) -> PastWorld:
        for mapped in self.mapping:
            self.db.execute(f"DELETE FROM {quoted(mapped.name)}")
            self.db.execute(f"DELETE FROM {superseded_table(mapped)}")
        return self

    def add(self, table: str, *, seen_at: datetime = PULLED, **values: Value) -> str:
        """A record as of `seen_at`; a later one of the same id is a later version."""
        usual: dict[str, Value] = {"id": record_id(table, next(self._numbers)), "is_deleted": False}
        if table == "lead":
            usual |= {"status": "Working - Contacted", "is_converted": False}
        row = usual | values
        if "system_modstamp" in self.mapping[table].fields:
            row.setdefault("system_modstamp", row.get("created_at"))
        key = str(row["id"])
        before = superseded_table(self.mapping[table])
        self.db.execute(f"INSERT INTO {before} BY NAME SELECT * FROM {quoted(table)} WHERE id = ?", [key])
        self.db.execute(f"DELETE FROM {quoted(table)} WHERE id = ?", [key])
        columns = ", ".join(map(quoted, row := {**row, "seen_at": seen_at, "run_id": seen_at.isoformat()}))
        marks = ", ".join("?" * len(row))
        values_ = [_naive(value) for value in row.values()]
        self.db.execute(f"INSERT INTO {quoted(table)} ({columns}) VALUES ({marks})", values_)
        return key

    def history(self, lead: str, at: datetime, field: str, old: str | None = None, new: str | None = None) -> str:
        """A row of the field history; the change stamped the lead, as far as the mirror has seen it since."""
        for table in ("lead", superseded_table(self.mapping["lead"])):
            self.db.execute(
                f"UPDATE {table} SET system_modstamp = greatest(system_modstamp, ?) WHERE id = ? AND seen_at >= ?",
                [_naive(at), lead, _naive(at)],
            )
        return self.add("lead_history", lead_id=lead, field=field, old_value=old, new_value=new, created_at=at)

    def convert(self, lead: str, at: datetime, *, opportunity: str | None = None, told: bool = True) -> str:
        """A conversion as the org leaves it: the lead's row, its history, the contact; the contact's id."""
        contact = self.add("contact", created_at=at)
        names = [name for name in self.mapping["lead"].fields if name != "id"]
        found = self.db.execute(f"SELECT {', '.join(map(quoted, names))} FROM lead WHERE id = ?", [lead]).fetchone()
        assert found is not None
        row = dict(zip(names, found, strict=True))
        row |= {"status": "Closed - Converted", "is_converted": True, "converted_at": at.date()}
        row |= {"converted_contact_id": contact, "converted_opportunity_id": opportunity, "system_modstamp": at}
        seen = self.db.execute("SELECT min(seen_at) FROM lead_version WHERE id = ?", [lead]).fetchone()
        assert seen is not None
        first_seen = seen[0].replace(tzinfo=UTC)
        if first_seen >= at:
            self.db.execute("DELETE FROM lead WHERE id = ?", [lead])
        self.add("lead", seen_at=max(first_seen, at + timedelta(hours=1)), id=lead, **row)
        if told:
            self.history(lead, at, "leadConverted")
        for table in ("task", "event"):
            for each in (table, superseded_table(self.mapping[table])):
                self.db.execute(f"UPDATE {each} SET who_id = ? WHERE who_id = ?", [contact, lead])
        return contact

    def past(self) -> Past:
        return Past.trace(self.session, self.mapping, fields=FIELDS)

    def leads_at(self, *moments: tuple[str, datetime], past: Past | None = None) -> list[dict[str, Value]]:
        past = past or self.past()
        self.session.execute("CREATE OR REPLACE TEMP TABLE moments (lead_id VARCHAR, as_of TIMESTAMP)")
        self.session.executemany("INSERT INTO moments VALUES (?, ?)", [(key, _naive(at)) for key, at in moments])
        found = self.session.execute(f"{past.leads_sql('moments')} ORDER BY m.as_of, m.lead_id")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def activities_at(self, lead: str, at: datetime) -> list[dict[str, Value]]:
        self.past()
        found = self.session.execute(
            "SELECT * FROM past_activity WHERE lead_id = ? AND valid_from <= ? AND (valid_until IS NULL OR ? < "
            "valid_until) ORDER BY occurred_at",
            [lead, _naive(at), _naive(at)],
        )
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _naive(value: Value) -> Value:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value

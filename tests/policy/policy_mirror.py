# ruff: noqa: S608 -- table and column names are those of the shipped mappings
"""A mirror in memory for policy tests: tables from the shipped mappings, our views, rows given by field name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from sync.mapping import OrgMapping, load_mapping
from sync.model import Value
from sync.policy.compile import CompiledPolicy, compile_policy
from sync.policy.decision import Decision, Evidence
from sync.policy.emit import quoted
from sync.policy.loader import load_policy_text
from sync.policy.relations import activity_view_sql, lead_opportunity_view_sql, sql_type

MAPPING = load_mapping(Path(__file__).parents[2] / "mappings")
NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)

Row = Mapping[str, Value]


class Mirror:
    """An in-memory DuckDB with the mirror's relations, closed to files and network like the real one."""

    def __init__(self, mapping: OrgMapping = MAPPING) -> None:
        self.mapping = mapping
        self.db = duckdb.connect(config={"enable_external_access": "false", "threads": "1"})
        for mapped in mapping:
            columns = ", ".join(f"{quoted(f.name)} {sql_type(f.type)}" for f in mapped.fields.values())
            self.db.execute(f"CREATE TABLE {quoted(mapped.name)} ({columns})")
        self.db.execute(activity_view_sql(mapping))
        self.db.execute(lead_opportunity_view_sql(mapping))
        self.db.execute("SET lock_configuration = true")

    def add(self, table: str, *rows: Row) -> Mirror:
        for row in rows:
            columns = ", ".join(quoted(name) for name in row)
            marks = ", ".join("?" * len(row))
            self.db.execute(
                f"INSERT INTO {quoted(table)} ({columns}) VALUES ({marks})", [_naive(v) for v in row.values()]
            )
        return self

    def empty(self) -> Mirror:
        for mapped in self.mapping:
            self.db.execute(f"DELETE FROM {quoted(mapped.name)}")
        return self

    def decide(self, compiled: CompiledPolicy, ids: Sequence[str] | None = None) -> dict[str, Decision]:
        sql = compiled.decide_sql if ids is None else compiled.decide_some_sql
        cursor = self.db.execute(sql, [] if ids is None else [list(ids)])
        assert [column[0] for column in cursor.description or ()] == list(compiled.columns)
        return {d.lead_id: d for d in map(compiled.decision, cursor.fetchall())}

    def evidence(self, compiled: CompiledPolicy, ids: Iterable[str]) -> list[tuple[str, Evidence]]:
        return [compiled.evidence(row) for row in self.db.execute(compiled.evidence_sql, [list(ids)]).fetchall()]

    def values(self, compiled: CompiledPolicy, ids: Iterable[str]) -> dict[str, Row]:
        return dict(compiled.values(row) for row in self.db.execute(compiled.values_sql, [list(ids)]).fetchall())


def compiled(text: str, *, now: datetime = NOW, mapping: OrgMapping = MAPPING) -> CompiledPolicy:
    return compile_policy(load_policy_text(text, "policy.yaml", mapping), mapping, now)


def lead(number: int = 1, **values: Value) -> dict[str, Value]:
    """A lead row with only the fields that matter visible."""
    usual: dict[str, Value] = {
        "id": lead_id(number),
        "status": "Working - Contacted",
        "is_converted": False,
        "is_deleted": False,
    }
    return usual | values


def lead_id(number: int = 1) -> str:
    return f"00Q{number:012d}AAA"


def _naive(value: Value) -> Value:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value

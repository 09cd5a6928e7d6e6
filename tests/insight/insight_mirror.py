# ruff: noqa: S608 -- table and column names are those of the mappings
"""A real mirror in memory for tests of reports: the mirror's own tables, rows given by our field names."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from sync.mapping import OrgMapping, load_mapping
from sync.mirror.state import ObjectState, write_meta, write_state
from sync.mirror.store import Mirror
from sync.mirror.tables import prepare, quoted
from sync.model import Value
from sync.policy.compile import CompiledPolicy, compile_policy
from sync.policy.loader import load_policy_text
from sync.policy.relations import LIKELIHOODS

ROOT = Path(__file__).parents[2]
MAPPING = load_mapping(ROOT / "mappings")
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
SELLER, LEAVER, QUEUE = "005000000000001AAA", "005000000000002AAA", "00G000000000001AAA"


_MADE: dict[str, duckdb.DuckDBPyConnection] = {}
"""One database per mapping: making the tables takes longer than most tests."""


class Rows:
    """Records to put into a mirror; every record has an id and was made before `NOW`. One at a time per mapping."""

    def __init__(self, mapping: OrgMapping = MAPPING) -> None:
        self.mapping = mapping
        made = mapping.digest in _MADE
        if not made:
            _MADE[mapping.digest] = duckdb.connect(config={"threads": "1"})
        self.db = _MADE[mapping.digest]
        self._numbers = itertools.count(1)
        if made:
            for name in (*(mapped.name for mapped in mapping), LIKELIHOODS):
                self.db.execute(f"DELETE FROM {quoted(name)}")
            return
        prepare(self.db, mapping)
        write_meta(self.db, "org_id", "00D000000000001AAA")
        for mapped in mapping:
            write_state(
                self.db,
                ObjectState(
                    object=mapped.name,
                    watermark=NOW,
                    deleted_until=None,
                    columns={},
                    skipped=None,
                    run_id="r",
                    pulled_at=NOW,
                ),
            )

    def add(self, table: str, **values: Value) -> str:
        """One record; its id."""
        prefix = {"lead": "00Q", "opportunity": "006", "contact": "003", "account": "001", "user": "005"}
        usual: dict[str, Value] = {"id": f"{prefix.get(table, '00x')}{next(self._numbers):012d}AAA"}
        if "is_deleted" in self.mapping[table].fields:
            usual["is_deleted"] = False
        if table == "lead":
            usual |= {"status": "Working - Contacted", "is_converted": False, "owner_id": SELLER}
            usual |= {"created_at": NOW, "company": "C", "last_name": "L"}
        row = usual | values
        columns = ", ".join(quoted(name) for name in row)
        cells = [v.astimezone(UTC).replace(tzinfo=None) if isinstance(v, datetime) else v for v in row.values()]
        self.db.execute(f"INSERT INTO {quoted(table)} ({columns}) VALUES ({', '.join('?' * len(row))})", cells)
        return str(row["id"])

    def score(self, lead_id: str, likelihood: float) -> None:
        """How likely a lead is, as of `NOW`."""
        score = [lead_id, likelihood, 0.0, 1.0, "[]", "m", NOW.replace(tzinfo=None)]
        self.db.execute(f"INSERT INTO {quoted(LIKELIHOODS)} VALUES (?, ?, ?, ?, ?, ?, ?)", score)

    def mirror(self) -> Mirror:
        """The mirror of these records."""
        return Mirror(self.db, self.mapping)


def compiled(text: str, *, mapping: OrgMapping = MAPPING, now: datetime = NOW) -> CompiledPolicy:
    return compile_policy(load_policy_text(text, "policy.yaml", mapping), mapping, now)

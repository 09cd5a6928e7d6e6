"""Subjects and runs for tests of the ledger, of which a test names only what matters to it."""

from __future__ import annotations

from sqlalchemy import text

from sync.ledger.entries import Subject
from sync.ledger.rows import RunStart
from sync.ledger.store import Ledger

ORG = "00D000000000001EAA"
LEAD = "00Q000000000001AAA"


def subject(key: str = "k1", **changes: object) -> Subject:
    given = {"key": key, "kind": "convert_lead", "lead_id": LEAD, "target": "Closed - Converted"}
    return Subject(**{**given, **changes})  # type: ignore[arg-type] -- the test names fields of Subject


def start(planned: int = 1) -> RunStart:
    return RunStart(
        plan_id="p1",
        kind="apply",
        policy_digest="pd",
        mapping_digest="md",
        planned=planned,
        user_id="005000000000001AAA",
        version="0",
    )


def run_raw(ledger: Ledger, statement: str) -> None:
    with ledger._engine.begin() as connection:
        connection.execute(text(statement))

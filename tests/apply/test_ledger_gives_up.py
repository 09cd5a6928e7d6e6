"""The ledger's disk fills up, or somebody else keeps writing to it: nothing is lost, and running again finishes."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from apply_scene import ORG_YAML, Scene, scene
from sqlalchemy import event

from sync.errors import LedgerUnwritable, OrgBusy
from sync.ledger import connection
from sync.ledger.store import Ledger


def _converted(here: Scene) -> Counter[str]:
    rows = here.mock.org.store.db.execute("SELECT ConvertedContactId FROM Lead WHERE IsConverted = 1").fetchall()
    return Counter(str(row[0]) for row in rows)


def _fill_after(ledger: Ledger, pages: int) -> None:
    """SQLite's own limit: what a full disk says, the file does."""
    engine = ledger._engine
    with closing(engine.raw_connection()) as raw:
        cursor = raw.cursor()
        cursor.execute("PRAGMA page_count")
        (taken,) = cursor.fetchone()

    def limit(opened: sqlite3.Connection, _record: Any) -> None:
        opened.execute(f"PRAGMA max_page_count = {taken + pages}")

    event.listen(engine, "connect", limit)
    engine.dispose()


@pytest.mark.parametrize(("pages", "exit_code"), [(1, 1), (5, 5)], ids=["before the first intent", "after an effect"])
def test_a_full_disk_ends_the_run_and_the_next_one_finishes_it(tmp_path: Path, pages: int, exit_code: int) -> None:
    with scene(tmp_path, ORG_YAML) as here:
        plan = here.plan(here.leads(30), amount=100.0)
        _fill_after(here.ledger, pages)
        with pytest.raises(LedgerUnwritable, match="the disk is full") as gave_up:
            here.apply(plan)
        assert (gave_up.value.exit_code, gave_up.value.open_intents > 0) == (exit_code, exit_code == 5)
        assert len(_converted(here)) == gave_up.value.open_intents

        here.ledger.dispose()
        here.ledger = Ledger.open(tmp_path / "ledger.sqlite", clock=here.mock.clock.now)
        assert here.apply(plan).exit_code() == 0
        converted = _converted(here)
        assert (len(converted), set(converted.values())) == (30, {1})


def test_a_ledger_that_somebody_else_keeps_locked_ends_with_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_LOCK_SECONDS", 0.1)
    with scene(tmp_path, ORG_YAML) as here, closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as other:
        plan = here.plan(here.leads(2))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OrgBusy, match="another process is writing to this ledger"):
            here.apply(plan)
        other.rollback()
        assert here.apply(plan).exit_code() == 0

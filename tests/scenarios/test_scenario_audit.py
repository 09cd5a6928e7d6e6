"""`audit verify`, on the ledger of a run: intact as it was written, and broken where somebody changed the file."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from scenario_desk import Desk, Stage, at

pytestmark = pytest.mark.slow  # a whole run, and many readings of its ledger


@at(Stage.APPLIED)
def test_audit_verify_finds_a_ledger_that_was_changed_behind_its_back(quick_desk: Desk) -> None:
    sound = quick_desk.run("audit", "verify").expect()
    assert "their chain is intact" in sound.out
    assert quick_desk.json("audit", "verify")["events"] == []

    with closing(sqlite3.connect(quick_desk.state / "ledger.sqlite")) as ledger:
        ledger.execute("DROP TRIGGER ledger_events_fixed")
        ((seq,),) = ledger.execute("SELECT min(seq) FROM ledger_events WHERE body LIKE '%applied%'").fetchall()
        ledger.execute("UPDATE ledger_events SET body = replace(body, 'applied', 'rejected') WHERE seq = ?", [seq])
        ledger.commit()

    broken = quick_desk.run("audit", "verify").expect(1)
    assert f"THE CHAIN IS BROKEN at event {seq}" in broken.out
    assert quick_desk.json("audit", "verify", code=1)["chain"]["broken_at"] == seq

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from ledger_subjects import LEAD, ORG, run_raw, start, subject
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sync.ledger.entries import Closing, Made, State
from sync.ledger.store import Ledger


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ledger_entries",
        "DELETE FROM ledger_runs",
        "DELETE FROM ledger_events",
        "UPDATE ledger_events SET body = '{}'",
        "UPDATE ledger_entries SET lead_id = 'x', state = 'applied'",
        "UPDATE ledger_runs SET planned = 7",
        "UPDATE ledger_entries SET state = 'nonsense'",
    ],
)
def test_history_cannot_be_rewritten_through_the_database(ledger: Ledger, statement: str) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        ledger.intend(lease, run_id, "p1", [subject()])
        with pytest.raises(DBAPIError):
            run_raw(ledger, statement)
    assert ledger.verify_chain(ORG).intact


def test_every_change_leaves_an_event_with_its_run_and_user(ledger: Ledger, clock) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        clock.advance(timedelta(seconds=1))
        ledger.intend(lease, run_id, "p1", [subject()], evidence={"k1": {"verdict": "ready"}})
        ledger.close(lease, [Closing(key="k1", state=State.APPLIED, made=Made(account_id="001"))])
        ledger.finish_run(lease, run_id, "done")
    events = ledger.audit(ORG)
    assert [(e.kind, e.state) for e in events] == [
        ("run", "started"),
        ("convert_lead", "intended"),
        ("convert_lead", "applied"),
        ("run", "done"),
    ]
    assert events[1].as_json() == {
        "at": "2026-05-04T09:00:01Z",
        "run_id": run_id,
        "plan_id": "p1",
        "key": "k1",
        "lead_id": LEAD,
        "kind": "convert_lead",
        "state": "intended",
        "by": "005000000000001AAA",
        "code": None,
        "evidence": {"verdict": "ready"},
    }
    assert events[2].as_json()["account_id"] == "001"
    assert [e.state for e in ledger.audit(ORG, lead_id=LEAD)] == ["intended", "applied"]
    assert ledger.verify_chain(ORG).intact


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE ledger_events SET body = replace(body, 'ready', 'forced') WHERE seq = 2", 2),
        ("DELETE FROM ledger_events WHERE seq = 2", 2),
        ("DELETE FROM ledger_events WHERE seq = 3", 2),
        ("UPDATE ledger_entries SET state = 'rejected'", 3),
        ("DELETE FROM ledger_entries", 2),
        ("UPDATE ledger_runs SET ended = 'done'", 1),
    ],
    ids=["event_changed", "event_out", "tail_cut", "entry_changed", "entry_out", "run_changed"],
)
def test_tampering_is_found_even_when_the_triggers_are_gone(ledger: Ledger, tampering: str, broken_at: int) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        ledger.intend(lease, run_id, "p1", [subject()], evidence={"k1": {"verdict": "ready"}})
        ledger.close(lease, [Closing(key="k1", state=State.APPLIED)])
    _drop_triggers(ledger)
    run_raw(ledger, tampering)
    chain = ledger.verify_chain(ORG)
    assert not chain.intact
    assert chain.broken_at is not None
    assert chain.broken_at >= broken_at


def _drop_triggers(ledger: Ledger) -> None:
    with ledger._engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in names:
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            for table in ("ledger_entries", "ledger_runs", "ledger_events"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))


def test_two_orgs_have_two_chains(ledger: Ledger) -> None:
    with ledger.lease(ORG) as one, ledger.lease("00D000000000002EAA") as two:
        ledger.begin_run(one, start())
        ledger.begin_run(two, start())
    assert [event.seq for event in ledger.audit("00D000000000002EAA")] == [1]
    assert ledger.org_ids() == (ORG, "00D000000000002EAA") or set(ledger.org_ids()) == {ORG, "00D000000000002EAA"}


def test_events_are_json_objects(ledger: Ledger) -> None:
    with ledger.lease(ORG) as lease:
        ledger.begin_run(lease, start())
    with ledger._engine.begin() as connection:
        body = connection.execute(text("SELECT body FROM ledger_events")).scalar_one()
    assert json.loads(body)["event"] == "run"

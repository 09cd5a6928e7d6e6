from __future__ import annotations

import itertools
import json
import stat
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sizes import examples
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from sync.errors import OrgBusy, SettingsInvalid, WrongUse
from sync.ledger.entries import CLOSINGS, FIRST_STATES, LIVE, Closing, Made, State, Subject, latest, legal, outcome_of
from sync.ledger.lease import Lease
from sync.ledger.rows import RunStart
from sync.ledger.store import KeyTaken, Ledger
from sync.plan.actions import Outcome
from sync.plan.pace import FIRST_PACE, Pace

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


def test_an_intent_is_there_for_whoever_looks_next(ledger: Ledger, location: str) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        ledger.intend(lease, run_id, "p1", [subject()], evidence={"k1": {"verdict": "ready"}})
    with Ledger.open(location) as other:
        (entry,) = other.in_doubt(ORG)
    assert (entry.subject, entry.state, entry.run_id) == (subject(), State.INTENDED, run_id)
    assert entry.evidence == {"verdict": "ready"}


def test_an_intent_closes_once_with_what_was_made(ledger: Ledger) -> None:
    made = Made(account_id="001", contact_id="003", opportunity_id="006")
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        ledger.intend(lease, run_id, "p1", [subject()])
        ledger.close(lease, [Closing(key="k1", state=State.APPLIED, made=made, evidence={"answer": "yes"})])
        with pytest.raises(ValueError, match="no intended entry"):
            ledger.close(lease, [Closing(key="k1", state=State.REJECTED)])
    (entry,) = ledger.run_entries(run_id)
    assert (entry.state, entry.made, entry.evidence) == (State.APPLIED, made, {"answer": "yes"})
    assert ledger.in_doubt(ORG) == ()


@pytest.mark.parametrize("closing", [None, State.APPLIED])
def test_an_action_in_flight_or_done_cannot_be_intended_again(ledger: Ledger, closing: State | None) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        ledger.intend(lease, run_id, "p1", [subject()])
        if closing is not None:
            ledger.close(lease, [Closing(key="k1", state=closing)])
        with pytest.raises(KeyTaken):
            ledger.intend(lease, run_id, "p2", [subject("k2"), subject()])
    assert [entry.subject.key for entry in ledger.run_entries(run_id)] == ["k1"]


@pytest.mark.parametrize("closing", [State.NOT_APPLIED, State.REJECTED, State.SUPERSEDED])
def test_an_action_that_was_not_done_may_be_intended_again(ledger: Ledger, closing: State) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        ledger.intend(lease, run_id, "p1", [subject()])
        ledger.close(lease, [Closing(key="k1", state=closing)])
        ledger.intend(lease, run_id, "p1", [subject()])
    states = [entry.state for entry in ledger.run_entries(run_id)]
    assert states == [closing, State.INTENDED]
    assert latest(ledger.run_entries(run_id))["k1"].state is State.INTENDED


def test_the_database_allows_exactly_the_legal_transitions(ledger: Ledger) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        reachable = [None, *sorted(FIRST_STATES | CLOSINGS)]
        for number, (before, after) in enumerate(itertools.product(reachable, State)):
            allowed = _goes(ledger, lease, run_id, before, after, key=f"k{number}")
            assert allowed is legal(before, after), (before, after)


def _goes(ledger: Ledger, lease: Lease, run_id: str, before: State | None, after: State, *, key: str) -> bool:
    columns = "run_id, org_id, plan_id, action_key, kind, lead_id, target, state, changed_at"
    values = f"'{run_id}', '{ORG}', 'p1', '{key}', 'convert_lead', '{LEAD}', 't', '%s', 'now'"
    insert = f"INSERT INTO ledger_entries ({columns}) VALUES ({values})"  # noqa: S608 -- our own words
    if before is None:
        statement = insert % after.value
    else:
        if before in FIRST_STATES:
            run_raw(ledger, insert % before.value)
        else:
            ledger.intend(lease, run_id, "p1", [subject(key)])
            ledger.close(lease, [Closing(key=key, state=before)])
        statement = f"UPDATE ledger_entries SET state = '{after.value}' WHERE action_key = '{key}'"  # noqa: S608 -- our own words
    try:
        run_raw(ledger, statement)
    except DBAPIError:
        return False
    return True


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


def test_only_one_run_holds_an_org(ledger: Ledger, location: str, clock) -> None:
    with (
        ledger.lease(ORG),
        Ledger.open(location, clock=clock) as other,
        pytest.raises(OrgBusy, match="another run"),
        other.lease(ORG),
    ):
        pass
    with ledger.lease(ORG):
        pass


def test_a_silent_holder_loses_the_org_and_can_write_no_more(ledger: Ledger, clock) -> None:
    with ledger.lease(ORG) as lost:
        clock.advance(timedelta(minutes=16))
        with ledger.lease(ORG) as lease:
            with pytest.raises(OrgBusy, match="took over"):
                ledger.begin_run(lost, start())
            ledger.begin_run(lease, start())


def test_writing_renews_the_lease(ledger: Ledger, clock) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start(5))
        for number in range(5):
            clock.advance(timedelta(minutes=10))
            ledger.intend(lease, run_id, "p1", [subject(f"k{number}")])
        with pytest.raises(OrgBusy), ledger.lease(ORG):
            pass


def test_a_killed_holder_on_this_machine_is_recognised_at_once(location: str) -> None:
    script = (
        "import os, signal, sys\n"
        "from sync.ledger.store import Ledger\n"
        "ledger = Ledger.open(sys.argv[1])\n"
        f"lease = ledger.lease({ORG!r}); lease.__enter__()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, location], check=False)  # noqa: S603 -- our own script
    assert killed.returncode == -9
    with Ledger.open(location) as ledger, ledger.lease(ORG):
        pass


def test_a_restarted_container_with_the_same_process_id_is_not_the_old_holder(ledger: Ledger) -> None:
    with ledger.lease(ORG):
        run_raw(ledger, "UPDATE ledger_leases SET process = 'earlier'")
        with ledger.lease(ORG):
            pass


def test_a_holder_on_another_machine_is_believed_until_its_lease_runs_out(ledger: Ledger, clock) -> None:
    with ledger.lease(ORG):
        run_raw(ledger, "UPDATE ledger_leases SET host = 'elsewhere', pid = 1, process = 'other'")
        with pytest.raises(OrgBusy), ledger.lease(ORG):
            pass
        clock.advance(timedelta(minutes=15, seconds=1))
        with ledger.lease(ORG):
            pass


def test_of_many_that_want_an_org_at_once_one_gets_it(location: str) -> None:
    Ledger.open(location).dispose()
    results: list[str] = []
    ready, tried = threading.Barrier(4), threading.Barrier(4)

    def attempt() -> None:
        with Ledger.open(location) as ledger:
            ready.wait()
            try:
                with ledger.lease(ORG):
                    results.append("taken")
                    tried.wait()
            except OrgBusy:
                results.append("refused")
                tried.wait()

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["refused", "refused", "refused", "taken"]


def test_the_pace_is_remembered_per_org(ledger: Ledger) -> None:
    assert ledger.pace(ORG) == FIRST_PACE
    with ledger.lease(ORG) as lease:
        ledger.remember_pace(lease, Pace(size=12, proven=12))
        ledger.remember_pace(lease, Pace(size=6, proven=6, failed_at=12, calm=3))
    assert ledger.pace(ORG) == Pace(size=6, proven=6, failed_at=12, calm=3)
    assert ledger.pace("00D000000000002EAA") == FIRST_PACE


def test_a_ledger_from_before_paces_gets_room_for_them(tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite"
    with Ledger.open(file) as ledger, ledger._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE ledger_paces")
    with Ledger.open(file) as ledger:
        assert ledger.pace(ORG) == FIRST_PACE


def test_refusals_are_remembered_with_the_version_of_the_lead_and_for_their_policy_only(ledger: Ledger, clock) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        ledger.intend(
            lease, run_id, "p1", [subject("k1")], evidence={"k1": {"lead_modstamp": "2026-05-01", "met": "x"}}
        )
        ledger.close(
            lease, [Closing(key="k1", state=State.REJECTED, code="DUPLICATES_DETECTED", evidence={"matches": "001"})]
        )
    now, policy = clock(), start().policy_digest
    (refused,) = ledger.refusals(ORG, now, policy_digest=policy)
    assert refused.evidence == {"lead_modstamp": "2026-05-01", "matches": "001"}
    assert ledger.refusals(ORG, now, policy_digest="another") == ()
    assert ledger.refusals(ORG, now + timedelta(seconds=1), policy_digest=policy) == ()


def test_own_status_writes_are_remembered(ledger: Ledger, clock) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        for key in ("k1", "k2"):
            about = subject(key, kind="update_status", target="Working - Contacted")
            ledger.intend(lease, run_id, "p1", [about])
            ledger.close(lease, [Closing(key=key, state=State.APPLIED if key == "k1" else State.REJECTED)])
    now = clock()
    assert ledger.status_writes(ORG, now) == {LEAD: (("Working - Contacted", now),)}
    assert ledger.status_writes(ORG, now + timedelta(seconds=1)) == {}


def test_a_conversion_waits_for_its_opportunity_fields_until_they_are_set(ledger: Ledger) -> None:
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        ledger.intend(lease, run_id, "p1", [subject(follow_up={"StageName": '"Qualification"'})])
        assert ledger.open_follow_ups(ORG) == ()
        ledger.close(lease, [Closing(key="k1", state=State.APPLIED, made=Made(opportunity_id="006"))])
        (waiting,) = ledger.open_follow_ups(ORG)
        assert waiting.subject.follow_up == {"StageName": '"Qualification"'}
        after = subject("k1f", kind="set_opportunity_fields", target="006", parent_key="k1")
        ledger.intend(lease, run_id, "p1", [after])
        ledger.close(lease, [Closing(key="k1f", state=State.NOT_APPLIED)])
        assert ledger.open_follow_ups(ORG) == (waiting,)
        ledger.intend(lease, run_id, "p1", [after])
        ledger.close(lease, [Closing(key="k1f", state=State.APPLIED)])
        assert ledger.open_follow_ups(ORG) == ()


def test_every_state_has_an_outcome() -> None:
    assert {outcome_of(state) for state in State} == set(Outcome)
    assert all(outcome_of(state) in {Outcome.IN_DOUBT, Outcome.APPLIED} for state in LIVE)


def test_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "org" / "ledger.sqlite"
    with Ledger.open(path) as ledger, ledger.lease(ORG) as lease:
        ledger.begin_run(lease, start())
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_ledger_never_loses_a_commit_that_it_acknowledged(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "l.sqlite") as ledger, ledger._engine.begin() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2


def test_a_newer_ledger_is_left_alone(ledger: Ledger, location: str) -> None:
    run_raw(ledger, "UPDATE ledger_meta SET format = 99")
    with pytest.raises(WrongUse, match="format 99"):
        Ledger.open(location)


def test_a_damaged_file_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(WrongUse, match="can't be opened") as refused:
        Ledger.open(path)
    assert refused.value.place == str(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WrongUse, match="can't be written"):
        Ledger.open(tmp_path / "file" / "ledger.sqlite")


@pytest.mark.parametrize(("url", "problem"), [("mysql://h/d", "not mysql"), ("postgresql://h:port/d", "can't be read")])
def test_a_url_that_cannot_be_meant_is_refused(url: str, problem: str) -> None:
    with pytest.raises(SettingsInvalid, match=problem):
        Ledger.open(url)


def test_an_unreachable_server_is_refused_without_its_password() -> None:
    with pytest.raises(WrongUse, match="can't be opened") as refused:
        Ledger.open("postgresql://ann:secret@127.0.0.1:1/ledger?connect_timeout=1")
    assert "secret" not in f"{refused.value} {refused.value.place}"


class LedgerMachine(RuleBasedStateMachine):
    """Any order of intending, closing and noting keeps the promises of the ledger."""

    keys = st.sampled_from(["a", "b", "c"])

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger.open("sqlite://")
        self.lease = Lease(ORG, "none")
        self.held = self.ledger.lease(ORG)
        self.lease = self.held.__enter__()
        self.run_id = self.ledger.begin_run(self.lease, start())
        self.states: dict[str, list[State]] = {"a": [], "b": [], "c": []}

    @rule(key=keys)
    def intend(self, key: str) -> None:
        if LIVE & set(self.states[key]):
            with pytest.raises(KeyTaken):
                self.ledger.intend(self.lease, self.run_id, "p1", [subject(key)])
        else:
            self.ledger.intend(self.lease, self.run_id, "p1", [subject(key)])
            self.states[key].append(State.INTENDED)

    @rule(key=keys, state=st.sampled_from(sorted(CLOSINGS)))
    def close(self, key: str, state: State) -> None:
        if State.INTENDED in self.states[key]:
            self.ledger.close(self.lease, [Closing(key=key, state=state)])
            self.states[key][self.states[key].index(State.INTENDED)] = state
        else:
            with pytest.raises(ValueError, match="no intended entry"):
                self.ledger.close(self.lease, [Closing(key=key, state=state)])

    @rule(key=keys, state=st.sampled_from(sorted(FIRST_STATES - {State.INTENDED})))
    def note(self, key: str, state: State) -> None:
        self.ledger.note(self.lease, self.run_id, "p1", [(subject(key), Closing(key=key, state=state))])
        self.states[key].append(state)

    @invariant()
    def the_ledger_says_what_happened(self) -> None:
        for key, states in self.states.items():
            found = [entry.state for entry in self.ledger.run_entries(self.run_id) if entry.subject.key == key]
            assert found == states
            assert sum(state in LIVE for state in found) <= 1

    def teardown(self) -> None:
        assert self.ledger.verify_chain(ORG).intact
        self.held.__exit__(None, None, None)
        self.ledger.dispose()


LedgerMachine.TestCase.settings = settings(max_examples=examples(25), stateful_step_count=20, deadline=None)
TestLedgerMachine = LedgerMachine.TestCase


def test_events_are_json_objects(ledger: Ledger) -> None:
    with ledger.lease(ORG) as lease:
        ledger.begin_run(lease, start())
    with ledger._engine.begin() as connection:
        body = connection.execute(text("SELECT body FROM ledger_events")).scalar_one()
    assert json.loads(body)["event"] == "run"


@pytest.mark.parametrize("location", ["sqlite"], indirect=True)
def test_no_question_about_a_key_reads_the_whole_table(ledger: Ledger) -> None:
    """A run of thousands closes each of its entries: were each a scan, the time would grow with the square."""
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_more: object) -> None:
        if "action_key" in statement and not statement.startswith("INSERT"):
            asked.append((statement, parameters[0] if isinstance(parameters, list) else parameters))

    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        ledger.intend(lease, run_id, "p1", [subject("k1"), subject("k2")])
        event.listen(ledger._engine, "before_cursor_execute", note)
        ledger.close(lease, [Closing(key="k1", state=State.APPLIED), Closing(key="k2", state=State.REJECTED)])
        ledger.live(ORG, ["k1", "k2"])
        event.remove(ledger._engine, "before_cursor_execute", note)
    assert len(asked) == 3
    with ledger._engine.begin() as connection:
        for statement, parameters in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            assert any("ledger_one_live_entry" in str(row) for row in plan), plan

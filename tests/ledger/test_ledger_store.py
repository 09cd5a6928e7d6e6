from __future__ import annotations

import itertools

import pytest
from ledger_subjects import LEAD, ORG, run_raw, start, subject
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from sync.ledger.entries import CLOSINGS, FIRST_STATES, LIVE, Closing, Made, State, latest, legal, outcome_of
from sync.ledger.lease import Lease
from sync.ledger.store import KeyTaken, Ledger
from sync.plan.actions import Outcome


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


@pytest.mark.parametrize("count", [19, 20, 21, 47])
def test_many_intents_and_their_events_stand_in_the_order_given(ledger: Ledger, count: int) -> None:
    keys = [f"k{count - number}" for number in range(count)]
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        ledger.intend(lease, run_id, "p1", [subject(key) for key in keys], evidence={keys[-1]: {"verdict": "ready"}})
    found = ledger.run_entries(run_id)
    assert [entry.subject.key for entry in found] == keys
    assert found[-1].evidence == {"verdict": "ready"}
    assert [event.key for event in ledger.audit(ORG) if event.key is not None] == keys
    assert ledger.verify_chain(ORG).intact


@pytest.mark.parametrize("taken", [0, 19, 25, 41])
def test_one_action_in_flight_among_many_keeps_all_of_them_from_being_intended(ledger: Ledger, taken: int) -> None:
    many = [subject(f"k{number}") for number in range(42)]
    with ledger.lease(ORG) as lease:
        run_id = ledger.begin_run(lease, start())
        ledger.intend(lease, run_id, "p1", [many[taken]])
        with pytest.raises(KeyTaken):
            ledger.intend(lease, run_id, "p2", many)
    assert [entry.subject.key for entry in ledger.run_entries(run_id)] == [f"k{taken}"]
    assert len([event for event in ledger.audit(ORG) if event.key is not None]) == 1


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


def test_every_state_has_an_outcome() -> None:
    assert {outcome_of(state) for state in State} == set(Outcome)
    assert all(outcome_of(state) in {Outcome.IN_DOUBT, Outcome.APPLIED} for state in LIVE)


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

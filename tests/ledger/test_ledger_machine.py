from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from ledger_subjects import ORG, start, subject
from sizes import examples

from sync.ledger.entries import CLOSINGS, FIRST_STATES, LIVE, Closing, State
from sync.ledger.lease import Lease
from sync.ledger.store import KeyTaken, Ledger


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

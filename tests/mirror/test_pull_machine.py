"""Whatever happens to leads between pulls, once the org has come to rest the mirror is the org."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from pull_world import World, make_world
from sizes import play
from small_mapping import HISTORY_YAML, LEAD_YAML, TASK_YAML, mapping_of

from benchmarks import proofs
from sync.mockorg.conversion import LeadConvert, convert
from sync.mockorg.transactions import LongTransaction

WORDS = st.sampled_from(["Acme", "Beta", "Gamma"])

DONE: Counter[str] = Counter()
"""What all histories so far came to."""


class PullMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.world: World = make_world(self.folder, mapping_of(LEAD_YAML, TASK_YAML, HISTORY_YAML))
        self.door = self.world.mock.in_process()
        self.door.__enter__()
        self.world.log_in()
        self.live: list[str] = []
        self.binned: list[str] = []
        self.open: list[LongTransaction] = []
        self.locked: set[str] = set()
        self.opened_for = 0

    def free(self) -> list[str]:
        """Live leads that no open transaction has written to: the org would make others wait for these."""
        return [lead for lead in self.live if lead not in self.locked]

    @rule(company=WORDS, budget=st.none() | st.integers(0, 10**6))
    def create(self, company: str, budget: int | None) -> None:
        DONE["changes"] += 1
        self.live.append(self.world.create(Company=company, Budget__c=budget))

    @precondition(lambda self: self.free())
    @rule(data=st.data(), company=WORDS)
    def update(self, data: st.DataObject, company: str) -> None:
        DONE["changes"] += 1
        self.world.update(data.draw(st.sampled_from(self.free())), Company=company)

    @precondition(lambda self: self.free())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        DONE["changes"] += 1
        lead = data.draw(st.sampled_from(self.free()))
        self.world.delete(lead)
        self.live.remove(lead)
        self.binned.append(lead)

    @precondition(lambda self: self.binned)
    @rule(data=st.data())
    def undelete(self, data: st.DataObject) -> None:
        DONE["changes"] += 1
        lead = data.draw(st.sampled_from(self.binned))
        self.world.undelete(lead)
        self.binned.remove(lead)
        self.live.append(lead)

    @precondition(lambda self: self.binned)
    @rule(data=st.data())
    def purge(self, data: st.DataObject) -> None:
        DONE["changes"] += 1
        lead = data.draw(st.sampled_from(self.binned))
        self.world.purge(lead)
        self.binned.remove(lead)

    @precondition(lambda self: len(self.free()) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        DONE["changes"] += 1
        winner, loser = data.draw(st.permutations(self.free()))[:2]
        self.world.merge(winner, loser)
        self.live.remove(loser)

    @precondition(lambda self: self.free())
    @rule(data=st.data())
    def convert(self, data: st.DataObject) -> None:
        DONE["changes"] += 1
        lead = data.draw(st.sampled_from(self.free()))
        org = self.world.mock.org
        asked = [LeadConvert(lead_id=lead, converted_status="Closed - Converted", do_not_create_opportunity=True)]
        assert convert(org, org.access.admin, asked)[0].success
        self.live.remove(lead)

    @precondition(lambda self: len(self.open) < 2)
    @rule()
    def begin(self) -> None:
        org = self.world.mock.org
        self.open.append(org.transactions.begin(org.access.admin))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), company=WORDS)
    def write_unseen(self, data: st.DataObject, company: str) -> None:
        DONE["changes"] += 1
        DONE["late"] += 1
        transactions = self.world.mock.org.transactions
        lead = data.draw(st.none() | st.sampled_from(self.free())) if self.free() else None
        if lead is None:
            new = transactions.insert(self.open[-1], "Lead", {"LastName": "Late", "Company": company})
            self.live.append(new)
            lead = new
        else:
            transactions.update(self.open[-1], "Lead", lead, {"Company": company})
        self.locked.add(lead)

    @precondition(lambda self: self.open)
    @rule()
    def commit(self) -> None:
        for transaction in self.open:
            self.world.mock.org.transactions.commit(transaction)
        self.open.clear()
        self.locked.clear()
        self.opened_for = 0

    @rule(seconds=st.sampled_from([0, 1, 30, 61, 300]))
    def pass_time(self, seconds: int) -> None:
        if self.open and self.opened_for + seconds > 600:
            self.commit()
        self.opened_for += seconds if self.open else 0
        self.world.pass_time(seconds=seconds)

    @rule(days=st.sampled_from([1, 13, 20]))
    def pass_days(self, days: int) -> None:
        if self.open:
            self.commit()
        self.world.pass_time(days=days)

    @rule()
    def pull(self) -> None:
        DONE["pulls"] += 1
        report = self.world.pull()
        for record in report.objects.values():
            assert record.expected == record.received

    @invariant()
    def nothing_is_left_behind(self) -> None:
        state = self.folder / "state"
        assert not list(state.glob("pull-*")) if state.exists() else True

    def teardown(self) -> None:
        try:
            if self.open:
                self.commit()
            self.world.pass_time(minutes=3)
            self.world.pull()
            self.compare()
        finally:
            self.door.__exit__(None, None, None)
            shutil.rmtree(self.folder)

    def compare(self) -> None:
        db = self.world.mock.org.store.db
        org = {
            row[0]: row
            for row in db.execute(
                'SELECT "Id", "Company", "Budget__c", "IsDeleted", "IsConverted", "MasterRecordId" FROM "Lead"'
            )
        }
        with self.world.mirror() as mirror, mirror.session() as session:
            held = {
                row[0]: row
                for row in session.execute(
                    "SELECT id, company, budget, is_deleted, is_converted, master_record_id FROM lead"
                ).fetchall()
            }
            duplicates = session.execute("SELECT count(*) - count(DISTINCT id) FROM lead").fetchone()
            latest = session.execute(
                "SELECT count(*) FROM lead l WHERE NOT EXISTS (SELECT 1 FROM lead_version v WHERE v.id = l.id "
                "AND v.company IS NOT DISTINCT FROM l.company AND v.is_deleted = l.is_deleted)"
            ).fetchone()
        DONE["compared"] += len(org)
        for lead_id, row in org.items():
            assert _comparable(held[lead_id]) == _comparable(row)
        assert all(row[3] for lead_id, row in held.items() if lead_id not in org)
        assert duplicates == (0,)
        assert latest == (0,)


def _comparable(row: tuple[Any, ...]) -> tuple[object, ...]:
    lead_id, company, budget, deleted, converted, master = row
    return lead_id, company, None if budget is None else float(budget), bool(deleted), bool(converted), master


PullMachine.TestCase.settings = settings(
    max_examples=3, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestPullMachine = PullMachine.TestCase


@pytest.mark.slow
class TestPullMachineAtLength(PullMachine.TestCase):  # type: ignore[misc] -- hypothesis makes the class
    settings = settings(max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.prove
def test_whatever_happens_in_hundreds_of_histories_the_mirror_is_the_org() -> None:
    began = time.monotonic()
    DONE.clear()
    histories, steps = 400, 60
    play(PullMachine, histories=histories, steps=steps)
    assert DONE["pulls"] > histories
    proofs.keep(
        "pull",
        section="Pull",
        title="Whatever happens between pulls",
        claim="""A hypothesis state machine: leads are created, changed, deleted, undeleted, purged, merged and
            converted, transactions stay open for up to ten minutes and commit late, seconds and weeks pass, and
            leadgate pulls at any moment. Each pull's count agreed with the org's. Once the org had come to rest, the
            mirror held what the org's tables held, record by record, none twice, deletions and merge winners
            included.""",
        test="tests/mirror/test_pull_machine.py",
        seconds=time.monotonic() - began,
        counts={
            "histories": histories,
            "pulls": DONE["pulls"],
            "changes by people": DONE["changes"],
            "of them written in a transaction that committed late": DONE["late"],
            "records compared at the end": DONE["compared"],
            "promises broken": 0,
        },
    )

"""People edit, convert, merge and delete leads while leadgate plans and applies: no stale decision is carried out."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from people_world import CLOSED, OPEN, PRICING, REFUSAL, SMALL_TALK, WORKING, Counts, Planned, people_world
from sizes import play

from benchmarks import proofs
from sync.mockorg.faults import Fault, FaultKind

FAULTS = st.builds(
    Fault,
    kind=st.sampled_from([FaultKind.DROP, FaultKind.TIMEOUT, FaultKind.SERVER_ERROR, FaultKind.UNAVAILABLE]),
    effect=st.booleans(),
    skip=st.integers(0, 12),
)
DONE = Counts()
"""Of every machine of this process."""


class PeopleMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.open = ExitStack()
        self.world = self.open.enter_context(people_world(self.folder, DONE))
        self.binned: list[str] = []
        self.plans: list[Planned] = []
        self.number = 0
        for status, pricing in [(WORKING, True), (WORKING, True), (WORKING, False), (OPEN, True)]:
            self._create(status, pricing=pricing)
        self.world.pull()

    def _create(self, status: str, *, pricing: bool) -> None:
        self.number += 1
        self.world.create(self.number, status=status, pricing=pricing)

    def draw(self, data: st.DataObject) -> str:
        return str(data.draw(st.sampled_from(sorted(self.world.leads()))))

    @rule(status=st.sampled_from([OPEN, WORKING, WORKING]), pricing=st.booleans())
    def create(self, status: str, *, pricing: bool) -> None:
        self._create(status, pricing=pricing)

    @precondition(lambda self: self.world.leads())
    @rule(data=st.data(), status=st.sampled_from([OPEN, WORKING, CLOSED]))
    def edit_status(self, data: st.DataObject, status: str) -> None:
        self.world.edit(self.draw(data), Status=status)

    @precondition(lambda self: self.world.leads())
    @rule(data=st.data(), pricing=st.booleans())
    def edit_pricing(self, data: st.DataObject, *, pricing: bool) -> None:
        self.world.edit(self.draw(data), Pricing_Discussed__c=pricing)

    @precondition(lambda self: self.world.leads())
    @rule(data=st.data(), number=st.integers(100, 999))
    def edit_what_decides_nothing(self, data: st.DataObject, number: int) -> None:
        self.world.edit(self.draw(data), Phone=f"555 {number}")

    @precondition(lambda self: self.world.leads())
    @rule(data=st.data(), to_person=st.booleans())
    def reassign(self, data: st.DataObject, *, to_person: bool) -> None:
        access = self.world.mock.org.access
        person = self.world.mock._user("person@leadgate-mock.example")
        self.world.edit(self.draw(data), OwnerId=person.id if to_person else access.admin.id)

    @precondition(lambda self: self.world.leads())
    @rule(data=st.data(), subject=st.sampled_from([PRICING, PRICING, REFUSAL, SMALL_TALK]))
    def log(self, data: st.DataObject, subject: str) -> None:
        self.world.log(self.draw(data), subject)

    @precondition(lambda self: self.world.leads())
    @rule(data=st.data())
    def strike_out(self, data: st.DataObject) -> None:
        self.world.strike_out(self.draw(data))

    @precondition(lambda self: self.world.leads())
    @rule(data=st.data())
    def convert(self, data: st.DataObject) -> None:
        self.world.convert(self.draw(data))

    @precondition(lambda self: self.world.leads())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        lead = self.draw(data)
        self.world.delete(lead)
        self.binned.append(lead)

    @precondition(lambda self: self.binned)
    @rule(data=st.data())
    def undelete(self, data: st.DataObject) -> None:
        lead = data.draw(st.sampled_from(self.binned))
        self.world.undelete(lead)
        self.binned.remove(lead)

    @precondition(lambda self: len(self.world.leads()) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        winner, loser = data.draw(st.permutations(sorted(self.world.leads())))[:2]
        self.world.merge(winner, loser)

    @rule()
    def pull(self) -> None:
        self.world.pull()

    @rule()
    def plan(self) -> None:
        self.plans.append(self.world.plan())

    @precondition(lambda self: self.plans)
    @rule(data=st.data(), fault=st.none() | FAULTS)
    def apply(self, data: st.DataObject, fault: Fault | None) -> None:
        self.world.apply(data.draw(st.sampled_from(self.plans[-3:])), fault)

    @precondition(lambda self: self.world.leads())
    @rule(data=st.data())
    def apply_while_somebody_acts(self, data: st.DataObject) -> None:
        """Between leadgate's re-reading and its first request; most of all on a lead that is about to be converted."""
        self.world.pull()
        self.plans.append(self.world.plan())
        planned = [a.lead_id for a in self.plans[-1].plan.actions]
        lead = str(data.draw(st.sampled_from(sorted(planned or self.world.leads()))))
        act = data.draw(st.sampled_from(["convert", "delete", "edit", "close", "call"]))

        def meddle() -> str:
            match act:
                case "convert":
                    self.world.convert(lead)
                case "delete":
                    self.world.delete(lead)
                    self.binned.append(lead)
                case "edit":
                    self.world.edit(lead, Pricing_Discussed__c=False)
                case "close":
                    self.world.edit(lead, Status=CLOSED)
                case _:
                    self.world.log(lead, REFUSAL)
            return lead

        self.world.apply(self.plans[-1], meddle=meddle)

    @rule()
    def sync(self) -> None:
        self.world.pull()
        self.plans.append(self.world.plan())
        self.world.apply(self.plans[-1])

    def teardown(self) -> None:
        try:
            self.sync()
            self.sync()
            assert self.world.ledger.in_doubt(self.world.mock.org_id) == ()
            assert not [lead for lead, seen in self.world.leads().items() if seen.ready or seen.to_close]
        finally:
            self.open.close()
            shutil.rmtree(self.folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("act", "outcome", "code"),
    [
        ("convert", "already_applied", "done_by_another"),
        ("delete", "rejected", "ENTITY_IS_DELETED"),
        ("edit", "applied", None),  # nobody can see it: no condition goes with a conversion
    ],
)
def test_what_a_person_does_after_the_last_look_at_a_lead(
    tmp_path: Path, act: str, outcome: str, code: str | None
) -> None:
    with people_world(tmp_path, Counts()) as world:
        world.create(1, status=WORKING, pricing=True)
        world.pull()
        planned = world.plan()
        (lead,) = world.leads()

        def meddle() -> str:
            acts = {"convert": world.convert, "delete": world.delete}
            acts[act](lead) if act in acts else world.edit(lead, Pricing_Discussed__c=False)
            return lead

        result = world.apply(planned, meddle=meddle)
        assert result is not None
        assert [(one.outcome.value, one.code) for one in result.leads] == [(outcome, code)]
        assert world.counts.unseen == (act == "edit")


@pytest.mark.slow
def test_whatever_people_do_no_stale_decision_is_carried_out_and_no_lead_dropped_for_nothing() -> None:
    play(PeopleMachine, histories=10, steps=25)


@pytest.mark.prove
def test_whatever_people_do_at_length_no_stale_decision_is_carried_out_and_no_lead_dropped_for_nothing() -> None:
    began, before = time.monotonic(), Counts(**vars(DONE))
    play(PeopleMachine, histories=150, steps=40)
    done = {name: value - getattr(before, name) for name, value in vars(DONE).items()}
    assert done["converted"] > 300
    proofs.keep(
        "people",
        section="Conversions",
        title="People at work on the same leads",
        claim="""A hypothesis state machine: people create, edit, reassign, convert, merge, delete and undelete leads,
            log and delete activities, while leadgate pulls, plans and applies, old plans too, some runs under a
            lost answer or a server error. An oracle that reads only the org's tables says which leads are ready. No
            lead was converted that was not ready when leadgate looked last, none twice; what a person did after
            that look, and before the request, can't be prevented (Salesforce takes no condition with a conversion),
            and is counted here; none whose deciding values stood was dropped as superseded; the ledger names exactly
            what leadgate did; every run adds up; and two undisturbed syncs leave no ready lead behind.""",
        test="tests/crash/test_people_machine.py",
        seconds=time.monotonic() - began,
        counts={
            "histories": 150,
            "acts of people": done["acts"],
            "plans": done["plans"],
            "runs": done["runs"],
            "of them struck by a fault": done["faults"],
            "leads converted by leadgate": done["converted"],
            "acts between leadgate's last look and its request": done["meddled"],
            "of them too late, the lead converted though no longer ready": done["unseen"],
            "actions superseded": done["superseded"],
            "actions found done already": done["already"],
            "promises broken": 0,
        },
    )

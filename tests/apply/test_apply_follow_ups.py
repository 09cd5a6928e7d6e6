from __future__ import annotations

from dataclasses import replace

from apply_scene import OPPORTUNITY, Scene, fates

from sync.ledger.entries import State
from sync.mockorg.faults import Fault, FaultKind
from sync.plan.actions import Outcome
from sync.policy.schema import OpportunitySettings


def test_an_opportunity_that_somebody_works_on_keeps_its_values(here: Scene) -> None:
    leads = here.leads(1)
    plan = here.plan(leads)
    here.mock.add_fault(Fault(kind=FaultKind.UNAVAILABLE, route="collections.retrieve", skip=1, times=None))
    result = here.apply(plan)
    assert fates(result) == {Outcome.APPLIED: 1}
    assert result.leads[0].opportunity_fields == "not_reached"
    here.mock.clear_faults()
    here.edit("Opportunity", str(result.leads[0].made.opportunity_id), StageName="Negotiation/Review")
    here.apply(plan)
    row = here.row("Opportunity", str(result.leads[0].made.opportunity_id))
    assert row["StageName"] == "Negotiation/Review"


def test_an_opportunity_that_nobody_touched_gets_its_fields_later(here: Scene) -> None:
    plan = here.plan(here.leads(1))
    here.mock.add_fault(Fault(kind=FaultKind.DROP, route="composite", skip=2, times=None))  # two for the pre-image
    result = here.apply(plan)
    assert result.leads[0].outcome is Outcome.APPLIED
    assert result.leads[0].opportunity_fields == State.NOT_APPLIED.value
    here.mock.clear_faults()
    here.apply(plan)
    made = str(result.leads[0].made.opportunity_id)
    assert here.row("Opportunity", made)["StageName"] == "Proposal/Price Quote"


def test_without_planned_fields_nothing_follows(here: Scene) -> None:
    conversion = replace(OPPORTUNITY, opportunity=OpportunitySettings())
    result = here.apply(here.plan(here.leads(1), conversion=conversion))
    assert result.leads[0].opportunity_fields is None


def test_opportunity_fields_that_row_locks_kept_away_are_set_by_the_next_run(here: Scene) -> None:
    leads = here.leads(1)
    plan = here.plan(leads, amount=100.0)
    here.mock.add_fault(Fault(kind=FaultKind.ROW_LOCK, route="rows.update", times=3))
    result = here.apply(plan)
    assert fates(result) == {Outcome.APPLIED: 1}
    assert result.leads[0].opportunity_fields == State.NOT_APPLIED.value
    opportunity = str(result.leads[0].made.opportunity_id)
    assert here.row("Opportunity", opportunity)["Amount"] is None
    assert fates(here.apply(plan)) == {Outcome.ALREADY_APPLIED: 1}
    assert here.row("Opportunity", opportunity)["Amount"] == 100.0

"""An edit after the last re-read can't be prevented; it is seen, and told by the names of the fields."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from apply_scene import OPPORTUNITY, Scene, fates
from plan_factories import OWNER

from sync.apply.outcome import Ending, Progress
from sync.cli.commands.report import write_csv
from sync.ledger.codes import OVERTAKEN
from sync.ledger.entries import COMPARISON, State
from sync.mockorg.faults import Fault, FaultKind
from sync.plan.actions import Outcome
from sync.policy.schema import OpportunitySettings
from sync.report.summary import RunSummary, summarise


def once_re_read(act: Callable[[], object]) -> Callable[[Progress], None]:
    """Does something between the re-read and the first conversion."""

    def hear(progress: Progress) -> None:
        if progress.step == "re-reading":
            act()

    return hear


def told(here: Scene) -> RunSummary:
    """What the ledger says of the last run."""
    org_id = here.org.identity.org_id
    return summarise(here.ledger, here.ledger.runs(org_id)[-1])


def test_an_edit_of_a_deciding_field_just_before_the_conversion_is_told(here: Scene, tmp_path: Path) -> None:
    edited, other = here.leads(2, Pricing_Discussed__c=True)
    plan = here.plan([edited, other], amount=5.0)
    edit = once_re_read(lambda: here.edit("Lead", edited, Pricing_Discussed__c=False, Budget__c=1, Phone="+1 555 0100"))
    result = here.apply(plan, on_progress=edit)
    assert fates(result) == {Outcome.APPLIED: 2}
    assert (result.exit_code(), result.ending, result.not_compared) == (0, Ending.DONE, 0)
    changed = {"Budget__c", "Pricing_Discussed__c"}
    assert {lead.lead_id: set(lead.overtaken) for lead in result.leads} == {edited: changed, other: set()}
    assert [lead.as_json()["changed_before_conversion"] for lead in result.leads] == [
        list(lead.overtaken) for lead in result.leads
    ]

    summary = told(here)
    assert summary.adds_up
    assert {lead.lead_id: set(lead.changed_before_conversion) for lead in summary.leads} == {
        edited: changed,
        other: set(),
    }
    assert summary.follow_ups == {"applied": 2}
    write_csv(tmp_path / "report.csv", summary, {edited: OWNER})
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["lead_id"]: row for row in csv.DictReader(file)}
    assert rows[edited]["changed_before_conversion"] == "Budget__c Pricing_Discussed__c"
    assert (rows[edited]["outcome"], rows[other]["changed_before_conversion"]) == ("applied", "")


def test_what_the_conversion_itself_sets_is_no_edit(here: Scene) -> None:
    result = here.apply(here.plan(here.leads(3)))
    assert [lead.overtaken for lead in result.leads] == [(), (), ()]
    entries = here.ledger.run_entries(result.run_id)
    assert {entry.subject.kind for entry in entries} == {"convert_lead", "set_opportunity_fields"}


def test_a_new_owner_just_before_the_conversion_is_told(here: Scene) -> None:
    (lead,) = here.leads(1)
    plan = here.plan([lead])
    me = here.org.identity.user_id
    (other,) = (row["Id"] for row in here.org.query("SELECT Id FROM User") if row["Id"] != me)
    given = here.row("Lead", lead)["OwnerId"]
    result = here.apply(
        plan, on_progress=once_re_read(lambda: here.edit("Lead", lead, OwnerId=other if given == me else me))
    )
    assert fates(result) == {Outcome.APPLIED: 1}
    assert result.leads[0].overtaken == ("OwnerId",)


def test_a_new_company_is_told_by_the_fields_name_alone(here: Scene) -> None:
    (lead,) = here.leads(1, Email="ann@acme.example")
    plan = here.plan([lead])
    result = here.apply(
        plan, on_progress=once_re_read(lambda: here.edit("Lead", lead, Company="Umbra", Email="eve@umbra.example"))
    )
    assert result.leads[0].overtaken == ("Company", "Email")
    (noted,) = [e for e in here.ledger.run_entries(result.run_id) if e.subject.kind == COMPARISON]
    assert (noted.state, noted.code, noted.evidence) == (State.SUPERSEDED, OVERTAKEN, {})
    assert "umbra" not in (here.folder / "ledger.sqlite").read_bytes().decode("latin-1").lower()


def test_a_run_that_cannot_read_the_leads_again_says_so_and_is_done_all_the_same(here: Scene) -> None:
    plan = here.plan(here.leads(2), conversion=replace(OPPORTUNITY, opportunity=OpportunitySettings()))
    here.mock.add_fault(Fault(kind=FaultKind.SERVER_ERROR, route="collections.retrieve", skip=1, times=None))
    result = here.apply(plan)
    assert fates(result) == {Outcome.APPLIED: 2}
    assert (result.not_compared, result.ending, result.exit_code()) == (2, Ending.DONE, 0)


def test_opportunity_fields_left_open_are_set_by_the_next_run_although_the_lead_was_changed(here: Scene) -> None:
    """What is noted of the lead must not pass for the follow-up that is still to come."""
    (lead,) = here.leads(1)
    plan = here.plan([lead], amount=7.0)

    def edit_and_lock() -> None:
        here.edit("Lead", lead, Budget__c=1)
        here.mock.add_fault(Fault(kind=FaultKind.ROW_LOCK, route="rows.update", times=3))

    result = here.apply(plan, on_progress=once_re_read(edit_and_lock))
    assert (result.leads[0].overtaken, result.leads[0].opportunity_fields) == (("Budget__c",), "not_applied")
    assert len(here.ledger.open_follow_ups(plan.org_id)) == 1
    here.apply(plan)
    assert here.row("Opportunity", str(result.leads[0].made.opportunity_id))["Amount"] == 7.0

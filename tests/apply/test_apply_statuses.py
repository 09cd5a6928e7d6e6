from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from apply_scene import ORG_YAML, Scene, fates, scene

from sync.apply.outcome import Ending
from sync.errors import AccessRefused, OrgBusy, OrgUnavailable, PlanInvalid
from sync.mockorg.faults import Fault, FaultKind
from sync.plan.actions import Outcome
from sync.policy.schema import Limits

OPEN, WORKING = "Open - Not Contacted", "Working - Contacted"


@pytest.mark.parametrize(
    ("count", "route", "calls"), [(3, "composite", 1), (26, "collections.update", 1), (230, "composite", 1)]
)
def test_status_updates_take_the_route_that_fits_their_number(here: Scene, count, route, calls) -> None:
    leads = here.leads(count, Status=OPEN)
    plan = here.plan(leads, to=WORKING)
    before = here.mock.requests.count(route)
    result = here.apply(plan)
    assert fates(result) == {Outcome.APPLIED: count}
    assert here.mock.requests.count(route) - before == calls
    assert here.count("Lead", f"Status = '{WORKING}'") == count
    assert result.api_calls == plan.forecast_calls


@pytest.mark.slow
def test_thousands_of_status_updates_go_by_a_bulk_job(here: Scene) -> None:
    leads = here.leads(2001, Status=OPEN)
    plan = here.plan(leads, to=WORKING)
    result = here.apply(plan)
    assert fates(result) == {Outcome.APPLIED: 2001}
    assert here.mock.requests.count("bulk.ingest.create") == 1
    # The forecast leaves room for two more looks at the job and a file of failures.
    assert plan.forecast_calls - 4 <= result.api_calls <= plan.forecast_calls
    assert here.mock.requests.count("collections.update") == 0


def test_applying_status_updates_twice_writes_nothing(here: Scene) -> None:
    plan = here.plan(here.leads(3, Status=OPEN), to=WORKING)
    here.apply(plan)
    results = []
    assert here.writes(lambda: results.append(here.apply(plan))) == 0
    assert fates(results[0]) == {Outcome.ALREADY_APPLIED: 3}


def test_a_status_that_somebody_set_to_the_same_is_not_written_again(here: Scene) -> None:
    leads = here.leads(2, Status=OPEN)
    plan = here.plan(leads, to=WORKING)
    here.edit("Lead", leads[0], Status=WORKING)
    assert fates(here.apply(plan)) == {Outcome.ALREADY_APPLIED: 1, Outcome.APPLIED: 1}


def test_an_edit_between_re_reading_and_writing_still_wins(here: Scene) -> None:
    leads = here.leads(2, Status=OPEN)
    plan = here.plan(leads, to=WORKING)

    def meddle(progress) -> None:
        if progress.step == "re-reading":
            here.edit("Lead", leads[0], Status="Closed - Not Converted")

    result = here.apply(plan, on_progress=meddle)
    assert fates(result) == {Outcome.SUPERSEDED: 1, Outcome.APPLIED: 1}
    assert result.leads[0].code == "PRECONDITION_FAILED"
    assert here.row("Lead", leads[0])["Status"] == "Closed - Not Converted"


def test_a_lead_may_reach_the_same_status_again_after_it_moved_on(here: Scene) -> None:
    leads = here.leads(1, Status=OPEN)
    here.apply(here.plan(leads, to=WORKING))
    here.edit("Lead", leads[0], Status=OPEN)
    assert fates(here.apply(here.plan(leads, to=WORKING))) == {Outcome.APPLIED: 1}


@pytest.mark.parametrize("count", [3, 30])
@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.TIMEOUT])
def test_a_lost_answer_to_status_updates_is_read_back(here: Scene, count, effect, kind) -> None:
    leads = here.leads(count, Status=OPEN)
    plan = here.plan(leads, to=WORKING)
    route = "composite" if count <= 25 else "collections.update"
    here.mock.add_fault(Fault(kind=kind, route=route, effect=effect))
    result = here.apply(plan)
    assert fates(result) == {Outcome.APPLIED: count}
    assert here.count("Lead", f"Status = '{WORKING}'") == count


def test_a_locked_lead_gets_its_status_on_the_next_try(here: Scene) -> None:
    leads = here.leads(30, Status=OPEN)
    plan = here.plan(leads, to=WORKING)
    here.mock.add_fault(Fault(kind=FaultKind.ROW_LOCK, route="collections.update", record=leads[7]))
    assert fates(here.apply(plan)) == {Outcome.APPLIED: 30}


RULE = (
    ORG_YAML
    + """
validation_rules:
  - {object: Lead, name: Phone, condition: "ISBLANK(Phone)", message: A phone is needed}
"""
)


def test_refused_status_updates_are_told_and_stop_the_run_when_many(tmp_path) -> None:
    with scene(tmp_path, RULE) as here:
        leads = here.leads(60, Status=OPEN, Phone="1")
        plan = here.plan(leads, to=WORKING)
        for lead in leads[:20]:
            here.mock.org.store.db.execute("UPDATE Lead SET Phone = NULL WHERE Id = ?", [lead])
        result = here.apply(plan)
        assert result.outcomes[Outcome.REJECTED] == 20
        assert (result.ending, result.exit_code()) == (Ending.FAILURES, 4)
        assert {lead.code for lead in result.leads if lead.outcome is Outcome.REJECTED} == {
            "FIELD_CUSTOM_VALIDATION_EXCEPTION"
        }


def test_a_plan_of_another_org_is_refused(here: Scene) -> None:
    foreign = replace(here.plan(here.leads(1)), org_id="00D000000000001EAA")
    with pytest.raises(PlanInvalid, match="the plan is for org"):
        here.apply(foreign)


def test_an_old_plan_is_refused_unless_allowed(here: Scene) -> None:
    fresh = here.plan(here.leads(1))
    plan = replace(fresh, created_at=fresh.created_at - timedelta(hours=73))
    with pytest.raises(PlanInvalid, match="73 hours old") as refused:
        here.apply(plan)
    assert "--allow-old-plan" in str(refused.value.fix)
    assert fates(here.apply(plan, allow_old_plan=True)) == {Outcome.APPLIED: 1}


def test_a_policy_without_an_age_limit_takes_any_plan(here: Scene) -> None:
    fresh = here.plan(here.leads(1))
    plan = replace(fresh, created_at=fresh.created_at - timedelta(days=30))
    assert fates(here.apply(plan, limits=Limits(plan_valid_hours=None))) == {Outcome.APPLIED: 1}


def test_only_one_run_writes_to_an_org(here: Scene) -> None:
    plan = here.plan(here.leads(1))
    with here.ledger.lease(plan.org_id), pytest.raises(OrgBusy):
        here.apply(plan)
    assert fates(here.apply(plan)) == {Outcome.APPLIED: 1}


def test_an_org_that_cannot_be_read_raises_and_leaves_the_run_closed(here: Scene) -> None:
    plan = here.plan(here.leads(1))
    here.mock.add_fault(Fault(kind=FaultKind.UNAVAILABLE, route="collections.retrieve", times=None))
    with pytest.raises(OrgUnavailable):
        here.apply(plan)
    here.mock.clear_faults()
    (run,) = here.ledger.runs(plan.org_id)
    assert run.ended == "unavailable"
    assert fates(here.apply(plan)) == {Outcome.APPLIED: 1}


def test_refused_access_while_reading_raises_as_such(here: Scene) -> None:
    plan = here.plan(here.leads(1))
    here.mock.add_fault(Fault(kind=FaultKind.UNAUTHORIZED, route="collections.retrieve", times=None))
    with pytest.raises(AccessRefused):
        here.apply(plan)


def test_a_plan_without_actions_is_done_at_once(here: Scene) -> None:
    result = here.apply(here.plan([]))
    assert (result.planned, result.api_calls, result.exit_code()) == (0, 0, 0)


def test_a_vanished_conversion_is_reported_not_repeated(here: Scene) -> None:
    leads = here.leads(1)
    plan = here.plan(leads)
    before = here.mock.snapshot()
    here.apply(plan)
    here.mock.restore(before)
    result = here.apply(plan)
    assert fates(result) == {Outcome.SUPERSEDED: 1}
    assert result.leads[0].code == "ledger_disagrees"


def test_the_history_of_all_runs_is_intact_and_names_nobody(here: Scene) -> None:
    leads = here.leads(2, LastName="Secretname", Email="secret@acme.example", Company="Secret Co")
    here.apply(here.plan(leads))
    org_id = here.org.identity.org_id
    assert here.ledger.verify_chain(org_id).intact
    here.ledger.dispose()
    raw = b"".join(path.read_bytes() for path in here.folder.glob("ledger.sqlite*"))
    assert b"ecret" not in raw

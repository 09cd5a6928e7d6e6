from __future__ import annotations

from apply_scene import ORG_YAML, Scene, fates, scene

from sync.apply.outcome import Ending
from sync.mockorg.faults import Fault, FaultKind
from sync.plan.actions import Outcome
from sync.policy.schema import Limits

REFUSING = (
    ORG_YAML
    + """
automations:
  - {object: Opportunity, name: NoBad, refuses_when: "CONTAINS(Name, 'Bad')", message: refused by a trigger}
"""
)


def test_a_refusal_is_one_leads_affair_and_told_in_the_orgs_words(tmp_path) -> None:
    with scene(tmp_path, REFUSING) as here:
        leads = [*here.leads(3), *here.leads(1, Company="Bad Co")]
        result = here.apply(here.plan(leads))
        assert fates(result) == {Outcome.APPLIED: 3, Outcome.REJECTED: 1}
        (refused,) = (lead for lead in result.leads if lead.outcome is Outcome.REJECTED)
        assert refused.lead_id == leads[3]
        assert refused.code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
        assert "refused by a trigger" in str(refused.message)
        assert result.exit_code() == 4
        events = here.ledger.audit(here.org.identity.org_id, lead_id=leads[3])
        assert [event.state for event in events] == ["intended", "rejected"]
        assert "refused by a trigger" not in repr(events)
        assert fates(here.apply(here.plan([leads[3]]))) == {Outcome.REJECTED: 1}


def test_a_bad_canary_stops_the_run_before_the_rest(tmp_path) -> None:
    with scene(tmp_path, REFUSING) as here:
        leads = here.leads(12, Company="Bad Co")
        plan = here.plan(leads, limits=Limits(canary=4))
        result = here.apply(plan, limits=Limits(canary=4))
        assert len(plan.actions) == 12
        assert fates(result)[Outcome.REJECTED] <= 4
        assert result.outcomes[Outcome.APPLIED] == 0
        assert here.count("Account") == 0


def test_a_bad_canary_of_many_companies_stops_the_run(tmp_path) -> None:
    with scene(tmp_path, REFUSING) as here:
        leads = [here.leads(1, Company=f"Bad Co {n}")[0] for n in range(12)]
        result = here.apply(here.plan(leads), limits=Limits(canary=4))
        assert fates(result) == {Outcome.REJECTED: 4, Outcome.NOT_REACHED: 8}
        assert (result.ending, result.exit_code()) == (Ending.FAILURES, 4)
        assert "--max-failures" in str(result.reason)


def test_a_few_refusals_within_the_limit_stop_nothing(tmp_path) -> None:
    with scene(tmp_path, REFUSING) as here:
        leads = [*here.leads(30), *here.leads(1, Company="Bad Co")]
        result = here.apply(here.plan(leads), limits=Limits(canary=5))
        assert fates(result) == {Outcome.APPLIED: 30, Outcome.REJECTED: 1}
        assert result.ending is Ending.DONE


HEAVY = (
    ORG_YAML
    + """
automations:
  - {object: Contact, name: Heavy, queries_per_record: 9}
"""
)


def test_batches_halve_on_governor_limits_and_the_size_is_remembered(tmp_path) -> None:
    with scene(tmp_path, HEAVY) as here:
        org_id = here.org.identity.org_id
        result = here.apply(here.plan(here.leads(25)), limits=Limits(canary=0))
        assert fates(result) == {Outcome.APPLIED: 25}
        size = here.ledger.pace(org_id).size
        assert 1 <= size <= 12
        calls = here.mock.requests.count("soap.convertLead")
        assert fates(here.apply(here.plan(here.leads(size)), limits=Limits(canary=0))) == {Outcome.APPLIED: size}
        assert here.mock.requests.count("soap.convertLead") == calls + 1


TOO_HEAVY = HEAVY.replace("queries_per_record: 9", "queries_per_record: 200")


def test_a_lead_too_heavy_even_alone_is_rejected(tmp_path) -> None:
    with scene(tmp_path, TOO_HEAVY) as here:
        result = here.apply(here.plan(here.leads(2)), limits=Limits(stop_at_failures=1.0))
        assert fates(result) == {Outcome.REJECTED: 2}


def test_row_locks_are_tried_again_one_by_one(here: Scene) -> None:
    leads = here.leads(3)
    here.mock.add_fault(Fault(kind=FaultKind.ROW_LOCK, route="soap.convertLead", record=leads[1], times=1))
    result = here.apply(here.plan(leads))
    assert fates(result) == {Outcome.APPLIED: 3}
    states = [e.state for e in here.ledger.audit(here.org.identity.org_id, lead_id=leads[1])]
    assert states == ["intended", "not_applied", "intended", "applied", *states[4:]]


def test_a_row_that_stays_locked_is_rejected_with_its_code(here: Scene) -> None:
    leads = here.leads(2)
    here.mock.add_fault(Fault(kind=FaultKind.ROW_LOCK, route="soap.convertLead", record=leads[1], times=None))
    result = here.apply(here.plan(leads))
    assert fates(result) == {Outcome.APPLIED: 1, Outcome.REJECTED: 1}
    assert result.leads[1].code == "UNABLE_TO_LOCK_ROW"
    here.mock.clear_faults()
    assert fates(here.apply(here.plan([leads[1]]))) == {Outcome.APPLIED: 1}

from __future__ import annotations

from apply_scene import Scene, fates

from sync.plan.actions import Outcome


def test_a_plan_is_carried_out_and_every_lead_accounted_for(here: Scene) -> None:
    leads = here.leads(3)
    result = here.apply(here.plan(leads, amount=1250.5))
    assert fates(result) == {Outcome.APPLIED: 3}
    assert (result.planned, result.exit_code()) == (3, 0)
    for lead in result.leads:
        row = here.row("Lead", lead.lead_id)
        assert row["IsConverted"] is True
        assert (row["ConvertedAccountId"], row["ConvertedContactId"], row["ConvertedOpportunityId"]) == (
            lead.made.account_id,
            lead.made.contact_id,
            lead.made.opportunity_id,
        )
        opportunity = here.row("Opportunity", str(lead.made.opportunity_id))
        assert (opportunity["StageName"], opportunity["CloseDate"], opportunity["Amount"]) == (
            "Proposal/Price Quote",
            "2026-06-03",
            1250.5,
        )
        assert lead.opportunity_fields == "applied"


def test_applying_twice_writes_nothing(here: Scene) -> None:
    plan = here.plan(here.leads(3))
    here.apply(plan)
    again = []
    assert here.writes(lambda: again.append(here.apply(plan))) == 0
    assert fates(again[0]) == {Outcome.ALREADY_APPLIED: 3}
    assert again[0].exit_code() == 0

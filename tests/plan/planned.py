"""What tests of planning look at in a plan."""

from __future__ import annotations

from plan_factories import sf_id

from sync.plan.actions import ConvertLead, Plan, UpdateStatus
from sync.plan.matching import AccountCandidate, LeadMatches

ACME = sf_id("001", 1)
CONTACT = sf_id("003", 1)


def conversions(made: Plan) -> list[ConvertLead]:
    return [action for action in made.actions if isinstance(action, ConvertLead)]


def codes(action: ConvertLead | UpdateStatus) -> list[str]:
    return [blocker.code for blocker in action.blockers]


def at_acme(row: dict[str, object] | object, number: int) -> LeadMatches:
    return LeadMatches(
        lead_id=sf_id("00Q", number),
        accounts=(AccountCandidate(account_id=ACME, name="Acme", by="company_name", found="acme"),),
    )

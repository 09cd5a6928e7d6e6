"""The records that a lead may belong to, drawn: those of a plan, and those that the mirror shows for one lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.mirror.store import Mirror
    from sync.plan.actions import MatchCandidate
    from sync.policy.decision import Decision
    from sync.policy.schema import Policy

CANDIDATE_COLUMNS = ("rank", "object", "candidate", "fits by", "taken")
"""Of tables of candidates, closest first."""


def candidate_cells(candidate: MatchCandidate) -> tuple[str, ...]:
    """A candidate's cells."""
    fate = "yes" if candidate.lost is None else f"no: {candidate.lost}"
    return str(candidate.rank), candidate.object, candidate.id, ", ".join(candidate.reasons), fate


def candidates_of(mirror: Mirror, policy: Policy, decision: Decision) -> tuple[MatchCandidate, ...]:
    """What converting the lead now could attach to, as the policy ranks it.

    From the mirror alone: what the org's duplicate rules would find is in a plan only.
    """
    from sync.plan.matching import choose, open_opportunity
    from sync.plan.ranking import ranked_candidates

    settings = policy.conversion
    matches = mirror.matches([decision.lead_id], settings.account.free_mail)[decision.lead_id]
    choice = choose(matches, settings.account)
    attaches = settings.opportunity.attach_open and decision.wants_opportunity
    held = open_opportunity(choice.account_id, matches) if attaches and choice.account_id else None
    return ranked_candidates(
        matches,
        choice,
        settings,
        opportunity_id=held.opportunity_id if held is not None else None,
        wants_opportunity=decision.wants_opportunity,
        also_alone=True,
    )


def draw_candidates(candidates: tuple[MatchCandidate, ...]) -> None:
    """The candidates of one lead."""
    from sync.cli import output

    console = output.stdout()
    console.print()
    if not candidates:
        console.print("nothing in the mirror that it may belong to: converting it makes a new account and contact")
        return
    cells = [candidate_cells(candidate) for candidate in candidates]
    console.print(output.table("records that it may belong to", CANDIDATE_COLUMNS, cells))

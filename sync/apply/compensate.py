"""Carrying out a compensation plan, with the same promises as any plan: one writer, intents first, everything told.

The lease, the recovery before and the account after are those of `sync.apply.frame`; the steps are of
`sync.apply.compensation_steps` and `sync.apply.compensation_deletions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sync.apply.compensation_deletions import delete_records
from sync.apply.compensation_readback import AMBIGUOUS
from sync.apply.compensation_steps import Compensating, add_members, create_leads, move_activities
from sync.apply.compensation_subjects import step_of
from sync.apply.context import ApplyOptions
from sync.apply.frame import Framed, Work, framed
from sync.apply.outcome import LeadResult, RunResult
from sync.ledger.entries import outcome_of
from sync.ledger.store import Ledger
from sync.plan.compensation import CompensationPlan
from sync.salesforce.org import Org


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensationResult:
    """A run in figures, and the new leads."""

    run: RunResult
    targets: tuple[str, ...]
    """What each of the run's actions was about: an activity, a campaign, a record; a digest for a new lead."""
    new_leads: Mapping[str, str]
    """Converted lead → new lead, also of earlier runs of the plan."""

    def as_json(self) -> dict[str, object]:
        """The document of `apply --json`."""
        document = self.run.as_json()
        entries: list[dict[str, object]] = [
            {
                "lead_id": one.lead_id,
                "kind": one.kind,
                "target": target,
                "outcome": one.outcome.value,
                "code": one.code,
                "message": one.message,
                "fields": list(one.fields),
            }
            for one, target in zip(self.run.leads, self.targets, strict=True)
        ]
        return {**document, "kind": "compensation", "leads": entries, "new_leads": dict(self.new_leads)}


def apply_compensation(plan: CompensationPlan, org: Org, ledger: Ledger, options: ApplyOptions) -> CompensationResult:
    """Carry out a compensation plan.

    Args:
        plan: As `sync.plan.compensation_file.decode` read it.
        org: The org, to be written to.
        ledger: The ledger that the conversions are in.
        options: With the pre-images.

    Raises:
        PlanInvalid: The plan is for another org, or too old.
        OrgBusy: Another run holds the org.
        AccessRefused, OrgUnavailable, OrgFault: The org can't be read; nothing was sent, or it is in the ledger.
    """
    store = options.pre_images
    if store is None:
        raise ValueError("a compensation needs the pre-images")
    steps = [step_of(plan.org_id, action) for action in plan.actions]
    work = Work(
        org_id=plan.org_id,
        plan_id=plan.plan_id,
        created_at=plan.created_at,
        made_by="leadgate compensate",
        kind="compensate",
        counts=plan.counts,
        subjects=[step.subject for step in steps],
    )
    with framed(work, org, ledger, options) as here:
        live = ledger.live(plan.org_id, [step.key for step in steps])
        compensating = Compensating(run=here.run, store=store, live=live, steps=steps)
        if here.may_begin:
            for carry_out in (create_leads, move_activities, add_members, delete_records):
                carry_out(compensating)
    return CompensationResult(
        run=here.result(list(_results(here, compensating))),
        targets=tuple(step.subject.target for step in steps),
        new_leads=compensating.new_leads,
    )


def _results(here: Framed, compensating: Compensating) -> Iterator[LeadResult]:
    """Every step's fate, from the ledger."""
    for step in compensating.steps:
        fate = here.fates[step.key]
        code = fate.code or (AMBIGUOUS if step.key in compensating.unclear else None)
        yield LeadResult(
            lead_id=step.action.lead_id,
            kind=step.action.kind,
            outcome=outcome_of(fate.state),
            code=code,
            message=here.message(step.key, code),
            fields=fate.fields,
        )

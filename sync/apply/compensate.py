"""Carrying out a compensation plan, with the same promises as any plan: one writer, intents first, everything told.

The lease, the recovery before and the account after are those of `sync.apply.runner`; the steps are of
`sync.apply.compensation_steps` and `sync.apply.compensation_deletions`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sync.apply.compensation_deletions import delete_records
from sync.apply.compensation_readback import AMBIGUOUS
from sync.apply.compensation_steps import Compensating, add_members, create_leads, move_activities
from sync.apply.compensation_subjects import Step, step_of
from sync.apply.context import ApplyOptions, Halt, Run
from sync.apply.outcome import Ending, LeadResult, RunResult
from sync.apply.recover import recover_held
from sync.apply.runner import ending_of, said
from sync.errors import AccessRefused, LeadgateError, OrgFault, OrgUnavailable, PlanInvalid
from sync.ledger.entries import Closing, State, latest, outcome_of
from sync.ledger.rows import RunStart
from sync.ledger.store import Ledger
from sync.plan.actions import Outcome
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
    began, calls_before = options.clock(), org.calls_sent
    _check(plan, org, options)
    steps = [step_of(plan.org_id, action) for action in plan.actions]
    with ledger.lease(plan.org_id) as lease:
        recover_held(org, ledger, lease, options)
        start = RunStart(
            plan_id=plan.plan_id,
            kind="compensate",
            policy_digest="",
            mapping_digest="",
            planned=len(steps),
            user_id=org.identity.user_id,
            version=options.version,
            counts=plan.counts,
        )
        run = Run(
            org=org,
            ledger=ledger,
            lease=lease,
            run_id=ledger.begin_run(lease, start),
            plan_id=plan.plan_id,
            options=options,
            keys=frozenset(step.key for step in steps),
        )
        live = ledger.live(plan.org_id, [step.key for step in steps])
        here = Compensating(run=run, store=store, live=live, steps=steps)
        failure = _carry_out(here)
        _account_for_the_rest(run, steps)
        ending = run.halt.ending if run.halt is not None else Ending.DONE
        ledger.finish_run(lease, run.run_id, ending.value)
    if failure is not None and not run.sent:
        raise failure
    results = _results(here)
    outcomes = Counter(one.outcome for one in results)
    return CompensationResult(
        run=RunResult(
            run_id=run.run_id,
            plan_id=plan.plan_id,
            outcomes={outcome: outcomes[outcome] for outcome in Outcome},
            planned=len(steps),
            predicted_blocked=0,
            api_calls=org.calls_sent - calls_before,
            seconds=(options.clock() - began).total_seconds(),
            leads=results,
            ending=ending,
            reason=run.halt.reason if run.halt is not None else None,
            code=run.halt.code if run.halt is not None else None,
        ),
        targets=tuple(step.subject.target for step in steps),
        new_leads=here.new_leads,
    )


def _check(plan: CompensationPlan, org: Org, options: ApplyOptions) -> None:
    if plan.org_id != org.identity.org_id:
        raise PlanInvalid(
            f"the plan is for org {plan.org_id}, this is org {org.identity.org_id}",
            place="org_id",
            fix="apply it with the settings (--org) of the org that it was made for",
        )
    valid, age = options.limits.plan_valid_hours, options.clock() - plan.created_at
    if valid is not None and age > timedelta(hours=valid) and not options.allow_old_plan:
        raise PlanInvalid(
            f"the plan is {age / timedelta(hours=1):.0f} hours old, and plans are valid for {valid:g}",
            place="created_at",
            fix="make a new one with `leadgate compensate`, or pass --allow-old-plan",
        )


def _carry_out(here: Compensating) -> LeadgateError | None:
    if not here.steps or not here.run.may_go_on():
        return None
    try:
        for step in (create_leads, move_activities, add_members, delete_records):
            step(here)
    except (AccessRefused, OrgUnavailable, OrgFault) as unreadable:
        here.run.halt = here.run.halt or Halt(ending_of(unreadable), unreadable.message, unreadable.code)
        return unreadable
    return None


def _account_for_the_rest(run: Run, steps: Sequence[Step]) -> None:
    written = {entry.subject.key for entry in run.ledger.run_entries(run.run_id)}
    code = run.halt.code if run.halt is not None and run.halt.code else "not_reached"
    run.note(
        [
            (step.subject, Closing(key=step.key, state=State.NOT_REACHED, code=code))
            for step in steps
            if step.key not in written
        ]
    )


def _results(here: Compensating) -> tuple[LeadResult, ...]:
    run = here.run
    entries = latest(run.ledger.run_entries(run.run_id))
    if set(entries) != set(run.keys):
        raise LeadgateError(
            f"the ledger accounts for {len(entries)} of {len(run.keys)} actions",
            place=f"run {run.run_id}",
            fix="keep the ledger as it is and report this; `leadgate audit` shows what happened",
            code="ledger_incomplete",
        )
    results: list[LeadResult] = []
    for step in here.steps:
        entry = entries[step.key]
        code = entry.code or (AMBIGUOUS if step.key in here.unclear else None)
        results.append(
            LeadResult(
                lead_id=step.action.lead_id,
                kind=step.action.kind,
                outcome=outcome_of(entry.state),
                code=code,
                message=said(code, run.messages.get(step.key)) if entry.state is not State.APPLIED else None,
                fields=entry.fields,
            )
        )
    return tuple(results)

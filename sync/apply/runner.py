"""Carrying out a plan, from the lease to the account of every lead; the only function that changes an org.

One writer per org; what an earlier run left open is closed first; every lead is re-read; each intent is committed
before its request leaves; what has no answer is read back; in the end the ledger must add up to what was planned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sync.apply.context import ApplyOptions, Halt, Planned, Run
from sync.apply.conversions import convert_leads
from sync.apply.outcome import Ending, LeadResult, RunResult
from sync.apply.precondition import Ready, checked
from sync.apply.recover import recover_held
from sync.apply.status_updates import StatusUpdates
from sync.apply.subjects import subject_of
from sync.errors import AccessRefused, LeadgateError, OrgFault, OrgUnavailable, PlanInvalid, PreImageUnsaved
from sync.ledger.codes import own_code
from sync.ledger.entries import Closing, Fate, State, outcome_of
from sync.ledger.rows import RunStart
from sync.ledger.store import Ledger
from sync.plan.actions import Action, ConvertLead, Outcome, Plan, Prediction
from sync.salesforce.faults import explain
from sync.salesforce.org import Org


def apply_plan(plan: Plan, org: Org, ledger: Ledger, options: ApplyOptions | None = None) -> RunResult:
    """Carry out a plan.

    Args:
        plan: As `sync.plan.codec.decode` read it.
        org: The org, to be written to.
        ledger: The ledger of this org.
        options: Limits, clock, stop flag, progress.

    Raises:
        PlanInvalid: The plan is for another org, or too old.
        OrgBusy: Another run holds the org.
        AccessRefused, OrgUnavailable, OrgFault: The org can't be read; nothing was sent, or it is in the ledger.
        PreImageUnsaved: What the leads are can't be saved; nothing was sent.
    """
    options = options or ApplyOptions()
    began = options.clock()
    calls_before = org.calls_sent
    _check_plan(plan, org, options)
    planned = [
        Planned(action, subject_of(plan.org_id, action))
        for action in plan.actions
        if action.prediction is Prediction.WILL_SUCCEED
    ]
    with ledger.lease(plan.org_id) as lease:
        recover_held(org, ledger, lease, options)
        start = RunStart(
            plan_id=plan.plan_id,
            kind="apply",
            policy_digest=plan.policy_digest,
            mapping_digest=plan.mapping_digest,
            planned=len(planned),
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
            keys=frozenset(one.subject.key for one in planned),
        )
        failure = _carry_out(run, plan, planned)
        fates = _account_for_the_rest(run, planned)
        ending = run.halt.ending if run.halt is not None else Ending.DONE
        ledger.finish_run(lease, run.run_id, ending.value)
    if failure is not None and not run.sent:
        raise failure
    leads = _results(run, planned, fates)
    outcomes = Counter(lead.outcome for lead in leads)
    return RunResult(
        run_id=run.run_id,
        plan_id=plan.plan_id,
        outcomes={outcome: outcomes[outcome] for outcome in Outcome},
        planned=len(planned),
        predicted_blocked=len(plan.actions) - len(planned),
        api_calls=org.calls_sent - calls_before,
        seconds=(options.clock() - began).total_seconds(),
        leads=leads,
        ending=ending,
        reason=run.halt.reason if run.halt is not None else None,
        code=run.halt.code if run.halt is not None else None,
        not_compared=run.not_compared,
    )


def _check_plan(plan: Plan, org: Org, options: ApplyOptions) -> None:
    if plan.org_id != org.identity.org_id:
        raise PlanInvalid(
            f"the plan is for org {plan.org_id}, this is org {org.identity.org_id}",
            place="org_id",
            fix="apply it with the settings (--org) of the org that it was made for",
        )
    valid = options.limits.plan_valid_hours
    age = options.clock() - plan.created_at
    if valid is not None and age > timedelta(hours=valid) and not options.allow_old_plan:
        raise PlanInvalid(
            f"the plan is {age / timedelta(hours=1):.0f} hours old, and plans are valid for {valid:g}",
            place="created_at",
            fix="make a new one with `leadgate plan`, or pass --allow-old-plan",
        )


def _carry_out(run: Run, plan: Plan, planned: Sequence[Planned]) -> LeadgateError | None:
    """Re-read, then status updates, then conversions; returns what kept the run from going on, if anything did."""
    if not planned or not run.may_go_on():
        return None
    updates = StatusUpdates(run)
    conversions: list[Ready] = []
    try:
        read_at = run.options.clock()
        live = run.ledger.live(plan.org_id, [one.subject.key for one in planned])
        for ready in checked(run, planned, live, plan.mirror_watermark):
            updates.take([one for one in ready if one.planned.subject.kind == "update_status"])
            conversions += [one for one in ready if one.planned.subject.kind == "convert_lead"]
        run.progress("re-reading")
        updates.send()
        convert_leads(run, conversions, since=plan.mirror_watermark, read_at=read_at)
    except (AccessRefused, OrgUnavailable, OrgFault, PreImageUnsaved) as unreadable:
        ending = ending_of(unreadable)
        run.halt = run.halt or Halt(ending, unreadable.message, unreadable.code)
        updates.leave()
        return unreadable
    return None


def ending_of(error: LeadgateError) -> Ending:
    """How a run ends that such an error stops."""
    match error:
        case AccessRefused():
            return Ending.ACCESS
        case PreImageUnsaved():
            return Ending.UNSAVED
        case _:
            return Ending.UNAVAILABLE


def _account_for_the_rest(run: Run, planned: Sequence[Planned]) -> Mapping[str, Fate]:
    """Note actions that the run never came to, so that the ledger holds every one of the plan; all it holds then."""
    fates = run.ledger.fates(run.run_id)
    rest = [one.subject for one in planned if one.subject.key not in fates]
    if not rest:
        return fates
    code = run.halt.code if run.halt is not None and run.halt.code else "not_reached"
    run.note([(subject, Closing(key=subject.key, state=State.NOT_REACHED, code=code)) for subject in rest])
    return run.ledger.fates(run.run_id)


def _results(run: Run, planned: Sequence[Planned], fates: Mapping[str, Fate]) -> tuple[LeadResult, ...]:
    """Every action's fate, from the ledger; what the ledger doesn't hold would be a broken promise, and is an error."""
    if fates.keys() != run.keys:
        raise LeadgateError(
            f"the ledger accounts for {len(fates)} of {len(run.keys)} actions",
            place=f"run {run.run_id}",
            fix="keep the ledger as it is and report this; `leadgate audit` shows what happened",
            code="ledger_incomplete",
        )
    results: list[LeadResult] = []
    for one in planned:
        key = one.subject.key
        fate = fates[key]
        follow = run.followed.get(key)
        results.append(
            LeadResult(
                lead_id=one.action.lead_id,
                kind=one.action.kind,
                outcome=outcome_of(fate.state),
                code=fate.code,
                message=said(fate.code, run.messages.get(key)) if fate.state is not State.APPLIED else None,
                fields=fate.fields,
                made=fate.made,
                opportunity_fields=_follow_up_state(one.action, fate.state, follow),
                overtaken=run.overtaken.get(key, ()),
            )
        )
    return tuple(results)


def said(code: str | None, words: str | None) -> str | None:
    """Salesforce's own words where there are any, else ours for the code."""
    if code is None:
        return None
    return own.cause if (own := own_code(code)) else words or explain(code).cause


def _follow_up_state(action: Action, state: State, follow: State | None) -> str | None:
    if not isinstance(action, ConvertLead) or state is not State.APPLIED or not action.convert.opportunity_fields:
        return None
    return follow.value if follow is not None else State.NOT_REACHED.value

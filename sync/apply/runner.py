"""Carrying out a plan, from the lease to the account of every lead; the only function that converts and sets statuses.

One writer per org; what an earlier run left open is closed first; every lead is re-read; each intent is committed
before its request leaves; what has no answer is read back; in the end the ledger must add up to what was planned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sync.apply.context import ApplyOptions, Planned, Run
from sync.apply.conversions import convert_leads
from sync.apply.frame import ENDS_A_RUN, Framed, Work, framed, halt_for
from sync.apply.outcome import LeadResult, RunResult
from sync.apply.precondition import Ready, checked
from sync.apply.status_updates import StatusUpdates
from sync.apply.subjects import subject_of
from sync.ledger.entries import State, outcome_of
from sync.ledger.store import Ledger
from sync.plan.actions import Action, ConvertLead, Plan, Prediction
from sync.plan.forecast import reading_calls
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
    planned = [
        Planned(action, subject_of(plan.org_id, action))
        for action in plan.actions
        if action.prediction is Prediction.WILL_SUCCEED
    ]
    work = Work(
        org_id=plan.org_id,
        plan_id=plan.plan_id,
        created_at=plan.created_at,
        made_by="leadgate plan",
        kind="apply",
        policy_digest=plan.policy_digest,
        mapping_digest=plan.mapping_digest,
        counts=plan.counts,
        subjects=[one.subject for one in planned],
    )
    with framed(work, org, ledger, options or ApplyOptions()) as here:
        if here.may_begin:
            _carry_out(here.run, plan, planned)
    return here.result(list(_results(here, planned)), predicted_blocked=len(plan.actions) - len(planned))


def _carry_out(run: Run, plan: Plan, planned: Sequence[Planned]) -> None:
    """Re-read, then status updates, then conversions."""
    if not run.may_go_on(calls=reading_calls([one.action for one in planned])):
        return
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
    except ENDS_A_RUN as unreadable:
        halt_for(run, unreadable)
        updates.leave()
        raise


def _results(here: Framed, planned: Sequence[Planned]) -> Iterator[LeadResult]:
    """Every action's fate, from the ledger."""
    run = here.run
    for one in planned:
        key = one.subject.key
        fate = here.fates[key]
        yield LeadResult(
            lead_id=one.action.lead_id,
            kind=one.action.kind,
            outcome=outcome_of(fate.state),
            code=fate.code,
            message=here.message(key, fate.code),
            fields=fate.fields,
            made=fate.made,
            opportunity_fields=_follow_up_state(one.action, fate.state, run.followed.get(key)),
            overtaken=run.overtaken.get(key, ()),
        )


def _follow_up_state(action: Action, state: State, follow: State | None) -> str | None:
    if not isinstance(action, ConvertLead) or not action.convert.opportunity_fields:
        return None
    if follow is not None:
        return follow.value
    return State.NOT_REACHED.value if state is State.APPLIED else None

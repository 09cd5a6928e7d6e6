"""Making a plan from the command line: mirror, ledger and org of a workspace, and the clock, put together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.ledger.store import Ledger
    from sync.plan.actions import Plan
    from sync.plan.facts import Memory
    from sync.plan.matching import Named
    from sync.plan.pace import Pace
    from sync.policy.schema import Policy
    from sync.salesforce.org import OrgReader
    from sync.workspace import Workspace

LOOK_BACK = timedelta(days=30)
"""How far back own status writes count when a lead seems to flip between two values."""


def plan_now(
    workspace: Workspace,
    org: OrgReader,
    ledger: Ledger,
    policy: Policy,
    *,
    clock: datetime,
    lead_ids: Sequence[str] | None = None,
    forced: Collection[str] = (),
    named: Mapping[str, Named] | None = None,
    retry_refused: bool = False,
    by_name: bool = False,
) -> Plan:
    """A plan from the workspace's mirror as of `clock`; writes nothing (`sync.insight.planning`).

    Leads that the org refused and that nobody changed since are held, unless `retry_refused`; so are leads that
    stand for a conversion that was taken back, unless a person names these very leads (`by_name`).

    Raises:
        PolicyInvalid: The policy names statuses, stages or record types that the org doesn't have.
    """
    from sync.errors import PolicyInvalid
    from sync.insight.planning import draw_up
    from sync.insight.policy_fit import lint_policy_against
    from sync.policy.compile import compile_policy

    now = workspace.clock().replace(microsecond=0)
    org_id = org.identity.org_id
    unfit = lint_policy_against(policy, workspace.mapping, org).errors
    if unfit:
        raise PolicyInvalid(unfit)
    return draw_up(
        workspace.mirror,
        org,
        compiled=compile_policy(policy, workspace.mapping, clock),
        mapping=workspace.mapping,
        created_at=now,
        lead_ids=lead_ids,
        forced=forced,
        memory=_memory(ledger, org_id, policy, now, retry_refused=retry_refused, by_name=by_name),
        pace=ledger.pace(org_id),
        parallel_calls=workspace.org_settings.parallel_calls,
        named=named,
    )


def forecast_again(plan: Plan, policy: Policy, *, pace: Pace, parallel_calls: int) -> Plan:
    """The plan with the API calls that its actions cost now, and with the id of that; for one whose actions changed."""
    from dataclasses import replace

    from sync.plan.document import identified
    from sync.plan.forecast import forecast_calls

    calls = forecast_calls(plan.actions, canary=policy.limits.canary, pace=pace, parallel_calls=parallel_calls)
    return identified(replace(plan, forecast_calls=calls))


def _memory(
    ledger: Ledger, org_id: str, policy: Policy, now: datetime, *, retry_refused: bool, by_name: bool
) -> Memory:
    from sync.ledger.entries import LEAD_MODSTAMP
    from sync.plan.facts import Memory, RefusedBefore, StatusWrite
    from sync.salesforce.faults import explain

    written = ledger.status_writes(org_id, now - LOOK_BACK)
    hours = None if retry_refused else policy.limits.hold_refused_hours
    refused: dict[str, tuple[RefusedBefore, ...]] = {}
    if hours is not None:
        for entry in ledger.refusals(org_id, now - timedelta(hours=hours), policy_digest=policy.digest):
            stamp, subject = entry.evidence.get(LEAD_MODSTAMP), entry.subject
            if stamp is None or entry.code is None or explain(entry.code).kind.running_again_helps:
                continue
            one = RefusedBefore(
                kind=subject.kind,
                to=subject.target,
                code=entry.code,
                at=entry.changed_at,
                lead_modstamp=datetime.fromisoformat(stamp),
            )
            refused[subject.lead_id] = (*refused.get(subject.lead_id, ()), one)
    return Memory(
        status_writes={lead: tuple(StatusWrite(to=to, at=at) for to, at in w) for lead, w in written.items()},
        refused=refused,
        compensated={} if by_name else {new: old for old, new in ledger.made_leads(org_id).items()},
    )


def save(plan: Plan, path: Path) -> None:
    """Write the plan's file, private to the user, whole or not at all.

    Raises:
        InputInvalid: It can't be written there.
    """
    from sync.errors import InputInvalid
    from sync.plan.document import encode
    from sync.private_file import write_private

    try:
        write_private(path, encode(plan))
    except OSError as refused:
        raise InputInvalid(
            f"the plan can't be saved: {refused.strerror}", place=str(path), fix="name a file that you may write to"
        ) from refused


def plan_path(workspace: Workspace, plan: Plan) -> Path:
    """Where a plan lies that wasn't given a file."""
    return workspace.path("plans") / f"{plan.created_at:%Y%m%dT%H%M%SZ}-{plan.plan_id[:12]}.json"

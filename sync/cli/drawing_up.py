"""Making a plan from the command line: mirror, ledger and org of a workspace, and the clock, put together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.ledger.store import Ledger
    from sync.plan.actions import Plan
    from sync.plan.matching import Named
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
) -> Plan:
    """A plan from the workspace's mirror as of `clock`; writes nothing (`sync.insight.planning`).

    Raises:
        PolicyInvalid: The policy names statuses, stages or record types that the org doesn't have.
    """
    from sync.errors import PolicyInvalid
    from sync.insight.planning import draw_up
    from sync.insight.policy_fit import lint_policy_against
    from sync.plan.facts import StatusWrite
    from sync.plan.packing import FIRST_BATCH
    from sync.policy.compile import compile_policy

    now = workspace.clock().replace(microsecond=0)
    org_id = org.identity.org_id
    unfit = lint_policy_against(policy, workspace.mapping, org).errors
    if unfit:
        raise PolicyInvalid(unfit)
    written = ledger.status_writes(org_id, now - LOOK_BACK)
    with workspace.mirror() as mirror:
        return draw_up(
            mirror,
            org,
            compiled=compile_policy(policy, workspace.mapping, clock),
            mapping=workspace.mapping,
            created_at=now,
            lead_ids=lead_ids,
            forced=forced,
            status_writes={
                lead: tuple(StatusWrite(to=to, at=at) for to, at in writes) for lead, writes in written.items()
            },
            batch_size=ledger.batch_size(org_id) or FIRST_BATCH,
            named=named,
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

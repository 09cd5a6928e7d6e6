"""Deciding again, in the middle of an apply: leads that got new activities since the plan are not dropped needlessly.

The run asks for leads whose evidence moved; the mirror is brought up to date and the policy asked once more. Only where
its answer is the one that the plan rests on does the action stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.plan.actions import Action, Plan
    from sync.policy.decision import Decision
    from sync.policy.schema import Policy
    from sync.salesforce.org import Org
    from sync.workspace import Workspace

StillStands = Callable[[Sequence[str]], Mapping[str, bool]]


def decides_again(plan: Plan, *, org: Org, workspace: Workspace, policy: Policy) -> StillStands:
    """The question that `sync.apply` asks: lead ids in, whether every action of each still is what the policy wants."""

    def still_stands(lead_ids: Sequence[str]) -> Mapping[str, bool]:
        from sync.cli.commands.pull import run_pull
        from sync.policy.compile import compile_policy

        run_pull(workspace, org=org, tick=_quiet)
        compiled = compile_policy(policy, workspace.mapping, workspace.clock())
        with workspace.mirror() as mirror:
            decided = {decision.lead_id: decision for decision in mirror.decide(compiled, lead_ids)}
        return {
            lead_id: lead_id in decided
            and all(_same(decided[lead_id], a) for a in plan.actions if a.lead_id == lead_id)
            for lead_id in lead_ids
        }

    return still_stands


def _same(decision: Decision, action: Action) -> bool:
    from typing import assert_never

    from sync.plan.actions import ConvertLead, UpdateStatus
    from sync.policy.decision import Verdict

    match action:
        case ConvertLead():
            same = action.decision.forced or decision.verdict is Verdict.READY
        case UpdateStatus():
            same = decision.next_status is not None and decision.next_status.to == action.to
        case _:
            assert_never(action)
    return same


def _quiet(what: str, done: int = 0, total: int | None = None) -> None: ...

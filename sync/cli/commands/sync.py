"""`leadgate sync`: pull, plan and apply in one go, for schedules, within the policy's limits."""

from __future__ import annotations

import sys

import typer

from sync.cli import options
from sync.cli import overrides as allowed


def sync(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    policy_file: options.PolicyFile = None,
    max_failures: allowed.MaxFailures = None,
    max_conversions: allowed.MaxConversions = None,
    max_share: allowed.MaxShare = None,
    max_per_owner: allowed.MaxPerOwner = None,
    allow_stale: allowed.AllowStale = False,
    allow_empty: allowed.AllowEmpty = False,
    api_reserve: allowed.ApiReserve = None,
    retry_refused: allowed.RetryRefused = False,
    as_json: options.Json = False,
) -> None:
    """Pull, plan and apply; asks nobody, so the policy's limits are what holds it back."""
    from sync.cli import output
    from sync.cli.carry_out import draw_result, refusals, run_plan
    from sync.cli.clock import instant
    from sync.cli.commands.pull import run_pull
    from sync.cli.drawing_up import plan_now, plan_path, save
    from sync.cli.opened import open_workspace
    from sync.plan.guards import enforce

    workspace = open_workspace(folder, org)
    policy = workspace.policy(policy_file)
    let_pass = allowed.overrides(
        max_conversions=max_conversions,
        max_share=max_share,
        max_per_owner=max_per_owner,
        allow_stale=allow_stale,
        allow_empty=allow_empty,
        api_reserve=api_reserve,
    )
    stop_at = allowed.share(max_failures, "--max-failures")
    writer = workspace.writer()
    with output.progress(quiet=as_json) as tick:
        pulled = run_pull(workspace, org=writer, tick=tick)
    with workspace.ledger() as ledger:
        now = instant(None, workspace.clock)
        plan = plan_now(workspace, writer, ledger, policy, clock=now, retry_refused=retry_refused)
        path = plan_path(workspace, plan)
        save(plan, path)
        enforce(refusals(plan, policy, writer, workspace, let_pass))
        result = run_plan(
            plan,
            org=writer,
            ledger=ledger,
            workspace=workspace,
            policy=policy,
            overrides=let_pass,
            max_failures=stop_at,
            as_json=as_json,
        )
    if as_json:
        output.emit_json({**result.as_json(), "pull": pulled.as_json(), "plan_file": path, "counts": plan.counts})
    else:
        sys.stdout.write(f"pulled {pulled.changed:,} changes; plan saved to {path}\n")
        draw_result(result, instance_url=writer.identity.instance_url)
    raise typer.Exit(result.exit_code())

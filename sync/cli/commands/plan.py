"""`leadgate plan`: the frozen list of what would be done, saved to a file, for a person to judge."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from sync.cli import options
from sync.cli import overrides as allowed
from sync.cli.exits import Exit


def plan(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    policy_file: options.PolicyFile = None,
    file: Annotated[
        Path | None, typer.Option("-o", "--output", help="The plan's file; else .leadgate/ORG/plans/.")
    ] = None,
    as_of: options.AsOf = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write the held leads, with owner, cause and fix, to this CSV file.")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=0, help="Leads to show of each kind.")] = 25,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 4 when a lead is predicted to be blocked.")] = False,
    max_conversions: allowed.MaxConversions = None,
    max_share: allowed.MaxShare = None,
    max_per_owner: allowed.MaxPerOwner = None,
    allow_stale: allowed.AllowStale = False,
    allow_empty: allowed.AllowEmpty = False,
    api_reserve: allowed.ApiReserve = None,
    retry_refused: allowed.RetryRefused = False,
    as_json: options.Json = False,
) -> None:
    """Plan status updates and conversions; reads the org, writes nothing to it."""
    from sync.cli import output
    from sync.cli.carry_out import refusals
    from sync.cli.clock import instant
    from sync.cli.drawing_up import plan_now, plan_path, save
    from sync.cli.held_leads import write_held
    from sync.cli.lead_owners import owners_of
    from sync.cli.opened import open_workspace
    from sync.cli.plan_view import draw_plan
    from sync.plan.document import encode

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
    reader = workspace.reader()
    with output.progress(quiet=as_json) as tick, workspace.ledger() as ledger:
        tick("planning")
        now = instant(as_of, workspace.clock)
        made = plan_now(workspace, reader, ledger, policy, clock=now, retry_refused=retry_refused)
    path = file or plan_path(workspace, made)
    save(made, path)
    if csv_file is not None:
        write_held(csv_file, made, owners_of(workspace, [action.lead_id for action in made.actions]))
    held = refusals(made, policy, reader, workspace, let_pass)
    if as_json:
        guards = [{"guard": r.guard, "message": r.message, "override": r.override} for r in held]
        output.emit_json({**json.loads(encode(made)), "file": path, "guards": guards})
    else:
        draw_plan(made, rows=rows, refusals=held)
        if csv_file is not None:
            sys.stdout.write(f"\nheld leads written to {csv_file}")
        sys.stdout.write(f"\nsaved to {path}; nothing was written to the org\nnext: leadgate apply {path}\n")
    if held:
        raise typer.Exit(Exit.GUARD_REFUSED)
    if strict and made.counts["predicted_blocked"]:
        raise typer.Exit(Exit.SOME_REJECTED)

"""`leadgate convert`: the admin's one-off: shows exactly what would be made, matched and lost, asks, converts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.cli import overrides as allowed
from sync.cli.exits import Exit
from sync.errors import GuardRefused, InputInvalid

if TYPE_CHECKING:
    from sync.plan.actions import Plan
    from sync.policy.compile import CompiledPolicy
    from sync.policy.schema import Policy
    from sync.workspace import Workspace


def convert(
    leads: Annotated[list[str] | None, typer.Argument(metavar="LEAD…", help="Lead ids.")] = None,
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    policy_file: options.PolicyFile = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="A CSV with a column of lead ids.")] = None,
    where: Annotated[str | None, typer.Option("--where", help="An expression over lead fields.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="Attach to this account (id).")] = None,
    contact: Annotated[str | None, typer.Option("--contact", help="Attach to this contact (id).")] = None,
    opportunity: Annotated[str | None, typer.Option("--opportunity", help="Attach to this opportunity (id).")] = None,
    opportunity_name: Annotated[str | None, typer.Option("--opportunity-name", help="Make one of this name.")] = None,
    no_opportunity: Annotated[bool, typer.Option("--no-opportunity", help="Make none.")] = False,
    owner: Annotated[str | None, typer.Option("--owner", help="Owner of what is made (id or username).")] = None,
    status: Annotated[str | None, typer.Option("--status", help="The converted Lead Status.")] = None,
    notify: Annotated[bool, typer.Option("--notify", help="Let Salesforce mail the owner.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also where the policy says not ready.")] = False,
    pull: Annotated[bool, typer.Option("--pull/--no-pull", help="Bring the mirror up to date first.")] = True,
    yes: options.Yes = False,
    max_failures: allowed.MaxFailures = None,
    max_conversions: allowed.MaxConversions = None,
    max_per_owner: allowed.MaxPerOwner = None,
    allow_stale: allowed.AllowStale = False,
    api_reserve: allowed.ApiReserve = None,
    as_json: options.Json = False,
) -> None:
    """Convert chosen leads, after a preview and a question."""
    from sync.cli import output
    from sync.cli.carry_out import ask, draw_result, refusals, run_plan
    from sync.cli.clock import instant
    from sync.cli.commands.pull import run_pull
    from sync.cli.conversion_wishes import Wishes, check, check_owner, check_status, named_records, policy_with
    from sync.cli.drawing_up import forecast_again, plan_now, plan_path, save
    from sync.cli.lead_choice import compile_where
    from sync.cli.opened import open_workspace
    from sync.cli.plan_view import draw_plan
    from sync.plan.guards import enforce

    wishes = Wishes(
        status=status,
        owner=owner,
        account=account,
        contact=contact,
        opportunity=opportunity,
        opportunity_name=opportunity_name,
        no_opportunity=no_opportunity,
        notify=notify,
    )
    let_pass = allowed.overrides(
        max_conversions=max_conversions,
        max_share="100%",  # chosen one by one: a share says nothing
        max_per_owner=max_per_owner,
        allow_stale=allow_stale,
        allow_empty=False,
        api_reserve=api_reserve,
    )
    stop_at = allowed.share(max_failures, "--max-failures")
    given = _given(leads, csv_file, where)
    workspace = open_workspace(folder, org)
    policy = policy_with(workspace.policy(policy_file), wishes)
    now = instant(None, workspace.clock)
    chosen = compile_where(where, workspace.mapping, now) if where is not None else None
    writer = workspace.writer()
    check_status(wishes, writer)
    check_owner(wishes, writer)
    if pull:
        with output.progress(quiet=as_json) as tick:
            run_pull(workspace, org=writer, tick=tick)
    ids = given if chosen is None else _where(workspace, chosen)
    check(wishes, ids)
    if not ids:
        raise InputInvalid("no open lead fits", place="--where", fix="try it with `leadgate check --list` first")
    named = named_records(wishes, writer)
    with workspace.ledger() as ledger:
        plan = plan_now(
            workspace,
            writer,
            ledger,
            policy,
            clock=now,
            lead_ids=ids,
            forced=ids if force else (),
            named={ids[0]: named} if named else None,
            retry_refused=True,
            by_name=chosen is None,
        )
        pace, lanes = ledger.pace(plan.org_id), workspace.org_settings.parallel_calls
        plan = forecast_again(
            _conversions_only(plan, ids, policy, force=force), policy, pace=pace, parallel_calls=lanes
        )
        path = plan_path(workspace, plan)
        save(plan, path)
        if not as_json:
            draw_plan(plan, rows=len(ids))
        enforce(refusals(plan, policy, writer, workspace, let_pass))
        sendable = plan.counts["will_succeed"]
        if sendable:
            ask(f"Convert {sendable} of {len(ids)} leads? It can't be undone.", yes=yes, as_json=as_json)
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
        output.emit_json({**result.as_json(), "plan_file": path})
    else:
        sys.stdout.write("\n")
        draw_result(result, instance_url=writer.identity.instance_url, rows=len(ids))
    code = result.exit_code()
    raise typer.Exit(code if code or sendable == len(ids) else Exit.SOME_REJECTED)


def _given(leads: list[str] | None, csv_file: Path | None, where: str | None) -> list[str]:
    from sync.cli.lead_choice import distinct, ids_in_csv, lead_id_of

    if sum(bool(way) for way in (leads, csv_file, where)) != 1:
        raise InputInvalid(
            "name the leads in one way: ids, --csv or --where", place="LEAD…", fix="e.g. leadgate convert 00Q…"
        )
    if csv_file is not None:
        ids = distinct(ids_in_csv(csv_file))
        if not ids:
            raise InputInvalid("the CSV holds no lead", place=str(csv_file), fix="a row per lead")
        return ids
    return distinct([lead_id_of(text, "LEAD…") for text in leads or ()])


def _where(workspace: Workspace, chosen: CompiledPolicy) -> list[str]:
    from sync.cli.lead_choice import ids_where

    with workspace.mirror() as mirror:
        return ids_where(chosen, mirror)


def _conversions_only(plan: Plan, ids: list[str], policy: Policy, *, force: bool) -> Plan:
    """The plan without status updates; refuses leads that the policy doesn't call ready, unless forced.

    Raises:
        InputInvalid: A lead isn't in the mirror.
        GuardRefused: A lead isn't ready, and `--force` wasn't given.
    """
    from dataclasses import replace

    from sync.plan.actions import ConvertLead, Prediction

    actions = tuple(action for action in plan.actions if isinstance(action, ConvertLead))
    planned = {action.lead_id for action in actions}
    left_out = [lead_id for lead_id in ids if lead_id not in planned]
    if plan.counts["leads"] < len(ids):
        missing = len(ids) - plan.counts["leads"]
        raise InputInvalid(
            f"{missing} of these leads are not in the mirror, deleted or merged: among {', '.join(left_out[:5])}",
            place="LEAD…",
            fix="check the ids; `leadgate explain LEAD` follows merged leads",
        )
    if left_out and not force:
        shown = ", ".join(left_out[:5]) + (" …" if len(left_out) > 5 else "")
        raise GuardRefused(
            f"policy {policy.name} does not call {len(left_out)} of these leads ready: {shown}",
            place="policy",
            fix="`leadgate explain LEAD` says why; to convert against the policy pass --force, and the ledger says so",
        )
    blocked = sum(action.prediction is Prediction.BLOCKED for action in actions)
    counts = {
        **plan.counts,
        "update_status": 0,
        "convert_lead": len(actions),
        "will_succeed": len(actions) - blocked,
        "predicted_blocked": blocked,
    }
    return replace(plan, actions=actions, counts=counts)

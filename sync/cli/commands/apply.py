"""`leadgate apply`: carry out a saved plan, that very file, once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from sync.cli import options
from sync.cli import overrides as allowed
from sync.errors import PlanInvalid

MAKE_ONE = "make one with `leadgate plan -o FILE`"


def apply(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A plan that `leadgate plan` or `leadgate compensate` saved.")
    ],
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    policy_file: options.PolicyFile = None,
    yes: options.Yes = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 4 also for leads that were predicted blocked.")
    ] = False,
    allow_old_plan: Annotated[bool, typer.Option("--allow-old-plan", help="Past limits.plan_valid_hours too.")] = False,
    allow_other_policy: Annotated[
        bool, typer.Option("--allow-other-policy", help="Although the policy has changed since the plan was made.")
    ] = False,
    max_failures: allowed.MaxFailures = None,
    max_conversions: allowed.MaxConversions = None,
    max_share: allowed.MaxShare = None,
    max_per_owner: allowed.MaxPerOwner = None,
    allow_stale: allowed.AllowStale = False,
    allow_empty: allowed.AllowEmpty = False,
    api_reserve: allowed.ApiReserve = None,
    as_json: options.Json = False,
) -> None:
    """Carry out a plan: re-reads every lead, converts in waves, accounts for each action."""
    from sync.cli import output
    from sync.cli.carry_out import ask, draw_result, refusals, run_plan
    from sync.cli.carry_out_compensation import carry_out_compensation
    from sync.cli.opened import open_workspace
    from sync.plan import render
    from sync.plan.codec import decode
    from sync.plan.compensation_file import is_compensation
    from sync.plan.guards import enforce

    let_pass = allowed.overrides(
        max_conversions=max_conversions,
        max_share=max_share,
        max_per_owner=max_per_owner,
        allow_stale=allow_stale,
        allow_empty=allow_empty,
        api_reserve=api_reserve,
    )
    text = text_of(file)
    if is_compensation(text):
        carry_out_compensation(
            text,
            file,
            open_workspace(folder, org),
            yes=yes,
            allow_old_plan=allow_old_plan,
            max_failures=allowed.share(max_failures, "--max-failures"),
            api_reserve=let_pass.api_reserve,
            as_json=as_json,
        )
    plan = decode(text, str(file))
    workspace = open_workspace(folder, org)
    policy = workspace.policy(policy_file)
    if plan.policy_digest != policy.digest and not allow_other_policy:
        raise PlanInvalid(
            f"the policy {policy.name} is not the one that this plan was made by",
            place=f"{file}: policy_digest",
            fix="make a new plan with `leadgate plan`, or pass --allow-other-policy",
        )
    writer = workspace.writer()
    enforce(refusals(plan, policy, writer, workspace, let_pass))
    figures = render.summary(plan)
    ask(
        f"Convert {figures.will_convert:,} leads and set the status of {figures.will_update:,} in "
        f"{writer.identity.org_name or writer.identity.org_id}? A conversion can't be undone.",
        yes=yes,
        as_json=as_json,
    )
    with workspace.ledger() as ledger:
        result = run_plan(
            plan,
            org=writer,
            ledger=ledger,
            workspace=workspace,
            policy=policy,
            overrides=let_pass,
            max_failures=allowed.share(max_failures, "--max-failures"),
            allow_old_plan=allow_old_plan,
            as_json=as_json,
        )
    if as_json:
        output.emit_json(result.as_json())
    else:
        draw_result(result, instance_url=writer.identity.instance_url)
    raise typer.Exit(result.exit_code(strict=strict))


def text_of(file: Path) -> str:
    """The text of a plan's file.

    Raises:
        PlanInvalid: It can't be read, or is no text.
    """
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise PlanInvalid(
            "this is no plan: not UTF-8 text", place=str(file), fix="name a file that `leadgate plan` saved"
        ) from None
    except OSError as missing:
        raise PlanInvalid(
            f"the plan can't be read: {os.strerror(missing.errno or 0)}",
            place=str(file),
            fix="make one with `leadgate plan -o FILE`",
        ) from missing

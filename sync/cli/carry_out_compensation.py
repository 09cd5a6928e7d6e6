"""Carrying out a compensation plan from the command line: shown, asked, done; `leadgate apply` comes here.

It rests on no policy: only the limits that concern any writing hold, the reserve of API calls and the share of
failures, with their defaults or as the options say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from sync.workspace import Workspace


def carry_out_compensation(
    text: str,
    file: Path,
    workspace: Workspace,
    *,
    yes: bool,
    allow_old_plan: bool,
    max_failures: float | None,
    api_reserve: float | None,
    as_json: bool,
) -> NoReturn:
    """Show the plan, ask, carry it out, and end with its exit code.

    Raises:
        PlanInvalid: The plan can't be carried out.
        WrongUse, Interrupted: Nobody to ask, or a no.
    """
    from sync import __version__
    from sync.apply.compensate import apply_compensation
    from sync.apply.context import ApplyOptions
    from sync.apply.outcome import Progress
    from sync.cli import output
    from sync.cli.carry_out import ask, stoppable
    from sync.cli.compensation_view import draw_compensation, draw_outcome
    from sync.plan.compensation_file import decode
    from sync.policy.schema import Limits

    plan = decode(text, str(file))
    org = workspace.writer()
    if not as_json:
        draw_compensation(plan)
    counts, usual = plan.counts, Limits()
    ask(
        f"Make {counts['create_lead']:,} new leads and delete {counts['delete_record']:,} records in "
        f"{org.identity.org_name or org.identity.org_id}? This is no undo.",
        yes=yes,
        as_json=as_json,
    )
    limits = Limits(
        stop_at_failures=usual.stop_at_failures if max_failures is None else max_failures,
        api_reserve=usual.api_reserve if api_reserve is None else api_reserve,
    )
    with workspace.ledger() as ledger, output.progress(quiet=as_json) as tick, stoppable() as stop:

        def show(step: Progress) -> None:
            tick("compensating", step.done, step.planned)

        options = ApplyOptions(
            limits=limits,
            allow_old_plan=allow_old_plan,
            stop=stop,
            on_progress=show,
            pre_images=workspace.pre_images(),
            clock=workspace.clock,
            version=__version__,
        )
        result = apply_compensation(plan, org, ledger, options)
    if as_json:
        output.emit_json(result.as_json())
    else:
        draw_outcome(result, instance_url=org.identity.instance_url)
    raise typer.Exit(result.run.exit_code())

"""`leadgate funnel`: how leads become opportunities, counted from the mirror alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from sync.cli import options


class By(StrEnum):
    """What to group leads by."""

    SOURCE = "source"
    OWNER = "owner"
    MONTH = "month"


class Cohort(StrEnum):
    """Time of creation that leads are grouped by."""

    MONTH = "month"
    QUARTER = "quarter"


def funnel(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    policy_file: options.PolicyFile = None,
    by: Annotated[By | None, typer.Option("--by", help="Group leads by source, owner or month of creation.")] = None,
    cohort: Annotated[
        Cohort | None,
        typer.Option("--cohort", help="Group leads by month or quarter of creation; quarter if there's no --by."),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Only leads made on this UTC day or later.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Only leads made on this UTC day or before.")
    ] = None,
    horizon: Annotated[
        str | None,
        typer.Option("--horizon", help="Time that a lead is given to convert, e.g. 90d; else what 9 of 10 needed."),
    ] = None,
    context: Annotated[
        bool, typer.Option("--context", help="Also show published figures of other companies, labelled as such.")
    ] = False,
    as_of: options.AsOf = None,
    as_json: options.Json = False,
) -> None:
    """Show how leads become opportunities: rates with intervals, times, first response, velocity."""
    from sync.cli import funnel_view, output
    from sync.cli.clock import instant
    from sync.cli.durations import duration
    from sync.cli.opened import open_workspace
    from sync.errors import InputInvalid
    from sync.insight.funnel import Cut, Window
    from sync.insight.funnel_report import measure_funnel
    from sync.policy.compile import compile_policy

    if since is not None and until is not None and until < since:
        raise InputInvalid("--to lies before --from", place="--to", fix="give the later day as --to")
    given = duration(horizon, place="--horizon") if horizon is not None else None
    workspace = open_workspace(folder, org)
    compiled = compile_policy(workspace.policy(policy_file), workspace.mapping, instant(as_of, workspace.clock))
    window = Window(
        since=since.replace(tzinfo=UTC) if since else None,
        until=until.replace(tzinfo=UTC) + timedelta(days=1) if until else None,
    )
    named = [cohort or (Cohort.QUARTER if by is None else None), by]
    cuts = tuple(dict.fromkeys(Cut(each.value) for each in named if each is not None))
    with workspace.mirror() as mirror, output.progress(quiet=as_json) as tick:
        tick("counting leads")
        report = measure_funnel(mirror, compiled, workspace.mapping, window=window, cuts=cuts, horizon=given)
    if as_json:
        output.emit_json(funnel_view.document(report, context=context))
    else:
        funnel_view.draw(report, context=context)

"""`leadgate policy backtest`: what policies would have done in the org's own past, against what people did."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.errors import InputInvalid, PolicyInvalid
from sync.insight.backtest.grouping import Grouping
from sync.mirror.past.unproven import Unproven

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.insight.backtest.report import Backtest, Report
    from sync.policy.schema import Policy
    from sync.workspace import Workspace

MOMENTS = ("interest-shown", "meeting-agreed", "pricing-discussed")
"""The shipped policies of the three moments at which teams convert."""


def backtest(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    policies: Annotated[
        list[str] | None,
        typer.Option("--policy", metavar="POLICY", help="A policy file or a shipped pack; give several to compare."),
    ] = None,
    moments: Annotated[
        bool, typer.Option("--moments", help="Compare the three moments: interest, meeting, pricing.")
    ] = False,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day; a year before the last.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last UTC day; the mirror's newest.")
    ] = None,
    unproven: Annotated[
        Unproven,
        typer.Option("--unproven", help="What a field is before anything tells of it: constant, or unknown."),
    ] = Unproven.CONSTANT,
    by: Annotated[Grouping | None, typer.Option("--by", help="Also count by source, owner or month.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a row per policy and lead here.")] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", help="Write one page with tables and charts here.")
    ] = None,
    png_file: Annotated[Path | None, typer.Option("--png", help="Write the charts here.")] = None,
    as_json: options.Json = False,
) -> None:
    """Replay policies over the org's own past, day by day, strictly by what was known then."""
    from sync.cli import backtest_files, backtest_view, output
    from sync.cli.opened import open_workspace
    from sync.insight.backtest.period import chosen_period
    from sync.insight.backtest.report import Backtest
    from sync.insight.owners import owner_names

    if html_file is not None or png_file is not None:
        backtest_files.refuse_without_charts()
    workspace = open_workspace(folder, org)
    chosen = _chosen(workspace, policies or (), moments=moments)
    with workspace.mirror() as mirror, mirror.session() as session, output.progress(quiet=as_json) as tick:
        known_until = mirror.watermark()
        if known_until is None:
            raise InputInvalid("nothing has been pulled yet", place="--to", fix="run `leadgate pull`")
        period = chosen_period(
            None if first is None else first.date(), None if last is None else last.date(), known_until=known_until
        )
        done = Backtest.run(session, workspace.mapping, chosen, period, tell=tick, unproven=unproven)
        tick("counting")
        report = done.report()
        owners = {each for result in report.policies for each in result.by[Grouping.OWNER]}
        names = owner_names(mirror, workspace.mapping, owners) if by is Grouping.OWNER else {}
        _write(done, report, csv_file=csv_file, html_file=html_file, png_file=png_file)
    if as_json:
        output.emit_json(backtest_view.document(report))
    else:
        backtest_view.draw(
            report, by=by, names=names, written=[path for path in (csv_file, html_file, png_file) if path is not None]
        )


def _write(
    done: Backtest, report: Report, *, csv_file: Path | None, html_file: Path | None, png_file: Path | None
) -> None:
    from sync.cli import backtest_files

    if csv_file is not None:
        backtest_files.write_csv(csv_file, done.leads())
    if html_file is not None:
        backtest_files.write_html(html_file, report)
    if png_file is not None:
        backtest_files.write_png(png_file, report)


def _chosen(workspace: Workspace, named: Sequence[str], *, moments: bool) -> list[Policy]:
    """The policies named; without any, the folder's own and the three moments."""
    from sync.cli.policy_choice import chosen_policy

    if named:
        wanted = [*named, *(MOMENTS if moments else ())]
        return [chosen_policy(workspace, name, place="--policy") for name in dict.fromkeys(wanted)]
    own = [] if moments else [workspace.policy()]
    packs = []
    for name in MOMENTS:
        try:
            packs.append(chosen_policy(workspace, name, place="--moments"))
        except PolicyInvalid:
            if moments:
                raise
            # a shipped policy that speaks of fields this folder doesn't map is no fault of the folder's own policy
    return own + [pack for pack in packs if not own or pack.name != own[0].name]

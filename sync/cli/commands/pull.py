"""`leadgate pull`: bring the mirror up to the org, and prove that nothing is missing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.cli.output import Tick
    from sync.mirror.pull import Progress, PullReport
    from sync.salesforce.org import OrgReader
    from sync.workspace import Workspace


def pull(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    objects: Annotated[
        list[str] | None, typer.Option("--object", help="Only this object (may be given several times).")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, whatever the mirror holds.")] = False,
    as_json: options.Json = False,
) -> None:
    """Read what changed in the org into the mirror."""
    from sync.cli import output
    from sync.cli.opened import open_workspace

    with output.progress(quiet=as_json) as tick:
        workspace = open_workspace(folder, org)
        report = run_pull(workspace, org=workspace.reader(), objects=objects, full=full, tick=tick)
    if as_json:
        output.emit_json(report.as_json())
    else:
        draw(report)


def run_pull(
    workspace: Workspace, *, org: OrgReader, objects: list[str] | None = None, full: bool = False, tick: Tick
) -> PullReport:
    """One pull into a workspace's mirror; `sync` and `convert` run it too."""
    from sync.cli.likelihoods import renew
    from sync.mirror.pull import pull as run

    report = run(
        org,
        workspace.mirror_path,
        workspace.mapping,
        clock=workspace.clock,
        objects=objects,
        full=full,
        progress=_shown(tick),
        wait=workspace.wait_for_mirror(),
    )
    renew(workspace, changed=bool(report.changed), tick=tick)
    return report


def _shown(tick: Tick) -> Callable[[Progress], None]:
    def show(step: Progress) -> None:
        tick(f"{step.object}: {step.doing}", step.records)

    return show


def draw(report: PullReport) -> None:
    """One line per object: what the org counts, what came, what went."""
    from sync.cli import output
    from sync.cli.safe_text import one_line

    rows = []
    for name, record in report.objects.items():
        row = record.as_json()
        figures = (f"{row[key]:,}" for key in ("expected", "received", "deleted", "merged"))
        rows.append((name, *figures, str(row["route"] or "")))
    columns = ("object", "expected", "received", "deleted", "merged", "route")
    output.stdout().print(output.table(None, columns, rows, right=columns[1:5]))
    for warning in report.warnings:
        sys.stdout.write(f"warning: {one_line(warning)}\n")
    sys.stdout.write(
        f"\n{report.changed:,} records new or changed, {report.api_calls} API calls, {report.seconds:.1f} s\n"
    )
    sys.stdout.write("next: leadgate check\n")

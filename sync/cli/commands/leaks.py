"""`leadgate leaks`: where leads fall through, counted and listed from the mirror alone."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.cli.export import export
from sync.cli.rate_cells import rate_cell, rate_document
from sync.cli.safe_text import csv_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from sync.insight.leak_report import LeakReport
    from sync.insight.leaks import LeakName, LeakRow

CSV_COLUMNS = ("leak", "lead_id", "owner_id", "opportunity_id", "since", "detail")


def leaks(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    policy_file: options.PolicyFile = None,
    response: Annotated[
        str, typer.Option("--response", help="The response time that is promised, in calendar time: 90m, 24h, 2d.")
    ] = "24h",
    since: Annotated[
        str, typer.Option("--since", help="How far back conversions and responses are looked at: 90d, 26w.")
    ] = "90d",
    list_: Annotated[str | None, typer.Option("--list", metavar="LEAK", help="List the leads of this leak.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Leads shown with --list; --csv and --json have all.")
    ] = 20,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write a row per lead, of the listed leak or of all, to this CSV file.")
    ] = None,
    as_of: options.AsOf = None,
    as_json: options.Json = False,
) -> None:
    """Show where leads fall through: left lying, converted too early, nobody's, late, lost right after."""
    from sync.cli import output
    from sync.cli.clock import instant
    from sync.cli.durations import duration
    from sync.cli.opened import open_workspace
    from sync.insight.leak_report import measured_leaks
    from sync.insight.leaks import LeakName
    from sync.insight.owners import owner_names
    from sync.policy.compile import compile_policy

    promised, back = duration(response, place="--response"), duration(since, place="--since")
    wanted = [_named(list_)] if list_ is not None else []
    workspace = open_workspace(folder, org)
    compiled = compile_policy(workspace.policy(policy_file), workspace.mapping, instant(as_of, workspace.clock))
    with workspace.mirror() as mirror, output.progress(quiet=as_json) as tick:
        tick("looking for leaks")
        with measured_leaks(mirror, compiled, workspace.mapping, response=promised, back=back) as report:
            listed = list(report.rows(wanted))
            if csv_file is not None:
                _write_csv(csv_file, report.rows(wanted or list(LeakName)))
            names = owner_names(mirror, workspace.mapping, {row.owner_id for row in listed[:limit]})
    if as_json:
        shown = _document(report, compiled.policy.name, compiled.now, response=promised, back=back)
        output.emit_json(shown | ({"leads": [_row(row) for row in listed]} if wanted else {}))
        return
    _draw(report, compiled.policy.name, compiled.now)
    if wanted:
        _draw_list(listed, names, limit)
    if csv_file is not None:
        sys.stdout.write(f"written to {csv_file}\n")


def _named(text: str) -> LeakName:
    from sync.errors import InputInvalid
    from sync.insight.leaks import LeakName

    try:
        return LeakName(text)
    except ValueError:
        known = ", ".join(LeakName)
        raise InputInvalid(f"there is no leak {text!r}", place="--list", fix=f"one of {known}") from None


def _document(
    report: LeakReport, policy: str, now: datetime, *, response: timedelta, back: timedelta
) -> dict[str, object]:
    return {
        "policy": policy,
        "as_of": now,
        "mirror_as_of": report.watermark,
        "response_hours": response.total_seconds() / 3600,
        "since_days": back.total_seconds() / 86_400,
        "leaks": [
            {
                "name": leak.name,
                "label": leak.label,
                "leads": leak.leads,
                "rate": rate_document(leak.rate),
                "of": leak.of,
                "next": leak.next,
            }
            for leak in report.leaks
        ],
        "notes": report.notes,
    }


def _row(row: LeakRow) -> dict[str, object]:
    return {
        "leak": row.leak,
        "lead_id": row.lead_id,
        "owner_id": row.owner_id,
        "opportunity_id": row.opportunity_id,
        "since": row.since,
        "detail": row.detail,
    }


def _draw(report: LeakReport, policy: str, now: datetime) -> None:
    from rich.text import Text

    from sync.cli import output
    from sync.cli.freshness import mirror_age

    console = output.stdout()
    console.print(Text(f"leaks, by policy {policy}", "bold"))
    console.print(Text(mirror_age(report.watermark, now), "dim"))
    rows = [(leak.name.value, f"{leak.leads:,}", leak.label, rate_cell(leak.rate), leak.of) for leak in report.leaks]
    columns = ("leak", "leads", "what", "share", "of")
    console.print(output.table(None, columns, rows, right=("leads",)))
    advice = [(leak.name.value, leak.next) for leak in report.leaks if leak.leads]
    if advice:
        console.print()
        console.print(output.table(None, ("leak", "what to do"), advice))
    for note in report.notes:
        console.print(Text(f"note: {note}", "yellow"))
    sys.stdout.write("\nnext: --list LEAK lists the leads of one; --csv FILE writes them all\n")


def _draw_list(listed: Sequence[LeakRow], names: Mapping[str | None, str], limit: int) -> None:
    from sync.cli import output

    rows = [
        (row.lead_id, names.get(row.owner_id, row.owner_id), row.since and f"{row.since:%Y-%m-%d %H:%M}", row.detail)
        for row in listed[:limit]
    ]
    sys.stdout.write("\n")
    output.stdout().print(output.table(None, ("lead", "owner", "since (UTC)", "detail"), rows))
    if len(listed) > limit:
        sys.stdout.write(f"… and {len(listed) - limit:,} more; --limit, --csv and --json show them\n")


def _write_csv(path: Path, rows: Iterable[LeakRow]) -> None:
    with export(path) as file:
        writer = csv.writer(file)
        writer.writerow(CSV_COLUMNS)
        for row in rows:
            since = f"{row.since:%Y-%m-%dT%H:%M:%SZ}" if row.since else None
            cells = (row.leak.value, row.lead_id, row.owner_id, row.opportunity_id, since, row.detail)
            writer.writerow([csv_cell(cell) for cell in cells])

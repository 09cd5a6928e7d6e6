"""`leadgate report`: what a run did; counts, failures by cause with the fix, a row per lead to hand on."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.cli.export import export
from sync.cli.safe_text import csv_cell
from sync.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.report.summary import RunSummary


def report(
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="A run's id or its beginning; else the last run.")
    ] = None,
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a row for every lead to this CSV file.")] = None,
    as_json: options.Json = False,
) -> None:
    """Summarise a run from the ledger."""
    from sync.cli import output
    from sync.cli.lead_owners import owners_of
    from sync.cli.opened import open_workspace
    from sync.report.summary import find_run, summarise

    workspace = open_workspace(folder, org)
    with workspace.ledger() as ledger:
        runs = ledger.runs(workspace.org_id(ledger))
        run = find_run(runs, run_id)
        if run is None:
            known = ", ".join(r.run_id[:12] for r in runs[-5:]) or "none yet"
            raise InputInvalid(f"no run {run_id or ''!r} in this ledger", place="RUN", fix=f"the last ones: {known}")
        summary = summarise(ledger, run)
    if csv_file is not None:
        write_csv(csv_file, summary, owners_of(workspace, [lead.lead_id for lead in summary.leads]))
    if as_json:
        output.emit_json(document(summary))
    else:
        draw(summary)
        if csv_file is not None:
            sys.stdout.write(f"\nwritten to {csv_file}\n")
        elif summary.causes:
            sys.stdout.write("\nnext: leadgate report --csv FILE lists these leads with their owners, to hand on\n")


def document(summary: RunSummary) -> dict[str, object]:
    """The summary for `--json`."""
    run = summary.run
    return {
        "run_id": run.run_id,
        "plan_id": run.start.plan_id,
        "kind": run.start.kind,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "ended": run.ended,
        "planned": run.start.planned,
        "counts": run.start.counts,
        "outcomes": summary.outcomes,
        "adds_up": summary.adds_up,
        "follow_ups": summary.follow_ups,
        "causes": summary.causes,
        "leads": summary.leads,
    }


def draw(summary: RunSummary) -> None:
    """The summary for people."""
    from sync.cli import output
    from sync.cli.overtaken_view import draw_overtaken

    console = output.stdout()
    run = summary.run
    took = f", {(run.finished_at - run.started_at).total_seconds():.1f} s" if run.finished_at else ""
    console.print(
        f"run {run.run_id} ({run.start.kind}, {run.ended or 'not finished'}{took})", style="bold", markup=False
    )
    console.print(accounted(run.start.counts), markup=False)
    console.print(
        output.table(
            None,
            ("outcome", "actions"),
            [(name.replace("_", " "), f"{count:,}") for name, count in summary.outcomes.items()]
            + [("planned", f"{run.start.planned:,}")],
            right=("actions",),
        )
    )
    overtaken = [lead for lead in summary.leads if lead.changed_before_conversion]
    if overtaken:
        console.print()
        draw_overtaken([(lead.lead_id, lead.changed_before_conversion) for lead in overtaken])
    if not summary.adds_up:
        console.print("the outcomes don't add up to what was planned: run `leadgate recover`", style="bold red")
    if summary.causes:
        console.print()
        rows = [
            (f"{c.leads:,}", c.code, c.cause, ", ".join(c.fields), c.fix, "yes" if c.running_again_helps else "no")
            for c in summary.causes
        ]
        columns = ("leads", "code", "cause", "fields", "fix", "again helps")
        console.print(output.table("what stood in the way", columns, rows, right=("leads",)))
        if any("message" in c.fix for c in summary.causes):
            console.print(
                "The org's own messages are shown when a run ends; they may quote a record, so they are not kept."
            )


def accounted(counts: Mapping[str, int]) -> str:
    """Every lead of a run in one sentence."""
    if not counts:
        return "no plan behind it: this run only closed what earlier ones had left open"
    if "compensated_leads" in counts:
        made = counts.get("create_lead", 0)
        return f"conversions to be compensated: {counts['compensated_leads']:,}, new leads: {made:,}"
    parts = ", ".join(
        f"{counts.get(name, 0):,} {name.replace('_', ' ')}" for name in ("ready", "blocked", "out_of_scope")
    )
    return (
        f"{counts.get('leads', 0):,} leads decided: {parts}; {counts.get('predicted_blocked', 0):,} actions held back"
    )


def write_csv(path: Path, summary: RunSummary, owners: Mapping[str, str]) -> None:
    """A row for every lead, those that were not done first; safe to open in a spreadsheet."""
    from sync.plan.actions import Outcome
    from sync.report.summary import CSV_COLUMNS

    done = {Outcome.APPLIED, Outcome.ALREADY_APPLIED}
    with export(path) as file:
        writer = csv.writer(file)
        writer.writerow([*CSV_COLUMNS, "owner_id"])
        for lead in sorted(summary.leads, key=lambda lead: lead.outcome in done):
            writer.writerow([csv_cell(value) for value in (*lead.row(), owners.get(lead.lead_id))])

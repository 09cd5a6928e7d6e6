"""A plan drawn for the person who has to judge it: what becomes of each lead, what is made, matched, lost, blocked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.text import Text

from sync.cli import output
from sync.cli.candidate_view import CANDIDATE_COLUMNS, candidate_cells
from sync.cli.safe_text import one_line
from sync.plan import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.plan.actions import Plan
    from sync.plan.guards import Refusal

_LOST_SHOWN = 8
_WARNINGS_SHOWN = 5


def draw_plan(plan: Plan, *, rows: int = 25, refusals: Sequence[Refusal] = ()) -> None:
    """The plan's figures, then up to `rows` actions of each fate."""
    console = output.stdout()
    figures = render.summary(plan)
    counts = plan.counts
    console.print(f"plan {plan.plan_id[:16]} by policy {plan.policy}", style="bold", markup=False)
    lines = [
        (
            "leads decided",
            f"{counts['leads']:,}",
            f"ready {counts['ready']:,}, blocked {counts['blocked']:,}, out of scope {counts['out_of_scope']:,}",
        ),
        ("convert", f"{figures.will_convert:,}", "makes " + (_counted(figures.creates) or "nothing new")),
        ("set Lead Status", f"{figures.will_update:,}", ""),
        ("held", f"{counts['predicted_blocked']:,}", _counted(figures.blocked_by)),
        ("API calls forecast", f"{figures.api_calls:,}", ""),
    ]
    console.print(output.table(None, ("figure", "count", "of which"), lines, right=("count",)))
    for what, lost in (
        ("filled lead fields that go nowhere", figures.lost_fields),
        ("fields of which an existing record keeps its own value", figures.kept_fields),
        ("texts that are cut to the length of the field that they go to", figures.cut_fields),
        ("child records that stay with the lead", figures.left_children),
    ):
        if lost:
            shown = ", ".join(f"{name} ({count:,})" for name, count in lost[:_LOST_SHOWN])
            more = f" and {len(lost) - _LOST_SHOWN} more" if len(lost) > _LOST_SHOWN else ""
            console.print(Text(f"{what}: {one_line(shown)}{more}", style="yellow"))
    _draw_doubts(plan, figures)
    _draw_rows(plan, rows)
    for refusal in refusals:
        console.print(
            Text(one_line(f"guard {refusal.guard}: {refusal.message}; to let it pass: {refusal.override}"), "bold red")
        )


def _draw_doubts(plan: Plan, figures: render.Summary) -> None:
    """What preflight had to do without, and what may stop leads that are sent."""
    console = output.stdout()
    for remark in plan.remarks:
        console.print(Text(one_line(remark), style="yellow"))
    for message, count in figures.warnings[:_WARNINGS_SHOWN]:
        console.print(Text(f"not sure, {count:,} leads: {one_line(message)}", style="yellow"))
    if len(figures.warnings) > _WARNINGS_SHOWN:
        sys.stdout.write(f"… and {len(figures.warnings) - _WARNINGS_SHOWN:,} more; the plan file holds them all\n")


def _draw_rows(plan: Plan, most: int) -> None:
    everything = render.rows(plan)
    convert = [r for r in everything if r.kind == "convert_lead" and r.prediction == "will_succeed"]
    update = [r for r in everything if r.kind == "update_status" and r.prediction == "will_succeed"]
    held = [r for r in everything if r.prediction == "blocked"]
    _part(
        "will be converted",
        ("lead", "account", "contact", "opportunity", "lost"),
        [(r.lead_id, r.account, r.contact, r.opportunity, str(len(r.losses) or "")) for r in convert],
        most,
    )
    _part("status will be set", ("lead", "change"), [(r.lead_id, r.what) for r in update], most)
    _part("held, and why", ("lead", "why, and what to do"), [(r.lead_id, "; ".join(r.blockers)) for r in held], most)
    _part(
        "records to attach to, where there were several",
        ("lead", *CANDIDATE_COLUMNS),
        [(r.lead_id, *candidate_cells(c)) for r in everything for c in r.candidates],
        most,
    )


def _part(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], most: int) -> None:
    if not rows or not most:
        return
    console = output.stdout()
    console.print()
    console.print(output.table(f"{title} ({len(rows):,})", columns, rows[:most]))
    if len(rows) > most:
        sys.stdout.write(f"… and {len(rows) - most:,} more; the plan file holds them all\n")


def _counted(pairs: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in pairs)

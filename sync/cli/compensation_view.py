"""A compensation drawn for the person who has to judge it, and what became of it: first that it is no undo."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from sync.cli import output
from sync.cli.ending_view import ending_in_words
from sync.cli.safe_text import one_line
from sync.plan.compensation import (
    HELD,
    KEPT,
    NO_UNDO,
    NOT_RESTORED,
    AddCampaignMember,
    CreateLead,
    DeleteRecord,
    MoveActivity,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.apply.compensate import CompensationResult
    from sync.plan.compensation import CompensationPlan


def draw_compensation(plan: CompensationPlan, *, rows: int = 25) -> None:
    """What it is not, its figures, then up to `rows` records of each fate."""
    console = output.stdout()
    console.print(Text(NO_UNDO, "bold yellow"))
    console.print()
    console.print(f"compensation plan {plan.plan_id[:16]}", style="bold", markup=False)
    counts = plan.counts
    figures = [
        ("leads", f"{counts['compensated_leads']:,}"),
        ("new leads", f"{counts['create_lead']:,}"),
        ("activities given to them", f"{counts['move_activity']:,}"),
        ("campaign memberships", f"{counts['add_campaign_member']:,}"),
        ("records deleted", f"{counts['delete_record']:,}"),
        ("left as they are", f"{counts['kept']:,}"),
        ("leads held", f"{counts['held']:,}"),
        ("API calls forecast", f"{plan.forecast_calls:,}"),
    ]
    console.print(output.table(None, ("figure", "count"), figures, right=("count",)))
    created = [a for a in plan.actions if isinstance(a, CreateLead)]
    moved = Counter(a.lead_id for a in plan.actions if isinstance(a, MoveActivity))
    joined = Counter(a.lead_id for a in plan.actions if isinstance(a, AddCampaignMember))
    _part(
        "a new lead for each",
        ("lead", "fields", "activities", "campaigns"),
        [(a.lead_id, str(len(a.fields)), str(moved[a.lead_id]), str(joined[a.lead_id])) for a in created],
        rows,
    )
    _part(
        "deleted, if still unused then",
        ("lead", "object", "record"),
        [(a.lead_id, a.object, a.record_id) for a in plan.actions if isinstance(a, DeleteRecord)],
        rows,
    )
    _part(
        "left as they are",
        ("lead", "object", "record", "why", "because of"),
        [(k.lead_id, k.object, k.record_id, KEPT[k.code], " ".join(k.records[:3])) for k in plan.kept],
        rows,
    )
    _part(
        "held",
        ("lead", "why", "what to do"),
        [(h.lead_id, *HELD[h.code]) for h in plan.held],
        rows,
    )
    lost = {one.what for one in plan.not_restored}
    if lost:
        console.print()
        console.print("what can't come back:", style="bold")
        for what in sorted(lost):
            names = sorted({name for one in plan.not_restored if one.what == what for name in one.names})
            shown = f": {', '.join(names[:8])}{' …' if len(names) > 8 else ''}" if names else ""
            console.print(Text(one_line(f"- {NOT_RESTORED[what]}{shown}")))


def draw_outcome(result: CompensationResult, *, instance_url: str, rows: int = 25) -> None:
    """What became of the plan: figures, new leads, and what was not done and why."""
    console = output.stdout()
    run = result.run
    console.print(f"run {run.run_id} (compensation)", style="bold", markup=False)
    figures = [(outcome.value.replace("_", " "), f"{count:,}") for outcome, count in run.outcomes.items()]
    console.print(
        output.table(None, ("outcome", "actions"), [*figures, ("planned", f"{run.planned:,}")], right=("actions",))
    )
    _part("new leads", ("converted lead", "new lead"), list(result.new_leads.items()), rows)
    undone = [
        (one.lead_id, one.kind.replace("_", " "), target, one.outcome.value.replace("_", " "), one.message or "")
        for one, target in zip(run.leads, result.targets, strict=True)
        if one.outcome.value not in {"applied", "already_applied"}
    ]
    _part("not done", ("lead", "what", "record", "outcome", "why"), undone, rows)
    if ending := ending_in_words(run):
        sys.stdout.write(f"\n{one_line(ending)}\n")
    sys.stdout.write(f"\n{run.api_calls} API calls, {run.seconds:.1f} s\n")
    if result.new_leads:
        sys.stdout.write(f"open one of them: {instance_url}/{next(iter(result.new_leads.values()))}\n")
    sys.stdout.write(
        "the converted leads stay converted; what was not done can be taken up again by applying the same plan\n"
    )


def _part(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], most: int) -> None:
    if not rows or not most:
        return
    console = output.stdout()
    console.print()
    console.print(output.table(f"{title} ({len(rows):,})", columns, rows[:most]))
    if len(rows) > most:
        sys.stdout.write(f"… and {len(rows) - most:,} more\n")

"""`leadgate funnel` as tables and as JSON."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from sync.cli.rate_cells import duration_cell, percent, rate_cell, rate_document, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.insight.funnel import Cut, Row
    from sync.insight.funnel_report import FunnelReport
    from sync.insight.velocity import Velocity


def document(report: FunnelReport, *, context: bool) -> dict[str, object]:
    """The report for `--json`."""
    from sync.insight.published import PUBLISHED
    from sync.insight.velocity import FORMULA

    velocity = report.velocity
    shown: dict[str, object] = {
        "policy": report.policy,
        "as_of": report.as_of,
        "mirror_as_of": report.watermark,
        "from": report.window.since,
        "until": report.window.until,
        "horizon_days": report.horizon.total_seconds() / 86_400,
        "by": report.cuts,
        "total": _row(report.total, ()),
        "groups": [_row(row, report.cuts) for row in report.groups],
        "times": [
            {"name": d.name, "cases": d.cases, "median_seconds": seconds(d.median), "p90_seconds": seconds(d.p90)}
            for d in report.durations
        ],
        "statuses": [
            {
                "status": s.status,
                "ended": s.ended,
                "median_seconds": seconds(s.median),
                "p90_seconds": seconds(s.p90),
                "there_now": s.there_now,
                "median_age_seconds": seconds(s.median_age),
            }
            for s in report.statuses
        ],
        "first_response": [
            {
                "after_seconds": seconds(b.after),
                "up_to_seconds": seconds(b.up_to),
                "answered": b.answered,
                "leads": b.leads,
                "converted": rate_document(b.converted),
            }
            for b in report.curve
        ],
        "velocity": {"formula": FORMULA, **asdict(velocity), "win_rate": rate_document(velocity.win_rate)},
        "notes": report.sources.notes,
    }
    return shown | ({"context": PUBLISHED} if context else {})


def _row(row: Row, cuts: Sequence[Cut]) -> dict[str, object]:
    return {
        "key": {cut.value: value for cut, value in zip(cuts, row.key, strict=True)},
        "leads": row.leads,
        "steps": [
            {"step": step, "leads": count, "of_step_before": rate_document(rate)} for step, count, rate in row.steps()
        ],
        "set_aside": row.set_aside,
        "converted_in_time": rate_document(row.in_time),
        "still_open": row.still_open,
    }


def draw(report: FunnelReport, *, context: bool) -> None:
    """The report for people."""
    from rich.text import Text

    from sync.cli import output
    from sync.cli.freshness import mirror_age
    from sync.insight.funnel import LABELS
    from sync.insight.published import PUBLISHED

    console = output.stdout()
    total = report.total
    console.print(Text(f"{total.leads:,} leads, ready by policy {report.policy}", "bold"))
    console.print(Text(mirror_age(report.watermark, report.as_of), "dim"))
    rows = [(LABELS[step], f"{count:,}", rate_cell(rate)) for step, count, rate in total.steps()]
    console.print(output.table(None, ("step", "leads", "of the step before"), rows, right=("leads",)))
    for line in (
        f"out of the policy's scope without being converted: {total.set_aside:,}",
        "ready: now, by this policy, or converted already; who was ready once and isn't any more doesn't count",
        f"won: of all opportunities made, of which {report.velocity.open_opportunities:,} are still open",
    ):
        console.print(Text(line, "dim"))
    console.print()
    _draw_groups(report)
    times = [(d.name, f"{d.cases:,}", duration_cell(d.median), duration_cell(d.p90)) for d in report.durations]
    console.print(output.table("how long it took", ("from … to", "leads", "median", "p90"), times, right=("leads",)))
    console.print()
    if report.statuses:
        stays = [
            (
                s.status,
                f"{s.ended:,}",
                duration_cell(s.median),
                duration_cell(s.p90),
                f"{s.there_now:,}",
                duration_cell(s.median_age),
            )
            for s in report.statuses
        ]
        columns = ("Lead Status", "stays ended", "median", "p90", "there now", "median so far")
        console.print(output.table("time in status", columns, stays, right=("stays ended", "there now")))
        console.print()
    _draw_response(report)
    _draw_velocity(report.velocity)
    for note in report.sources.notes:
        console.print(Text(f"note: {note}", "yellow"))
    if context:
        listed = [(p.what, p.figure, p.source) for p in PUBLISHED]
        console.print()
        heads = ("published by others", "figure", "source")
        console.print(output.table("not this org's, and defined otherwise", heads, listed))
    sys.stdout.write(
        "\nnext: leadgate leaks lists the leads that fall through; --by source, owner or month cuts this\n"
    )


def _draw_groups(report: FunnelReport) -> None:
    from sync.cli import output
    from sync.insight.funnel import LABELS, Cut, Step

    if not report.cuts:
        return
    short = {Step.RESPONDED: "response", Step.OPPORTUNITY: "deal"}  # a row has to fit a terminal of eighty columns
    in_time = f"converted in {report.horizon.days} d"

    def key(cut: Cut, value: str | None) -> str:
        if cut is Cut.OWNER:
            return report.owners.get(value, value or "nobody")
        return value if value is not None else "none"

    rows = [
        (
            *(key(cut, value) for cut, value in zip(report.cuts[:-1], row.key[:-1], strict=True)),
            key(report.cuts[-1], row.key[-1]) + (" *" if row.still_open else ""),
            *(f"{count:,}" for _, count in row.reached),
            rate_cell(row.in_time),
        )
        for row in report.groups
    ]
    steps = tuple(short.get(step, LABELS[step]) for step in Step)
    columns = (*(cut.value for cut in report.cuts), *steps, in_time)
    console = output.stdout()
    console.print(output.table(None, columns, rows, right=steps))
    if any(row.still_open for row in report.groups):
        console.print(
            f"* still open: some leads are younger than {report.horizon.days} days, their counts will grow; the rate "
            "is of the older ones alone"
        )
    sys.stdout.write("\n")


def _draw_response(report: FunnelReport) -> None:
    from sync.cli import output

    rows = []
    for bucket in report.curve:
        if not bucket.answered:
            name = "none yet"
        elif bucket.up_to is None:
            name = f"later than {duration_cell(bucket.after)}"
        else:
            name = f"up to {duration_cell(bucket.up_to)}"
        share = percent(bucket.leads / report.total.leads) if report.total.leads else "–"
        rows.append((name, f"{bucket.leads:,}", share, rate_cell(bucket.converted)))
    columns = ("first response after", "leads", "share", f"converted within {report.horizon.days} d of creation")
    title = "first response against this org's own curve (calendar hours; goes together, need not cause)"
    output.stdout().print(output.table(title, columns, rows, right=("leads", "share")))
    sys.stdout.write("\n")


def _draw_velocity(velocity: Velocity) -> None:
    from sync.insight.velocity import FORMULA

    if velocity.per_day is None:
        said = f"not enough data (win rate: {rate_cell(velocity.win_rate)})"
    else:
        won = percent(velocity.win_rate.share or 0)
        said = (
            f"{velocity.open_opportunities:,} × {won} × {velocity.average_amount:,} / {velocity.average_days} days "
            f"= {velocity.per_day:,} per day"
        )
    sys.stdout.write(f"velocity = {FORMULA}\n         {said}\n")

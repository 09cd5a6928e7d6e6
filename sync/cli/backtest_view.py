"""A backtest as tables for people and as a document for machines."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from sync.cli.rate_cells import rate_cell
from sync.insight.backtest.figures import Figures, PeopleFigures, Span
from sync.insight.backtest.grouping import Grouping
from sync.insight.backtest.people import Deal

if TYPE_CHECKING:
    from sync.insight.backtest.report import PolicyResult, Report
    from sync.insight.backtest.resampling import Difference
    from sync.insight.backtest.standing import FieldStanding, Standing
    from sync.insight.rates import Rate

PIPELINE = ("", "converted", "won", "lost", "open", "win rate (95 %)", "pipeline", "won amount")
ERRORS = ("policy", "days earlier", "later than people", "never", "won deals missed", "junk (95 %)", "not decided")

_NOT_COUNTED = {"no_history", "thin_history", "no_activities", "likelihood"}


def draw(report: Report, *, by: Grouping | None, names: Mapping[str | None, str], written: Sequence[Path]) -> None:
    """The report for people; `names` are what to call owners on the terminal, files have their ids."""
    from rich.text import Text

    from sync.cli import output

    console = output.stdout()
    period = report.period
    console.print(
        Text(f"{report.people.leads:,} leads, {period.first} to {period.last}, at the end of each day (UTC)", "bold")
    )
    if not report.people.leads:
        console.print(
            "no lead of the mirror was there and not yet converted in this period: choose another --from, --to"
        )
    console.print(output.table(None, PIPELINE, pipeline_rows(report), right=PIPELINE[1:]))
    console.print()
    console.print(output.table("right and wrong", ERRORS, error_rows(report), right=ERRORS[1:]))
    if report.differences:
        console.print()
        columns: tuple[str, ...] = ("policy", "leads", "win rate", "junk")
        title = f"against {report.policies[0].label}, in percentage points (95 %, bootstrap)"
        console.print(output.table(title, columns, map(_difference_row, report.differences), right=columns[1:]))
    if by is not None:
        for result in report.policies:
            console.print()
            columns = (
                by.value,
                "converted",
                "people too",
                "won",
                "lost",
                "win rate (95 %)",
                "junk (95 %)",
                "won missed",
            )
            rows = [_group_row(names.get(name, name), found) for name, found in result.by[by].items()]
            console.print(output.table(f"{result.label}, by {by}", columns, rows, right=columns[1:]))
    console.print()
    columns = ("fact", "asked by", "complete since", "before that")
    console.print(output.table("what this rests on", columns, fact_rows(report.standing, report.unproven)))
    sys.stdout.write("\n" + "".join(f"- {line}\n" for line in notes(report)))
    for path in written:
        sys.stdout.write(f"written to {path}\n")
    sys.stdout.write("\nnext: leadgate policy diff OLD NEW shows which leads of today two policies judge differently\n")


def pipeline_rows(report: Report) -> list[tuple[str, ...]]:
    """People first, then each policy."""
    people = report.people
    rows = [_pipeline_row("people", people.converted, people)]
    rows += [_pipeline_row(result.label, result.figures.taken, result.figures) for result in report.policies]
    return rows


def _pipeline_row(name: str, converted: int, found: Figures | PeopleFigures) -> tuple[str, ...]:
    deals = (f"{found.deals[deal]:,}" for deal in (Deal.WON, Deal.LOST, Deal.OPEN))
    amounts = (f"{found.pipeline_amount:,.0f}", f"{found.won_amount:,.0f}")
    return (name, f"{converted:,}", *deals, rate_cell(found.win_rate), *amounts)


def error_rows(report: Report) -> list[tuple[str, ...]]:
    """What each policy would have won and lost in time, missed, and let in."""
    return [_error_row(result) for result in report.policies]


def _error_row(result: PolicyResult) -> tuple[str, ...]:
    found = result.figures
    missed = f"{found.won_never:,}" + (f" (and {found.won_later:,} later)" if found.won_later else "")
    later = f"{found.later:,}" + (f" by {found.lost.median:.0f} d" if found.lost.median is not None else "")
    return (
        result.label,
        _days(found.gained),
        later,
        f"{found.never:,}",
        missed,
        rate_cell(found.junk),
        f"{found.still_open + found.deals[Deal.OPEN] + found.deals[Deal.NONE] + found.deals[Deal.GONE]:,}",
    )


def _days(span: Span) -> str:
    if span.median is None or span.quarter is None or span.three_quarters is None:
        return "–"
    return f"{span.median:.0f} ({span.quarter:.0f}–{span.three_quarters:.0f})"


def _difference_row(found: Difference) -> tuple[str, ...]:
    def cell(interval: tuple[float, float, float] | None) -> str:
        if interval is None:
            return "not enough data"
        middle, low, high = (100 * value for value in interval)
        return f"{middle:+.1f} ({low:+.1f} to {high:+.1f})"

    return found.policy, f"{found.taken:+,}", cell(found.win_rate), cell(found.junk)


def _group_row(name: str, found: Figures) -> tuple[str, ...]:
    counts = (found.taken, found.taken_by_people, found.deals[Deal.WON], found.deals[Deal.LOST])
    rates = (rate_cell(found.win_rate), rate_cell(found.junk))
    return (name, *(f"{count:,}" for count in counts), *rates, f"{found.won_never:,}")


def fact_rows(standing: Standing, unproven: str) -> list[tuple[str, ...]]:
    """Each lead field that some policy reads, and how far back it is known."""
    return [_fact_row(field, unproven) for field in standing.fields]


def _fact_row(field: FieldStanding, unproven: str) -> tuple[str, ...]:
    evidence = field.evidence
    since = "always" if evidence.since is None else f"{evidence.since:%Y-%m-%d} ({evidence.kind.value})"
    before = ("taken as constant" if unproven == "constant" else "unknown") if field.constant else ""
    if field.telling is not None:
        converted, others = field.telling
        before += f"; filled in on {100 * converted:.0f} % of converted, {100 * others:.0f} % of other leads"
    return evidence.name, ", ".join(field.policies), since, before


def notes(report: Report) -> list[str]:
    """What was found in the data, and what is assumed, a sentence each."""
    lines = [
        note.text if note.code in _NOT_COUNTED else f"{note.count:,} {note.text}" for note in report.standing.notes
    ]
    lines += [
        f"{field.evidence.name} may have been filled in because of the conversion: compare with --unproven unknown "
        "before you trust a policy that reads it"
        for field in report.standing.fields
        if field.telling is not None
    ]
    lines.append(
        "status changes of a policy's own transitions are not replayed: a lead's status is what people made it"
    )
    lines.append("leads that people never converted have no opportunity, so what would have become of them is unknown")
    return lines


def document(report: Report) -> dict[str, object]:
    """The report for `--json`."""
    return {
        "from": report.period.first,
        "to": report.period.last,
        "unproven": report.unproven,
        "people": _people(report.people),
        "policies": [
            {
                "policy": result.label,
                "file": result.policy.file,
                "digest": result.policy.digest,
                **_figures(result.figures),
                "by": {
                    by.value: {name: _figures(found) for name, found in groups.items()}
                    for by, groups in result.by.items()
                },
            }
            for result in report.policies
        ],
        "differences": [asdict(found) for found in report.differences],
        "evidence": {
            "history_since": report.standing.history_since,
            "activities_since": report.standing.activities_since,
            "fields": [
                {
                    "field": field.evidence.name,
                    "policies": field.policies,
                    "known_by": field.evidence.kind,
                    "since": field.evidence.since,
                    "taken_as_constant": field.constant and report.unproven == "constant",
                    "filled_converted_and_others": field.telling,
                    "gaps": field.evidence.gaps,
                }
                for field in report.standing.fields
            ],
            "notes": [asdict(note) for note in report.standing.notes],
        },
    }


def _people(found: PeopleFigures) -> dict[str, object]:
    return {
        "leads": found.leads,
        "converted": found.converted,
        "deals": found.deals,
        "win_rate": _rate(found.win_rate),
        "won_amount": found.won_amount,
        "pipeline_amount": found.pipeline_amount,
    }


def _figures(found: Figures) -> dict[str, object]:
    rates = {"win_rate": found.win_rate, "junk": found.junk, "missed": found.missed}
    return asdict(found) | {name: _rate(rate) for name, rate in rates.items()}


def _rate(rate: Rate) -> dict[str, object]:
    return asdict(rate) | {"enough": rate.enough}

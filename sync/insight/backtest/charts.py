"""A backtest's charts, drawn by matplotlib (the extra `charts`): four pictures on one sheet.

Pipeline size against win rate; leads taken over time; days earlier than people; what each policy gets wrong.
"""

from __future__ import annotations

from io import BytesIO
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from sync.insight.backtest.report import Report

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sync.insight.rates import Rate

_COLOURS = ("#3b6ea5", "#c0504d", "#6a9a3b", "#8064a2", "#d08a2e", "#3aa0a8")
_PEOPLE = "#444444"


def charts_png(report: Report) -> bytes:
    """The sheet as a PNG."""
    from matplotlib.figure import Figure  # noqa: PLC0415 -- an extra; whoever wants no chart needs no matplotlib

    sheet = Figure(figsize=(12, 9), dpi=110, layout="constrained")
    (top_left, top_right), (bottom_left, bottom_right) = sheet.subplots(2, 2)
    _size_and_rate(top_left, report)
    _over_time(top_right, report)
    _days_earlier(bottom_left, report)
    _wrong(bottom_right, report)
    drawn = BytesIO()
    sheet.savefig(drawn, format="png", metadata={"Software": None})
    return drawn.getvalue()


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _size_and_rate(axes: Any, report: Report) -> None:
    points: list[tuple[str, int, Rate, str]] = [
        ("people", report.people.converted, report.people.win_rate, _PEOPLE),
        *(
            (result.label, result.figures.taken, result.figures.win_rate, _colour(number))
            for number, result in enumerate(report.policies)
        ),
    ]
    few = []
    for name, size, rate, colour in points:
        if rate.share is None or not rate.enough:
            few.append(name)
            continue
        middle = 100 * rate.share
        reach = [[middle - 100 * rate.low], [100 * rate.high - middle]]
        axes.errorbar([size], [middle], yerr=reach, fmt="o", capsize=4, color=colour, label=name)
    title = "Leads converted against win rate (95 %)"
    axes.set_title(title + (f"\nnot enough data: {', '.join(few)}" if few else ""), fontsize=11)
    axes.set_xlabel("leads converted")
    axes.set_ylabel("win rate, %")
    if len(few) < len(points):
        axes.legend(fontsize=8)


def _over_time(axes: Any, report: Report) -> None:
    def line(name: str, per_day: Sequence[tuple[date, int]], colour: str) -> None:
        if per_day:
            axes.step([day for day, _ in per_day], list(accumulate(count for _, count in per_day)), where="post",
                      color=colour, label=name)  # fmt: skip

    line("people", report.people_per_day, _PEOPLE)
    for number, result in enumerate(report.policies):
        line(result.label, result.per_day, _colour(number))
    axes.set_title("Leads converted so far", fontsize=11)
    axes.tick_params(axis="x", rotation=30)
    if axes.has_data():
        axes.legend(fontsize=8)


def _days_earlier(axes: Any, report: Report) -> None:
    for number, result in enumerate(report.policies):
        for span, sign in ((result.figures.gained, 1), (result.figures.lost, -1)):
            if span.median is None or span.quarter is None or span.three_quarters is None:
                continue
            low, high = sorted((sign * span.quarter, sign * span.three_quarters))
            axes.plot([low, high], [number, number], color=_colour(number), linewidth=6, alpha=0.4)
            axes.plot([sign * span.median], [number], "o", color=_colour(number))
            axes.annotate(f"{span.leads:,} leads", (sign * span.median, number + 0.15), fontsize=8, ha="center")
    axes.axvline(0, color=_PEOPLE, linewidth=1)
    axes.set_yticks(range(len(report.policies)), [result.label for result in report.policies])
    axes.set_ylim(-0.6, len(report.policies) - 0.4)
    axes.set_title("Days earlier than people (right) or later (left): median and middle half", fontsize=11)


def _wrong(axes: Any, report: Report) -> None:
    names = [result.label for result in report.policies]
    missed = [result.figures.won_never + result.figures.won_later for result in report.policies]
    junk = [result.figures.junk.successes for result in report.policies]
    places = range(len(names))
    axes.barh([place + 0.2 for place in places], missed, height=0.38, color="#3b6ea5", label="won deals missed")
    axes.barh([place - 0.2 for place in places], junk, height=0.38, color="#c0504d", label="junk admitted")
    axes.set_yticks(places, names)
    axes.set_title("What each policy gets wrong, in leads", fontsize=11)
    axes.legend(fontsize=8)

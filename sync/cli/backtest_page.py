"""A backtest as one HTML page: the same tables as on the terminal, and the charts inside of it."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from sync.cli.backtest_view import ERRORS, PIPELINE, error_rows, fact_rows, notes, pipeline_rows

if TYPE_CHECKING:
    from sync.insight.backtest.report import Report

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: .5rem 0 1.5rem } caption { text-align: left; font-weight: 600 }
th, td { padding: .2rem .9rem .2rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd }
img { max-width: 100% } li { margin: .2rem 0 }
"""


def page(report: Report) -> str:
    """The page's HTML."""
    from sync.insight.backtest.charts import charts_png

    picture = base64.b64encode(charts_png(report)).decode("ascii")
    period = report.period
    parts = [
        "<!doctype html>",
        '<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
        f"<title>Backtest {period.first} to {period.last}</title><style>{_STYLE}</style>",
        f"<h1>Backtest, {period.first} to {period.last}</h1>",
        f"<p>{report.people.leads:,} leads, each policy asked at the end of each day (UTC) by what was known then</p>",
        _table("What people did, and what each policy would have done", PIPELINE, pipeline_rows(report)),
        _table("Right and wrong", ERRORS, error_rows(report)),
        f'<img alt="Charts of the figures above" src="data:image/png;base64,{picture}">',
        _table(
            "What this rests on",
            ("fact", "asked by", "complete since", "before that"),
            fact_rows(report.standing, report.unproven),
        ),
        f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in notes(report))}</ul></html>",
    ]
    return "\n".join(parts) + "\n"


def _table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><tr>{head}</tr>{body}</table>"

"""A backtest's files: leads as CSV, charts as PNG, and everything as one HTML page; private, whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sync.cli.export import export, export_bytes
from sync.cli.safe_text import csv_cell
from sync.errors import InputInvalid

if TYPE_CHECKING:
    from sync.insight.backtest.report import Report


def refuse_without_charts() -> None:
    """Says at once, before anything is computed, that charts can't be drawn.

    Raises:
        InputInvalid: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise InputInvalid(
            "charts need matplotlib, which is not installed",
            place="--html, --png",
            fix="pip install 'leadgate[charts]', or leave the charts out",
        )


def write_csv(path: Path, leads: Iterable[tuple[object, ...]]) -> None:
    """A row per policy and lead, safe to open in a spreadsheet."""
    from sync.insight.backtest.report import LEAD_COLUMNS

    with export(path) as file:
        writer = csv.writer(file)
        writer.writerow(LEAD_COLUMNS)
        writer.writerows([csv_cell(value) for value in lead] for lead in leads)


def write_png(path: Path, report: Report) -> None:
    """The charts."""
    from sync.insight.backtest.charts import charts_png

    export_bytes(path, charts_png(report), place="--png")


def write_html(path: Path, report: Report) -> None:
    """Tables and charts in one file that needs no other."""
    from sync.cli.backtest_page import page

    with export(path, "--html") as file:
        file.write(page(report))

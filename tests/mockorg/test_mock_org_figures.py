"""The page of figures shows what was measured, and the measuring itself works."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from benchmarks import figures
from benchmarks.figures import PAGE, Figure, page, read_results, table
from benchmarks.mock_org import COLUMNS, write_leads
from sync.mockorg import MockOrg

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_drawn_from_the_kept_runs() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(read_results()), "run: python -m benchmarks --page"


def test_a_figure_knows_whether_its_target_is_met() -> None:
    slow = Figure(name="load", value=61, unit="s", target=60)
    fast = Figure(name="pages", value=746.2, unit="MB/s", target=200, better="higher")
    told = Figure(name="size", value=1.7, unit="GB")

    assert [slow.met, fast.met, told.met] == [False, True, None]
    assert table([slow, fast, told]).splitlines()[2:] == [
        "| load | 61 s | ≤ 60 s (missed) |  |",
        "| pages | 746 MB/s | ≥ 200 MB/s |  |",
        "| size | 1.7 GB |  |  |",
    ]


def test_a_run_is_kept_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "RESULTS", tmp_path / "results")
    result = figures.Result(
        title="Mock org",
        about="What it does.",
        day=date(2026, 5, 1),
        machine=figures.machine(),
        versions=figures.versions(),
        figures=[figures.Figure(name="load", value=30.5, unit="s", target=60)],
    )

    figures.write_result("mock_org", result)

    assert figures.read_results() == {"mock_org": result}


def test_the_leads_of_the_benchmark_are_a_folder_that_loads(tmp_path: Path) -> None:
    write_leads(tmp_path, 500)

    org = MockOrg(data=tmp_path).org
    assert org.store.count(org.schema.object("Lead")) == 500
    assert len(COLUMNS) == 25


@pytest.mark.slow
def test_the_benchmark_of_the_mock_org_runs_in_the_small() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", "mock_org", "--small"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )

    assert "| small requests |" in ran.stdout

"""What a benchmark says: figures with their targets, kept as JSON, shown as a page.

A benchmark is a module of this package with `TITLE`, `ABOUT` and `run(small) -> list[Figure]`. Its last full-size run
lies in `benchmarks/results/NAME.json`; docs/benchmarks.md is drawn from those files and from nothing else, so the page
cannot show a figure that nobody measured.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

RESULTS = Path(__file__).resolve().parent / "results"
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

_PACKAGES = ("duckdb", "sqlglot", "lark", "cheroot", "responses", "requests", "lxml", "scikit-learn", "matplotlib")
_HEAD = """\
# Benchmarks

Drawn from the last full-size runs; `make bench` measures them again (`python -m benchmarks NAME --small` tries one out
on a small world and keeps nothing). Each figure stands beside the target that it is held to, if it has one.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure.

    Attributes:
        name: what was measured, in words for the page.
        value: the figure.
        unit: `s`, `ms`, `MB/s` …
        target: what it is held to; None where it only informs.
        better: whether `value` should be below or above `target`.
        note: what a reader must know to measure it again.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    better: Literal["lower", "higher"] = "lower"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.better == "lower" else self.value >= self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One benchmark's run: when, on what, and its figures."""

    title: str
    about: str
    day: date
    machine: str
    versions: Mapping[str, str]
    figures: Sequence[Figure]


def machine() -> str:
    """The machine in words, without its name: processors, memory, system."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores {platform.machine()}, {memory:.0f} GB, {platform.system()}"


def versions() -> dict[str, str]:
    """Versions of what a figure depends on."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def write_result(name: str, result: Result) -> Path:
    """Keep a run as JSON."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    kept = {**asdict(result), "day": result.day.isoformat()}
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def read_results() -> dict[str, Result]:
    """Every kept run by the name of its benchmark."""
    results = {}
    for path in sorted(RESULTS.glob("*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        kept["day"] = date.fromisoformat(kept["day"])
        kept["figures"] = [Figure(**each) for each in kept["figures"]]
        results[path.stem] = Result(**kept)
    return results


def page(results: Mapping[str, Result]) -> str:
    """docs/benchmarks.md."""
    return "\n".join([_HEAD, *(_section(name, result) for name, result in results.items())])


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = ["| figure | measured | target | |", "|---|---:|---:|---|"]
    rows += [f"| {each.name} | {_amount(each.value)} {each.unit} | {_target(each)} | {each.note} |" for each in figures]
    return "\n".join(rows)


def _section(name: str, result: Result) -> str:
    shown = ", ".join(f"{package} {number}" for package, number in result.versions.items())
    return (
        f"## {result.title}\n\n{result.about}\n\n{table(result.figures)}\n\n"
        f"Measured on {result.day.isoformat()} on {result.machine}; {shown}. Again: `python -m benchmarks {name}`.\n"
    )


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    sign = "≤" if figure.better == "lower" else "≥"
    missed = "" if figure.met else " (missed)"
    return f"{sign} {_amount(figure.target)} {figure.unit}{missed}"


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

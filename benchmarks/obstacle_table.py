"""The README's table of obstacles: how good preflight's predictions are, from the last full-size run of `preflight`.

`python -m benchmarks preflight` draws it again; so does `python -m benchmarks --page` from the kept run.
"""

from __future__ import annotations

from pathlib import Path

from .figures import Result

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "<!-- obstacles: drawn by `python -m benchmarks preflight` -->"
END = "<!-- end of obstacles -->"
NO_OBSTACLES = ("account matched", "contact matched", "account matched among lookalikes", "leads predicted to convert")
"""What the run measures beside obstacles."""


def obstacle_table(result: Result) -> str:
    """A row for each obstacle: precision, recall, and how many leads had it predicted or met it."""
    found: dict[str, dict[str, str]] = {}
    for figure in result.figures:
        name, _, what = figure.name.rpartition(": ")
        row = found.setdefault(name, {"leads": figure.note.partition(" leads")[0]})
        row[what] = f"{figure.value:.2f}"
    lines = ["| obstacle | precision | recall | leads |", "|---|---:|---:|---:|"]
    lines += [
        f"| {name} | {row.get('precision', '–')} | {row.get('recall', '–')} | {row['leads']} |"
        for name, row in found.items()
        if name not in NO_OBSTACLES
    ]
    return "\n".join(lines)


def with_obstacles(readme: str, result: Result) -> str:
    """The README with the table of this run between its two marks.

    Raises:
        ValueError: The marks are not there.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md has no table between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{obstacle_table(result)}\n{END}{after}"

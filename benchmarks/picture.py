"""README's picture from real output: `leadgate demo | python -m benchmarks.picture docs/demo.svg check "explain 2"`.

Takes the demo's text, keeps the steps named (a number picks the second such step), and draws them as a terminal.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 112
_STYLES = (
    (r"^\$ .*$", "bold cyan"),
    (r"^── .*$", "bold"),
    (r"^✓.*$", "green"),
    (r"^✗.*$", "red"),
    (r"^\?.*$", "yellow"),
    (r"^blocked, as of.*$", "bold yellow"),
    (r"^ready, as of.*$", "bold green"),
    (r"\[config/[^\]]*\]", "dim"),
)


def steps(text: str, wanted: Sequence[str]) -> str:
    """The named steps of the demo's text, in the order named."""
    parts = ["── " + part.rstrip() for part in text.split("\n── ")[1:]]
    chosen = []
    for name in wanted:
        command, _, number = name.partition(" ")
        fitting = [part for part in parts if f"\n$ leadgate {command}" in part]
        chosen.append(fitting[int(number or 1) - 1])
    return "\n\n".join(chosen)


def draw(text: str, path: Path) -> None:
    """Write the text as an SVG that looks like a terminal."""
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    styled = Text(text)
    for pattern, style in _STYLES:
        styled.highlight_regex(re.compile(pattern, re.MULTILINE), style)
    console.print(styled)
    svg = console.export_svg(title="leadgate demo")
    svg = re.sub(r"\s*@font-face \{.*?\}\n", "\n", svg, flags=re.DOTALL)  # no fonts from elsewhere: readers' own serve
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    path.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    draw(steps(sys.stdin.read(), sys.argv[2:]), Path(sys.argv[1]))

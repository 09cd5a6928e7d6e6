"""docs/commands.md, written from the commands themselves: `python -m sync.cli.reference > docs/commands.md`.

A test compares the file with what this prints, so the reference can't fall behind.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import typer

from sync.cli.exits import MEANING
from sync.cli.main import app


def reference() -> str:
    """The whole page."""
    lines = [
        "# Commands",
        "",
        "Written by `python -m sync.cli.reference`. Every command also takes `--help`.",
        "",
        *_command(typer.main.get_command(app), ("leadgate",)),
        "## Exit codes",
        "",
        "| code | meaning |",
        "|---|---|",
        *(f"| {int(code)} | {meaning} |" for code, meaning in MEANING.items()),
        "",
    ]
    return "\n".join(lines)


def _command(command: Any, path: tuple[str, ...]) -> Iterator[str]:
    children = getattr(command, "commands", None)
    if children:
        for name, child in children.items():
            yield from _command(child, (*path, name))
        return
    yield f"## {' '.join(path)}"
    yield ""
    yield from ((command.help or "").strip(), "")
    rows = [_row(p) for p in command.params if not getattr(p, "hidden", False) and p.name != "help"]
    if rows:
        yield from ("| option | meaning |", "|---|---|", *rows, "")


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = parameter.metavar or str(parameter.name).upper()
    else:
        name = ", ".join((*parameter.opts, *parameter.secondary_opts))
    text = (getattr(parameter, "help", None) or "").strip()
    return f"| `{name}` | {text} |".replace("\n", " ")


if __name__ == "__main__":
    sys.stdout.write(reference())

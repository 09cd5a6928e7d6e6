"""How commands speak: tables and progress for people, one JSON document for machines.

Results go to stdout, progress and logs to stderr, so that `--json` can be piped. Everything a command shows is first a
plain value; this module only draws it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sync.cli.safe_text import json_text, one_line

if TYPE_CHECKING:
    from rich.console import Console


PIPED_WIDTH = 160
"""Columns of a table that goes to a file or a pipe."""

UNBROKEN = ("lead", "run", "code")
"""Columns that are never wrapped: an id must be selectable as one word."""

_GAP = 2
"""Blanks between two columns."""


class Tick(Protocol):
    """Reports progress: what is being done, how far, of how much."""

    def __call__(self, what: str, done: int = 0, total: int | None = None) -> None:
        """Show it."""


def stdout() -> Console:
    """The console for results."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    return Console(highlight=False, soft_wrap=False, width=wide)


def stderr() -> Console:
    """The console for progress and notes."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def emit_json(document: Mapping[str, Any]) -> None:
    """The one JSON document of a `--json` run."""
    sys.stdout.write(json_text(plain(document)) + "\n")


def plain(value: Any) -> Any:
    """A value as JSON has it: times as ISO with Z, money as a number when exact, enums by value."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Path):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable):
        return [plain(v) for v in value]
    return value


def table(
    title: str | None, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()
) -> Any:
    """A Rich table; every cell is text, so that no record content is read as markup or as terminal control."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    cells = [[cell if isinstance(cell, Text) else Text(one_line(cell)) for cell in row] for row in rows]
    widths = _between_words(columns, [[cell.plain for cell in row] for row in cells], room=stdout().width)
    for column, width in zip(columns, widths, strict=True):
        drawn.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="fold",
            no_wrap=column in UNBROKEN,
            width=width,
        )
    for row in cells:
        drawn.add_row(*row)
    return drawn


def _between_words(columns: Sequence[str], rows: Sequence[Sequence[str]], *, room: int) -> list[int | None]:
    """Widths with which a table that is too wide is wrapped between words; none where it fits as it is.

    Rich narrows the widest columns first and cuts words and figures in two where others could have given way. Where
    even the longest words don't fit beside one another, the longest of them are cut and no others.
    """
    from rich.cells import cell_len

    texts = [[column, *(row[place] for row in rows)] for place, column in enumerate(columns)]
    whole = [max(map(cell_len, column)) for column in texts]
    words = [max((cell_len(word) for text in found for word in text.split()), default=0) for found in texts]
    kept = [column in UNBROKEN for column in columns]
    room -= _GAP * (len(columns) - 1)
    if sum(whole) <= room:
        return [None] * len(columns)
    least = [width if keep else word for width, word, keep in zip(whole, words, kept, strict=True)]
    tight = sum(least) > room
    for most in range(max(whole), 0, -1):
        if tight:
            widths = [word if keep else min(word, most) for word, keep in zip(least, kept, strict=True)]
        else:
            widths = [min(width, max(word, most)) for width, word in zip(whole, least, strict=True)]
        if sum(widths) <= room:
            break
    return [max(width, 1) for width in widths]


@contextmanager
def progress(*, quiet: bool) -> Iterator[Tick]:
    """A progress line on stderr while something takes longer than a blink; silent when not a terminal or `quiet`."""
    if quiet or not sys.stderr.isatty():

        def silent(what: str, done: int = 0, total: int | None = None) -> None: ...

        yield silent
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=stderr(), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(what: str, done: int = 0, total: int | None = None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield show

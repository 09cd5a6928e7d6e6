"""Pages of records on disk between org and mirror: in one private folder per pull, gone when it ends.

Records that came as JSON are written to the same CSV that a bulk job brings, so that one load serves both.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from sync import claims
from sync.mirror.staging import Pages
from sync.model import Record, Value


@contextmanager
def page_folder(parent: Path, run_id: str, *, now: datetime) -> Iterator[Path]:
    """A folder of this pull's own, mode 0700; those that killed processes have left are removed on the way."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    remove_left_behind(parent, now=now)
    folder = parent / f"pull-{os.getpid()}-{run_id}"
    folder.mkdir(mode=0o700)
    with claims.held_folder(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def remove_left_behind(parent: Path, *, now: datetime) -> list[Path]:
    """Removes pages that killed pulls have left; the folders that were removed."""
    left = [folder for folder in parent.glob("pull-*") if claims.is_abandoned(folder, now=now.timestamp())]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)
    return left


def write_page(file: Path, columns: Sequence[str], records: Iterable[Record]) -> Pages:
    """One page of records (by API name, in any capitalisation) with `columns` as its header."""
    longest = 0
    keys = [name.casefold() for name in columns]
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as opened:
        writer = csv.writer(opened, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(columns)
        for record in records:
            by_key = {name.casefold(): value for name, value in record.items()}
            texts = [_text(by_key.get(key)) for key in keys]
            longest = max(longest, sum(4 * len(text) + 3 for text in texts))  # a character is 1 to 4 bytes
            writer.writerow(texts)
    return Pages(files=(file,), columns=tuple(columns), longest_line=longest)


def joined(pages: Sequence[Pages], columns: Sequence[str]) -> Pages:
    """Pages of one SELECT as one."""
    return Pages(
        files=tuple(file for page in pages for file in page.files),
        columns=tuple(columns),
        longest_line=max((page.longest_line for page in pages), default=0),
    )


def _text(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case str():
            return value.replace("\0", "")
        case _:
            return str(value)

"""Records that came as JSON, written to the same CSV pages that a bulk job brings, so that one load serves both."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from sync.mirror.staging import Pages
from sync.model import Record, Value


def write_page(file: Path, columns: Sequence[str], records: Iterable[Record]) -> Pages:
    """One page of records (by API name, in any capitalisation) with `columns` as its header."""
    longest = 0
    keys = [name.casefold() for name in columns]
    with file.open("w", encoding="utf-8", errors="replace", newline="") as opened:
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

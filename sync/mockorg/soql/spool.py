"""Rows of an answer kept as they were when the query ran, so that later pages cannot shift; in memory, then on disk."""

from __future__ import annotations

import marshal
import weakref
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .shape import Row

_CHUNK = 200
_MEMORY = 16 * 1024 * 1024


class RowSpool:
    """A sequence of rows, written once and read in slices."""

    def __init__(self, rows: Iterable[Row]) -> None:
        # The spool lives as long as the cursor that reads it, so no `with` can hold it.
        self._file = SpooledTemporaryFile(max_size=_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._offsets = [0]
        self._count = 0
        source = iter(rows)
        while chunk := [tuple(row) for row in islice(source, _CHUNK)]:
            self._file.write(marshal.dumps(chunk))
            self._offsets.append(self._file.tell())
            self._count += len(chunk)

    def __len__(self) -> int:
        return self._count

    def read(self, start: int, count: int) -> list[Row]:
        """At most `count` rows from number `start` on, counted from 0."""
        rows: list[Row] = []
        end = min(start + count, self._count)
        for number in range(start // _CHUNK, -(-end // _CHUNK)):
            begin, after = self._offsets[number : number + 2]
            self._file.seek(begin)
            rows += marshal.loads(self._file.read(after - begin))  # noqa: S302 - our own bytes, written above
        first = start // _CHUNK * _CHUNK
        return rows[start - first : end - first]

"""The CSV of a finished query job: written once to a temporary file, then served as ranges of its bytes.

A million records are not kept in memory, and a page costs one read, however often it is asked for.
"""

from __future__ import annotations

import os
import tempfile
import weakref
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_FLUSH_LINES = 4096


class ResultFile:
    """A header line and records, each with its own line ending already."""

    def __init__(self, header: bytes, lines: Iterable[bytes]) -> None:
        # The file lives as long as its job, so no `with` can hold it.
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._close = weakref.finalize(self, self._file.close)
        self._header = header
        self._offsets = array("Q", [0])
        self._write(lines)

    def _write(self, lines: Iterable[bytes]) -> None:
        position = 0
        pending: list[bytes] = []
        for line in lines:
            position += len(line)
            self._offsets.append(position)
            pending.append(line)
            if len(pending) == _FLUSH_LINES:
                self._flush(pending)
        self._flush(pending)

    def _flush(self, pending: list[bytes]) -> None:
        left = memoryview(b"".join(pending))
        while left:
            left = left[self._file.write(left) :]
        pending.clear()

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def close(self) -> None:
        """Give the disk space back."""
        self._close()

    def page(self, start: int, count: int) -> bytes:
        """The header and at most `count` records from number `start` on."""
        first = self._offsets[min(start, len(self))]
        last = self._offsets[min(start + count, len(self))]
        parts = [self._header]
        while first < last:
            part = os.pread(self._file.fileno(), last - first, first)
            parts.append(part)
            first += len(part)
        return b"".join(parts)

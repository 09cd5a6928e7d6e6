"""Files beside the mirror that may speak of a person: saved plans, reports, pages of a pull that was killed.

Part of `leadgate forget`. A plan is removed as a whole and not mended: a person approved that very file, and a new one
takes seconds to make.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

_KINDS = ("plans", "reports")
_LARGEST = 256 * 1024 * 1024
"""Bytes; no plan or report comes near."""


def files_naming(state: Path, ids: Sequence[str]) -> list[Path]:
    """Saved plans and reports of a state folder in which one of these 18-character ids stands."""
    return [file for kind in _KINDS for file in _files(state / kind) if names(file, ids)]


def names(file: Path, ids: Sequence[str]) -> bool:
    """Whether one of the ids stands in a file, in its long or its short form.

    Raises:
        OSError: It can't be read.
    """
    content = file.read_bytes()
    return any(id_[:15].encode() in content for id_ in ids)


def plans_in(folder: Path, ids: Sequence[str]) -> list[Path]:
    """JSON and CSV files at the top of a working folder in which one of the ids stands; looked at, never removed."""
    found = [file for pattern in ("*.json", "*.csv") for file in folder.glob(pattern) if file.is_file()]
    return sorted(file for file in found if file.stat().st_size < _LARGEST and names(file, ids))


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (entry for entry in sorted(folder.iterdir()) if entry.is_file() and not entry.is_symlink())

"""Files that a command writes where the user says: private, whole or not at all, with one error when it can't."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sync.errors import InputInvalid
from sync.private_file import replacing, write_private_bytes


def export_bytes(path: Path, content: bytes, *, place: str) -> None:
    """As `export`, for a picture.

    Raises:
        InputInvalid: It can't be written there.
    """
    try:
        write_private_bytes(path, content)
    except OSError as refused:
        raise _refused(path, place, refused) from refused


def _refused(path: Path, place: str, refused: OSError) -> InputInvalid:
    fix = "name a file that you may write to"
    return InputInvalid(f"{path} can't be written: {refused.strerror}", place=place, fix=fix)


@contextmanager
def export(path: Path, place: str = "--csv") -> Iterator[IO[str]]:
    """The file to write a CSV to; it takes its place when the block ends.

    Raises:
        InputInvalid: It can't be written there.
    """
    try:
        with replacing(path, newline="") as file:
            yield file
    except OSError as refused:
        raise _refused(path, place, refused) from refused

"""Files that a command writes where the user says: private, whole or not at all, with one error when it can't."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sync.errors import InputInvalid
from sync.private_file import replacing


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
        raise InputInvalid(
            f"{path} can't be written: {refused.strerror}", place=place, fix="name a file that you may write to"
        ) from refused

"""Writing a file that is nobody else's to read, whole or not at all.

Plans, exports, tokens and notes of running jobs all go through here. The text is written beside its place under a name
that nobody can foresee, flushed to the disk, and moved into place: a killed process leaves the old file or the new one,
a link that somebody else has put there is replaced and never followed, and the draft of a killed process goes with the
next write.
"""

from __future__ import annotations

import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from sync import claims

if TYPE_CHECKING:
    from io import TextIOWrapper

_SUFFIX = ".leadgate-draft"


@contextmanager
def replacing(path: Path, *, newline: str | None = None) -> Iterator[IO[str]]:
    """A UTF-8 text file, mode 0600, that takes the place of `path` when the block ends, and never after an error.

    Characters that no UTF-8 text can hold (halves of a pair) become `?`. A device or pipe is written to as it is.

    Raises:
        OSError: It can't be written.
    """
    if _is_no_file(path):
        with path.open("w", encoding="utf-8", errors="replace", newline=newline) as file:
            yield file
        return
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=_SUFFIX, dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline=newline) as file:
            claims.hold(descriptor)
            _sweep(draft)
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def write_private(path: Path, text: str) -> None:
    """Write a whole text; see `replacing`.

    Raises:
        OSError: It can't be written.
    """
    with replacing(path, newline="") as file:
        file.write(text)


def write_private_bytes(path: Path, content: bytes) -> None:
    """Write bytes as they are; else as `write_private`.

    Raises:
        OSError: It can't be written.
    """
    with replacing(path) as file:
        cast("TextIOWrapper", file).buffer.write(content)  # every text file that is opened by name is one


def flush_folder(folder: Path) -> None:
    """Make a rename itself durable, where the platform lets a folder be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:  # some network file systems refuse; the rename has happened all the same
        return
    finally:
        os.close(descriptor)


def drafts_in(folder: Path) -> list[Path]:
    """Drafts that killed processes have left in a folder."""
    return [entry for entry in folder.glob(f".*{_SUFFIX}") if claims.is_abandoned(entry, now=time.time())]


def _sweep(draft: Path) -> None:
    for left in drafts_in(draft.parent):
        left.unlink(missing_ok=True)


def _is_no_file(path: Path) -> bool:
    """Whether `path` leads to a device, a pipe or a socket (`/dev/stdout`)."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)

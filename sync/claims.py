"""Telling the drafts and folders of processes at work from those that killed processes have left.

Whoever writes something temporary holds a lock on it; the system lets go of the lock when the process ends, however it
ends. Process ids would not do: they are used again, and mean nothing to another container on the same folder.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_FRESH = 60.0
"""Seconds in which something new may still be waiting for its lock."""

_OLD = 24 * 3600.0
"""Seconds after which it counts as left behind where nothing can be locked."""


def hold(descriptor: int) -> None:
    """Hold an open file or folder for as long as its descriptor is open."""
    _take(descriptor)


@contextmanager
def held_folder(folder: Path) -> Iterator[None]:
    """Hold a folder while the block runs; where folders can't be opened, age tells."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        _take(descriptor)
        yield
    finally:
        os.close(descriptor)


def is_abandoned(path: Path, *, now: float) -> bool:
    """Whether nobody is at work on a file or folder any more.

    Args:
        path: What was left. Links are never followed.
        now: Seconds since the epoch.
    """
    try:
        age = now - path.lstat().st_mtime
        if age < _FRESH or path.is_symlink():
            return False
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    try:
        taken = _take(descriptor)
    finally:
        os.close(descriptor)
    return age > _OLD if taken is None else taken


def _take(descriptor: int) -> bool | None:
    """Whether the lock is ours now; `None` where the platform or the file system has none."""
    locks = _locks()
    if locks is None:
        return None
    try:
        locks.flock(descriptor, locks.LOCK_EX | locks.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _locks() -> Any:
    try:
        return importlib.import_module("fcntl")
    except ImportError:  # Windows
        return None

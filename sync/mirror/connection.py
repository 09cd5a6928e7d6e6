"""Opening the mirror's file: private to its owner, one writer at a time, and closed to every other file.

A DuckDB writer excludes every other process, readers too. So everybody opens late and closes early, and who finds the
file taken waits with a message instead of failing at once. Policies run in here; the connection can't reach any file
but the database itself (and, during a load, the folder of pages to load).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import duckdb

from sync.errors import MirrorUnusable, OrgBusy

Wait = Callable[[str], bool]
"""Hears who holds the mirror; returns true after having waited a little, false to give up."""

_LOAD_MEMORY = "256MB"
"""What a load may hold of its records; the rest is spilled beside the mirror, so that memory doesn't grow with them."""

_LOAD_THREADS = 4
"""Each thread keeps a share of the records that it writes; more of them would not fit into that memory."""

_HOLDER = re.compile(r"\(PID (\d+)\)")
_REBUILD = "move it away and run `leadgate pull`, which builds it again"


def give_up(_message: str) -> bool:
    """Does not wait."""
    return False


def wait_up_to(
    seconds: float, *, sleep: Callable[[float], None], tell: Callable[[str], None], pause: float = 0.5
) -> Wait:
    """Waits in short pauses, at most `seconds` in all, and says once for whom."""
    waited = 0.0

    def wait(message: str) -> bool:
        nonlocal waited
        if waited >= seconds:
            return False
        if waited == 0.0:
            tell(message)
        sleep(pause)
        waited += pause
        return True

    return wait


@contextmanager
def opened(
    path: Path, *, read_only: bool, wait: Wait = give_up, pages: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the mirror at `path`, closed (and written out) at the end.

    Args:
        path: The database file; created, mode 0600 in a folder 0700, unless `read_only`.
        read_only: Whether other readers may be there at the same time.
        wait: Asked while another process holds the file.
        pages: The one folder that SQL may read CSV files from.

    Raises:
        MirrorUnusable: No such file to read, not a mirror, or from a newer DuckDB.
        OrgBusy: Held by another process for longer than `wait` allows.
    """
    if read_only and not path.is_file():
        raise MirrorUnusable("there is no mirror of this org yet", place=str(path), fix="run `leadgate pull`")
    with nullcontext() if read_only else private(path):
        connection = _connect(path, read_only=read_only, wait=wait, pages=pages)
        try:
            if not read_only:
                path.chmod(0o600)
            yield connection
        finally:
            connection.close()


@contextmanager
def private(path: Path) -> Iterator[None]:
    """Whatever DuckDB writes beside the file (its log, its spill files) is nobody else's to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    mask = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(mask)


def _connect(path: Path, *, read_only: bool, wait: Wait, pages: Path | None) -> duckdb.DuckDBPyConnection:
    while True:
        try:
            connection = duckdb.connect(str(path), read_only=read_only)
        except duckdb.Error as error:
            problem = refused(str(error), path)
            if not isinstance(problem, OrgBusy):
                raise problem from None
            busy = problem
        else:
            if _fence(connection, read_only=read_only, pages=pages) or read_only:
                return connection
            connection.close()
            busy = _held_by("another part of this program", path)
        if not wait(busy.message):
            raise busy


def refused(text: str, path: Path) -> OrgBusy | MirrorUnusable:
    """What DuckDB's refusal to open the file means."""
    return _busy(text, path) or _unusable(text, path)


def _busy(text: str, path: Path) -> OrgBusy | None:
    if "Conflicting lock" in text or "Could not set lock" in text:
        holder = _HOLDER.search(text)
        return _held_by(f"process {holder.group(1)}" if holder else "another process", path)
    if "different configuration" in text or "already attached" in text:
        return _held_by("another part of this program", path)
    return None


def _held_by(who: str, path: Path) -> OrgBusy:
    return OrgBusy(f"{who} is using this org's mirror", place=str(path), fix="wait until it has finished")


def _unusable(text: str, path: Path) -> MirrorUnusable:
    if "version number" in text or "newer version" in text:
        why = "the mirror was written by a newer version of DuckDB than the one installed"
    elif "not a valid DuckDB" in text:
        why = "this file is not a mirror"
    elif "Permission denied" in text:
        return MirrorUnusable("the mirror can't be opened: permission denied", place=str(path), fix="check its owner")
    else:
        why = "the mirror can't be read"
    return MirrorUnusable(why, place=str(path), fix=_REBUILD)


def _fence(connection: duckdb.DuckDBPyConnection, *, read_only: bool, pages: Path | None) -> bool:
    """Closes the connection to every other file; false when it shares a database that is fenced already.

    Policies run on readers only, so only there the settings are locked too (DuckDB 1.5 can't ALTER under that lock).
    """
    row = connection.execute("SELECT current_setting('enable_external_access')").fetchone()
    if row == (False,):
        return False
    if not read_only:
        # Left to itself a checkpoint merges four groups of rows into three whenever they fit, which at a table's end
        # means to write ten rows anew for one that is won back. Who has made many dead rows asks for it (`load`).
        connection.execute("SET max_vacuum_tasks = 0")
    if pages is not None:
        connection.execute(f"SET memory_limit = '{_LOAD_MEMORY}'")
        connection.execute(f"SET threads = {min(_LOAD_THREADS, os.cpu_count() or 1)}")
        folder = str(pages).replace("'", "''")
        connection.execute(f"SET allowed_directories = ['{folder}']")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET enable_external_access = false")
    if read_only:
        connection.execute("SET lock_configuration = true")
    return True

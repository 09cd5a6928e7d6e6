"""Opening a ledger: a private SQLite file that loses no commit, or a PostgreSQL database shared by several machines.

SQLite runs with WAL and synchronous=FULL: an intent that was acknowledged is on disk before anything is sent.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select
from sqlalchemy import text as sql
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError

from sync.errors import LedgerUnwritable, OrgBusy, SettingsInvalid, WrongUse
from sync.ledger.schema import FORMAT, meta, metadata, paces, triggers

_SETTING = "LEADGATE_LEDGER_URL"
_LOCK_SECONDS = 30.0
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "temp_store = MEMORY",  # what would undo one statement of a transaction; on disk it costs a third of an insert
    "cache_size = -65536",  # KiB: keys are hashes, and so touch the whole of their index; 100,000 leads' fits
)
_GIVING_UP = {
    "full": "the disk is full",
    "no space": "the disk is full",
    "readonly": "it may only be read",
    "read-only": "it may only be read",
    "disk i/o": "the disk fails",
}
READ = "leadgate_read"
"""Execution option of a connection that only reads, and so needs no write lock on SQLite."""


def open_engine(location: str | Path) -> Engine:
    """An engine on a ledger that exists and has this version's format; made and filled when it is new.

    Args:
        location: A file, or a database URL (`postgresql://…`, `sqlite:///…`).

    Raises:
        SettingsInvalid: The URL can't be meant, or its driver isn't installed.
        WrongUse: The database can't be opened, or was written by a newer version.
    """
    url = _url(location)
    file = url.database if url.get_backend_name() == "sqlite" else None
    place = file or f"{_SETTING} ({url.host or 'local'}/{url.database or ''})"
    if file is not None and file != ":memory:":
        _private(Path(file))
    engine = _engine(url)
    try:
        with engine.begin() as connection:
            _prepare(connection, place)
    except DatabaseError as refused:
        engine.dispose()
        raise WrongUse(
            f"the ledger can't be opened: {type(refused.orig).__name__}",
            place=place,
            fix="check that the file or server is there, writable and not damaged; never delete a ledger lightly: it "
            "is what keeps a lead from being converted twice",
            code="ledger_unusable",
        ) from None
    except BaseException:
        engine.dispose()
        raise
    event.listen(engine, "handle_error", _gave_up)
    return engine


def _url(location: str | Path) -> URL:
    if isinstance(location, Path) or "://" not in location:
        return URL.create("sqlite", database=str(location))
    try:
        url = make_url(location)
    except (ArgumentError, ValueError):
        raise SettingsInvalid(
            "the ledger's URL can't be read", place=_SETTING, fix="write it as postgresql://user@host/database"
        ) from None
    if url.get_backend_name() == "sqlite":
        return url
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise SettingsInvalid(
            f"a ledger lies in SQLite or PostgreSQL, not {url.get_backend_name()}",
            place=_SETTING,
            fix="write it as postgresql://user@host/database, or leave it out for a local file",
        )
    return url.set(drivername="postgresql+psycopg")


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            return create_engine(url, pool_pre_ping=True)
        engine = create_engine(url, connect_args={"timeout": _LOCK_SECONDS, "check_same_thread": False})
    except (ModuleNotFoundError, NoSuchModuleError):
        raise SettingsInvalid(
            "the PostgreSQL driver is not installed", place=_SETTING, fix="pip install 'leadgate[postgres]'"
        ) from None
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _private(path: Path) -> None:
    """Make the file and its folder for this user alone, before SQLite would make them for everybody."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    except OSError as refused:
        raise WrongUse(
            f"the ledger's file can't be written: {refused.strerror}",
            place=str(path),
            fix="let leadgate's user write there; a ledger begun elsewhere would know nothing of what was done",
            code="ledger_unusable",
        ) from None


def _gave_up(context: ExceptionContext) -> None:
    """Says what it means when the disk or the server fails under an open ledger.

    Raises:
        OrgBusy: Another process has been writing for too long.
        LedgerUnwritable: Anything else of that kind.
    """
    if not isinstance(context.sqlalchemy_exception, OperationalError):
        return  # broken rules are the caller's to understand
    engine = context.engine
    place = None if engine is None else str(engine.url.database)
    said = str(context.original_exception).strip().splitlines()[0] if str(context.original_exception).strip() else ""
    if "is locked" in said:
        fix = "wait until it has finished"
        raise OrgBusy("another process is writing to this ledger", place=place, fix=fix) from None
    words = next((meant for sign, meant in _GIVING_UP.items() if sign in said.lower()), "it can't be reached")
    raise LedgerUnwritable(f"the ledger can't be written: {words}", place=place) from None


def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    connection.create_function("leadgate_sha256", 1, _sha256, deterministic=True)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get(READ, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _prepare(connection: Connection, place: str) -> None:
    postgresql = connection.dialect.name == "postgresql"
    if postgresql:
        connection.execute(sql("SELECT pg_advisory_xact_lock(hashtextextended('leadgate schema', 0))"))
    if not inspect(connection).has_table(meta.name):
        metadata.create_all(connection)
        for statement in triggers(connection.dialect.name):
            connection.exec_driver_sql(statement)
        connection.execute(meta.insert().values(format=FORMAT))
    found = connection.execute(select(meta.c.format)).scalar_one()
    if found != FORMAT:
        raise WrongUse(
            f"the ledger has format {found}; this leadgate writes format {FORMAT}",
            place=place,
            fix="use the version of leadgate that wrote it, or a newer one",
            code="ledger_unusable",
        )
    paces.create(connection, checkfirst=True)  # ledgers made before there was one lack it

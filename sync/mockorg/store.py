"""Where records lie: one SQLite table per object, one column per field, so that SOQL compiles to plain SQL.

Table and column names are Salesforce's. Values: text as TEXT (blank text is NULL, as Salesforce has no empty string),
booleans 0/1, numbers REAL, integers INTEGER, dates `2026-05-01`, times `2026-05-01T07:25:37.000Z`, ids with 18
characters. Text columns compare without regard to case (NOCASE), ids exactly.

Each table has one hidden column, `_pending`: the number of the long transaction that has written the row and not
yet committed. Every read outside that transaction filters `_pending IS NULL`.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING

from .schema import (
    ID_TYPES,
    INTEGER_TYPES,
    NUMBER_TYPES,
    TEXT_TYPES,
    Field,
    FieldType,
    ObjectType,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .schema import Schema

Row = dict[str, Value]
PENDING = "_pending"


def column_type(field: Field) -> str:
    """The SQL type and collation of a field's column."""
    if field.type in ID_TYPES:
        return "TEXT"
    if field.type is FieldType.BOOLEAN:
        return "INTEGER NOT NULL DEFAULT 0"
    if field.type in INTEGER_TYPES:
        return "INTEGER"
    if field.type in NUMBER_TYPES:
        return "REAL"
    if field.type in TEXT_TYPES and not field.case_sensitive:
        return "TEXT COLLATE NOCASE"
    return "TEXT"


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


@lru_cache(maxsize=512)
def _insert(table: str, names: tuple[str, ...]) -> str:
    """The statement that inserts these columns; kept, because jobs write the same ones row by row."""
    columns = ", ".join(quoted(name) for name in names)
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {quoted(table)} ({columns}) VALUES ({marks})"  # noqa: S608 - names are the schema's


@lru_cache(maxsize=512)
def _update(table: str, names: tuple[str, ...]) -> str:
    """The statement that sets these columns of one row."""
    assignments = ", ".join(f"{quoted(name)} = ?" for name in names)
    return f'UPDATE {quoted(table)} SET {assignments} WHERE "Id" = ?'  # noqa: S608 - names are the schema's


class Store:
    """The org's records. One connection, used under the org's lock."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.db.execute("PRAGMA page_size = 8192")
        self.db.execute("PRAGMA journal_mode = MEMORY")
        self.db.execute("PRAGMA synchronous = OFF")
        self.db.execute("PRAGMA temp_store = MEMORY")
        self.db.execute("PRAGMA case_sensitive_like = OFF")
        self.db.execute("CREATE TABLE _deleted (object TEXT, id TEXT PRIMARY KEY, stamp TEXT)")
        self._savepoints = 0
        self.sync_tables()

    def sync_tables(self) -> None:
        """Create the tables and columns that the schema has and the database has not yet."""
        for each in self.schema:
            self._sync_table(each)

    def _sync_table(self, type_: ObjectType) -> None:
        table = quoted(type_.name)
        known = {row[1].lower() for row in self.db.execute(f"PRAGMA table_info({table})")}
        if not known:
            columns = [f"{quoted(each.name)} {column_type(each)}" for each in type_.stored_fields if each.name != "Id"]
            declared = ", ".join(['"Id" TEXT PRIMARY KEY', *columns, f"{quoted(PENDING)} INTEGER"])
            self.db.execute(f"CREATE TABLE {table} ({declared})")
            for each in type_.stored_fields:
                if self._indexed(type_, each):
                    self._index(type_, each)
            return
        for each in type_.stored_fields:
            if each.name.lower() not in known:
                self.db.execute(f"ALTER TABLE {table} ADD COLUMN {quoted(each.name)} {column_type(each)}")
                if self._indexed(type_, each):
                    self._index(type_, each)

    @staticmethod
    def _indexed(type_: ObjectType, field: Field) -> bool:
        """Whether a real org would find records by this column without reading them all, or nearly so."""
        if field.name in {"CreatedById", "LastModifiedById", "OwnerId", "RecordTypeId"}:
            return False  # too few values to be worth the room
        if field.name == "SystemModstamp":
            return type_.createable and type_.replicateable
        return field.type is FieldType.REFERENCE or field.external_id or field.unique

    def ensure_index(self, type_: ObjectType, field: Field) -> None:
        """Make records findable by a column; done once, for those who are about to ask many times."""
        self._index(type_, field)

    @contextmanager
    def indexed_afterwards(self, type_: ObjectType) -> Iterator[None]:
        """Rows of a still empty table are inserted inside without indexes, which are built in one go at the end."""
        empty = self.db.execute(f"SELECT 1 FROM {quoted(type_.name)} LIMIT 1").fetchone() is None  # noqa: S608 - the schema's
        fields = [each for each in type_.stored_fields if empty and self._indexed(type_, each)]
        for each in fields:
            self.db.execute(f"DROP INDEX IF EXISTS {quoted(f'{type_.name}.{each.name}')}")
        yield
        for each in fields:
            self._index(type_, each)

    def _index(self, type_: ObjectType, field: Field) -> None:
        name = quoted(f"{type_.name}.{field.name}")
        column = quoted(field.name)
        also = ""
        if field.name == "SystemModstamp":  # counting by stamp, as replications do, reads the index alone
            asked = ("Id", *(each.name for each in type_.stored_fields if each.name == "IsDeleted"), PENDING)
            also = "".join(f", {quoted(each)}" for each in asked)
        self.db.execute(
            f"CREATE INDEX IF NOT EXISTS {name} ON {quoted(type_.name)} ({column}{also}) WHERE {column} IS NOT NULL"
        )

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Everything inside is kept together, or, when an error leaves the block, undone together. May be nested."""
        self._savepoints += 1
        name = f"sp{self._savepoints}"
        self.db.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self.db.execute(f"ROLLBACK TO {name}")
            raise
        finally:
            self.db.execute(f"RELEASE {name}")
            self._savepoints -= 1

    def insert(self, type_: ObjectType, row: Mapping[str, Value], *, pending: int | None = None) -> None:
        """Insert a row of stored values; its `Id` is part of it."""
        self.db.execute(_insert(type_.name, (*row, PENDING)), [*row.values(), pending])

    def update(self, type_: ObjectType, record_id: str, changes: Mapping[str, Value]) -> None:
        """Set the given stored values on a row."""
        if not changes:
            return
        self.db.execute(_update(type_.name, tuple(changes)), [*changes.values(), record_id])

    def remove(self, type_: ObjectType, record_id: str) -> None:
        """Take a row away for good."""
        self.db.execute(f'DELETE FROM {quoted(type_.name)} WHERE "Id" = ?', [record_id])  # noqa: S608

    def row(self, type_: ObjectType, record_id: str, *, deleted: bool = False) -> Row | None:
        """The committed row with this id of 18 characters; a deleted one only if asked for."""
        alive = "" if deleted or type_.field("IsDeleted") is None else ' AND "IsDeleted" = 0'
        found = self.select(type_, f'"Id" = ? AND {quoted(PENDING)} IS NULL{alive}', [record_id])
        return found[0] if found else None

    def rows_by_id(self, type_: ObjectType, record_ids: Sequence[str], columns: Sequence[str]) -> dict[str, Row]:
        """These columns of the committed rows with these ids of 18 characters, by id; without deleted ones."""
        alive = "" if type_.field("IsDeleted") is None else ' AND "IsDeleted" = 0'
        names = ", ".join(quoted(name) for name in columns)
        cursor = self.db.execute(
            f'SELECT "Id", {names} FROM {quoted(type_.name)} '  # noqa: S608 - names are the schema's
            f'WHERE "Id" IN (SELECT value FROM json_each(?)) AND {quoted(PENDING)} IS NULL{alive}',
            [json.dumps(record_ids)],
        )
        return {found[0]: dict(zip(columns, found[1:], strict=True)) for found in cursor}

    def rows_where(self, type_: ObjectType, equal: Mapping[str, Value], *, deleted: bool = False) -> list[Row]:
        """The committed rows whose columns equal the given values (None is IS NULL), in order of id."""
        conditions = [f"{quoted(PENDING)} IS NULL"]
        values = []
        for name, value in equal.items():
            if value is None:
                conditions.append(f"{quoted(name)} IS NULL")
            else:
                conditions.append(f"{quoted(name)} = ?")
                values.append(value)
        if not deleted and type_.field("IsDeleted"):
            conditions.append('"IsDeleted" = 0')
        where = " AND ".join(conditions)
        return self.select(type_, f'{where} ORDER BY "Id"', values)

    def select(self, type_: ObjectType, where: str, values: Sequence[Value] = ()) -> list[Row]:
        """Rows by an SQL condition of our own making (never a client's text)."""
        cursor = self.db.execute(
            f"SELECT {type_.column_list} FROM {quoted(type_.name)} WHERE {where}",  # noqa: S608 - see docstring
            values,
        )
        return [dict(zip(type_.columns, found, strict=True)) for found in cursor]

    def bulk_insert(self, type_: ObjectType, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> int:
        """Insert many rows of stored values at once, without any of the checks of a write; returns how many."""
        before = self.db.total_changes
        with self.savepoint():
            self.db.executemany(_insert(type_.name, tuple(columns)), rows)
        return self.db.total_changes - before

    def log_deletion(self, type_: ObjectType, record_id: str, stamp: str) -> None:
        """Note that a record was deleted, so that replication can tell even when the row is gone."""
        self.db.execute("INSERT OR REPLACE INTO _deleted VALUES (?, ?, ?)", [type_.name, record_id, stamp])

    def forget_deletion(self, record_id: str) -> None:
        """The record is back."""
        self.db.execute("DELETE FROM _deleted WHERE id = ?", [record_id])

    def deletions(self, type_: ObjectType, start: str, end: str) -> list[tuple[str, str]]:
        """`(id, stamp)` of the records deleted from `start` up to `end`, oldest first."""
        query = "SELECT id, stamp FROM _deleted WHERE object = ? AND stamp >= ? AND stamp < ? ORDER BY stamp, id"
        return [(str(row[0]), str(row[1])) for row in self.db.execute(query, [type_.name, start, end])]

    def count(self, type_: ObjectType) -> int:
        """How many committed rows that are not deleted the object has."""
        alive = ' AND "IsDeleted" = 0' if type_.field("IsDeleted") else ""
        query = f"SELECT COUNT(*) FROM {quoted(type_.name)} WHERE {quoted(PENDING)} IS NULL{alive}"  # noqa: S608 - as above
        return int(self.db.execute(query).fetchone()[0])

    def snapshot(self) -> bytes:
        """The whole database as bytes."""
        return self.db.serialize()

    def drop_pending(self) -> None:
        """Take away the rows of transactions that nobody will commit."""
        for each in self.schema:
            self.db.execute(f"DELETE FROM {quoted(each.name)} WHERE {quoted(PENDING)} IS NOT NULL")  # noqa: S608 - the schema's

    def restore(self, snapshot: bytes) -> None:
        """Back to a snapshot; `db` stays the same connection.

        The snapshot is copied in from a connection of its own: taken in directly, the statements that SQLite keeps
        prepared would look for its table-valued functions in memory that is gone, and end the process.
        """
        with closing(sqlite3.connect(":memory:")) as kept:
            kept.deserialize(snapshot)
            kept.backup(self.db)

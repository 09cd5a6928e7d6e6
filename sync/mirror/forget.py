# ruff: noqa: S608 -- identifiers come from the mapping and the catalogue and are quoted; ids are parameters
"""Taking a person out of the mirror: their records, every version of them, and what hangs on them.

The ids stay in `forgotten`, so that no later pull brings the person back, and in the ledger, which holds nothing else.
Deleting rows leaves their bytes in the file; so the file is written anew, at the latest by the next pull. Records of
others that name the person are told, and on request cleared of the name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from sync.mapping import ObjectMapping, OrgMapping
from sync.mirror.connection import Wait, give_up, private, refused
from sync.mirror.mentions import Mention, find_mentions, marks_of, redact
from sync.mirror.state import naive, read_meta, write_meta
from sync.mirror.tables import catalogue, object_of, quoted

_DUE = "rewrite_due"
"""Key of `mirror_meta`: rows of forgotten people are deleted, and the file is still to be written anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was removed."""

    ids: tuple[str, ...]
    """The person's records: those asked for, merge losers that became them, the contact that a lead was made into."""
    removed: Mapping[str, int]
    """Our object name → current rows removed: the person's own, their activities and their history."""
    versions: int
    """Rows of the version tables."""
    mentions: tuple[Mention, ...]
    """Records of others that name the person, in some version."""

    @property
    def records(self) -> int:
        """Current rows of all objects."""
        return sum(self.removed.values())


def forget(
    connection: DuckDBPyConnection,
    mapping: OrgMapping,
    ids: Sequence[str],
    *,
    at: datetime,
    clear_mentions: bool = False,
) -> Forgotten:
    """Removes persons (leads or contacts, by 18-character id) in one transaction.

    Args:
        connection: The mirror, open to write.
        mapping: What is mapped.
        ids: Leads and contacts.
        at: When.
        clear_mentions: Also replace their names and addresses in the records of others.
    """
    connection.execute("BEGIN TRANSACTION")
    try:
        everything = same_person(connection, ids)
        marks = marks_of(connection, everything)
        _remember(connection, everything, at)
        _remember(connection, _ever_theirs(connection, mapping), at)
        removed: dict[str, int] = {}
        versions = 0
        for table, columns in _person_columns(connection, mapping):
            where = " OR ".join(f"{quoted(column)} IN (SELECT id FROM forgotten)" for column in columns)
            row = connection.execute(f"DELETE FROM {quoted(table)} WHERE {where}").fetchone()
            count = int(row[0]) if row else 0
            versions += count
            if count and object_of(table) == table:
                removed[table] = count
        mentions = find_mentions(connection, marks)
        if clear_mentions:
            redact(connection, marks)
        write_meta(connection, _DUE, "yes")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return Forgotten(ids=tuple(everything), removed=removed, versions=versions, mentions=mentions)


def is_rewrite_due(connection: DuckDBPyConnection) -> bool:
    """Whether somebody was forgotten whose bytes are still in the file: the rewriting was killed, or had no room."""
    return read_meta(connection, _DUE) is not None


def rewrite(path: Path, wait: Wait = give_up) -> None:
    """Writes the file anew without what was deleted, and puts it in the old one's place.

    Raises:
        OrgBusy: Another process holds the mirror; the next pull will do it.
        MirrorUnusable: It can't be read.
    """
    fresh = path.with_name(path.name + ".fresh")
    while True:
        for left in (fresh, fresh.with_name(fresh.name + ".wal")):
            left.unlink(missing_ok=True)
        try:
            with private(path), duckdb.connect() as connection:
                _attach(connection, path, "held", " (READ_ONLY)")
                _attach(connection, fresh, "fresh", "")
                connection.execute("COPY FROM DATABASE held TO fresh")
                connection.execute("DELETE FROM fresh.mirror_meta WHERE key = ?", [_DUE])
                connection.execute("DETACH fresh")
                fresh.replace(path)  # the old file is still attached, so no writer can have come in between
        except duckdb.IOException as error:
            fresh.unlink(missing_ok=True)
            problem = refused(str(error), path)
            if not wait(problem.message):
                raise problem from None
        else:
            return


def leave_out_the_forgotten(connection: DuckDBPyConnection, table: str, mapping: ObjectMapping) -> None:
    """Deletes what belongs to forgotten persons from a (quoted) table of an object's records."""
    if connection.execute("SELECT 1 FROM forgotten LIMIT 1").fetchone() is None:
        return
    for name in ("id", *person_references(mapping)):
        connection.execute(f"DELETE FROM {table} WHERE {quoted(name)} IN (SELECT id FROM forgotten)")


def person_references(mapping: ObjectMapping) -> tuple[str, ...]:
    """Our names of the fields by which a record hangs on a person: an activity's `who_id`, a history's `lead_id`."""
    api_names = {"WhoId", "LeadId", "ContactId"} if mapping.object not in {"Lead", "Contact"} else set()
    return tuple(f.name for f in mapping.fields.values() if f.api_name in api_names)


def same_person(connection: DuckDBPyConnection, ids: Sequence[str]) -> list[str]:
    """The ids, and those of records that are the same person, however often merged or converted."""
    tables = catalogue(connection)
    found = dict.fromkeys(ids)
    links = []
    if "converted_contact_id" in tables.get("lead", {}):
        links += ["SELECT id, converted_contact_id FROM lead", "SELECT converted_contact_id, id FROM lead"]
    links += [
        f"SELECT master_record_id, id FROM {quoted(table)}"  # a loser became the winner; what won may be more than it
        for table in ("lead", "contact")
        if "master_record_id" in tables.get(table, {})
    ]
    while links:
        rows = connection.execute(
            f"SELECT DISTINCT other FROM ({' UNION ALL '.join(links)}) l (id, other) "
            "WHERE id IN (SELECT unnest(?)) AND other IS NOT NULL ORDER BY other",
            [list(found)],
        ).fetchall()
        more = [row[0] for row in rows if row[0] not in found]
        if not more:
            break
        found |= dict.fromkeys(more)
    return list(found)


def _attach(connection: DuckDBPyConnection, file: Path, alias: str, mode: str) -> None:
    literal = str(file).replace("'", "''")
    connection.execute(f"ATTACH '{literal}' AS {alias}{mode}")


def _remember(connection: DuckDBPyConnection, ids: Sequence[str], at: datetime) -> None:
    connection.execute(
        "INSERT INTO forgotten SELECT id, ? FROM (SELECT unnest(?::VARCHAR[]) AS id) "
        "WHERE id NOT IN (SELECT id FROM forgotten)",
        [naive(at), list(ids)],
    )


def _ever_theirs(connection: DuckDBPyConnection, mapping: OrgMapping) -> list[str]:
    """Activities that hung on a forgotten person in any version; by now they may hang on an opportunity alone."""
    found: dict[str, None] = {}
    for table, columns in _person_columns(connection, mapping):
        others = [quoted(name) for name in columns if name != "id"]
        if others:
            where = " OR ".join(f"{name} IN (SELECT id FROM forgotten)" for name in others)
            rows = connection.execute(f"SELECT DISTINCT id FROM {quoted(table)} WHERE {where} ORDER BY id").fetchall()
            found |= dict.fromkeys(str(row[0]) for row in rows)
    return list(found)


def _person_columns(connection: DuckDBPyConnection, mapping: OrgMapping) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Tables with records in them, also of objects no longer mapped, and their columns that name a person."""
    for table, columns in sorted(catalogue(connection).items()):
        mapped = mapping.get(object_of(table))
        named = {"id", "who_id", "lead_id"} | set(person_references(mapped) if mapped else ())
        if "id" in columns and table != "forgotten":
            yield table, tuple(name for name in columns if name in named)

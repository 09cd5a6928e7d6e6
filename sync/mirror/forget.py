# ruff: noqa: S608 -- identifiers come from the mapping and the catalogue and are quoted; ids are parameters
"""Taking a person out of the mirror: their records, every version of them, and what hangs on them.

The ids stay in `forgotten`, so that no later pull brings the person back, and in the ledger, which holds nothing else.
Deleting rows leaves their bytes in the file; so the file is written anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from sync.mapping import OrgMapping
from sync.mirror.load import person_references
from sync.mirror.state import naive
from sync.mirror.tables import catalogue, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was removed."""

    ids: tuple[str, ...]
    """The person's records: those asked for, merge losers that became them, the contact that a lead was made into."""
    records: int
    """Current rows, of all objects: the person's own, their activities and their history."""
    versions: int
    """Rows of the version tables."""


def forget(connection: DuckDBPyConnection, mapping: OrgMapping, ids: Sequence[str], *, at: datetime) -> Forgotten:
    """Removes persons (leads or contacts, by 18-character id) in one transaction."""
    connection.execute("BEGIN TRANSACTION")
    try:
        everything = _same_person(connection, mapping, ids)
        connection.execute(
            "INSERT INTO forgotten SELECT id, ? FROM (SELECT unnest(?) AS id) "
            "WHERE id NOT IN (SELECT id FROM forgotten)",
            [naive(at), everything],
        )
        records = versions = 0
        for table, columns in _person_columns(connection, mapping):
            where = " OR ".join(f"{quoted(column)} IN (SELECT id FROM forgotten)" for column in columns)
            row = connection.execute(f"DELETE FROM {quoted(table)} WHERE {where}").fetchone()
            count = int(row[0]) if row else 0
            if table.endswith("_version"):
                versions += count
            else:
                records += count
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return Forgotten(ids=tuple(everything), records=records, versions=versions)


def rewrite(path: Path) -> None:
    """Writes the file anew without what was deleted, and puts it in the old one's place."""
    fresh = path.with_name(path.name + ".fresh")
    fresh.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        for alias, file, mode in (("held", path, " (READ_ONLY)"), ("fresh", fresh, "")):
            literal = str(file).replace("'", "''")
            connection.execute(f"ATTACH '{literal}' AS {alias}{mode}")
        fresh.chmod(0o600)
        connection.execute("COPY FROM DATABASE held TO fresh")
        connection.execute("DETACH fresh")
        fresh.replace(path)  # the old file is still attached, so no writer can have come in between


def _same_person(connection: DuckDBPyConnection, mapping: OrgMapping, ids: Sequence[str]) -> list[str]:
    """The ids, and those of records that are the same person, however often merged or converted."""
    found = dict.fromkeys(ids)
    links = ["SELECT id, converted_contact_id AS other FROM lead", "SELECT converted_contact_id, id FROM lead"]
    links += [
        f"SELECT master_record_id, id FROM {quoted(name)}"
        for name in ("lead", "contact")
        if (mapped := mapping.get(name)) and "master_record_id" in mapped.fields
    ]
    while True:
        rows = connection.execute(
            f"SELECT DISTINCT other FROM ({' UNION ALL '.join(links)}) l (id, other) "
            "WHERE id IN (SELECT unnest(?)) AND other IS NOT NULL ORDER BY other",
            [list(found)],
        ).fetchall()
        more = [row[0] for row in rows if row[0] not in found]
        if not more:
            return list(found)
        found |= dict.fromkeys(more)


def _person_columns(connection: DuckDBPyConnection, mapping: OrgMapping) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Tables with records in them, also of objects no longer mapped, and their columns that name a person."""
    for table, columns in sorted(catalogue(connection).items()):
        mapped = mapping.get(table.removesuffix("_version"))
        named = {"id", "who_id", "lead_id"} | set(person_references(mapped) if mapped else ())
        if "id" in columns and table != "forgotten":
            yield table, tuple(name for name in columns if name in named)

# ruff: noqa: S608 -- identifiers come from the checked mapping and are quoted
"""The mirror's tables, derived from the mapping: one per object for its records, one for what they were before.

A record's current version is written once, with when and by which run it was seen; only when another takes its place
does it move to `<object>_superseded`. The view `<object>_version` shows both: every version ever seen. No primary key
and no index: the load replaces rows by DELETE and INSERT in one transaction, which measured faster than any upsert and
keeps the file small.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from duckdb import CatalogException, DuckDBPyConnection

from sync.errors import MirrorUnusable
from sync.mapping import VERSION_FIELDS, ObjectMapping, OrgMapping
from sync.mirror.state import read_meta
from sync.policy.relations import sql_type

FORMAT = 2
"""Version of the file's layout; a file with another one was written by another leadgate."""

_SUPERSEDED = "_superseded"
_VERSION_TYPES = ("TIMESTAMP", "VARCHAR")


Catalogue = Mapping[str, Mapping[str, str]]
"""Table → column → type."""


def quoted(identifier: str) -> str:
    """An SQL identifier; `user` and others of our names are keywords."""
    return '"' + identifier.replace('"', '""') + '"'


def superseded_table(mapping: ObjectMapping) -> str:
    """The (quoted) table of the versions of an object's records that others have replaced."""
    return quoted(mapping.name + _SUPERSEDED)


def object_of(table: str) -> str:
    """Our name of the object whose records, of now or before, are in a table."""
    return table.removesuffix(_SUPERSEDED)


def cursor_field(mapping: ObjectMapping) -> str:
    """Our name of the field that the pull goes by: the modstamp, or the creation date of an append-only history."""
    return "system_modstamp" if "system_modstamp" in mapping.fields else "created_at"


def is_append_only(mapping: ObjectMapping) -> bool:
    """Whether rows are only ever added (field history): Salesforce drops old ones, the mirror keeps them."""
    return mapping.object.endswith("History")


def check_format(connection: DuckDBPyConnection, path: Path) -> None:
    """Refuses a file that is no mirror, or one of another format; a new, empty file is fine.

    Raises:
        MirrorUnusable: See above.
    """
    try:
        held = read_meta(connection, "format")
    except CatalogException:
        held = None
        tables = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE NOT internal").fetchone()
        if tables is None or tables[0]:
            raise MirrorUnusable("this DuckDB file is not a mirror", place=str(path), fix="move it away") from None
    if held is not None and held != str(FORMAT):
        update = "update leadgate, or " if held.isdecimal() and int(held) > FORMAT else ""
        raise MirrorUnusable(
            f"the mirror has format {held}, and this leadgate reads format {FORMAT}",
            place=str(path),
            fix=f"{update}move the mirror away and run `leadgate pull`, which builds it again",
        )


def prepare(connection: DuckDBPyConnection, mapping: OrgMapping) -> Catalogue:
    """Creates the tables that are missing; those that are there change only in `follow`. What is there now."""
    connection.execute(files("sync.mirror").joinpath("schema.sql").read_text("utf-8"))
    if connection.execute("SELECT 1 FROM mirror_meta WHERE key = 'format'").fetchone() is None:
        connection.execute("INSERT INTO mirror_meta VALUES ('format', ?)", [str(FORMAT)])
    present = catalogue(connection)
    missing = [mapped for mapped in mapping if mapped.name not in present]
    for mapped in missing:
        follow(connection, mapped, present)
    return catalogue(connection) if missing else present


def follow(connection: DuckDBPyConnection, mapping: ObjectMapping, present: Catalogue) -> None:
    """Lets an object's tables follow its mapping: new columns appear empty, columns taken out go.

    Belongs into the transaction that fills the new columns. Columns that the mapping no longer names stay, so that a
    line lost by mistake costs no history; nobody reads them, and they are empty in records that come after.
    """
    wanted = {f.name: sql_type(f.type) for f in mapping.fields.values()}
    wanted |= dict(zip(VERSION_FIELDS, _VERSION_TYPES, strict=True))
    tables = (mapping.name, mapping.name + _SUPERSEDED)
    reshaped = [_shape(connection, table, wanted, present.get(table, {})) for table in tables]
    if any(reshaped):
        current, before = map(quoted, tables)
        connection.execute(
            f"CREATE OR REPLACE VIEW {quoted(f'{mapping.name}_version')} AS "
            f"SELECT * FROM {current} UNION ALL BY NAME SELECT * FROM {before}"
        )


def catalogue(connection: DuckDBPyConnection) -> Catalogue:
    """Every table's columns and their types; views are left out."""
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE NOT internal AND database_name = current_database() "
        "AND table_oid IN (SELECT table_oid FROM duckdb_tables() WHERE database_name = current_database())"
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, name, type_ in rows:
        tables.setdefault(table, {})[name] = type_
    return tables


def _shape(connection: DuckDBPyConnection, table: str, wanted: Mapping[str, str], present: Mapping[str, str]) -> bool:
    """Gives a table its columns; whether anything had to be done."""
    if not present:
        body = ", ".join(f"{quoted(name)} {type_}" for name, type_ in wanted.items())
        connection.execute(f"CREATE TABLE {quoted(table)} ({body})")
        return True
    stale = {name for name, type_ in present.items() if wanted.get(name, type_) != type_}
    missing = [name for name in wanted if name not in present or name in stale]
    for name in missing:
        if name in stale:
            connection.execute(f"ALTER TABLE {quoted(table)} DROP COLUMN {quoted(name)}")
        connection.execute(f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(name)} {wanted[name]}")
    return bool(missing)

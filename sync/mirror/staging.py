# ruff: noqa: S608 -- identifiers come from the checked mapping and are quoted; values are parameters
"""From pages of CSV on disk to one typed temporary table, `incoming`: the first half of every load.

Every record takes this way, whatever route it came by, so that one place knows how Salesforce writes values: empty is
null, times end in `Z` or `+0000`, money is exact. A value that doesn't fit its mapped type stops the load with the
mapping's line; the value itself is never shown.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from duckdb import DuckDBPyConnection
from duckdb import Error as DuckError

from sync.errors import MappingInvalid, OrgFault, Problem
from sync.mapping import MappedField, ObjectMapping
from sync.mirror.state import PulledColumn, naive
from sync.mirror.tables import cursor_field, quoted
from sync.model import FieldType
from sync.policy.relations import sql_type

_TYPED_BY_READER = frozenset({FieldType.BOOLEAN, FieldType.NUMBER, FieldType.PERCENT, FieldType.CURRENCY})

_LONGEST_LINE = 2_097_152
"""Bytes of one record that the reader expects at least; Bulk API 2.0 allows 400,000 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """CSV files with one header row of API names each, all in the same order; empty text means null."""

    files: tuple[Path, ...]
    columns: tuple[str, ...]
    longest_line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """All that was read of one object in one run."""

    mapping: ObjectMapping
    columns: Mapping[str, PulledColumn]
    """Our field name → where it comes from; every mapped field is in it."""
    pages: Pages
    window_to: datetime
    whole: bool
    """Every record of the object was read, so that a record held but not read is gone from the org."""
    purged: Mapping[str, datetime] = field(default_factory=dict)
    """Ids that the org says it has deleted, and when; those that no page brings are gone for good."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to stage and nothing to conclude from that."""
        return not (self.pages.files or self.purged or self.whole)


def stage(connection: DuckDBPyConnection, batch: Batch) -> int:
    """Types the pages into `incoming`, one row per id, the newest; how many distinct records of the window arrived.

    Raises:
        OrgFault: A page is cut off, or isn't what was asked for.
        MappingInvalid: A value doesn't fit the type that the mapping gives its field.
    """
    if batch.empty:
        return 0
    _create_incoming(connection, batch)
    _refuse_misfits(connection, batch.mapping)
    cursor = quoted(cursor_field(batch.mapping))
    counts = connection.execute(
        f"SELECT count(DISTINCT id) FILTER (WHERE {cursor} IS NULL OR {cursor} <= ?), count(*), count(DISTINCT id) "
        "FROM incoming",
        [naive(batch.window_to)],
    ).fetchone()
    received, everything, distinct = counts or (0, 0, 0)
    if everything != distinct:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE incoming AS SELECT * FROM incoming "
            f"QUALIFY row_number() OVER (PARTITION BY id ORDER BY {cursor} DESC NULLS LAST) = 1"
        )
    return int(received)


def strict_sql(mapping: ObjectMapping, columns: Mapping[str, PulledColumn], pages: Pages) -> str:
    """A SELECT of every mapped field's value in the pages; what doesn't fit its type is an error of the database.

    The reader itself types what it types as a cast would; it would drop a time's offset, and the time of a date.

    Raises:
        OrgFault: A page has other columns than those that were asked for.
    """
    places = _places(pages.columns)
    selected = []
    types: dict[str, str] = {}
    for mapped in mapping.fields.values():
        source = _source(columns[mapped.name], places)
        if source is not None and mapped.type in _TYPED_BY_READER:
            types[source] = sql_type(mapped.type)
            selected.append(f"coalesce({source}, false)" if mapped.name == "is_deleted" else source)
            continue
        wrong = _misfit_tests(mapped, source)[1:] if source is not None else []
        typed = _typed(mapped, source).replace("TRY_CAST", "CAST")
        selected.append(f"CASE WHEN {' OR '.join(wrong)} THEN error('misfit') ELSE {typed} END" if wrong else typed)
    return f"SELECT {', '.join(selected)} FROM {_pages_sql(pages, types)}"


def _pages_sql(pages: Pages, types: Mapping[str, str]) -> str:
    """The SQL of the pages' rows, in columns `c0`, `c1`, … of text unless `types` says otherwise."""
    files = [path for path in pages.files if path.stat().st_size > 0]
    for path in files:
        _check_header(path, pages.columns)
    return _read_csv(files, pages, types) if files else _no_rows(pages)


def cut_off(mapping: ObjectMapping, refused: DuckError) -> OrgFault:
    """What it means that the database can't read a page; its text would quote the records."""
    return OrgFault(
        f"a page of {mapping.object} records is cut off or malformed ({type(refused).__name__})",
        fix="run `leadgate pull` again; nothing of this object was taken in",
    )


def _places(selected: Sequence[str]) -> dict[str, str]:
    return {name.casefold(): f"c{index}" for index, name in enumerate(selected)}


def _source(column: PulledColumn, places: Mapping[str, str]) -> str | None:
    return None if column.api_name is None else places[column.api_name.casefold()]


def _create_incoming(connection: DuckDBPyConnection, batch: Batch) -> None:
    table = _pages_sql(batch.pages, {})
    places = _places(batch.pages.columns)
    typed: list[str] = []
    misfits: list[str] = []
    for mapped in batch.mapping.fields.values():
        source = _source(batch.columns[mapped.name], places)
        typed.append(f"{_typed(mapped, source)} AS {quoted(mapped.name)}")
        misfits.extend(_misfit(mapped, source))
    misfit = f"CASE {' '.join(misfits)} END" if misfits else "NULL::VARCHAR"
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE incoming AS SELECT {', '.join(typed)}, {misfit} AS _misfit FROM {table}"
        )
    except DuckError as broken:
        raise cut_off(batch.mapping, broken) from None


def _read_csv(files: Sequence[Path], pages: Pages, types: Mapping[str, str]) -> str:
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
    names = [f"c{index}" for index in range(len(pages.columns))]
    columns = ", ".join(f"'{name}': '{types.get(name, 'VARCHAR')}'" for name in names)
    line = max(_LONGEST_LINE, pages.longest_line + 1024)
    return (
        f"read_csv([{listed}], columns = {{{columns}}}, header = true, auto_detect = false, delim = ',', "
        f"quote = '\"', escape = '\"', null_padding = false, max_line_size = {line})"
    )


def _no_rows(pages: Pages) -> str:
    columns = ", ".join(f"NULL::VARCHAR AS c{index}" for index in range(len(pages.columns)))
    return f"(SELECT {columns} WHERE false)"


def _check_header(path: Path, columns: Sequence[str]) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    if [name.casefold() for name in header] != [name.casefold() for name in columns]:
        raise OrgFault(
            "a page of records has other columns than those that were asked for",
            fix="run `leadgate pull` again; nothing of this object was taken in",
        )


def _typed(mapped: MappedField, source: str | None) -> str:
    """The SQL of a field's value, null where it doesn't fit."""
    type_ = sql_type(mapped.type)
    if source is None:
        return "false" if mapped.name == "is_deleted" else f"NULL::{type_}"
    if type_ == "VARCHAR":
        return source
    return f"coalesce({_cast(mapped, source)}, false)" if mapped.name == "is_deleted" else _cast(mapped, source)


def _cast(mapped: MappedField, source: str) -> str:
    return f"TRY_CAST({source} AS {sql_type(mapped.type)})"


def _misfit(mapped: MappedField, source: str | None) -> Iterator[str]:
    """`WHEN … THEN name` for values that don't fit; `_typed` has made them null."""
    if source is None:
        return
    if mapped.name == "id":
        yield f"WHEN {source} IS NULL THEN 'id'"
    tests = _misfit_tests(mapped, source)
    if tests:
        yield f"WHEN {source} IS NOT NULL AND ({' OR '.join(tests)}) THEN '{mapped.name}'"


def _misfit_tests(mapped: MappedField, source: str) -> list[str]:
    """What is true of a value that doesn't fit, null apart; that it can't be cast at all comes first."""
    tests = [] if sql_type(mapped.type) == "VARCHAR" else [f"{_cast(mapped, source)} IS NULL"]
    match mapped.type:
        case FieldType.INTEGER:  # a cast rounds
            tests.append(f"TRY_CAST({source} AS DOUBLE) <> {_cast(mapped, source)}")
        case FieldType.DATE:  # a cast drops the time
            tests.append(f"length({source}) <> 10")
        case FieldType.DATETIME:  # a cast drops the offset
            endings = " OR ".join(f"suffix({source}, '{ending}')" for ending in ("Z", "+0000", "+00:00"))
            tests.append(f"NOT ({endings})")
        case _:
            pass
    return tests


def _refuse_misfits(connection: DuckDBPyConnection, mapping: ObjectMapping) -> None:
    rows = connection.execute(
        "SELECT _misfit, min(id), count(*) FROM incoming WHERE _misfit IS NOT NULL GROUP BY _misfit ORDER BY _misfit"
    ).fetchall()
    if any(name == "id" for name, _, _ in rows):
        raise OrgFault(f"the org sent {mapping.object} records without Id", fix="run `leadgate pull` again")
    problems = [
        Problem(
            mapping.file,
            max(1, mapping.fields[name].line),
            f"{name}: {count} value{'s' if count > 1 else ''} of {mapping.object}.{mapping.fields[name].api_name} "
            f"can't be read as {mapping.fields[name].type.value}, first in record {record}",
            "run `leadgate mapping lint`",
        )
        for name, record, count in rows
    ]
    if problems:
        raise MappingInvalid(problems)

# ruff: noqa: S608 -- identifiers come from the catalogue and are quoted; the marks are parameters
"""Where else in the mirror a person is named: an account called after them, a colleague's call notes.

Part of forgetting (`sync.mirror.forget`). Looks for the person's addresses and full names, whatever their
capitalisation, in every text of every version.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from sync.mirror.tables import catalogue, object_of, quoted

REDACTED = "[forgotten]"

_MARK_COLUMNS = ("name", "email", "phone", "mobile_phone")
_PEOPLE = {"lead", "contact", "user"}
"""Objects whose records are people: one of the same name is somebody else."""

_HANGS_ON = ("id", "who_id", "lead_id")
_OWN_TABLES = {"mirror_meta", "pull_state", "pull_object", "forgotten"}


@dataclass(frozen=True, slots=True, order=True)
class Mention:
    """A record that names the person."""

    object: str
    """Our name."""
    id: str


def marks_of(connection: DuckDBPyConnection, ids: Sequence[str]) -> list[str]:
    """What tells the person, in lower case: addresses, full names and telephone numbers of all their versions.

    A name of one word says nothing (`Baker`), and is left out.
    """
    found: dict[str, None] = {}
    for table, columns in catalogue(connection).items():
        if object_of(table) not in {"lead", "contact"} or "id" not in columns:
            continue
        for column in _MARK_COLUMNS:
            if column not in columns:
                continue
            rows = connection.execute(
                f"SELECT DISTINCT lower(trim({quoted(column)})) FROM {quoted(table)} "
                f"WHERE id IN (SELECT unnest(?)) AND {quoted(column)} IS NOT NULL",
                [list(ids)],
            ).fetchall()
            found |= dict.fromkeys(str(row[0]) for row in rows if _is_telling(column, str(row[0])))
    return sorted(found)


def find_mentions(
    connection: DuckDBPyConnection, marks: Sequence[str], *, except_of: Collection[str] = ()
) -> tuple[Mention, ...]:
    """Records in which one of the marks stands, in some version.

    Args:
        connection: The mirror.
        marks: From `marks_of`.
        except_of: Leads and contacts whose own records and activities don't count.
    """
    if not marks:
        return ()
    found: set[Mention] = set()
    columns_of = catalogue(connection)
    for table, columns in _texts(connection):
        text = f"lower(concat_ws(chr(10), {', '.join(quoted(name) for name in columns)}))"
        theirs = [f"{quoted(n)} IN (SELECT unnest(?::VARCHAR[]))" for n in columns_of[table] if n in _HANGS_ON]
        where = f"{_any(text, marks)} AND NOT coalesce({' OR '.join(theirs)}, false)"
        rows = connection.execute(
            f"SELECT DISTINCT id FROM {quoted(table)} WHERE {where}",
            [*marks, *(list(except_of) for _ in theirs)],
        ).fetchall()
        found |= {Mention(object_of(table), str(row[0])) for row in rows}
    return tuple(sorted(found))


def redact(connection: DuckDBPyConnection, marks: Sequence[str]) -> None:
    """Replaces the marks wherever they stand; inside the caller's transaction."""
    if not marks:
        return
    pattern = "|".join(re.escape(mark) for mark in sorted(marks, key=len, reverse=True))
    for table, columns in _texts(connection):
        for column in map(quoted, columns):
            connection.execute(
                f"UPDATE {quoted(table)} SET {column} = regexp_replace({column}, ?, ?, 'gi') "
                f"WHERE {_any(f'lower({column})', marks)}",
                [pattern, REDACTED, *marks],
            )


def _is_telling(column: str, mark: str) -> bool:
    if column == "name":
        return " " in mark and len(mark) >= 5
    return len(mark) >= 6


def _any(text: str, marks: Sequence[str]) -> str:
    return "(" + " OR ".join(f"contains({text}, ?)" for _ in marks) + ")"


def _texts(connection: DuckDBPyConnection) -> Iterator[tuple[str, list[str]]]:
    """Tables of records, and their columns that hold text."""
    for table, columns in sorted(catalogue(connection).items()):
        if table in _OWN_TABLES or "id" not in columns:
            continue
        people = object_of(table) in _PEOPLE
        texts = [
            name
            for name, kind in columns.items()
            if kind == "VARCHAR" and name != "id" and not name.endswith("_id") and not (people and name == "name")
        ]
        if texts:
            yield table, texts

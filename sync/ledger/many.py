"""Many rows through one prepared statement: the ledger's intents and closings, a hundred thousand in a transaction.

SQLAlchemy looks at each row of an `executemany` for types, defaults and names; here that is done once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Insert, Update

Row = tuple[str | None, ...]

_AT_ONCE = 20
"""Rows that one statement inserts into SQLite, where beginning and ending a statement that fires triggers costs a
fifth of an insert; with the widest rows still below the 999 parameters that any SQLite takes."""


def execute_many(
    connection: Connection, statement: Insert | Update, names: Sequence[str], rows: Iterable[Row]
) -> tuple[int, int]:
    """Run a statement once a row; how many rows there were, and how many the database changed.

    Args:
        connection: In a transaction.
        statement: An insert, or an update whose only parameters are `names`.
        names: The columns to be set and the `bindparam`s, in the order of the rows' values; all of them text.
        rows: The values.
    """
    compiled: Any = statement.compile(dialect=connection.dialect, column_keys=list(names))
    wanted = compiled.positiontup if compiled.positional else list(compiled.params)
    if sorted(wanted) != sorted(names):
        raise TypeError(f"the statement takes {sorted(wanted)}, not {sorted(names)}")
    if not compiled.positional:
        given: list[Any] = [dict(zip(names, row, strict=True)) for row in rows]
    elif list(wanted) == list(names):
        given = list(rows)
    else:
        places = [names.index(name) for name in wanted]
        given = [tuple([row[place] for place in places]) for row in rows]
    several = len(given) - len(given) % _AT_ONCE if isinstance(statement, Insert) and compiled.positional else 0
    changed = 0
    if several:
        into, values, row = str(compiled).rpartition(" VALUES ")
        starts = range(0, several, _AT_ONCE)
        flat = [tuple(chain.from_iterable(given[start : start + _AT_ONCE])) for start in starts]
        changed += connection.exec_driver_sql(into + values + ", ".join([row] * _AT_ONCE), flat).rowcount
    if several < len(given):
        changed += connection.exec_driver_sql(str(compiled), given[several:]).rowcount
    return len(given), changed

"""Many rows through one prepared statement: the ledger's intents and closings, a hundred thousand in a transaction.

SQLAlchemy looks at each row of an `executemany` for types, defaults and names; here that is done once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Insert, Update

Row = tuple[str | None, ...]


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
    return (len(given), connection.exec_driver_sql(str(compiled), given).rowcount) if given else (0, 0)

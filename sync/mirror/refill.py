# ruff: noqa: S608 -- identifiers come from the checked mapping and are quoted; values are parameters
"""Some fields of every record, put into rows that are there already: for fields new to the mapping, and for formulas.

A field that the mapping has gained was always so in the org, so it is filled in place and makes no version. A formula
that says something else than before has changed, without moving the record's stamp: that is a version like any other.
"""

from __future__ import annotations

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from sync.mapping import ObjectMapping
from sync.mirror.load import replace_rows
from sync.mirror.state import ObjectState, write_state
from sync.mirror.tables import Catalogue, follow, quoted


def refill(
    connection: DuckDBPyConnection,
    mapping: ObjectMapping,
    state: ObjectState,
    present: Catalogue,
    *,
    new: Sequence[str],
    formulas: Sequence[str],
) -> int:
    """Carries staged values into the records held, in one transaction with the state; how many records say otherwise.

    Args:
        connection: The mirror, open to write, with `incoming` staged.
        mapping: The object's whole mapping; what was staged has only some of its fields.
        state: The object's state that says that the new fields are there.
        present: The mirror's tables.
        new: Our names of fields that the mirror has not held before.
        formulas: Our names of formula fields.
    """
    table = quoted(mapping.name)
    changed = 0
    connection.execute("BEGIN TRANSACTION")
    try:
        follow(connection, mapping, present)
        if new:
            values = ", ".join(f"{quoted(name)} = i.{quoted(name)}" for name in new)
            connection.execute(f"UPDATE {table} SET {values} FROM incoming i WHERE i.id = {table}.id")
        if formulas:
            replaced = ", ".join(f"i.{quoted(name)} AS {quoted(name)}" for name in formulas)
            differs = " OR ".join(f"i.{quoted(name)} IS DISTINCT FROM c.{quoted(name)}" for name in formulas)
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE changes AS SELECT c.* REPLACE ({replaced}), "
                f"c.rowid AS _row FROM {table} c JOIN incoming i ON i.id = c.id WHERE {differs}"
            )
            row = connection.execute("SELECT count(*) FROM changes").fetchone()
            changed = int(row[0]) if row else 0
            if changed:
                replace_rows(connection, mapping, state)
            connection.execute("DROP TABLE changes")
        connection.execute("DROP TABLE incoming")
        write_state(connection, state)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return changed

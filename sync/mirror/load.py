# ruff: noqa: S608 -- identifiers come from the checked mapping and are quoted; values are parameters
"""From the staged records to current rows and versions, in one transaction per object.

The second half of every load: rows that differ replace those held, which stay as superseded versions, and the
watermark moves with them. A record equal to the one held makes no version, so reading a window twice changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from duckdb import DuckDBPyConnection

from sync.mapping import ObjectMapping
from sync.mirror.first_load import is_empty
from sync.mirror.forget import leave_out_the_forgotten
from sync.mirror.staging import Batch
from sync.mirror.state import Completeness, ObjectState, naive, write_record, write_state
from sync.mirror.tables import Catalogue, cursor_field, follow, is_append_only, quoted, superseded_table

_DEAD = 0.25
"""Share of dead rows from which a table is written anew without them."""


def commit(
    connection: DuckDBPyConnection, batch: Batch, record: Completeness, state: ObjectState, present: Catalogue
) -> Completeness:
    """Carries what `stage` prepared into the mirror, with its watermark and record; the record with its counts.

    Args:
        connection: The mirror, open to write, with `incoming` staged (unless the batch is empty).
        batch: What was staged.
        record: What the org counted, and how much arrived.
        state: How far the object is pulled with it.
        present: The mirror's tables.
    """
    connection.execute("BEGIN TRANSACTION")
    try:
        follow(connection, batch.mapping, present)
        if not batch.empty:
            record = _take_in(connection, batch, record, state)
        write_state(connection, state)
        write_record(connection, record, run_id=state.run_id, at=state.pulled_at)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return record


def _take_in(connection: DuckDBPyConnection, batch: Batch, record: Completeness, state: ObjectState) -> Completeness:
    leave_out_the_forgotten(connection, "incoming", batch.mapping)
    kind = _find_changes(connection, batch)
    changed, deleted, merged = _count_changes(connection, batch.mapping)
    if changed:
        replace_rows(connection, batch.mapping, state)
    connection.execute(f"DROP {kind} changes")
    connection.execute("DROP TABLE incoming")
    return replace(record, changed=changed, deleted=deleted, merged=merged)


def replace_rows(connection: DuckDBPyConnection, mapping: ObjectMapping, state: ObjectState) -> None:
    """Puts the rows of `changes` in the place of those held (`_row`), which become superseded versions."""
    table = quoted(mapping.name)
    names = ", ".join(quoted(name) for name in mapping.fields)
    replaced = f"{table} WHERE rowid IN (SELECT _row FROM changes)"
    connection.execute(f"INSERT INTO {superseded_table(mapping)} BY NAME SELECT * FROM {replaced}")
    connection.execute(f"DELETE FROM {replaced}")
    _time_compaction(connection, mapping)
    connection.execute(
        f"INSERT INTO {table} ({names}, seen_at, run_id) SELECT {names}, ?, ? FROM changes",
        [naive(state.pulled_at), state.run_id],
    )


def _time_compaction(connection: DuckDBPyConnection, mapping: ObjectMapping) -> None:
    """Has the checkpoint compact the tables (see `connection.opened`) once a good share of one's rows is dead.

    Called when rows are deleted and their successors not yet there.
    """
    everything, living = connection.execute(
        f"SELECT estimated_size, (SELECT count(*) FROM {quoted(mapping.name)}) FROM duckdb_tables() "
        "WHERE database_name = current_database() AND table_name = ?",
        [mapping.name],
    ).fetchone() or (0, 0)
    if everything - living >= _DEAD * everything:
        connection.execute("RESET max_vacuum_tasks")


def _find_changes(connection: DuckDBPyConnection, batch: Batch) -> Literal["TABLE", "VIEW"]:
    """`changes`: staged rows that differ from those held, and rows held that the org no longer has; what it is."""
    mapping = batch.mapping
    if is_empty(connection, mapping):
        # A first load spares the comparison.
        connection.execute(
            "CREATE OR REPLACE TEMP VIEW changes AS SELECT *, false AS _was_deleted, NULL::BIGINT AS _row FROM incoming"
        )
        return "VIEW"
    table, cursor = quoted(mapping.name), quoted(cursor_field(mapping))
    names = [quoted(name) for name in mapping.fields]
    # A whole reading is the org's word on every record; a window may be overtaken by a later pull that ended first.
    newer = "true" if batch.whole else f"(c.{cursor} IS NULL OR i.{cursor} >= c.{cursor})"
    # Records of another stamp differ by that alone: only those of the same one are compared, field by field, and only
    # for these all columns of the table are read.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE met AS SELECT i.rowid AS _new, c.rowid AS _row, "
        f"coalesce(c.is_deleted, false) AS _was_deleted, "
        f"c.id IS NOT NULL AND i.{cursor} IS NOT DISTINCT FROM c.{cursor} AS _same "
        f"FROM incoming i LEFT JOIN {table} c ON c.id = i.id WHERE c.id IS NULL OR {newer}"
    )
    taken = f"SELECT {', '.join(f'i.{name}' for name in names)}, m._was_deleted, m._row FROM incoming i "
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE changes AS {taken} JOIN met m ON m._new = i.rowid WHERE NOT m._same"
    )
    if connection.execute("SELECT 1 FROM met WHERE _same LIMIT 1").fetchone() is not None:
        differs = " OR ".join(f"i.{name} IS DISTINCT FROM c.{name}" for name in names if name != '"id"')
        connection.execute(
            f"INSERT INTO changes {taken} JOIN met m ON m._new = i.rowid JOIN {table} c ON c.rowid = m._row "
            f"WHERE m._same AND ({differs})"
        )
    connection.execute("DROP TABLE met")
    held = ", ".join(f"c.{name}" if name != '"is_deleted"' else "true" for name in names)
    if batch.whole and not is_append_only(mapping):
        connection.execute(
            f"INSERT INTO changes SELECT {held}, false, c.rowid FROM {table} c WHERE NOT c.is_deleted "
            f"AND c.id NOT IN (SELECT id FROM incoming) AND (c.{cursor} IS NULL OR c.{cursor} <= ?)",
            [naive(batch.window_to)],
        )
    elif batch.purged:
        gone = "SELECT unnest(?) AS id, unnest(?) AS deleted_at"
        connection.execute(
            f"INSERT INTO changes SELECT {held}, false, c.rowid FROM {table} c JOIN ({gone}) p ON p.id = c.id "
            f"WHERE NOT c.is_deleted AND c.{cursor} <= p.deleted_at AND c.id NOT IN (SELECT id FROM incoming)",
            [list(batch.purged), [naive(at) for at in batch.purged.values()]],
        )
    return "TABLE"


def _count_changes(connection: DuckDBPyConnection, mapping: ObjectMapping) -> tuple[int, int, int]:
    """How many rows change, and how many of them are new deletions and new merge losers."""
    merged = "master_record_id IS NOT NULL" if "master_record_id" in mapping.fields else "false"
    row = connection.execute(
        f"SELECT count(*), count(*) FILTER (WHERE is_deleted AND NOT _was_deleted AND NOT ({merged})), "
        f"count(*) FILTER (WHERE is_deleted AND NOT _was_deleted AND {merged}) FROM changes"
    ).fetchone()
    changed, deleted, merges = row or (0, 0, 0)
    return int(changed), int(deleted), int(merges)

# ruff: noqa: S608 -- identifiers come from the checked mapping and are quoted; values are parameters
"""An object's first records, page by page straight into its empty table, in one transaction with the watermark.

Beside `stage` and `commit`, which compare what came with what is held, this is the short way for the one case where
nothing is held: every page is typed and written once, as soon as it is there. What doesn't fit its type is found by the
database refusing the page; only then the page goes the long way, which says what and where.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from duckdb import DuckDBPyConnection
from duckdb import Error as DuckError

from sync.errors import OrgFault
from sync.mapping import ObjectMapping
from sync.mirror.forget import leave_out_the_forgotten
from sync.mirror.staging import Batch, Pages, cut_off, stage, strict_sql
from sync.mirror.state import Completeness, ObjectState, PulledColumn, naive, write_record, write_state
from sync.mirror.tables import Catalogue, cursor_field, follow, quoted


def is_empty(connection: DuckDBPyConnection, mapping: ObjectMapping) -> bool:
    """Whether the mirror holds no record of an object whose table is there."""
    return connection.execute(f"SELECT 1 FROM {quoted(mapping.name)} LIMIT 1").fetchone() is None


@dataclass(slots=True, kw_only=True)
class FirstLoad:
    """One object's pages on their way in; nothing of them is kept before `commit`."""

    connection: DuckDBPyConnection
    mapping: ObjectMapping
    columns: Mapping[str, PulledColumn]
    """Our field name → where it comes from; every mapped field is in it."""
    selected: tuple[str, ...]
    """The header of every page."""
    seen_at: datetime
    run_id: str

    def begin(self, present: Catalogue) -> None:
        """Opens the transaction; `present` are the mirror's tables."""
        self.connection.execute("BEGIN TRANSACTION")
        follow(self.connection, self.mapping, present)

    def add(self, files: Sequence[Path]) -> None:
        """Takes in pages.

        Raises:
            OrgFault: A page is cut off, or isn't what was asked for.
            MappingInvalid: A value doesn't fit the type that the mapping gives its field.
        """
        pages = Pages(files=tuple(files), columns=self.selected)
        values = strict_sql(self.mapping, self.columns, pages)
        names = ", ".join(quoted(name) for name in self.mapping.fields)
        try:
            self.connection.execute(
                f"INSERT INTO {quoted(self.mapping.name)} ({names}, seen_at, run_id) SELECT *, ?, ? FROM ({values})",
                [naive(self.seen_at), self.run_id],
            )
        except DuckError as refused:
            self.abandon()
            stage(self.connection, self._batch(pages, self.seen_at))  # says what doesn't fit, and where
            raise cut_off(self.mapping, refused) from None

    def renew(self, pages: Pages, until: datetime) -> None:
        """Takes in pages of records some of which are there already; the newest of each stays.

        Raises:
            OrgFault, MappingInvalid: As `stage`.
        """
        table, names = quoted(self.mapping.name), ", ".join(quoted(name) for name in self.mapping.fields)
        stage(self.connection, self._batch(pages, until))
        self.connection.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM incoming)")
        self.connection.execute(
            f"INSERT INTO {table} ({names}, seen_at, run_id) SELECT {names}, ?, ? FROM incoming",
            [naive(self.seen_at), self.run_id],
        )
        self.connection.execute("DROP TABLE incoming")

    def received(self, until: datetime) -> int:
        """How many distinct records stamped up to `until` are there; of several with one id the newest stays.

        Raises:
            OrgFault: A record came without its id.
        """
        table, cursor = quoted(self.mapping.name), quoted(cursor_field(self.mapping))
        # Different hashes are different ids; the same hash only makes it look closer.
        everything, named, distinct = self._numbers(
            f"SELECT count(*), count(id), count(DISTINCT hash(id)) FROM {table}"
        )
        if named != everything:
            raise OrgFault(f"the org sent {self.mapping.object} records without Id", fix="run `leadgate pull` again")
        if distinct != everything:
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE twice AS SELECT * FROM {table} "
                f"WHERE id IN (SELECT id FROM {table} GROUP BY id HAVING count(*) > 1) "
                f"QUALIFY row_number() OVER (PARTITION BY id ORDER BY {cursor} DESC NULLS LAST) = 1"
            )
            self.connection.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM twice)")
            self.connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM twice")
            self.connection.execute("DROP TABLE twice")
        (received,) = self._numbers(
            f"SELECT count(*) FROM {table} WHERE {cursor} IS NULL OR {cursor} <= ?", naive(until)
        )
        return received

    def commit(self, record: Completeness, state: ObjectState) -> Completeness:
        """Ends the transaction with watermark and completeness record; the record with its counts."""
        table = quoted(self.mapping.name)
        leave_out_the_forgotten(self.connection, table, self.mapping)
        merged = "master_record_id IS NOT NULL" if "master_record_id" in self.mapping.fields else "false"
        changed, deleted, merges = self._numbers(
            f"SELECT count(*), count(*) FILTER (WHERE is_deleted AND NOT ({merged})), "
            f"count(*) FILTER (WHERE is_deleted AND {merged}) FROM {table}"
        )
        record = replace(record, changed=changed, deleted=deleted, merged=merges)
        write_state(self.connection, state)
        write_record(self.connection, record, run_id=state.run_id, at=state.pulled_at)
        self.connection.execute("COMMIT")
        return record

    def abandon(self) -> None:
        """Leaves the mirror as it was."""
        self.connection.execute("ROLLBACK")

    def _batch(self, pages: Pages, until: datetime) -> Batch:
        return Batch(mapping=self.mapping, columns=self.columns, pages=pages, window_to=until, whole=False)

    def _numbers(self, sql: str, *values: object) -> tuple[int, ...]:
        row = self.connection.execute(sql, list(values)).fetchone() or ()
        return tuple(int(value) for value in row)

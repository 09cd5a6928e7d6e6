"""Likelihoods in the mirror: one row per open lead, replaced as a whole, so that all are of one model.

`sync.insight.likelihood` computes them; policies read them as the field `likelihood`. They tell of nothing but the
leads of this mirror, so they live and go with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from duckdb import CatalogException, DuckDBPyConnection

from sync.mirror.state import naive
from sync.model import as_utc
from sync.policy.relations import LIKELIHOOD_COLUMNS, LIKELIHOODS, sql_type

_COLUMNS = "lead_id, likelihood, low, high, reasons, model_id, scored_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One lead's likelihood as the mirror keeps it."""

    lead_id: str
    likelihood: float
    low: float
    high: float
    reasons: tuple[tuple[str, str, float], ...]
    """Column, level in words, factor on the odds; strongest first."""
    model_id: str
    scored_at: datetime


def stand_in(session: DuckDBPyConnection) -> None:
    """An empty relation in a session on a mirror that was last written before likelihoods existed."""
    try:
        session.execute(f"SELECT 1 FROM {LIKELIHOODS} LIMIT 0")  # noqa: S608 -- our own name
    except CatalogException:
        columns = ", ".join(f"CAST(NULL AS {sql_type(type_)}) AS {name}" for name, type_ in LIKELIHOOD_COLUMNS.items())
        session.execute(f"CREATE OR REPLACE TEMP VIEW {LIKELIHOODS} AS SELECT {columns} WHERE false")


def write_scores(connection: DuckDBPyConnection, scores: Iterable[Score]) -> int:
    """Replaces all scores, in one transaction; how many there are now. The mirror must be open to write."""
    rows = [
        (s.lead_id, s.likelihood, s.low, s.high, json.dumps(s.reasons), s.model_id, naive(s.scored_at)) for s in scores
    ]
    connection.execute("BEGIN TRANSACTION")
    try:
        connection.execute(f"DELETE FROM {LIKELIHOODS}")  # noqa: S608 -- our own name
        if rows:
            types = ("VARCHAR", "DOUBLE", "DOUBLE", "DOUBLE", "VARCHAR", "VARCHAR", "TIMESTAMP")
            lists = ", ".join(f"unnest(?::{type_}[])" for type_ in types)
            columns = [list(column) for column in zip(*rows, strict=True)]
            connection.execute(f"INSERT INTO {LIKELIHOODS} SELECT {lists}", columns)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return len(rows)


def drop_scores(connection: DuckDBPyConnection, lead_ids: Sequence[str]) -> None:
    """Takes leads' scores out of a mirror that is open to write."""
    connection.execute(
        f"DELETE FROM {LIKELIHOODS} WHERE lead_id IN (SELECT unnest(?))",  # noqa: S608 -- our own name
        [list(lead_ids)],
    )


def read_scores(session: DuckDBPyConnection, *, lead_id: str | None = None, most: int | None = None) -> list[Score]:
    """Scores by likelihood, highest first; of one lead, or the first so many."""
    present = session.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE NOT internal AND table_name = ?", [LIKELIHOODS]
    ).fetchone()
    if present is None or not present[0]:
        return []
    where = "TRUE" if lead_id is None else "lead_id = ?"
    limit = "" if most is None else f"LIMIT {most:d}"
    rows = session.execute(
        f"SELECT {_COLUMNS} FROM {LIKELIHOODS} WHERE {where} ORDER BY likelihood DESC, lead_id {limit}",  # noqa: S608 -- our own names
        [] if lead_id is None else [lead_id],
    ).fetchall()
    return [
        Score(
            lead_id=row[0],
            likelihood=row[1],
            low=row[2],
            high=row[3],
            reasons=tuple((column, level, odds) for column, level, odds in json.loads(row[4])),
            model_id=row[5],
            scored_at=as_utc(row[6]),
        )
        for row in rows
    ]

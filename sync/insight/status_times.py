"""How long leads stay in each Lead Status, from the field history.

A stay ends with the next change of status. Leads that are in a status now have not ended theirs: they are counted
apart, with their age so far, because leaving them out alone would make every stay look shorter than it is.
"""

# ruff: noqa: S608 -- identifiers come from the checked mapping
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from duckdb import DuckDBPyConnection

from sync.insight.funnel import Window, span
from sync.insight.lead_life import LIFE
from sync.mapping import OrgMapping
from sync.policy.emit import constant
from sync.policy.relations import history_columns, history_names


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusStay:
    """Stays in one Lead Status."""

    status: str
    ended: int
    median: timedelta | None
    """Of the stays that ended."""
    p90: timedelta | None
    there_now: int
    """Leads in this status now, converted ones excepted."""
    median_age: timedelta | None
    """Of the stays of those, so far."""


def status_times(cursor: DuckDBPyConnection, mapping: OrgMapping, *, window: Window, now: datetime) -> list[StatusStay]:
    """Stays of the window's leads by status, most leads first; empty without a history of Lead Status."""
    if not history_columns(mapping):
        return []
    name = constant(history_names(mapping)["status"])
    clock = constant(now)
    changes = (
        "SELECT h.lead_id, h.created_at AS moment, h.old_value, h.new_value, "
        "row_number() OVER w AS number, lead(h.created_at) OVER w AS next FROM lead_history h "
        f"WHERE h.field = {name} AND h.old_value IS DISTINCT FROM h.new_value AND h.created_at <= {clock} "
        "WINDOW w AS (PARTITION BY h.lead_id ORDER BY h.created_at, h.id)"
    )
    stays = (
        f"SELECT c.old_value AS status, l.created_at AS start, c.moment AS until, l.is_converted FROM c "
        f"JOIN {LIFE} l USING (lead_id) WHERE number = 1 AND {window.sql('l.')} UNION ALL "
        f"SELECT c.new_value, c.moment, c.next, l.is_converted FROM c JOIN {LIFE} l USING (lead_id) "
        f"WHERE {window.sql('l.')} UNION ALL "
        f'SELECT r.status, l.created_at, NULL, l.is_converted FROM {LIFE} l JOIN "lead" r ON r.id = l.lead_id '
        f"WHERE l.lead_id NOT IN (SELECT lead_id FROM c) AND {window.sql('l.')}"
    )
    took = "epoch(until) - epoch(start)"
    age = f"epoch({clock}) - epoch(start)"
    here = "until IS NULL AND NOT is_converted"
    done = f"FILTER (WHERE {took} >= 0)"
    rows = cursor.execute(
        f"WITH c AS ({changes}), s AS ({stays}) SELECT status, count(*) {done}, "
        f"quantile_cont({took}, 0.5) {done}, quantile_cont({took}, 0.9) {done}, "
        f"count(*) FILTER (WHERE {here}), quantile_cont({age}, 0.5) FILTER (WHERE {here}) "
        "FROM s WHERE status IS NOT NULL GROUP BY status "
        f"HAVING count(*) FILTER (WHERE {took} >= 0 OR {here}) > 0 ORDER BY count(*) DESC, status"
    ).fetchall()
    if not any(row[1] for row in rows):
        return []
    return [
        StatusStay(
            status=str(status),
            ended=int(ended),
            median=span(median),
            p90=span(p90),
            there_now=int(now_there),
            median_age=span(median_age),
        )
        for status, ended, median, p90, now_there, median_age in rows
    ]

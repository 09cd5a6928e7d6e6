# ruff: noqa: S608 -- identifiers come from the checked mapping and are quoted; values are parameters
"""What was known of leads at given moments, as columns: the same query for the past that is learnt from and for today.

The past itself is `sync.mirror.past`: fields wound back, activities by when they were known. Nothing here looks at a
table that shows the present only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from duckdb import DuckDBPyConnection

from sync.insight.likelihood import columns as names
from sync.insight.likelihood.columns import LeadColumn, Taken
from sync.insight.likelihood.history import Life
from sync.insight.likelihood.levels import Cell, Kind
from sync.mirror.past.activities import ACTIVITY, has_activities
from sync.mirror.past.conversions import CONVERSION, ToldBy
from sync.mirror.past.fields import step_table
from sync.mirror.past.opening import Past
from sync.mirror.tables import quoted
from sync.model import as_utc

_MOMENTS = "likelihood_moment"
_WRITTEN_WITH = "INTERVAL 5 MINUTE"
"""A change so shortly before its conversion belongs to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """Columns of leads at their moments; every list is as long as the list of moments that had a lead."""

    kinds: Mapping[str, Kind]
    cells: Mapping[str, list[Cell]]
    places: Sequence[int]
    """Position of each row among the moments asked for."""


def lives(session: DuckDBPyConnection) -> list[Life]:
    """Every lead that is not deleted, from creation to conversion; after `Past.trace`."""
    rows = session.execute(
        f"SELECT l.id, l.created_at, c.done_at, c.told_by, l.converted_opportunity_id IS NOT NULL "
        f"FROM lead l LEFT JOIN {CONVERSION} c ON c.lead_id = l.id "
        f"WHERE NOT coalesce(l.is_deleted, false) AND l.created_at IS NOT NULL ORDER BY l.id"
    ).fetchall()
    return [
        Life(
            lead_id=lead_id,
            created_at=as_utc(created),
            converted_at=None if done is None else as_utc(done),
            only_the_day=told_by == ToldBy.DAY,
            undated=told_by == ToldBy.NOTHING,
            opportunity=bool(opportunity),
        )
        for lead_id, created, done, told_by, opportunity in rows
    ]


def open_leads(session: DuckDBPyConnection) -> list[str]:
    """Ids of the leads that are neither deleted nor converted."""
    rows = session.execute(
        "SELECT id FROM lead WHERE NOT coalesce(is_deleted, false) AND NOT coalesce(is_converted, false) ORDER BY id"
    ).fetchall()
    return [str(row[0]) for row in rows]


def ages_today(session: DuckDBPyConnection, *, now: datetime, touched_within: timedelta) -> list[timedelta]:
    """Ages of the open leads that somebody still works on: changed within the time given; of all, if none were."""
    where = "NOT coalesce(is_deleted, false) AND NOT coalesce(is_converted, false) AND created_at <= ?"
    sql = f"SELECT created_at FROM lead WHERE {where} AND system_modstamp >= ?"
    today = _naive(now)
    rows = session.execute(sql, [today, today - touched_within]).fetchall()
    if not rows:
        rows = session.execute(f"SELECT created_at FROM lead WHERE {where}", [today]).fetchall()
    return [today - row[0] for row in rows]


def states(
    session: DuckDBPyConnection, past: Past, moments: Iterable[tuple[str, datetime]], columns: Sequence[LeadColumn]
) -> States:
    """What was known of leads at their moments.

    Args:
        session: With the past traced.
        past: The traced past, with at least the fields of `columns`.
        moments: Lead ids with a moment each; a lead may be in it many times.
        columns: The lead fields wanted; columns of time and of activities come by themselves.
    """
    _remember(session, moments)
    made = {column.name: (column.kind, _cell(column)) for column in columns}
    made |= {name: (kind, _time_cell(name)) for name, kind in names.TIME_COLUMNS.items()}
    joined = ""
    if has_activities(past.mapping):
        made |= {name: (kind, f"a.{quoted(name)}") for name, kind in names.ACTIVITY_COLUMNS.items()}
        joined = f"LEFT JOIN ({_activities()}) a ON a.place = s.place"
    fields = list(dict.fromkeys(["created_at", *(column.field for column in columns)]))
    listed = ", ".join(f"{sql} AS {quoted(name)}" for name, (_, sql) in made.items())
    rows = session.execute(
        f"SELECT s.place, {listed} FROM ({past.leads_sql(_MOMENTS, fields)}) s {joined} ORDER BY s.place"
    ).fetchall()
    turned = list(zip(*rows, strict=True)) if rows else [() for _ in range(len(made) + 1)]
    return States(
        kinds={name: kind for name, (kind, _) in made.items()},
        cells={name: list(values) for name, values in zip(made, turned[1:], strict=True)},
        places=list(turned[0]),
    )


def written_by_conversions(session: DuckDBPyConnection, past: Past) -> dict[str, int]:
    """Leads whose conversion changed a field, or that had it changed afterwards; by our field name."""
    found = {}
    for name, evidence in past.fields.items():
        if evidence.stepped:
            row = session.execute(
                f"SELECT count(DISTINCT lead_id) FROM (SELECT s.lead_id, s.since, c.done_at, s.value, "
                f"lag(s.value) OVER w AS before, lag(s.since) OVER w AS first "
                f"FROM {step_table(name)} s JOIN {CONVERSION} c USING (lead_id) "
                f"WINDOW w AS (PARTITION BY s.lead_id ORDER BY s.since)) "
                f"WHERE since >= done_at - {_WRITTEN_WITH} AND first IS NOT NULL AND value IS DISTINCT FROM before"
            ).fetchone()
            found[name] = int(row[0]) if row else 0
    return found


def _remember(session: DuckDBPyConnection, moments: Iterable[tuple[str, datetime]]) -> None:
    listed = list(moments)
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE {_MOMENTS} AS SELECT unnest(?::VARCHAR[]) AS lead_id, "
        f"unnest(?::TIMESTAMP[]) AS as_of, unnest(?::BIGINT[]) AS place",
        [[lead_id for lead_id, _ in listed], [_naive(at) for _, at in listed], list(range(len(listed)))],
    )


def _cell(column: LeadColumn) -> str:
    field = f"s.{quoted(column.field)}"
    match column.taken:
        case Taken.AS_NUMBER:
            return f"CAST({field} AS DOUBLE)"
        case Taken.AS_DAYS:
            return f"CAST(date_diff('day', CAST(s.as_of AS DATE), CAST({field} AS DATE)) AS DOUBLE)"
        case Taken.AS_YES_NO:
            return f"CASE WHEN {field} THEN 'yes' WHEN NOT {field} THEN 'no' END"
        case Taken.AS_FILLED:
            return f"CASE WHEN coalesce(trim({field}), '') <> '' THEN 'yes' ELSE 'no' END"
        case Taken.AS_CATEGORY:
            return f"nullif(CAST({field} AS VARCHAR), '')"


def _time_cell(name: str) -> str:
    if name == names.AGE:
        return "CAST(date_diff('hour', s.created_at, s.as_of) AS DOUBLE) / 24"
    return "dayname(s.created_at)"


def _activities() -> str:
    past = "x.occurred_at <= m.as_of"
    counts = {names.CALLS: "call", names.EMAILS: "email", names.MEETINGS: "event", names.TASKS: "task"}
    columns = {
        names.LAST_ACTIVITY: f"CAST(date_diff('hour', max(x.occurred_at) FILTER (WHERE {past}), m.as_of) AS DOUBLE) "
        "/ 24",
        names.LATELY: f"CAST(count(x.id) FILTER (WHERE {past} AND x.occurred_at > m.as_of - INTERVAL 30 DAY) "
        "AS DOUBLE)",
        **{
            name: f"CAST(count(x.id) FILTER (WHERE {past} AND x.kind = '{kind}') AS DOUBLE)"
            for name, kind in counts.items()
        },
        names.MEETING_AHEAD: "CASE WHEN count(x.id) FILTER (WHERE x.kind = 'event' AND x.occurred_at > m.as_of) > 0 "
        "THEN 'yes' ELSE 'no' END",
    }
    listed = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())
    return (
        f"SELECT m.place, {listed} FROM {_MOMENTS} m LEFT JOIN {ACTIVITY} x ON x.lead_id = m.lead_id "
        f"AND x.created_at <= m.as_of AND x.valid_from <= m.as_of "
        f"AND (x.valid_until IS NULL OR m.as_of < x.valid_until) "
        f"GROUP BY m.place, m.as_of"
    )


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)

"""When each lead reached which step, as one temp table of a mirror session: what funnel and leaks count over.

Everything comes from the mirror as it is: creation, activities, status history, conversion, and what became of the
opportunity. What the org doesn't record stays empty here, and `LifeSources` says so; nothing is filled with a guess.
"""

# ruff: noqa: S608 -- identifiers come from the checked mapping; values are numbers and timestamps of our own
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from sync.mapping import OrgMapping
from sync.mirror.state import ObjectState, aware
from sync.policy.compile import CompiledPolicy
from sync.policy.emit import constant
from sync.policy.relations import history_columns, history_names

LIFE = "lead_life"
"""Temp table, one row per lead that is not deleted: `lead_id, owner_id, source, created_at`, `touched_at` (first
activity), `moved_at` (first change of Lead Status), `responded_at` (the earlier of both), `in_scope, ready,
is_converted, converted_at, converted_day, account_id, contact_id, opportunity_id`, `found` (whether the mirror holds
the opportunity live), `opened_at, is_won, is_closed, ended_at, amount`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeSources:
    """What the times rest on, and what can't be told."""

    history_from: datetime | None
    """The oldest row of LeadHistory; `None` without any."""
    has_status_history: bool
    has_activities: bool
    has_opportunities: bool
    notes: tuple[str, ...]
    """For people: what is missing, and what that means."""


def has(mapping: OrgMapping, name: str, *fields: str) -> bool:
    """Whether an object is mapped with all of these fields."""
    mapped = mapping.get(name)
    return mapped is not None and mapped.fields.keys() >= set(fields)


def make_lives(
    cursor: DuckDBPyConnection,
    compiled: CompiledPolicy,
    mapping: OrgMapping,
    states: Mapping[str, ObjectState],
) -> LifeSources:
    """Makes the table `lead_life` in this session.

    Args:
        cursor: A session of the mirror.
        compiled: Says which leads are in scope and ready, at its own clock; later records don't count.
        mapping: The mirror's columns.
        states: How far each object has been pulled, to tell an empty history from one that can't be read.
    """
    now = constant(compiled.now)
    ctes = ", ".join(
        (
            f"decided AS (SELECT lead_id, in_scope, ready FROM ({compiled.decide_sql}))",
            f"persons AS ({_PERSONS})",
            f"touches AS ({_touches(mapping, now)})",
            f"touched AS ({_TOUCHED})",
            f"moves AS ({_moves(mapping, now)})",
            f"conversions AS ({_conversions(mapping)})",
            f"opened AS ({_opened(mapping)})",
        )
    )
    source = 'l."lead_source"' if has(mapping, "lead", "lead_source") else "NULL"
    cursor.execute(
        f"""CREATE OR REPLACE TEMP TABLE {LIFE} AS WITH {ctes}
        SELECT l."id" AS lead_id, l."owner_id", {source} AS source, l."created_at", t.touched_at, m.moved_at,
          least(t.touched_at, m.moved_at) AS responded_at, d.in_scope, d.ready,
          coalesce(l."is_converted", false) AS is_converted,
          CASE WHEN l."is_converted" THEN
            greatest(coalesce(c.moment, CAST(l."converted_at" AS TIMESTAMP)), l."created_at") END AS converted_at,
          CASE WHEN l."is_converted" THEN l."converted_at" END AS converted_day,
          l."converted_account_id" AS account_id, l."converted_contact_id" AS contact_id,
          l."converted_opportunity_id" AS opportunity_id, o.id IS NOT NULL AS found, o.opened_at,
          coalesce(o.is_won, false) AS is_won, coalesce(o.is_closed, false) AS is_closed, o.ended_at, o.amount
        FROM "lead" l JOIN decided d ON d.lead_id = l."id"
        LEFT JOIN touched t ON t.lead_id = l."id" LEFT JOIN moves m ON m.lead_id = l."id"
        LEFT JOIN conversions c ON c.lead_id = l."id" LEFT JOIN opened o ON o.id = l."converted_opportunity_id"
        WHERE coalesce(l."created_at" <= {now}, true)"""
    )
    return _sources(cursor, mapping, states)


_PERSONS = (
    'SELECT "id" AS lead_id, "id" AS who, "created_at" FROM "lead" UNION ALL '
    'SELECT "id", "converted_contact_id", "created_at" FROM "lead" WHERE "converted_contact_id" IS NOT NULL'
)
"""A conversion hangs the lead's activities on the contact, so they are looked for there too."""

_TOUCHED = (
    "SELECT p.lead_id, min(t.moment) AS touched_at FROM persons p JOIN touches t ON t.who = p.who "
    "WHERE t.moment >= p.created_at GROUP BY p.lead_id"
)


def _touches(mapping: OrgMapping, now: str) -> str:
    """Calls, e-mails and other closed tasks when they were done, and meetings when they began."""
    parts = []
    if has(mapping, "task", "who_id"):
        fields = mapping["task"].fields
        at = 'coalesce("completed_at", "created_at")' if "completed_at" in fields else '"created_at"'
        closed = 'AND "is_closed"' if "is_closed" in fields else ""
        parts.append(
            f'SELECT "who_id" AS who, {at} AS moment FROM "task" WHERE NOT coalesce("is_deleted", false) {closed}'
        )
    if has(mapping, "event", "who_id"):
        fields = mapping["event"].fields
        at = 'coalesce("started_at", "created_at")' if "started_at" in fields else '"created_at"'
        once = 'AND NOT coalesce("is_child", false)' if "is_child" in fields else ""
        parts.append(
            f'SELECT "who_id" AS who, {at} AS moment FROM "event" WHERE NOT coalesce("is_deleted", false) {once}'
        )
    both = " UNION ALL ".join(parts) or "SELECT NULL::VARCHAR AS who, NULL::TIMESTAMP AS moment WHERE false"
    return f"SELECT who, moment FROM ({both}) WHERE moment <= {now}"


def _moves(mapping: OrgMapping, now: str) -> str:
    """The first change of Lead Status: as the history says, else as the mirror's own versions show it.

    Versions tell of a first change only for leads made since the mirror began; older ones may have changed before.
    """
    versions = (
        "SELECT id AS lead_id, min(system_modstamp) FILTER (WHERE moved) AS moment FROM (SELECT id, system_modstamp, "
        "status IS DISTINCT FROM first_value(status) OVER (PARTITION BY id ORDER BY seen_at, system_modstamp) AS moved "
        'FROM "lead_version" WHERE created_at >= (SELECT min(seen_at) FROM "lead_version")) GROUP BY id'
    )
    history = "SELECT NULL::VARCHAR AS lead_id, NULL::TIMESTAMP AS moment WHERE false"
    if history_columns(mapping):
        history = (
            f"SELECT h.lead_id, min(h.created_at) AS moment FROM lead_history h WHERE {_status_row(mapping)} GROUP BY 1"
        )
    return (
        f'SELECT l."id" AS lead_id, coalesce(h.moment, v.moment) AS moved_at FROM "lead" l LEFT JOIN ({history}) h '
        f'ON h.lead_id = l."id" LEFT JOIN ({versions}) v ON v.lead_id = l."id" '
        f'WHERE coalesce(h.moment, v.moment) BETWEEN l."created_at" AND {now}'
    )


def _status_row(mapping: OrgMapping) -> str:
    return f"h.field = {constant(history_names(mapping)['status'])} AND h.old_value IS DISTINCT FROM h.new_value"


def _conversions(mapping: OrgMapping) -> str:
    """The second of a conversion; Salesforce's ConvertedDate is only a day."""
    if not history_columns(mapping):
        return "SELECT NULL::VARCHAR AS lead_id, NULL::TIMESTAMP AS moment WHERE false"
    return "SELECT lead_id, min(created_at) AS moment FROM lead_history WHERE field = 'leadConverted' GROUP BY lead_id"


def _opened(mapping: OrgMapping) -> str:
    """Live opportunities, and when a closed one was closed: the snapshot of its final stage, else its close date."""
    mapped = mapping.get("opportunity")
    if mapped is None:
        return (
            "SELECT NULL::VARCHAR AS id, NULL::TIMESTAMP AS opened_at, NULL::BOOLEAN AS is_won, "
            "NULL::BOOLEAN AS is_closed, NULL::TIMESTAMP AS ended_at, NULL::DECIMAL(18,4) AS amount WHERE false"
        )

    def column(name: str, type_: str) -> str:
        return f'o."{name}"' if name in mapped.fields else f"NULL::{type_}"

    closed, won = column("is_closed", "BOOLEAN"), column("is_won", "BOOLEAN")
    ended, joined = f"CAST({column('close_date', 'DATE')} AS TIMESTAMP)", ""
    if has(mapping, "opportunity_history", "opportunity_id", "stage_name") and "stage_name" in mapped.fields:
        joined = (
            "LEFT JOIN (SELECT opportunity_id, stage_name, max(created_at) AS moment FROM "
            "(SELECT opportunity_id, stage_name, created_at, stage_name IS DISTINCT FROM lag(stage_name) OVER "
            "(PARTITION BY opportunity_id ORDER BY created_at, id) AS entered FROM opportunity_history) WHERE entered "
            'GROUP BY 1, 2) s ON s.opportunity_id = o."id" AND s.stage_name = o."stage_name"'
        )
        ended = f"coalesce(s.moment, {ended})"
    return (
        f'SELECT o."id", o."created_at" AS opened_at, {won} AS is_won, {closed} AS is_closed, '
        f'CASE WHEN {closed} THEN greatest({ended}, o."created_at") END AS ended_at, '
        f'{column("amount", "DECIMAL(18,4)")} AS amount FROM "opportunity" o {joined} '
        'WHERE NOT coalesce(o."is_deleted", false)'
    )


def _sources(cursor: DuckDBPyConnection, mapping: OrgMapping, states: Mapping[str, ObjectState]) -> LifeSources:
    notes = []
    oldest, status_rows = None, 0
    if history_columns(mapping):
        row = cursor.execute(
            f"SELECT min(h.created_at), count(*) FILTER (WHERE {_status_row(mapping)}) FROM lead_history h"
        ).fetchone()
        oldest, status_rows = (aware(row[0]), int(row[1])) if row else (None, 0)
    if oldest is None:
        why = _unread("lead_history", "LeadHistory", mapping, states)
        notes.append(
            f"{why}: changes of Lead Status are known only as far as the mirror has seen them itself, and conversions "
            "by their day instead of their second"
        )
    elif not status_rows:
        notes.append("LeadHistory has no change of Lead Status (is the field tracked?): time in status can't be told")
    else:
        before = cursor.execute(
            f"SELECT count(*) FROM {LIFE} WHERE created_at < (SELECT min(created_at) FROM lead_history)"
        ).fetchone()
        if before and before[0]:
            notes.append(
                f"LeadHistory begins on {oldest:%Y-%m-%d}: of the {before[0]:,} leads made before, "
                "earlier changes of status are not known"
            )
    if oldest is not None:
        backwards = cursor.execute(
            f"SELECT count(DISTINCT h.lead_id) FROM lead_history h JOIN {LIFE} l ON l.lead_id = h.lead_id "
            f"WHERE h.created_at < l.created_at AND (h.field = 'leadConverted' OR {_status_row(mapping)})"
        ).fetchone()
        if backwards and backwards[0]:
            notes.append(
                f"{backwards[0]:,} leads have a change of status or a conversion dated before they were made: the "
                "change is left out, the conversion counts from the creation"
            )
    activities = has(mapping, "task", "who_id") or has(mapping, "event", "who_id")
    if not activities:
        notes.append("neither Task nor Event is mapped with who_id: a first response is only seen in the status")
    if "opportunity" not in mapping:
        notes.append("Opportunity is not mapped: what became of conversions can't be told")
    lost = cursor.execute(f"SELECT count(*) FROM {LIFE} WHERE opportunity_id IS NOT NULL AND NOT found").fetchone()
    if lost and lost[0] and "opportunity" in mapping:
        notes.append(f"the opportunities of {lost[0]:,} conversions are deleted: counted as made, not as won")
    return LifeSources(
        history_from=oldest,
        has_status_history=status_rows > 0,
        has_activities=activities,
        has_opportunities="opportunity" in mapping,
        notes=tuple(notes),
    )


def _unread(name: str, object_name: str, mapping: OrgMapping, states: Mapping[str, ObjectState]) -> str:
    if mapping.get(name) is None:
        return f"{object_name} is not mapped"
    state = states.get(name)
    if state is not None and state.skipped is not None:
        return f"{object_name} can't be read in this org ({state.skipped})"
    return f"{object_name} is empty"

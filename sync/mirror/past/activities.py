# ruff: noqa: S608 -- identifiers come from the checked mapping and are quoted
"""Activities by what was known of them: each phase of a task or event, and the lead that it belonged to.

Three things would let the future in. A task that is done now was open before. A conversion hangs a lead's activities
on the contact that it makes, so the lead seems to have none. An edited or deleted activity was another one before;
that is only known as far as the mirror has kept versions, else the text is taken as it is now.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from sync.mapping import ObjectMapping, OrgMapping
from sync.mirror.past.conversions import CONVERSION, TOGETHER, has
from sync.mirror.tables import quoted
from sync.policy.relations import LEAD_PREFIX, activity_columns, activity_selects

ACTIVITY = "past_activity"
"""Temp view with the columns of `activity`, and `valid_from` (inclusive), `valid_until` (exclusive, null: still)."""

HANDED_OVER = "past_handed_over"
"""Temp table: `contact_id, lead_id` of contacts whose earlier activities were surely the lead's."""


def trace_activities(connection: DuckDBPyConnection, mapping: OrgMapping) -> None:
    """Makes `past_activity`."""
    trace_handed_over(connection, mapping)
    columns = activity_columns(mapping)
    kept = [name for name in columns if name != "text"]
    parts = []
    for name, selects in activity_selects(mapping).items():
        listed = ", ".join(
            f"{'_lead_id' if column == 'lead_id' else selects[column]} AS {quoted(column)}" for column in kept
        )
        parts.append(
            f"SELECT {listed}, _from AS valid_from, _until AS valid_until FROM ({_phases(mapping[name])}) "
            f"WHERE _lead_id IS NOT NULL"
        )
    if not parts:
        empty = ", ".join(f"{quoted(name)}" for name in kept)
        parts.append(
            f"SELECT {empty}, NULL::TIMESTAMP AS valid_from, NULL::TIMESTAMP AS valid_until FROM activity WHERE false"
        )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE past_activity_phase AS {' UNION ALL '.join(parts)}")
    text = "concat_ws(chr(10), coalesce(subject, ''), coalesce(description, ''))"
    listed = ", ".join(f"{text} AS text" if name == "text" else quoted(name) for name in columns)
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {ACTIVITY} AS SELECT {listed}, valid_from, valid_until FROM past_activity_phase"
    )


def trace_handed_over(connection: DuckDBPyConnection, mapping: OrgMapping) -> None:
    """Contacts whose activities from before the conversion can only have been one lead's.

    That is so if the conversion made the contact, and no other lead was converted into it. A contact that was there
    before had activities of its own, and nothing tells them apart.
    """
    made = "true"
    if "contact" in mapping:
        made = f"EXISTS (SELECT 1 FROM contact k WHERE k.id = c.contact_id AND k.created_at >= c.done_at - {TOGETHER})"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {HANDED_OVER} AS SELECT c.contact_id, c.lead_id FROM {CONVERSION} c "
        f"WHERE c.contact_id IS NOT NULL AND {made} QUALIFY count(*) OVER (PARTITION BY c.contact_id) = 1"
    )


def leads_with_lost_activities(connection: DuckDBPyConnection) -> int:
    """Converted leads whose activities can't be told from those of the contact they were converted into."""
    row = connection.execute(
        f"SELECT count(*) FROM {CONVERSION} WHERE contact_id IS NOT NULL "
        f"AND lead_id NOT IN (SELECT lead_id FROM {HANDED_OVER})"
    ).fetchone()
    return int(row[0]) if row else 0


def _phases(mapped: ObjectMapping) -> str:
    """Each version of each record as long as it was the latest, split where a task was completed."""
    version = quoted(f"{mapped.name}_version")
    child = "AND NOT coalesce(is_child, false)" if "is_child" in mapped.fields else ""
    # A version holds from the modification that it shows; the first one stands for all time before as well.
    since = (
        "CASE WHEN lag(system_modstamp) OVER w IS NULL THEN coalesce(created_at, system_modstamp) "
        "WHEN system_modstamp > lag(system_modstamp) OVER w THEN system_modstamp ELSE seen_at END"
    )
    gone = "row_number() OVER w = 1 AND coalesce(is_deleted, false)"
    versions = (
        f"SELECT *, {since} AS _from, ({gone}) AS _only_deleted FROM {version} "
        f"WINDOW w AS (PARTITION BY id ORDER BY seen_at, system_modstamp)"
    )
    # A record first seen deleted was there until its deletion; a later version that is deleted has no phase at all.
    lived = (
        "SELECT *, CASE WHEN _only_deleted THEN system_modstamp "
        "ELSE lead(_from) OVER (PARTITION BY id ORDER BY _from, seen_at) END AS _until FROM _versions"
    )
    owner = (
        f"SELECT v.* EXCLUDE (_only_deleted, seen_at, run_id), "
        f"CASE WHEN starts_with(v.who_id, '{LEAD_PREFIX}') THEN v.who_id ELSE h.lead_id END AS _lead_id "
        f"FROM ({lived}) v LEFT JOIN {HANDED_OVER} h ON h.contact_id = v.who_id "
        f"WHERE (NOT coalesce(v.is_deleted, false) OR v._only_deleted) AND (_until IS NULL OR _from < _until) {child}"
    )
    head = f"WITH _versions AS ({versions}), _owned AS ({owner})"
    if mapped.name != "task":
        return f"{head} SELECT * FROM _owned"
    done = _completion(mapped)
    if done is None:
        return f"{head} SELECT * FROM _owned"
    open_ = {"is_closed": "false", "completed_at": "NULL", "status": "NULL", "call_disposition": "NULL"}
    replaced = ", ".join(f"{value} AS {name}" for name, value in open_.items() if name in mapped.fields)
    return (
        f"{head}, _dated AS (SELECT *, CASE WHEN is_closed THEN {done} END AS _done FROM _owned) "
        f"SELECT * EXCLUDE (_done) REPLACE (greatest(_from, coalesce(_done, _from)) AS _from) FROM _dated "
        f"WHERE _done IS NULL OR _until IS NULL OR _done < _until UNION ALL "
        f"SELECT * EXCLUDE (_done) REPLACE ({replaced}, least(_done, coalesce(_until, _done)) AS _until) FROM _dated "
        f"WHERE _done > _from"
    )


def _completion(task: ObjectMapping) -> str | None:
    """When a closed task was completed: its own stamp, else its due day, and never before it was made."""
    if "is_closed" not in task.fields:
        return None
    times = [name for name in ("completed_at",) if name in task.fields]
    if "due_date" in task.fields:
        times.append("CAST(due_date AS TIMESTAMP)")
    return f"greatest(coalesce({', '.join([*times, 'created_at'])}), created_at)"


def has_activities(mapping: OrgMapping) -> bool:
    """Whether tasks or events are mapped at all."""
    return has(mapping, "task", "who_id") or has(mapping, "event", "who_id")

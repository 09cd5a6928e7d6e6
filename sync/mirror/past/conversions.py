# ruff: noqa: S608 -- identifiers are our own
"""When each converted lead was converted, to the second where anything says so.

Salesforce's ConvertedDate is a day in an unnamed time zone. The `leadConverted` row of the field history has the
second; so has a record that the conversion made. Where only the day is known, the conversion counts from the first
moment of that day in UTC: the early side is the safe one, because nothing written by a conversion may be taken for
older.
"""

from __future__ import annotations

from enum import StrEnum

from duckdb import DuckDBPyConnection

from sync.mapping import OrgMapping

CONVERSION = "past_conversion"
"""Temp table: `lead_id, done_at, told_by, contact_id`."""


TOGETHER = "INTERVAL 5 MINUTE"
"""What a conversion makes bears one time, but for the seconds that a slow transaction takes."""


class ToldBy(StrEnum):
    """What dates a conversion."""

    HISTORY = "history"
    RECORD = "record"
    """The opportunity, contact or account that it made."""
    DAY = "day"
    NOTHING = "nothing"
    """Taken as converted from its creation on, so that it never counts as open."""


def date_conversions(connection: DuckDBPyConnection, mapping: OrgMapping) -> None:
    """Makes `past_conversion`: one row per converted lead."""
    history = "SELECT NULL::VARCHAR AS lead_id, NULL::TIMESTAMP AS done_at WHERE false"
    if has(mapping, "lead_history", "lead_id", "field"):
        history = (
            "SELECT lead_id, min(created_at) AS done_at FROM lead_history WHERE field = 'leadConverted' "
            "AND NOT coalesce(is_deleted, false) GROUP BY lead_id"
        )
    made = [
        f"(SELECT r.created_at FROM {name} r WHERE r.id = l.converted_{name}_id "
        f"AND abs(date_diff('day', CAST(r.created_at AS DATE), l.converted_at)) <= 1)"
        for name in ("opportunity", "contact", "account")
        if name in mapping
    ]
    record = f"coalesce({', '.join([*made, 'NULL'])})"
    day = "CAST(l.converted_at AS TIMESTAMP)"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {CONVERSION} AS WITH history AS ({history}), "
        f"told AS (SELECT l.id AS lead_id, h.done_at AS by_history, {record} AS by_record, {day} AS by_day, "
        f"l.created_at, l.converted_contact_id AS contact_id "
        f"FROM lead l LEFT JOIN history h ON h.lead_id = l.id WHERE l.is_converted AND NOT l.is_deleted) "
        f"SELECT lead_id, CASE WHEN by_record BETWEEN by_history - {TOGETHER} AND by_history THEN by_record "
        f"ELSE coalesce(by_history, by_record, by_day, created_at) END AS done_at, "
        f"CASE WHEN by_history IS NOT NULL THEN '{ToldBy.HISTORY}' WHEN by_record IS NOT NULL THEN '{ToldBy.RECORD}' "
        f"WHEN by_day IS NOT NULL THEN '{ToldBy.DAY}' ELSE '{ToldBy.NOTHING}' END AS told_by, contact_id FROM told"
    )


def has(mapping: OrgMapping, name: str, *fields: str) -> bool:
    """Whether an object is mapped with these of our field names."""
    mapped = mapping.get(name)
    return mapped is not None and mapped.fields.keys() >= set(fields)

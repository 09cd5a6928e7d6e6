# ruff: noqa: S608 -- identifiers come from the checked mapping and are quoted
"""Opportunities by what was known of them: their stages, amounts and close dates as the snapshots tell.

Salesforce writes an OpportunityHistory row at each change of stage, amount, probability or close date. Whether a stage
is closed or won is not in it: it is what today's opportunities in that stage say, and unknown for a stage that none is
in. Everything else is taken as it is now.
"""

from __future__ import annotations

from collections.abc import Mapping

from duckdb import DuckDBPyConnection

from sync.mapping import OrgMapping
from sync.mirror.past.conversions import has
from sync.mirror.past.fields import BEGINNING, FieldEvidence, step_table
from sync.mirror.tables import quoted
from sync.policy.relations import opportunity_columns, sql_type

OPPORTUNITY = "past_opportunity"
"""Temp table: the fields of Opportunity, and `valid_from` (inclusive), `valid_until` (exclusive, null: still)."""

LEAD_OPPORTUNITY = "past_lead_opportunity"
"""Temp table: the columns of `lead_opportunity`, with the same two."""

_SNAPSHOT = ("stage_name", "amount", "probability", "close_date")


def trace_opportunities(connection: DuckDBPyConnection, mapping: OrgMapping) -> None:
    """Makes `past_opportunity`; empty without Opportunity in the mapping."""
    mapped = mapping.get("opportunity")
    if mapped is None:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {OPPORTUNITY} AS "
            "SELECT NULL::VARCHAR AS id, NULL::TIMESTAMP AS valid_from, NULL::TIMESTAMP AS valid_until WHERE false"
        )
        return
    if not has(mapping, "opportunity_history", "opportunity_id"):
        listed = ", ".join(f"o.{quoted(name)}" for name in mapped.fields)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {OPPORTUNITY} AS SELECT {listed}, o.created_at AS valid_from, "
            f"NULL::TIMESTAMP AS valid_until FROM opportunity o WHERE NOT o.is_deleted"
        )
        return
    history = mapping["opportunity_history"].fields
    told = [name for name in _SNAPSHOT if name in history and name in mapped.fields]
    columns = []
    for name in mapped.fields:
        if name in told:
            columns.append(f"CASE WHEN h.id IS NULL THEN o.{name} ELSE h.{name} END AS {name}")
        elif name in {"is_closed", "is_won"} and "stage_name" in told:
            columns.append(f"CASE WHEN h.id IS NULL OR h._last THEN o.{name} ELSE s.{name} END AS {name}")
        else:
            columns.append(f"o.{quoted(name)}")
    flags = ", ".join(
        f"bool_or({name}) AS {name}" if name in mapped.fields else f"NULL AS {name}" for name in ("is_closed", "is_won")
    )
    stage = "stage_name" if "stage_name" in told else "NULL::VARCHAR AS stage_name"
    join = f"LEFT JOIN (SELECT {stage}, {flags} FROM opportunity WHERE NOT is_deleted GROUP BY ALL) s "
    join += "ON s.stage_name = h.stage_name" if "stage_name" in told else "ON false"
    snapshots = (
        "SELECT *, created_at AS _from, lead(created_at) OVER w AS _until, lead(id) OVER w IS NULL AS _last, "
        "lag(id) OVER w IS NULL AS _first FROM opportunity_history WHERE NOT coalesce(is_deleted, false) "
        "WINDOW w AS (PARTITION BY opportunity_id ORDER BY created_at, id)"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {OPPORTUNITY} AS SELECT {', '.join(columns)}, "
        f"CASE WHEN h._first IS NOT FALSE THEN least(o.created_at, coalesce(h._from, o.created_at)) ELSE h._from END "
        f"AS valid_from, h._until AS valid_until FROM opportunity o LEFT JOIN ({snapshots}) h "
        f"ON h.opportunity_id = o.id AND (h._until IS NULL OR h._from < h._until) {join} WHERE NOT o.is_deleted"
    )


def trace_lead_opportunities(
    connection: DuckDBPyConnection, mapping: OrgMapping, evidence: Mapping[str, FieldEvidence]
) -> None:
    """Makes `past_lead_opportunity`: opportunities that an unconverted lead could be reached from, and when.

    Those are opportunities on the account of a contact with the lead's e-mail address of that time; what a lead's own
    conversion makes comes too late to count.
    """
    listed = [f"o.{quoted(name)}" for name in opportunity_columns(mapping) if name != "lead_id"]
    contact, lead = mapping.get("contact"), mapping["lead"]
    linked = contact is not None and "email" in contact.fields and has(mapping, "opportunity", "account_id")
    if "opportunity" not in mapping or not linked or "email" not in lead.fields:
        columns = ", ".join(
            f"CAST(NULL AS {sql_type(type_)}) AS {quoted(name)}" for name, type_ in opportunity_columns(mapping).items()
        )
        nothing = f"SELECT {columns or 'NULL::VARCHAR AS lead_id'}, NULL::TIMESTAMP AS valid_from, "
        nothing += "NULL::TIMESTAMP AS valid_until WHERE false"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {LEAD_OPPORTUNITY} AS {nothing}")
        return
    address = f"SELECT id AS lead_id, email, {BEGINNING} AS since, NULL::TIMESTAMP AS until FROM lead"
    known = evidence.get("email")
    if known is not None and known.stepped:
        steps = step_table("email")
        address += (
            f" WHERE id NOT IN (SELECT lead_id FROM {steps}) UNION ALL SELECT lead_id, value, since, "
            f"lead(since) OVER (PARTITION BY lead_id ORDER BY since) FROM {steps}"
        )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {LEAD_OPPORTUNITY} AS SELECT DISTINCT a.lead_id, {', '.join(listed)}, "
        f"greatest(o.valid_from, c.created_at, a.since) AS valid_from, least(o.valid_until, a.until) AS valid_until "
        f"FROM ({address}) a JOIN contact c ON lower(c.email) = lower(a.email) AND NOT coalesce(c.is_deleted, false) "
        f"JOIN {OPPORTUNITY} o ON o.account_id = c.account_id "
        f"WHERE least(o.valid_until, a.until) IS NULL "
        f"OR greatest(o.valid_from, c.created_at, a.since) < least(o.valid_until, a.until)"
    )

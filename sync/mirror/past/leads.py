# ruff: noqa: S608 -- identifiers come from the checked mapping and are quoted
"""Leads as they were at given moments: one query, a moment of its own for every row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from duckdb import DuckDBPyConnection

from sync.mapping import OrgMapping
from sync.mirror.past.activities import ACTIVITY
from sync.mirror.past.conversions import CONVERSION, has
from sync.mirror.past.fields import BEGINNING, CONVERSION_FIELDS, FieldEvidence, step_table
from sync.mirror.past.unproven import Unproven
from sync.mirror.tables import quoted
from sync.policy.emit import constant
from sync.policy.relations import LIKELIHOOD, LIKELIHOODS, activity_columns

_LAST_ACTIVITY = "past_last_activity"
_TOUCHED = "past_touched"


def trace_stamps(connection: DuckDBPyConnection, mapping: OrgMapping) -> None:
    """Makes what the derived fields are looked up in: each lead's last activity day and last change, step by step."""
    kind = "false" if "is_closed" not in activity_columns(mapping) else "is_closed"
    due = "due_date" if has(mapping, "task", "due_date") and "due_date" in activity_columns(mapping) else "NULL::DATE"
    # Salesforce's LastActivityDate: the latest due day of a closed task or day of an event.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {_LAST_ACTIVITY} AS SELECT lead_id, since, "
        f"max(max(day)) OVER (PARTITION BY lead_id ORDER BY since) AS value FROM ("
        f"SELECT lead_id, greatest(valid_from, created_at) AS since, "
        f"CASE WHEN object = 'Event' THEN CAST(occurred_at AS DATE) "
        f"WHEN {kind} THEN coalesce({due}, CAST(occurred_at AS DATE)) END AS day FROM {ACTIVITY}) "
        f"WHERE day IS NOT NULL AND since IS NOT NULL GROUP BY lead_id, since"
    )
    changes = "SELECT id AS lead_id, system_modstamp AS since FROM lead_version WHERE system_modstamp IS NOT NULL"
    if has(mapping, "lead_history", "lead_id"):
        changes += " UNION SELECT lead_id, created_at FROM lead_history WHERE created_at IS NOT NULL"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {_TOUCHED} AS {changes}")


def leads_sql(
    mapping: OrgMapping,
    evidence: Mapping[str, FieldEvidence],
    *,
    moments: str,
    fields: Sequence[str] | None = None,
    unproven: Unproven = Unproven.CONSTANT,
) -> str:
    """Leads as of their moments: all columns of `moments`, then `id` and the fields, by our names.

    A lead that had not been created at its moment, or that is deleted or merged away today, gives no row.

    Args:
        mapping: The mirror's.
        evidence: Of every lead field, from `Past`.
        moments: A relation with (at least) `lead_id` and `as_of`, UTC without a zone; a lead may be in it many times.
        fields: Our names of the lead fields wanted; all when `None`.
        unproven: What stands for a field before its evidence begins.
    """
    lead = mapping["lead"]
    names = [name for name in (lead.fields if fields is None else fields) if name != "id"]
    joins, columns = [], []
    for number, name in enumerate(names):
        if name not in lead.fields:  # the likelihood, which counts from the instant that it was computed at
            joins.append(f"LEFT JOIN {LIKELIHOODS} k ON k.lead_id = m.lead_id AND k.scored_at <= m.as_of")
            columns.append(f"k.{quoted(name)}")
            continue
        if evidence[name].stepped:
            joins.append(
                f"ASOF LEFT JOIN {step_table(name)} s{number} ON s{number}.lead_id = m.lead_id "
                f"AND s{number}.since <= m.as_of"
            )
            value = f"CASE WHEN s{number}.lead_id IS NULL THEN {_constant(name)} ELSE s{number}.value END"
        else:
            value = _derived(name, lead.fields[name].api_name, joins)
        since = evidence[name].since
        if unproven is Unproven.UNKNOWN and since is not None:
            value = f"CASE WHEN m.as_of >= {constant(since)} THEN {value} END"
        columns.append(f"{value} AS {quoted(name)}")
    listed = ", ".join(["m.*", "l.id", *columns])
    return (
        f"SELECT {listed} FROM {moments} m JOIN lead l ON l.id = m.lead_id "
        f"LEFT JOIN {CONVERSION} c ON c.lead_id = m.lead_id {' '.join(joins)} "
        f"WHERE NOT coalesce(l.is_deleted, false) AND l.created_at <= m.as_of"
    )


def change_days_sql(
    mapping: OrgMapping, evidence: Mapping[str, FieldEvidence], fields: Collection[str], *, unproven: Unproven
) -> tuple[str, ...]:
    """Queries for `lead_id, day`: days on which one of these fields changed, conversions left out."""
    begins = {evidence[name].since for name in fields} if unproven is Unproven.UNKNOWN else set()
    known = tuple(f"SELECT id, CAST({constant(since)} AS DATE) FROM lead" for since in sorted(filter(None, begins)))
    lead = mapping["lead"].fields
    tables = [step_table(name) for name in fields if evidence[name].stepped]
    api_names = {lead[name].api_name for name in fields if name in lead}
    if LIKELIHOOD in fields and LIKELIHOOD not in lead:
        known += (f"SELECT lead_id, CAST(scored_at AS DATE) FROM {LIKELIHOODS}",)
    tables += [_LAST_ACTIVITY] if "LastActivityDate" in api_names else []
    tables += [_TOUCHED] if api_names & {"SystemModstamp", "LastModifiedDate"} else []
    changed = (f"SELECT lead_id, CAST(since AS DATE) AS day FROM {table} WHERE since > {BEGINNING}" for table in tables)
    return (*changed, *known)


def _constant(name: str) -> str:
    if name == "status":  # what a conversion wrote is not what was there before it
        return "CASE WHEN l.is_converted AND m.as_of < c.done_at THEN NULL ELSE l.status END"
    return f"l.{quoted(name)}"


def _derived(name: str, api_name: str, joins: list[str]) -> str:  # noqa: PLR0911 -- one per kind
    if name == "is_converted":
        return "coalesce(c.done_at <= m.as_of, false)"
    if name in CONVERSION_FIELDS:
        return f"CASE WHEN c.done_at <= m.as_of THEN l.{quoted(name)} END"
    if name == "is_deleted":
        return "false"
    if name == "master_record_id":
        return "CAST(NULL AS VARCHAR)"
    if api_name == "LastActivityDate":
        joins.append(_looked_up(_LAST_ACTIVITY, "la"))
        return "la.value"
    if api_name in {"SystemModstamp", "LastModifiedDate"}:
        alias = "tm" if api_name == "SystemModstamp" else "tl"
        joins.append(_looked_up(_TOUCHED, alias))
        return f"greatest(l.created_at, coalesce({alias}.since, {BEGINNING}))"
    return _constant(name)


def _looked_up(table: str, alias: str) -> str:
    return f"ASOF LEFT JOIN {table} {alias} ON {alias}.lead_id = m.lead_id AND {alias}.since <= m.as_of"

# ruff: noqa: S608 -- identifiers are our own
"""What people did with each lead, and what became of it: the side that policies are held against.

Outcomes are taken as they are known today, hindsight included: a deal won last week counts for a lead converted in
spring. Only the policies are kept from knowing.
"""

from __future__ import annotations

from enum import StrEnum

from duckdb import DuckDBPyConnection

from sync.insight.backtest.period import Period
from sync.mapping import OrgMapping
from sync.mirror.past.conversions import CONVERSION, has

LEADS = "backtest_lead"
"""Temp table, one row per replayed lead: `lead_id, created_day, source, owner_id, converted_day, in_period` (converted
by the period's end), `opportunity_id, deal, amount`."""


class Deal(StrEnum):
    """What became of a lead's opportunity."""

    WON = "won"
    LOST = "lost"
    OPEN = "open"
    NONE = "none"
    """The conversion made none."""
    GONE = "gone"
    """It has been deleted, or the mirror may not see it."""


def gather_people(session: DuckDBPyConnection, mapping: OrgMapping, period: Period) -> None:
    """Makes `backtest_lead`, from `replay_span`."""
    lead = mapping["lead"].fields
    source = "l.lead_source" if "lead_source" in lead else "NULL"
    join, deal, amount = "", f"'{Deal.GONE}'", "NULL"
    if has(mapping, "opportunity", "is_closed", "is_won"):
        join = "LEFT JOIN opportunity o ON o.id = l.converted_opportunity_id AND NOT coalesce(o.is_deleted, false)"
        deal = (
            f"CASE WHEN o.id IS NULL THEN '{Deal.GONE}' WHEN o.is_won THEN '{Deal.WON}' "
            f"WHEN o.is_closed THEN '{Deal.LOST}' ELSE '{Deal.OPEN}' END"
        )
        amount = "CAST(o.amount AS DOUBLE)" if has(mapping, "opportunity", "amount") else "NULL"
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE {LEADS} AS SELECT s.lead_id, CAST(l.created_at AS DATE) AS created_day, "
        f"CAST({source} AS VARCHAR) AS source, l.owner_id, CAST(s.last_open AS DATE) AS converted_day, "
        f"coalesce(CAST(s.last_open AS DATE) <= DATE '{period.last}', false) AS in_period, "
        f"l.converted_opportunity_id AS opportunity_id, CASE WHEN c.lead_id IS NULL THEN NULL "
        f"WHEN l.converted_opportunity_id IS NULL THEN '{Deal.NONE}' ELSE {deal} END AS deal, {amount} AS amount "
        f"FROM replay_span s JOIN lead l ON l.id = s.lead_id LEFT JOIN {CONVERSION} c ON c.lead_id = s.lead_id {join}"
    )

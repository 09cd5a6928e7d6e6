"""The open pipeline: by stage how much, how old, how often won.

Ages and win rates come from OpportunityHistory, which Salesforce writes for every org by itself. An opportunity's stays
are the times between its changes of stage; the stay of an open one in its present stage has not ended.
"""

# ruff: noqa: S608 -- identifiers come from the checked mapping and policy; dates are constants of ours
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from duckdb import DuckDBPyConnection

from sync.errors import InputInvalid
from sync.insight.funnel import span
from sync.insight.lead_life import has
from sync.insight.rates import Rate, wilson
from sync.mapping import OrgMapping
from sync.policy.emit import constant, quoted

DEAL = "pipeline_deal"
"""Temp table of live opportunities: `id, owner_id, stage, probability, amount, close_date, is_closed, is_won,
entered_at` (its present stage; `None` without history)."""
STAY = "pipeline_stay"
"""Temp table: `opportunity_id, stage, start, until` (`None`: still), closed stages left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of the pipeline."""

    name: str
    open: int
    amount: Decimal
    """Of the open ones; those without an amount count as nothing."""
    without_amount: int
    past_close: int
    median_age: timedelta | None
    """Of the open ones in this stage, so far."""
    stays: int
    """Stays in this stage that ended."""
    usual: timedelta | None
    """Their median."""
    long: timedelta | None
    """What nine of ten of them stayed within."""
    won: Rate
    """Of the closed opportunities that ever were in this stage, those won."""


def make_deals(cursor: DuckDBPyConnection, mapping: OrgMapping) -> tuple[str, ...]:
    """Makes the temp tables `pipeline_deal` and `pipeline_stay`; what can't be told, for people.

    Raises:
        InputInvalid: The mapping hasn't got what a pipeline is made of.
    """
    if not has(mapping, "opportunity", "stage_name", "is_closed", "is_won"):
        raise InputInvalid(
            "a pipeline needs Opportunity with stage_name, is_closed and is_won",
            place="mappings/opportunity.yaml",
            fix="add the lines, then run `leadgate pull`",
        )
    fields = mapping["opportunity"].fields

    def column(name: str, type_: str) -> str:
        return f"o.{quoted(name)}" if name in fields else f"NULL::{type_}"

    notes = [
        f"{name} of Opportunity is not mapped: {what} can't be told"
        for name, what in (("amount", "amounts"), ("close_date", "stale close dates"))
        if name not in fields
    ]
    stays = "SELECT NULL::VARCHAR AS opportunity_id, NULL::VARCHAR AS stage, NULL::TIMESTAMP AS start, "
    stays += "NULL::TIMESTAMP AS until, false AS ending WHERE false"
    if has(mapping, "opportunity_history", "opportunity_id", "stage_name"):
        changes = (
            "SELECT h.opportunity_id, h.stage_name AS stage, h.created_at AS start, h.id FROM opportunity_history h "
            "QUALIFY h.stage_name IS DISTINCT FROM lag(h.stage_name) OVER "
            "(PARTITION BY h.opportunity_id ORDER BY h.created_at, h.id)"
        )
        stays = (
            "SELECT c.opportunity_id, c.stage, c.start, lead(c.start) OVER w AS until, "
            "o.is_closed AND lead(c.start) OVER w IS NULL AS ending "
            f'FROM ({changes}) c JOIN "opportunity" o ON o."id" = c.opportunity_id '
            'WHERE NOT coalesce(o."is_deleted", false) '
            "WINDOW w AS (PARTITION BY c.opportunity_id ORDER BY c.start, c.id)"
        )
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE {STAY} AS SELECT * EXCLUDE (ending) FROM ({stays}) "
        "WHERE NOT coalesce(ending, false)"
    )
    cursor.execute(
        f'CREATE OR REPLACE TEMP TABLE {DEAL} AS SELECT o."id", {column("owner_id", "VARCHAR")} AS owner_id, '
        f'o."stage_name" AS stage, {column("probability", "DOUBLE")} AS probability, '
        f"{column('amount', 'DECIMAL(18,4)')} AS amount, {column('close_date', 'DATE')} AS close_date, "
        f'coalesce(o."is_closed", false) AS is_closed, coalesce(o."is_won", false) AS is_won, s.start AS entered_at '
        f'FROM "opportunity" o LEFT JOIN {STAY} s ON s.opportunity_id = o."id" AND s.until IS NULL '
        f'AND s.stage = o."stage_name" WHERE NOT coalesce(o."is_deleted", false)'
    )
    [(open_, dated)] = cursor.execute(f"SELECT count(*), count(entered_at) FROM {DEAL} WHERE NOT is_closed").fetchall()
    if dated < open_:
        notes.append(
            f"OpportunityHistory doesn't tell since when {open_ - dated:,} open opportunities are in their stage"
        )
    return tuple(notes)


def stages(cursor: DuckDBPyConnection, now: datetime) -> list[Stage]:
    """The stages that open opportunities stand in, or that closed ones went through; likeliest to win last."""
    clock = constant(now)
    age = f"epoch({clock}) - epoch(entered_at)"
    took = "epoch(until) - epoch(start)"
    rows = cursor.execute(
        f"WITH standing AS (SELECT stage, count(*) AS open, coalesce(sum(amount), 0) AS amount, "
        f"count(*) FILTER (WHERE amount IS NULL) AS without_amount, "
        f"count(*) FILTER (WHERE close_date < {constant(now.date())}) AS past_close, "
        f"quantile_cont({age}, 0.5) AS age, avg(probability) AS probability FROM {DEAL} WHERE NOT is_closed "
        "GROUP BY 1), "
        f"stayed AS (SELECT stage, count(*) AS stays, quantile_cont({took}, 0.5) AS usual, "
        f"quantile_cont({took}, 0.9) AS long FROM {STAY} WHERE until IS NOT NULL GROUP BY 1), "
        f"passed AS (SELECT stage, count(*) AS closed, count(*) FILTER (WHERE is_won) AS won FROM "
        f"(SELECT DISTINCT s.stage, d.id, d.is_won FROM {STAY} s JOIN {DEAL} d ON d.id = s.opportunity_id "
        f"WHERE d.is_closed) GROUP BY 1) "
        "SELECT stage, coalesce(open, 0), coalesce(amount, 0), coalesce(without_amount, 0), coalesce(past_close, 0), "
        "age, coalesce(stays, 0), usual, long, coalesce(won, 0), coalesce(closed, 0) "
        "FROM standing FULL JOIN stayed USING (stage) FULL JOIN passed USING (stage) "
        "WHERE stage IS NOT NULL ORDER BY probability NULLS LAST, stage"
    ).fetchall()
    return [
        Stage(
            name=str(name),
            open=int(open_),
            amount=Decimal(amount),
            without_amount=int(without),
            past_close=int(past),
            median_age=span(median_age),
            stays=int(stays),
            usual=span(usual),
            long=span(long),
            won=wilson(int(won), int(closed)),
        )
        for name, open_, amount, without, past, median_age, stays, usual, long, won, closed in rows
    ]


def win_rate(cursor: DuckDBPyConnection) -> Rate:
    """Of all closed opportunities, those won."""
    [(won, closed)] = cursor.execute(
        f"SELECT count(*) FILTER (WHERE is_won), count(*) FROM {DEAL} WHERE is_closed"
    ).fetchall()
    return wilson(int(won), int(closed))

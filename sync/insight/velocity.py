"""Sales velocity of the opportunities that leads became: what the pipeline at hand wins per day.

velocity = open opportunities x win rate x average won amount / average days from creation to won

The usual formula of sales reports, and a product of averages: it says how the four levers stand to each other, it is no
forecast. Amounts are added as they are, so an org with several currencies must not read it.
"""

# ruff: noqa: S608 -- the SQL is made of our own columns
from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from duckdb import DuckDBPyConnection

from sync.insight.funnel import Window
from sync.insight.lead_life import LIFE
from sync.insight.rates import Rate, wilson

FORMULA = "open opportunities x win rate x average won amount / average days from creation to won"


@dataclass(frozen=True, slots=True, kw_only=True)
class Velocity:
    """The four levers and their product."""

    open_opportunities: int
    win_rate: Rate
    """Of the closed ones."""
    won_with_amount: int
    average_amount: Decimal | None
    average_days: float | None
    per_day: Decimal | None
    """`None` where a lever is missing or the win rate rests on too few cases."""


def velocity(cursor: DuckDBPyConnection, window: Window) -> Velocity:
    """The velocity of the opportunities that the window's leads were converted to."""
    [row] = cursor.execute(
        "SELECT count(*) FILTER (WHERE NOT is_closed), count(*) FILTER (WHERE is_won), "
        "count(*) FILTER (WHERE is_closed), count(amount) FILTER (WHERE is_won), avg(amount) FILTER (WHERE is_won), "
        "avg((epoch(ended_at) - epoch(opened_at)) / 86400) FILTER (WHERE is_won) "
        f"FROM (SELECT DISTINCT opportunity_id, is_closed, is_won, amount, ended_at, opened_at FROM {LIFE} "
        f"WHERE found AND {window.sql()})"
    ).fetchall()
    opened, won, closed, amounts, average, days = row
    rate = wilson(int(won), int(closed))
    amount = None if average is None else round(Decimal(str(average)), 2)
    per_day = None
    if rate.enough and rate.share is not None and amount is not None and days:
        per_day = round(int(opened) * Decimal(str(rate.share)) * amount / Decimal(str(days)), 2)
    return Velocity(
        open_opportunities=int(opened),
        win_rate=rate,
        won_with_amount=int(amounts),
        average_amount=amount,
        average_days=None if days is None else round(float(days), 1),
        per_day=per_day,
    )

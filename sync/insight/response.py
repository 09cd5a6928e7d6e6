"""How fast leads are answered, and the org's own curve: the share that converts by the time of the first response.

What is published about speed to lead comes from other companies, other years and other definitions of a lead; only the
org's own past says what a late answer costs here. Even so the curve shows what goes together, not what causes what:
people answer first whom they think best.
"""

# ruff: noqa: S608 -- the SQL is made of our own columns and numbers
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from duckdb import DuckDBPyConnection

from sync.insight.funnel import Window
from sync.insight.lead_life import LIFE
from sync.insight.rates import Rate, wilson
from sync.policy.emit import constant

HOUR = timedelta(hours=1)
BOUNDS = (HOUR, 4 * HOUR, 24 * HOUR, 72 * HOUR, 168 * HOUR)
"""Upper ends of the buckets in calendar time: nights, weekends and holidays count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Leads by the time of their first response."""

    after: timedelta | None
    """Later than this; `None` for the first bucket, and for leads without a response."""
    up_to: timedelta | None
    """At most this; `None` for the last bucket, and for leads without a response."""
    answered: bool
    leads: int
    converted: Rate
    """Of those old enough, the ones that converted within the horizon."""


def response_curve(cursor: DuckDBPyConnection, *, window: Window, now: datetime, horizon: timedelta) -> list[Bucket]:
    """The window's leads by time of first response, fastest first, those without a response last.

    A lead whose first response came with its conversion or after it stands where its response came.
    """
    took = "epoch(responded_at) - epoch(created_at)"
    whens = " ".join(
        f"WHEN {took} <= {int(bound.total_seconds())} THEN {number}" for number, bound in enumerate(BOUNDS)
    )
    bucket = f"CASE WHEN responded_at IS NULL THEN {len(BOUNDS) + 1} {whens} ELSE {len(BOUNDS)} END"
    old = f"created_at <= {constant(now - horizon)}"
    in_time = f"{old} AND converted_at <= created_at + to_seconds({int(horizon.total_seconds())})"
    rows = cursor.execute(
        f"SELECT {bucket} AS bucket, count(*), count(*) FILTER (WHERE {in_time}), count(*) FILTER (WHERE {old}) "
        f"FROM {LIFE} WHERE {window.sql()} GROUP BY bucket"
    ).fetchall()
    counts = {int(row[0]): (int(row[1]), int(row[2]), int(row[3])) for row in rows}
    edges: list[tuple[timedelta | None, timedelta | None]] = [
        *zip((None, *BOUNDS), (*BOUNDS, None), strict=True),
        (None, None),
    ]
    found = []
    for number, (after, up_to) in enumerate(edges):
        leads, converted, trials = counts.get(number, (0, 0, 0))
        found.append(
            Bucket(
                after=after,
                up_to=up_to,
                answered=number <= len(BOUNDS),
                leads=leads,
                converted=wilson(converted, trials),
            )
        )
    return found

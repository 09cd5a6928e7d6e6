# ruff: noqa: S608 -- identifiers are our own
"""The figures of one policy's replay against what people did, and the same figures of any group of its leads.

A policy *takes* a lead on the first day that it calls it ready, if people had not converted it before that day. A lead
that people converted earlier comes *later* by the policy, or *never*. A taken lead is *junk* if people turned it down
(today it is out of the policy's scope without having been converted) or if its opportunity was lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from sync.insight.backtest.grouping import Grouping
from sync.insight.backtest.people import LEADS, Deal
from sync.insight.backtest.replaying import Replayed
from sync.insight.rates import Rate, wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days between what the policy and what people did, over the leads that both converted."""

    leads: int
    quarter: float | None
    median: float | None
    three_quarters: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts over a set of leads; money in the org's own currency."""

    leads: int
    taken: int
    """Leads that the policy would have converted."""
    taken_by_people: int
    """Of them, converted by people too, on that day or later, be it after the period."""
    same_day: int
    turned_down: int
    """Of the taken: never converted, and out of the policy's scope today."""
    still_open: int
    later: int
    """Converted by people first; the policy would have come after them."""
    never: int
    """Converted by people in the period; by its end the policy would not have taken them."""
    deals: Mapping[Deal, int]
    """What became of the opportunities of taken leads."""
    won_amount: float
    pipeline_amount: float
    """Of all opportunities of taken leads, won, lost and open."""
    won_later: int
    won_never: int
    """Won deals that the policy would have missed."""
    without_opportunity: int
    """Of the taken: the policy would have made no opportunity of them."""
    gained: Span
    """Days that the policy would have been earlier."""
    lost: Span
    """Days that it would have been later."""

    @property
    def win_rate(self) -> Rate:
        """Won among the decided opportunities of taken leads."""
        won = self.deals[Deal.WON]
        return wilson(won, won + self.deals[Deal.LOST])

    @property
    def junk(self) -> Rate:
        """Turned down or lost among the taken leads whose end is known."""
        bad = self.turned_down + self.deals[Deal.LOST]
        return wilson(bad, bad + self.deals[Deal.WON])

    @property
    def missed(self) -> Rate:
        """Won deals that the policy would never have called ready among all won deals."""
        return wilson(self.won_never, self.deals[Deal.WON] + self.won_later + self.won_never)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFigures:
    """What people did with the same leads."""

    leads: int
    converted: int
    """In the period."""
    deals: Mapping[Deal, int]
    won_amount: float
    pipeline_amount: float

    @property
    def win_rate(self) -> Rate:
        """Won among the decided opportunities."""
        won = self.deals[Deal.WON]
        return wilson(won, won + self.deals[Deal.LOST])


def judge(session: DuckDBPyConnection, replayed: Replayed) -> None:
    """Makes `<table>_judged`: `backtest_lead` with what the policy would have done with each lead."""
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE {judged_table(replayed)} AS WITH seen AS (SELECT lead_id, "
        "min(day) FILTER (WHERE ready) AS ready_day, arg_min(wants_opportunity, day) FILTER (WHERE ready) AS wants, "
        f"arg_max(in_scope, day) AS in_scope FROM {replayed.table} GROUP BY lead_id), "
        f"held AS (SELECT b.*, s.ready_day, coalesce(s.wants, true) AS wants, coalesce(s.in_scope, false) AS in_scope, "
        f"date_diff('day', s.ready_day, b.converted_day) AS days FROM {LEADS} b JOIN seen s ON s.lead_id = b.lead_id) "
        "SELECT *, coalesce(ready_day IS NOT NULL AND (converted_day IS NULL OR days >= 0), false) AS taken, "
        "coalesce(days < 0, false) AS later, in_period AND ready_day IS NULL AS never, "
        "coalesce(source, 'none') AS by_source, coalesce(owner_id, 'nobody') AS by_owner, "
        "strftime(coalesce(ready_day, converted_day, created_day), '%Y-%m') AS by_month FROM held"
    )


def judged_table(replayed: Replayed) -> str:
    """The temp table that `judge` makes."""
    return f"{replayed.table}_judged"


_TAKEN_DEALS = ", ".join(f"count(*) FILTER (WHERE taken AND deal = '{deal}')" for deal in Deal)
_SPANS = ", ".join(
    ", ".join(
        f"{value} FILTER (WHERE {which})"
        for value in ("count(*)", *(f"quantile_cont({days}, {share})" for share in (0.25, 0.5, 0.75)))
    )
    for which, days in (("taken AND days IS NOT NULL", "days"), ("later", "-days"))
)
_COUNTS = (
    "count(*), count(*) FILTER (WHERE taken), count(*) FILTER (WHERE taken AND converted_day IS NOT NULL), "
    "count(*) FILTER (WHERE taken AND days = 0), "
    "count(*) FILTER (WHERE taken AND converted_day IS NULL AND NOT in_scope), "
    "count(*) FILTER (WHERE taken AND converted_day IS NULL AND in_scope), "
    "count(*) FILTER (WHERE later), count(*) FILTER (WHERE never), "
    f"coalesce(sum(amount) FILTER (WHERE taken AND deal = '{Deal.WON}'), 0), "
    "coalesce(sum(amount) FILTER (WHERE taken), 0), "
    f"count(*) FILTER (WHERE later AND deal = '{Deal.WON}'), count(*) FILTER (WHERE never AND deal = '{Deal.WON}'), "
    "count(*) FILTER (WHERE taken AND NOT wants)"
)


def figures(session: DuckDBPyConnection, replayed: Replayed) -> Figures:
    """Of all replayed leads."""
    sql = f"SELECT {_COUNTS}, {_SPANS}, {_TAKEN_DEALS} FROM {judged_table(replayed)}"
    return _figures(session.execute(sql).fetchone() or ())


def figures_by(session: DuckDBPyConnection, replayed: Replayed, by: Grouping) -> dict[str, Figures]:
    """Of each group; months in order, other groups with most leads taken first."""
    order = "1" if by is Grouping.MONTH else "count(*) FILTER (WHERE taken) DESC, count(*) DESC, 1"
    rows = session.execute(
        f"SELECT by_{by}, {_COUNTS}, {_SPANS}, {_TAKEN_DEALS} FROM {judged_table(replayed)} GROUP BY by_{by} "
        f"HAVING count(*) FILTER (WHERE taken OR later OR never) > 0 ORDER BY {order}"
    ).fetchall()
    return {str(name): _figures(row) for name, *row in rows}


def people_figures(session: DuckDBPyConnection) -> PeopleFigures:
    """Of the same leads, without any policy."""
    deals = ", ".join(f"count(*) FILTER (WHERE in_period AND deal = '{deal}')" for deal in Deal)
    row = session.execute(
        f"SELECT count(*), count(*) FILTER (WHERE in_period), "
        f"coalesce(sum(amount) FILTER (WHERE in_period AND deal = '{Deal.WON}'), 0), "
        f"coalesce(sum(amount) FILTER (WHERE in_period), 0), {deals} FROM {LEADS}"
    ).fetchone()
    leads, converted, won, pipeline, *counts = row or (0, 0, 0, 0, *(0 for _ in Deal))
    return PeopleFigures(
        leads=leads,
        converted=converted,
        deals=dict(zip(Deal, counts, strict=True)),
        won_amount=float(won),
        pipeline_amount=float(pipeline),
    )


def _figures(row: tuple[object, ...] | list[object]) -> Figures:
    counts, gained, lost, deals = row[:13], row[13:17], row[17:21], row[21:]
    number = [int(str(value)) for value in (*counts[:8], *counts[10:13])]
    leads, taken, by_people, same_day, down, still, later, never, won_later, won_never, without = number
    return Figures(
        leads=leads,
        taken=taken,
        taken_by_people=by_people,
        same_day=same_day,
        turned_down=down,
        still_open=still,
        later=later,
        never=never,
        deals={deal: int(str(count)) for deal, count in zip(Deal, deals, strict=True)},
        won_amount=float(str(counts[8])),
        pipeline_amount=float(str(counts[9])),
        won_later=won_later,
        won_never=won_never,
        without_opportunity=without,
        gained=_span(gained),
        lost=_span(lost),
    )


def _span(values: tuple[object, ...] | list[object]) -> Span:
    count, *quarters = values
    low, middle, high = (None if value is None else float(str(value)) for value in quarters)
    return Span(leads=int(str(count)), quarter=low, median=middle, three_quarters=high)

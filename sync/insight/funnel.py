"""The funnel: of the leads made in a time, how many were answered, worked, ready, converted, and won.

Counted over `lead_life`. A lead that reached a later step counts in every earlier one, so each step is a share of the
step before. Young leads have had less time: rates over cohorts are comparable only within a fixed time from creation
(`Row.in_time`), and a cohort that still has leads younger than that is marked as open.
"""

# ruff: noqa: S608 -- the SQL is made of our own columns; dates and numbers are constants of ours
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from duckdb import DuckDBPyConnection

from sync.insight.lead_life import LIFE
from sync.insight.rates import FLOOR, Rate, wilson
from sync.policy.emit import constant

USUAL_HORIZON = timedelta(days=90)
"""Time that a lead is given to convert, where the org's own past is too thin to say."""


class Step(StrEnum):
    """What a lead goes through, in order."""

    CREATED = "created"
    RESPONDED = "responded"
    WORKED = "worked"
    READY = "ready"
    CONVERTED = "converted"
    OPPORTUNITY = "opportunity"
    WON = "won"


LABELS = {
    Step.CREATED: "created",
    Step.RESPONDED: "first response",
    Step.WORKED: "status moved",
    Step.READY: "ready",
    Step.CONVERTED: "converted",
    Step.OPPORTUNITY: "with opportunity",
    Step.WON: "won",
}
"""What to call the steps in a table."""


class Cut(StrEnum):
    """What leads are grouped by."""

    MONTH = "month"
    QUARTER = "quarter"
    SOURCE = "source"
    OWNER = "owner"


_CUTS = {
    Cut.MONTH: "strftime(created_at, '%Y-%m')",
    Cut.QUARTER: "strftime(created_at, '%Y') || '-Q' || quarter(created_at)",
    Cut.SOURCE: "source",
    Cut.OWNER: "owner_id",
}

_REACHED = {
    Step.WON: "(is_won)",
    Step.OPPORTUNITY: "(opportunity_id IS NOT NULL)",
    Step.CONVERTED: "(is_converted)",
    Step.READY: "(is_converted OR ready)",
    Step.WORKED: "(is_converted OR ready OR moved_at IS NOT NULL)",
    Step.RESPONDED: "(is_converted OR ready OR responded_at IS NOT NULL)",
    Step.CREATED: "(true)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The funnel of some leads."""

    key: tuple[str | None, ...]
    """Values of the cuts, in their order; `None` where the org has none."""
    reached: tuple[tuple[Step, int], ...]
    """Leads that reached each step or a later one."""
    set_aside: int
    """Leads out of the policy's scope without being converted."""
    in_time: Rate
    """Of the leads old enough, those converted within the horizon of their creation."""
    still_open: bool
    """Whether some of the leads are younger than the horizon, so that the counts will still grow."""

    @property
    def leads(self) -> int:
        """All of them."""
        return self.reached[0][1]

    def steps(self) -> tuple[tuple[Step, int, Rate], ...]:
        """Each step after the first with its leads and their share of the step before."""
        return tuple(
            (step, count, wilson(count, before))
            for (_, before), (step, count) in zip(self.reached, self.reached[1:], strict=False)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """How long something took, over the cases in which it came to its end."""

    name: str
    cases: int
    median: timedelta | None
    p90: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Leads made from `since` (inclusive) until `until` (exclusive); `None` is open."""

    since: datetime | None = None
    until: datetime | None = None

    def sql(self, prefix: str = "") -> str:
        """The condition on the lead's `created_at`."""
        parts = ["true"]
        if self.since is not None:
            parts.append(f"{prefix}created_at >= {constant(self.since)}")
        if self.until is not None:
            parts.append(f"{prefix}created_at < {constant(self.until)}")
        return f"({' AND '.join(parts)})"


def own_horizon(cursor: DuckDBPyConnection) -> timedelta:
    """The time within which nine of ten of the org's conversions came, in whole days; 90 days where too few."""
    [row] = cursor.execute(
        f"SELECT count(converted_at), quantile_cont(epoch(converted_at) - epoch(created_at), 0.9) FROM {LIFE}"
    ).fetchall()
    if row[0] < FLOOR:
        return USUAL_HORIZON
    return timedelta(days=max(1, -(-int(row[1]) // 86_400)))


def funnel(
    cursor: DuckDBPyConnection, cuts: Sequence[Cut], *, window: Window, now: datetime, horizon: timedelta
) -> list[Row]:
    """The funnel of the window's leads, by the cuts; in the cuts' order, one row without any.

    Args:
        cursor: A session in which `make_lives` was run.
        cuts: What to group by.
        window: Which leads.
        now: The report's clock.
        horizon: The time from creation that a lead is given to convert.
    """
    keys = [f"{_CUTS[cut]} AS k{number}" for number, cut in enumerate(cuts)]
    counts = [f"count(*) FILTER (WHERE {_REACHED[step]})" for step in Step]
    old = f"created_at <= {constant(now - horizon)}"
    seconds = int(horizon.total_seconds())
    in_time = f"{old} AND converted_at <= created_at + to_seconds({seconds})"
    columns = [
        *keys,
        *counts,
        "count(*) FILTER (WHERE NOT is_converted AND NOT in_scope)",
        f"count(*) FILTER (WHERE {in_time})",
        f"count(*) FILTER (WHERE {old})",
    ]
    grouped = ", ".join(f"k{number}" for number in range(len(cuts)))
    tail = f"GROUP BY {grouped} ORDER BY {grouped}" if cuts else ""
    rows = cursor.execute(f"SELECT {', '.join(columns)} FROM {LIFE} WHERE {window.sql()} {tail}").fetchall()
    found = []
    for row in rows:
        numbers = [int(value) for value in row[len(cuts) :]]
        reached, (aside, converted, trials) = numbers[: len(Step)], numbers[len(Step) :]
        found.append(
            Row(
                key=tuple(row[: len(cuts)]),
                reached=tuple(zip(Step, reached, strict=True)),
                set_aside=aside,
                in_time=wilson(converted, trials),
                still_open=trials < reached[0],
            )
        )
    return found


_DURATIONS = (
    ("creation to first response", "created_at", "responded_at"),
    ("creation to first change of status", "created_at", "moved_at"),
    ("first response to conversion", "responded_at", "converted_at"),
    ("creation to conversion", "created_at", "converted_at"),
    ("opportunity: creation to won", "opened_at", "CASE WHEN is_won THEN ended_at END"),
    ("opportunity: creation to lost", "opened_at", "CASE WHEN is_closed AND NOT is_won THEN ended_at END"),
)


def durations(cursor: DuckDBPyConnection, window: Window) -> list[Duration]:
    """How long each stretch of the way took the window's leads that came to its end."""
    return [
        measured(cursor, name, f"SELECT epoch({end}) - epoch({start}) AS took FROM {LIFE} WHERE {window.sql()}")
        for name, start, end in _DURATIONS
    ]


def measured(cursor: DuckDBPyConnection, name: str, sql: str) -> Duration:
    """Median and p90 of a query's column `took`, in seconds; nulls are no cases, nor are times that run backwards."""
    [row] = cursor.execute(
        f"SELECT count(took), quantile_cont(took, 0.5), quantile_cont(took, 0.9) FROM ({sql}) WHERE took >= 0"
    ).fetchall()
    return Duration(name=name, cases=int(row[0]), median=span(row[1]), p90=span(row[2]))


def span(seconds: float | None) -> timedelta | None:
    """Seconds as the database gives them."""
    return None if seconds is None else timedelta(seconds=round(seconds))

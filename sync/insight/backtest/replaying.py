# ruff: noqa: S608 -- identifiers are our own, dates are written by us
"""Replays policies over the past, day by day: which leads each would have called ready, and when first.

Equal to asking the policy about every lead at the end of every day, by what was known then (a test does just that). A
verdict can change only on days on which something about the lead changed or the clock turned a condition, so only
those are computed. On the day of its conversion a lead is looked at just before it.

A lead that people converted is followed further, with its fields as they were just before and its activities as they
went on with the contact: that is how a policy that would have waited longer shows by how much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from sync.insight.backtest.period import Period
from sync.mirror.past.conversions import CONVERSION
from sync.mirror.past.opening import Past
from sync.mirror.state import naive
from sync.policy.parsed import ParsedPolicy
from sync.policy.replay import ReplayQueries, replay_queries

MOMENTS_AT_ONCE = 2_000_000
"""Looked at by one query; keeps memory within bounds where a policy makes every day necessary."""

_ALL_DAYS = "count(*) FROM replay_day"
_CHANGED = "(in_scope, ready) IS DISTINCT FROM lag((in_scope, ready)) OVER (PARTITION BY lead_id ORDER BY day)"

Tell = Callable[[str, int, int | None], None]
"""Hears what is being done, how much of it is done, of how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One policy's replay, in a temp table of the session."""

    parsed: ParsedPolicy
    label: str
    """What to call it: the policy's name, with its file where two are so called."""
    table: str
    """`lead_id, day, in_scope, ready, wants_opportunity, amount`; each row stands until the lead's next one."""
    fields: tuple[str, ...]
    """Our names of the lead fields that the verdicts rest on."""
    moments: int
    every_day: bool
    """Whether the policy uses the clock so that every day had to be looked at."""


def replay(
    session: DuckDBPyConnection,
    past: Past,
    policies: Sequence[ParsedPolicy],
    period: Period,
    *,
    tell: Tell,
    at_once: int = MOMENTS_AT_ONCE,
) -> list[Replayed]:
    """Replays each policy over the period.

    Args:
        session: The one that `past` was traced in.
        past: With every field that the policies read.
        policies: All read with the mapping of `past`.
        period: Days to replay.
        tell: Progress.
        at_once: Moments looked at by one query.
    """
    _make_spans(session, period)
    done = []
    for number, (parsed, label) in enumerate(zip(policies, labels(policies), strict=True)):
        tell("replaying policies", number, len(policies))
        queries = replay_queries(parsed, past.mapping, prefix=f"replay{number}")
        done.append(_replay_one(session, past, parsed, queries, label=label, number=number, at_once=at_once))
    tell("replaying policies", len(policies), len(policies))
    return done


def labels(policies: Sequence[ParsedPolicy]) -> list[str]:
    """A name for each policy that no other one has."""
    names = [parsed.policy.name for parsed in policies]
    named = [
        f"{name} [{parsed.policy.file}]" if names.count(name) > 1 else name
        for name, parsed in zip(names, policies, strict=True)
    ]
    return [f"{name} #{number}" if named.count(name) > 1 else name for number, name in enumerate(named, 1)]


def _make_spans(session: DuckDBPyConnection, period: Period) -> None:
    """`replay_span`: the leads that were there and not yet converted at some time of the period, and their days."""
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE replay_span AS SELECT l.id AS lead_id, "
        f"greatest(CAST(l.created_at AS DATE), DATE '{period.first}') AS first_day, DATE '{period.last}' AS last_day, "
        f"c.done_at - INTERVAL 1 MICROSECOND AS last_open FROM lead l LEFT JOIN {CONVERSION} c ON c.lead_id = l.id "
        f"WHERE NOT coalesce(l.is_deleted, false) AND l.created_at < ? "
        f"AND (c.done_at IS NULL OR (c.done_at > ? AND c.done_at > l.created_at))",
        [naive(period.end), naive(period.begin)],
    )


def _replay_one(
    session: DuckDBPyConnection,
    past: Past,
    parsed: ParsedPolicy,
    queries: ReplayQueries,
    *,
    label: str,
    number: int,
    at_once: int,
) -> Replayed:
    table = f"replay_verdict{number}"
    for name, sql in queries.rows:
        session.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
    if not queries.every_day:
        _make_days(session, (*queries.days_sql, *past.change_days_sql(queries.fields)))
    moments = _count(session, "sum(last_day - first_day + 1) FROM replay_span" if queries.every_day else _ALL_DAYS)
    parts = max(1, -(-moments // at_once))
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} (lead_id VARCHAR, day DATE, in_scope BOOLEAN, ready BOOLEAN, "
        "wants_opportunity BOOLEAN, amount DOUBLE)"
    )
    for part in range(parts):
        if queries.every_day:
            _make_every_day(session, part=part, parts=parts)
        _make_moments(session, past, queries, part=part, parts=parts)
        only = f"QUALIFY {_CHANGED}" if queries.every_day else ""
        session.execute(f"INSERT INTO {table} SELECT * FROM ({queries.verdicts_sql}) {only}")
    for name in (*(name for name, _ in queries.rows), "replay_day", "replay_moment", "replay_lead"):
        session.execute(f"DROP TABLE {name}")
    return Replayed(
        parsed=parsed, label=label, table=table, fields=queries.fields, moments=moments, every_day=queries.every_day
    )


def _make_every_day(session: DuckDBPyConnection, *, part: int, parts: int) -> None:
    """`replay_day` with all days of a part of the leads."""
    session.execute(
        "CREATE OR REPLACE TEMP TABLE replay_day AS SELECT lead_id, CAST(unnest(generate_series("
        "CAST(first_day AS TIMESTAMP), CAST(last_day AS TIMESTAMP), INTERVAL 1 DAY)) AS DATE) AS day "
        f"FROM (SELECT * FROM replay_span WHERE hash(lead_id) % {parts} = {part})"
    )


def _make_days(session: DuckDBPyConnection, changes: Sequence[str]) -> None:
    """`replay_day`: the days of each lead on which its verdict may differ from the day before."""
    conversion = "SELECT lead_id, unnest([CAST(last_open AS DATE), CAST(last_open AS DATE) + 1]) FROM replay_span"
    found = " UNION ALL ".join((*changes, f"{conversion} WHERE last_open IS NOT NULL"))
    session.execute(
        "CREATE OR REPLACE TEMP TABLE replay_day AS SELECT lead_id, first_day AS day FROM replay_span "
        "WHERE first_day <= last_day UNION SELECT s.lead_id, d.day FROM replay_span s "
        f"JOIN ({found}) d (lead_id, day) ON d.lead_id = s.lead_id AND d.day BETWEEN s.first_day AND s.last_day"
    )


def _make_moments(session: DuckDBPyConnection, past: Past, queries: ReplayQueries, *, part: int, parts: int) -> None:
    """`replay_moment` and `replay_lead` of a part of the leads, with the days on which the clock turns something."""
    chosen = "true" if parts == 1 else f"hash(d.lead_id) % {parts} = {part}"
    end = "CAST(d.day + 1 AS TIMESTAMP) - INTERVAL 1 MICROSECOND"
    clock = f"CASE WHEN CAST(s.last_open AS DATE) = d.day THEN s.last_open ELSE {end} END"
    moments = (
        "CREATE OR REPLACE TEMP TABLE replay_moment AS SELECT lead_id, day, clock, "
        f"least(clock, coalesce(last_open, clock)) AS as_of FROM (SELECT d.lead_id, d.day, {clock} AS clock, "
        f"s.last_open FROM replay_day d JOIN replay_span s ON s.lead_id = d.lead_id WHERE {chosen})"
    )
    leads = f"CREATE OR REPLACE TEMP TABLE replay_lead AS {past.leads_sql('replay_moment', queries.fields)}"
    session.execute(moments)
    session.execute(leads)
    if queries.every_day or not queries.turns_sql:
        return
    session.execute(
        "INSERT INTO replay_day SELECT DISTINCT s.lead_id, t.day FROM replay_span s "
        f"JOIN ({' UNION '.join(queries.turns_sql)}) t (lead_id, day) ON t.lead_id = s.lead_id "
        "AND t.day BETWEEN s.first_day AND s.last_day "
        "ANTI JOIN replay_moment m ON m.lead_id = s.lead_id AND m.day = t.day"
    )
    session.execute(moments)
    session.execute(leads)


def _count(session: DuckDBPyConnection, what: str) -> int:
    row = session.execute(f"SELECT {what}").fetchone()
    return int(row[0] or 0) if row else 0

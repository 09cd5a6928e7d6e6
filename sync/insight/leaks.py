"""Where leads fall through: ready and left lying, converted too early, nobody's, late, or lost right after.

Each leak is a condition over the temp tables of a session (`lead_life`, `lead_customer`, `leak_since`, `leak_then`),
with the leads that it is a share of. Counting and listing read the same condition, so a count is always the length of
its list.
"""

# ruff: noqa: S608 -- the SQL is made of our own columns; moments and kinds are constants of ours
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from duckdb import DuckDBPyConnection

from sync.insight.customers import CUSTOMER
from sync.insight.lead_life import LIFE
from sync.insight.owners import owner_kind_sql
from sync.insight.rates import Rate, wilson
from sync.mapping import OrgMapping
from sync.model import as_utc
from sync.policy.emit import constant

_CHUNK = 10_000
LOST_SOON = timedelta(days=30)
SINCE = "leak_since"
"""Temp table: `lead_id, since`: until when back a ready lead was ready at every moment looked at."""
THEN = "leak_then"
"""Temp table: `lead_id, ready`: whether a converted lead was ready just before its conversion."""


class LeakName(StrEnum):
    """The leaks, in the order in which they are shown."""

    READY_NOT_CONVERTED = "ready-not-converted"
    CONVERTED_NOT_READY = "converted-not-ready"
    NO_OWNER = "no-owner"
    INACTIVE_OWNER = "inactive-owner"
    UNANSWERED = "unanswered"
    ANSWERED_LATE = "answered-late"
    EXISTING_CUSTOMER = "existing-customer"
    NO_OPPORTUNITY = "converted-without-opportunity"
    LOST_SOON = "lost-within-30-days"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leak:
    label: str
    of: str
    """What it is a share of, in words."""
    among: str
    """The same as a condition."""
    hit: str
    since: str
    detail: str
    next: str
    counted: str = "true"
    """Of `among` those that a share can be told of already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One leak, counted."""

    name: LeakName
    label: str
    leads: int
    rate: Rate
    of: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakRow:
    """One lead in a leak."""

    leak: LeakName
    lead_id: str
    owner_id: str | None
    opportunity_id: str | None
    since: datetime | None
    """Since when, as far as it can be told."""
    detail: str
    """What makes it one, without anything that the lead holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the leaks are measured against."""

    now: datetime
    response: timedelta
    """The response time that was promised."""
    back: timedelta
    """How far back conversions and responses are looked at."""


def count_leaks(cursor: DuckDBPyConnection, mapping: OrgMapping, terms: Terms) -> list[Leak]:
    """Every leak with its count and share."""
    found = []
    for name, leak in _leaks(mapping, terms).items():
        [row] = cursor.execute(
            f"SELECT count(*) FILTER (WHERE {leak.hit}), count(*) FILTER (WHERE {leak.hit} AND {leak.counted}), "
            f"count(*) FILTER (WHERE {leak.counted}) FROM ({_RELATION}) WHERE {leak.among}"
        ).fetchall()
        leads, successes, trials = (int(value) for value in row)
        rate = wilson(successes, trials)
        found.append(Leak(name=name, label=leak.label, leads=leads, rate=rate, of=leak.of, next=leak.next))
    return found


def list_leaks(
    cursor: DuckDBPyConnection, mapping: OrgMapping, terms: Terms, names: Sequence[LeakName]
) -> Iterator[LeakRow]:
    """The leads of some leaks, longest since first; streamed."""
    leaks = _leaks(mapping, terms)
    for name in names:
        leak = leaks[name]
        result = cursor.execute(
            f"SELECT lead_id, owner_id, opportunity_id, {leak.since} AS since_when, {leak.detail} FROM ({_RELATION}) "
            f"WHERE {leak.among} AND {leak.hit} ORDER BY since_when NULLS LAST, lead_id"
        )
        while rows := result.fetchmany(_CHUNK):
            for lead_id, owner_id, opportunity_id, since, detail in rows:
                yield LeakRow(
                    leak=name,
                    lead_id=lead_id,
                    owner_id=owner_id,
                    opportunity_id=opportunity_id,
                    since=None if since is None else as_utc(since),
                    detail=detail,
                )


_RELATION = (
    f"SELECT l.*, s.since AS ready_since, t.ready AS ready_then, c.account_id AS customer_id, c.found_by, c.why "
    f"FROM {LIFE} l LEFT JOIN {SINCE} s USING (lead_id) LEFT JOIN {THEN} t USING (lead_id) "
    f"LEFT JOIN {CUSTOMER} c USING (lead_id)"
)


def _leaks(mapping: OrgMapping, terms: Terms) -> dict[LeakName, _Leak]:
    owner = owner_kind_sql(mapping, "owner_id")
    now, back = constant(terms.now), constant(terms.now - terms.back)
    promised = int(terms.response.total_seconds())
    due = f"created_at + to_seconds({promised})"
    took = "(epoch(responded_at) - epoch(created_at))"
    converted = f"is_converted AND converted_at >= {back}"
    soon = f"to_days({LOST_SOON.days})"
    return {
        LeakName.READY_NOT_CONVERTED: _Leak(
            label="ready, and not converted",
            of="leads in scope",
            among="in_scope",
            hit="ready",
            since="ready_since",
            detail="CASE WHEN ready_since IS NULL THEN 'ready now' ELSE 'ready at least since then' END",
            next="leadgate plan",
        ),
        LeakName.CONVERTED_NOT_READY: _Leak(
            label="converted, though not ready by this policy at that time",
            of=f"conversions of the last {terms.back.days} days that can be judged",
            among="ready_then IS NOT NULL",
            hit="NOT ready_then",
            since="converted_at",
            detail="'by this policy, as of the conversion'",
            next="look at a few: is the policy too strict, or was it too early?",
        ),
        LeakName.NO_OWNER: _Leak(
            label="owned by nobody or by a queue",
            of="leads in scope",
            among="in_scope",
            hit=f"{owner} IN ('nobody', 'queue')",
            since="created_at",
            detail=owner,
            next="assign them; a conversion needs a user as owner",
        ),
        LeakName.INACTIVE_OWNER: _Leak(
            label="owned by a user who has left",
            of="leads in scope",
            among="in_scope",
            hit=f"{owner} = 'inactive'",
            since="created_at",
            detail="'inactive user'",
            next="hand them over; Salesforce refuses to convert to an inactive owner",
        ),
        LeakName.UNANSWERED: _Leak(
            label="past the promised response time, and still unanswered",
            of="leads in scope old enough",
            among=f"in_scope AND {due} <= {now}",
            hit="responded_at IS NULL",
            since=due,
            detail="'no activity and no change of status since it was made'",
            next="call them, the youngest first: they are the warmest",
        ),
        LeakName.ANSWERED_LATE: _Leak(
            label="answered later than promised",
            of=f"leads made in the last {terms.back.days} days and answered",
            among=f"created_at >= {back} AND responded_at IS NOT NULL",
            hit=f"responded_at > {due}",
            since=due,
            detail=f"'answered after ' || CAST(ceil({took} / 3600) AS BIGINT) || ' h'",
            next="leadgate funnel shows what a late answer costs in this org",
        ),
        LeakName.EXISTING_CUSTOMER: _Leak(
            label="open lead of an existing customer",
            of="leads in scope",
            among="in_scope",
            hit="customer_id IS NOT NULL",
            since="created_at",
            detail="'account ' || customer_id || ' by ' || replace(found_by, '_', ' ') || ', ' || why",
            next="tell the account's owner; convert into the account, don't make another",
        ),
        LeakName.NO_OPPORTUNITY: _Leak(
            label="converted without an opportunity",
            of=f"conversions of the last {terms.back.days} days",
            among=converted,
            hit="opportunity_id IS NULL",
            since="converted_at",
            detail="'account and contact only'",
            next="on purpose? else make the opportunity on the account",
        ),
        LeakName.LOST_SOON: _Leak(
            label=f"opportunity lost within {LOST_SOON.days} days of the conversion",
            of=f"conversions of the last {terms.back.days} days with an opportunity, {LOST_SOON.days} days old",
            among=f"{converted} AND found",
            hit=f"(is_closed AND NOT is_won AND ended_at <= converted_at + {soon})",
            since="ended_at",
            detail="'lost ' || greatest(0, date_diff('day', converted_at, ended_at)) || ' days after the conversion'",
            next="converted too early? leadgate policy diff with a stricter policy",
            counted=f"converted_at <= {now} - {soon}",
        ),
    }

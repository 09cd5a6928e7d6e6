"""The leaks of one mirror, measured together: the temp tables that they need, made in the right order."""

# ruff: noqa: S608 -- the SQL is made of our own columns; moments are constants of ours
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from duckdb import DuckDBPyConnection

from sync.insight.customers import make_customers
from sync.insight.lead_life import LIFE, make_lives
from sync.insight.leaks import SINCE, THEN, Leak, LeakName, LeakRow, Terms, count_leaks, list_leaks
from sync.insight.ready_then import MOMENTS, READY_THEN, make_ready_then, trace_past
from sync.mapping import OrgMapping
from sync.mirror.past.activities import HANDED_OVER
from sync.mirror.past.conversions import CONVERSION, ToldBy
from sync.mirror.past.opening import Past
from sync.mirror.state import naive
from sync.mirror.store import Mirror
from sync.policy.compile import CompiledPolicy
from sync.policy.emit import constant
from sync.policy.relations import LIKELIHOOD

CHECKPOINTS = (1, 3, 7, 14, 30, 60, 90)
"""Days back at which a ready lead is judged again, to say since when it has been ready at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakReport:
    """The leaks, and a way to list their leads while the mirror is open."""

    watermark: datetime | None
    leaks: Sequence[Leak]
    notes: Sequence[str]
    _cursor: DuckDBPyConnection
    _mapping: OrgMapping
    _terms: Terms

    def rows(self, names: Sequence[LeakName]) -> Iterator[LeakRow]:
        """The leads of some leaks."""
        return list_leaks(self._cursor, self._mapping, self._terms, names)


@contextmanager
def measured_leaks(
    mirror: Mirror, compiled: CompiledPolicy, mapping: OrgMapping, *, response: timedelta, back: timedelta
) -> Iterator[LeakReport]:
    """The leaks as of the policy's clock, for as long as the `with` lasts.

    Args:
        mirror: Read only; the org isn't asked.
        compiled: Whose clock is the report's.
        mapping: The mirror's columns.
        response: The response time that was promised, in calendar time.
        back: How far back conversions and responses are looked at.
    """
    terms = Terms(now=compiled.now, response=response, back=back)
    with mirror.session() as cursor:
        sources = make_lives(cursor, compiled, mapping, mirror.states)
        without_customers = make_customers(cursor, mapping, compiled.policy.conversion.account.free_mail)
        judged = _judge_the_past(mirror, cursor, compiled, mapping, terms)
        owners = () if "user" in mapping else ("User is not mapped: who is inactive can't be told",)
        yield LeakReport(
            watermark=mirror.watermark(),
            leaks=count_leaks(cursor, mapping, terms),
            notes=(*sources.notes, *([without_customers] if without_customers else []), *owners, *judged),
            _cursor=cursor,
            _mapping=mapping,
            _terms=terms,
        )


def _judge_the_past(
    mirror: Mirror, cursor: DuckDBPyConnection, compiled: CompiledPolicy, mapping: OrgMapping, terms: Terms
) -> list[str]:
    """Makes `leak_since` and `leak_then`; what can't be judged."""
    parsed = compiled.parsed
    read = parsed.fields_behind(parsed.scope, parsed.ready)
    if LIKELIHOOD in read and LIKELIHOOD not in mapping["lead"].fields:
        _fill(cursor, SINCE, "since", "TIMESTAMP", {})
        _fill(cursor, THEN, "ready", "BOOLEAN", {})
        why = "since when leads are ready, and whether converted ones were, can't be told"
        return [f"the policy asks for a likelihood, and the mirror keeps only the latest: {why}"]
    ready = [row[0] for row in cursor.execute(f"SELECT lead_id FROM {LIFE} WHERE in_scope AND ready").fetchall()]
    with mirror.session() as session:
        past = trace_past(session, compiled, mapping)
        since = _ready_since(session, past, compiled, mapping, ready)
        verdicts, notes = _at_conversion(session, past, compiled, mapping, terms)
    untold = past.taken_as_constant(read, terms.now - terms.back)
    if untold:
        notes.append(
            f"nothing tells what these fields were {terms.back.days} days ago, so they are taken as the oldest value "
            f"known: {', '.join(untold)}"
        )
    _fill(cursor, SINCE, "since", "TIMESTAMP", {id_: naive(moment) for id_, moment in since.items()})
    _fill(cursor, THEN, "ready", "BOOLEAN", verdicts)
    return notes


def _ready_since(
    session: DuckDBPyConnection, past: Past, compiled: CompiledPolicy, mapping: OrgMapping, ready: Sequence[str]
) -> dict[str, datetime]:
    """The earliest moment from which on a lead was ready at every checkpoint."""
    moments = ", ".join(constant(compiled.now - timedelta(days=days)) for days in CHECKPOINTS)
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE {MOMENTS} AS SELECT lead_id, as_of "
        f"FROM (SELECT unnest(CAST(? AS VARCHAR[])) AS lead_id), (SELECT unnest([{moments}]) AS as_of)",
        [list(ready)],
    )
    make_ready_then(session, past, compiled, mapping)
    rows = session.execute(f"SELECT lead_id, as_of FROM {READY_THEN} WHERE in_scope AND ready ORDER BY as_of DESC")
    since = dict.fromkeys(ready, compiled.now)
    steps = {naive(compiled.now - timedelta(days=days)): number for number, days in enumerate(CHECKPOINTS)}
    reached = dict.fromkeys(ready, 0)
    for lead_id, as_of in rows.fetchall():
        if steps[as_of] == reached[lead_id]:  # an unbroken row of them
            reached[lead_id] += 1
            since[lead_id] = as_of.replace(tzinfo=UTC)
    return since


def _at_conversion(
    session: DuckDBPyConnection, past: Past, compiled: CompiledPolicy, mapping: OrgMapping, terms: Terms
) -> tuple[dict[str, bool], list[str]]:
    """Whether leads converted of late were ready a second before, and how many can't be judged."""
    recent = f"done_at BETWEEN {constant(terms.now - terms.back)} AND {constant(terms.now)}"
    to_the_second = f"told_by IN ('{ToldBy.HISTORY}', '{ToldBy.RECORD}')"
    own = f"(contact_id IS NULL OR lead_id IN (SELECT lead_id FROM {HANDED_OVER}))"
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE {MOMENTS} AS SELECT lead_id, done_at - INTERVAL 1 SECOND AS as_of "
        f"FROM {CONVERSION} WHERE {recent} AND {to_the_second} AND {own}"
    )
    make_ready_then(session, past, compiled, mapping)
    rows = session.execute(f"SELECT lead_id, ready FROM {READY_THEN} WHERE in_scope").fetchall()
    [(outside,)] = session.execute(f"SELECT count(*) FROM {READY_THEN} WHERE NOT in_scope").fetchall()
    [(undated, shared)] = session.execute(
        f"SELECT count(*) FILTER (WHERE NOT {to_the_second}), count(*) FILTER (WHERE {to_the_second} AND NOT {own}) "
        f"FROM {CONVERSION} WHERE {recent}"
    ).fetchall()
    notes = []
    if outside:
        notes.append(
            f"{outside:,} converted leads were out of the policy's scope just before, or nothing tells what the scope "
            "reads of them: they are not judged"
        )
    if undated:
        notes.append(f"of {undated:,} conversions only the day is known: whether they were ready can't be told")
    if shared:
        notes.append(
            f"{shared:,} conversions went to a contact that was there before: which activities were the lead's, and so "
            "whether it was ready, can't be told"
        )
    return {lead_id: bool(was_ready) for lead_id, was_ready in rows}, notes


def _fill(cursor: DuckDBPyConnection, table: str, column: str, type_: str, values: Mapping[str, object]) -> None:
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS "
        f"SELECT unnest(CAST(? AS VARCHAR[])) AS lead_id, unnest(CAST(? AS {type_}[])) AS {column}",
        [list(values), list(values.values())],
    )

"""What the policy would have said of leads at moments of their past, by what was known then.

For leaks: since when is a ready lead ready, and was a converted lead ready when it was converted? The past is put
together by `sync.mirror.past`. The policy's own queries run over it, one run per day; the views that they read are
replaced by the leads, activities and opportunities of that day.
"""

# ruff: noqa: S608 -- the SQL is made of compiled policies, our own names and days
from __future__ import annotations

from datetime import UTC

from duckdb import DuckDBPyConnection

from sync.mapping import OrgMapping
from sync.mirror.past.activities import ACTIVITY
from sync.mirror.past.opening import Past
from sync.mirror.past.opportunities import LEAD_OPPORTUNITY
from sync.policy import syntax
from sync.policy.compile import CompiledPolicy, compile_parsed
from sync.policy.emit import constant, emit, quoted

MOMENTS = "moments"
"""Temp table that the caller makes: `lead_id, as_of` (UTC without a zone), a lead at most once a day."""
READY_THEN = "ready_then"
"""Temp table: `lead_id, as_of, in_scope, ready`; a lead that wasn't there at its moment has no row."""


def trace_past(session: DuckDBPyConnection, compiled: CompiledPolicy, mapping: OrgMapping) -> Past:
    """The past as far as this policy reads it."""
    return Past.trace(session, mapping, fields={*compiled.deciding_fields, "is_deleted"})


def make_ready_then(session: DuckDBPyConnection, past: Past, compiled: CompiledPolicy, mapping: OrgMapping) -> None:
    """Makes the temp table `ready_then` out of `moments`.

    Each day's clock is the day's last moment, so that windows such as "within 90 days" are right to the day.

    Args:
        session: A session of its own, traced by `trace_past`; its view of activities is the last day's afterwards.
        past: What was traced.
        compiled: The policy.
        mapping: The mirror's columns.
    """
    fields = [*compiled.deciding_fields, "is_deleted"]
    session.execute(f"CREATE OR REPLACE TEMP TABLE then_lead AS {past.leads_sql(MOMENTS, fields)}")
    for relation, known in (("activity", ACTIVITY), ("lead_opportunity", LEAD_OPPORTUNITY)):
        session.execute(
            f"CREATE OR REPLACE TEMP TABLE then_{relation} AS SELECT r.* EXCLUDE (valid_from, valid_until), m.as_of "
            f"FROM {known} r JOIN {MOMENTS} m ON m.lead_id = r.lead_id "
            "WHERE r.valid_from <= m.as_of AND (r.valid_until IS NULL OR m.as_of < r.valid_until)"
        )
    session.execute(
        f"CREATE OR REPLACE TEMP TABLE {READY_THEN} (lead_id VARCHAR, as_of TIMESTAMP, in_scope BOOLEAN, ready BOOLEAN)"
    )
    days = session.execute(f"SELECT CAST(as_of AS DATE) AS day, max(as_of) FROM {MOMENTS} GROUP BY day").fetchall()
    try:
        for day, clock in days:
            of_day = f"CAST(as_of AS DATE) = {constant(day)}"
            for relation in ("lead", "activity", "lead_opportunity"):
                session.execute(
                    f"CREATE OR REPLACE TEMP VIEW {quoted(relation)} AS "
                    f"SELECT * EXCLUDE (as_of) FROM then_{relation} WHERE {of_day}"
                )
            then = compile_parsed(compiled.parsed, mapping, clock.replace(tzinfo=UTC))
            ready = emit(compiled.parsed.ready, resolve=_criterion, now=then.now)
            session.execute(
                f"INSERT INTO {READY_THEN} SELECT d.lead_id, t.as_of, d.in_scope, coalesce({ready}, false) "
                f"FROM ({then.decide_sql}) d JOIN (SELECT lead_id, as_of FROM then_lead WHERE {of_day}) t "
                "ON t.lead_id = d.lead_id"
            )
    finally:
        session.execute('DROP VIEW IF EXISTS temp."lead"')


def _criterion(name: syntax.Field | syntax.SignalRef | syntax.CriterionRef) -> str:
    return f"d.{quoted('c:' + name.name)}"

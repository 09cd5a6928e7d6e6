# ruff: noqa: S608 -- identifiers come from the checked mapping and are quoted
"""What a backtest rests on: how far back each fact is known, what was taken as constant, and which leads are left out.

Nothing here changes a figure. It is what a reader must know to trust one, so every report carries it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from sync.insight.backtest.people import LEADS
from sync.insight.backtest.period import Period
from sync.insight.backtest.replaying import Replayed
from sync.insight.rates import FLOOR
from sync.mapping import OrgMapping
from sync.mirror.past.activities import has_activities, leads_with_lost_activities
from sync.mirror.past.conversions import CONVERSION, ToldBy, has
from sync.mirror.past.fields import EvidenceKind, FieldEvidence, step_table
from sync.mirror.past.opening import Past
from sync.mirror.state import aware, naive
from sync.mirror.tables import quoted
from sync.model import FieldType

_TELLING = 0.6
"""A field is suspected when it is filled in on so much larger a share of converted leads than of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldStanding:
    """One lead field that some policy rests on."""

    evidence: FieldEvidence
    policies: tuple[str, ...]
    constant: bool
    """Taken as constant, or as unknown if so asked, for part of the period or all of it."""
    telling: tuple[float, float] | None
    """Shares of converted and of other leads that have a value, if those are far apart and the field is taken as
    constant: it may have been filled in because of the conversion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that was found in the data, or assumed."""

    code: str
    count: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a backtest rests on."""

    fields: tuple[FieldStanding, ...]
    history_since: datetime | None
    """The oldest row of the field history; `None`: there is none."""
    activities_since: datetime | None
    notes: tuple[Note, ...]


def standing(session: DuckDBPyConnection, past: Past, replayed: Sequence[Replayed], period: Period) -> Standing:
    """How far the evidence of a finished replay reaches."""
    policies: dict[str, list[str]] = {}
    for each in replayed:
        for name in each.fields:
            policies.setdefault(name, []).append(each.label)
    constant = set(past.taken_as_constant(policies, period.begin))
    fields = tuple(
        FieldStanding(
            evidence=past.fields[name],
            policies=tuple(policies[name]),
            constant=name in constant,
            telling=_telling(session, past.mapping, name) if name in constant else None,
        )
        for name in past.fields
        if name in policies
    )
    history = has(past.mapping, "lead_history", "lead_id", "field")
    since = _first(session, "SELECT min(created_at) FROM lead_history") if history else None
    return Standing(
        fields=fields,
        history_since=since,
        activities_since=_first(session, "SELECT min(created_at) FROM past_activity"),
        notes=tuple(note for note in _notes(session, past, replayed, period, since) if note.count),
    )


def _telling(session: DuckDBPyConnection, mapping: OrgMapping, name: str) -> tuple[float, float] | None:
    column = quoted(name)
    if mapping["lead"].fields[name].type is FieldType.BOOLEAN:
        filled = f"coalesce(l.{column}, false)"
    else:
        filled = f"l.{column} IS NOT NULL"
    row = session.execute(
        f"SELECT count(*) FILTER (WHERE b.converted_day IS NOT NULL AND {filled}), count(b.converted_day), "
        f"count(*) FILTER (WHERE b.converted_day IS NULL AND {filled}), "
        f"count(*) FILTER (WHERE b.converted_day IS NULL) FROM {LEADS} b JOIN lead l ON l.id = b.lead_id"
    ).fetchone()
    with_, converted, with_too, others = row or (0, 0, 0, 0)
    if min(converted, others) < FLOOR:
        return None
    shares = (with_ / converted, with_too / others)
    return shares if abs(shares[0] - shares[1]) >= _TELLING else None


def _notes(
    session: DuckDBPyConnection, past: Past, replayed: Sequence[Replayed], period: Period, since: datetime | None
) -> Iterator[Note]:
    yield from _about_leads(session, period)
    yield from _about_conversions(session)
    yield _about_status(session, past)
    yield from _about_history(session, past, replayed, period, since)


def _about_leads(session: DuckDBPyConnection, period: Period) -> Iterator[Note]:
    begin, end = naive(period.begin), naive(period.end)
    deleted, merged, unborn, undated = session.execute(
        "SELECT count(*) FILTER (WHERE is_deleted AND master_record_id IS NULL), "
        "count(*) FILTER (WHERE master_record_id IS NOT NULL), "
        "count(*) FILTER (WHERE NOT is_deleted AND created_at >= ?), "
        "count(*) FILTER (WHERE NOT is_deleted AND created_at IS NULL) FROM lead",
        [end],
    ).fetchone() or (0, 0, 0, 0)
    yield Note(
        code="deleted_leads",
        count=deleted,
        text="deleted leads are left out: their activities went with them",
    )
    yield Note(
        code="merged_leads",
        count=merged,
        text="leads merged into others are left out; their activities count for the survivor, from their own times on",
    )
    yield Note(code="later_leads", count=unborn, text="leads were created after the period and are left out")
    yield Note(code="undated_leads", count=undated, text="leads have no creation date in the mirror and are left out")
    before = _number(
        session, f"SELECT count(*) FROM {CONVERSION} WHERE done_at <= ? AND told_by <> '{ToldBy.NOTHING}'", [begin]
    )
    yield Note(code="converted_before", count=before, text="leads were converted before the period and are left out")


def _about_conversions(session: DuckDBPyConnection) -> Iterator[Note]:
    undated = _number(session, f"SELECT count(*) FROM {CONVERSION} WHERE told_by = '{ToldBy.NOTHING}'")
    yield Note(
        code="undated_conversions",
        count=undated,
        text="converted leads have no date of conversion anywhere and are left out",
    )
    by_day = _number(
        session,
        f"SELECT count(*) FROM {CONVERSION} c JOIN replay_span s ON s.lead_id = c.lead_id "
        f"WHERE told_by = '{ToldBy.DAY}'",
    )
    yield Note(
        code="conversions_by_day",
        count=by_day,
        text="conversions are known by their day only; they count from its first moment in UTC, and the org's own "
        "time zone may put them a day off",
    )
    impossible = _number(
        session,
        f"SELECT count(*) FROM {CONVERSION} c JOIN lead l ON l.id = c.lead_id "
        f"WHERE c.done_at <= l.created_at AND told_by <> '{ToldBy.NOTHING}'",
    )
    yield Note(
        code="converted_at_creation",
        count=impossible,
        text="leads were converted when or before they were created (imported so) and are left out",
    )
    yield Note(
        code="lost_activities",
        count=leads_with_lost_activities(session),
        text="converted leads went to a contact that was there before, or together with other leads: which activities "
        "were theirs is known only as far as the mirror saw them before, the others are left out",
    )
    gone = _number(session, f"SELECT count(*) FROM {LEADS} WHERE deal = 'gone'")
    yield Note(
        code="missing_opportunities",
        count=gone,
        text="opportunities of converted leads have been deleted or can't be read; they count as neither won nor lost",
    )


def _about_status(session: DuckDBPyConnection, past: Past) -> Note:
    known = (
        f"AND c.lead_id NOT IN (SELECT lead_id FROM {step_table('status')})" if past.fields["status"].stepped else ""
    )
    unknown = _number(
        session,
        f"SELECT count(*) FROM {CONVERSION} c JOIN replay_span s ON s.lead_id = c.lead_id WHERE true {known}",
    )
    return Note(
        code="unknown_status",
        count=unknown,
        text="converted leads have no record of their status before the conversion: a policy that asks for it, even in "
        "its scope, finds it unknown and never takes them (let the org track Lead Status)",
    )


def _about_history(
    session: DuckDBPyConnection, past: Past, replayed: Sequence[Replayed], period: Period, since: datetime | None
) -> Iterator[Note]:
    used = {name for each in replayed for name in each.fields}
    yield Note(
        code="likelihood",
        count=sum(past.fields[name].kind is EvidenceKind.SCORED for name in used),
        text="the likelihood of a lead is unknown before it was scored; earlier scores are not kept",
    )
    if since is None:
        yield Note(
            code="no_history",
            count=1,
            text="the mirror has no field history of leads: every field is taken as constant, the status before a "
            "conversion is unknown",
        )
    elif since > period.begin:
        yield Note(
            code="thin_history",
            count=1,
            text=f"the field history begins on {since.date()}, after the period does: earlier changes are unknown",
        )
    gaps = sum(past.fields[name].gaps for name in used)
    yield Note(
        code="history_gaps",
        count=gaps,
        text="times a field's history contradicts itself: it was changed without a row; the earlier word stands until "
        "the next row",
    )
    unreadable = sum(past.fields[name].unreadable for name in used)
    yield Note(
        code="history_without_values",
        count=unreadable,
        text="history rows have no readable value (long texts have none); the field is unknown there",
    )
    if has(past.mapping, "lead_history", "lead_id", "field"):
        early = _number(
            session,
            "SELECT count(DISTINCT h.lead_id) FROM lead_history h JOIN lead l ON l.id = h.lead_id "
            "WHERE h.created_at < l.created_at",
        )
        yield Note(
            code="history_before_creation",
            count=early,
            text="leads have history from before their creation (imported, or clocks out of order); they count from "
            "their creation on",
        )
    if has_activities(past.mapping):
        early = _number(
            session,
            "SELECT count(*) FROM past_activity a JOIN lead l ON l.id = a.lead_id "
            "WHERE a.valid_until IS NULL AND a.created_at < l.created_at",
        )
        yield Note(
            code="activities_before_lead",
            count=early,
            text="activities are older than their lead (moved to it, or imported); they count from its creation on",
        )
    else:
        yield Note(code="no_activities", count=1, text="neither tasks nor events are mapped: no signal can see any")


def _first(session: DuckDBPyConnection, sql: str) -> datetime | None:
    row = session.execute(sql).fetchone()
    return aware(row[0]) if row else None


def _number(session: DuckDBPyConnection, sql: str, parameters: Collection[object] = ()) -> int:
    row = session.execute(sql, list(parameters) or None).fetchone()
    return int(row[0]) if row else 0

"""Between the ledger's rows and its values: the only place that knows how each is written in columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from json.encoder import encode_basestring as _quoted

from sqlalchemy import Row as Found

from sync.ledger.entries import LEAD_MODSTAMP, NOTHING_MADE, Closing, Entry, Fate, Made, State, Subject
from sync.ledger.many import Row
from sync.ledger.times import from_text
from sync.plan.pace import Pace

_STATES = {state.value: state for state in State}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStart:
    """What a run says of itself when it begins."""

    plan_id: str
    kind: str
    """`apply` or `recover`."""
    policy_digest: str
    mapping_digest: str
    planned: int
    user_id: str
    version: str
    counts: Mapping[str, int] = field(default_factory=dict)
    """The plan's own counts of every lead decided (`leads, ready, blocked, out_of_scope, …`), so that
    the ledger alone accounts for the leads that nothing was to be done with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run as the ledger keeps it."""

    run_id: str
    org_id: str
    start: RunStart
    started_at: datetime
    finished_at: datetime | None
    ended: str | None


SUBJECT_COLUMNS = (
    "run_id",
    "org_id",
    "plan_id",
    "action_key",
    "parent_key",
    "kind",
    "lead_id",
    "target",
    "follow_up",
)
"""Columns that say what an entry is about."""

CLOSING_COLUMNS = ("state", "code", "fields", "account_id", "contact_id", "opportunity_id", "evidence")
"""Columns that say how an entry ended."""


def subject_row(org_id: str, run_id: str, plan_id: str, subject: Subject) -> Row:
    """Values of `SUBJECT_COLUMNS`."""
    return (
        run_id,
        org_id,
        plan_id,
        subject.key,
        subject.parent_key,
        subject.kind,
        subject.lead_id,
        subject.target,
        to_json(subject.follow_up),
    )


def closing_row(closing: Closing) -> Row:
    """Values of `CLOSING_COLUMNS`."""
    made = closing.made
    return (
        closing.state.value,
        closing.code,
        ",".join(closing.fields),
        made.account_id,
        made.contact_id,
        made.opportunity_id,
        to_json(closing.evidence),
    )


def remembering(closing: Closing, intent: str | None) -> Closing:
    """A refusal that still says which version of the lead its intent (evidence as JSON) rested on."""
    if intent is None:
        return closing
    stamp = json.loads(intent).get(LEAD_MODSTAMP)
    return closing if stamp is None else replace(closing, evidence={LEAD_MODSTAMP: stamp, **closing.evidence})


def to_entry(row: Found[tuple[object, ...]]) -> Entry:
    """The entry of a row."""
    return Entry(
        entry_id=row.entry_id,
        run_id=row.run_id,
        org_id=row.org_id,
        plan_id=row.plan_id,
        subject=Subject(
            key=row.action_key,
            kind=row.kind,
            lead_id=row.lead_id,
            target=row.target,
            parent_key=row.parent_key,
            follow_up=_mapping(row.follow_up),
        ),
        state=_STATES[row.state],
        code=row.code,
        fields=tuple(row.fields.split(",")) if row.fields else (),
        made=Made(account_id=row.account_id, contact_id=row.contact_id, opportunity_id=row.opportunity_id),
        evidence=_mapping(row.evidence),
        changed_at=from_text(row.changed_at),
    )


def to_fate(columns: tuple[str | None, ...]) -> Fate:
    """How an action stands, from an entry's state, code, fields, account, contact and opportunity."""
    state, code, fields, *made = columns
    return Fate(
        _STATES[state or ""],
        code,
        tuple(fields.split(",")) if fields else (),
        Made(account_id=made[0], contact_id=made[1], opportunity_id=made[2]) if any(made) else NOTHING_MADE,
    )


def to_run(row: Found[tuple[object, ...]]) -> RunRow:
    """The run of a row."""
    return RunRow(
        run_id=row.run_id,
        org_id=row.org_id,
        start=RunStart(
            plan_id=row.plan_id,
            kind=row.kind,
            policy_digest=row.policy_digest,
            mapping_digest=row.mapping_digest,
            planned=row.planned,
            user_id=row.user_id,
            version=row.version,
            counts=json.loads(row.counts),
        ),
        started_at=from_text(row.started_at),
        finished_at=from_text(row.finished_at) if row.finished_at else None,
        ended=row.ended,
    )


def to_json(values: Mapping[str, str]) -> str:
    """A mapping of strings as a JSON column: sorted, as `json.dumps` writes it, without making an encoder for each."""
    if not values:
        return "{}"
    return "{" + ", ".join([f"{_quoted(name)}: {_quoted(values[name])}" for name in sorted(values)]) + "}"


def _mapping(text: str) -> dict[str, str]:
    found: dict[str, str] = {} if text == "{}" else json.loads(text)
    return found


def pace_row(org_id: str, pace: Pace) -> dict[str, str | int | None]:
    """Columns that say how many conversions an org bears in a call."""
    return {
        "org_id": org_id,
        "size": pace.size,
        "proven": pace.proven,
        "failed_at": pace.failed_at,
        "calm": pace.calm,
    }


def to_pace(row: Found[tuple[object, ...]]) -> Pace:
    """The pace in a row."""
    return Pace(size=row.size, proven=row.proven, failed_at=row.failed_at, calm=row.calm)

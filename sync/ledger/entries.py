"""The life of an action in the ledger, as values: which states there are, and which may follow which.

    ┌────────► superseded, already_applied, not_reached, in_doubt     (nothing was sent)
    │
 (planned) ──► intended ──► applied           the org's answer, or evidence read back
                   ├──────► rejected          the org said no
                   ├──────► superseded        the org's own guard said that the lead moved (412)
                   ├──────► already_applied   read back: somebody else did it
                   └──────► not_applied       certain not to have happened; the key is free again

An `intended` entry whose run is over is in doubt; only recovery may close it. Closed entries never change. The database
enforces the same by triggers and a partial unique index (`sync.ledger.schema`); a test holds the two together. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, assert_never

from sync.plan.actions import Outcome

EntryKind = Literal[
    "update_status",
    "convert_lead",
    "set_opportunity_fields",
    "compare_lead",
    "create_lead",
    "move_activity",
    "add_campaign_member",
    "delete_record",
]
"""A plan's kinds, the follow-up that gives a new opportunity its planned fields, what is noted of a converted lead
that somebody changed just before, and the kinds of a compensation."""

FOLLOW_UP: Literal["set_opportunity_fields"] = "set_opportunity_fields"
COMPARISON: Literal["compare_lead"] = "compare_lead"
"""Kinds of entries that belong to a conversion (`Subject.parent_key`) and are no actions of a plan themselves."""

COMPENSATION = frozenset({"create_lead", "move_activity", "add_campaign_member", "delete_record"})
"""The kinds of a compensation, which are read back by what each of them leaves in the org."""


class State(StrEnum):
    """Where an entry stands."""

    INTENDED = "intended"
    APPLIED = "applied"
    REJECTED = "rejected"
    NOT_APPLIED = "not_applied"
    SUPERSEDED = "superseded"
    ALREADY_APPLIED = "already_applied"
    NOT_REACHED = "not_reached"
    IN_DOUBT = "in_doubt"
    """Noted in a later run about an entry of an earlier one that still can't be closed."""


FIRST_STATES = frozenset({State.INTENDED, State.SUPERSEDED, State.ALREADY_APPLIED, State.NOT_REACHED, State.IN_DOUBT})
"""What an entry may begin as."""

CLOSINGS = frozenset({State.APPLIED, State.REJECTED, State.NOT_APPLIED, State.SUPERSEDED, State.ALREADY_APPLIED})
"""What may follow `intended`; nothing may follow anything else."""

LIVE = frozenset({State.INTENDED, State.APPLIED})
"""States that hold an action's key: while one stands, nobody may intend the same action again."""


LEAD_MODSTAMP = "lead_modstamp"
"""The key of an intent's evidence for the SystemModstamp of the lead that it rests on (ISO 8601)."""


MADE = "made"
"""The key of an applied entry's evidence for the id of the record that it made."""


def legal(before: State | None, after: State) -> bool:
    """Whether an entry may go from `before` (`None` = it doesn't exist yet) to `after`."""
    return after in FIRST_STATES if before is None else before is State.INTENDED and after in CLOSINGS


def outcome_of(state: State) -> Outcome:
    """What a run reports for an action whose last entry stands at `state`."""
    match state:
        case State.APPLIED:
            return Outcome.APPLIED
        case State.ALREADY_APPLIED:
            return Outcome.ALREADY_APPLIED
        case State.SUPERSEDED:
            return Outcome.SUPERSEDED
        case State.REJECTED:
            return Outcome.REJECTED
        case State.INTENDED | State.IN_DOUBT:
            return Outcome.IN_DOUBT
        case State.NOT_APPLIED | State.NOT_REACHED:
            return Outcome.NOT_REACHED
        case _:
            assert_never(state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Records that a conversion made or attached to."""

    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None


NOTHING_MADE = Made()
"""What a status update makes; one value for a hundred thousand of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an entry is about; ids and statuses only, never names or addresses."""

    key: str
    kind: EntryKind
    lead_id: str
    target: str
    """The status to set, the converted status, or the opportunity's id."""
    parent_key: str | None = None
    """The conversion that a follow-up or a comparison belongs to."""
    follow_up: Mapping[str, str] = field(default_factory=dict)
    """Opportunity fields still to be set after a conversion: API name → JSON text of the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How an entry ends, or what a noted entry says."""

    key: str
    state: State
    code: str | None = None
    fields: tuple[str, ...] = ()
    made: Made = NOTHING_MADE
    evidence: Mapping[str, str] = field(default_factory=dict)
    """What was seen, by field or fact: `IsConverted`, `LastModifiedById`, `differs`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the ledger."""

    entry_id: int
    run_id: str
    org_id: str
    plan_id: str
    subject: Subject
    state: State
    code: str | None
    fields: tuple[str, ...]
    made: Made
    evidence: Mapping[str, str]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Fate:
    """How an action of a run stands: what an account of every lead needs of an entry."""

    state: State
    code: str | None
    fields: tuple[str, ...]
    made: Made


def latest(entries: Iterable[Entry]) -> dict[str, Entry]:
    """The last entry of each key: what became of the action in the end."""
    found: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda one: one.entry_id):
        found[entry.subject.key] = entry
    return found

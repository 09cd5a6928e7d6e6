"""Which records that a conversion made may be deleted again: those that nobody has used since.

A record stays when somebody changed it, when anything hangs on it that the conversion didn't put there, or when a
record that stays hangs on it. Planning asks for all records of a plan together, applying again just before each
deletion. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SAME_TRANSACTION = timedelta(seconds=60)
"""A row that leadgate's user made within this time of the record belongs to the conversion: contact roles, and what
automation adds."""

_NEVER_THE_CONVERSIONS = frozenset({"Account", "Contact", "Opportunity", "Lead", "Task", "Event", "CampaignMember"})
"""Objects whose rows count as use however young: another lead may have been converted in the same minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRecord:
    """A record that a conversion made, as the org shows it now."""

    object: str
    id: str
    lead_id: str
    created_at: datetime
    created_by: str
    modified_at: datetime
    """LastModifiedDate; unlike SystemModstamp, it doesn't move when an activity is taken away."""
    modified_by: str
    ours_until: datetime
    """The latest time of a change that can be leadgate's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A row that hangs on a record. The id of a file's link is that of the file."""

    object: str
    id: str
    parent_id: str
    created_at: datetime | None
    created_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Why a record stays."""

    code: str
    """`changed_since`, `used_since`."""
    records: tuple[str, ...] = ()
    """What hangs on it."""


def uses(
    records: Iterable[MadeRecord], children: Sequence[Child], *, ours: Collection[str], known: Collection[str]
) -> Mapping[str, Use]:
    """Record id → why it stays, for those that do.

    Args:
        records: Candidates for deletion.
        children: What hangs on them.
        ours: The users that leadgate ran as.
        known: Ids of rows that don't count: activities that will have been moved, old memberships and files, and the
            converted leads themselves.
    """
    candidates = {record.id: record for record in records}
    hanging: dict[str, list[Child]] = {}
    for child in children:
        if child.id not in known:
            hanging.setdefault(child.parent_id, []).append(child)
    found = {record.id: Use(code="changed_since") for record in candidates.values() if _changed(record, ours)}
    while True:  # a record that stays keeps what it hangs on
        more = {
            record.id: Use(code="used_since", records=tuple(sorted(using)))
            for record in candidates.values()
            if record.id not in found
            if (using := {c.id for c in hanging.get(record.id, ()) if _counts(c, record, candidates, found, ours)})
        }
        if not more:
            return found
        found |= more


def _changed(record: MadeRecord, ours: Collection[str]) -> bool:
    return record.modified_by not in ours or record.modified_at > record.ours_until


def _counts(
    child: Child,
    record: MadeRecord,
    candidates: Mapping[str, MadeRecord],
    stays: Mapping[str, Use],
    ours: Collection[str],
) -> bool:
    if child.id in candidates:
        return child.id in stays
    return child.object in _NEVER_THE_CONVERSIONS or not (
        child.created_by in ours
        and child.created_at is not None
        and abs(child.created_at - record.created_at) <= SAME_TRANSACTION
    )

"""Drawing up a compensation plan: what conversions made, what of it is unused, and what goes to the new leads.

Reads ledger, pre-images and the org, and writes nothing. What can't be told for certain is left as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from sync.insight.made_records import ConvertedLead, kept, made_records, users_of
from sync.ledger.entries import Entry, State
from sync.ledger.store import Ledger
from sync.model import Record
from sync.plan.compensation import (
    DELETION_ORDER,
    AddCampaignMember,
    CompensationAction,
    CompensationPlan,
    CreateLead,
    DeleteRecord,
    Held,
    Kept,
    MoveActivity,
    NotRestored,
    compensation_key,
)
from sync.plan.compensation_file import FORMAT, identified
from sync.plan.pre_image import MemberImage, PreImage, PreImages, digest, known_rows
from sync.plan.unused import Child, MadeRecord, uses
from sync.salesforce.hanging import hanging_on
from sync.salesforce.lead_fields import restorable
from sync.salesforce.org import OrgReader

_ACTIVITY = ("Id", "WhoId", "WhatId", "OwnerId")
_READS = 12
"""Calls that reading again before the deletions takes, at most: three records, what hangs on each, describes."""


@dataclass(slots=True)
class _Draft:
    """A plan while it is drawn up."""

    actions: list[CompensationAction] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    lost: list[NotRestored] = field(default_factory=list)


def draw_up_compensation(
    org: OrgReader, ledger: Ledger, pre_images: PreImages, lead_ids: Sequence[str], *, created_at: datetime
) -> CompensationPlan:
    """The plan that compensates the conversions of these leads.

    Args:
        org: The org, to read.
        ledger: The ledger that the conversions are in.
        pre_images: What the leads were.
        lead_ids: Converted leads.
        created_at: When the plan is made.

    Raises:
        AccessRefused, OrgUnavailable, OrgFault: The org can't be read.
        LeadgateError: The pre-images can't be read.
    """
    draft = _Draft()
    leads = _compensable(org, ledger, pre_images, lead_ids, draft)
    _new_leads(org, leads, draft)
    moved = _activities(org, leads, draft)
    for lead in leads:
        draft.actions += [
            AddCampaignMember(lead_id=lead.id, campaign_id=member.campaign_id, status=member.status)
            for member in _once(lead.image)
        ]
    _deletions(org, ledger, leads, moved, draft)
    kinds = Counter[str](action.kind for action in draft.actions)
    return identified(
        CompensationPlan(
            plan_id="",
            format=FORMAT,
            org_id=org.identity.org_id,
            created_at=created_at.replace(microsecond=0),
            forecast_calls=_forecast(kinds),
            leads=tuple(lead.id for lead in leads),
            actions=tuple(draft.actions),
            kept=tuple(draft.kept),
            held=tuple(draft.held),
            not_restored=tuple(draft.lost),
            counts={
                "compensated_leads": len(leads),
                "held": len(draft.held),
                "kept": len(draft.kept),
                **{
                    kind: kinds[kind]
                    for kind in ("create_lead", "move_activity", "add_campaign_member", "delete_record")
                },
            },
        )
    )


def _compensable(
    org: OrgReader, ledger: Ledger, pre_images: PreImages, lead_ids: Sequence[str], draft: _Draft
) -> list[ConvertedLead]:
    org_id = org.identity.org_id
    wanted = list(dict.fromkeys(lead_ids))
    states: dict[str, dict[State, Entry]] = {}
    for entry in ledger.conversions(org_id, wanted):
        states.setdefault(entry.subject.lead_id, {})[entry.state] = entry
    creating = {one: compensation_key(org_id, CreateLead(lead_id=one, pre_image="", fields=())) for one in wanted}
    made = ledger.live(org_id, list(creating.values()))
    rows = dict(zip(wanted, org.retrieve("Lead", wanted, ["Id", "IsConverted"]), strict=True)) if wanted else {}
    leads: list[ConvertedLead] = []
    for lead_id in wanted:
        converted, row = states.get(lead_id, {}).get(State.APPLIED), rows[lead_id]
        image = pre_images.get(org_id, lead_id)
        if converted is None:
            doubtful = State.INTENDED in states.get(lead_id, {})
            code = "conversion_in_doubt" if doubtful else "not_converted_here"
        elif creating[lead_id] in made:
            code = "compensated_already"
        elif row is not None and not row.get("IsConverted"):
            code = "not_converted"
        elif image is None:
            code = "no_pre_image"
        else:
            leads.append(ConvertedLead(converted, image))
            continue
        draft.held.append(Held(lead_id=lead_id, code=code))
    return leads


def _new_leads(org: OrgReader, leads: Sequence[ConvertedLead], draft: _Draft) -> None:
    described = org.describe("Lead") if leads else None
    taken = set(restorable(described)) if described is not None else set()
    for lead in leads:
        filled = lead.image.filled
        fields = tuple(name for name in filled if name in taken)
        draft.actions.append(CreateLead(lead_id=lead.id, pre_image=digest(lead.image), fields=fields))
        lost = (
            ("identity", ()),
            ("empty_fields", ()),
            ("fields", tuple(name for name in filled if name not in taken)),
            ("files", lead.image.files),
            ("unreadable", lead.image.unreadable),
        )
        draft.lost += [
            NotRestored(lead_id=lead.id, what=what, names=names)
            for what, names in lost
            if names or what in {"identity", "empty_fields"}
        ]


def _activities(org: OrgReader, leads: Sequence[ConvertedLead], draft: _Draft) -> set[str]:
    """Plan to move what still hangs where the conversion put it; returns the ids."""
    rows: dict[str, Record | None] = {}
    for name in ("Task", "Event"):
        ids = sorted({a.id for lead in leads for a in lead.image.activities if a.object == name})
        if ids:
            rows |= dict(zip(ids, org.retrieve(name, ids, _ACTIVITY), strict=True))
    moved: set[str] = set()
    for lead in leads:
        changed_owner = []
        for activity in lead.image.activities:
            row, made = rows[activity.id], lead.entry.made
            if row is None:
                draft.kept.append(kept(lead.id, activity.object, activity.id, "gone"))
                continue
            what = _text(row, "WhatId")
            ours = {None, activity.what_id, made.account_id, made.opportunity_id}
            if row.get("WhoId") != made.contact_id or what not in ours:
                draft.kept.append(kept(lead.id, activity.object, activity.id, "moved_since"))
                continue
            moved.add(activity.id)
            draft.actions.append(
                MoveActivity(
                    lead_id=lead.id,
                    activity_id=activity.id,
                    who_id=str(made.contact_id),
                    what_id=what,
                    what_before=activity.what_id,
                )
            )
            if _text(row, "OwnerId") != activity.owner_id:
                changed_owner.append(activity.id)
        if changed_owner:
            draft.lost.append(NotRestored(lead_id=lead.id, what="activity_owners", names=tuple(changed_owner)))
    return moved


def _once(image: PreImage) -> Iterator[MemberImage]:
    seen: set[str] = set()
    for member in image.members:
        if member.campaign_id not in seen:
            seen.add(member.campaign_id)
            yield member


def _deletions(org: OrgReader, ledger: Ledger, leads: Sequence[ConvertedLead], moved: set[str], draft: _Draft) -> None:
    """Plan to delete what these conversions made and nobody has used since; the rest is kept, and named."""
    found = list(made_records(org, ledger, leads))
    draft.kept += [one for one in found if isinstance(one, Kept)]
    candidates = [one for one in found if isinstance(one, MadeRecord)]
    children: list[Child] = []
    unread: dict[str, tuple[str, ...]] = {}
    unseen: set[str] = set()
    for name in DELETION_ORDER:
        hanging = hanging_on(org, name, [record.id for record in candidates if record.object == name])
        children += hanging.children
        unseen |= set(hanging.unseen)
        if hanging.refused:
            unread[name] = hanging.refused
    for record in candidates:
        if record.object in unread:
            draft.kept.append(kept(record.lead_id, record.object, record.id, "unreadable", unread[record.object]))
    staying = uses(
        candidates,
        [
            *children,
            *(  # a record of which that can't be told stays, and so what it hangs on
                Child(object="unreadable", id="unreadable", parent_id=record.id, created_at=None, created_by=None)
                for record in candidates
                if record.object in unread
            ),
        ],
        ours=users_of(org, ledger, leads),
        known=known_rows([lead.image for lead in leads]) | moved,
    )
    for record in candidates:
        if (use := staying.get(record.id)) is not None:
            if record.object not in unread:
                draft.kept.append(kept(record.lead_id, record.object, record.id, use.code, use.records))
            continue
        draft.actions.append(
            DeleteRecord(
                lead_id=record.lead_id,
                object=record.object,
                record_id=record.id,
                created_at=record.created_at,
                modified_at=record.modified_at,
            )
        )
    if unseen and leads:
        draft.lost.append(NotRestored(lead_id=leads[0].id, what="unseen", names=tuple(sorted(unseen))))


def _forecast(kinds: Counter[str]) -> int:
    """API calls of an undisturbed run, a little too many rather than too few."""
    if not kinds:
        return 0
    return (
        2
        + ceil(kinds["create_lead"] / 200)
        + 2 * bool(kinds["move_activity"])
        + ceil(kinds["move_activity"] / 25)
        + ceil(kinds["add_campaign_member"] / 200) * 2
        + (_READS + ceil(kinds["delete_record"] / 200) * 3) * bool(kinds["delete_record"])
    )


def _text(row: Record, name: str) -> str | None:
    value = row.get(name)
    return str(value) if value else None

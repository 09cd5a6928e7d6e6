"""Drawing up a compensation plan: what conversions made, what of it is unused, and what goes to the new leads.

Reads ledger, pre-images and the org, and writes nothing. What can't be told for certain is left as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

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
from sync.salesforce.values import moment_of

OWN_CHANGES = timedelta(minutes=2)
"""How long after its creation, or leadgate's last write to it, a record's last change can still be leadgate's own."""

_RECORD = ("Id", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById")
_ACTIVITY = ("Id", "WhoId", "WhatId", "OwnerId")
_READS = 12
"""Calls that reading again before the deletions takes, at most: three records, what hangs on each, describes."""


@dataclass(frozen=True, slots=True)
class _Lead:
    """A converted lead that can be compensated."""

    entry: Entry
    image: PreImage

    @property
    def id(self) -> str:
        return self.entry.subject.lead_id


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
) -> list[_Lead]:
    org_id = org.identity.org_id
    wanted = list(dict.fromkeys(lead_ids))
    states: dict[str, dict[State, Entry]] = {}
    for entry in ledger.conversions(org_id, wanted):
        states.setdefault(entry.subject.lead_id, {})[entry.state] = entry
    creating = {one: compensation_key(org_id, CreateLead(lead_id=one, pre_image="", fields=())) for one in wanted}
    made = ledger.live(org_id, list(creating.values()))
    rows = dict(zip(wanted, org.retrieve("Lead", wanted, ["Id", "IsConverted"]), strict=True)) if wanted else {}
    leads: list[_Lead] = []
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
            leads.append(_Lead(converted, image))
            continue
        draft.held.append(Held(lead_id=lead_id, code=code))
    return leads


def _new_leads(org: OrgReader, leads: Sequence[_Lead], draft: _Draft) -> None:
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


def _activities(org: OrgReader, leads: Sequence[_Lead], draft: _Draft) -> set[str]:
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
                draft.kept.append(_kept(lead.id, activity.object, activity.id, "gone"))
                continue
            what = _text(row, "WhatId")
            ours = {None, activity.what_id, made.account_id, made.opportunity_id}
            if row.get("WhoId") != made.contact_id or what not in ours:
                draft.kept.append(_kept(lead.id, activity.object, activity.id, "moved_since"))
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


def _deletions(org: OrgReader, ledger: Ledger, leads: Sequence[_Lead], moved: set[str], draft: _Draft) -> None:
    """Plan to delete what these conversions made and nobody has used since; the rest is kept, and named."""
    candidates = list(_made_records(org, ledger, leads, draft))
    children: list[Child] = []
    unread: dict[str, tuple[str, ...]] = {}
    unseen: set[str] = set()
    for name in DELETION_ORDER:
        found = hanging_on(org, name, [record.id for record in candidates if record.object == name])
        children += found.children
        unseen |= set(found.unseen)
        if found.refused:
            unread[name] = found.refused
    for record in candidates:
        if record.object in unread:
            draft.kept.append(_kept(record.lead_id, record.object, record.id, "unreadable", unread[record.object]))
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
        ours=_users(org, ledger, leads),
        known=known_rows([lead.image for lead in leads]) | moved,
    )
    for record in candidates:
        if (use := staying.get(record.id)) is not None:
            if record.object not in unread:
                draft.kept.append(_kept(record.lead_id, record.object, record.id, use.code, use.records))
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


def _made_records(org: OrgReader, ledger: Ledger, leads: Sequence[_Lead], draft: _Draft) -> Iterator[MadeRecord]:
    """What these conversions made, in the order of deletion; what they attached to or what is gone is kept."""
    makers = _makers(ledger, leads)
    users = _users(org, ledger, leads)
    last = _last_writes(ledger, leads)
    for name in DELETION_ORDER:
        of = {record_id: lead for lead in leads if (record_id := _id_of(lead.entry, name)) is not None}
        ids = sorted(of)
        rows = org.retrieve(name, ids, _RECORD) if ids else []
        for record_id, row in zip(ids, rows, strict=True):
            maker = makers[record_id]
            lead = next((one for one in leads if one.id == maker), of[record_id])
            if row is None:
                draft.kept.append(_kept(lead.id, name, record_id, "gone"))
                continue
            created = moment_of(str(row["CreatedDate"]))
            if created < lead.image.taken_at.replace(microsecond=0) or row["CreatedById"] not in users:
                draft.kept.append(_kept(lead.id, name, record_id, "existed_before"))
            elif maker != lead.id:
                draft.kept.append(_kept(lead.id, name, record_id, "made_for_another_lead", (maker,)))
            else:
                yield MadeRecord(
                    object=name,
                    id=record_id,
                    lead_id=lead.id,
                    created_at=created,
                    created_by=str(row["CreatedById"]),
                    modified_at=moment_of(str(row["LastModifiedDate"])),
                    modified_by=str(row["LastModifiedById"]),
                    ours_until=created + max(timedelta(0), last[record_id] - lead.entry.changed_at) + OWN_CHANGES,
                )


def _makers(ledger: Ledger, leads: Sequence[_Lead]) -> dict[str, str]:
    """Record id → the lead whose conversion came first to it, in the runs of these leads."""
    makers: dict[str, str] = {}
    for run_id in dict.fromkeys(lead.entry.run_id for lead in leads):
        for entry in ledger.run_entries(run_id):
            if entry.subject.kind != "convert_lead" or entry.state is not State.APPLIED:
                continue
            for name in DELETION_ORDER:
                if (record_id := _id_of(entry, name)) is not None:
                    makers.setdefault(record_id, entry.subject.lead_id)
    return makers


def _last_writes(ledger: Ledger, leads: Sequence[_Lead]) -> dict[str, datetime]:
    """Record id → when leadgate's last write to it was settled: a conversion that attached to it, or a follow-up."""
    last: dict[str, datetime] = {}
    for lead in leads:
        for name in DELETION_ORDER:
            if (record_id := _id_of(lead.entry, name)) is not None:
                last[record_id] = max(lead.entry.changed_at, last.get(record_id, lead.entry.changed_at))
    follow_ups = ledger.follow_ups(leads[0].entry.org_id, list(last)) if leads else ()
    for entry in follow_ups:
        last[entry.subject.target] = max(entry.changed_at, last[entry.subject.target])
    return last


def _users(org: OrgReader, ledger: Ledger, leads: Sequence[_Lead]) -> set[str]:
    runs = {lead.entry.run_id for lead in leads}
    ours = {run.start.user_id for run in ledger.runs(org.identity.org_id) if run.run_id in runs}
    return {org.identity.user_id, *ours}


def _id_of(entry: Entry, object_name: str) -> str | None:
    made: Mapping[str, str | None] = {
        "Account": entry.made.account_id,
        "Contact": entry.made.contact_id,
        "Opportunity": entry.made.opportunity_id,
    }
    return made[object_name]


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


def _kept(lead_id: str, object_name: str, record_id: str, code: str, records: Sequence[str] = ()) -> Kept:
    return Kept(lead_id=lead_id, object=object_name, record_id=record_id, code=code, records=tuple(records))


def _text(row: Record, name: str) -> str | None:
    value = row.get(name)
    return str(value) if value else None

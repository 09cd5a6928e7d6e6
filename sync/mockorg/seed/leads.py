"""Writes each lead as its part says: the record, its activities and history, and what came of a converted one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import activities, phrases, staff, words
from .activities import About
from .conversions import Converted, convert
from .members import Casting, Member, owner_of
from .situations import Part, Story, Tie, Trait
from .summary import LeadTruth
from .timelines import Kind, Storyteller, Timeline
from .world import Row, World, stamped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_OPEN, _WORKING = "Open - Not Contacted", "Working - Contacted"
_CONVERTED, _CLOSED = "Closed - Converted", "Closed - Not Converted"
_PAINS = (
    "manual hand-over",
    "three tools for one job",
    "month-end takes days",
    "no overview of stock",
    "audit findings",
)
_RATINGS = ("Hot", "Warm", "Warm", "Cold")
_SOURCES = tuple(source for source, weight in words.LEAD_SOURCES for _ in range(weight))
_SALUTATIONS = ("Mr.", "Ms.", "Ms.", "Mr.", "Dr.", None)


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A lead about to be written."""

    lead_id: str
    part: Part
    member: Member
    timeline: Timeline
    owner: str
    row: Row


def add_leads(world: World, parts: Sequence[Part]) -> None:
    """Write all leads; converted ones first, since they leave accounts behind that others may belong to."""
    teller, casting = Storyteller(world.rng, world.calendar), Casting(world)
    imported_at = world.calendar.ago(30, 45)
    winners: list[tuple[str, Member]] = []
    for part in sorted(parts, key=_order):
        member = casting.member(part)
        winner = None
        if part.story is Story.MERGED and winners:
            winner, member = winners.pop()
        timeline = teller.tell(part.story)
        if Trait.BULK_IMPORTED in part.traits:
            timeline.created, timeline.contacted = imported_at, None
        draft = _Draft(
            lead_id=world.next_id("Lead"),
            part=part,
            member=member,
            timeline=timeline,
            owner=owner_of(world, part),
            row={},
        )
        _mark_meetings(world, draft)
        _write(world, draft, winner)
        if part.story is Story.TALKED_WITHOUT_PRICING and part.tie is Tie.NEW_COMPANY:
            winners.append((draft.lead_id, member))


def _order(part: Part) -> int:
    return 0 if part.story.converted else 2 if part.story is Story.MERGED else 1


def _mark_meetings(world: World, draft: _Draft) -> None:
    for each in draft.timeline.happenings:
        if each.kind is Kind.MEETING:
            ahead = each.at > world.calendar.midnight
            draft.part.traits.add(Trait.MEETING_PLANNED if ahead else Trait.MEETING_HELD)
        elif each.kind is Kind.CANCELLED_MEETING:
            draft.part.traits.add(Trait.MEETING_CANCELLED)


def _write(world: World, draft: _Draft, winner: str | None) -> None:
    part, timeline, story = draft.part, draft.timeline, draft.part.story
    gone = story in {Story.MERGED, Story.DELETED}
    _who(world, draft)
    _facts(world, draft)
    changed = [at for at in (timeline.contacted, timeline.priced, timeline.ended) if at is not None]
    by = staff.INTEGRATION.key if Trait.BULK_IMPORTED in part.traits else _creator(draft)
    stamped(draft.row, created=timeline.created, by=by, modified=max(changed, default=None), deleted=gone)
    draft.row |= {
        "Id": draft.lead_id,
        "MasterRecordId": winner,
        "Status": _status(story),
        "OwnerId": draft.owner,
        "RecordTypeId": "Partner" if Trait.PARTNER_RECORD_TYPE in part.traits else "Business",
        "IsConverted": False,
        "IsUnreadByOwner": story is Story.UNTOUCHED and world.rng.random() < 0.6,
        "Pricing_Discussed__c": timeline.priced is not None,
    }
    converted = _convert(world, draft) if story.converted else None
    about = _about(draft, converted, deleted=gone)
    for happening in timeline.happenings:
        activities.add(world, happening, about)
    done = [
        each.at for each in timeline.happenings if each.at < world.calendar.midnight and each.kind is not Kind.TO_DO
    ]
    draft.row["LastActivityDate"] = max(done).date() if done and converted is None else None
    world.add("Lead", draft.row)
    _history(world, draft)
    world.truth[draft.lead_id] = LeadTruth(
        lead_id=draft.lead_id,
        story=story,
        tie=part.tie,
        traits=frozenset(part.traits),
        in_scope=story.open,
        ready=story.ready,
        obstacle=part.obstacle,
        account=converted.account if converted else draft.member.account,
        contact=converted.contact.id if converted else draft.member.contact,
    )


def _creator(draft: _Draft) -> str:
    return draft.owner if draft.owner in staff.USER_KEYS else staff.INTEGRATION.key


def _status(story: Story) -> str:
    match story:
        case (
            Story.PRICED_BUT_NOT_CONTACTED | Story.CONTACTED_STILL_OPEN | Story.UNTOUCHED | Story.MERGED | Story.DELETED
        ):
            return _OPEN
        case Story.UNQUALIFIED | Story.UNQUALIFIED_THOUGH_PRICED:
            return _CLOSED
        case _:
            return _CONVERTED if story.converted else _WORKING


def _who(world: World, draft: _Draft) -> None:
    """The person and the company."""
    rng, member, traits = world.rng, draft.member, draft.part.traits
    company = member.company
    city, state = company.place
    phone = None if Trait.WITHOUT_PHONE in traits else world.registry.phone()
    mobile_only = phone is not None and rng.random() < 0.2
    draft.row |= {
        "Salutation": rng.choice(_SALUTATIONS),
        "FirstName": member.person.first_name,
        "LastName": member.person.last_name,
        "Name": member.person.name,
        "Title": rng.choice(words.TITLES),
        "Company": member.company_name,
        "Email": member.email,
        "Phone": None if mobile_only else phone,
        "MobilePhone": phone if mobile_only else None,
        "Website": company.website if rng.random() < 0.5 else None,
        "Street": f"{rng.randint(1, 180)} {rng.choice(words.STREETS)}" if rng.random() < 0.5 else None,
        "City": city,
        "State": state or None,
        "Country": company.land.country,
        "Industry": company.industry,
        "NumberOfEmployees": company.employees if rng.random() < 0.7 else None,
        "AnnualRevenue": company.employees * 90_000 if rng.random() < 0.4 else None,
        "LeadSource": "Purchased List" if Trait.BULK_IMPORTED in traits else rng.choice(_SOURCES),
        "Description": rng.choice(phrases.WEB_MESSAGES) if rng.random() < 0.3 else None,
        "Rating": rng.choice(_RATINGS) if draft.timeline.contacted else None,
    }


def _facts(world: World, draft: _Draft) -> None:
    """What qualification has found out so far; the further the lead, the more."""
    rng, part, timeline = world.rng, draft.part, draft.timeline
    known = 0.75 if part.story.ready or part.story.converted else 0.4 if timeline.contacted else 0.04
    must = part.obstacle is not None or Trait.LONG_COMPANY_NAME in part.traits
    budget = float(rng.randint(4, 160) * 500) if must or rng.random() < known else None
    product = rng.choice(words.PRODUCTS) if budget is not None or rng.random() < max(known, 0.3) else None
    met = Trait.MEETING_HELD in part.traits or Trait.MEETING_PLANNED in part.traits
    draft.row |= {
        "Budget__c": budget,
        "Product_Interest__c": None if Trait.WITHOUT_PRODUCT in part.traits else product,
        "Decision_Maker__c": rng.random() < known * 0.7,
        "Need_Identified__c": rng.random() < known,
        "Pain_Point__c": rng.choice(_PAINS) if rng.random() < known * 0.8 else None,
        "Purchase_Timeline__c": world.calendar.ahead(10, 300).date() if rng.random() < known * 0.6 else None,
        "Priority__c": rng.choice(("High", "Medium", "Low")) if rng.random() < known else None,
        "Meeting_Agreed__c": met or (timeline.contacted is not None and rng.random() < 0.1),
    }


def _convert(world: World, draft: _Draft) -> Converted:
    ended = draft.timeline.ended or draft.timeline.created
    member = draft.member
    converted = convert(
        world,
        draft.part.story,
        member,
        owner=draft.owner,
        at=ended,
        phone=str(draft.row["Phone"] or draft.row["MobilePhone"]),
        lead_source=str(draft.row["LeadSource"]),
        product=str(draft.row["Product_Interest__c"] or words.PRODUCTS[0]),
        budget=draft.row["Budget__c"],
    )
    draft.row |= {
        "IsConverted": True,
        "ConvertedDate": ended.date(),
        "ConvertedAccountId": converted.account,
        "ConvertedContactId": converted.contact.id,
        "ConvertedOpportunityId": converted.opportunity,
    }
    return converted


def _about(draft: _Draft, converted: Converted | None, *, deleted: bool) -> About:
    """Whom the lead's activities are about: the lead, and after its conversion the contact and the opportunity."""
    member = draft.member
    return About(
        who=converted.contact.id if converted else draft.lead_id,
        what=(converted.opportunity or converted.account) if converted else None,
        account=converted.account if converted else None,
        owner=draft.owner if draft.owner in staff.USER_KEYS else staff.SELLERS[-1].key,
        first_name=member.person.first_name,
        company=member.company.name,
        product=str(draft.row["Product_Interest__c"] or words.PRODUCTS[1]),
        deleted=deleted,
    )


def _history(world: World, draft: _Draft) -> None:
    timeline, story = draft.timeline, draft.part.story
    changes: list[tuple[datetime, str, str, str | None, str | None]] = [
        (timeline.created, "created", "Text", None, None)
    ]
    if timeline.contacted is not None:
        changes.append((timeline.contacted, "Status", "Picklist", _OPEN, _WORKING))
    if timeline.priced is not None:
        changes.append((timeline.priced, "Pricing_Discussed__c", "Boolean", "false", "true"))
    if timeline.ended is not None and story in {Story.UNQUALIFIED, Story.UNQUALIFIED_THOUGH_PRICED}:
        changes.append((timeline.ended, "Status", "Picklist", _WORKING, _CLOSED))
    if timeline.ended is not None and story.converted:
        changes.append((timeline.ended, "Status", "Picklist", _WORKING, _CONVERTED))
        changes.append((timeline.ended, "leadConverted", "Text", None, None))
    deleted = story in {Story.MERGED, Story.DELETED}
    by = _creator(draft)
    for at, field, data_type, old, new in changes:
        world.add(
            "LeadHistory",
            {
                "LeadId": draft.lead_id,
                "Field": field,
                "DataType": data_type,
                "OldValue": old,
                "NewValue": new,
                "CreatedById": by,
                "CreatedDate": at,
                "IsDeleted": deleted,
            },
        )

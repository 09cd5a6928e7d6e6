"""Tasks and events as people leave them: calls and e-mails are closed tasks, meetings events, to-dos open tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

from . import staff
from .timelines import Happening, Kind
from .world import Row, World, stamped

if TYPE_CHECKING:
    from datetime import datetime

_DURATIONS = (30, 45, 60, 60, 90)
_SHARE_WITH_INVITEES = 0.1
_PLACES = ("Video call", "Their office", "Our office", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Whom and what an activity is about, by id, and the words that its note needs."""

    who: str | None
    owner: str
    first_name: str
    company: str
    product: str
    what: str | None = None
    account: str | None = None
    deleted: bool = False


def add(world: World, happening: Happening, about: About) -> None:
    """Write one activity."""
    match happening.kind:
        case Kind.CALL | Kind.EMAIL:
            _closed_task(world, happening, about)
        case Kind.TO_DO:
            _open_task(world, happening, about)
        case Kind.MEETING:
            _event(
                world, happening, about, subject=_filled(world, happening.note.subject, about), deleted=about.deleted
            )
        case Kind.CANCELLED_MEETING:
            subject = _filled(world, happening.note.subject, about)
            gone = world.rng.random() < 0.5
            _event(
                world,
                happening,
                about,
                subject=subject if gone else f"Canceled: {subject}",
                deleted=gone or about.deleted,
            )
        case _:
            assert_never(happening.kind)


def _filled(world: World, text: str, about: About) -> str:
    if "{" not in text:
        return text
    return text.format(
        first=about.first_name,
        company=about.company,
        product=about.product,
        seats=world.rng.choice((12, 25, 40, 60, 120, 300)),
        amount=f"{world.rng.randint(6, 180) * 1000:,} USD",
    )


def _closed_task(world: World, happening: Happening, about: About) -> None:
    call = happening.kind is Kind.CALL
    at = happening.at
    row: Row = {
        "WhoId": about.who,
        "WhatId": about.what,
        "AccountId": about.account,
        "OwnerId": about.owner,
        "Subject": _filled(world, happening.note.subject, about),
        "Description": _filled(world, happening.note.body, about),
        "ActivityDate": at.date(),
        "Status": "Completed",
        "Priority": "Normal",
        "IsHighPriority": False,
        "IsClosed": True,
        "CompletedDateTime": at,
        "TaskSubtype": "Call" if call else "Email",
        "CallType": world.rng.choice(("Outbound", "Outbound", "Inbound")) if call else None,
        "CallDurationInSeconds": world.rng.randint(20, 1800) if call else None,
        "IsArchived": at < world.calendar.archived_before,
    }
    world.add("Task", stamped(row, created=at, by=about.owner, deleted=about.deleted))


def _open_task(world: World, happening: Happening, about: About) -> None:
    created = min(happening.at - timedelta(days=2), world.calendar.latest)
    row: Row = {
        "WhoId": about.who,
        "WhatId": about.what,
        "AccountId": about.account,
        "OwnerId": about.owner,
        "Subject": _filled(world, happening.note.subject, about),
        "Description": _filled(world, happening.note.body, about) or None,
        "ActivityDate": happening.at.date(),
        "Status": "Not Started",
        "Priority": world.rng.choice(("Normal", "Normal", "High")),
        "IsClosed": False,
        "TaskSubtype": "Task",
        "IsArchived": False,
    }
    row["IsHighPriority"] = row["Priority"] == "High"
    world.add("Task", stamped(row, created=created, by=about.owner, deleted=about.deleted))


def _event(world: World, happening: Happening, about: About, *, subject: str, deleted: bool) -> None:
    minutes = world.rng.choice(_DURATIONS)
    start = happening.at.replace(minute=happening.at.minute // 15 * 15, second=0)
    end = start + timedelta(minutes=minutes)
    booked = min(start - timedelta(days=world.rng.randint(2, 9)), world.calendar.latest)
    """Write a meeting, and for some an invited colleague's copy of it (`IsChild`), not to be counted twice."""
    invited = world.rng.choice(staff.SELLERS).key if world.rng.random() < _SHARE_WITH_INVITEES else None
    row: Row = {
        "WhoId": about.who,
        "WhatId": about.what,
        "AccountId": about.account,
        "OwnerId": about.owner,
        "Subject": subject,
        "Description": _filled(world, happening.note.body, about),
        "Location": world.rng.choice(_PLACES),
        "IsAllDayEvent": False,
        "ActivityDateTime": start,
        "ActivityDate": start.date(),
        "DurationInMinutes": minutes,
        "StartDateTime": start,
        "EndDateTime": end,
        "EndDate": end.date(),
        "ShowAs": "Busy",
        "IsPrivate": False,
        "IsChild": False,
        "IsGroupEvent": invited is not None,
        "IsArchived": start < world.calendar.archived_before,
    }
    stamped(row, created=booked, by=about.owner, modified=_noted(end, booked, world), deleted=deleted)
    world.add("Event", row)
    if invited is not None:
        copy = row | {"OwnerId": invited, "IsChild": True}
        del copy["Id"]
        world.add("Event", copy)


def _noted(end: datetime, booked: datetime, world: World) -> datetime:
    """Notes are written after the meeting; a planned one was last touched when it was booked."""
    return end if end < world.calendar.latest else booked

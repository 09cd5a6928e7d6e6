"""What happened with a lead and when, worked out from its story before any record is written.

The distances to `today` leave room around the 90 days of the example policy and the 180 days after which a lead is
cold, so that a story's meaning does not hang on the hour or on a weekend.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from . import phrases
from .situations import Story

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from .moments import Calendar
    from .phrases import Note


class Kind(StrEnum):
    """How people were in touch."""

    CALL = "call"
    EMAIL = "email"
    MEETING = "meeting"
    CANCELLED_MEETING = "cancelled_meeting"
    TO_DO = "to_do"


@dataclass(frozen=True, slots=True)
class Happening:
    """One activity: a past one, or, for a to-do or a meeting ahead, a planned one."""

    kind: Kind
    at: datetime
    note: Note


@dataclass(slots=True, kw_only=True)
class Timeline:
    """A lead's life. `contacted` is when the status moved to working, `priced` when the pricing box was ticked."""

    created: datetime
    contacted: datetime | None = None
    priced: datetime | None = None
    ended: datetime | None = None
    happenings: list[Happening] = field(default_factory=list)


_NEUTRAL: tuple[tuple[Kind, Sequence[Note]], ...] = (
    (Kind.CALL, phrases.NEUTRAL_CALLS),
    (Kind.CALL, phrases.NEUTRAL_CALLS),
    (Kind.EMAIL, phrases.NEUTRAL_EMAILS),
)
_PRICING: dict[Story, tuple[Kind, Sequence[Note]]] = {
    Story.PRICED_IN_CALL: (Kind.CALL, phrases.PRICING_CALLS),
    Story.PRICED_IN_MEETING: (Kind.MEETING, phrases.PRICING_MEETINGS),
    Story.PRICED_IN_EMAIL: (Kind.EMAIL, phrases.PRICING_EMAILS),
    Story.PRICED_BY_FIELD_AND_CALL: (Kind.CALL, phrases.PRICING_CALLS),
}
_ANY_PRICING = tuple(_PRICING.values())


class Storyteller:
    """Works out timelines."""

    def __init__(self, rng: random.Random, calendar: Calendar) -> None:
        self._rng = rng
        self._calendar = calendar
        self._unready: dict[Story, Callable[[], Timeline]] = {
            Story.OBJECTION_AFTER_PRICING: self._objected,
            Story.PRICING_TOO_OLD: self._priced_long_ago,
            Story.PRICED_BUT_NOT_CONTACTED: self._asked_for_a_quote,
            Story.TALKED_WITHOUT_PRICING: self._talked,
            Story.CONTACTED_STILL_OPEN: self._called_once,
            Story.WENT_COLD: self._cold,
            Story.SILENT: self._silent,
            Story.UNTOUCHED: self._untouched,
        }

    def tell(self, story: Story) -> Timeline:
        """A timeline that makes the story true."""
        if story.ready:
            return self._ready(story)
        if not story.open:
            return self._ended(story)
        return self._unready[story]()

    def _note(self, kind: Kind, at: datetime, notes: Sequence[Note]) -> Happening:
        return Happening(kind, at, self._rng.choice(notes))

    def _neutral(self, at: datetime) -> Happening:
        kind, notes = self._rng.choice(_NEUTRAL)
        return self._note(kind, at, notes)

    def _led_up_to(self, at: datetime, happenings: list[Happening]) -> Timeline:
        """A life that leads up to `happenings`, the first of them at `at`."""
        rng, calendar = self._rng, self._calendar
        created = calendar.before(at, 4, 60)
        contacted = calendar.between(created, at)
        early = [self._neutral(contacted)]
        if rng.random() < 0.5:
            early.append(self._neutral(calendar.between(contacted, at)))
        if rng.random() < 0.25:
            held = calendar.between(contacted, at)
            early.append(self._note(Kind.MEETING, held, phrases.NEUTRAL_MEETINGS))
        elif rng.random() < 0.1:
            early.append(self._note(Kind.CANCELLED_MEETING, calendar.between(contacted, at), phrases.PLANNED_MEETINGS))
        return Timeline(created=created, contacted=contacted, happenings=early + happenings)

    def _what_is_next(self, timeline: Timeline) -> Timeline:
        """Now and then something after the last happening, or planned."""
        rng, calendar = self._rng, self._calendar
        last = max((each.at for each in timeline.happenings), default=timeline.created)
        if rng.random() < 0.4:
            timeline.happenings.append(self._neutral(calendar.after(last, 1, 12)))
        if rng.random() < 0.15:
            timeline.happenings.append(self._note(Kind.MEETING, calendar.ahead(1, 30), phrases.PLANNED_MEETINGS))
        if rng.random() < 0.25:
            due = calendar.ahead(1, 14) if rng.random() < 0.7 else calendar.ago(1, 40)
            timeline.happenings.append(self._note(Kind.TO_DO, due, phrases.PLANNED_TASKS))
        return timeline

    def _ready(self, story: Story) -> Timeline:
        calendar = self._calendar
        if story is Story.PRICED_BY_FIELD:
            created = calendar.ago(10, 120)
            contacted = calendar.after(created, 1, 5)
            return Timeline(created=created, contacted=contacted, priced=calendar.after(contacted, 1, 3))
        if story is Story.OBJECTION_OVERCOME:
            first = calendar.ago(45, 80)
            objection = calendar.after(first, 2, 9)
            again = calendar.ago(3, 30)
            steps = [(first, *self._rng.choice(_ANY_PRICING)), (again, *self._rng.choice(_ANY_PRICING))]
            happenings = [self._note(kind, at, notes) for at, kind, notes in steps]
            happenings.insert(1, self._note(Kind.CALL, objection, phrases.OBJECTIONS))
            return self._what_is_next(self._led_up_to(first, happenings))
        kind, notes = _PRICING[story]
        priced = calendar.ago(2, 80)
        timeline = self._led_up_to(priced, [self._note(kind, priced, notes)])
        if story is Story.PRICED_BY_FIELD_AND_CALL:
            timeline.priced = priced + timedelta(minutes=30)
        return self._what_is_next(timeline)

    def _objected(self) -> Timeline:
        kind, notes = self._rng.choice(_ANY_PRICING)
        priced = self._calendar.ago(15, 80)
        objection = self._calendar.after(priced, 2, 9)
        happenings = [self._note(kind, priced, notes), self._note(Kind.CALL, objection, phrases.OBJECTIONS)]
        return self._what_is_next(self._led_up_to(priced, happenings))

    def _priced_long_ago(self) -> Timeline:
        kind, notes = self._rng.choice(_ANY_PRICING)
        priced = self._calendar.ago(100, 260)
        timeline = self._led_up_to(priced, [self._note(kind, priced, notes)])
        if self._rng.random() < 0.6:
            timeline.happenings.append(self._neutral(self._calendar.ago(3, 85)))
        return timeline

    def _talked(self) -> Timeline:
        last = self._calendar.ago(1, 150)
        timeline = self._led_up_to(last, [self._neutral(last)])
        if self._rng.random() < 0.3:
            held = self._calendar.between(timeline.created, last)
            timeline.happenings.append(self._note(Kind.MEETING, held, phrases.NEUTRAL_MEETINGS))
        return self._what_is_next(timeline)

    def _asked_for_a_quote(self) -> Timeline:
        asked = self._calendar.ago(2, 30)
        email = self._note(Kind.EMAIL, asked, phrases.PRICING_EMAILS[:1])
        return Timeline(created=asked - timedelta(minutes=20), happenings=[email])

    def _called_once(self) -> Timeline:
        called = self._calendar.ago(2, 60)
        created = self._calendar.before(called, 1, 20)
        return Timeline(created=created, happenings=[self._note(Kind.CALL, called, phrases.NEUTRAL_CALLS)])

    def _cold(self) -> Timeline:
        last = self._calendar.ago(195, 420)
        return self._led_up_to(last, [self._note(Kind.CALL, last, phrases.NEUTRAL_CALLS)])

    def _silent(self) -> Timeline:
        created = self._calendar.ago(10, 200)
        return Timeline(created=created, contacted=self._calendar.after(created, 1, 1))

    def _untouched(self) -> Timeline:
        timeline = Timeline(created=self._calendar.lately(240))
        if self._rng.random() < 0.15:
            timeline.happenings.append(self._note(Kind.TO_DO, self._calendar.ahead(1, 20), phrases.PLANNED_TASKS))
        return timeline

    def _ended(self, story: Story) -> Timeline:
        """Converted, unqualified, merged and deleted leads; nothing is planned for them any more."""
        rng, calendar = self._rng, self._calendar
        ended = calendar.ago(4, 420)
        kind, notes = rng.choice(_ANY_PRICING)
        match story:
            case Story.CONVERTED_AFTER_PRICING | Story.CONVERTED_WITHOUT_OPPORTUNITY:
                priced = calendar.before(ended, 2, 30)
                timeline = self._led_up_to(priced, [self._note(kind, priced, notes)])
                timeline.priced = priced + timedelta(minutes=30) if rng.random() < 0.7 else None
            case Story.CONVERTED_WITHOUT_PRICING:
                last = calendar.before(ended, 1, 10)
                timeline = self._led_up_to(last, [self._note(Kind.MEETING, last, phrases.NEUTRAL_MEETINGS)])
            case Story.UNQUALIFIED_THOUGH_PRICED:
                priced = calendar.before(ended, 3, 30)
                objection = ended - timedelta(hours=1)
                happenings = [self._note(kind, priced, notes), self._note(Kind.CALL, objection, phrases.OBJECTIONS)]
                timeline = self._led_up_to(priced, happenings)
            case Story.UNQUALIFIED:
                last = ended - timedelta(hours=1)
                timeline = self._led_up_to(last, [self._note(Kind.CALL, last, phrases.UNQUALIFIED_NOTES)])
            case _:
                timeline = Timeline(created=calendar.before(ended, 2, 60))
        timeline.ended = ended
        return timeline

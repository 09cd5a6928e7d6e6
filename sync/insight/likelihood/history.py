"""Which leads are seen at which moments of the past, and what became of each: the cases that a likelihood learns from.

Leads are scored while they are open, at any age. So each lead of the past is looked at several times, as far as it was
still open: at ages drawn like those of the leads that are open today, and at young ages, which every lead passes
through and at which most are decided. What is asked is whether it became an opportunity within the horizon from that
moment on.

A moment counts only if its whole horizon has passed. Leads too young for that are left out whether they were converted
or not: keeping the converted ones among them would count successes and forget the failures still to come. Since a
moment falls out by its date alone, and never by its outcome, nothing has to be weighed to make up for it. Moments from
before the first conversion on record are left out likewise, because nothing could be seen to become of them. Pure.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

YOUNG_LOOKS = 2
"""Moments per lead at ages below the horizon, denser the younger."""
LOOKS_LIKE_TODAY = 2
"""Moments per lead at the ages of today's open leads, one from each half of them."""
_UNNAMED_ZONE = timedelta(hours=14)
"""A day without a time zone may have begun so long before its midnight in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One lead from its creation to its conversion."""

    lead_id: str
    created_at: datetime
    converted_at: datetime | None
    only_the_day: bool = False
    """Whether only the day of the conversion is known, in a time zone that isn't."""
    undated: bool = False
    """Converted, and nothing says when."""
    opportunity: bool = False
    """Whether the conversion led to an opportunity."""


class LeftOut(StrEnum):
    """Why a lead gave no case."""

    TOO_YOUNG = "too_young"
    """Its horizon has not passed yet at any of its moments."""
    BEFORE_THE_RECORD = "before_the_record"
    """All its moments lie before the first conversion on record."""
    NOT_OPEN = "not_open"
    """It was converted before any of its moments."""
    UNDATED = "undated"
    """It is converted, and nothing says when."""
    OUT_OF_ORDER = "out_of_order"
    """It was converted before it was created, says the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A lead at one moment, and what became of it."""

    lead_id: str
    created_at: datetime
    at: datetime
    became_opportunity: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """All cases, by the creation of their leads, and how many leads gave none."""

    looks: tuple[Look, ...]
    left_out: dict[LeftOut, int]


def look_back(
    lives: Sequence[Life], *, now: datetime, horizon: timedelta, ages: Sequence[timedelta], seed: int
) -> Looks:
    """The cases of the past.

    Args:
        lives: Every lead that is not deleted.
        now: Up to when the past is known; all times are aware, or none is.
        horizon: How long a lead is given to become an opportunity.
        ages: Those of today's open leads.
        seed: Of the draws; a lead's draws depend on the seed and its id alone.
    """
    sound = [life for life in lives if not life.undated and not _out_of_order(life)]
    first = min((life.converted_at for life in sound if life.converted_at is not None), default=None)
    ordered = sorted(ages) or [horizon / 2]
    looks: list[Look] = []
    left_out: Counter[LeftOut] = Counter()
    for life in lives:
        found = _of_one(life, now=now, horizon=horizon, ages=ordered, seed=seed, first=first)
        if isinstance(found, LeftOut):
            left_out[found] += 1
        else:
            looks += found
    looks.sort(key=lambda look: (look.created_at, look.lead_id, look.at))
    return Looks(looks=tuple(looks), left_out={reason: left_out[reason] for reason in LeftOut})


def _of_one(
    life: Life,
    *,
    now: datetime,
    horizon: timedelta,
    ages: Sequence[timedelta],
    seed: int,
    first: datetime | None,
) -> list[Look] | LeftOut:
    if life.undated:
        return LeftOut.UNDATED
    if _out_of_order(life):
        return LeftOut.OUT_OF_ORDER
    draw = random.Random(f"{seed} {life.lead_id}")  # noqa: S311 -- a sample, not a secret
    young = [horizon * ((part + draw.random()) / YOUNG_LOOKS) ** 2 for part in range(YOUNG_LOOKS)]
    like_today = [_quantile(ages, (part + draw.random()) / LOOKS_LIKE_TODAY) for part in range(LOOKS_LIKE_TODAY)]
    moments = sorted(life.created_at + age for age in (*young, *like_today))
    passed = [at for at in moments if at + horizon <= now]
    if not passed:
        return LeftOut.TOO_YOUNG
    on_record = [at for at in passed if first is not None and at >= first]
    if not on_record:
        return LeftOut.BEFORE_THE_RECORD
    ends = life.converted_at
    closes = ends - _UNNAMED_ZONE if ends is not None and life.only_the_day else ends
    looks = [
        Look(
            lead_id=life.lead_id,
            created_at=life.created_at,
            at=at,
            became_opportunity=life.opportunity and ends is not None and ends <= at + horizon,
        )
        for at in dict.fromkeys(on_record)
        if closes is None or at < closes
    ]
    return looks or LeftOut.NOT_OPEN


def _quantile(ages: Sequence[timedelta], share: float) -> timedelta:
    return ages[min(int(share * len(ages)), len(ages) - 1)]


def _out_of_order(life: Life) -> bool:
    if life.converted_at is None or life.undated:
        return False
    margin = timedelta(days=1) if life.only_the_day else timedelta(minutes=1)
    return life.converted_at < life.created_at - margin

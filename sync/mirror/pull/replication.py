"""Up to when the org vouches for what it shows, and what it has deleted for good: getUpdated and getDeleted.

`latestDateCovered` is the one honest watermark: while a transaction is open, its records may still appear with stamps
of its beginning, and the org holds that date back. It is asked before anything is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sync.errors import OrgFault
from sync.mirror.pull.windows import Window
from sync.mirror.tables import is_append_only
from sync.salesforce.org import Ask, AskDeleted, AskUpdated, Changes, Told

LONGEST_TRANSACTION = timedelta(minutes=15)
"""Salesforce ends calls after 10 minutes; where the org won't tell a date, the watermark stays this far behind."""

DELETED_REACH = timedelta(days=14)
"""getDeleted reaches back 15 days; what was purged before that only a whole reading finds."""

_MARGIN = timedelta(minutes=2)
"""The org cuts seconds off and wants start and end more than a minute apart."""

_UNANSWERABLE = {"INVALID_TYPE", "INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT", "NOT_FOUND"}
"""The object doesn't take part in replication, or more changed than the call can list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """What the replication calls said of one object."""

    until: datetime
    """The next watermark."""
    deleted_until: datetime
    purged: Mapping[str, datetime] = field(default_factory=dict)
    """Ids deleted since the last pull → when; soft deletes too, which the window brings anyway."""
    whole_because: str | None = None
    """Why the window has to be widened to everything."""


def questions(windows: Sequence[Window], now: datetime) -> list[Ask]:
    """getUpdated for each window, then getDeleted for those that ask for changes only."""
    asked: list[Ask] = [AskUpdated(object=w.object, start=now - LONGEST_TRANSACTION, end=now) for w in windows]
    for window in windows:
        start = _deleted_from(window, now)
        if start is not None:
            asked.append(AskDeleted(object=window.object, start=start, end=now))
    return asked


def answers(windows: Sequence[Window], now: datetime, told: Sequence[Told]) -> dict[str, Covered]:
    """What `questions` were answered, by API name.

    Raises:
        OrgFault: One that says more than that the object can't be asked so.
    """
    updated = dict(zip((w.object for w in windows), told, strict=False))
    asking = [window.object for window in windows if _deleted_from(window, now) is not None]
    deleted = dict(zip(asking, told[len(windows) :], strict=True))
    vouched = [answer.covered_until for answer in updated.values() if isinstance(answer, Changes)]
    mark = min([now, *vouched])
    return {
        window.object: _covered(
            updated[window.object], deleted.get(window.object), mark=mark, now=now, reads_all=window.whole
        )
        for window in windows
    }


def too_long_ago(window: Window, now: datetime) -> bool:
    """Whether deletions since the last pull are out of getDeleted's reach."""
    state = window.state
    return (
        not is_append_only(window.mapping)
        and state is not None
        and state.deleted_until is not None
        and now - state.deleted_until > DELETED_REACH
    )


def misjudged_clock(told: Sequence[Told]) -> bool:
    """Whether the org found our dates impossible, so that its own clock has to be asked once more."""
    return any(isinstance(answer, OrgFault) and answer.code == "INVALID_REPLICATION_DATE" for answer in told)


def _deleted_from(window: Window, now: datetime) -> datetime | None:
    if window.whole or is_append_only(window.mapping) or window.state is None:
        return None
    return min(window.state.deleted_until or window.state.pulled_at, now) - _MARGIN


def _covered(updated: Told, deleted: Told | None, *, mark: datetime, now: datetime, reads_all: bool) -> Covered:
    until = mark
    match updated:
        case Changes():
            pass
        case OrgFault() if updated.code in _UNANSWERABLE:
            until = min(mark, now - LONGEST_TRANSACTION)
        case OrgFault():
            raise updated
        case _:
            raise TypeError("getUpdated was answered by rows")
    match deleted:
        case Changes():
            return Covered(until=until, deleted_until=deleted.covered_until, purged=deleted.deleted_at)
        case OrgFault() if deleted.code == "EXCEEDED_ID_LIMIT" and not reads_all:
            return Covered(until=until, deleted_until=until, whole_because="more was deleted than the org can list")
        case OrgFault() if deleted.code in _UNANSWERABLE:
            return Covered(until=until, deleted_until=until)
        case OrgFault():
            raise deleted
        case _:
            return Covered(until=until, deleted_until=until)

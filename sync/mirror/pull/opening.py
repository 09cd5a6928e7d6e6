"""The first questions of a pull, asked for all objects together; after them an unchanged org is done.

A window's first page is asked for right away: with fewer records than a page holds, it is all there is, and the reply
counts them itself. Where the mirror already holds many records of the window (the overlap after a large change), a
look at count and newest stamp comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sync.errors import OrgFault
from sync.mirror.pull import replication
from sync.mirror.pull.reading import FOR_BULK, Reader, Reading, Route
from sync.mirror.pull.replication import LONGEST_TRANSACTION, Covered
from sync.mirror.pull.windows import PAGE, Window, page_soql, probe_soql, size_soql
from sync.mirror.staging import Pages
from sync.salesforce.org import AskRows, OrgReader, Rows, Told
from sync.salesforce.values import moment_of

_GONE = {"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND"}
"""The org no longer has, or shows, what the last pull still read."""


MANY = 200
"""Records held of a window from which looking is cheaper than reading them once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the mirror has of a window."""

    count: int
    newest: datetime | None


@dataclass(slots=True, kw_only=True)
class Opening:
    """What the first questions came to."""

    covered: dict[str, Covered]
    """By API name."""
    read: list[Reading] = field(default_factory=list)
    """Windows that are read already."""
    waiting: list[tuple[Window, int]] = field(default_factory=list)
    """Windows still to be read, and how many records are in them (of many, at least so many)."""
    gone: list[tuple[Window, OrgFault]] = field(default_factory=list)
    """Windows whose object or fields the org no longer has."""


def open_windows(org: OrgReader, reader: Reader, windows: Sequence[Window], held: Mapping[str, Held]) -> Opening:
    """Asks up to when the org vouches for what, what was deleted, and for first pages or counts.

    Raises:
        OrgFault: The org failed.
    """
    now = org.now()
    asked = replication.questions(windows, now)
    first = [AskRows(soql=_first_soql(window, held.get(window.object))) for window in windows]
    told = org.ask([*asked, *first])
    replicated, rows = told[: len(asked)], told[len(asked) :]
    if replication.misjudged_clock(replicated):
        now = org.now()
        replicated = org.ask(replication.questions(windows, now))
    opening = Opening(covered=replication.answers(windows, now, replicated))
    uncounted: list[Window] = []
    for window, answer in zip(windows, rows, strict=True):
        covered = opening.covered[window.object]
        match answer:
            case OrgFault() if answer.code in _GONE:
                opening.gone.append((window, answer))
            case OrgFault() if not _timed_out(answer):
                raise answer
            case _ if covered.whole_because and not window.whole:
                uncounted.append(replace(window, since=None, reason=covered.whole_because))
            case Rows() if window.whole:
                opening.waiting.append((window, answer.total))
            case Rows() if _is_many(held.get(window.object)):
                _look(org, window, answer, held[window.object], opening)
            case Rows() if len(answer.records) < PAGE:
                opening.read.append(reader.from_rows(window, covered, _complete(answer)))
            case _:
                uncounted.append(window)
    opening.waiting += zip(uncounted, sizes(org, uncounted), strict=True)
    return opening


def _first_soql(window: Window, held: Held | None) -> str:
    if window.whole:
        return _size_soql(window)
    return probe_soql(window) if _is_many(held) else page_soql(window)


def _is_many(held: Held | None) -> bool:
    return held is not None and held.count >= MANY


def first_pages(org: OrgReader, windows: Sequence[Window]) -> list[Rows]:
    """The first page of each window, in as few calls as possible.

    Raises:
        OrgFault: One of them was refused.
    """
    return [_rows(told) for told in org.ask([AskRows(soql=page_soql(window)) for window in windows])]


def _look(org: OrgReader, window: Window, rows: Rows, held: Held, opening: Opening) -> None:
    """Whether anything is new in a window that the mirror holds many records of.

    Count and newest stamp can't tell a late commit from nothing at all. So the watermark stays where it is, and once
    no such transaction can be open any more, the window is read for good.
    """
    covered = opening.covered[window.object]
    count, newest = _probed(rows)
    settled = held.newest is not None and covered.until - held.newest >= LONGEST_TRANSACTION
    if settled or (count, newest) != (held.count, held.newest):
        opening.waiting.append((window, count))
        return
    opening.read.append(
        Reading(
            window=window,
            covered=covered,
            route=Route.UNCHANGED,
            pages=Pages(files=(), columns=window.selected),
            expected=count,
            window_to=org.now(),
        )
    )


def _probed(rows: Rows) -> tuple[int, datetime | None]:
    values = tuple(rows.records[0].values()) if rows.records else (0, None)
    count, newest = values[0], values[1]
    return int(str(count)), None if newest is None else moment_of(str(newest))


def sizes(org: OrgReader, windows: Sequence[Window]) -> list[int]:
    """How many records are in each window, as far as it matters for how to read it; what takes too long is many."""
    if not windows:
        return []
    asked = org.ask([AskRows(soql=_size_soql(window)) for window in windows])
    return [FOR_BULK + 1 if _timed_out(told) else _rows(told).total for told in asked]


def _size_soql(window: Window) -> str:
    return size_soql(window, up_to=FOR_BULK + 1)


def _timed_out(told: Told) -> bool:
    return isinstance(told, OrgFault) and told.code == "QUERY_TIMEOUT"


def _complete(rows: Rows) -> Rows:
    if len(rows.records) != rows.total:
        raise OrgFault(
            f"a query promised {rows.total} rows and gave {len(rows.records)}", place="/query", code="INCOMPLETE_RESULT"
        )
    return rows


def _rows(told: Told) -> Rows:
    match told:
        case Rows():
            return told
        case OrgFault():
            raise told
        case _:
            raise TypeError("a query was answered by changes")

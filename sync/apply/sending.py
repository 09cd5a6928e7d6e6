"""The one way in which anything is sent: commit the intent, send, close with the answer, read back what is lost.

Status updates, conversions and follow-ups differ in what they send; that no effect goes unrecorded, and that nothing
is sent again before the org was read back, is settled here for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from sync.apply.answers import AGAIN, Meaning, Then, meaning
from sync.apply.context import Halt, Run
from sync.apply.outcome import Ending
from sync.apply.readback import read_back
from sync.errors import LeadgateError
from sync.ledger.entries import Closing, State, Subject
from sync.ledger.store import KeyTaken
from sync.salesforce.faults import Kind, explain, is_governor_limit
from sync.salesforce.org import Answer

MOST_SENDS = 3
"""How often one action is sent in a run, where each earlier attempt certainly had no effect."""

_MOST_LOST = 2
"""How often one action is sent when its answers get lost: once more after the read-back, not for ever."""

_MOST_CROWDED = 6
"""How often one action is sent while the org has too many long calls: some of these attempts only find out how many of
ours it takes."""

_PAUSES = (1.0, 3.0, 9.0)
"""Seconds before the second attempt and those after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """An action to be sent once more."""

    key: str
    then: Then


Lost = tuple[Subject, datetime]
"""An action without an answer, and when it was intended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A call whose intents are committed: it may be sent."""

    subjects: tuple[Subject, ...]
    intended: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What a call's answers came to; what they settle is in the ledger already."""

    again: tuple[Again, ...]
    """Certainly not executed, and may be sent once more."""
    lost: tuple[Lost, ...]
    """Must be read back."""
    then: Then
    """What follows for a lost one that turns out not to have happened."""
    clean: bool
    """Whether the whole call was answered, and met no governor limit."""


class Attempts:
    """How often each action was sent in this run, and lost."""

    def __init__(self) -> None:
        self._sent: dict[str, int] = {}
        self._lost: dict[str, int] = {}

    def count(self, keys: Sequence[str]) -> None:
        """These are being sent."""
        for key in keys:
            self._sent[key] = self._sent.get(key, 0) + 1

    def sent(self, key: str) -> int:
        """How often it was sent."""
        return self._sent.get(key, 0)

    def may_follow_loss(self, key: str) -> bool:
        """Count a lost answer; whether the action may be sent once more."""
        self._lost[key] = self._lost.get(key, 0) + 1
        return self._lost[key] < _MOST_LOST

    def pause(self, again: Sequence[Again]) -> float:
        """Seconds to wait before these are sent once more."""
        return _PAUSES[min(max(self.sent(one.key) for one in again), len(_PAUSES)) - 1]


def send(
    run: Run,
    subjects: Sequence[Subject],
    call: Callable[[Sequence[Subject]], list[Answer]],
    attempts: Attempts,
    *,
    grounds: Mapping[str, Mapping[str, str]],
    resolve: Callable[[Run, Sequence[Lost]], list[Closing]],
    begun: Begun | None = None,
) -> list[Again]:
    """Send one call for some actions and settle each; returns those that may be sent once more, after a pause.

    Args:
        run: The run; its `halt` is set when nothing more can be sent.
        subjects: The actions of this call.
        call: Sends for the actions given (all, or those whose key was free), answers in their order.
        attempts: Counts of this step.
        grounds: Key → what the action rests on, for the ledger.
        resolve: Reads back those without an answer.
        begun: Given when the intents of this call are committed already.
    """
    begun = begun or begin(run, subjects, attempts, grounds=grounds)
    if not begun.subjects:
        return []
    landed = take_in(run, begun, call(begun.subjects), attempts)
    again = list(landed.again)
    if landed.lost:
        try:
            closings = resolve(run, landed.lost)
        except LeadgateError as unreadable:
            leave_open(run, landed.lost, unreadable)
        else:
            again += settle(run, closings, attempts, then=landed.then)
    if again and run.halt is None:
        run.options.sleep(attempts.pause(again))
    return again


def begin(
    run: Run, subjects: Sequence[Subject], attempts: Attempts, *, grounds: Mapping[str, Mapping[str, str]]
) -> Begun:
    """Commit the intents of a call that is about to be sent; without those that the ledger holds already."""
    return begun_with(run, intend(run, subjects, grounds), attempts)


def begun_with(run: Run, intended: Sequence[Subject], attempts: Attempts) -> Begun:
    """A call with these, whose intents are committed, is about to be sent."""
    if intended:
        attempts.count([subject.key for subject in intended])
        run.sent += 1
    return Begun(subjects=tuple(intended), intended=run.options.clock())


def take_in(run: Run, begun: Begun, answers: Sequence[Answer], attempts: Attempts) -> Landed:
    """Close what a call's answers settle, and tell what is lost or may be sent once more; sets `halt`."""
    alone = len(begun.subjects) == 1
    meanings = [meaning(subject.key, answer) for subject, answer in zip(begun.subjects, answers, strict=True)]
    understood = [
        _last_word(subject, one, attempts.sent(subject.key), alone=alone)
        for subject, one in zip(begun.subjects, _limits_told_apart(run, meanings), strict=True)
    ]
    run.close([one.closing for one in understood if one.closing is not None])
    again: list[Again] = []
    lost: list[Lost] = []
    for subject, one in zip(begun.subjects, understood, strict=True):
        if one.message is not None:
            run.messages[subject.key] = one.message
        if one.closing is None:
            lost.append((subject, begun.intended))
        elif one.then in AGAIN:
            again.append(Again(key=subject.key, then=one.then))
        _halt(run, one)
    smaller = {one.then for one in understood if one.closing is None} == {Then.AGAIN_SMALLER}
    return Landed(
        again=tuple(again),
        lost=tuple(lost),
        then=Then.AGAIN_SMALLER if smaller else Then.READ_BACK,
        clean=all(
            one.then in {Then.NOTHING, Then.AGAIN_ALONE} and not is_governor_limit(one.message or "")
            for one in understood
        ),
    )


def settle(run: Run, closings: Sequence[Closing], attempts: Attempts, *, then: Then) -> list[Again]:
    """Close what was read back; what certainly didn't happen may be sent once more."""
    run.close(closings)
    return [
        Again(key=closing.key, then=then)
        for closing in closings
        if closing.state is State.NOT_APPLIED and attempts.may_follow_loss(closing.key)
    ]


def leave_open(run: Run, lost: Sequence[Lost], unreadable: LeadgateError) -> None:
    """Nothing can be read back: the intents stay open for recovery, and the run ends."""
    run.in_doubt.update(subject.lead_id for subject, _ in lost)
    if run.halt is None:
        run.halt = Halt(
            Ending.UNAVAILABLE,
            "an answer was lost, and the org can't be read to see what happened; `leadgate recover` will tell",
            unreadable.code,
        )


def intend(run: Run, subjects: Sequence[Subject], grounds: Mapping[str, Mapping[str, str]]) -> list[Subject]:
    """Commit intents; an action that the ledger holds already is left out and noted as in doubt."""
    try:
        run.intend(subjects, grounds)
    except KeyTaken:
        taken = run.ledger.live(run.lease.org_id, [subject.key for subject in subjects])
        run.note(
            [
                (subject, Closing(key=subject.key, state=State.IN_DOUBT, code="still_in_doubt"))
                for subject in subjects
                if subject.key in taken
            ]
        )
        run.in_doubt.update(subject.lead_id for subject in subjects if subject.key in taken)
        free = [subject for subject in subjects if subject.key not in taken]
        if free:
            run.intend(free, grounds)
        return free
    return list(subjects)


def _last_word(subject: Subject, understood: Meaning, sent: int, *, alone: bool) -> Meaning:
    """The answer's meaning once no further attempt is left: what would be tried again is rejected or not reached.

    A follow-up stays open instead: no later plan comes back to it, only the next run's recovery does.
    """
    match understood.then:
        case Then.AGAIN_ALONE:
            over = sent >= MOST_SENDS
        case Then.AGAIN_SMALLER:
            over = alone
        case Then.AGAIN_LATER:
            over = sent >= MOST_SENDS
        case Then.AGAIN_FEWER:
            over = sent >= _MOST_CROWDED
        case Then.NOTHING | Then.READ_BACK | Then.HALT:
            return understood
        case _:
            assert_never(understood.then)
    if not over or understood.closing is None:
        return understood
    if understood.then in {Then.AGAIN_LATER, Then.AGAIN_FEWER}:
        return replace(understood, then=Then.HALT)
    if subject.parent_key is not None:
        return replace(understood, then=Then.NOTHING)
    return replace(understood, then=Then.NOTHING, closing=replace(understood.closing, state=State.REJECTED))


def _limits_told_apart(run: Run, meanings: Sequence[Meaning]) -> list[Meaning]:
    """Salesforce has one code for the day's quota and for too many long calls; where its words don't tell, ask it."""

    def unclear(one: Meaning) -> bool:
        if one.code != "REQUEST_LIMIT_EXCEEDED":
            return False
        said = (one.message or "").removeprefix(f"{one.code}: ").lower()
        return not said.startswith(("totalrequests", "concurrent"))

    if run.halt is not None or not any(unclear(one) for one in meanings):
        return list(meanings)
    try:
        _, left = run.org.limits().get("DailyApiRequests", (0, 0))
    except LeadgateError:
        left = 0  # not even that is answered
    return [replace(one, then=Then.AGAIN_FEWER) if left > 0 and unclear(one) else one for one in meanings]


def _halt(run: Run, understood: Meaning) -> None:
    if understood.then is not Then.HALT or run.halt is not None:
        return
    fault = explain(understood.code or "", understood.message or "")
    if fault.code == "REQUEST_LIMIT_EXCEEDED":
        ending = Ending.API_RESERVE
    elif fault.known and fault.kind in {Kind.REFUSED, Kind.REFRESH}:
        ending = Ending.ACCESS
    else:
        ending = Ending.UNAVAILABLE
    run.halt = Halt(ending, fault.cause if fault.known else (understood.message or fault.cause), understood.code)


def resolve_leads(run: Run, lost: Sequence[Lost]) -> list[Closing]:
    """Read back status updates and conversions."""
    options = run.options
    return read_back(
        run.org, lost, clock=options.clock, sleep=options.sleep, settle=timedelta(seconds=options.settle_seconds)
    )

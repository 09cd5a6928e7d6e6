"""The one way in which anything is sent: commit the intent, send, close with the answer, read back what is lost.

Status updates, conversions and follow-ups differ in what they send; that no effect goes unrecorded, and that nothing
is sent again before the org was read back, is settled here for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from sync.apply.answers import Meaning, Then, meaning
from sync.apply.context import Halt, Run
from sync.apply.outcome import Ending
from sync.apply.readback import read_back
from sync.errors import LeadgateError
from sync.ledger.entries import Closing, State, Subject
from sync.ledger.store import KeyTaken
from sync.salesforce.faults import Kind, explain
from sync.salesforce.org import Answer

MOST_SENDS = 3
"""How often one action is sent in a run, where each earlier attempt certainly had no effect."""

_MOST_LOST = 2
"""How often one action is sent when its answers get lost: once more after the read-back, not for ever."""

_PAUSES = (1.0, 3.0, 9.0)
"""Seconds before the second attempt and those after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """An action to be sent once more."""

    key: str
    then: Then


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


def send(
    run: Run,
    subjects: Sequence[Subject],
    call: Callable[[Sequence[Subject]], list[Answer]],
    attempts: Attempts,
    *,
    grounds: Mapping[str, Mapping[str, str]],
    resolve: Callable[[Run, Sequence[tuple[Subject, datetime]]], list[Closing]],
) -> list[Again]:
    """Send one call for some actions and settle each; returns those that may be sent once more.

    Args:
        run: The run; its `halt` is set when nothing more can be sent.
        subjects: The actions of this call.
        call: Sends for the actions given (all, or those whose key was free), answers in their order.
        attempts: Counts of this step.
        grounds: Key → what the action rests on, for the ledger.
        resolve: Reads back those without an answer.
    """
    free = _intended(run, subjects, grounds)
    if not free:
        return []
    intended = run.options.clock()
    attempts.count([subject.key for subject in free])
    run.sent += 1
    alone = len(free) == 1
    meanings = [
        _last_word(subject, meaning(subject.key, answer), attempts.sent(subject.key), alone=alone)
        for subject, answer in zip(free, call(free), strict=True)
    ]
    run.close([understood.closing for understood in meanings if understood.closing is not None])
    again: list[Again] = []
    lost: list[tuple[Subject, datetime]] = []
    for subject, understood in zip(free, meanings, strict=True):
        if understood.message is not None:
            run.messages[subject.key] = understood.message
        if understood.closing is None:
            lost.append((subject, intended))
        elif understood.then in {Then.AGAIN_ALONE, Then.AGAIN_SMALLER, Then.AGAIN_LATER}:
            again.append(Again(key=subject.key, then=understood.then))
        _halt(run, understood)
    smaller = {m.then for m in meanings if m.closing is None} == {Then.AGAIN_SMALLER}
    again += _settle(run, lost, attempts, resolve, then=Then.AGAIN_SMALLER if smaller else Then.READ_BACK)
    if again and run.halt is None:
        run.options.sleep(_PAUSES[min(max(attempts.sent(one.key) for one in again), len(_PAUSES)) - 1])
    return again


def _intended(run: Run, subjects: Sequence[Subject], grounds: Mapping[str, Mapping[str, str]]) -> list[Subject]:
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
        case Then.NOTHING | Then.READ_BACK | Then.HALT:
            return understood
        case _:
            assert_never(understood.then)
    if not over or understood.closing is None:
        return understood
    if understood.then is Then.AGAIN_LATER:
        return replace(understood, then=Then.HALT)
    if subject.parent_key is not None:
        return replace(understood, then=Then.NOTHING)
    return replace(understood, then=Then.NOTHING, closing=replace(understood.closing, state=State.REJECTED))


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


def _settle(
    run: Run,
    lost: Sequence[tuple[Subject, datetime]],
    attempts: Attempts,
    resolve: Callable[[Run, Sequence[tuple[Subject, datetime]]], list[Closing]],
    *,
    then: Then,
) -> list[Again]:
    """Read lost ones back and close them; what certainly didn't happen may be sent once more."""
    if not lost:
        return []
    try:
        closings = resolve(run, lost)
    except LeadgateError as unreadable:
        run.in_doubt.update(subject.lead_id for subject, _ in lost)
        if run.halt is None:
            run.halt = Halt(
                Ending.UNAVAILABLE,
                "an answer was lost, and the org can't be read to see what happened; `leadgate recover` will tell",
                unreadable.code,
            )
        return []
    run.close(closings)
    return [
        Again(key=closing.key, then=then)
        for closing in closings
        if closing.state is State.NOT_APPLIED and attempts.may_follow_loss(closing.key)
    ]


def resolve_leads(run: Run, lost: Sequence[tuple[Subject, datetime]]) -> list[Closing]:
    """Read back status updates and conversions."""
    options = run.options
    return read_back(
        run.org, lost, clock=options.clock, sleep=options.sleep, settle=timedelta(seconds=options.settle_seconds)
    )

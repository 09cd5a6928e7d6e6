"""What an answer of the org means for an intended action: how it closes, and whether it may be tried again.

One table for status updates, conversions and follow-ups. Trying again is by permission: only what certainly had no
effect, and of that only what may succeed without anybody changing anything. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from sync.ledger.entries import MADE, NOTHING_MADE, Closing, Made, State
from sync.salesforce.faults import Kind, explain, is_governor_limit
from sync.salesforce.org import Accepted, Answer, Changed, NotSent, Refused, Unknown


class Then(StrEnum):
    """What the runner does next with this action."""

    NOTHING = "nothing"
    READ_BACK = "read_back"
    """The answer is lost: only the org can tell."""
    AGAIN_ALONE = "again_alone"
    """A row lock: once more, in a call of its own."""
    AGAIN_SMALLER = "again_smaller"
    """A governor limit: once more, in a smaller batch."""
    AGAIN_LATER = "again_later"
    """The call didn't come through: once more after a pause."""
    AGAIN_FEWER = "again_fewer"
    """Too many long calls at once: once more after a pause, with fewer beside it."""
    HALT = "halt"
    """The org refuses every call for now; nothing more is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """An answer, understood."""

    closing: Closing | None
    """How the intent closes; `None` while it is in doubt."""
    then: Then
    message: str | None = None
    """Salesforce's own words, for the person at the screen."""
    code: str | None = None


AGAIN = frozenset({Then.AGAIN_ALONE, Then.AGAIN_SMALLER, Then.AGAIN_LATER, Then.AGAIN_FEWER})
"""What may be sent once more, since it certainly had no effect."""

CONVERTED_ALREADY = "CANNOT_UPDATE_CONVERTED_LEAD"

_SUCCESS: Mapping[str, str] = {"answer": "success"}
_TOO_MANY = {"EXCEEDED_LEAD_CONVERT_LIMIT", "LIMIT_EXCEEDED"}
_OF_THE_RECORD = {"UNSENDABLE_VALUE"}
"""Not sent because of what this one record holds."""


def meaning(key: str, answer: Answer) -> Meaning:
    """What an answer means for the intent of that key."""
    match answer:
        case Accepted():
            made = NOTHING_MADE
            if answer.account_id or answer.contact_id or answer.opportunity_id:
                made = Made(
                    account_id=answer.account_id, contact_id=answer.contact_id, opportunity_id=answer.opportunity_id
                )
            evidence = {**_SUCCESS, MADE: answer.id} if answer.created else _SUCCESS
            closing = Closing(key=key, state=State.APPLIED, made=made, evidence=evidence)
            return Meaning(closing=closing, then=Then.NOTHING)
        case Changed():
            closing = Closing(key=key, state=State.SUPERSEDED, code="PRECONDITION_FAILED")
            return Meaning(closing=closing, then=Then.NOTHING, code="PRECONDITION_FAILED")
        case Refused():
            return _refused(key, answer)
        case NotSent():
            return _not_sent(key, answer)
        case Unknown():
            smaller = answer.code == "REQUEST_RUNNING_TOO_LONG"
            return Meaning(
                closing=None,
                then=Then.AGAIN_SMALLER if smaller else Then.READ_BACK,
                message=answer.message,
                code=answer.code,
            )
        case _:
            assert_never(answer)


def _refused(key: str, answer: Refused) -> Meaning:
    if answer.code == CONVERTED_ALREADY:
        return Meaning(closing=None, then=Then.READ_BACK, message=answer.message, code=answer.code)
    if is_governor_limit(answer.message):
        then = Then.AGAIN_SMALLER
    elif answer.retryable:
        then = Then.AGAIN_ALONE
    else:
        then = Then.NOTHING
    evidence = {"matches": " ".join(match.id for match in answer.matches)} if answer.matches else {}
    closing = Closing(
        key=key,
        state=State.REJECTED if then is Then.NOTHING else State.NOT_APPLIED,
        code=answer.code,
        fields=answer.fields,
        evidence=evidence,
    )
    return Meaning(closing=closing, then=then, message=answer.message, code=answer.code)


def _not_sent(key: str, answer: NotSent) -> Meaning:
    if answer.code in _OF_THE_RECORD:
        closing = Closing(key=key, state=State.REJECTED, code=answer.code)
        return Meaning(closing=closing, then=Then.NOTHING, message=answer.message, code=answer.code)
    closing = Closing(key=key, state=State.NOT_APPLIED, code=answer.code)
    if answer.code in _TOO_MANY:
        then = Then.AGAIN_SMALLER
    elif (fault := explain(answer.code, answer.message)).code == "CONCURRENT_LIMIT_EXCEEDED":
        then = Then.AGAIN_FEWER
    elif fault.kind is Kind.RETRYABLE:
        then = Then.AGAIN_LATER
    else:
        then = Then.HALT
    return Meaning(closing=closing, then=then, message=answer.message, code=answer.code)

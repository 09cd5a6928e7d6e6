"""When no answer tells: read the records back, and close an intent by what the org shows.

This is the only way out of doubt, for a run that lost an answer as for the recovery after a crash. An effect that shows
is taken as it shows. Its absence counts only after a settle time, since a request may still be at work in the org when
its answer is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sync.apply.precondition import LEAD_FIELDS, converted_ids
from sync.apply.subjects import evidence_text
from sync.ledger.entries import Closing, State, Subject
from sync.model import Record
from sync.plan.expects import same_value
from sync.plan.forecast import COLLECTIONS
from sync.salesforce.org import OrgReader

_LOOKS_APART = 5.0
"""Seconds between two looks while an effect may still appear."""

_SHOWN = ("Status", "IsConverted", "LastModifiedById", "SystemModstamp")


def read_back(
    org: OrgReader,
    doubtful: Sequence[tuple[Subject, datetime]],
    *,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
    settle: timedelta,
) -> list[Closing]:
    """A closing for each status update and conversion in doubt; in order, waiting until each can be told.

    Args:
        org: The org.
        doubtful: What was intended, and when.
        clock: The local clock, by which the intents were dated.
        sleep: How waiting is done.
        settle: How long after its intent an effect may still appear.

    Raises:
        LeadgateError: The org can't be read; nothing is closed then.
    """
    told: dict[str, Closing] = {}
    waiting = list(doubtful)
    if sum(subject.kind == "update_status" for subject, _ in doubtful) > COLLECTIONS:
        # They may be rows of a bulk job, which the org works off in its own time: their old status says nothing yet.
        sleep(max(0.0, (max(intended for _, intended in doubtful) + settle - clock()).total_seconds()))
        org.await_updates("Lead", since=min(intended for _, intended in doubtful), settle=settle)
    while waiting:
        told |= {closing.key: closing for closing in look(org, waiting, now=clock(), settle=settle)}
        waiting = [(subject, intended) for subject, intended in waiting if subject.key not in told]
        if waiting:
            sleep(until_next_look(waiting, now=clock(), settle=settle))
    return [told[subject.key] for subject, _ in doubtful]


def look(
    org: OrgReader, doubtful: Sequence[tuple[Subject, datetime]], *, now: datetime, settle: timedelta
) -> list[Closing]:
    """Read back once: closings for those that can be told by now, in order.

    Raises:
        LeadgateError: The org can't be read.
    """
    leads = _leads(org, [subject.lead_id for subject, _ in doubtful])
    closings = [
        _closing(subject, leads.get(subject.lead_id), org.identity.user_id, settled=now - intended >= settle)
        for subject, intended in doubtful
    ]
    return [closing for closing in closings if closing is not None]


def until_next_look(doubtful: Sequence[tuple[Subject, datetime]], *, now: datetime, settle: timedelta) -> float:
    """Seconds until looking again may tell more."""
    remaining = max(intended for _, intended in doubtful) + settle - now
    return min(_LOOKS_APART, max(0.1, remaining.total_seconds()))


def _closing(subject: Subject, lead: Record | None, user_id: str, *, settled: bool) -> Closing | None:
    """What the lead shows of the action; `None` = too early to say that it didn't happen."""
    if lead is None:
        return Closing(key=subject.key, state=State.SUPERSEDED, code="lead_gone")
    evidence = evidence_text({name: lead.get(name) for name in _SHOWN})
    if _done(subject, lead):
        ours = lead.get("LastModifiedById") == user_id
        return Closing(
            key=subject.key,
            state=State.APPLIED if ours else State.ALREADY_APPLIED,
            code=None if ours else "done_by_another",
            made=converted_ids(lead),
            evidence=evidence,
        )
    if not settled:
        return None
    return Closing(key=subject.key, state=State.NOT_APPLIED, code="not_executed", evidence=evidence)


def _done(subject: Subject, lead: Record) -> bool:
    if subject.kind == "convert_lead":
        return bool(lead.get("IsConverted"))
    return not lead.get("IsConverted") and same_value(subject.target, lead.get("Status"))


def _leads(org: OrgReader, lead_ids: Sequence[str]) -> dict[str, Record]:
    ids = list(dict.fromkeys(lead_ids))
    found = org.retrieve("Lead", ids, LEAD_FIELDS)
    return {lead_id: lead for lead_id, lead in zip(ids, found, strict=True) if lead is not None}

"""The planned fields of a new opportunity: convertLead can't set stage, close date or amount, so a second step does.

The step has its own entry in the ledger and can be taken at any later time: the values are read back first, fields
that hold already are not written, and an opportunity that somebody has worked on since is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync.apply.context import Run
from sync.apply.sending import Attempts, send
from sync.apply.subjects import follow_up_subject, follow_up_values
from sync.ledger.entries import Closing, Entry, State, Subject
from sync.model import Record, Value
from sync.plan.expects import same_value
from sync.plan.forecast import BULK_FROM, COLLECTIONS, GUARDED_UPDATES
from sync.salesforce.org import Answer, RecordUpdate
from sync.salesforce.values import moment_of

STEP = "opportunity fields"


@dataclass(frozen=True, slots=True)
class _Pending:
    subject: Subject
    values: Mapping[str, Value]
    seen: datetime


def set_opportunity_fields(run: Run, conversions: Sequence[Entry]) -> dict[str, State]:
    """Give each conversion's opportunity its planned fields; returns conversion key → how its follow-up ended.

    Args:
        run: The run.
        conversions: Applied conversions with an opportunity and a follow-up.
    """
    wanted = {
        subject.key: (subject, follow_up_values(entry))
        for entry in conversions
        if entry.made.opportunity_id is not None
        for subject in [follow_up_subject(entry.subject, entry.made.opportunity_id)]
    }
    if not wanted or not run.may_finish():
        return {}
    ended: dict[str, State] = {}
    pending = _look(run, list(wanted.values()), ended)
    attempts = Attempts()
    queue = list(pending)
    while queue and run.may_finish():
        size = _at_once(len(queue))
        batch, queue = queue[:size], queue[size:]

        def call(subjects: Sequence[Subject]) -> list[Answer]:
            return _sent(run, [pending[subject.key] for subject in subjects])

        again = send(
            run,
            [pending[key].subject for key in batch],
            call,
            attempts,
            grounds={key: {name: str(value) for name, value in pending[key].values.items()} for key in batch},
            resolve=lambda run, lost: _read_back(run, lost, pending),
        )
        queue += [one.key for one in again]
        run.progress(STEP)
    for key in wanted:
        if key in run.ended:
            ended[key] = run.ended[key].state
    return {str(subject.parent_key): ended[key] for key, (subject, _) in wanted.items() if key in ended}


def _look(
    run: Run, wanted: Sequence[tuple[Subject, Mapping[str, Value]]], ended: dict[str, State]
) -> dict[str, _Pending]:
    """Read the opportunities; note those that need nothing or may not be touched, return the others."""
    fields = sorted({name for _, values in wanted for name in values})
    found = run.org.retrieve(
        "Opportunity", [subject.target for subject, _ in wanted], ["Id", "LastModifiedById", "SystemModstamp", *fields]
    )
    pending: dict[str, _Pending] = {}
    noted: list[tuple[Subject, Closing]] = []
    for (subject, values), record in zip(wanted, found, strict=True):
        if record is None:
            noted.append((subject, Closing(key=subject.key, state=State.SUPERSEDED, code="opportunity_gone")))
            continue
        missing = _missing(values, record)
        if not missing:
            noted.append((subject, Closing(key=subject.key, state=State.ALREADY_APPLIED)))
        elif record.get("LastModifiedById") != run.org.identity.user_id:
            closing = Closing(
                key=subject.key, state=State.SUPERSEDED, code="opportunity_changed", fields=tuple(sorted(missing))
            )
            noted.append((subject, closing))
        else:
            pending[subject.key] = _Pending(subject, missing, moment_of(str(record["SystemModstamp"])))
    run.note(noted)
    ended.update({closing.key: closing.state for _, closing in noted})
    return pending


def _missing(values: Mapping[str, Value], record: Record) -> dict[str, Value]:
    return {name: value for name, value in values.items() if not same_value(value, record.get(name))}


def _at_once(count: int) -> int:
    if count <= GUARDED_UPDATES:
        return GUARDED_UPDATES
    return COLLECTIONS if count <= BULK_FROM else count


def _sent(run: Run, batch: Sequence[_Pending]) -> list[Answer]:
    guarded = len(batch) <= GUARDED_UPDATES
    updates = [
        RecordUpdate(
            object="Opportunity",
            id=one.subject.target,
            values=one.values,
            unmodified_since=one.seen if guarded else None,
        )
        for one in batch
    ]
    if guarded:
        return run.org.update_guarded(updates)
    if len(updates) <= COLLECTIONS:
        return run.org.update(updates)
    return run.org.bulk_update(updates, on_look=run.stay)


def _read_back(run: Run, lost: Sequence[tuple[Subject, datetime]], pending: Mapping[str, _Pending]) -> list[Closing]:
    """Writing the same values twice does no harm, so no settle time is needed."""
    fields = sorted({name for subject, _ in lost for name in pending[subject.key].values})
    found = run.org.retrieve("Opportunity", [subject.target for subject, _ in lost], ["Id", *fields])
    closings: list[Closing] = []
    for (subject, _), record in zip(lost, found, strict=True):
        if record is None:
            closings.append(Closing(key=subject.key, state=State.SUPERSEDED, code="opportunity_gone"))
        elif _missing(pending[subject.key].values, record):
            closings.append(Closing(key=subject.key, state=State.NOT_APPLIED, code="not_executed"))
        else:
            closings.append(Closing(key=subject.key, state=State.APPLIED))
    return closings

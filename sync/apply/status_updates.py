"""Lead Status updates by the route that fits their number.

Up to 25 go as guarded composite calls, where a person's edit since the re-read always wins. More go as collections,
a thousand to a call, and thousands as a bulk job; those carry no condition, so the re-read just before them is the
guard.
"""

from __future__ import annotations

from collections.abc import Sequence

from sync.apply.context import Run
from sync.apply.precondition import Ready
from sync.apply.sending import Attempts, resolve_leads, send
from sync.apply.subjects import grounds_of
from sync.ledger.entries import Subject
from sync.plan.forecast import BULK_FROM, COLLECTIONS, GUARDED_UPDATES
from sync.salesforce.org import Answer, RecordUpdate

STEP = "status updates"


def update_statuses(run: Run, ready: Sequence[Ready]) -> None:
    """Send the status updates; each is closed, in doubt, or left for `not reached` when the run halts."""
    by_key = {one.planned.subject.key: one for one in ready}
    size = _at_once(len(ready))
    attempts = Attempts()
    queue = list(by_key)
    while queue and run.may_go_on():
        batch, queue = queue[:size], queue[size:]
        guarded = len(by_key) <= GUARDED_UPDATES or len(batch) <= GUARDED_UPDATES

        def call(subjects: Sequence[Subject], *, guarded: bool = guarded) -> list[Answer]:
            return _sent(run, [by_key[subject.key] for subject in subjects], guarded=guarded)

        again = send(
            run,
            [by_key[key].planned.subject for key in batch],
            call,
            attempts,
            grounds={key: grounds_of(by_key[key].planned.action) for key in batch},
            resolve=resolve_leads,
        )
        queue += [one.key for one in again]
        run.stop_at(run.rejected(by_key), len(by_key))
        run.progress(STEP)


def _at_once(count: int) -> int:
    if count <= GUARDED_UPDATES:
        return GUARDED_UPDATES
    return COLLECTIONS if count <= BULK_FROM else count


def _sent(run: Run, batch: Sequence[Ready], *, guarded: bool) -> list[Answer]:
    updates = [
        RecordUpdate(
            object="Lead",
            id=one.planned.action.lead_id,
            values={"Status": one.planned.subject.target},
            unmodified_since=one.seen if guarded else None,
        )
        for one in batch
    ]
    if guarded:
        return run.org.update_guarded(updates)
    if len(updates) <= COLLECTIONS:
        return run.org.update(updates)
    return run.org.bulk_update(updates, on_look=run.stay)

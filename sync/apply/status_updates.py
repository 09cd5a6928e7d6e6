"""Lead Status updates by the route that fits their number.

Up to 25 go as guarded composite calls, where a person's edit since the re-read always wins. More go as collections,
a thousand to a call, and thousands as a bulk job; those carry no condition, so the re-read just before them is the
guard.
"""

from __future__ import annotations

from collections.abc import Sequence

from sync.apply.context import Run
from sync.apply.precondition import Ready
from sync.apply.sending import Attempts, Begun, begun_with, intend, resolve_leads, send
from sync.apply.subjects import grounds_of
from sync.ledger.entries import Closing, State, Subject
from sync.plan.forecast import BULK_FROM, COLLECTIONS, GUARDED_UPDATES, update_calls
from sync.salesforce.org import Answer, RecordUpdate

STEP = "status updates"


class StatusUpdates:
    """The status updates of a run: taken in as the leads are re-read, sent when all of them are.

    Once there are so many that a bulk job is certain, intents are committed while further leads are being read; the
    job starts after the last of them.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._by_key: dict[str, Ready] = {}
        self._pending: list[Subject] = []
        self._intended: list[Subject] = []
        self._ahead = False

    def take(self, ready: Sequence[Ready]) -> None:
        """These are to be sent."""
        subjects = [one.planned.subject for one in ready]
        self._by_key.update((one.planned.subject.key, one) for one in ready)
        self._pending += subjects
        if len(self._by_key) > BULK_FROM:
            self._intended += intend(self._run, self._pending, self._grounds(self._pending))
            self._pending, self._ahead = [], True

    def send(self) -> None:
        """Send them; each is closed, in doubt, or left for `not reached` when the run halts."""
        run, by_key = self._run, self._by_key
        size = _at_once(len(by_key))
        attempts = Attempts()
        queue = list(by_key)
        while queue and run.may_go_on(calls=update_calls(min(size, len(queue)))):
            batch, queue = queue[:size], queue[size:]
            guarded = len(by_key) <= GUARDED_UPDATES or len(batch) <= GUARDED_UPDATES

            def call(subjects: Sequence[Subject], *, guarded: bool = guarded) -> list[Answer]:
                return _sent(run, [by_key[subject.key] for subject in subjects], guarded=guarded)

            begun = self._begun(attempts)
            subjects = [by_key[key].planned.subject for key in batch]
            grounds = self._grounds(subjects) if begun is None else {}
            again = send(run, subjects, call, attempts, grounds=grounds, resolve=resolve_leads, begun=begun)
            queue += [one.key for one in again]
            run.stop_at(run.rejected(by_key), len(by_key))
            run.progress(STEP)
        self.leave()

    def leave(self) -> None:
        """Close the intents that nothing was sent for: certainly not applied."""
        code = self._run.halt.code if self._run.halt is not None and self._run.halt.code else "not_reached"
        unsent, self._intended = self._intended, []
        self._run.close([Closing(key=subject.key, state=State.NOT_APPLIED, code=code) for subject in unsent])

    def _begun(self, attempts: Attempts) -> Begun | None:
        """The bulk job whose intents are committed already, the first time."""
        if not self._ahead:
            return None
        intended, self._intended, self._ahead = self._intended, [], False
        return begun_with(self._run, intended, attempts)

    def _grounds(self, subjects: Sequence[Subject]) -> dict[str, dict[str, str]]:
        return {subject.key: grounds_of(self._by_key[subject.key].planned.action) for subject in subjects}


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

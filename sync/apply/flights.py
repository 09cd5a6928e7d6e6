"""Conversion calls under way: which starts next, what each answer settles, and what waits before it is sent again.

Everything but the wire call itself happens in the runner's thread: intents are committed before their call starts,
answers are closed as they arrive. A call whose answer is lost keeps its lane, and its accounts, until the org was read
back: it may still be at work there. Meanwhile the others go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sync.apply.answers import Then
from sync.apply.context import Halt, Run
from sync.apply.conversion_requests import conversion_request
from sync.apply.lanes import Lanes
from sync.apply.outcome import Ending
from sync.apply.precondition import Ready, check_all
from sync.apply.readback import look, until_next_look
from sync.apply.sending import Again, Attempts, Begun, Landed, Lost, begin, leave_open, settle, take_in
from sync.apply.subjects import grounds_of
from sync.errors import AccessRefused, LeadgateError, OrgFault, OrgUnavailable
from sync.ledger.entries import Closing, State, Subject
from sync.plan.actions import ConvertLead
from sync.plan.forecast import finishing_calls
from sync.plan.pace import Pace, after_limit, after_success
from sync.plan.packing import Packing, waits_for
from sync.salesforce.org import Answer

_FRESH_FOR = timedelta(minutes=5)
"""How long a re-read counts; in a long run, leads whose turn comes later are read again."""


@dataclass(slots=True)
class Course:
    """What the conversions of a run share, canary and rest."""

    run: Run
    ready: dict[str, Ready]
    """Lead id → its action and the lead as last read."""
    since: datetime
    read_at: datetime
    pace: Pace
    attempts: Attempts = field(default_factory=Attempts)
    keys: list[str] = field(init=False)
    _remembered: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.keys = [one.planned.subject.key for one in self.ready.values()]
        self._remembered = self.pace

    @property
    def to_finish(self) -> int:
        """Calls that follow the conversions, kept free: what was begun is finished above the reserve."""
        count = len(self.ready)
        return finishing_calls(count, count)

    def subject(self, action: ConvertLead) -> Subject:
        """What the ledger calls this action."""
        return self.ready[action.lead_id].planned.subject

    def learn(self, pace: Pace) -> None:
        """A new pace; another size is kept at once, since the run may not live to its end."""
        self.pace = pace
        if pace.size != self._remembered.size:
            self.remember()

    def remember(self) -> None:
        """Keep the pace for the next run."""
        if self.pace != self._remembered:
            self.run.ledger.remember_pace(self.run.lease, self.pace)
            self._remembered = self.pace


@dataclass(slots=True)
class _Flight:
    """A call until all its leads are settled."""

    begun: Begun
    actions: dict[str, ConvertLead]
    lost: tuple[Lost, ...] = ()
    """Not answered; being read back."""
    then: Then = Then.NOTHING
    look_at: datetime | None = None
    """When to read back next."""


class Flights:
    """The conversions of a segment, from the first call to the last settled answer.

    Args:
        course: What canary and rest share.
        segment: The conversions; leads that they wait for are among them or were converted before.
        name: The segment's name, for progress.
        lanes: How many calls may be under way at once.
    """

    def __init__(self, course: Course, segment: Sequence[ConvertLead], *, name: str, lanes: int) -> None:
        self._course = course
        self._run = course.run
        self._name = name
        accounts = {lead: made.account_id for lead, made in self._run.made.items() if made.account_id}
        self._packing = Packing(segment, accounts=accounts)
        self._lanes = Lanes(lanes)
        self._flights: dict[int, _Flight] = {}
        self._number = 0
        self._alone: list[tuple[datetime, ConvertLead]] = []
        """Row-locked leads, each with the time from which it may be tried again; their accounts stay out of bounds."""
        self._not_before: datetime | None = None

    def fly(self) -> None:
        """Send everything that may be sent; returns when each call that was sent is settled or left to recovery.

        Raises:
            AccessRefused, OrgUnavailable, OrgFault: The org can't be read again; every call under way was awaited.
        """
        self._leave_out_orphans()
        try:
            while self._step():
                pass
        except (AccessRefused, OrgUnavailable, OrgFault) as unreadable:
            ending = Ending.ACCESS if isinstance(unreadable, AccessRefused) else Ending.UNAVAILABLE
            self._run.halt = self._run.halt or Halt(ending, unreadable.message, unreadable.code)
            while self._step():
                pass
            raise
        finally:
            self._lanes.close()

    def _step(self) -> bool:
        """Start what may start, then take in one answer or wait; whether there is more to come."""
        if self._run.halt is None:
            self._read_again()
            while self._start():
                pass
        now = self._run.options.clock()
        if any(not flight.lost for flight in self._flights.values()):
            self._await_answer(now)
        elif self._flights or self._to_wait_for(now):
            if due := self._due(now):
                self._run.options.sleep(min(due))
        elif self._run.halt is None and len(self._packing):
            self._note_orphans(self._packing.waiting())  # a circle in a foreign plan: each waits for another
        else:
            return False
        self._look_again()
        return True

    def _start(self) -> bool:
        """Start one call; whether another may be tried."""
        run = self._run
        now = run.options.clock()
        resting = self._not_before is not None and now < self._not_before
        if resting or len(self._flights) >= self._lanes.width:
            return False
        if not run.may_go_on(calls=1 + len(self._flights) + self._course.to_finish):
            return False
        due = next((entry for entry in self._alone if entry[0] <= now), None)
        if due is not None:
            self._alone.remove(due)
            batch = [due[1]]
        else:
            sizes = [len(flight.actions) for flight in self._flights.values()]
            batch = self._packing.next_call(self._course.pace, lanes=self._lanes.width, flying=sizes)
        if not batch:
            return False
        self._send(batch)
        return True

    def _send(self, batch: Sequence[ConvertLead]) -> None:
        course, run = self._course, self._run
        by_key = {course.subject(action).key: action for action in batch}
        grounds = {key: grounds_of(action) for key, action in by_key.items()}
        begun = begin(run, [course.subject(action) for action in batch], course.attempts, grounds=grounds)
        going = {subject.key: by_key[subject.key] for subject in begun.subjects}
        self._end(action for key, action in by_key.items() if key not in going)
        if not going:
            return
        requests = [conversion_request(action, run.made) for action in going.values()]
        allowed = batch[0].convert.allow_duplicates

        def call() -> list[Answer]:
            return run.org.convert(requests, allow_duplicates=allowed)

        self._number += 1
        self._flights[self._number] = _Flight(begun=begun, actions=going)
        self._lanes.start(self._number, call)

    def _await_answer(self, now: datetime) -> None:
        """Take in the next answer, unless something else is due before it comes."""
        answered = self._lanes.next_done(min(self._due(now), default=None))
        if answered is None:
            return
        number, answers = answered
        flight = self._flights[number]
        landed = take_in(self._run, flight.begun, answers, self._course.attempts)
        self._learn_pace(landed, len(flight.actions))
        flight.lost, flight.then = landed.lost, landed.then
        flight.look_at = now if landed.lost else None
        self._send_again(flight, landed.again)
        open_keys = {one.key for one in landed.again} | {subject.key for subject, _ in landed.lost}
        self._end(action for key, action in flight.actions.items() if key not in open_keys)
        if not flight.lost:
            del self._flights[number]
        self._run.stop_at(self._run.rejected(self._course.keys), len(self._course.keys))
        self._run.progress(self._name)

    def _look_again(self) -> None:
        """Read back the calls whose answers were lost, as far as it is time."""
        run = self._run
        settling = timedelta(seconds=run.options.settle_seconds)
        for number, flight in list(self._flights.items()):
            if flight.look_at is None or run.options.clock() < flight.look_at:
                continue
            try:
                told = look(run.org, flight.lost, now=run.options.clock(), settle=settling)
            except LeadgateError as unreadable:
                leave_open(run, flight.lost, unreadable)
                del self._flights[number]
                continue
            again = settle(run, told, self._course.attempts, then=flight.then)
            if flight.then is Then.AGAIN_SMALLER and again:
                self._course.learn(after_limit(self._course.pace, len(flight.actions)))
            self._send_again(flight, again)
            settled = {closing.key for closing in told}
            self._end(flight.actions[key] for key in settled - {one.key for one in again})
            flight.lost = tuple(one for one in flight.lost if one[0].key not in settled)
            if not flight.lost:
                del self._flights[number]
                run.progress(self._name)
                continue
            now = run.options.clock()
            flight.look_at = now + timedelta(seconds=until_next_look(flight.lost, now=now, settle=settling))

    def _learn_pace(self, landed: Landed, sent: int) -> None:
        if any(one.then is Then.AGAIN_SMALLER for one in landed.again):
            self._course.learn(after_limit(self._course.pace, sent))
        elif landed.clean:
            self._course.learn(after_success(self._course.pace, sent))
        if any(one.then is Then.AGAIN_FEWER for one in landed.again):
            self._lanes.width = max(1, self._lanes.width // 2)

    def _send_again(self, flight: _Flight, again: Sequence[Again]) -> None:
        """Queue what may be sent once more: a locked lead by itself and later, the others with those of their kind."""
        if not again:
            return
        pause = timedelta(seconds=self._course.attempts.pause(again))
        then = self._run.options.clock() + pause
        for one in again:
            action = flight.actions[one.key]
            if one.then is Then.AGAIN_ALONE:
                self._alone.append((then, action))
            else:
                self._packing.put_back(action)
        if any(one.then in {Then.AGAIN_LATER, Then.AGAIN_FEWER} for one in again):
            self._not_before = then

    def _end(self, actions: Iterable[ConvertLead]) -> None:
        """These are settled; those that waited in vain for one of them are noted."""
        run, failed = self._run, False
        for action in actions:
            closing = run.ended.get(self._course.subject(action).key)
            if closing is not None and closing.state in {State.APPLIED, State.ALREADY_APPLIED}:
                run.made[action.lead_id] = closing.made
            failed |= action.lead_id not in run.made
            self._packing.end(action, account_id=closing.made.account_id if closing is not None else None)
        if failed:
            self._leave_out_orphans()

    def _leave_out_orphans(self) -> None:
        """Note leads whose forerunner was not converted: what the plan says of them can't be done."""
        while orphans := [action for action in self._packing.waiting() if self._missing(action)]:
            self._note_orphans(orphans)

    def _missing(self, action: ConvertLead) -> list[str]:
        return [lead for lead in waits_for(action) if lead not in self._run.made and not self._packing.is_open(lead)]

    def _note_orphans(self, orphans: Sequence[ConvertLead]) -> None:
        noted: list[tuple[Subject, Closing]] = []
        for action in orphans:
            missing = self._missing(action) or list(waits_for(action))
            doubtful = any(lead in self._run.in_doubt for lead in missing)
            subject = self._course.subject(action)
            closing = Closing(
                key=subject.key,
                state=State.NOT_REACHED if doubtful else State.SUPERSEDED,
                code="waits_for_lead_in_doubt" if doubtful else "account_not_made",
                evidence={"leads": " ".join(missing)},
            )
            noted.append((subject, closing))
        self._run.note(noted)
        self._packing.drop({action.lead_id for action in orphans})

    def _read_again(self) -> None:
        """Read waiting leads again when their last reading is too old, and drop those that moved on."""
        course, run = self._course, self._run
        now = run.options.clock()
        waiting = [*self._packing.waiting(), *(action for _, action in self._alone)]
        if now - course.read_at < _FRESH_FOR or not waiting:
            return
        again = check_all(run, [course.ready[action.lead_id].planned for action in waiting], {}, course.since)
        course.ready |= {one.planned.action.lead_id: one for one in again}
        course.read_at = now
        holds = {one.planned.action.lead_id for one in again}
        moved = {action.lead_id for action in waiting} - holds
        self._end(action for _, action in self._alone if action.lead_id in moved)
        self._alone = [entry for entry in self._alone if entry[1].lead_id not in moved]
        self._packing.drop(moved)
        self._leave_out_orphans()

    def _to_wait_for(self, now: datetime) -> bool:
        """Whether something may be sent later that may not be sent now."""
        resting = self._not_before is not None and now < self._not_before
        return self._run.halt is None and (bool(self._alone) or (resting and bool(self._packing.waiting())))

    def _due(self, now: datetime) -> list[float]:
        """Seconds until each thing that the clock brings: looking at lost calls, trying again."""
        times = [flight.look_at for flight in self._flights.values() if flight.look_at is not None]
        if self._run.halt is None:
            times += [at for at, _ in self._alone]
            times += [self._not_before] if self._not_before is not None else []
        return [(at - now).total_seconds() for at in times if at > now]

"""The first three steps of a compensation: new leads, their activities, their campaign memberships.

Each looks at the org before it sends, notes what is done or may not be done any more, and sends the rest in the one
way in which anything is sent. The deletions (`sync.apply.compensation_deletions`) come after all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sync.apply.compensation_readback import Doubt, members_of, tell
from sync.apply.compensation_subjects import SINCE, TO, Step
from sync.apply.context import Run
from sync.apply.sending import Attempts, send
from sync.ledger.entries import MADE, Closing, Entry, State, Subject
from sync.model import Record
from sync.plan.compensation import AddCampaignMember, CreateLead, MoveActivity
from sync.plan.pre_image import PreImage, PreImages, digest, object_of
from sync.salesforce.org import Answer, RecordCreate, RecordUpdate
from sync.salesforce.values import moment_of

IN_CALL = 200
"""Records that one call makes or deletes."""
_GUARDED_IN_CALL = 25
_TWINS = ("LastName", "Company", "Email")
"""Leads that are alike in these never go into one call: what a lost call made must be told apart."""


@dataclass(slots=True)
class Compensating:
    """A compensation while it goes on."""

    run: Run
    store: PreImages
    live: Mapping[str, Entry]
    """Key → the ledger's live entry from earlier runs."""
    steps: Sequence[Step]
    new_leads: dict[str, str] = field(default_factory=dict)
    """Converted lead → new lead."""
    images: dict[str, PreImage | None] = field(default_factory=dict)
    """Converted lead → what it was, as far as asked for."""
    unclear: set[str] = field(default_factory=set)
    """Keys of what only a person can tell."""
    attempts: Attempts = field(default_factory=Attempts)

    def image(self, lead_id: str) -> PreImage | None:
        """What a lead was before its conversion; `None` when it isn't kept here (any more)."""
        if lead_id not in self.images:
            self.images[lead_id] = self.store.get(self.run.lease.org_id, lead_id)
        return self.images[lead_id]

    def end(self, step: Step, state: State, code: str | None = None, **evidence: str) -> None:
        """Note how a step ends for which nothing is sent."""
        closing = Closing(key=step.key, state=state, code=code, evidence=evidence)
        self.run.note([(step.subject, closing)])

    def settled(self, step: Step) -> bool:
        """Whether the ledger has the step as done or open; then it is noted, and nothing is sent."""
        entry = self.live.get(step.key)
        if entry is None:
            return False
        if entry.state is State.INTENDED:
            self.end(step, State.IN_DOUBT, "still_in_doubt", run=entry.run_id)
            self.run.in_doubt.add(step.action.lead_id)
        else:
            self.end(step, State.ALREADY_APPLIED, run=entry.run_id)
        return True


Call = Callable[[Sequence[Step]], list[Answer]]


def create_leads(here: Compensating) -> None:
    """Make the new leads."""
    steps = [step for step in here.steps if isinstance(step.action, CreateLead)]
    here.new_leads |= {
        step.action.lead_id: entry.evidence[MADE]
        for step in steps
        if (entry := here.live.get(step.key)) is not None and MADE in entry.evidence
    }
    ready = [step for step in steps if not here.settled(step)]
    ids = [step.action.lead_id for step in ready]
    rows = here.run.org.retrieve("Lead", ids, ["Id", "IsConverted"]) if ids else []
    values: dict[str, PreImage] = {}
    for step, row in zip(ready, rows, strict=True):
        image = here.image(step.action.lead_id)
        if row is not None and not row.get("IsConverted"):
            here.end(step, State.SUPERSEDED, "lead_not_converted")
        elif image is None:
            here.end(step, State.SUPERSEDED, "pre_image_gone")
        elif digest(image) != step.action.target:
            here.end(step, State.SUPERSEDED, "pre_image_changed")
        else:
            values[step.key] = image

    def call(batch: Sequence[Step]) -> list[Answer]:
        return here.run.org.create(
            [
                RecordCreate(object="Lead", values=_values(step.action, values[step.key]))
                for step in batch
                if isinstance(step.action, CreateLead)
            ],
            allow_duplicates=True,  # the contact that is to go is one, and a person has looked at the plan
        )

    queue = [step for step in ready if step.key in values]
    while queue and here.run.may_go_on():
        batch, queue = _without_twins(queue, values)
        since = here.run.org.now().isoformat()
        queue = _send(here, batch, call, {step.key: {SINCE: since} for step in batch}) + queue
        for step in steps:
            closing = here.run.ended.get(step.key)
            if closing is not None and MADE in closing.evidence:
                here.new_leads[step.action.lead_id] = closing.evidence[MADE]
    here.run.progress("new leads")


def move_activities(here: Compensating) -> None:
    """Give tasks and events to the new leads."""
    steps = _with_new_lead(here, [step for step in here.steps if isinstance(step.action, MoveActivity)])
    rows: dict[str, Record | None] = {}
    for name in ("Task", "Event"):
        ids = [step.subject.target for step in steps if object_of(step.subject.target) == name]
        if ids:
            rows |= dict(
                zip(ids, here.run.org.retrieve(name, ids, ["Id", "WhoId", "WhatId", "SystemModstamp"]), strict=True)
            )
    queue: list[Step] = []
    seen: dict[str, datetime] = {}
    for step in steps:
        row, action = rows[step.subject.target], step.action
        if not isinstance(action, MoveActivity):
            continue
        if row is None:
            here.end(step, State.SUPERSEDED, "record_gone")
        elif row.get("WhoId") == here.new_leads[action.lead_id]:
            here.end(step, State.ALREADY_APPLIED)
        elif row.get("WhoId") != action.who_id or (row.get("WhatId") or None) != action.what_id:
            here.end(step, State.SUPERSEDED, "activity_moved")
        else:
            queue.append(step)
            seen[step.key] = moment_of(str(row["SystemModstamp"]))

    def call(batch: Sequence[Step]) -> list[Answer]:
        return here.run.org.update_guarded(
            [
                RecordUpdate(
                    object=object_of(step.action.activity_id),
                    id=step.action.activity_id,
                    values={"WhoId": here.new_leads[step.action.lead_id], "WhatId": step.action.what_before},
                    unmodified_since=seen[step.key],
                )
                for step in batch
                if isinstance(step.action, MoveActivity)
            ]
        )

    send_all(here, queue, call, _GUARDED_IN_CALL, lambda step: {TO: here.new_leads[step.action.lead_id]})
    here.run.progress("activities")


def add_members(here: Compensating) -> None:
    """Make the new leads members of the old leads' campaigns."""
    steps = _with_new_lead(here, [step for step in here.steps if isinstance(step.action, AddCampaignMember)])
    there = members_of(here.run.org, [here.new_leads[step.action.lead_id] for step in steps])
    queue: list[Step] = []
    for step in steps:
        if (here.new_leads[step.action.lead_id], step.subject.target) in there:
            here.end(step, State.ALREADY_APPLIED)
        else:
            queue.append(step)

    def call(batch: Sequence[Step]) -> list[Answer]:
        return here.run.org.create(
            [
                RecordCreate(
                    object="CampaignMember",
                    values={
                        "CampaignId": step.action.campaign_id,
                        "LeadId": here.new_leads[step.action.lead_id],
                        **({"Status": step.action.status} if step.action.status else {}),
                    },
                )
                for step in batch
                if isinstance(step.action, AddCampaignMember)
            ]
        )

    send_all(here, queue, call, IN_CALL, lambda step: {TO: here.new_leads[step.action.lead_id]})
    here.run.progress("campaign members")


def _with_new_lead(here: Compensating, steps: Sequence[Step]) -> list[Step]:
    """Those whose new lead is there and that aren't settled; the others are noted."""
    going: list[Step] = []
    for step in steps:
        if here.settled(step):
            continue
        if step.action.lead_id in here.new_leads:
            going.append(step)
        elif here.run.halt is None:
            doubtful = step.action.lead_id in here.run.in_doubt
            here.end(step, State.NOT_REACHED, "waits_for_lead_in_doubt" if doubtful else "lead_not_made")
    return going if here.run.may_go_on() else []


def send_all(
    here: Compensating, steps: Sequence[Step], call: Call, size: int, grounds: Callable[[Step], dict[str, str]]
) -> None:
    """Send steps, so many to a call, until each is settled or the run halts; `grounds` is what an intent rests on."""
    queue = list(steps)
    while queue and here.run.may_go_on():
        batch, queue = queue[:size], queue[size:]
        queue += _send(here, batch, call, {step.key: grounds(step) for step in batch})


def _send(
    here: Compensating, batch: Sequence[Step], call: Call, grounds: Mapping[str, Mapping[str, str]]
) -> list[Step]:
    """One call; returns the steps that may be sent once more."""
    by_key = {step.key: step for step in batch}

    def resolve(run: Run, lost: Sequence[tuple[Subject, datetime]]) -> list[Closing]:
        doubts = [Doubt(subject=s, intended=at, evidence=grounds[s.key]) for s, at in lost]
        claimed = run.ledger.made_leads(run.lease.org_id).values()
        closings, unclear = tell(run.org, doubts, run.options, claimed=set(claimed))
        run.in_doubt.update(doubt.subject.lead_id for doubt in unclear)
        here.unclear.update(doubt.subject.key for doubt in unclear)
        return closings

    again = send(
        here.run,
        [step.subject for step in batch],
        lambda subjects: call([by_key[subject.key] for subject in subjects]),
        here.attempts,
        grounds=grounds,
        resolve=resolve,
    )
    here.run.stop_at(here.run.rejected(here.run.keys), len(here.run.keys))
    return [by_key[one.key] for one in again]


def _values(action: CreateLead, image: PreImage) -> Record:
    filled = image.filled
    return {name: filled[name] for name in action.fields if name in filled}


def _without_twins(queue: Sequence[Step], images: Mapping[str, PreImage]) -> tuple[list[Step], list[Step]]:
    """A call's worth of steps of which no two leads are alike, and the rest."""
    batch: list[Step] = []
    rest: list[Step] = []
    seen: set[tuple[str, ...]] = set()
    for step in queue:
        mark = tuple(str(images[step.key].fields.get(name)).casefold() for name in _TWINS)
        if len(batch) == IN_CALL or mark in seen:
            rest.append(step)
        else:
            seen.add(mark)
            batch.append(step)
    return batch, rest

"""Conversions: canary first, wave by wave, packed so that no account stands twice in a call, in batches the org bears.

A lead that attaches to what another lead makes waits for that one, and is not converted when it wasn't. Batches halve
when the org runs into its governor limits, and the size is remembered for the next run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sync.apply.answers import Then
from sync.apply.context import Run
from sync.apply.follow_up import set_opportunity_fields
from sync.apply.precondition import Ready, check_all
from sync.apply.sending import Attempts, resolve_leads, send
from sync.apply.subjects import grounds_of
from sync.ledger.entries import Closing, Entry, State, Subject
from sync.plan.actions import ConvertLead, Target
from sync.plan.packing import FIRST_BATCH, split_canary, take_batch, waits_for, waves
from sync.salesforce.org import Answer, LeadConvert

CANARY, STEP = "canary", "conversions"

_FRESH_FOR = timedelta(minutes=5)
"""How long a re-read counts; in a long run, leads whose turn comes later are read again."""


@dataclass(slots=True)
class _Step:
    """The conversions of a run while they go on."""

    run: Run
    ready: dict[str, Ready]
    """Lead id → its action and the lead as last read."""
    since: datetime
    batch_size: int
    attempts: Attempts = field(default_factory=Attempts)
    read_at: datetime | None = None

    def subject(self, action: ConvertLead) -> Subject:
        return self.ready[action.lead_id].planned.subject


def convert_leads(run: Run, ready: Sequence[Ready], *, since: datetime, read_at: datetime) -> None:
    """Send the conversions and set the planned opportunity fields.

    Args:
        run: The run.
        ready: Conversions whose precondition held at `read_at`.
        since: The plan's mirror watermark, for reading again.
        read_at: When the leads were read.
    """
    step = _Step(
        run=run,
        ready={one.planned.action.lead_id: one for one in ready},
        since=since,
        batch_size=run.ledger.batch_size(run.lease.org_id) or FIRST_BATCH,
        read_at=read_at,
    )
    actions = [one.planned.action for one in ready if isinstance(one.planned.action, ConvertLead)]
    keys = [one.planned.subject.key for one in ready]
    for number, wave in enumerate(waves(actions)):
        canary, rest = split_canary(wave, run.options.limits.canary if number == 0 else 0)
        for name, segment in ((CANARY, canary), (STEP, rest)):
            if not segment or run.halt is not None:
                continue
            _convert(step, segment, name)
            if name == CANARY:
                run.stop_at(run.rejected(step.subject(action).key for action in segment), len(segment))
            run.stop_at(run.rejected(keys), len(keys))
            run.followed |= set_opportunity_fields(run, _made_now(step, segment))


def _convert(step: _Step, segment: Sequence[ConvertLead], name: str) -> None:
    run = step.run
    queue = list(segment)
    alone: list[ConvertLead] = []
    while (queue or alone) and run.may_go_on():
        queue, alone = _read_again(step, queue), _read_again(step, alone)
        if queue:
            batch, queue = take_batch(queue, step.batch_size)
            batch, later = _one_rule(batch)
            queue = later + queue
        elif alone:
            batch, alone = alone[:1], alone[1:]
        else:
            break
        batch = _attachable(run, step, batch)
        if not batch:
            continue
        by_key = {step.subject(action).key: action for action in batch}

        def call(subjects: Sequence[Subject], by_key: Mapping[str, ConvertLead] = by_key) -> list[Answer]:
            sent = [by_key[subject.key] for subject in subjects]
            requests = [_request(run, action) for action in sent]
            return run.org.convert(requests, allow_duplicates=sent[0].convert.allow_duplicates)

        again = send(
            run,
            [step.subject(action) for action in batch],
            call,
            step.attempts,
            grounds={key: grounds_of(action) for key, action in by_key.items()},
            resolve=resolve_leads,
        )
        _learn(run, by_key)
        if any(one.then is Then.AGAIN_SMALLER for one in again):
            _halve(step, len(batch))
        alone += [by_key[one.key] for one in again if one.then is Then.AGAIN_ALONE]
        queue += [by_key[one.key] for one in again if one.then is not Then.AGAIN_ALONE]
        run.progress(name)


def _read_again(step: _Step, actions: list[ConvertLead]) -> list[ConvertLead]:
    """The actions whose precondition still holds, after reading leads again whose last reading is too old."""
    now = step.run.options.clock()
    if not actions or step.read_at is None or now - step.read_at < _FRESH_FOR:
        return actions
    planned = [step.ready[action.lead_id].planned for action in actions]
    again = check_all(step.run, planned, {}, step.since)
    step.ready |= {one.planned.action.lead_id: one for one in again}
    step.read_at = now
    holds = {one.planned.action.lead_id for one in again}
    return [action for action in actions if action.lead_id in holds]


def _one_rule(batch: list[ConvertLead]) -> tuple[list[ConvertLead], list[ConvertLead]]:
    """Those that share the first one's duplicate-rule header, which holds for a whole call, and the others."""
    allowed = batch[0].convert.allow_duplicates
    same = [action for action in batch if action.convert.allow_duplicates is allowed]
    return same, [action for action in batch if action.convert.allow_duplicates is not allowed]


def _attachable(run: Run, step: _Step, batch: Sequence[ConvertLead]) -> list[ConvertLead]:
    """Leads whose forerunners are converted; the others are noted, since what the plan says can't be done."""
    going: list[ConvertLead] = []
    noted: list[tuple[Subject, Closing]] = []
    for action in batch:
        missing = [lead for lead in waits_for(action) if lead not in run.made]
        subject = step.subject(action)
        if not missing:
            going.append(action)
            continue
        doubtful = any(lead in run.in_doubt for lead in missing)
        closing = Closing(
            key=subject.key,
            state=State.NOT_REACHED if doubtful else State.SUPERSEDED,
            code="waits_for_lead_in_doubt" if doubtful else "account_not_made",
            evidence={"leads": " ".join(missing)},
        )
        noted.append((subject, closing))
    run.note(noted)
    return going


def _request(run: Run, action: ConvertLead) -> LeadConvert:
    convert = action.convert
    contact_id = _resolved(run, convert.contact, "Contact")
    opportunity_id = _resolved(run, convert.opportunity, "Opportunity") if convert.opportunity is not None else None
    makes_opportunity = convert.opportunity is not None and opportunity_id is None
    return LeadConvert(
        lead_id=action.lead_id,
        converted_status=convert.status,
        account_id=_resolved(run, convert.account, "Account"),
        contact_id=contact_id,
        opportunity_id=opportunity_id,
        opportunity_name=convert.opportunity.name if convert.opportunity is not None and makes_opportunity else None,
        create_opportunity=convert.opportunity is not None,
        owner_id=convert.owner_id,
        overwrite_lead_source=convert.overwrite_lead_source and contact_id is not None,
        send_notification_email=convert.send_notification_email,
    )


def _resolved(run: Run, target: Target, object_name: str) -> str | None:
    if target.id is not None or target.after is None:
        return target.id
    made = run.made[target.after]
    match object_name:
        case "Account":
            return made.account_id
        case "Contact":
            return made.contact_id
        case _:
            return made.opportunity_id


def _learn(run: Run, by_key: Mapping[str, ConvertLead]) -> None:
    for key, action in by_key.items():
        closing = run.ended.get(key)
        if closing is not None and closing.state in {State.APPLIED, State.ALREADY_APPLIED}:
            run.made[action.lead_id] = closing.made


def _halve(step: _Step, sent: int) -> None:
    smaller = max(1, sent // 2)
    if smaller < step.batch_size:
        step.batch_size = smaller
        step.run.ledger.remember_batch_size(step.run.lease, smaller)


def _made_now(step: _Step, segment: Sequence[ConvertLead]) -> list[Entry]:
    """The ledger's entries of this segment's conversions that await their opportunity fields."""
    waiting = {
        step.subject(action).key
        for action in segment
        if action.convert.opportunity_fields
        and (closing := step.run.ended.get(step.subject(action).key)) is not None
        and closing.state is State.APPLIED
        and closing.made.opportunity_id is not None
    }
    if not waiting:
        return []
    entries = step.run.ledger.live(step.run.lease.org_id, sorted(waiting))
    return [entry for entry in entries.values() if entry.state is State.APPLIED]

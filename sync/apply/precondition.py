"""Is the world still as the plan saw it? Every lead is re-read in bulk before anything is sent.

A lead whose deciding values changed is superseded and named by field; one that is done already is recognised; an
activity that the decision rests on must be unchanged, and nothing new may have come after it. No lead is written here.
What a lead to be converted is, as just read, is kept as its pre-image before anything can be sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sync.apply.context import Planned, Run
from sync.apply.pages import read_pages
from sync.apply.pre_images import fields_to_keep, save_pre_images
from sync.apply.subjects import evidence_text
from sync.ledger.entries import Closing, Entry, Made, State, Subject
from sync.model import Record, Value
from sync.plan.actions import ConvertLead, UpdateStatus
from sync.plan.expects import differences, evidence_digest, same_value
from sync.salesforce.soql import in_lists, soql
from sync.salesforce.values import iso_z, moment_of

LEAD_FIELDS = (
    "Id",
    "Status",
    "OwnerId",
    "IsConverted",
    "ConvertedAccountId",
    "ConvertedContactId",
    "ConvertedOpportunityId",
    "LastModifiedById",
    "SystemModstamp",
)
"""What is re-read of every lead beside its deciding fields."""

_ACTIVITIES = {"00T": "Task", "00U": "Event"}


@dataclass(frozen=True, slots=True)
class Ready:
    """An action whose precondition holds, with the lead's SystemModstamp as just seen."""

    planned: Planned
    seen: datetime


def check_all(run: Run, planned: Sequence[Planned], live: Mapping[str, Entry], since: datetime) -> list[Ready]:
    """As `checked`, all of them at once."""
    return [ready for several in checked(run, planned, live, since) for ready in several]


def checked(
    run: Run, planned: Sequence[Planned], live: Mapping[str, Entry], since: datetime
) -> Iterator[Sequence[Ready]]:
    """Re-read every lead; note what is done, superseded or still in doubt; give what is to be sent, in some lists.

    What needs the lead alone comes as its page is read, and the next pages are on their way meanwhile: status updates
    that rest on no activity. All else comes in the end, together. Pre-images of the leads to be converted are saved
    before that, where the run has a place for them.

    Args:
        run: The run.
        planned: The actions.
        live: Key → the ledger's live entry from earlier runs, for those that have one.
        since: The plan's mirror watermark: activities newer than this were not part of the decision.

    Raises:
        PreImageUnsaved: There is no room for the pre-images, or no permission.
    """
    store = run.options.pre_images
    converts = store is not None and any(isinstance(one.action, ConvertLead) for one in planned)
    fields = fields_to_keep(run.org) if converts else []
    read_at = run.org.now()
    last: list[Planned] = []
    seen: dict[str, Record] = {}
    for several, leads in _read_leads(run, planned, fields):
        last += (waiting := [one for one in several if not _needs_the_lead_alone(one)])
        seen |= {one.action.lead_id: lead for one in waiting if (lead := leads.get(one.action.lead_id)) is not None}
        yield _judged(run, [one for one in several if _needs_the_lead_alone(one)], leads, live, {})
    stale = _stale_evidence(run, [one for one in last if one.action.lead_id in seen], since)
    ready = _judged(run, last, seen, live, stale)
    if store is not None:
        going = [one.planned.action.lead_id for one in ready if isinstance(one.planned.action, ConvertLead)]
        save_pre_images(run.org, store, {lead_id: seen[lead_id] for lead_id in going}, read_at=read_at)
    yield ready


def _needs_the_lead_alone(one: Planned) -> bool:
    return isinstance(one.action, UpdateStatus) and not one.action.expects.activities


def _judged(
    run: Run,
    planned: Sequence[Planned],
    seen: Mapping[str, Record],
    live: Mapping[str, Entry],
    stale: Mapping[str, tuple[str, ...]],
) -> list[Ready]:
    """Those that are to be sent; the others are noted."""
    ready: list[Ready] = []
    noted: list[tuple[Subject, Closing]] = []
    for one in planned:
        verdict = _verdict(one, seen.get(one.action.lead_id), live.get(one.subject.key), stale)
        if isinstance(verdict, Ready):
            ready.append(verdict)
            continue
        noted.append((one.subject, verdict))
        if verdict.state is State.ALREADY_APPLIED and one.subject.kind == "convert_lead":
            run.made[one.action.lead_id] = verdict.made
        if verdict.state is State.IN_DOUBT:
            run.in_doubt.add(one.action.lead_id)
    run.note(noted)
    return ready


def converted_ids(lead: Record) -> Made:
    """What a converted lead's conversion made or attached to."""
    return Made(
        account_id=_text(lead, "ConvertedAccountId"),
        contact_id=_text(lead, "ConvertedContactId"),
        opportunity_id=_text(lead, "ConvertedOpportunityId"),
    )


def _verdict(  # noqa: PLR0911 -- a decision table, one return a row
    one: Planned, lead: Record | None, live: Entry | None, stale: Mapping[str, tuple[str, ...]]
) -> Ready | Closing:
    key, action = one.subject.key, one.action
    if lead is None:
        return Closing(key=key, state=State.SUPERSEDED, code="lead_gone")
    done = _done_already(one, lead, live)
    if done is not None:
        return done
    if live is not None:
        evidence = {"run": live.run_id}
        if live.state is State.INTENDED:
            return Closing(key=key, state=State.IN_DOUBT, code="still_in_doubt", evidence=evidence)
        return Closing(key=key, state=State.SUPERSEDED, code="ledger_disagrees", evidence=evidence)
    differing = differences(action.expects, action.lead_id, lead)
    if differing:
        return Closing(key=key, state=State.SUPERSEDED, code="lead_changed", fields=differing)
    changed = stale.get(action.lead_id)
    if changed is not None:
        evidence = {"records": " ".join(changed)}
        return Closing(key=key, state=State.SUPERSEDED, code="evidence_changed", evidence=evidence)
    return Ready(one, moment_of(str(lead["SystemModstamp"])))


@lru_cache(maxsize=1024)
def _same_status(one: str, other: Value) -> bool:
    """Whether two renderings of a status mean the same; an org has few, and a run asks for every lead."""
    return same_value(one, other)


def _done_already(one: Planned, lead: Record, live: Entry | None) -> Closing | None:
    """How it ended, when the lead already is as the action would make it."""
    action = one.action
    match action:
        case ConvertLead():
            if not lead.get("IsConverted"):
                return None
            code = None if live is not None and live.state is State.APPLIED else "converted_by_another"
            made = converted_ids(lead)
        case UpdateStatus():
            if lead.get("IsConverted") or not _same_status(action.to, lead.get("Status")):
                return None
            code, made = None, Made()
    if live is not None and live.state is State.INTENDED:
        return None
    evidence = evidence_text({"LastModifiedById": lead.get("LastModifiedById")})
    return Closing(key=one.subject.key, state=State.ALREADY_APPLIED, code=code, made=made, evidence=evidence)


def _read_leads(
    run: Run, planned: Sequence[Planned], more: Sequence[str]
) -> Iterator[tuple[Sequence[Planned], Mapping[str, Record]]]:
    """The actions page by page, each with its leads as they are."""
    of_lead: dict[str, list[Planned]] = {}
    for one in planned:
        of_lead.setdefault(one.action.lead_id, []).append(one)
    deciding = sorted({name for one in planned for name in one.action.expects.values})
    fields = list(dict.fromkeys([*LEAD_FIELDS, *deciding, *more]))
    for page, leads in read_pages(run.org, "Lead", list(of_lead), fields):
        yield [one for lead_id in page for one in of_lead[lead_id]], leads


def _stale_evidence(run: Run, planned: Sequence[Planned], since: datetime) -> dict[str, tuple[str, ...]]:
    """Lead id → its activities, where one that the decision rests on changed or vanished, or another came after it.

    Only leads whose decision rests on activities are looked at; one whose decision still stands is left out.
    """
    resting = {one.action.lead_id: one.action for one in planned if one.action.expects.activities}
    if not resting:
        return {}
    evidence = {record for action in resting.values() for record in action.decision.evidence}
    stamps = _read_stamps(run, evidence)
    newer = _newer_activities(run, list(resting), since)
    stale: dict[str, tuple[str, ...]] = {}
    for lead_id, action in resting.items():
        seen = {r: stamps.get(r) for r in action.decision.evidence if r[:3] in _ACTIVITIES} | newer.get(lead_id, {})
        if evidence_digest(seen) != action.expects.activities:
            stale[lead_id] = tuple(sorted(seen))
    if stale and run.options.still_stands is not None:
        stands = run.options.still_stands(sorted(stale))
        stale = {lead_id: records for lead_id, records in stale.items() if not stands.get(lead_id, False)}
    return stale


def _read_stamps(run: Run, records: set[str]) -> dict[str, datetime]:
    stamps: dict[str, datetime] = {}
    for prefix, name in _ACTIVITIES.items():
        ids = sorted(record for record in records if record.startswith(prefix))
        if not ids:
            continue
        found = run.org.retrieve(name, ids, ["Id", "SystemModstamp"])
        for record_id, record in zip(ids, found, strict=True):
            if record is not None:
                stamps[record_id] = moment_of(str(record["SystemModstamp"]))
    return stamps


def _newer_activities(run: Run, lead_ids: Sequence[str], since: datetime) -> dict[str, dict[str, datetime]]:
    select = f"SELECT Id, WhoId, SystemModstamp FROM {{object}} WHERE SystemModstamp > {iso_z(since)} AND WhoId IN"  # noqa: S608 -- a time of ours; ids go through `soql`
    queries = [
        soql(f"{select.format(object=name)} {{leads}}", leads=chunk)
        for chunk in in_lists(lead_ids)
        for name in _ACTIVITIES.values()
    ]
    newer: dict[str, dict[str, datetime]] = {}
    for rows in run.org.query_many(queries):
        for row in rows:
            newer.setdefault(str(row["WhoId"]), {})[str(row["Id"])] = moment_of(str(row["SystemModstamp"]))
    return newer


def _text(lead: Record, name: str) -> str | None:
    value = lead.get(name)
    return str(value) if value else None

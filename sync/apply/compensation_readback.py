"""When the answer to a compensation's request is lost: what the org shows, for each kind of action.

A move, a membership and a deletion show on the record itself. A new lead has no name that both sides know; it is found
by its creator, its time and what it holds. Exactly one such lead is evidence, none is evidence of absence once the
request can't be at work any more, and anything else stays in doubt for a person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.apply.compensation_subjects import CLOCK_SLACK, OBJECT, SINCE, TO
from sync.apply.context import ApplyOptions
from sync.ledger.entries import MADE, Closing, State, Subject
from sync.model import Record
from sync.plan.expects import same_value
from sync.plan.pre_image import PreImage, object_of
from sync.salesforce.org import OrgReader
from sync.salesforce.soql import in_lists, soql
from sync.salesforce.values import iso_z

AMBIGUOUS = "new_lead_ambiguous"
"""Our code for what only a person can tell."""

_LOOKS_APART = 5.0
_MARKS = ("LastName", "Company", "Email")
"""What a new lead is recognised by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """An intent without an outcome."""

    subject: Subject
    intended: datetime
    evidence: Mapping[str, str]
    """What the intent rests on."""


def tell(
    org: OrgReader, doubts: Sequence[Doubt], options: ApplyOptions, *, claimed: Collection[str]
) -> tuple[list[Closing], list[Doubt]]:
    """Closings for what the org shows, waiting until absence counts; and what it can't tell.

    Args:
        org: The org.
        doubts: Intents of a compensation.
        options: Clock, sleep, settle time, pre-images.
        claimed: Leads that are known as the new leads of others.

    Raises:
        LeadgateError: The org can't be read; nothing is closed then.
    """
    settle = timedelta(seconds=options.settle_seconds)
    closings: list[Closing] = []
    waiting = list(doubts)
    ambiguous: list[Doubt] = []
    taken = set(claimed)
    while waiting:
        late = options.clock()
        again: list[Doubt] = []
        for doubt, found in zip(waiting, _look(org, waiting, options, taken), strict=True):
            if found is None:
                ambiguous.append(doubt)
            elif found.state is State.NOT_APPLIED and late - doubt.intended < settle:
                again.append(doubt)
            else:
                closings.append(found)
                if MADE in found.evidence:
                    taken.add(found.evidence[MADE])
        waiting = again
        if waiting:
            remaining = max(doubt.intended for doubt in waiting) + settle - options.clock()
            options.sleep(min(_LOOKS_APART, max(0.1, remaining.total_seconds())))
    return closings, ambiguous


def _look(
    org: OrgReader, doubts: Sequence[Doubt], options: ApplyOptions, taken: Collection[str]
) -> list[Closing | None]:
    """What each shows now; `None` = only a person can tell."""
    activities = _by_id(org, [d for d in doubts if d.subject.kind == "move_activity"])
    gone = _by_id(org, [d for d in doubts if d.subject.kind == "delete_record"])
    members = members_of(org, [d.evidence[TO] for d in doubts if d.subject.kind == "add_campaign_member"])
    found: list[Closing | None] = []
    claimed = set(taken)
    for doubt in doubts:
        subject = doubt.subject
        match subject.kind:
            case "create_lead":
                closing = _new_lead(org, doubt, options, claimed)
                if closing is not None and MADE in closing.evidence:
                    claimed.add(closing.evidence[MADE])
                found.append(closing)
            case "move_activity":
                row = activities[subject.target]
                if row is None:
                    found.append(Closing(key=subject.key, state=State.SUPERSEDED, code="record_gone"))
                else:
                    found.append(_shown(doubt, done=row.get("WhoId") == doubt.evidence[TO]))
            case "add_campaign_member":
                found.append(_shown(doubt, done=(doubt.evidence[TO], subject.target) in members))
            case _:
                found.append(_shown(doubt, done=gone[subject.target] is None))
    return found


def _shown(doubt: Doubt, *, done: bool) -> Closing:
    state, code = (State.APPLIED, None) if done else (State.NOT_APPLIED, "not_executed")
    return Closing(key=doubt.subject.key, state=state, code=code, evidence={**doubt.evidence, "answer": "read back"})


def members_of(org: OrgReader, lead_ids: Sequence[str]) -> set[tuple[str, str]]:
    """(Lead, campaign) of every membership of these leads."""
    if not lead_ids:
        return set()
    queries = [
        soql("SELECT LeadId, CampaignId FROM CampaignMember WHERE LeadId IN {leads}", leads=chunk)
        for chunk in in_lists(lead_ids)
    ]
    return {(str(row["LeadId"]), str(row["CampaignId"])) for rows in org.query_many(queries) for row in rows}


def _by_id(org: OrgReader, doubts: Sequence[Doubt]) -> dict[str, Record | None]:
    """The records that these intents are about."""
    groups: dict[str, list[str]] = {}
    for doubt in doubts:
        name = doubt.evidence.get(OBJECT) or object_of(doubt.subject.target)
        groups.setdefault(name, []).append(doubt.subject.target)
    rows: dict[str, Record | None] = {}
    for name, ids in groups.items():
        fields = ["Id", "WhoId"] if name in {"Task", "Event"} else ["Id"]
        rows |= dict(zip(ids, org.retrieve(name, ids, fields), strict=True))
    return rows


def _new_lead(org: OrgReader, doubt: Doubt, options: ApplyOptions, claimed: Collection[str]) -> Closing | None:
    subject = doubt.subject
    store = options.pre_images
    image = store.get(org.identity.org_id, subject.lead_id) if store is not None else None
    if image is None:  # it can't be told, and is never sent again without: so it needs no evidence
        return Closing(key=subject.key, state=State.SUPERSEDED, code="pre_image_gone", evidence=doubt.evidence)
    marks = [name for name in _MARKS if name in image.fields]
    since = datetime.fromisoformat(doubt.evidence[SINCE]) - CLOCK_SLACK
    rows = [
        row
        for row in org.query(
            soql(
                f"SELECT {', '.join(['Id', *marks])} FROM Lead "  # noqa: S608 -- our own words; the id is quoted
                f"WHERE CreatedDate >= {iso_z(since)} AND CreatedById = {{user}}",
                user=org.identity.user_id,
            )
        )
        if str(row["Id"]) not in claimed
    ]
    same = [row for row in rows if all(same_value(image.fields[name], row.get(name)) for name in marks)]
    if len(same) == 1:
        evidence = {**doubt.evidence, MADE: str(same[0]["Id"]), "answer": "read back"}
        return Closing(key=subject.key, state=State.APPLIED, evidence=evidence)
    if same or any(_is_like(image, row) for row in rows):
        return None
    return _shown(doubt, done=False)


def _is_like(image: PreImage, row: Record) -> bool:
    """Whether it may be the new lead, changed by automation: same last name, or same address."""
    return any(
        image.fields.get(name) not in {None, ""} and same_value(image.fields.get(name), row.get(name))
        for name in ("LastName", "Email")
    )

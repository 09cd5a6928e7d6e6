"""Decisions that somebody overtook: fields changed between a lead's last re-read and its conversion.

Salesforce offers no conversion on a condition, so this can't be prevented, only seen: at the end of a run the converted
leads are read once more, and each that no longer shows what its decision rested on is noted in the ledger, with the
names of the fields. The conversion stays applied; a person looks at it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from sync.apply.context import Run
from sync.apply.precondition import Ready
from sync.errors import AccessRefused, OrgFault, OrgUnavailable
from sync.ledger.codes import OVERTAKEN
from sync.ledger.entries import COMPARISON, Closing, State, Subject
from sync.plan.actions import ConvertLead
from sync.plan.expects import differences
from sync.salesforce.org_facts import ObjectDescribe

STEP = "comparing"

_BY_SALESFORCE = frozenset(
    {
        "Status",
        "IsConverted",
        "IsUnreadByOwner",
        "LastActivityDate",
        "LastModifiedById",
        "LastModifiedDate",
        "LastReferencedDate",
        "LastViewedDate",
    }
)
"""What a conversion changes by itself, so that a difference says nothing; Status among them, which it sets."""


def note_overtaken(run: Run, ready: Iterable[Ready]) -> None:
    """Compare the leads that this run converted with what their decisions rested on; note those that differ.

    Where they can't be read, `run.not_compared` says how many; what was done stays done.

    Args:
        run: The run.
        ready: Its conversions, whether or not they came about.
    """
    done = [
        (one, one.planned.action)
        for one in ready
        if isinstance(one.planned.action, ConvertLead)
        and (closing := run.ended.get(one.planned.subject.key)) is not None
        and closing.state is State.APPLIED
    ]
    if not done:
        return
    if not run.may_finish():
        run.not_compared = len(done)
        return
    try:
        lead = run.org.describe("Lead")
        compared = {one.lead_id: _comparable(one, lead) for _, one in done}
        fields = sorted({name for names in compared.values() for name in names})
        found = run.org.retrieve("Lead", list(compared), ["Id", *fields])
    except (AccessRefused, OrgUnavailable, OrgFault):
        run.not_compared = len(done)
        return
    noted: list[tuple[Subject, Closing]] = []
    for (one, action), seen in zip(done, found, strict=True):
        if seen is None:  # deleted or merged since
            continue
        values = {name: action.expects.values[name] for name in compared[action.lead_id]}
        if changed := differences(replace(action.expects, values=values), action.lead_id, seen):
            run.overtaken[one.planned.subject.key] = changed
            noted.append(_noted(one.planned.subject, changed))
    run.note(noted)
    run.progress(STEP)


def _comparable(action: ConvertLead, lead: ObjectDescribe | None) -> tuple[str, ...]:
    """The deciding fields that only a person or an automation changes; formulas follow what the conversion sets."""
    kept = _BY_SALESFORCE | ({"OwnerId"} if action.convert.owner_id is not None else set())
    fields = lead.fields if lead is not None else {}
    return tuple(
        name for name in action.expects.values if name not in kept and not (name in fields and fields[name].calculated)
    )


def _noted(conversion: Subject, changed: tuple[str, ...]) -> tuple[Subject, Closing]:
    key = hashlib.sha256(f"{conversion.key}\n{COMPARISON}".encode()).hexdigest()[:32]
    subject = Subject(
        key=key,
        kind=COMPARISON,
        lead_id=conversion.lead_id,
        target=conversion.target,
        parent_key=conversion.key,
    )
    return subject, Closing(key=key, state=State.SUPERSEDED, code=OVERTAKEN, fields=changed)

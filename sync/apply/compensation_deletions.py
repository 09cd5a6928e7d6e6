"""The last step of a compensation: what the conversions made goes, as far as nobody has changed or used it.

Looked at again just before each deletion, since a delete carries no condition and takes along what hangs on a record.
Nothing of a lead is deleted before everything else of it was given to the new lead.
"""

from __future__ import annotations

from collections.abc import Sequence

from sync.apply.compensation_steps import IN_CALL, Compensating, send_all
from sync.apply.compensation_subjects import OBJECT, Step
from sync.ledger.entries import State
from sync.plan.compensation import DELETION_ORDER, DeleteRecord
from sync.plan.pre_image import known_rows
from sync.plan.unused import MadeRecord, uses
from sync.salesforce.hanging import hanging_on
from sync.salesforce.values import moment_of

_DONE = {State.APPLIED, State.ALREADY_APPLIED, State.SUPERSEDED}
"""Ends that leave nothing of the lead to be given back."""


def delete_records(here: Compensating) -> None:
    """Delete what is still unused: opportunities, then contacts, then accounts."""
    steps = [step for step in here.steps if isinstance(step.action, DeleteRecord)]
    restored = {
        lead
        for lead in {step.action.lead_id for step in steps}
        if all(
            (closing := here.run.ended.get(step.key)) is not None and closing.state in _DONE
            for step in here.steps
            if step.action.lead_id == lead and not isinstance(step.action, DeleteRecord)
        )
        and lead in here.new_leads
    }
    for name in DELETION_ORDER:
        if not here.run.may_go_on():
            return
        due = [step for step in steps if isinstance(step.action, DeleteRecord) and step.action.object == name]
        for step in due:
            if step.action.lead_id not in restored:
                here.end(step, State.NOT_REACHED, "waits_for_restoring")
        queue = _unused(here, name, [s for s in due if s.action.lead_id in restored and not here.settled(s)])
        send_all(
            here,
            queue,
            lambda batch: here.run.org.delete([step.subject.target for step in batch]),
            IN_CALL,
            _object_of_record,
        )
        here.run.progress("deletions")


def _object_of_record(step: Step) -> dict[str, str]:
    return {OBJECT: step.action.object} if isinstance(step.action, DeleteRecord) else {}


def _unused(here: Compensating, object_name: str, steps: Sequence[Step]) -> list[Step]:
    """Those that nobody has changed or used since the plan, by what the org shows now; the others are noted."""
    org = here.run.org
    ids = [step.subject.target for step in steps]
    fields = ["Id", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById"]
    rows = org.retrieve(object_name, ids, fields) if ids else []
    records: dict[str, MadeRecord] = {}
    for step, row in zip(steps, rows, strict=True):
        action = step.action
        if row is None:
            here.end(step, State.ALREADY_APPLIED, "record_gone")
            continue
        modified = moment_of(str(row["LastModifiedDate"]))
        if not isinstance(action, DeleteRecord) or modified.replace(microsecond=0) != action.modified_at:
            here.end(step, State.SUPERSEDED, "record_changed")
            continue
        records[step.key] = MadeRecord(
            object=object_name,
            id=action.record_id,
            lead_id=action.lead_id,
            created_at=moment_of(str(row["CreatedDate"])),
            created_by=str(row["CreatedById"]),
            modified_at=modified,
            modified_by=str(row["LastModifiedById"]),
            ours_until=modified,
        )
    images = [image for step in here.steps if (image := here.image(step.action.lead_id)) is not None]
    hanging = hanging_on(org, object_name, [record.id for record in records.values()])
    staying = uses(
        records.values(),
        hanging.children,
        ours={record.created_by for record in records.values()} | {r.modified_by for r in records.values()},
        known=known_rows(images),
    )
    queue: list[Step] = []
    for step in steps:
        record = records.get(step.key)
        if record is None:
            continue
        if hanging.refused:
            here.end(step, State.SUPERSEDED, "record_used", unreadable=" ".join(hanging.refused))
        elif (use := staying.get(record.id)) is not None:
            here.end(step, State.SUPERSEDED, "record_used", records=" ".join(use.records))
        else:
            queue.append(step)
    return queue

"""An action as the ledger writes it down: key, lead, target, and what it rests on; ids and statuses only.

The planned opportunity fields travel with a conversion's intent, so that recovery can finish the conversion without
the plan file: stage, close date, amount, record type. None of them is a person's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from sync.ledger.entries import LEAD_MODSTAMP, Entry, Subject
from sync.model import Value
from sync.plan.actions import Action, ConvertLead, UpdateStatus, action_key
from sync.plan.canonical import canonical


def subject_of(org_id: str, action: Action) -> Subject:
    """What the ledger calls this action."""
    key = action_key(org_id, action)
    match action:
        case UpdateStatus():
            return Subject(key=key, kind="update_status", lead_id=action.lead_id, target=action.to)
        case ConvertLead():
            return Subject(
                key=key,
                kind="convert_lead",
                lead_id=action.lead_id,
                target=action.convert.status,
                follow_up={name: _json(value) for name, value in action.convert.opportunity_fields.items()},
            )


def grounds_of(action: Action) -> dict[str, str]:
    """What the intent rests on: verdict, criteria, evidence ids; kept so that "why" can be answered later."""
    decision = action.decision
    grounds = {
        "verdict": decision.verdict,
        "met": " ".join(sorted(name for name, truth in decision.results.items() if truth.value == "met")),
        "records": " ".join(decision.evidence),
        LEAD_MODSTAMP: action.expects.system_modstamp.isoformat(),
    }
    if decision.forced:
        grounds["forced"] = "yes"
    return grounds


def follow_up_subject(conversion: Subject, opportunity_id: str) -> Subject:
    """The follow-up that sets a new opportunity's planned fields; the same one in every run."""
    key = hashlib.sha256(f"{conversion.key}\nset_opportunity_fields\n{opportunity_id}".encode()).hexdigest()[:32]
    return Subject(
        key=key,
        kind="set_opportunity_fields",
        lead_id=conversion.lead_id,
        target=opportunity_id,
        parent_key=conversion.key,
    )


def follow_up_values(conversion: Subject | Entry) -> dict[str, Value]:
    """The planned opportunity fields, typed again."""
    subject = conversion.subject if isinstance(conversion, Entry) else conversion
    return {name: _value(text) for name, text in subject.follow_up.items()}


def _json(value: Value) -> str:
    match value:
        case datetime() | date():
            return canonical(value.isoformat())
        case float():
            return canonical(Decimal(repr(value)))
        case _:
            return canonical(value)


def _value(text: str) -> Value:
    value: Value = json.loads(text, parse_float=Decimal)
    return value


def evidence_text(values: Mapping[str, Value]) -> dict[str, str]:
    """What was read back, as the ledger's evidence; values of system fields only."""
    return {name: "" if value is None else str(value) for name, value in values.items()}

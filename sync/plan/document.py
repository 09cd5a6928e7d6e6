r"""The plan as canonical JSON: the form that is saved, hashed, compared and shown to machines.

Keys are those that machines may rely on (`plan_id, format, org_id, created_at, policy, …, actions[]`). The file has
one action to a line, so that two plans compare with any diff. The id is the SHA-256 of the canonical form without
`plan_id`: keys sorted, no blanks, UTF-8, numbers without exponent. Times are ISO 8601 in UTC, dates `2026-05-01`.
`sync.plan.codec` reads it back. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from sync.model import Value
from sync.plan.actions import Action, Blocker, ConvertLead, ConvertSettings, Plan, Target, UpdateStatus, action_key

FORMAT = 2
"""Version of the file's form; a reader refuses any other."""

Json = str | bool | int | Decimal | None | list["Json"] | dict[str, "Json"]


def identified(plan: Plan) -> Plan:
    """The plan with its id, the hash of everything else."""
    lines = _lines(plan)
    named = replace(plan, plan_id=_id_of(_head(plan), lines))
    object.__setattr__(named, "lines", lines)  # the one place that fills it; `replace` never carries it on
    return named


def encode(plan: Plan) -> str:
    """The plan's file."""
    return file_of({"plan_id": plan.plan_id, **_head(plan)}, plan.lines or _lines(plan))


def file_of(head: Mapping[str, Json], lines: Sequence[str]) -> str:
    """A plan's file from everything but its actions, and these in canonical form."""
    above = ",\n".join(f"  {canonical(name)}: {canonical(value)}" for name, value in head.items())
    below = ("\n    " + ",\n    ".join(lines) + "\n  ") if lines else ""
    return f'{{\n{above},\n  "actions": [{below}]\n}}\n'


def untouched(document: Mapping[str, Json], text: str) -> bool:
    """Whether a file is, to the letter, what `encode` made of a plan with the id that stands in it.

    Answered from the text as it is, so that nothing has to be written again to be hashed.

    Args:
        document: The parsed file.
        text: The file.
    """
    head = {name: value for name, value in document.items() if name != "actions"}
    lines = [line[4:].removesuffix(",") for line in text.split("\n") if line.startswith("    ")]
    if file_of(head, lines) != text:
        return False
    return head.pop("plan_id", None) == _id_of(head, lines)


def canonical(value: Json) -> str:
    """JSON in the one form that is hashed: keys sorted, no blanks, numbers without exponent or trailing zeros."""
    try:
        return _ENCODER.encode(value)
    except _NoExactFloat:
        return _spelt_out(value)


class _NoExactFloat(Exception):
    """A decimal that no float prints digit by digit, so that the standard encoder can't write it."""


def _exact_number(value: object) -> int | float:
    """A decimal as the number whose JSON text is its own, so that the standard encoder can write whole plans."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no place in a plan")
    if value == value.to_integral_value():
        return int(value)
    nearest = float(value)
    if repr(nearest) != format(value.normalize(), "f"):
        raise _NoExactFloat
    return nearest


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_exact_number, check_circular=False
)
"""Made once for the many actions; plans are trees, so nobody need look for circles."""


def _spelt_out(value: Json) -> str:
    match value:
        case Decimal():
            return format(value.normalize(), "f") if value != value.to_integral_value() else str(int(value))
        case list():
            return "[" + ",".join(_spelt_out(element) for element in value) + "]"
        case dict():
            members = (f"{json.dumps(key, ensure_ascii=False)}:{_spelt_out(value[key])}" for key in sorted(value))
            return "{" + ",".join(members) + "}"
        case _:
            return json.dumps(value, ensure_ascii=False)


def action_document(org_id: str, action: Action) -> dict[str, Json]:
    """One action as the plan file holds it."""
    common: dict[str, Json] = {
        "key": action_key(org_id, action),
        "kind": action.kind,
        "lead_id": action.lead_id,
        "expects": {
            "system_modstamp": _time(action.expects.system_modstamp),
            "values": {name: _value(value) for name, value in action.expects.values.items()},
            "activities": action.expects.activities,
        },
        "decision": {
            "verdict": action.decision.verdict,
            "results": dict(action.decision.results),
            "evidence": list(action.decision.evidence),
            "forced": action.decision.forced,
        },
        "prediction": {
            "outcome": action.prediction.value,
            "blockers": [_blocker(blocker) for blocker in action.blockers],
            "warnings": [_blocker(warning) for warning in action.warnings],
        },
    }
    match action:
        case UpdateStatus():
            return {**common, "from": action.from_, "to": action.to, "source": action.source}
        case ConvertLead():
            return {
                **common,
                "convert": _convert_document(action.convert),
                "creates": list(action.creates),
                "matches": dict(action.matches),
                "candidates": [
                    {"object": c.object, "id": c.id, "rank": c.rank, "reasons": list(c.reasons), "lost": c.lost}
                    for c in action.candidates
                ],
                "losses": [{"kind": x.kind, "field": x.field, "detail": x.detail} for x in action.losses],
            }


def _blocker(blocker: Blocker) -> dict[str, Json]:
    return {"code": blocker.code, "field": blocker.field, "message": blocker.message, "fix": blocker.fix}


def _head(plan: Plan) -> dict[str, Json]:
    return {
        "format": plan.format,
        "org_id": plan.org_id,
        "created_at": _time(plan.created_at),
        "clock": _time(plan.clock),
        "policy": plan.policy,
        "policy_digest": plan.policy_digest,
        "mapping_digest": plan.mapping_digest,
        "mirror_watermark": _time(plan.mirror_watermark),
        "forecast": {"api_calls": plan.forecast_calls},
        "counts": dict(plan.counts),
        "remarks": list(plan.remarks),
    }


def _lines(plan: Plan) -> tuple[str, ...]:
    return tuple(canonical(action_document(plan.org_id, action)) for action in plan.actions)


def _id_of(head: Mapping[str, Json], lines: Sequence[str]) -> str:
    """`content_id` of a document whose actions are in canonical form already."""
    members = {name: canonical(value) for name, value in head.items()} | {"actions": f"[{','.join(lines)}]"}
    whole = ",".join(f"{canonical(name)}:{members[name]}" for name in sorted(members))
    return hashlib.sha256(f"{{{whole}}}".encode()).hexdigest()


def _convert_document(convert: ConvertSettings) -> dict[str, Json]:
    return {
        "status": convert.status,
        "account": _target_document(convert.account),
        "contact": _target_document(convert.contact),
        "opportunity": _target_document(convert.opportunity) if convert.opportunity is not None else None,
        "owner": convert.owner_id,
        "opportunity_fields": {name: _value(value) for name, value in convert.opportunity_fields.items()},
        "allow_duplicates": convert.allow_duplicates,
        "overwrite_lead_source": convert.overwrite_lead_source,
        "send_notification_email": convert.send_notification_email,
    }


def _target_document(target: Target) -> dict[str, Json]:
    return {"id": target.id, "name": target.name, "reasons": list(target.reasons), "after": target.after}


def _value(value: Value) -> Json:
    match value:
        case datetime():
            return _time(value)
        case date():
            return value.isoformat()
        case float():
            return Decimal(repr(value))
        case _:
            return value


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


def content_id(content: Mapping[str, Json]) -> str:
    """The plan id that fits a content (the document without `plan_id`)."""
    return hashlib.sha256(canonical(dict(content)).encode()).hexdigest()

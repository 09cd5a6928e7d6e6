"""The precondition of an action: what the decision saw of the lead, and whether the org still shows the same.

`make_plan` writes it, `apply` compares it with the lead as re-read just before sending; any difference means that the
decision may no longer hold. Values of people (names, addresses, notes) are kept as digests: equal or not is all that
is asked of them. Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from sync.mapping import ObjectMapping
from sync.model import FieldType, Record, Value
from sync.plan.actions import Expects

ALWAYS = ("Status", "OwnerId", "IsConverted")
"""Fields that every action expects unchanged, whatever the policy reads."""

_PLAIN = {
    FieldType.BOOLEAN,
    FieldType.INTEGER,
    FieldType.NUMBER,
    FieldType.CURRENCY,
    FieldType.PERCENT,
    FieldType.DATE,
    FieldType.DATETIME,
    FieldType.ID,
    FieldType.PICKLIST,
    FieldType.MULTIPICKLIST,
}
"""Types whose values tell nothing of a person; every other type is kept as a digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rested:
    """A field that decisions rest on, as the precondition keeps it."""

    name: str
    """Ours."""
    api_name: str
    plain: bool
    """Whether its value stands in the plan as it is; otherwise its digest does."""


_DATETIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def rested_on(mapping: ObjectMapping, fields: Iterable[str]) -> tuple[Rested, ...]:
    """The fields that actions of one kind expect unchanged; the same for every lead of a plan.

    Args:
        mapping: The lead's mapping.
        fields: Our names of the fields that the decision rests on.
    """
    mapped = (mapping.fields[name] for name in sorted({"status", "owner_id", "is_converted", *fields}))
    return tuple(
        Rested(name=one.name, api_name=one.api_name, plain=one.type in _PLAIN or one.api_name in ALWAYS)
        for one in mapped
        if one.api_name not in {"Id", "SystemModstamp"}
    )


def expects(lead: Record, fields: Iterable[Rested], evidence: Mapping[str, datetime] | None = None) -> Expects:
    """The precondition of an action on a lead.

    Args:
        lead: The lead's values by our names.
        fields: What the decision rests on, by `rested_on`.
        evidence: Task and Event ids that it rests on, and the lead's newest → their SystemModstamp.
    """
    lead_id, stamp = lead["id"], lead["system_modstamp"]
    if not isinstance(stamp, datetime):
        raise TypeError(f"system_modstamp of {lead_id} is no time")
    values = {
        field.api_name: stable(lead.get(field.name)) if field.plain else digest(str(lead_id), lead.get(field.name))
        for field in fields
    }
    return Expects(system_modstamp=stamp, values=values, activities=evidence_digest(evidence or {}))


def evidence_digest(stamps: Mapping[str, datetime | None]) -> str:
    """One hash over the records that a decision rests on and when each last changed; empty for none."""
    if not stamps:
        return ""
    lines = (f"{record} {stamp.astimezone(UTC).isoformat() if stamp else 'gone'}" for record, stamp in stamps.items())
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:32]


def differences(expected: Expects, lead_id: str, seen: Record) -> tuple[str, ...]:
    """API names of the fields whose value is no longer the expected one, in alphabetical order.

    `seen` holds values by API name, typed or as JSON gives them (dates and times as text).
    """
    return tuple(
        name for name, value in sorted(expected.values.items()) if not same_value(value, seen.get(name), lead_id)
    )


def same_value(expected: Value, seen: Value, lead_id: str = "") -> bool:
    """Whether two renderings of a field's value mean the same; blank text is no value."""
    if isinstance(expected, str) and expected.startswith("sha256:"):
        return digest(lead_id, seen) == expected
    if type(expected) is type(seen) and expected == seen:
        return True
    return _normal(expected) == _normal(seen)


def digest(lead_id: str, value: Value) -> Value:
    """What stands for a person's value in a plan; `None` stays `None`, so that "filled in since" shows."""
    normal = _normal(value)
    if normal is None:
        return None
    return "sha256:" + hashlib.sha256(f"{lead_id}\n{normal}".encode()).hexdigest()[:32]


def stable(value: Value) -> Value:
    """The value as a plan file gives it back: floats as decimals, times in UTC without fractions of a second."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(microsecond=0)
    return value


def _normal(value: Value) -> object:
    match value:
        case None | "":
            return None
        case bool():
            return value
        case int() | float() | Decimal():
            return _number(str(value))
        case datetime():
            return value.astimezone(UTC).replace(microsecond=0)
        case date():
            return value.isoformat()
        case str():
            return _text(value)


def _number(text: str) -> object:
    try:
        return Decimal(text).normalize()
    except InvalidOperation:
        return text


def _text(text: str) -> object:
    found = _DATETIME.fullmatch(text) if text[:1].isdigit() else None
    if found:
        day, time, zone = found.groups()
        return datetime.fromisoformat(f"{day}T{time}{'+00:00' if zone in {None, 'Z'} else zone}").astimezone(UTC)
    # As the mirror has it; asked for hundreds of thousands of texts of a plan, nearly all of them plain.
    kept = text if text.isascii() else text.encode("utf-8", "replace").decode()
    return kept.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").rstrip() or None

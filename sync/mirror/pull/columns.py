"""Whether the org has what the mapping names, before anything is read.

Asked only when there is something new to ask: the first pull, a changed mapping, or a refused query. All that is
missing is reported at once, each with its line; an object that the org doesn't have is left out with a warning, unless
it is Lead itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.errors import AccessRefused, MappingInvalid, Problem
from sync.mapping import SYSTEM_FIELDS, MappedField, ObjectMapping
from sync.mirror.state import PulledColumn
from sync.salesforce.org import ObjectDescribe, OrgReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the org has of the mapping."""

    of: Mapping[str, Mapping[str, PulledColumn]]
    """Our object name → our field name → where it comes from."""
    skipped: Mapping[str, str]
    """Our object name → why it can't be read."""


def settle_columns(org: OrgReader, mappings: Sequence[ObjectMapping]) -> Columns:
    """Looks the mapped objects up in the org.

    Raises:
        MappingInvalid: Fields that the org doesn't have, or doesn't show to this user; all at once.
        AccessRefused: Lead itself can't be read.
    """
    if not mappings:
        return Columns(of={}, skipped={})
    described = org.describe_many([mapped.object for mapped in mappings])
    found: dict[str, dict[str, PulledColumn]] = {}
    skipped: dict[str, str] = {}
    problems: list[Problem] = []
    for mapped in mappings:
        describe = described[mapped.object]
        if describe is None or not describe.queryable:
            skipped[mapped.name] = _refuse_lead(mapped)
            continue
        found[mapped.name] = {f.name: _column(f, describe) for f in mapped.fields.values()}
        problems += [
            Problem(
                mapped.file,
                max(1, field.line),
                f"{field.name}: {mapped.object} has no field {field.api_name}, or this user can't see it",
                "correct the name, give the user read access, or take the line out",
            )
            for field in mapped.fields.values()
            if found[mapped.name][field.name].api_name is None and not _may_lack(field)
        ]
    if problems:
        raise MappingInvalid(problems)
    return Columns(of=found, skipped=skipped)


def _refuse_lead(mapped: ObjectMapping) -> str:
    reason = f"this org has no object {mapped.object}, or this user can't see it"
    if mapped.object == "Lead":
        raise AccessRefused(reason, place=mapped.file, fix="give the user read access to Lead")
    return reason


def _column(field: MappedField, describe: ObjectDescribe) -> PulledColumn:
    known = describe.field(field.api_name)
    if known is None:
        return PulledColumn(api_name=None, type=field.type)
    return PulledColumn(api_name=known.name, type=field.type, calculated=known.calculated)


def _may_lack(field: MappedField) -> bool:
    """User has no IsDeleted, and so on; only what leadgate added by itself may be missing."""
    return field.added and field.name in SYSTEM_FIELDS and field.name not in {"id", "system_modstamp"}

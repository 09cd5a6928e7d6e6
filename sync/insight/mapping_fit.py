"""Whether the mapping fits an org's describe, and what it could say of fields that it leaves out.

`mapping lint`, `doctor` and `init` ask here before anything is pulled: a field that the org doesn't have, or that this
user may not see, is found by file and line and not by a failed query. Works on describes alone; nothing is asked here.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sync.errors import Problem
from sync.mapping import MappedField, ObjectMapping, OrgMapping, snake_case
from sync.model import FieldType
from sync.salesforce.org import FieldDescribe, ObjectDescribe

WRITTEN = {"Lead": ("Status",)}
"""Fields that leadgate writes to by name; those that a policy sets on opportunities are the policy lint's matter."""

_TYPES: Mapping[str, tuple[FieldType, ...]] = {
    "string": (FieldType.TEXT,),
    "textarea": (FieldType.TEXT,),
    "encryptedstring": (FieldType.TEXT,),
    "combobox": (FieldType.TEXT, FieldType.PICKLIST),
    "picklist": (FieldType.PICKLIST, FieldType.TEXT),
    "multipicklist": (FieldType.MULTIPICKLIST, FieldType.TEXT),
    "boolean": (FieldType.BOOLEAN,),
    "int": (FieldType.INTEGER, FieldType.NUMBER),
    "long": (FieldType.INTEGER, FieldType.NUMBER),
    "double": (FieldType.NUMBER, FieldType.INTEGER),
    "currency": (FieldType.CURRENCY, FieldType.NUMBER),
    "percent": (FieldType.PERCENT, FieldType.NUMBER),
    "date": (FieldType.DATE,),
    "datetime": (FieldType.DATETIME,),
    "id": (FieldType.ID,),
    "reference": (FieldType.ID,),
    "email": (FieldType.EMAIL, FieldType.TEXT),
    "phone": (FieldType.PHONE, FieldType.TEXT),
    "url": (FieldType.URL, FieldType.TEXT),
    "anyType": (FieldType.TEXT,),
}
"""Describe's types → those a mapping may give them, the natural one first. Others (address, location, base64, time,
complexvalue) can't be mapped: the Bulk API doesn't give them, or they are made of fields that can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingFit:
    """What was found: with errors a pull can't run; warnings are worth a look."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A line that a mapping file could have."""

    object: str
    name: str
    api_name: str
    type: FieldType
    label: str

    def line(self) -> str:
        """The line as YAML, to be put under `fields:`."""
        return f"  {self.name}: {{field: {self.api_name}, type: {self.type.value}}}  # {self.label}"


def lint_mapping(mapping: OrgMapping, describes: Mapping[str, ObjectDescribe | None]) -> MappingFit:
    """Everything in the mapping that doesn't fit, in the order of files and lines.

    Args:
        mapping: The mapping.
        describes: API name → describe of each mapped object; `None` where the user sees no such object.
    """
    errors: list[Problem] = []
    warnings: list[Problem] = []
    for mapped in mapping:
        described = describes.get(mapped.object)
        if described is None or not described.queryable:
            kept = errors if mapped.object == "Lead" else warnings
            kept.append(
                Problem(
                    mapped.file,
                    1,
                    f"this user sees no object {mapped.object}; signals from it stay unknown",
                    "grant Read on it, or take this file away",
                )
            )
            continue
        for field in mapped.fields.values():
            found = described.field(field.api_name)
            if found is None:
                if field.name in {"id", "system_modstamp"} or not field.added:
                    errors.append(_missing(mapped, field, described))
                continue  # what leadgate added for itself is asked for only where the object has it
            errors += _unfit(mapped, field, found)
            errors += _no_target(mapped, field, describes)
            warnings += _doubtful(mapped, field, found)
    return MappingFit(errors=tuple(sorted(errors, key=_place)), warnings=tuple(sorted(warnings, key=_place)))


def suggest(mapped: ObjectMapping, described: ObjectDescribe, *, everything: bool = False) -> Iterator[Suggestion]:
    """Lines for the object's fields that the mapping leaves out: custom fields, or every mappable field."""
    taken = set(mapped.fields)
    for field in described.fields.values():
        types = _TYPES.get(field.type)
        if types is None or mapped.by_api_name(field.name) is not None or not (field.custom or everything):
            continue
        name = _free_name(snake_case(field.name), taken)
        taken.add(name)
        yield Suggestion(object=mapped.object, name=name, api_name=field.name, type=types[0], label=field.label)


def _missing(mapped: ObjectMapping, field: MappedField, described: ObjectDescribe) -> Problem:
    near = difflib.get_close_matches(field.api_name, list(described.fields), n=1, cutoff=0.75)
    hint = f"did you mean {near[0]}? Else" if near else "check its API name, and"
    return Problem(
        mapped.file,
        max(1, field.line),
        f"{field.name}: {mapped.object} has no field {field.api_name} that this user may read",
        f"{hint} grant read access in field-level security",
    )


def _unfit(mapped: ObjectMapping, field: MappedField, found: FieldDescribe) -> Iterator[Problem]:
    types = _TYPES.get(found.type, ())
    if field.type not in types:
        fits = f"its type is {' or '.join(t.value for t in types)}" if types else "map the fields that it is made of"
        yield Problem(
            mapped.file,
            max(1, field.line),
            f"{field.name}: {found.name} is a {found.type} in Salesforce, which {field.type.value} doesn't fit",
            fits,
        )
    if found.name in WRITTEN.get(mapped.object, ()) and not found.updateable:
        yield Problem(
            mapped.file,
            max(1, field.line),
            f"{field.name}: this user may not edit {mapped.object}.{found.name}, which leadgate writes",
            "grant edit access in field-level security",
        )


def _no_target(
    mapped: ObjectMapping, field: MappedField, describes: Mapping[str, ObjectDescribe | None]
) -> Iterator[Problem]:
    """Targets of a conversion that don't exist, on objects whose describe is at hand."""
    for target in field.converts_to or ():
        name, _, api_name = target.partition(".")
        described = describes.get(name)
        if described is not None and described.field(api_name) is None:
            yield Problem(
                mapped.file,
                max(1, field.line),
                f"{field.name}: converts_to names {target}, which this user doesn't see",
                "check its API name, and grant read access in field-level security",
            )


def _doubtful(mapped: ObjectMapping, field: MappedField, found: FieldDescribe) -> Iterator[Problem]:
    if found.calculated:
        yield Problem(
            mapped.file,
            max(1, field.line),
            f"{field.name}: {found.name} is a formula: it changes without moving SystemModstamp, so the mirror may lag",
            "apply re-reads it before acting; for exact checks refer to the fields that the formula is made of",
        )


def _free_name(name: str, taken: Iterable[str]) -> str:
    wanted, number = name, 2
    while wanted in taken:
        wanted, number = f"{name}_{number}", number + 1
    return wanted


def _place(problem: Problem) -> tuple[str, int]:
    return problem.file, problem.line

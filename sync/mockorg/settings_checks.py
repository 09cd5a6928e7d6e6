"""Whether the parts of org.yaml fit together: names that must exist, formulas that must parse, known values.

Every problem is found in one go, each with the path of its key, so that `org_yaml` can name the line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from .errors import SalesforceError
from .formula import FormulaError, parse_formula
from .org_schema import WITH_RECORD_TYPES, build_schema
from .rules import KNOWN_GLOBALS
from .standard import standard_objects

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .formula.parse import Formula
    from .schema import ObjectType, Schema
    from .settings import OrgSettings

Path: TypeAlias = tuple[str | int, ...]
Problem: TypeAlias = tuple[Path, str]

_CONVERTED_INTO = ("Account", "Contact", "Opportunity")
_CHANGING = frozenset({"TODAY", "NOW", "ISNEW", "ISCHANGED", "PRIORVALUE"})


def problems_of(settings: OrgSettings) -> list[Problem]:
    """Everything about the settings that cannot be, as the path of a key and a sentence."""
    found = [*_features(settings), *_people(settings), *_values(settings), *_objects(settings)]
    if found:
        return found  # the rest needs a schema
    try:
        schema = build_schema(settings)
    except SalesforceError as error:
        return [(("custom_fields",), error.message)]
    return [
        *_fields(settings, schema),
        *_record_types(settings),
        *_rules(settings, schema),
        *_conversion(settings, schema),
    ]


def _features(settings: OrgSettings) -> Iterator[Problem]:
    for name, on in settings.features:
        if on:
            yield ("features", name), "the mock org does not model this feature; leave it off"


def _missing(path: Path, wanted: Iterable[str | None], known: Iterable[str], what: str) -> Iterator[Problem]:
    names = set(known)
    for each in wanted:
        if each is not None and each not in names:
            yield path, f"there is no {what} {each}; known are {', '.join(sorted(names)) or 'none'}"


def _twice(path: Path, names: Iterable[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name.lower() in seen:
            yield (*path, number), f"{name} stands here twice"
        seen.add(name.lower())


def _people(settings: OrgSettings) -> Iterator[Problem]:
    usernames = [each.username for each in settings.users]
    profiles = [each.name for each in settings.profiles]
    sets = [each.name for each in settings.permission_sets]
    if not usernames:
        yield ("users",), "an org has at least one user"
    yield from _twice(("users",), usernames)
    for number, user in enumerate(settings.users):
        path = ("users", number)
        yield from _missing((*path, "profile"), [user.profile], profiles, "profile")
        yield from _missing((*path, "permission_sets"), user.permission_sets, sets, "permission set")
        yield from _missing((*path, "role"), [user.role], settings.roles, "role")
        yield from _missing((*path, "manager"), [user.manager], usernames, "user")
    for number, queue in enumerate(settings.queues):
        yield from _missing(("queues", number, "members"), queue.members, usernames, "user")
    yield from _missing(("credentials", "run_as"), [settings.credentials.run_as], usernames, "user")


def _values(settings: OrgSettings) -> Iterator[Problem]:
    statuses, stages = settings.lead_statuses, settings.opportunity_stages
    for key, names in (
        ("lead_statuses", [each.name for each in statuses]),
        ("opportunity_stages", [each.name for each in stages]),
        ("task_statuses", [each.name for each in settings.task_statuses]),
    ):
        yield from _twice((key,), names)
    if sum(each.default for each in statuses) != 1:
        yield ("lead_statuses",), "exactly one lead status is the default"
    if not any(each.converted for each in statuses):
        yield ("lead_statuses",), "at least one lead status is converted"
    if not any(each.active and not each.closed for each in stages):
        yield ("opportunity_stages",), "at least one stage is active and open"
    if settings.conversion.stage is not None:
        active = [each.name for each in stages if each.active]
        yield from _missing(("conversion", "stage"), [settings.conversion.stage], active, "active stage")


def _objects(settings: OrgSettings) -> Iterator[Problem]:
    known = {each.name for each in standard_objects()} | {each.name for each in settings.custom_objects}
    for key in ("custom_fields", "record_types", "tracked_fields", "assignment_rules"):
        for name in getattr(settings, key):
            yield from _missing((key, name), [name], known, "object")
    for number, each in enumerate(settings.custom_objects):
        if not each.name.endswith("__c"):
            yield ("custom_objects", number, "name"), f"a custom object's name ends in __c: {each.name}__c"
    for name, given in settings.custom_fields.items():
        for number, field in enumerate(given):
            if not field.name.endswith("__c"):
                yield ("custom_fields", name, number, "name"), f"a custom field's name ends in __c: {field.name}__c"
            yield from _missing(("custom_fields", name, number, "reference_to"), field.reference_to, known, "object")
            if (field.type == "reference") != bool(field.reference_to):
                yield (
                    ("custom_fields", name, number),
                    "reference_to belongs to fields of type reference, and they need it",
                )


def _fields(settings: OrgSettings, schema: Schema) -> Iterator[Problem]:
    for name, given in settings.custom_fields.items():
        type_ = schema.object(name)
        for number, field in enumerate(given):
            if field.formula is None:
                continue
            path = ("custom_fields", name, number, "formula")
            formula, problems = _parsed(path, field.formula, schema, type_)
            yield from problems
            if formula and (_CHANGING & formula.functions() or any(len(each.path) > 1 for each in formula.names())):
                yield path, "only formulas over the record's own fields, without the time, are modelled"
    for name, names in settings.tracked_fields.items():
        type_ = schema.object(name)
        for number, field_name in enumerate(names):
            if type_.field(field_name) is None:
                yield ("tracked_fields", name, number), f"{type_.name} has no field {field_name}"


def _record_types(settings: OrgSettings) -> Iterator[Problem]:
    profiles = [each.name for each in settings.profiles]
    allowed = {
        "Lead": [each.name for each in settings.lead_statuses],
        "Opportunity": [each.name for each in settings.opportunity_stages],
    }
    for name, given in settings.record_types.items():
        yield from _missing(("record_types", name), [name], WITH_RECORD_TYPES, "object with record types")
        for number, each in enumerate(given):
            path = ("record_types", name, number)
            yield from _missing((*path, "default_for"), each.default_for, profiles, "profile")
            yield from _missing((*path, "available_to"), each.available_to or (), profiles, "profile")
            yield from _missing((*path, "values"), each.values, allowed.get(name, ()), "value")


def _rules(settings: OrgSettings, schema: Schema) -> Iterator[Problem]:
    for number, rule in enumerate(settings.validation_rules):
        path = ("validation_rules", number)
        type_ = schema.find(rule.object)
        if type_ is None:
            yield (*path, "object"), f"the org has no object {rule.object}"
            continue
        yield from _parsed((*path, "condition"), rule.condition, schema, type_)[1]
        if rule.field is not None and type_.field(rule.field) is None:
            yield (*path, "field"), f"{type_.name} has no field {rule.field}"
    for number, automation in enumerate(settings.automations):
        path = ("automations", number)
        type_ = schema.find(automation.object)
        if type_ is None:
            yield (*path, "object"), f"the org has no object {automation.object}"
        elif automation.refuses_when is not None:
            yield from _parsed((*path, "refuses_when"), automation.refuses_when, schema, type_)[1]


def _owners_and_matches(settings: OrgSettings, schema: Schema) -> Iterator[Problem]:
    for name, entries in settings.assignment_rules.items():
        owners = [each.username for each in settings.users]
        owners += [each.name for each in settings.queues]
        owners += [each.developer_name for each in settings.queues if each.developer_name]
        for number, entry in enumerate(entries):
            at: Path = ("assignment_rules", name, number)
            yield from _parsed((*at, "when"), entry.when, schema, schema.object(name))[1]
            yield from _missing((*at, "owner"), [entry.owner], owners, "user or queue")
    for number, duplicate in enumerate(settings.duplicate_rules):
        for object_name, names in {duplicate.object: duplicate.match, **duplicate.against}.items():
            type_ = schema.object(object_name)
            for field_name in names:
                if type_.field(field_name) is None:
                    yield ("duplicate_rules", number), f"{type_.name} has no field {field_name}"
            if len(names) != len(duplicate.match):
                text = f"{object_name} needs {len(duplicate.match)} field(s), one for each of match"
                yield ("duplicate_rules", number, "against"), text


def _conversion(settings: OrgSettings, schema: Schema) -> Iterator[Problem]:
    lead = schema.object("Lead")
    for name, targets in settings.conversion.field_mapping.items():
        path = ("conversion", "field_mapping", name)
        source = lead.field(name)
        if source is None or not source.custom:
            yield path, f"Lead has no custom field {name}; standard fields map by themselves"
            continue
        for target in targets:
            object_name, _, field_name = target.partition(".")
            type_ = schema.find(object_name) if object_name in _CONVERTED_INTO else None
            field = type_.field(field_name) if type_ else None
            if field is None:
                yield path, f"{target} is no field of an account, contact or opportunity"
            elif field.type is not source.type:
                yield path, f"{target} is of type {field.type.value}, the lead's field of type {source.type.value}"


def _parsed(path: Path, text: str, schema: Schema, type_: ObjectType) -> tuple[Formula | None, list[Problem]]:
    try:
        formula = parse_formula(text)
    except FormulaError as error:
        return None, [(path, str(error))]
    return formula, [
        (path, problem) for name in formula.names() if (problem := _unknown(schema, type_, name.path)) is not None
    ]


def _unknown(schema: Schema, type_: ObjectType, path: tuple[str, ...]) -> str | None:
    if path[0].startswith("$"):
        known = tuple(part.lower() for part in path) in KNOWN_GLOBALS
        return None if known else f"{'.'.join(path)} is not a global that the mock org knows"
    if len(path) == 1:
        return None if type_.field(path[0]) else f"{type_.name} has no field {path[0]}"
    relation = type_.by_relationship(path[0])
    if relation is None:
        return f"{type_.name} has no relationship {path[0]}"
    parents = [found for name in relation.reference_to if (found := schema.find(name))]
    answers = [_unknown(schema, parent, path[1:]) for parent in parents]
    return (
        None if any(answer is None for answer in answers) else (answers[0] if answers else f"{path[0]} is not modelled")
    )

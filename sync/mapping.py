"""The mapping: our field names and types against the org's API names, from `mappings/*.yaml`.

First thing read in every run; the mirror's columns, the policy's words and the plan's writes all go through it. This
module reads and checks the files by themselves; whether they fit an org is `sync.insight.mapping_fit`'s question.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from sync.errors import MappingInvalid, Problem
from sync.model import FieldType

_OUR_NAME = re.compile(r"[a-z][a-z0-9_]*")
_API_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TARGET = re.compile(r"(?:Account|Contact|Opportunity)\.[A-Za-z][A-Za-z0-9_]*")
_FIELD_KEYS = {"field", "type", "required", "converts_to"}
_BROKEN = object()

SYSTEM_FIELDS: Mapping[str, tuple[str, FieldType]] = {
    "id": ("Id", FieldType.ID),
    "created_at": ("CreatedDate", FieldType.DATETIME),
    "system_modstamp": ("SystemModstamp", FieldType.DATETIME),
    "is_deleted": ("IsDeleted", FieldType.BOOLEAN),
}
"""Columns that every mirrored object has whether its mapping names them or not.

Not every object of Salesforce has all of these fields (User has no IsDeleted, LeadHistory no SystemModstamp): one that
was added here and that the org does not know stays empty, and is_deleted stays false.
"""

RESERVED_FIELDS: Mapping[str, Mapping[str, tuple[str, FieldType]]] = {
    "Lead": {
        "status": ("Status", FieldType.PICKLIST),
        "owner_id": ("OwnerId", FieldType.ID),
        "company": ("Company", FieldType.TEXT),
        "is_converted": ("IsConverted", FieldType.BOOLEAN),
        "converted_at": ("ConvertedDate", FieldType.DATE),
        "converted_account_id": ("ConvertedAccountId", FieldType.ID),
        "converted_contact_id": ("ConvertedContactId", FieldType.ID),
        "converted_opportunity_id": ("ConvertedOpportunityId", FieldType.ID),
        "master_record_id": ("MasterRecordId", FieldType.ID),
    },
    "Account": {"master_record_id": ("MasterRecordId", FieldType.ID)},
    "Contact": {
        "master_record_id": ("MasterRecordId", FieldType.ID),
        "account_id": ("AccountId", FieldType.ID),
    },
}
"""What leadgate itself needs of an object; added to a mapping that leaves it out."""

VERSION_FIELDS = ("seen_at", "run_id")
"""Names that the mirror's version tables add to each object's own columns."""

RESERVED_OBJECTS = {
    "activity",
    "lead_likelihood",
    "lead_opportunity",
    "pull_state",
    "pull_object",
    "mirror_meta",
    "forgotten",
}
"""Names of the mirror's own relations, which no object may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedField:
    """One line of a mapping: our name, the API name, the type, and where it is written."""

    name: str
    api_name: str
    type: FieldType
    required: bool = False
    line: int = 0
    converts_to: tuple[str, ...] | None = None
    """For fields of Lead: the `Object.Field` names that a conversion fills from it, as the org's admin mapped them
    (the data API doesn't tell); `None` = Salesforce's standard mapping, or the custom fields of the same API name."""

    @property
    def added(self) -> bool:
        """Whether leadgate added it by itself, so that no line of the file names it."""
        return self.line == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectMapping:
    """One mapping file: an object and its fields by our names."""

    object: str
    name: str
    """Our name for the object, and the mirror's table: `lead`, `opportunity`, `lead_history`."""
    fields: Mapping[str, MappedField]
    file: str

    def by_api_name(self, api_name: str) -> MappedField | None:
        """The field mapped to that API name, whatever its capitalisation."""
        wanted = api_name.casefold()
        return next((f for f in self.fields.values() if f.api_name.casefold() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgMapping:
    """All mapped objects of one org, by our object names."""

    objects: Mapping[str, ObjectMapping]
    digest: str = field(default="")

    def __getitem__(self, name: str) -> ObjectMapping:
        """The object of our name, e.g. `lead`."""
        return self.objects[name]

    def __iter__(self) -> Iterator[ObjectMapping]:
        """Objects in a stable order."""
        return iter(self.objects.values())

    def __contains__(self, name: object) -> bool:
        """Whether an object of our name is mapped."""
        return name in self.objects

    def get(self, name: str) -> ObjectMapping | None:
        """The object of our name, or `None`."""
        return self.objects.get(name)

    def conversion_targets(self) -> Mapping[str, tuple[str, ...]]:
        """Lead field (API name) → `Object.Field` names that a conversion fills from it, where the mapping says so."""
        given = self.objects["lead"].fields.values()
        return {field.api_name: field.converts_to for field in given if field.converts_to is not None}


def snake_case(api_name: str) -> str:
    """Our name for an API name: `LeadHistory` → `lead_history`, `Pricing_Discussed__c` → `pricing_discussed`."""
    bare = re.sub(r"__(c|pc)$", "", api_name)
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", bare)
    return re.sub(r"_+", "_", parts).strip("_").lower()


def load_mapping(folder: Path, *, base: Path | None = None) -> OrgMapping:
    """Every `*.yaml` of a folder as one mapping; problems call files as seen from `base`, where that is given.

    Raises:
        MappingInvalid: With all problems of all files at once, each with file and line.
    """
    files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    if not files:
        raise MappingInvalid(
            [Problem(str(folder), 1, "no mapping files (*.yaml) here")],
            fix="run `leadgate init` to write them",
        )
    problems: list[Problem] = []
    sources = []
    for path in files:
        shown = str(path.relative_to(base) if base is not None else path)
        try:
            sources.append((path.read_text("utf-8"), shown))
        except (OSError, UnicodeDecodeError) as unreadable:
            problems.append(Problem(shown, 1, f"can't be read: {type(unreadable).__name__}", "save it as UTF-8"))
    objects, found = parse_mappings(sources)
    problems += found
    if not problems and "lead" not in objects:
        problems.append(Problem(str(folder), 1, "no file maps the object Lead"))
    if problems:
        raise MappingInvalid(problems)
    return OrgMapping(objects=objects, digest=digest(objects.values()))


def parse_mappings(sources: Iterable[tuple[str, str]]) -> tuple[dict[str, ObjectMapping], list[Problem]]:
    """Mappings from `(text, file name)` pairs, and every problem found; pure."""
    objects: dict[str, ObjectMapping] = {}
    problems: list[Problem] = []
    for text, file in sources:
        parsed = _parse_one(text, file, problems)
        if parsed is None:
            continue
        if parsed.name in objects:
            problems.append(Problem(file, 1, f"{parsed.object} is mapped already in {objects[parsed.name].file}"))
            continue
        objects[parsed.name] = parsed
    return objects, problems


def digest(objects: Iterable[ObjectMapping]) -> str:
    """A hash of what the mapping means: comments, order and layout don't change it."""
    meaning = {o.object: {f.name: _meaning(f) for f in o.fields.values()} for o in objects}
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()


def _meaning(field: MappedField) -> list[object]:
    targets = [] if field.converts_to is None else [sorted(field.converts_to)]
    return [field.api_name, field.type.value, field.required, *targets]


def _read_yaml(text: str, file: str, problems: list[Problem]) -> Any:
    try:
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 1
        problems.append(Problem(file, line, f"not valid YAML: {broken.problem or 'unreadable'}"))
    except YAMLError:
        problems.append(Problem(file, 1, "not valid YAML: it holds characters that no text file has"))
    return _BROKEN


def _parse_one(text: str, file: str, problems: list[Problem]) -> ObjectMapping | None:
    data = _read_yaml(text, file, problems)
    if data is _BROKEN:
        return None
    if not isinstance(data, CommentedMap) or not isinstance(data.get("object"), str):
        problems.append(Problem(file, 1, "a mapping starts with `object: <API name>`", "e.g. `object: Lead`"))
        return None
    api_object = str(data["object"])
    if not _API_NAME.fullmatch(api_object):
        problems.append(Problem(file, _line(data, "object"), f"{api_object!r} is no API name of an object"))
        return None
    table = snake_case(api_object)
    if not _OUR_NAME.fullmatch(table) or table in RESERVED_OBJECTS or table.endswith("_version"):
        problems.append(Problem(file, _line(data, "object"), f"{api_object} can't be mapped: {table!r} is taken"))
        return None
    problems.extend(
        Problem(file, _line(data, key), f"unknown key {key!r}", "known: object, fields")
        for key in data
        if key not in {"object", "fields"}
    )
    listed = data.get("fields")
    if not isinstance(listed, CommentedMap):
        problems.append(Problem(file, 1, "`fields:` is missing or is not a list of `name: {field: …, type: …}`"))
        return None
    fields: dict[str, MappedField] = {}
    for name, body in listed.items():
        mapped = _parse_field(str(name), body, file, _line(listed, name), problems)
        if mapped is not None:
            fields[mapped.name] = _with_targets(api_object, mapped, body.get("converts_to"), file, problems)
    _check_reserved(api_object, fields, file, problems)
    return ObjectMapping(object=api_object, name=table, fields=fields, file=file)


def _parse_field(name: str, body: Any, file: str, line: int, problems: list[Problem]) -> MappedField | None:
    if not _OUR_NAME.fullmatch(name) or name in VERSION_FIELDS:
        why = "is a name of the mirror's own" if name in VERSION_FIELDS else "is no field name of ours"
        problems.append(Problem(file, line, f"{name!r} {why}", "use another one, in snake_case"))
        return None
    if not isinstance(body, CommentedMap):
        problems.append(Problem(file, line, f"{name}: write it as {{field: <API name>, type: <type>}}"))
        return None
    problems.extend(
        Problem(file, line, f"{name}: unknown key {key!r}", "known: field, type, required, converts_to")
        for key in body
        if key not in _FIELD_KEYS
    )
    api_name, type_name, required = body.get("field"), body.get("type"), body.get("required", False)
    if not isinstance(api_name, str) or not _API_NAME.fullmatch(api_name):
        problems.append(Problem(file, line, f"{name}: `field` must be one API name of the object's own fields"))
        return None
    if not isinstance(type_name, str) or type_name not in {t.value for t in FieldType}:
        known = ", ".join(t.value for t in FieldType)
        problems.append(Problem(file, line, f"{name}: unknown type {type_name!r}", f"one of {known}"))
        return None
    if not isinstance(required, bool):
        problems.append(Problem(file, line, f"{name}: `required` is true or false, not {required!r}"))
        return None
    return MappedField(name=name, api_name=api_name, type=FieldType(type_name), required=required, line=line)


def _with_targets(api_object: str, mapped: MappedField, given: Any, file: str, problems: list[Problem]) -> MappedField:
    """The field with what its `converts_to` says, which only a field of Lead has."""
    if given is None:
        return mapped
    listed = [given] if isinstance(given, str) else given
    if api_object != "Lead":
        what = "only fields of Lead are carried over by a conversion"
    elif not isinstance(listed, list) or not all(isinstance(one, str) and _TARGET.fullmatch(one) for one in listed):
        what = "`converts_to` lists fields of Account, Contact or Opportunity, or is [] for nowhere"
    else:
        return replace(mapped, converts_to=tuple(str(one) for one in listed))
    problems.append(Problem(file, mapped.line, f"{mapped.name}: {what}", "e.g. converts_to: [Opportunity.Budget__c]"))
    return mapped


def _check_reserved(api_object: str, fields: dict[str, MappedField], file: str, problems: list[Problem]) -> None:
    """Names that leadgate itself relies on must mean what it relies on; the missing ones are added."""
    history = api_object.endswith("History")
    reserved = {
        name: meant
        for name, meant in {**SYSTEM_FIELDS, **RESERVED_FIELDS.get(api_object, {})}.items()
        if not (history and name == "system_modstamp")
    }
    for name, (api_name, type_) in reserved.items():
        given = fields.get(name)
        renamed = next((f for f in fields.values() if f.api_name.casefold() == api_name.casefold()), None)
        if given is None and renamed is None:
            fields[name] = MappedField(name=name, api_name=api_name, type=type_)
        elif given is None and renamed is not None:
            problems.append(
                Problem(
                    file, renamed.line, f"{renamed.name}: {api_name} goes by the name {name} here", f"name it {name}"
                )
            )
        elif given is not None and given.api_name.casefold() != api_name.casefold():
            problems.append(
                Problem(file, given.line, f"{name} is reserved for {api_name}", "choose another name for this field")
            )
        elif given is not None and not _alike(given.type, type_):
            problems.append(
                Problem(file, given.line, f"{name}: {api_name} is of type {type_.value}, not {given.type.value}")
            )
    by_api: dict[str, str] = {}
    for mapped in fields.values():
        other = by_api.setdefault(mapped.api_name.casefold(), mapped.name)
        if other != mapped.name:
            problems.append(Problem(file, mapped.line, f"{mapped.api_name} is mapped twice: {other}, {mapped.name}"))


def _alike(one: FieldType, other: FieldType) -> bool:
    """Whether two types hold the same kind of value: all texts are alike, everything else is only like itself."""
    return one is other or (one.is_text and other.is_text)


def _line(data: CommentedMap, key: Any) -> int:
    try:
        return int(data.lc.key(key)[0]) + 1
    except (KeyError, AttributeError, TypeError):
        return 1

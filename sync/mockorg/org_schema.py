"""The org's schema: the standard objects, and what org.yaml adds to them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .custom_fields import custom_field, custom_object
from .errors import NotModelled
from .ids import base62
from .schema import Field, FieldType, PicklistValue, Schema
from .standard import standard_objects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .settings import OrgSettings

WITH_RECORD_TYPES = ("Lead", "Opportunity", "Account", "Contact", "Task", "Event", "Campaign")


def build_schema(settings: OrgSettings) -> Schema:
    """The org's objects and fields.

    Raises:
        NotModelled: when a feature is on that the mock org has no model of.
    """
    for feature, on in settings.features:
        if on:
            raise NotModelled(f"the feature {feature}")
    schema = Schema()
    schema.put(*standard_objects())
    for each in settings.custom_objects:
        schema.add_custom_object(custom_object(each, prefix="a" + base62(len(schema.custom_prefixes()), 2)))
    for object_name in settings.record_types:
        schema.add_fields(object_name, (_record_type_field(),))
    _put_picklists(schema, settings)
    for object_name, fields in settings.custom_fields.items():
        schema.add_fields(object_name, [custom_field(each) for each in fields])
    return schema


def _record_type_field() -> Field:
    return Field(
        name="RecordTypeId",
        label="Record Type ID",
        type=FieldType.REFERENCE,
        length=18,
        permissionable=False,
        defaulted_on_create=True,
        reference_to=("RecordType",),
        relationship_name="RecordType",
        search_prefilterable=True,
    )


def _put_picklists(schema: Schema, settings: OrgSettings) -> None:
    statuses = [(each.name, each.label or each.name, each.default) for each in settings.lead_statuses]
    stages = [(each.name, each.label or each.name, False) for each in settings.opportunity_stages if each.active]
    tasks = [(each.name, each.name, each.default) for each in settings.task_statuses]
    _set_picklist(schema, "Lead", "Status", statuses)
    _set_picklist(schema, "Opportunity", "StageName", stages)
    _set_picklist(schema, "Task", "Status", tasks)
    for path, values in settings.picklists.items():
        object_name, _, name = path.partition(".")
        _set_picklist(schema, object_name, name, [(value, value, False) for value in values])


def _set_picklist(schema: Schema, object_name: str, name: str, entries: Iterable[tuple[str, str, bool]]) -> None:
    field = schema.object(object_name).field(name)
    if field is None:
        raise NotModelled(f"the field {object_name}.{name}", code="INVALID_FIELD")
    values = tuple(PicklistValue(value=value, label=label, default=default) for value, label, default in entries)
    default = next((each.value for each in values if each.default), None)
    schema.add_fields(object_name, (replace(field, picklist=values, default_value=default),))

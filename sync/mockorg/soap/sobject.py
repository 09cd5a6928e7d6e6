"""Records that come in by SOAP: type, id, fields to null, and field values by their types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import SalesforceError
from ..schema import INTEGER_TYPES, NUMBER_TYPES, Field, FieldType, ObjectType, Value
from . import envelope as xml
from .soap_call import record_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

    from ..org import Org


@dataclass(frozen=True, slots=True, kw_only=True)
class SObject:
    """One record as sent."""

    type: ObjectType
    id: str | None
    values: Mapping[str, Value]


def read_sobject(org: Org, element: etree._Element) -> SObject:
    """Read one sObject element.

    Raises:
        SalesforceError: INVALID_TYPE, INVALID_FIELD, or a value that is not of its field's type.
    """
    given = xml.text(element, "type") or xml.declared_type(element)
    if given is None or given == "sObject":
        raise SalesforceError("INVALID_TYPE", "Must send a concrete entity type.", status=500)
    type_ = org.schema.object(given)
    values: dict[str, Value] = {}
    own_id: str | None = None
    for child in element:
        match xml.local(child):
            case "type":
                continue
            case "Id":
                own_id = record_id((child.text or "").strip() or None)
            case "fieldsToNull":
                values[_field(type_, (child.text or "").strip()).name] = None
            case name:
                field = _field(type_, name)
                values[field.name] = _value(field, child)
    return SObject(type=type_, id=own_id, values=values)


def _field(type_: ObjectType, name: str) -> Field:
    field = type_.field(name)
    if field is None:
        raise SalesforceError(
            "INVALID_FIELD",
            f"No such column '{name}' on entity '{type_.name}'. If you are attempting to use a custom field, be sure "
            "to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
            "appropriate names.",
            status=500,
        )
    return field


def _value(field: Field, element: etree._Element) -> Value:
    text = element.text or ""
    if xml.is_nil(element) or not text:
        return None
    try:
        if field.type is FieldType.BOOLEAN:
            return {"true": True, "1": True, "false": False, "0": False}[text.strip()]
        if field.type in INTEGER_TYPES:
            return int(text)
        if field.type in NUMBER_TYPES:
            return float(text)
    except (KeyError, ValueError) as error:
        raise SalesforceError(
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            f"{field.label}: value not of required type: {text}",
            status=500,
            fields=(field.name,),
        ) from error
    return text

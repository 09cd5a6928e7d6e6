"""Custom fields and objects: from a few words of org.yaml to the full set of facts that describe tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import NotModelled
from .schema import NUMBER_TYPES, Field, FieldType, ObjectType, PicklistValue
from .standard import standard_objects

if TYPE_CHECKING:
    from .settings import CustomFieldSetting, CustomObjectSetting

_LENGTHS = {
    FieldType.STRING: 255,
    FieldType.TEXTAREA: 255,
    FieldType.PICKLIST: 255,
    FieldType.MULTIPICKLIST: 4099,
    FieldType.EMAIL: 80,
    FieldType.PHONE: 40,
    FieldType.URL: 255,
    FieldType.REFERENCE: 18,
}
_MODELLED = frozenset({*_LENGTHS, *NUMBER_TYPES, FieldType.BOOLEAN, FieldType.INT, FieldType.DATE, FieldType.DATETIME})


def custom_field(given: CustomFieldSetting) -> Field:
    """The field that a block of `custom_fields` describes.

    Raises:
        NotModelled: for a type that the mock org has no custom fields of.
    """
    if given.type not in _MODELLED:
        raise NotModelled(f"custom fields of type {given.type.value}", code="INVALID_FIELD")
    long_text = given.type is FieldType.TEXTAREA and (given.length or 0) > 255
    multi = given.type is FieldType.MULTIPICKLIST
    calculated = given.formula is not None
    required = given.required and not calculated
    is_number = given.type in NUMBER_TYPES
    reference = given.type is FieldType.REFERENCE
    groupable = not (long_text or multi or is_number or calculated or given.type is FieldType.DATETIME)
    return Field(
        name=given.name,
        label=given.label or given.name.removesuffix("__c").replace("_", " "),
        type=given.type,
        length=given.length or _LENGTHS.get(given.type, 0),
        precision=(given.precision or (3 if given.type is FieldType.PERCENT else 18)) if is_number else 0,
        scale=given.scale if given.scale is not None else (2 if given.type is FieldType.CURRENCY else 0),
        digits=9 if given.type is FieldType.INT else 0,
        nillable=not (required or given.type is FieldType.BOOLEAN),
        createable=not calculated,
        updateable=not calculated,
        filterable=not long_text,
        sortable=not (long_text or multi),
        groupable=groupable,
        aggregatable=not (long_text or multi or given.type is FieldType.BOOLEAN),
        permissionable=not required,
        defaulted_on_create=given.type is FieldType.BOOLEAN or given.default is not None,
        custom=True,
        calculated=calculated,
        formula=given.formula,
        case_sensitive=given.case_sensitive,
        unique=given.unique,
        external_id=given.external_id,
        id_lookup=given.external_id or given.unique,
        default_value=given.default,
        picklist=tuple(PicklistValue(value=each, label=each, default=each == given.default) for each in given.picklist),
        restricted_picklist=given.restricted,
        reference_to=given.reference_to,
        relationship_name=(given.relationship or given.name.removesuffix("__c") + "__r") if reference else None,
        child_relationship=given.child_relationship,
        cascade_delete=given.on_delete == "cascade",
        restricted_delete=given.on_delete == "restrict",
        extra_type_info="plaintextarea" if given.type is FieldType.TEXTAREA else None,
        help_text=given.help,
    )


def custom_object(given: CustomObjectSetting, *, prefix: str) -> ObjectType:
    """A custom object with Id, Name, owner and system fields, and its own custom fields."""
    opportunity = next(each for each in standard_objects() if each.name == "Opportunity")
    wanted = (
        "Id",
        "IsDeleted",
        "Name",
        "OwnerId",
        "CreatedDate",
        "CreatedById",
        "LastModifiedDate",
        "LastModifiedById",
        "SystemModstamp",
        "LastActivityDate",
        "LastViewedDate",
        "LastReferencedDate",
    )
    fields = [each for each in opportunity.fields if each.name in wanted]
    fields.sort(key=lambda each: wanted.index(each.name))
    label = given.label or given.name.removesuffix("__c").replace("_", " ")
    return ObjectType(
        name=given.name,
        label=label,
        label_plural=given.label_plural or f"{label}s",
        key_prefix=prefix,
        fields=(*fields, *(custom_field(each) for each in given.fields)),
        custom=True,
        deep_cloneable=False,
        scopes=(("everything", f"All {label.lower()}s"), ("mine", f"My {label.lower()}s")),
    )

"""What describe answers: the schema in Salesforce's JSON, with every key of a real answer, as one user may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from .behaviours import behaviour
from .record_types import default_record_type, usable_record_types
from .schema import COMPOUND_TYPES, ID_TYPES, INTEGER_TYPES, NUMBER_TYPES, FieldType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .access import User
    from .org import Org
    from .schema import ChildRelationship, Field, ObjectType, PicklistValue, RecordTypeInfo

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

_SOAP_TYPES = {
    FieldType.BOOLEAN: "xsd:boolean",
    FieldType.INT: "xsd:int",
    FieldType.LONG: "xsd:long",
    FieldType.DATE: "xsd:date",
    FieldType.DATETIME: "xsd:dateTime",
    FieldType.TIME: "xsd:time",
    FieldType.ADDRESS: "urn:address",
    FieldType.LOCATION: "urn:location",
    FieldType.BASE64: "xsd:base64Binary",
    FieldType.ANY: "xsd:anyType",
}
_WITHOUT_LISTVIEWS = frozenset(  # nor approval layouts
    {"CampaignMember", "Event", "OpportunityContactRole", "Task", "User"}
)
_WITH_DEFAULT_VALUES = frozenset({"Account", "OpportunityContactRole"})


def soap_type(field: Field) -> str:
    """The XML type of a field's values: `tns:ID`, `xsd:double` …."""
    if field.type in ID_TYPES:
        return "tns:ID"
    if field.type in NUMBER_TYPES:
        return "xsd:double"
    return _SOAP_TYPES.get(field.type, "xsd:string")


@behaviour("describe", "confirmed", "recorded describes of real orgs")
def describe_object(org: Org, user: User, type_: ObjectType, *, version: str, instance_url: str) -> dict[str, Json]:
    """The full describe of one object: every key of a real org's answer; fields hidden from the user are not there."""
    visible = org.access.visible_fields(user, type_)
    editable = org.access.editable_fields(user, type_)
    fields = [_field(each, editable=each.name in editable) for each in type_.fields if each.name in visible]
    return {
        "actionOverrides": [],
        **_flags(org, user, type_),
        "childRelationships": [_child(each) for each in _visible_children(org, user, type_)],
        "compactLayoutable": type_.layoutable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": list[Json](fields),
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": list[Json](record_type_infos(org, user, type_, version)),
        "searchLayoutable": type_.searchable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": label, "name": name} for name, label in type_.scopes],
        "urls": dict[str, Json](_all_urls(type_, version=version, instance_url=instance_url)),
    }


@behaviour("describe global", "confirmed", "recorded describe of a real org")
def describe_global(org: Org, user: User, *, version: str) -> dict[str, Json]:
    """All objects that the user may see, with their flags and urls."""
    entries = [
        global_entry(org, user, each, version=version) for each in org.schema if org.access.may(user, "read", each)
    ]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": list[Json](entries)}


def global_entry(org: Org, user: User, type_: ObjectType, *, version: str) -> dict[str, Json]:
    """One object as describe global lists it; the same block opens an object's basic information."""
    return {**_flags(org, user, type_), "urls": dict[str, Json](_urls(type_, version=version))}


def _flags(org: Org, user: User, type_: ObjectType) -> dict[str, Json]:
    may = org.access.may
    return {
        "activateable": False,
        "associateEntityType": type_.associate_type,
        "associateParentEntity": type_.associate_parent,
        "createable": type_.createable and may(user, "create", type_),
        "custom": type_.custom,
        "customSetting": False,
        "deepCloneable": type_.deep_cloneable,
        "deletable": type_.deletable and may(user, "delete", type_),
        "deprecatedAndHidden": False,
        "feedEnabled": type_.feed_enabled,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": type_.key_prefix,
        "label": type_.label,
        "labelPlural": type_.label_plural,
        "layoutable": type_.layoutable,
        "mergeable": type_.mergeable,
        "mruEnabled": type_.mru_enabled,
        "name": type_.name,
        "queryable": type_.queryable,
        "replicateable": type_.replicateable,
        "retrieveable": type_.retrieveable,
        "searchable": type_.searchable,
        "triggerable": type_.triggerable,
        "undeletable": type_.undeletable and may(user, "delete", type_),
        "updateable": type_.updateable and may(user, "edit", type_),
    }


def _urls(type_: ObjectType, *, version: str) -> dict[str, str]:
    base = f"/services/data/v{version}/sobjects/{type_.name}"
    urls = {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"}
    if type_.layoutable:
        urls |= {"compactLayouts": f"{base}/describe/compactLayouts", "layouts": f"{base}/describe/layouts"}
        if type_.name != "CampaignMember":
            urls["quickActions"] = f"{base}/quickActions"
        if type_.name not in _WITHOUT_LISTVIEWS:
            urls |= {"listviews": f"{base}/listviews", "approvalLayouts": f"{base}/describe/approvalLayouts"}
    return urls


def _all_urls(type_: ObjectType, *, version: str, instance_url: str) -> dict[str, str]:
    urls = _urls(type_, version=version)
    if type_.layoutable:
        urls |= {
            "uiDetailTemplate": f"{instance_url}/{{ID}}",
            "uiEditTemplate": f"{instance_url}/{{ID}}/e",
            "uiNewRecord": f"{instance_url}/{type_.key_prefix}/e",
        }
    base = f"/services/data/v{version}/sobjects/{type_.name}"
    if type_.name == "Event":
        urls["eventSeriesUpdates"] = f"{base}/{{ID}}/fromThisEventOnwards"
    if type_.name in _WITH_DEFAULT_VALUES:
        urls["defaultValues"] = f"{base}/defaultValues?recordTypeId&fields"
    return urls


def _visible_children(org: Org, user: User, type_: ObjectType) -> Sequence[ChildRelationship]:
    return [
        each for each in type_.child_relationships if org.access.may(user, "read", org.schema.object(each.child_object))
    ]


def _child(each: ChildRelationship) -> dict[str, Json]:
    return {
        "cascadeDelete": each.cascade_delete,
        "childSObject": each.child_object,
        "deprecatedAndHidden": False,
        "field": each.field,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": each.name,
        "restrictedDelete": each.restricted_delete,
    }


def record_type_infos(org: Org, user: User, type_: ObjectType, version: str) -> list[dict[str, Json]]:
    """The object's record types as this user may use them, the master last or alone."""
    usable = {each.id for each in usable_record_types(type_, user, org)}
    default = default_record_type(type_, user, org)
    infos: list[dict[str, Json]] = []
    for each in type_.record_types:
        is_default = each.id == default if default else each.master
        infos.append(_record_type(type_, each, version, available=each.master or each.id in usable, default=is_default))
    return infos


def _record_type(
    type_: ObjectType, each: RecordTypeInfo, version: str, *, available: bool, default: bool
) -> dict[str, Json]:
    return {
        "active": each.active,
        "available": available,
        "defaultRecordTypeMapping": default,
        "developerName": each.developer_name,
        "master": each.master,
        "name": each.name,
        "recordTypeId": each.id,
        "urls": {"layout": f"/services/data/v{version}/sobjects/{type_.name}/describe/layouts/{each.id}"},
    }


def _field(field: Field, *, editable: bool) -> dict[str, Json]:
    return {
        "aggregatable": field.aggregatable,
        "aiPredictionField": False,
        "autoNumber": field.auto_number,
        "byteLength": _byte_length(field),
        "calculated": field.calculated,
        "calculatedFormula": field.formula,
        "cascadeDelete": False,
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": field.compound,
        "controllerName": field.controller_name,
        "createable": field.createable and editable,
        "custom": field.custom,
        "defaultValue": _default_value(field),
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted_on_create,
        "dependentPicklist": field.dependent_picklist,
        "deprecatedAndHidden": False,
        "digits": field.digits,
        "displayLocationInDecimal": False,
        "encrypted": field.encrypted,
        "externalId": field.external_id,
        "extraTypeInfo": field.extra_type_info,
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.groupable,
        "highScaleNumber": False,
        "htmlFormatted": field.html_formatted,
        "idLookup": field.id_lookup,
        "inlineHelpText": field.help_text,
        "label": field.label,
        "length": 0 if field.type in NUMBER_TYPES | INTEGER_TYPES | COMPOUND_TYPES else field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": field.polymorphic,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "picklistValues": picklist_entries(field.picklist),
        "polymorphicForeignKey": field.polymorphic,
        "precision": field.precision,
        "queryByDistance": field.query_by_distance,
        "referenceTargetField": None,
        "referenceTo": list[Json](field.reference_to),
        "relationshipName": field.relationship_name,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted_picklist,
        "scale": field.scale,
        "searchPrefilterable": field.search_prefilterable,
        "soapType": soap_type(field),
        "sortable": field.sortable,
        "type": field.type.value,
        "unique": field.unique,
        "updateable": field.updateable and editable,
        "writeRequiresMasterRead": False,
    }


def picklist_entries(values: Sequence[PicklistValue]) -> list[Json]:
    """Picklist values as describe writes them."""
    return [
        {
            "active": each.active,
            "defaultValue": each.default,
            "label": each.label,
            "validFor": None,
            "value": each.value,
        }
        for each in values
    ]


def _byte_length(field: Field) -> int:
    if field.type in ID_TYPES:
        return field.length
    return field.length * 3


def _default_value(field: Field) -> Json:
    if field.type is FieldType.BOOLEAN:
        return bool(field.default_value)
    return field.default_value

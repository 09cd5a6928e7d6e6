"""What the Tooling API shows of the org's own rules: validation rules and the lead settings, as rows to be queried.

The rows lie beside the org's records, in a schema and a store of their own, so that the data API knows nothing of
them and the one query engine answers both. Made from the settings, which never change; `Doors` keeps it from the first
question on.
"""

from __future__ import annotations

import json
from copy import copy
from typing import TYPE_CHECKING

from .ids import IdFactory
from .schema import Field, FieldType, ObjectType, Schema
from .store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .org import Org
    from .settings import ValidationRuleSetting
    from .store import Row

METADATA_FIELDS = frozenset({"metadata", "fullname"})
"""Fields that a query of several rows may not ask for."""

_RULE_PREFIX = "03d"
_ENTITY_FIELDS = ("DurableId", "QualifiedApiName", "DeveloperName", "Label", "MasterLabel")
_RULE_TEXTS = ("ValidationName", "Description", "ErrorDisplayField", "ErrorMessage", "NamespacePrefix")


def catalogue(org: Org) -> Org:
    """The org with its metadata in place of its records: to be queried, and for nothing else."""
    twin = copy(org)
    twin.schema = Schema()
    twin.schema.put(_entity_definition(), _validation_rule(), _lead_config())
    twin.store = Store(twin.schema)
    for each in org.schema:
        names = {"DurableId": each.name, "QualifiedApiName": each.name, "DeveloperName": each.name.removesuffix("__c")}
        twin.store.insert(
            twin.schema.object("EntityDefinition"),
            {"Id": each.name, **names, "Label": each.label, "MasterLabel": each.label},
        )
    ids = IdFactory(org.seed)
    for rule in org.settings.validation_rules:
        twin.store.insert(
            twin.schema.object("ValidationRule"), _rule_row(org, rule, ids.next(_RULE_PREFIX), org.schema_changed_at)
        )
    twin.store.insert(twin.schema.object("LeadConfigSettings"), _lead_config_row(org))
    return twin


def _rule_row(org: Org, rule: ValidationRuleSetting, rule_id: str, made_at: str) -> Row:
    type_ = org.schema.object(rule.object)
    field = type_.field(rule.field) if rule.field else None
    shown = field.name if field else None
    metadata = {
        "active": rule.active,
        "description": None,
        "errorConditionFormula": rule.condition,
        "errorDisplayField": shown,
        "errorMessage": rule.message,
    }
    return {
        "Id": rule_id,
        "Active": int(rule.active),
        "EntityDefinitionId": type_.name,
        "ErrorDisplayField": shown,
        "ErrorMessage": rule.message,
        "ValidationName": rule.name,
        "FullName": f"{type_.name}.{rule.name}",
        "Metadata": json.dumps(metadata),
        "CreatedDate": made_at,
        "LastModifiedDate": made_at,
    }


def _lead_config_row(org: Org) -> Row:
    metadata: Mapping[str, object] = {
        "doesTrackHistory": "Lead" in org.settings.tracked_fields,
        "shouldLeadConvertRequireValidation": org.settings.conversion.require_validation,
    }
    return {
        "Id": "000000000000000AAA",
        "DurableId": "LeadConfig",
        "FullName": "LeadConfig",
        "Metadata": json.dumps(metadata),
    }


def _text(name: str, length: int = 255, *, filterable: bool = True) -> Field:
    return Field(name=name, label=name, type=FieldType.STRING, length=length, filterable=filterable, createable=False)


def _id() -> Field:
    return Field(name="Id", label="Id", type=FieldType.ID, length=18, nillable=False, createable=False)


def _metadata() -> tuple[Field, ...]:
    held = Field(name="Metadata", label="Metadata", type=FieldType.COMPLEX, filterable=False, sortable=False)
    return _text("FullName", filterable=False), held


def _object(name: str, prefix: str | None, *fields: Field) -> ObjectType:
    return ObjectType(
        name=name,
        label=name,
        label_plural=name,
        key_prefix=prefix,
        fields=fields,
        createable=False,
        updateable=False,
        deletable=False,
        replicateable=False,
    )


def _entity_definition() -> ObjectType:
    """Its id is the durable one, which for standard objects is the API name."""
    return _object("EntityDefinition", None, _text("Id"), *(_text(name) for name in _ENTITY_FIELDS))


def _validation_rule() -> ObjectType:
    entity = Field(
        name="EntityDefinitionId",
        label="Entity Definition ID",
        type=FieldType.STRING,
        length=255,
        reference_to=("EntityDefinition",),
        relationship_name="EntityDefinition",
    )
    times = (
        Field(name=name, label=name, type=FieldType.DATETIME, createable=False)
        for name in ("CreatedDate", "LastModifiedDate")
    )
    active = Field(name="Active", label="Active", type=FieldType.BOOLEAN, nillable=False)
    texts = (_text(name) for name in _RULE_TEXTS)
    return _object("ValidationRule", _RULE_PREFIX, _id(), active, entity, *texts, *times, *_metadata())


def _lead_config() -> ObjectType:
    return _object("LeadConfigSettings", None, _id(), _text("DurableId"), *_metadata())

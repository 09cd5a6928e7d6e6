"""History rows: what changed on a tracked field, and the snapshot of an opportunity at each change of its forecast
facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .behaviours import behaviour
from .schema import FieldType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .org import Org
    from .schema import Field, ObjectType, Value
    from .store import Row

_TABLES = {
    "Lead": ("LeadHistory", "LeadId"),
    "Account": ("AccountHistory", "AccountId"),
    "Contact": ("ContactHistory", "ContactId"),
    "Opportunity": ("OpportunityFieldHistory", "OpportunityId"),
}
_SNAPSHOT = ("StageName", "Amount", "CloseDate", "Probability", "ForecastCategory")
_DATA_TYPES = {
    FieldType.PICKLIST: "Picklist",
    FieldType.EMAIL: "Email",
    FieldType.PHONE: "Phone",
    FieldType.DATETIME: "DateTime",
    FieldType.DATE: "DateOnly",
    FieldType.CURRENCY: "Currency",
    FieldType.DOUBLE: "Double",
    FieldType.PERCENT: "Percent",
    FieldType.BOOLEAN: "Boolean",
}


@behaviour(
    "field history",
    "uncertain",
    "Object Reference: OpportunityFieldHistory; the pair of rows for a reference is inferred",
)
def track(org: Org, user_id: str, type_: ObjectType, before: Row, after: Mapping[str, Value]) -> None:
    """Write one history row per tracked field that changed: two for a reference, with names and with ids."""
    table = _TABLES.get(type_.name)
    if table is None:
        return
    for name in tracked_fields(org, type_):
        if name not in after or after[name] == before.get(name):
            continue
        field = type_.field(name)
        if field is None:
            continue
        old, new = before.get(name), after[name]
        label = "Owner" if field.name == "OwnerId" else field.name
        if field.type is FieldType.REFERENCE:
            _put(org, user_id, type_, before["Id"], label, "Text", _name_of(org, old), _name_of(org, new))
            _put(org, user_id, type_, before["Id"], label, "EntityId", old, new)
        else:
            data_type = _DATA_TYPES.get(field.type, "Text")
            old, new = _shown(field, old), _shown(field, new)
            _put(org, user_id, type_, before["Id"], field.name, data_type, old, new)


@behaviour("special history values", "uncertain", "field practice")
def mark(org: Org, user_id: str, type_: ObjectType, record_id: str, what: str) -> None:
    """Write a history row for an event that is no change of a field: `created`, `leadConverted` …."""
    if type_.name in _TABLES and tracked_fields(org, type_):
        _put(org, user_id, type_, record_id, what, "Text", None, None)


def tracked_fields(org: Org, type_: ObjectType) -> tuple[str, ...]:
    """The fields of an object whose history is kept, in describe's spelling."""
    for object_name, names in org.settings.tracked_fields.items():
        if object_name.lower() == type_.name.lower():
            return tuple(found.name for name in names if (found := type_.field(name)))
    return ()


def _put(  # noqa: PLR0917 - one history row, in the order of its columns
    org: Org,
    user_id: str,
    type_: ObjectType,
    record_id: Value,
    field: str,
    data_type: str,
    old: Value,
    new: Value,
) -> None:
    table, parent = _TABLES[type_.name]
    history = org.schema.object(table)
    org.store.insert(
        history,
        {
            "Id": org.ids.next(history.id_prefix),
            parent: record_id,
            "CreatedById": user_id,
            "CreatedDate": org.clock.stamp(),
            "Field": field,
            "DataType": data_type,
            "OldValue": old,
            "NewValue": new,
            "IsDeleted": 0,
        },
    )


def _shown(field: Field, value: Value) -> Value:
    if field.type is FieldType.BOOLEAN and value is not None:
        return "true" if value else "false"
    if isinstance(value, str):
        return value[:255]
    return value


def _name_of(org: Org, record_id: Value) -> Value:
    if not isinstance(record_id, str):
        return None
    target = org.schema.by_prefix(record_id)
    if target is None or target.name_field is None:
        return None
    row = org.store.row(target, record_id, deleted=True)
    return row[target.name_field.name] if row else None


@behaviour("opportunity history", "uncertain", "describe of a real org for the object; its rows are inferred")
def snapshot_opportunity(org: Org, user_id: str, before: Row | None, after: Row) -> None:
    """Keep an OpportunityHistory row at creation and at each change of stage, amount, close date or probability."""
    if before is not None and all(before.get(name) == after.get(name) for name in _SNAPSHOT):
        return
    history = org.schema.object("OpportunityHistory")
    stamp = org.clock.stamp()
    org.store.insert(
        history,
        {
            "Id": org.ids.next(history.id_prefix),
            "OpportunityId": after["Id"],
            "CreatedById": user_id,
            "CreatedDate": stamp,
            "SystemModstamp": stamp,
            "ExpectedRevenue": after.get("ExpectedRevenue"),
            "PrevAmount": before.get("Amount") if before else None,
            "PrevCloseDate": before.get("CloseDate") if before else None,
            "IsDeleted": 0,
            **{name: after.get(name) for name in _SNAPSHOT},
        },
    )

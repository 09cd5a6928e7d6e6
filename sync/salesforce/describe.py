"""From describe JSON and the status objects' rows to our values.

Pure. What the user we run as can't see is absent from a describe, so absence is an answer and not an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sync.model import Record, normal_id
from sync.salesforce.org import (
    FieldDescribe,
    LeadStatus,
    ObjectDescribe,
    PicklistValue,
    RecordTypeInfo,
    Stage,
)
from sync.salesforce.org_facts import ChildRelationship

# Both say for themselves which values convert or close; the picklist of Lead.Status doesn't.
LEAD_STATUSES = "SELECT Id, ApiName, MasterLabel, IsConverted, IsDefault, SortOrder FROM LeadStatus ORDER BY SortOrder"
STAGES = (
    "SELECT Id, ApiName, MasterLabel, IsActive, IsClosed, IsWon, SortOrder FROM OpportunityStage ORDER BY SortOrder"
)


def object_describe(data: Mapping[str, Any]) -> ObjectDescribe:
    """One object's describe."""
    fields = [_field(entry) for entry in data["fields"]]
    return ObjectDescribe(
        name=data["name"],
        label=data.get("label") or data["name"],
        key_prefix=data.get("keyPrefix"),
        fields={f.name: f for f in fields},
        createable=bool(data.get("createable")),
        updateable=bool(data.get("updateable")),
        deletable=bool(data.get("deletable")),
        queryable=bool(data.get("queryable")),
        replicateable=bool(data.get("replicateable")),
        record_types=tuple(_record_type(entry) for entry in data.get("recordTypeInfos") or ()),
        children=tuple(
            ChildRelationship(object=entry["childSObject"], field=entry["field"])
            for entry in data.get("childRelationships") or ()
            if not entry.get("deprecatedAndHidden")
        ),
    )


def lead_statuses(rows: Iterable[Record]) -> tuple[LeadStatus, ...]:
    """LeadStatus rows in their order."""
    return tuple(
        LeadStatus(
            api_name=str(row["ApiName"]),
            label=str(row["MasterLabel"]),
            converted=row["IsConverted"] is True,
            default=row["IsDefault"] is True,
            order=_order(row),
        )
        for row in rows
    )


def stages(rows: Iterable[Record]) -> tuple[Stage, ...]:
    """OpportunityStage rows in their order."""
    return tuple(
        Stage(
            api_name=str(row["ApiName"]),
            label=str(row["MasterLabel"]),
            active=row["IsActive"] is True,
            closed=row["IsClosed"] is True,
            won=row["IsWon"] is True,
            order=_order(row),
        )
        for row in rows
    )


def _order(row: Record) -> int:
    order = row.get("SortOrder")
    return int(order) if isinstance(order, int | float | str) else 0


def _field(data: Mapping[str, Any]) -> FieldDescribe:
    return FieldDescribe(
        name=data["name"],
        label=data.get("label") or data["name"],
        type=data["type"],
        length=data.get("length") or 0,
        nillable=bool(data.get("nillable", True)),
        createable=bool(data.get("createable")),
        updateable=bool(data.get("updateable")),
        filterable=bool(data.get("filterable", True)),
        custom=bool(data.get("custom")),
        calculated=bool(data.get("calculated")),
        defaulted_on_create=bool(data.get("defaultedOnCreate")),
        checked_by_default=data.get("defaultValue") is True,
        restricted_picklist=bool(data.get("restrictedPicklist")),
        picklist=tuple(
            PicklistValue(
                value=entry["value"],
                label=entry.get("label") or entry["value"],
                active=bool(entry.get("active", True)),
                default=bool(entry.get("defaultValue")),
            )
            for entry in data.get("picklistValues") or ()
            if isinstance(entry.get("value"), str)
        ),
        reference_to=tuple(data.get("referenceTo") or ()),
        relationship_name=data.get("relationshipName"),
    )


def _record_type(data: Mapping[str, Any]) -> RecordTypeInfo:
    return RecordTypeInfo(
        id=data["recordTypeId"],
        name=data["name"],
        developer_name=data.get("developerName") or data["name"],
        active=bool(data.get("active", True)),
        available=bool(data.get("available", True)),
        master=bool(data.get("master")),
        default=bool(data.get("defaultRecordTypeMapping")),
    )


def lead_processes(data: Any) -> Mapping[str, frozenset[str]]:
    """Record type id → the Lead Status values of its lead process, from the record types' part of describe/layouts.

    LeadStatus says which values convert, the lead process of a record type which of them its leads may have.
    """
    found: dict[str, frozenset[str]] = {}
    for record_type in (data.get("recordTypeMappings") or ()) if isinstance(data, dict) else ():
        for picklist in record_type.get("picklistsForRecordType") or ():
            record_type_id = normal_id(str(record_type.get("recordTypeId")))
            if picklist.get("picklistName") == "Status" and record_type_id is not None:
                values = (str(entry["value"]) for entry in picklist.get("picklistValues") or () if entry.get("active"))
                found[record_type_id] = frozenset(values)
    return found

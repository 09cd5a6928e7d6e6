"""Which picklist values each record type offers: the part of layout descriptions that does not depend on pages.

This is how a client of the REST API learns which statuses the lead process of a record type holds. Page layouts
themselves are not modelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .behaviours import behaviour
from .describe import Json, picklist_entries, record_type_infos
from .ids import checksum
from .record_types import allowed_values
from .schema import FieldType

if TYPE_CHECKING:
    from .access import User
    from .org import Org
    from .schema import ObjectType

_PROCESS_FIELDS = {"Lead": "Status", "Opportunity": "StageName"}
_PICKLISTS = frozenset({FieldType.PICKLIST, FieldType.MULTIPICKLIST})


@behaviour(
    "describe/layouts: picklist values by record type",
    "uncertain",
    "partner WSDL for RecordTypeMapping and PicklistForRecordType; that Status follows the lead process is inferred",
)
def describe_layouts(org: Org, user: User, type_: ObjectType, *, version: str) -> dict[str, Json]:
    """Record types with the picklist values that each offers; `layouts` is null, as for objects with record types."""
    mappings: list[Json] = []
    for info in record_type_infos(org, user, type_, version):
        picklists = _picklists(org, user, type_, info["recordTypeId"])
        mappings.append({**info, "layoutId": _layout_id(type_), "picklistsForRecordType": list[Json](picklists)})
    return {"layouts": None, "recordTypeMappings": mappings, "recordTypeSelectorRequired": [len(mappings) > 1]}


def _picklists(org: Org, user: User, type_: ObjectType, record_type_id: object) -> list[dict[str, Json]]:
    visible = org.access.visible_fields(user, type_)
    allowed = allowed_values(org, type_, record_type_id)
    process_field = _PROCESS_FIELDS.get(type_.name)
    found: list[dict[str, Json]] = []
    for field in sorted(type_.fields, key=lambda each: each.name):
        if field.type not in _PICKLISTS or field.name not in visible:
            continue
        narrowed = allowed if field.name == process_field else None
        values = [each for each in field.picklist if each.active and (narrowed is None or each.value in narrowed)]
        found.append({"picklistName": field.name, "picklistValues": picklist_entries(values)})
    return found


def _layout_id(type_: ObjectType) -> str:
    """The object's one page layout; only its id exists."""
    body = f"00h000000000{type_.id_prefix}"
    return body + checksum(body)

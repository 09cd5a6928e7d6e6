"""SOAP findDuplicates and findDuplicatesByIds: what the duplicate rules would say, without writing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import duplicates
from ..behaviours import behaviour
from ..errors import SalesforceError
from . import envelope as xml
from .envelope import Node
from .serialize import duplicate_node
from .soap_call import record_id
from .sobject import read_sobject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..schema import ObjectType, Value
    from .soap_call import SoapCall

MOST_RECORDS = 50


def find_duplicates(soap: SoapCall) -> Sequence[Node]:
    """Duplicates of records given by their field values."""
    asked = xml.children(soap.envelope.call, "sObjects")
    _check_count(len(asked))
    records = [read_sobject(soap.org, each) for each in asked]
    _check_one_type([record.type.name for record in records])
    return [_result(soap, record.type, record.values, own_id=record.id) for record in records]


def find_duplicates_by_ids(soap: SoapCall) -> Sequence[Node]:
    """Duplicates of records given by their ids."""
    given = [(each.text or "").strip() for each in xml.children(soap.envelope.call, "ids")]
    _check_count(len(given))
    found: list[tuple[ObjectType, Mapping[str, Value], str]] = []
    for each in given:
        own_id = record_id(each) or ""
        type_ = soap.org.schema.by_prefix(own_id)
        row = soap.org.store.row(type_, own_id) if type_ is not None else None
        if type_ is None or row is None:
            raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=500)
        found.append((type_, row, own_id))
    _check_one_type([type_.name for type_, _, _ in found])
    return [_result(soap, type_, row, own_id=own_id) for type_, row, own_id in found]


@behaviour("findDuplicates takes at most 50 records of one type", source="SOAP API guide")
def _check_count(count: int) -> None:
    """More than 50 records are a fault."""
    if count > MOST_RECORDS:
        raise SalesforceError(
            "LIMIT_EXCEEDED",
            "Configuration error: The number of records to check is greater than the permitted batch size.",
            status=500,
        )


def _check_one_type(names: Sequence[str]) -> None:
    if len(set(names)) > 1:
        raise SalesforceError("INVALID_OPERATION", "All records to check must be of the same object type.", status=500)


def _result(soap: SoapCall, type_: ObjectType, values: Mapping[str, Value], *, own_id: str | None) -> Node:
    results = duplicates.find(
        soap.org,
        soap.user,
        type_.name,
        values,
        own_id=own_id,
        include_details=soap.header_boolean("DuplicateRuleHeader", "includeRecordDetails"),
    )
    return Node(
        "result",
        [*(duplicate_node(each, "duplicateResults") for each in results), Node("success", content=True)],
    )

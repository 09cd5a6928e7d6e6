"""SOAP create, update, upsert, delete, undelete and retrieve: up to 200 records in a call, one result each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..api import writes
from ..api.many import MOST_RECORDS, Event, governed, write_each
from ..api.record import json_value
from ..behaviours import behaviour
from ..errors import RowError, RowRefused, SalesforceError
from ..rows_result import DmlOptions, RowResult
from . import envelope as xml
from .envelope import NIL, Node
from .serialize import error_node, sobject
from .soap_call import record_id
from .sobject import SObject, read_sobject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..schema import Field, ObjectType
    from .soap_call import SoapCall

MOST_RETRIEVED = 2000


def create(soap: SoapCall) -> Sequence[Node]:
    """Create records."""
    options = write_options(soap)

    def one(given: tuple[SObject, tuple[RowError, ...]]) -> RowResult:
        record, refused = given
        _raise(refused)
        return writes.create(soap.call, record.type, record.values, options)

    results = write_each(soap.org, _governed(soap, "insert"), one, all_or_none=options.all_or_none)
    return _saved(soap, results)


def update(soap: SoapCall) -> Sequence[Node]:
    """Change records."""
    options = write_options(soap)

    def one(given: tuple[SObject, tuple[RowError, ...]]) -> RowResult:
        record, refused = given
        if record.id is None:
            raise RowRefused(RowError(code="MISSING_ARGUMENT", message="Id not specified in an update call"))
        _raise(refused)
        return writes.update(soap.call, record.type, record.id, record.values, options)

    results = write_each(soap.org, _governed(soap, "update"), one, all_or_none=options.all_or_none)
    return _saved(soap, results)


def upsert(soap: SoapCall) -> Sequence[Node]:
    """Change the records with these external ids, or create them."""
    options = write_options(soap)
    key = xml.text(soap.envelope.call, "externalIDFieldName")
    if key is None:
        raise SalesforceError("MISSING_ARGUMENT", "externalIDFieldName is required", status=500)
    field_name = key.strip()

    def one(record: SObject) -> RowResult:
        value = record.id if field_name.lower() == "id" else _value_of(record, field_name)
        return writes.upsert(soap.call, record.type, writes.Key(field_name, value), record.values, options)

    results = write_each(soap.org, _records(soap), one, all_or_none=options.all_or_none)
    return _saved(soap, results, with_created=True)


def _value_of(record: SObject, field_name: str) -> str | int | float | bool:
    value = next((value for name, value in record.values.items() if name.lower() == field_name.lower()), None)
    if value is None:
        raise RowRefused(RowError(code="MISSING_ARGUMENT", message=f"{field_name} not specified"))
    return value


def delete(soap: SoapCall) -> Sequence[Node]:
    """Put records into the recycle bin."""

    def one(given: str) -> RowResult:
        return writes.delete(soap.call, _type_of(soap, given), given)

    results = write_each(soap.org, _ids(soap), one, all_or_none=write_options(soap).all_or_none)
    return _saved(soap, results)


def undelete(soap: SoapCall) -> Sequence[Node]:
    """Bring records back from the recycle bin."""

    def one(given: str) -> RowResult:
        return writes.undelete(soap.call, _type_of(soap, given), given)

    results = write_each(soap.org, _ids(soap), one, all_or_none=write_options(soap).all_or_none)
    return _saved(soap, results)


def retrieve(soap: SoapCall) -> Sequence[Node]:
    """Read records by id; one that is not there is nil in its place."""
    type_ = soap.org.schema.object(xml.text(soap.envelope.call, "sObjectType") or "")
    soap.org.access.require_readable(soap.user, type_)
    fields = _fields(soap, type_)
    ids = _ids(soap, most=MOST_RETRIEVED)
    found: list[Node] = []
    for each in ids:
        row = soap.org.store.row(type_, each)
        if row is None:
            found.append(Node("result", NIL))
            continue
        values = {field.name: json_value(field, row[field.name]) for field in fields if field.stored}
        found.append(sobject({"attributes": {"type": type_.name}, **values}, "result", dialect=soap.dialect))
    return found


def _fields(soap: SoapCall, type_: ObjectType) -> list[Field]:
    names = (xml.text(soap.envelope.call, "fieldList") or "").split(",")
    visible = soap.org.access.visible_fields(soap.user, type_)
    fields: list[Field] = []
    for name in names:
        field = type_.field(name.strip())
        if field is None or field.name not in visible:
            raise SalesforceError(
                "INVALID_FIELD", f"No such column '{name.strip()}' on entity '{type_.name}'.", status=500
            )
        fields.append(field)
    return fields


def _records(soap: SoapCall) -> list[SObject]:
    found = xml.children(soap.envelope.call, "sObjects")
    _check_count(len(found))
    return [read_sobject(soap.org, each) for each in found]


def _governed(soap: SoapCall, event: Event) -> list[tuple[SObject, tuple[RowError, ...]]]:
    records = _records(soap)
    return list(zip(records, governed(soap.org, [each.type.name for each in records], event), strict=True))


def _raise(errors: tuple[RowError, ...]) -> None:
    if errors:
        raise RowRefused(*errors)


def _ids(soap: SoapCall, *, most: int = MOST_RECORDS) -> list[str]:
    given = [record_id((each.text or "").strip() or None) for each in xml.children(soap.envelope.call, "ids")]
    _check_count(len(given), most)
    return [each for each in given if each is not None]


def _check_count(count: int, most: int = MOST_RECORDS) -> None:
    if count > most:
        raise SalesforceError(
            "EXCEEDED_ID_LIMIT" if most == MOST_RETRIEVED else "LIMIT_EXCEEDED",
            f"record limit reached. cannot submit more than {most} records into this call",
            status=500,
        )


def _type_of(soap: SoapCall, given: str) -> ObjectType:
    type_ = soap.org.schema.by_prefix(given)
    if type_ is None:
        raise RowRefused(RowError(code="INVALID_CROSS_REFERENCE_KEY", message="invalid cross reference id"))
    return type_


@behaviour("SOAP writes run assignment rules only when told to", source="SOAP API guide: AssignmentRuleHeader")
def write_options(soap: SoapCall) -> DmlOptions:
    """REST runs the active assignment rule unless told not to; SOAP only with an AssignmentRuleHeader."""
    rule: bool | str = False
    header = soap.envelope.headers.get("AssignmentRuleHeader")
    if header is not None:
        rule = record_id(xml.text(header, "assignmentRuleId")) or xml.boolean(header, "useDefaultRule")
    return DmlOptions(
        auto_assign=rule,
        duplicates_allow_save=soap.header_boolean("DuplicateRuleHeader", "allowSave"),
        duplicates_include_record_details=soap.header_boolean("DuplicateRuleHeader", "includeRecordDetails"),
        allow_field_truncation=soap.header_boolean("AllowFieldTruncationHeader", "allowFieldTruncation"),
        all_or_none=soap.header_boolean("AllOrNoneHeader", "allOrNone"),
    )


def _saved(soap: SoapCall, results: Sequence[RowResult], *, with_created: bool = False) -> list[Node]:
    soap.call.note(error for result in results for error in result.errors)
    return [_saved_one(each, with_created=with_created) for each in results]


def _saved_one(result: RowResult, *, with_created: bool) -> Node:
    """SaveResult, DeleteResult, UndeleteResult; UpsertResult opens with `created`."""
    created = [Node("created", result.created)] if with_created else []
    errors = [error_node(error) for error in result.errors]
    own_id = NIL if result.id is None or not result.success else result.id
    return Node("result", [*created, *errors, Node("id", own_id), Node("success", result.success)])

"""Up to 200 records in one call, with a result for each: `/composite/sobjects`.

Always 200 if the request is well formed. Results stand in the order of the request; a failed one has no `id`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import RowError, RowRefused, SalesforceError
from ..http import Response, json_response
from ..ids import is_id, to18
from ..rows_result import RowResult
from . import writes
from .conditions import refuse_conditions
from .errors import row_error_json
from .many import MOST_RECORDS, Event, governed, write_each
from .record import columns_of, record_json
from .rows import object_of
from .write_options import write_options

if TYPE_CHECKING:
    from ..call import Call
    from ..schema import Field, ObjectType

MOST_CHUNKS = 10
MOST_RETRIEVED = 2000


@dataclass(frozen=True, slots=True)
class _Given:
    """One record of a request; `id` as it was sent."""

    type: ObjectType
    id: str | None
    values: writes.Values
    governor: tuple[RowError, ...] = ()


def create(call: Call) -> Response:
    """POST /composite/sobjects."""
    options = write_options(call.request.headers)
    records, all_or_none = _given_records(call)

    def one(given: _Given) -> RowResult:
        _raise(given.governor)
        return writes.create(call, given.type, given.values, options)

    return _answer(call, write_each(call.org, _governed(call, records, "insert"), one, all_or_none=all_or_none))


def update(call: Call) -> Response:
    """PATCH /composite/sobjects."""
    options = write_options(call.request.headers)
    records, all_or_none = _given_records(call)
    seen: set[str] = set()

    def one(given: _Given) -> RowResult:
        record_id = _id_of(given)
        if record_id in seen:
            raise RowRefused(RowError(code="DUPLICATE_VALUE", message=f"duplicate id specified: {record_id}"))
        seen.add(record_id)
        _raise(given.governor)
        return writes.update(call, given.type, record_id, given.values, options)

    return _answer(call, write_each(call.org, _governed(call, records, "update"), one, all_or_none=all_or_none))


def upsert(call: Call) -> Response:
    """PATCH /composite/sobjects/{object}/{field}."""
    options = write_options(call.request.headers)
    type_ = object_of(call)
    field = type_.field(call.parameters["field"])
    records, all_or_none = _given_records(call)
    if field is None:
        raise SalesforceError(
            "NOT_FOUND",
            f"Provided external ID field does not exist or is not accessible: {call.parameters['field']}",
            status=404,
        )

    def one(given: _Given) -> RowResult:
        if given.type.name != type_.name:
            raise RowRefused(RowError(code="INVALID_TYPE", message=f"the record is not of type {type_.name}"))
        named = next((name for name in given.values if name.lower() == field.name.lower()), None)
        key = given.id if field.name == "Id" else (given.values[named] if named else None)
        if isinstance(key, Mapping):
            raise RowRefused(RowError(code="INVALID_FIELD", message=f"{field.name} cannot be a record"))
        if key in {None, ""} and field.name != "Id":
            raise RowRefused(RowError(code="MISSING_ARGUMENT", message=f"{field.name} not specified"))
        return writes.upsert(call, type_, writes.Key(field.name, key), given.values, options)

    return _answer(call, write_each(call.org, records, one, all_or_none=all_or_none), with_created=True)


def delete(call: Call) -> Response:
    """DELETE /composite/sobjects?ids=…&allOrNone=…."""
    refuse_conditions(call.request.headers, "collections")
    given = [each.strip() for each in (call.query("ids") or "").split(",") if each.strip()]
    if not given:
        raise SalesforceError("MISSING_ARGUMENT", "The ids parameter is required")
    _check_count(len(given))

    def one(record_id: str) -> RowResult:
        if not is_id(record_id):
            raise RowRefused(RowError(code="MALFORMED_ID", message=f"malformed id {record_id}"))
        type_ = call.org.schema.by_prefix(record_id)
        if type_ is None:
            raise RowRefused(RowError(code="INVALID_CROSS_REFERENCE_KEY", message="invalid cross reference id"))
        return writes.delete(call, type_, to18(record_id) or record_id)

    all_or_none = (call.query("allOrNone") or "false").lower() == "true"
    return _answer(call, write_each(call.org, given, one, all_or_none=all_or_none))


def retrieve(call: Call) -> Response:
    """GET /composite/sobjects/{object}?ids=…&fields=…."""
    ids = [each.strip() for each in (call.query("ids") or "").split(",")]
    fields = [each.strip() for each in (call.query("fields") or "").split(",")]
    return _retrieved(call, ids, fields)


def retrieve_by_post(call: Call) -> Response:
    """POST /composite/sobjects/{object} with ids and fields, for lists that no URI holds."""
    body = call.json_object()
    ids, fields = body.get("ids"), body.get("fields")
    if not isinstance(ids, list) or not isinstance(fields, list):
        raise SalesforceError("JSON_PARSER_ERROR", "ids and fields must be arrays")
    return _retrieved(call, [str(each) for each in ids], [str(each) for each in fields])


@behaviour("Collections retrieve answers null for what is not there", source="REST Developer Guide")
def _retrieved(call: Call, ids: Sequence[str], names: Sequence[str]) -> Response:
    """Records in the order of the ids; one that is missing or may not be seen is null."""
    type_ = object_of(call)
    if len(ids) > MOST_RETRIEVED:
        raise SalesforceError(
            "EXCEEDED_MAX_SIZE_REQUEST", f"Cannot retrieve more than {MOST_RETRIEVED} records in one call"
        )
    visible = call.org.access.visible_fields(call.user, type_)
    fields: list[Field] = []
    for name in names:
        field = type_.field(name)
        if field is None or field.name not in visible:
            raise SalesforceError("INVALID_FIELD", f"No such column '{name}' on sobject of type {type_.name}")
        fields.append(field)
    full = [to18(each) for each in ids]
    rows = call.org.store.rows_by_id(type_, [each for each in full if each is not None], columns_of(type_, fields))
    url = call.data_url
    found = [rows.get(each) if each is not None else None for each in full]
    return json_response([None if row is None else record_json(type_, row, fields, data_url=url) for row in found])


def _given_records(call: Call) -> tuple[list[_Given], bool]:
    """The records of a body and its `allOrNone`.

    Raises:
        SalesforceError: 400 when the body as a whole cannot be taken.
    """
    refuse_conditions(call.request.headers, "collections")
    body = call.json_object()
    records = body.get("records")
    if not isinstance(records, list):
        raise SalesforceError("JSON_PARSER_ERROR", "The records property must be an array of records")
    all_or_none = body.get("allOrNone", False)
    if not isinstance(all_or_none, bool):
        raise SalesforceError("JSON_PARSER_ERROR", "allOrNone must be true or false")
    _check_count(len(records))
    given = [_given(call, each) for each in records]
    chunks = sum(1 for _ in groupby(given, key=lambda each: each.type.name))
    if chunks > MOST_CHUNKS:
        raise SalesforceError(
            "LIMIT_EXCEEDED",
            f"Cannot have more than {MOST_CHUNKS} chunks in a single operation. "
            "Please rearrange the data to reduce chunking.",
        )
    return given, all_or_none


def _check_count(count: int) -> None:
    if count > MOST_RECORDS:
        raise SalesforceError(
            "EXCEEDED_MAX_SIZE_REQUEST",
            f"record limit reached. cannot submit more than {MOST_RECORDS} records into this call",
        )


def _given(call: Call, record: object) -> _Given:
    attributes = record.get("attributes") if isinstance(record, dict) else None
    if not isinstance(record, dict) or not isinstance(attributes, dict) or not attributes.get("type"):
        raise SalesforceError("INVALID_TYPE", "Each record must have attributes with a type.")
    type_ = call.org.schema.object(str(attributes["type"]))
    values = writes.values_of(record)
    named = next((name for name in values if name.lower() == "id"), None)
    own_id = values.get(named) if named is not None else attributes.get("id")
    rest = {name: value for name, value in values.items() if name != named}
    return _Given(type=type_, id=str(own_id) if own_id else None, values=rest)


def _governed(call: Call, records: Sequence[_Given], event: Event) -> list[_Given]:
    """The records, each with what the governor says to it."""
    errors = governed(call.org, [each.type.name for each in records], event)
    return [replace(each, governor=found) for each, found in zip(records, errors, strict=True)]


def _raise(errors: tuple[RowError, ...]) -> None:
    if errors:
        raise RowRefused(*errors)


def _id_of(given: _Given) -> str:
    if given.id is None:
        raise RowRefused(RowError(code="MISSING_ARGUMENT", message="Id not specified in an update call"))
    full = to18(given.id)
    if full is None:
        raise RowRefused(RowError(code="MALFORMED_ID", message=f"malformed id {given.id}", fields=("Id",)))
    return full


@behaviour("A failed entry of a collection has no id", source="recordings of real orgs")
def _answer(call: Call, results: Sequence[RowResult], *, with_created: bool = False) -> Response:
    """One entry per record, in order; entries that failed carry errors and no id."""
    entries: list[dict[str, object]] = []
    for result in results:
        if result.success:
            entry: dict[str, object] = {"id": result.id, "success": True, "errors": []}
        else:
            entry = {"success": False, "errors": [row_error_json(error) for error in result.errors]}
        if with_created:
            entry["created"] = result.created
        entries.append(entry)
    call.note(error for result in results for error in result.errors)
    return json_response(entries)

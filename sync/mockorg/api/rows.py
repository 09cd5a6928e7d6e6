"""Single records: create, read, change, upsert, delete, by id or by external id.

`GET|PATCH|DELETE /sobjects/Lead/{id}`, `/sobjects/Lead/{field}/{value}`, `POST /sobjects/Lead`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from .. import rows
from ..behaviours import behaviour
from ..clock import http_date
from ..errors import NotModelled, SalesforceError, unknown_object_header
from ..http import Response, empty, json_response
from ..ids import is_id, to18
from . import writes
from .conditions import check_match, check_unmodified, none_matches, not_modified, refuse_conditions
from .errors import row_error_response
from .many import check_governor
from .record import record_json
from .write_options import write_options

if TYPE_CHECKING:
    from ..call import Call
    from ..schema import Field, ObjectType
    from ..store import Row


_UNMODELLED_PARTS = frozenset({"defaultvalues", "listviews", "quickactions", "relevantitems"})
_UNMODELLED_DESCRIBES = frozenset({"approvallayouts", "compactlayouts", "namedlayouts"})


def object_of(call: Call) -> ObjectType:
    """The object that the path names, if the user may know of it.

    Raises:
        SalesforceError: 404.
    """
    type_ = call.org.schema.find(call.parameters["object"])
    if type_ is None or not call.org.access.may(call.user, "read", type_):
        headers = unknown_object_header(call.parameters["object"]) if type_ is None else None
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404, headers=headers)
    part = call.parameters.get("id", call.parameters.get("field", "")).lower()
    below = call.parameters.get("value", "").lower()
    if part in _UNMODELLED_PARTS or (part == "describe" and below in _UNMODELLED_DESCRIBES):
        raise NotModelled(f"the resource {below or part} of an object", code="NOT_FOUND", status=404)
    return type_


@behaviour("POST row answers 201 with Location", source="recordings of real orgs")
def create(call: Call) -> Response:
    """POST /sobjects/{object}."""
    type_ = object_of(call)
    refuse_conditions(call.request.headers, "creating a record")
    check_governor(call.org, type_.name, "insert")
    result = writes.create(call, type_, writes.values_of(call.json_object()), write_options(call.request.headers))
    if not result.success:
        return row_error_response(result.errors)
    return json_response(
        {"id": result.id, "success": True, "errors": []},
        status=201,
        headers=[("Location", f"{call.data_url}/sobjects/{type_.name}/{result.id}")],
    )


def read(call: Call) -> Response:
    """GET /sobjects/{object}/{id}."""
    type_ = object_of(call)
    return _answer_row(call, type_, row_by_id(call, type_, call.parameters["id"]))


def _answer_row(call: Call, type_: ObjectType, row: Row) -> Response:
    headers = call.request.headers
    changed = last_modified(row)
    etag = _etag(type_, row)
    check_unmodified(headers, changed)
    check_match(headers, etag)
    validators = [("Last-Modified", http_date(changed)), *([("ETag", etag)] if etag else [])]
    if not_modified(headers, changed) or none_matches(headers, etag):
        return empty(304, validators)
    fields = _asked_fields(call, type_)
    return json_response(record_json(type_, row, fields, data_url=call.data_url), headers=validators)


@behaviour("PATCH row answers 204; null clears a field", source="recordings of real orgs")
def update(call: Call) -> Response:
    """PATCH /sobjects/{object}/{id}."""
    type_ = object_of(call)
    row = row_by_id(call, type_, call.parameters["id"])
    check_unmodified(call.request.headers, last_modified(row))
    check_match(call.request.headers, _etag(type_, row))
    values = _without_id(writes.values_of(call.json_object()))
    check_governor(call.org, type_.name, "update")
    result = writes.update(call, type_, str(row["Id"]), values, write_options(call.request.headers))
    return empty() if result.success else row_error_response(result.errors)


def _without_id(values: writes.Values) -> writes.Values:
    """A record's id stands in the path; Salesforce refuses one in the body."""
    named = next((name for name in values if name.lower() == "id"), None)
    if named is not None:
        raise SalesforceError(
            "INVALID_FIELD", "The Id field should not be specified in the sobject data.", fields=[named]
        )
    return values


def delete(call: Call) -> Response:
    """DELETE /sobjects/{object}/{id}."""
    type_ = object_of(call)
    row = row_by_id(call, type_, call.parameters["id"])
    refuse_conditions(call.request.headers, "DELETE")
    return _deleted(call, type_, str(row["Id"]))


def _deleted(call: Call, type_: ObjectType, record_id: str) -> Response:
    result = writes.delete(call, type_, record_id)
    return empty() if result.success else row_error_response(result.errors)


def create_by_key(call: Call) -> Response:
    """POST /sobjects/{object}/Id: the upsert of a record without an id, which always creates."""
    if call.parameters["id"].lower() != "id":
        raise SalesforceError(
            "METHOD_NOT_ALLOWED",
            "HTTP Method 'POST' not allowed. Allowed are DELETE,GET,HEAD,PATCH",
            status=405,
            headers={"Allow": "DELETE,GET,HEAD,PATCH"},
        )
    return create(call)


def read_by_key(call: Call) -> Response:
    """GET /sobjects/{object}/{field}/{value}.

    Raises:
        NotModelled: the path names a record and one of its relationships.
    """
    type_ = object_of(call)
    if is_id(call.parameters["field"]):
        raise NotModelled("relationships as paths of a record", code="NOT_FOUND", status=404)
    found = _by_key(call, type_)
    if len(found) > 1:
        return _several(call, type_, found)
    if not found:
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
    return _answer_row(call, type_, row_by_id(call, type_, found[0]))


@behaviour("Upsert by external id: 201, 200, 300", source="REST Developer Guide")
def upsert(call: Call) -> Response:
    """PATCH /sobjects/{object}/{field}/{value}; `updateOnly=true` never creates."""
    type_ = object_of(call)
    found = _by_key(call, type_)
    if len(found) > 1:
        return _several(call, type_, found)
    if not found and (call.query("updateOnly") or "").lower() == "true":
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
    if found:
        row = row_by_id(call, type_, found[0])
        check_unmodified(call.request.headers, last_modified(row))
        check_match(call.request.headers, _etag(type_, row))
    values = _without_id(writes.values_of(call.json_object()))
    if call.parameters["field"].lower() in {name.lower() for name in values}:
        raise SalesforceError(
            "INVALID_FIELD",
            f"The {call.parameters['field']} field should not be specified in the sobject data.",
            fields=[call.parameters["field"]],
        )
    check_governor(call.org, type_.name, "update" if found else "insert")
    key = writes.Key(call.parameters["field"], call.parameters["value"])
    result = writes.upsert(call, type_, key, values, write_options(call.request.headers))
    if not result.success:
        return row_error_response(result.errors)
    if not result.created and call.version < 46:
        return empty()
    answer: dict[str, object] = {"id": result.id, "success": True, "errors": [], "created": result.created}
    location = [("Location", f"{call.data_url}/sobjects/{type_.name}/{result.id}")] if result.created else []
    return json_response(answer, status=201 if result.created else 200, headers=location)


def delete_by_key(call: Call) -> Response:
    """DELETE /sobjects/{object}/{field}/{value}."""
    type_ = object_of(call)
    refuse_conditions(call.request.headers, "DELETE")
    found = _by_key(call, type_)
    if len(found) > 1:
        return _several(call, type_, found)
    if not found:
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
    return _deleted(call, type_, found[0])


def _by_key(call: Call, type_: ObjectType) -> list[str]:
    return rows.find_by_external_id(call.org, type_, call.parameters["field"], call.parameters["value"])


def _several(call: Call, type_: ObjectType, found: list[str]) -> Response:
    """300 with the addresses of the records that share an external id."""
    return json_response([f"{call.data_url}/sobjects/{type_.name}/{each}" for each in found], status=300)


def row_by_id(call: Call, type_: ObjectType, given: str) -> Row:
    """The stored row of an id of 15 or 18 characters.

    Raises:
        SalesforceError: 404 for text that is no id, an id that is not there, or a deleted record.
    """
    if not is_id(given):
        raise SalesforceError(
            "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {given}", status=404
        )
    row = call.org.store.row(type_, to18(given) or given, deleted=True)
    if row is None:
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
    if row.get("IsDeleted"):
        raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted", status=404, fields=())
    return row


def last_modified(row: Row) -> str:
    """When the record was last changed, as a stored time."""
    return str(row.get("LastModifiedDate") or row.get("SystemModstamp") or row.get("CreatedDate"))


@behaviour("Entity tags on rows of Account only", source="REST Developer Guide")
def _etag(type_: ObjectType, row: Row) -> str | None:
    """Account rows carry an entity tag that changes with the record; other rows have none."""
    if type_.name != "Account":
        return None
    digest = hashlib.sha256(repr(sorted(row.items(), key=lambda item: item[0])).encode()).hexdigest()
    return f'"{digest[:16]}"'


def _asked_fields(call: Call, type_: ObjectType) -> list[Field]:
    """The fields to answer: those of `fields`, else all that the user may see, in describe's order."""
    visible = call.org.access.visible_fields(call.user, type_)
    given = call.query("fields")
    if given is None:
        return [field for field in type_.fields if field.name in visible]
    fields: list[Field] = []
    for name in given.split(","):
        field = type_.field(name.strip())
        if field is None or field.name not in visible:
            raise SalesforceError("INVALID_FIELD", f"No such column '{name.strip()}' on sobject of type {type_.name}")
        if field not in fields:
            fields.append(field)
    return fields

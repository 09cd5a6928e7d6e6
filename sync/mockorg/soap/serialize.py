"""Records, errors and duplicate results as the partner WSDL writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .envelope import NIL, PARTNER, Content, Dialect, Node

if TYPE_CHECKING:
    from ..duplicate_result import DuplicateResult, MatchRecord, MatchResult
    from ..errors import RowError

_REST_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000\Z")

Json = Mapping[str, object]


def error_node(error: RowError, name: str = "errors") -> Node:
    """One error of a record; a duplicate's carries what the rule found."""
    fields = [Node("fields", each) for each in error.fields] or [Node("fields", NIL)]
    content: list[Node] = [*fields, Node("message", error.message), Node("statusCode", error.code)]
    if error.duplicate is None:
        return Node(name, content)
    return Node(name, [*content, duplicate_node(error.duplicate, "duplicateResult")], type="DuplicateError")


def duplicate_node(found: DuplicateResult, name: str) -> Node:
    """One rule's result (DuplicateResult of the WSDL)."""
    return Node(
        name,
        [
            Node("allowSave", found.allow_save),
            Node("duplicateRule", found.duplicate_rule),
            Node("duplicateRuleEntityType", found.duplicate_rule_entity_type),
            Node("errorMessage", NIL if found.error_message is None else found.error_message),
            *(_match_node(match) for match in found.match_results),
        ],
    )


def _match_node(match: MatchResult) -> Node:
    return Node(
        "matchResults",
        [
            Node("entityType", match.entity_type),
            Node("matchEngine", match.match_engine),
            *(_match_record_node(record) for record in match.match_records),
            Node("rule", match.rule),
            Node("size", match.size),
            Node("success", match.success),
        ],
    )


def _match_record_node(record: MatchRecord) -> Node:
    diffs = [
        Node("fieldDiffs", [Node("difference", diff.difference), Node("name", diff.name)])
        for diff in record.field_diffs
    ]
    fields: Json = {"attributes": {"type": record.object_name}, **record.record}
    return Node("matchRecords", [*diffs, Node("matchConfidence", record.match_confidence), sobject(fields, "record")])


def sobject(record: Json, name: str, *, dialect: Dialect | None = None) -> Node:
    """A record in REST's JSON form as an sObject: type, Id, then the fields as they were asked for.

    The Id stands first whether or not it was asked for (nil if not), and once more among the fields if it was,
    as a real org answers.
    """
    namespace = (dialect or PARTNER).objects
    attributes = record.get("attributes")
    kind = attributes.get("type") if isinstance(attributes, Mapping) else None
    own_id = record.get("Id")
    children = [
        Node("type", str(kind) if kind else NIL, namespace=namespace),
        Node("Id", str(own_id) if own_id else NIL, namespace=namespace),
    ]
    children += [
        field_node(field, value, namespace=namespace, dialect=dialect)
        for field, value in record.items()
        if field != "attributes"
    ]
    return Node(name, children, type="sf:sObject")


def field_node(name: str, value: object, *, namespace: str, dialect: Dialect | None) -> Node:
    """One field: text, a parent record, the result of a subquery, or a compound value."""
    match value:
        case None:
            return Node(name, NIL, namespace=namespace)
        case bool() | int() | float():
            return Node(name, value, namespace=namespace)
        case str():
            return Node(name, _time(value), namespace=namespace)
        case dict() as nested:
            return _nested(name, nested, namespace=namespace, dialect=dialect)
        case _:
            raise TypeError(f"{name} has a value of a kind that SOAP cannot carry: {type(value).__name__}")


def _nested(name: str, value: Json, *, namespace: str, dialect: Dialect | None) -> Node:
    """A parent record, the result of a subquery, or a compound address."""
    match value.get("records"):
        case list() as records:
            return Node(name, query_result(value, records), type="QueryResult", namespace=namespace)
        case _ if "attributes" in value:
            inner = sobject(value, name, dialect=dialect)
            return Node(name, inner.content, type=inner.type, namespace=namespace)
        case _:
            parts = [Node(str(key), _scalar(part)) for key, part in value.items()]
            return Node(name, parts, type="address", namespace=namespace)


def query_result(result: Json, records: Sequence[Json], locator: str | None = None) -> list[Node]:
    """QueryResult of the WSDL."""
    return [
        Node("done", bool(result["done"])),
        Node("queryLocator", NIL if locator is None else locator),
        *(sobject(record, "records") for record in records),
        Node("size", _size(result["totalSize"])),
    ]


def _size(value: object) -> Content:
    return value if isinstance(value, int) else 0


def _scalar(value: object) -> Content:
    return value if isinstance(value, str | bool | int | float) else NIL


def _time(value: str) -> str:
    """SOAP writes times with Z where REST writes +0000."""
    return value[:-5] + "Z" if _REST_TIME.match(value) else value

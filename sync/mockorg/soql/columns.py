"""`query?q=…&columns=true`: what the columns of a query are, which the Salesforce CLI asks for to lay out its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..schema import ID_TYPES, INTEGER_TYPES, NUMBER_TYPES, FieldType
from .compile import compile_query

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..access import User
    from ..org import Org
    from .plan import ResultColumn
    from .shape import Record
    from .terms import Term

_APEX_TYPES = {
    FieldType.BOOLEAN: "Boolean",
    FieldType.DATE: "Date",
    FieldType.DATETIME: "Datetime",
    FieldType.TIME: "Time",
    FieldType.ADDRESS: "Address",
    FieldType.LOCATION: "Location",
}


@behaviour(
    "Query with columns=true",
    "confirmed",
    "keys as the Salesforce CLI reads them; apexType names as in recorded column metadata",
)
def column_metadata(org: Org, user: User, text: str, *, all_rows: bool = False) -> Record:
    """The columns of a query, without running it: parents and child queries hold their columns in `joinColumns`.

    Raises:
        SalesforceError: as the query itself would.
    """
    with org.lock:
        plan = compile_query(org, user, text, all_rows=all_rows)
    return {
        "columnMetadata": _written(plan.columns),
        "entityName": plan.type.name,
        "groupBy": plan.group_by,
        "idSelected": any(column.name == "Id" for column in plan.columns),
        "keyPrefix": plan.type.key_prefix,
    }


def _written(columns: Iterable[ResultColumn]) -> list[Record]:
    """Columns as JSON; those of one parent are gathered where its first one stands."""
    written: list[Record] = []
    parents: dict[str, list[tuple[str, ResultColumn]]] = {}
    for column in columns:
        parent, _, rest = column.name.partition(".")
        if not rest:
            joined = _written(column.nested)
            written.append(_column(column, column.name, joined, aggregate=column.aggregate or bool(joined)))
            continue
        if parent not in parents:
            parents[parent] = []
            written.append(_parent(parent))
        parents[parent].append((rest, column))
    for each in written:
        if each["columnName"] in parents and each["joinColumns"] == []:
            inner = parents[str(each["columnName"])]
            each["joinColumns"] = [_column(column, name, [], aggregate=False) for name, column in inner]
    return written


def _parent(name: str) -> Record:
    return {
        "aggregate": False, "apexType": None, "booleanType": False, "columnName": name, "custom": name.endswith("__r"),
        "displayName": name, "foreignKeyName": f"{name}Id", "insertable": False, "joinColumns": [],
        "numberType": False, "textType": False, "updatable": False,
    }  # fmt: skip


def _column(column: ResultColumn, name: str, joined: list[Record], *, aggregate: bool) -> Record:
    term = column.term
    field = term.found.field if term and term.found else None
    kind = term.type if term else None
    return {
        "aggregate": aggregate,
        "apexType": _apex_type(kind) if kind else None,
        "booleanType": kind is FieldType.BOOLEAN,
        "columnName": name,
        "custom": bool(field and field.custom),
        "displayName": _display(term, name),
        "foreignKeyName": field.relationship_name if field else None,
        "insertable": bool(field and field.createable and not aggregate),
        "joinColumns": joined,
        "numberType": kind in NUMBER_TYPES | INTEGER_TYPES,
        "textType": bool(term and term.ignores_case and kind not in ID_TYPES),
        "updatable": bool(field and field.updateable and not aggregate),
    }


def _display(term: Term | None, name: str) -> str:
    if term and term.aggregate:
        return f"{str(term.function).lower()}({term.name})"
    return name


def _apex_type(kind: FieldType) -> str:
    if kind in ID_TYPES:
        return "Id"
    if kind in INTEGER_TYPES:
        return "Integer"
    if kind in NUMBER_TYPES:
        return "Double"
    return _APEX_TYPES.get(kind, "String")

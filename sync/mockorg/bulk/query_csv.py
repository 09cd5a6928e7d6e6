"""What a query job may ask, and its answer as CSV.

Each line is put together inside SQLite, so that a job over a million records takes seconds and no memory to speak of.
"""

# ruff: noqa: S608 - statements are made of the schema's names and bound parameters only

from __future__ import annotations

from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import SalesforceError
from ..schema import COMPOUND_TYPES, FieldType
from ..soql.ast import SubSelect, TypeOf
from ..soql.compile import compile_query
from ..soql.parse import parse
from ..soql.plan import Kind
from ..soql.run import execute
from .result_file import ResultFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..access import User
    from ..org import Org
    from ..soql.plan import Plan, ResultColumn
    from .csv_format import CsvFormat

_NOT_IN_BULK = frozenset({"TaskStatus", "TaskPriority"})
_COLUMNS_PER_CALL = 100


@behaviour(
    "What Bulk cannot query",
    "confirmed",
    "Bulk API 2.0 Guide, Create a Query Job for what is refused; texts as connectors met them",
)
def check_bulk_query(text: str, plan: Plan) -> None:
    """Bulk queries cannot group, aggregate, nest child queries, skip rows, use TYPEOF or select compound fields.

    Raises:
        SalesforceError: API_ERROR; INVALIDENTITY for an object that Bulk does not know.
    """
    query = parse(text)
    if plan.type.name in _NOT_IN_BULK:
        raise SalesforceError("INVALIDENTITY", f"Entity '{plan.type.name}' is not supported by the Bulk API.")
    refusals = {
        "Aggregate Relationships not supported in Bulk Query": any(
            isinstance(each, SubSelect) for each in query.select
        ),
        "Aggregate queries not supported in Bulk Query": plan.kind is not Kind.RECORDS,
        "TYPEOF not supported in Bulk Query": any(isinstance(each, TypeOf) for each in query.select),
        "OFFSET not supported in Bulk Query": query.offset > 0,
        "Selecting compound data not supported in Bulk Query": any(
            column.term is not None and column.term.type in COMPOUND_TYPES for column in plan.columns
        ),
    }
    for message, refused in refusals.items():
        if refused:
            raise SalesforceError("API_ERROR", message)


@behaviour(
    "Bulk query CSV",
    "confirmed",
    "Bulk API 2.0 Guide, query results: SELECT order, all values quoted, UTC times with Z; empty nulls uncertain",
)
def query_csv(org: Org, user: User, text: str, form: CsvFormat, *, all_rows: bool) -> ResultFile:
    """Run the query and write its answer: every value quoted, null as nothing, times as `2026-05-01T07:25:37.000Z`.

    Raises:
        SalesforceError: what has become wrong with the query since the job was made.
    """
    with org.lock:
        plan = compile_query(org, user, text, all_rows=all_rows)
        header = form.write([[column.name for column in plan.columns]])
        names = ", ".join(f"c{number}" for number in range(plan.width))
        sql = f"WITH answer({names}) AS ({plan.sql}) SELECT {_line_sql(plan.columns, form)} FROM answer"
        factory = org.store.db.text_factory
        org.store.db.text_factory = bytes
        try:
            return ResultFile(header, _lines(org, sql, plan))
        finally:
            org.store.db.text_factory = factory


def _lines(org: Org, sql: str, plan: Plan) -> Iterator[bytes]:
    for (line,) in execute(org, sql, plan.parameters):
        yield line  # type: ignore[misc]  # the connection's text factory gives bytes here


def _line_sql(columns: tuple[ResultColumn, ...], form: CsvFormat) -> str:
    """One line of CSV as SQL. `%w` doubles double quotes, as CSV does; one call takes a limited number of values."""
    calls = []
    for start in range(0, len(columns), _COLUMNS_PER_CALL):
        some = columns[start : start + _COLUMNS_PER_CALL]
        pattern = form.delimiter.value.join('"%w"' for _ in some)
        last = start + _COLUMNS_PER_CALL >= len(columns)
        tail = form.line_ending.value if last else form.delimiter.value
        characters = "".join(f" || char({ord(char)})" for char in tail)
        calls.append(f"printf('{pattern}', {', '.join(_value_sql(each) for each in some)}){characters}")
    return " || ".join(calls)


def _value_sql(column: ResultColumn) -> str:
    value = f"c{column.index}"
    if column.term is not None and column.term.type is FieldType.BOOLEAN:
        return f"CASE {value} WHEN 1 THEN 'true' ELSE 'false' END"
    return f"COALESCE({value}, '')"

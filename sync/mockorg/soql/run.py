"""Run a query for a user: the one way from text to an answer. REST and SOAP page through it, Bulk takes its plan.

The caller need not hold the org's lock.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import SalesforceError
from ..store import quoted
from .compile import compile_query
from .functions import FUNCTION_PREFIX, register
from .plan import PARENTS, Kind
from .shape import render
from .spool import RowSpool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..access import User
    from ..org import Org
    from ..schema import Value
    from .plan import ChildPlan, Plan
    from .shape import Json, Record, Rendering, Row, Shape

MAX_GROUPS = 2000
_LIMITS = ("tables in a join", "Expression tree is too large", "too many columns", "parser stack overflow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Rows with the shape of their records, and the child queries that belong to each."""

    org: Org
    shape: Shape
    children: tuple[ChildPlan, ...]
    rows: RowSpool

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """What a query answered. `total` is the `totalSize` of every page."""

    plan: Plan
    total: int
    answer: Answer


def run(org: Org, user: User, text: str, *, all_rows: bool = False) -> QueryResult:
    """Compile and execute a query on behalf of a user; `all_rows` is queryAll.

    Raises:
        SalesforceError: whatever Salesforce refuses, in its words.
    """
    with org.lock:
        plan = compile_query(org, user, text, all_rows=all_rows)
        rows = RowSpool(execute(org, plan.sql, plan.parameters))
        total = len(rows)
        if plan.kind is Kind.COUNT:
            total = int(rows.read(0, 1)[0][0] or 0)
            rows = RowSpool(())
        if plan.kind is Kind.AGGREGATE and total > MAX_GROUPS:
            message = (
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
            )
            raise SalesforceError("EXCEEDED_ID_LIMIT", message)
        _mark_viewed(org, plan, rows)
    answer = Answer(org=org, shape=plan.shape, children=plan.children, rows=rows)
    return QueryResult(plan=plan, total=total, answer=answer)


def execute(org: Org, sql: str, parameters: Mapping[str, Value]) -> Iterator[Row]:
    """The rows of a compiled statement. To be used up under the org's lock.

    Raises:
        SalesforceError: QUERY_TOO_COMPLICATED where the query is beyond what SQLite takes.
    """
    if FUNCTION_PREFIX in sql:
        register(org.store.db)
    try:
        return org.store.db.execute(sql, parameters)
    except sqlite3.OperationalError as problem:
        if not any(limit in str(problem) for limit in _LIMITS):
            raise
        raise SalesforceError(
            "QUERY_TOO_COMPLICATED",
            "Query is either selecting too many fields or the filter conditions are too complicated.",
        ) from problem


def records(answer: Answer, start: int, count: int, by: Rendering, nested: Callable[[Answer], Json]) -> list[Record]:
    """The records of a slice of an answer; `nested` writes the answer of each child query."""
    rows = answer.rows.read(start, count)
    with answer.org.lock:
        found = [_children_of(answer, plan, rows) for plan in answer.children]

    def child(number: int, parent_id: Value) -> Json:
        answered = found[number].get(parent_id)
        return None if answered is None else nested(answered)

    return [render(answer.shape, row, by, child) for row in rows]


def _children_of(answer: Answer, plan: ChildPlan, rows: list[Row]) -> dict[Value, Answer]:
    if answer.shape.id_index is None:
        return {}
    ids = [row[answer.shape.id_index] for row in rows]
    by_parent: dict[Value, list[Row]] = {}
    for row in execute(answer.org, plan.sql, {**plan.parameters, PARENTS: json.dumps(ids)}):
        by_parent.setdefault(row[-1], []).append(row)
    return {
        parent: Answer(org=answer.org, shape=plan.shape, children=plan.children, rows=RowSpool(found))
        for parent, found in by_parent.items()
    }


@behaviour(
    "SOQL FOR VIEW and FOR REFERENCE",
    "confirmed",
    "SOQL Reference FOR VIEW and FOR REFERENCE; the stamps are the org's, not each user's",
)
def _mark_viewed(org: Org, plan: Plan, rows: RowSpool) -> None:
    """FOR VIEW stamps LastViewedDate and LastReferencedDate of the records found, FOR REFERENCE the latter."""
    names = {"VIEW": ("LastViewedDate", "LastReferencedDate"), "REFERENCE": ("LastReferencedDate",)}
    stamped = {name for purpose in plan.purposes for name in names[purpose] if plan.type.field(name)}
    if not stamped or plan.shape.id_index is None:
        return
    ids = json.dumps([row[plan.shape.id_index] for row in rows.read(0, len(rows))])
    assignments = ", ".join(f"{quoted(name)} = :now" for name in sorted(stamped))
    org.store.db.execute(
        f"UPDATE {quoted(plan.type.name)} SET {assignments} "  # noqa: S608 - names are the schema's
        'WHERE "Id" IN (SELECT value FROM json_each(:ids))',
        {"now": org.clock.stamp(), "ids": ids},
    )

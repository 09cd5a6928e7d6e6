"""A syntax tree to a plan: one SQL statement over the store's tables, and one for each child query.

The place where names, conditions, select list and order come together. Nothing is executed here.
"""

# ruff: noqa: S608 - statements are made of the schema's names and bound parameters only

from __future__ import annotations

from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import NotModelled
from ..schema import FieldType
from ..store import quoted
from .aggregate import Grouping, is_aggregate, is_bare_count
from .ast import Column, Query
from .errors import located, no_such_children
from .functions import FOLD
from .parse import parse
from .plan import PARENTS, ChildPlan, Kind, Plan, ResultColumn
from .select import SelectList
from .shape import Shape
from .terms import Term, term_of
from .where import Statement, condition, standing

if TYPE_CHECKING:
    from ..access import User
    from ..org import Org
    from ..schema import ObjectType
    from .scope import Scope

MAX_CHILD_DEPTH = 5
SCOPES = {"everything": None, "mine": "mine", "user_owned": "user", "queue_owned": "queue"}


def compile_query(org: Org, user: User, text: str, *, all_rows: bool) -> Plan:
    """The plan of a query for a user. `all_rows` brings deleted records and archived activities too (queryAll).

    Raises:
        SalesforceError: with Salesforce's code, text and place for everything it would refuse.
    """
    query = parse(text)
    statement = Statement(org, user, text, all_rows)
    type_ = statement.readable(".".join(query.sources[0].path.parts), query.sources[0].path.at)
    scope = statement.scope(type_)
    _name_sources(query, scope)
    if is_bare_count(query):
        return _count(query, statement, scope)
    if is_aggregate(query):
        return _aggregate(query, statement, scope)
    if query.having is not None:
        raise located(text, query.at, "HAVING clause requires a GROUP BY clause")
    return _records(query, statement, scope)


def _name_sources(query: Query, scope: Scope) -> None:
    """Make the aliases of FROM known: of the object itself, and of relationships (`FROM Contact c, c.Account a`)."""
    first, *others = query.sources
    if first.alias:
        scope.aliases[first.alias.lower()] = ()
    for source in others:
        _, steps = scope.node(source.path, source.path.parts)
        scope.aliases[(source.alias or source.path.parts[-1]).lower()] = steps


def _conditions(query: Query, statement: Statement, scope: Scope) -> list[str]:
    conditions = standing(statement, scope)
    if query.scope:
        conditions += _scope_condition(query.scope, statement, scope)
    if query.where is not None:
        conditions.append(condition(query.where, statement, scope))
    return conditions


@behaviour(
    "SOQL USING SCOPE", "confirmed", "SOQL Reference USING SCOPE; everything, mine, user_owned and queue_owned only"
)
def _scope_condition(name: str, statement: Statement, scope: Scope) -> list[str]:
    """USING SCOPE narrows by owner: mine, user_owned, queue_owned; other scopes are refused."""
    if name.lower() not in SCOPES:
        raise NotModelled(f"USING SCOPE {name}", code="MALFORMED_QUERY")
    wanted = SCOPES[name.lower()]
    if wanted is None:
        return []
    if scope.type.field("OwnerId") is None:
        raise located(statement.text, 0, f"Invalid scope '{name}' for entity '{scope.type.name}'")
    owner = f'{scope.root_alias}."OwnerId"'
    if wanted == "mine":
        return [f"{owner} = {statement.parameters.bind(statement.user.id)}"]
    prefix = statement.org.schema.object("User" if wanted == "user" else "Group").key_prefix
    return [f"substr({owner}, 1, 3) = {statement.parameters.bind(prefix)}"]


def _count(query: Query, statement: Statement, scope: Scope) -> Plan:
    if len(query.select) != 1 or query.group_by or query.order_by:
        at = query.order_at if query.order_by else query.at
        raise located(
            statement.text, at, "COUNT() must be the only element in the SELECT list and cannot be grouped or ordered"
        )
    if isinstance(query.select[0], Column) and query.select[0].alias:
        raise located(statement.text, query.select[0].at, "COUNT() cannot have an alias")
    conditions = _conditions(query, statement, scope)
    inner = f"SELECT 1 FROM {scope.from_sql()} WHERE {' AND '.join(conditions)}{_limit(query, statement)}"
    return Plan(
        kind=Kind.COUNT,
        type=scope.type,
        sql=f"SELECT COUNT(*) FROM ({inner})",
        parameters=statement.parameters.values,
        shape=Shape(type_name=scope.type.name, id_index=None, outputs=()),
        columns=(ResultColumn(name="count", aggregate=True),),
    )


def _aggregate(query: Query, statement: Statement, scope: Scope) -> Plan:
    grouping = Grouping(query, statement, scope)
    grouping.read()
    grouping.check_limits()
    conditions = _conditions(query, statement, scope)
    having = condition(query.having, statement, scope, having=True) if query.having is not None else None
    order = []
    for each in query.order_by:
        term = term_of(each.operand, scope, statement.parameters, aggregates=True)
        grouping.check_order(term)
        order.append(_ordered(term, statement, descending=each.descending, nulls_last=each.nulls_last))
    sql = f"SELECT {', '.join(grouping.sql)} FROM {scope.from_sql()} WHERE {' AND '.join(conditions)}"
    if grouping.groups:
        sql += f" GROUP BY {', '.join(each.sql for each in grouping.groups)}"
    if having:
        sql += f" HAVING {having}"
    if order:
        sql += f" ORDER BY {', '.join(order)}"
    return Plan(
        kind=Kind.AGGREGATE,
        type=scope.type,
        sql=sql + _limit(query, statement),
        parameters=statement.parameters.values,
        shape=grouping.shape,
        columns=tuple(grouping.columns),
        group_by=bool(query.group_by),
    )


def _records(query: Query, statement: Statement, scope: Scope) -> Plan:
    selected = _select_list(query, statement, scope, depth=1)
    conditions = " AND ".join(_conditions(query, statement, scope))
    order = _order_by(query, statement, scope)
    sql = f"SELECT {selected.sql} FROM {scope.from_sql()} WHERE {conditions}"
    if order:
        sql += f" ORDER BY {', '.join(order)}"
    return Plan(
        kind=Kind.RECORDS,
        type=scope.type,
        sql=sql + _limit(query, statement),
        parameters=statement.parameters.values,
        shape=selected.shape,
        columns=tuple(selected.columns),
        children=tuple(selected.children),
        width=len(selected.sql_columns),
        long_text=selected.long_text,
        purposes=query.purposes,
    )


def _select_list(query: Query, statement: Statement, scope: Scope, *, depth: int) -> SelectList:
    def compile_child(inner: Query, parent: ObjectType) -> ChildPlan:
        return _child(inner, parent, statement, depth=depth + 1)

    selected = SelectList(statement, scope, compile_child)
    selected.read(query)
    return selected


@behaviour("SOQL parent-to-child queries", "confirmed", "SOQL Reference parent-to-child queries, five levels")
def _child(query: Query, parent: ObjectType, statement: Statement, *, depth: int) -> ChildPlan:
    """A parent-to-child query answers per parent, with its own order and limit, up to five levels deep."""
    path = query.sources[0].path
    if depth > MAX_CHILD_DEPTH:
        raise located(
            statement.text, path.at, f"SOQL queries cannot have more than {MAX_CHILD_DEPTH} levels of relationships"
        )
    relationship = parent.child(path.parts[-1])
    if relationship is None:
        raise no_such_children(statement.text, path.at, path.parts[-1])
    child = statement.readable(relationship.child_object, path.at)
    if is_aggregate(query) or is_bare_count(query):
        raise located(statement.text, query.at, "only root queries support aggregate expressions")
    own = Statement(statement.org, statement.user, statement.text, statement.all_rows)
    scope = own.scope(child)
    if query.sources[0].alias:
        scope.aliases[query.sources[0].alias.lower()] = ()
    selected = _select_list(query, own, scope, depth=depth)
    reference = f"{scope.root_alias}.{quoted(relationship.field)}"
    conditions = _conditions(query, own, scope)
    order = _order_by(query, own, scope)
    over = f"PARTITION BY {reference} ORDER BY {', '.join(order) or f'{scope.root_alias}.rowid'}"
    conditions.append(f"{reference} IN (SELECT value FROM json_each(:{PARENTS}))")
    names = ", ".join(f"{sql} AS c{number}" for number, sql in enumerate(selected.sql_columns))
    inner = (
        f"SELECT {names}, ROW_NUMBER() OVER ({over}) AS n, {reference} AS parent "
        f"FROM {scope.from_sql()} WHERE {' AND '.join(conditions)}"
    )
    bounds = f"n > {own.parameters.bind(query.offset)}"
    if query.limit is not None:
        bounds += f" AND n <= {own.parameters.bind(query.offset + query.limit)}"
    return ChildPlan(
        key=relationship.name or relationship.child_object,
        sql=f"SELECT * FROM ({inner}) WHERE {bounds} ORDER BY parent, n",
        parameters=own.parameters.values,
        shape=selected.shape,
        columns=tuple(selected.columns),
        children=tuple(selected.children),
    )


def _order_by(query: Query, statement: Statement, scope: Scope) -> list[str]:
    order = []
    for each in query.order_by:
        term = term_of(each.operand, scope, statement.parameters, aggregates=False)
        order.append(_ordered(term, statement, descending=each.descending, nulls_last=each.nulls_last))
    if order:
        order.append(f"{scope.root_alias}.rowid")
    return order


@behaviour(
    "SOQL ORDER BY",
    "confirmed",
    "SOQL Reference ORDER BY: nulls first unless asked, picklists in the order of their values",
)
def _ordered(term: Term, statement: Statement, *, descending: bool, nulls_last: bool) -> str:
    """Text sorts without regard to case, picklists by the order of their values, nulls first in either direction."""
    if term.found and not term.found.field.sortable and not term.aggregate:
        message = f"field '{term.found.field.name}' can not be sorted in a query call"
        raise located(statement.text, term.at, message)
    direction = " DESC" if descending else ""
    nulls = " NULLS LAST" if nulls_last else " NULLS FIRST"
    sql = f"{FOLD}({term.sql})" if term.ignores_case else term.sql
    ordered = f"{sql}{direction}{nulls}"
    picklist = term.found.field.picklist if term.found and term.function is None else ()
    if term.type is FieldType.PICKLIST and picklist:
        cases = " ".join(
            f"WHEN {statement.parameters.bind(each.value)} THEN {number}" for number, each in enumerate(picklist)
        )
        rank = f"CASE WHEN {term.sql} IS NULL THEN NULL ELSE CASE {term.sql} {cases} ELSE {len(picklist)} END END"
        return f"{rank}{direction}{nulls}, {ordered}"
    return ordered


def _limit(query: Query, statement: Statement) -> str:
    if query.limit is None and not query.offset:
        return ""
    limit = -1 if query.limit is None else query.limit
    return f" LIMIT {statement.parameters.bind(limit)} OFFSET {statement.parameters.bind(query.offset)}"

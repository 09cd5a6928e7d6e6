"""WHERE and HAVING to SQL: logic, which fields may be filtered, semi-joins and anti-joins."""

# ruff: noqa: S608 - statements are made of the schema's names and bound parameters only

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never

from ..behaviours import behaviour
from ..schema import ID_TYPES, FieldType
from ..store import PENDING, quoted
from .ast import And, Column, Comparison, Condition, Includes, Like, Membership, Not, Or, Path, Query
from .compare import Comparing, compare, includes, inside, like
from .errors import invalid_operator, located, no_such_object, unexpected
from .scope import Scope
from .terms import Parameters, Term, term_of

if TYPE_CHECKING:
    from ..access import User
    from ..org import Org
    from ..schema import ObjectType
    from .ast import Operand

MAX_SEMI_JOINS = 2
_ARCHIVED = frozenset({"Task", "Event"})


@dataclass(slots=True)
class Statement:
    """What all parts of one SQL statement share."""

    org: Org
    user: User
    text: str
    all_rows: bool
    parameters: Parameters = field(default_factory=Parameters)
    semi_joins: int = 0
    scopes: int = 0
    grouped: frozenset[str] = frozenset()

    @property
    def comparing(self) -> Comparing:
        """What comparisons need."""
        start = self.org.settings.organization.fiscal_year_start_month
        return Comparing(self.text, self.parameters, self.org.clock.now(), self.user.timezone, start)

    def scope(self, type_: ObjectType) -> Scope:
        """A new scope whose aliases are not used elsewhere in the statement."""
        self.scopes += 1
        return Scope(self.org, self.user, self.text, type_, prefix=f"t{self.scopes}_")

    def readable(self, name: str, at: int) -> ObjectType:
        """The object of that name, if the user may read it.

        Raises:
            SalesforceError: INVALID_TYPE.
        """
        found = self.org.schema.find(name)
        if found is None or not found.queryable or not self.org.access.may(self.user, "read", found):
            raise no_such_object(self.text, at, name, known=found is not None)
        return found


@behaviour(
    "SOQL leaves out deleted and archived records",
    "confirmed",
    "REST API Developer Guide queryAll: deleted and archived records only when asked for",
)
def standing(statement: Statement, scope: Scope) -> list[str]:
    """Committed rows only; without `all_rows` neither deleted records nor archived activities."""
    alias = scope.root_alias
    conditions = [f"{alias}.{quoted(PENDING)} IS NULL"]
    if not statement.all_rows:
        if scope.type.field("IsDeleted"):
            conditions.append(f'{alias}."IsDeleted" = 0')
        if scope.type.name in _ARCHIVED and scope.type.field("IsArchived"):
            conditions.append(f'{alias}."IsArchived" = 0')
    return conditions


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a condition a predicate stands: semi-joins may stand under ANDs only."""

    having: bool = False
    top: bool = True
    under_or: bool = False


def condition(node: Condition, statement: Statement, scope: Scope, *, having: bool = False) -> str:
    """SQL of a condition of WHERE, or of HAVING; NULL in it means false.

    Raises:
        SalesforceError: for what Salesforce refuses.
    """
    return _logic(node, statement, scope, _Place(having=having))


def _logic(node: Condition, statement: Statement, scope: Scope, place: _Place) -> str:
    match node:
        case And(terms):
            return _balanced([_logic(each, statement, scope, place) for each in terms], "AND")
        case Or(terms):
            below = replace(place, top=False, under_or=True)
            return _balanced([_logic(each, statement, scope, below) for each in terms], "OR")
        case Not(term):
            return f"NOT COALESCE({_logic(term, statement, scope, replace(place, top=False))}, 0)"
        case Comparison() | Like() | Includes() | Membership():
            return _predicate(node, statement, scope, place)
        case _:
            assert_never(node)


def _balanced(parts: list[str], word: str) -> str:
    """Terms joined two by two: SQLite limits the depth of an expression, and a chain of n terms is n deep."""
    while len(parts) > 1:
        pairs = [parts[start : start + 2] for start in range(0, len(parts), 2)]
        parts = [f"({f' {word} '.join(pair)})" if len(pair) > 1 else pair[0] for pair in pairs]
    return parts[0]


def _predicate(
    node: Comparison | Like | Includes | Membership, statement: Statement, scope: Scope, place: _Place
) -> str:
    term = _filtered(node.operand, statement, scope, having=place.having)
    match node:
        case Comparison(_, operator, value):
            return compare(term, operator, value, statement.comparing)
        case Like(_, pattern):
            return like(term, pattern, statement.comparing)
        case Includes(_, negated, values):
            found = includes(term, values, statement.comparing)
        case Membership(_, negated, members):
            if isinstance(members, Query):
                _check_place(node, statement, place)
                found = _semi_join(term, members, node, statement, scope)
            else:
                found = inside(term, members, statement.comparing)
        case _:
            assert_never(node)
    return f"NOT COALESCE({found}, 0)" if negated else found


def _filtered(operand: Operand, statement: Statement, scope: Scope, *, having: bool) -> Term:
    term = term_of(operand, scope, statement.parameters, aggregates=having)
    if term.found is None or term.aggregate:
        return term
    if having and term.sql not in statement.grouped:
        raise located(statement.text, term.at, f"Field must be grouped or aggregated: {term.name}")
    if term.type is FieldType.ADDRESS:
        message = "Address fields can only be filtered using Distance expressions"
        raise located(statement.text, term.at, message, code="INVALID_FIELD")
    if not term.found.field.filterable:
        message = f"field '{term.found.field.name}' can not be filtered in a query call"
        raise located(statement.text, term.at, message, code="INVALID_FIELD")
    return term


def _check_place(node: Membership, statement: Statement, place: _Place) -> None:
    if place.under_or:
        raise located(statement.text, node.at, "Semi join sub-selects are not allowed with the 'OR' operator")
    if not place.top:
        message = (
            "Semi join sub-selects are only allowed at the top level WHERE expressions "
            "and not in nested WHERE expressions."
        )
        raise located(statement.text, node.at, message)
    statement.semi_joins += 1
    if statement.semi_joins > MAX_SEMI_JOINS:
        raise located(statement.text, node.at, f"Maximum {MAX_SEMI_JOINS} semi join sub-selects are allowed")


@behaviour(
    "SOQL semi-joins and anti-joins",
    "confirmed",
    "SOQL Reference limits of semi-joins and anti-joins; their error texts from logs",
)
def _semi_join(term: Term, query: Query, node: Membership, statement: Statement, outer: Scope) -> str:
    """`Id IN (SELECT LeadId FROM …)`: one id field on either side, different objects, no nesting, ORDER BY or LIMIT."""
    text = statement.text
    if isinstance(node.operand, Path) and len(node.operand.parts) > 1 and term.found and term.found.steps:
        message = f"The left operand '{node.operand}' cannot have more than one level of relationships"
        raise located(text, node.at, message)
    if term.type not in ID_TYPES:
        message = (
            "The left operand field in the where expression for outer query should be an id field, "
            f"cannot use: '{term.name}'"
        )
        raise located(text, node.at, message)
    for at, wrong in (
        (query.order_at, bool(query.order_by)),
        (query.limit_at, query.limit is not None),
        (query.at, bool(query.group_by) or query.having is not None),
    ):
        if wrong:
            raise unexpected(text, at, text[at:].split()[0])
    inner_type = statement.readable(str(query.sources[0].path), query.sources[0].path.at)
    if inner_type.name == outer.type.name:
        raise located(text, query.at, "The inner and outer selects should not be on the same object type")
    if _has_semi_join(query.where):
        raise located(text, query.at, "Nesting of semi join sub-selects is not supported")
    column = _only_column(query, text)
    scope = statement.scope(inner_type)
    if query.sources[0].alias:
        scope.aliases[query.sources[0].alias.lower()] = ()
    selected = term_of(column.operand, scope, statement.parameters, aggregates=False)
    if selected.type not in ID_TYPES:
        raise invalid_operator(
            text, column.at, f"The selected field '{selected.name}' in the inner query should be an id field"
        )
    conditions = [*standing(statement, scope), f"{selected.sql} IS NOT NULL"]
    if query.where is not None:
        conditions.append(condition(query.where, statement, scope))
    return f"{term.sql} IN (SELECT {selected.sql} FROM {scope.from_sql()} WHERE {' AND '.join(conditions)})"


def _only_column(query: Query, text: str) -> Column:
    if len(query.select) != 1 or not isinstance(query.select[0], Column):
        raise located(text, query.at, "semi join sub-selects can only query one field")
    return query.select[0]


def _has_semi_join(node: Condition | None) -> bool:
    match node:
        case And(terms) | Or(terms):
            return any(_has_semi_join(each) for each in terms)
        case Not(term):
            return _has_semi_join(term)
        case Membership(values=Query()):
            return True
        case _:
            return False

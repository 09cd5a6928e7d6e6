"""The select list of a query that groups or aggregates: groups, their keys, and what may stand beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import NotModelled, SalesforceError
from .ast import Call, Column, Path
from .errors import located
from .functions import AGGREGATES
from .plan import ResultColumn
from .shape import Leaf, Shape
from .terms import Term, term_of

if TYPE_CHECKING:
    from .ast import Operand, Query
    from .scope import Scope
    from .where import Statement


def is_bare_count(query: Query) -> bool:
    """Whether it is `SELECT COUNT() FROM …`."""
    return any(_bare(item.operand) for item in query.select if isinstance(item, Column))


def _bare(operand: Operand) -> bool:
    return isinstance(operand, Call) and operand.name.upper() == "COUNT" and not operand.arguments


def is_aggregate(query: Query) -> bool:
    """Whether it answers groups instead of records."""
    return bool(query.group_by) or any(
        isinstance(item, Column) and isinstance(item.operand, Call) and item.operand.name.upper() in AGGREGATES
        for item in query.select
    )


class Grouping:
    """The groups of an aggregate query and the columns of its answer."""

    def __init__(self, query: Query, statement: Statement, scope: Scope) -> None:
        self._query = query
        self._statement = statement
        self._scope = scope
        self.groups = tuple(self._group(each) for each in query.group_by)
        self._group_sql = {each.sql for each in self.groups}
        statement.grouped = frozenset(self._group_sql)
        self.columns: list[ResultColumn] = []
        self.sql: list[str] = []
        self._outputs: list[Leaf] = []
        self._expressions = 0

    @property
    def shape(self) -> Shape:
        """The groups' shape."""
        return Shape(type_name="AggregateResult", id_index=None, outputs=tuple(self._outputs))

    def _group(self, operand: Operand) -> Term:
        if isinstance(operand, Call) and operand.name.upper() in {"ROLLUP", "CUBE"}:
            raise NotModelled(f"GROUP BY {operand.name.upper()}", code="MALFORMED_QUERY")
        term = term_of(operand, self._scope, self._statement.parameters, aggregates=False)
        if term.found and not term.found.field.groupable and term.function is None:
            message = f"field '{term.found.field.name}' can not be grouped in a query call"
            raise located(self._statement.text, term.at, message)
        return term

    @behaviour(
        "SOQL GROUP BY and aggregates",
        "confirmed",
        "SOQL Reference GROUP BY and aggregate functions; expr0 names as in modelled fixtures",
    )
    def read(self) -> None:
        """Groups answer as `AggregateResult`; aggregates without alias are expr0, expr1 …, fields have their name.

        Raises:
            SalesforceError: for fields that are neither grouped nor aggregated, and names given twice.
        """
        text = self._statement.text
        for item in self._query.select:
            if not isinstance(item, Column):
                raise located(text, item.at, "only root queries support aggregate expressions")
            term = term_of(item.operand, self._scope, self._statement.parameters, aggregates=True)
            if not term.aggregate and term.sql not in self._group_sql:
                raise located(text, item.at, f"Field must be grouped or aggregated: {term.name}")
            key = self._key(item, term)
            if any(each.key.lower() == key.lower() for each in self._outputs):
                raise located(text, item.at, f"duplicate alias: {key}")
            self._outputs.append(Leaf(key, len(self.sql), term.type))
            self.sql.append(term.sql)
            self.columns.append(ResultColumn(name=key, term=term, aggregate=term.aggregate))

    def _key(self, item: Column, term: Term) -> str:
        if item.alias:
            return item.alias
        if isinstance(item.operand, Path):
            return term.name
        self._expressions += 1
        return f"expr{self._expressions - 1}"

    def check_order(self, term: Term) -> None:
        """ORDER BY may only name what is grouped or aggregated.

        Raises:
            SalesforceError: MALFORMED_QUERY.
        """
        if not term.aggregate and term.sql not in self._group_sql:
            raise located(self._statement.text, term.at, f"Ordered field must be grouped or aggregated: {term.name}")

    def check_limits(self) -> None:
        """Overall aggregates are one row: Salesforce refuses to limit or order it.

        Raises:
            SalesforceError: MALFORMED_QUERY.
        """
        if self._query.group_by:
            return
        if self._query.limit is not None or self._query.offset:
            message = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
            raise SalesforceError("MALFORMED_QUERY", message)
        if self._query.order_by:
            message = "Non-grouped query that uses overall aggregate functions cannot also use ORDER BY"
            raise SalesforceError("MALFORMED_QUERY", message)

"""Operands of a query as typed SQL expressions: fields, date functions, toLabel, aggregates.

`Term` is what conditions, grouping, ordering and the select list work on; after this nobody asks whether a value came
from a field or from a function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import NotModelled
from ..schema import COMPOUND_TYPES, INTEGER_TYPES, NUMBER_TYPES, FieldType
from .ast import Call, Literal, Path
from .errors import located, unexpected
from .functions import AGGREGATES, DATE_FUNCTIONS, LOCAL, TIME_ONLY_FUNCTIONS, check_fiscal, date_function

if TYPE_CHECKING:
    from ..schema import Value
    from .ast import Operand
    from .scope import Found, Scope

TO_LABEL = "TOLABEL"
CONVERT_TIMEZONE = "CONVERTTIMEZONE"
OTHER_FUNCTIONS = frozenset({TO_LABEL, CONVERT_TIMEZONE, "FIELDS"})
NOT_MODELLED_FUNCTIONS = frozenset(
    {"FORMAT", "CONVERTCURRENCY", "DISTANCE", "GEOLOCATION", "GROUPING", "ROLLUP", "CUBE"}
)
_NUMERIC = NUMBER_TYPES | INTEGER_TYPES


class Parameters:
    """Values bound to a statement, by name, so that the parts of a statement can be made in any order.

    A value bound twice has one name, so the same expression of a query has the same SQL wherever it stands.
    """

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self._names: dict[tuple[type, Value], str] = {}

    def bind(self, value: Value) -> str:
        """The SQL placeholder of a value."""
        name = self._names.setdefault((type(value), value), f"p{len(self._names)}")
        self.values[name] = value
        return f":{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """An operand. `found` is the field behind it; `aggregate` and `function` say what was applied to it."""

    sql: str
    type: FieldType
    name: str
    at: int
    found: Found | None = None
    function: str | None = None
    ignores_case: bool = False

    @property
    def aggregate(self) -> bool:
        """Whether it is computed over a group."""
        return self.function in AGGREGATES


def plain(found: Found) -> Term:
    """The term of a field as it is."""
    return Term(
        sql=found.sql,
        type=found.type,
        name=found.field.name,
        at=found.at,
        found=found,
        ignores_case=found.ignores_case,
    )


def term_of(operand: Operand, scope: Scope, parameters: Parameters, *, aggregates: bool) -> Term:
    """The term that an operand means in a scope. `aggregates` says whether aggregate functions may stand here.

    Raises:
        SalesforceError: for names, arguments and places that Salesforce refuses.
    """
    if isinstance(operand, Path):
        return plain(scope.field(operand))
    name = operand.name.upper()
    if name in NOT_MODELLED_FUNCTIONS:
        raise NotModelled(f"the SOQL function {operand.name}", code="MALFORMED_QUERY")
    if name in AGGREGATES:
        if not aggregates:
            raise located(scope.text, operand.at, "Aggregate expressions are not allowed in the WHERE clause")
        return _aggregate(name, operand, scope)
    if name in DATE_FUNCTIONS:
        return _date(name, operand, scope, parameters)
    if name == TO_LABEL:
        return _label(operand, scope, parameters)
    raise unexpected(scope.text, operand.at + len(operand.name), "(")


def _argument(call: Call, scope: Scope) -> Operand:
    if len(call.arguments) != 1 or isinstance(call.arguments[0], Literal):
        raise unexpected(scope.text, call.at + len(call.name), "(" if call.arguments else ")")
    return call.arguments[0]


def _field_argument(call: Call, scope: Scope) -> Found:
    argument = _argument(call, scope)
    if isinstance(argument, Call):
        raise unexpected(scope.text, argument.at + len(argument.name), "(")
    return scope.field(argument)


def _aggregate(name: str, call: Call, scope: Scope) -> Term:
    found = _field_argument(call, scope)
    field = found.field
    numeric = found.type in _NUMERIC
    fits = {
        "COUNT": field.aggregatable or field.filterable,
        "COUNT_DISTINCT": field.aggregatable,
        "SUM": numeric,
        "AVG": numeric,
        "MIN": field.aggregatable and found.type is not FieldType.BOOLEAN,
        "MAX": field.aggregatable and found.type is not FieldType.BOOLEAN,
    }[name]
    if not fits or found.type in COMPOUND_TYPES:
        raise located(scope.text, call.at, f"field {field.name} does not support aggregate operator {name}")
    match name:
        case "COUNT":
            sql, type_ = f"COUNT({found.sql})", FieldType.INT
        case "COUNT_DISTINCT":
            sql, type_ = f"COUNT(DISTINCT {found.sql})", FieldType.INT
        case "SUM" if found.type in NUMBER_TYPES:
            # Salesforce adds decimals, SQLite binary fractions: rounding to the field's places hides the difference.
            sql, type_ = f"ROUND(SUM({found.sql}), {max(field.scale, 2)})", found.type
        case "AVG":
            sql, type_ = f"AVG({found.sql})", FieldType.DOUBLE
        case _:
            sql, type_ = f"{name}({found.sql})", found.type
    return Term(sql=sql, type=type_, name=field.name, at=call.at, found=found, function=name)


def _date(name: str, call: Call, scope: Scope, parameters: Parameters) -> Term:
    if name.startswith("FISCAL"):
        check_fiscal(name, scope.org.settings.organization.fiscal_year_start_month)
    argument = _argument(call, scope)
    if isinstance(argument, Call):
        if argument.name.upper() != CONVERT_TIMEZONE:
            raise unexpected(scope.text, argument.at + len(argument.name), "(")
        found = _field_argument(argument, scope)
        sql = f"{LOCAL}({found.sql}, {parameters.bind(scope.user.timezone)})"
        fits = found.type is FieldType.DATETIME
    else:
        found = scope.field(argument)
        sql = found.sql
        fits = found.type is FieldType.DATETIME or (found.type is FieldType.DATE and name not in TIME_ONLY_FUNCTIONS)
    if not fits:
        raise located(scope.text, call.at, f"field {found.field.name} does not support function {name}")
    return Term(
        sql=date_function(name, sql),
        type=FieldType.DATE if name == "DAY_ONLY" else FieldType.INT,
        name=found.field.name,
        at=call.at,
        found=found,
        function=name,
    )


def _label(call: Call, scope: Scope, parameters: Parameters) -> Term:
    """Labels are those of the field's definition; translations are not modelled, so they rarely differ from values."""
    found = _field_argument(call, scope)
    differing = [each for each in found.field.picklist if each.label != each.value]
    sql = found.sql
    if differing:
        cases = " ".join(f"WHEN {parameters.bind(each.value)} THEN {parameters.bind(each.label)}" for each in differing)
        sql = f"(CASE {found.sql} {cases} ELSE {found.sql} END COLLATE NOCASE)"
    return Term(
        sql=sql, type=found.type, name=found.field.name, at=call.at, found=found, function=TO_LABEL, ignores_case=True
    )

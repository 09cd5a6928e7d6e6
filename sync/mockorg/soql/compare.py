"""One term against literals, as SQL: which literal fits which type, and what null means.

Salesforce's conditions are two-valued. A comparison with a null field is false, except `!=`, NOT IN and EXCLUDES,
which a null passes. The SQL may still say NULL for false; whoever negates it must take NULL as false.
"""

# ruff: noqa: S608 - statements are made of the schema's names and bound parameters only

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import NotModelled
from ..ids import to18
from ..schema import COMPOUND_TYPES, ID_TYPES, INTEGER_TYPES, NUMBER_TYPES, FieldType, Value
from .ast import Literal, LiteralKind, Operator
from .errors import invalid_operator, located, wrong_type
from .functions import FOLD, check_fiscal, time_zone, today_in
from .literals import (
    UnknownEscape,
    decode,
    like_pattern,
    midnight,
    read_date,
    read_time,
    relative_range,
    stored_time,
)

if TYPE_CHECKING:
    from datetime import datetime

    from ..errors import SalesforceError
    from .terms import Parameters, Term

MAX_STRING = 4000
_INTEGERS = 2**63  # SQLite's whole numbers; larger ones are compared as fractions
_NUMERIC = NUMBER_TYPES | INTEGER_TYPES
_DATES = frozenset({FieldType.DATE, FieldType.DATETIME})
_ORDERED = frozenset({Operator.LT, Operator.LE, Operator.GT, Operator.GE})
_TYPE_NAMES = {FieldType.DATETIME: "dateTime", FieldType.ID: "ID", FieldType.REFERENCE: "ID"}


@dataclass(frozen=True, slots=True)
class Comparing:
    """What comparisons need besides operands: the text for errors, bound values, the org's time, the user's zone,
    the month in which the fiscal year starts."""

    text: str
    parameters: Parameters
    now: datetime
    zone: str
    fiscal_start: int = 1

    def bind(self, value: Value) -> str:
        """The SQL placeholder of a value."""
        return self.parameters.bind(value)


@behaviour(
    "SOQL comparisons are two-valued; != keeps nulls",
    "confirmed",
    "SOQL Reference: null in WHERE; `!=` and NOT IN keep nulls by common experience",
)
def compare(term: Term, operator: Operator, literal: Literal, by: Comparing) -> str:
    """SQL of `term operator literal`: null passes only `= null` and `!=` with a value; text ignores case.

    Raises:
        SalesforceError: INVALID_FIELD when the literal does not fit the field's type.
    """
    if term.type is FieldType.BOOLEAN:
        return _compare_boolean(term, operator, literal, by)
    if _is_null(literal, term):
        return {Operator.EQ: f"{term.sql} IS NULL", Operator.NE: f"{term.sql} IS NOT NULL"}.get(operator, "0")
    if term.type in _DATES:
        return _compare_dates(term, operator, literal, by)
    return _compare_scalars(term, operator, literal, by)


def _compare_scalars(term: Term, operator: Operator, literal: Literal, by: Comparing) -> str:
    if term.type in _NUMERIC:
        return _scalar(term.sql, operator, by.bind(_number(term, literal, by)))
    if term.type in ID_TYPES and operator not in _ORDERED:
        return _scalar(term.sql, operator, by.bind(_id(term, literal, by)))
    if term.type is FieldType.MULTIPICKLIST and operator in _ORDERED:
        raise invalid_operator(by.text, term.at, "invalid operator on multipicklist field")
    value = _text(term, literal, by)
    if term.ignores_case and (operator in _ORDERED or not value.isascii()):
        return _scalar(f"{FOLD}({term.sql})", operator, by.bind(value.lower()))
    return _scalar(term.sql, operator, by.bind(value))


def inside(term: Term, literals: tuple[Literal, ...], by: Comparing) -> str:
    """SQL of `term IN (…)`; a null in the list matches a null field."""
    nulls = [each for each in literals if _is_null(each, term)]
    values = [each for each in literals if not _is_null(each, term)]
    parts = [f"{term.sql} IS NULL"] if nulls and term.type is not FieldType.BOOLEAN else []
    if term.type in _DATES or term.type in _NUMERIC or term.type is FieldType.BOOLEAN:
        parts += [compare(term, Operator.EQ, each, by) for each in values]
    elif values:
        parts.append(_in_list(term, values, by))
    return f"({' OR '.join(parts)})" if parts else "0"


def _in_list(term: Term, literals: list[Literal], by: Comparing) -> str:
    if term.type in ID_TYPES:
        texts = [_id(term, each, by) for each in literals]
    else:
        texts = [_text(term, each, by) for each in literals]
    sql = term.sql
    if term.ignores_case and not all(each.isascii() for each in texts):
        sql, texts = f"{FOLD}({term.sql})", [each.lower() for each in texts]
    return f"{sql} IN (SELECT value FROM json_each({by.bind(json.dumps(texts))}))"


def like(term: Term, pattern: Literal, by: Comparing) -> str:
    r"""SQL of `term LIKE 'pattern'`: any case, `%` and `_` wild, `\%` and `\_` literal; null matches nothing.

    Raises:
        SalesforceError: INVALID_QUERY_FILTER_OPERATOR for a field that is no text.
    """
    if not term.ignores_case and not (term.found and term.found.field.case_sensitive):
        kind = "id" if term.type in ID_TYPES else term.type.value
        raise invalid_operator(by.text, term.at, f"invalid operator on {kind} field")
    if term.type is FieldType.MULTIPICKLIST:
        raise invalid_operator(by.text, term.at, "invalid operator on multipicklist field")
    try:
        wanted = like_pattern(pattern.text)
    except UnknownEscape as problem:
        raise _bad_escape(pattern, problem, by) from None
    if wanted.isascii():
        return f"{term.sql} LIKE {by.bind(wanted)} ESCAPE '\\'"
    return f"{FOLD}({term.sql}) LIKE {by.bind(wanted.lower())} ESCAPE '\\'"


@behaviour(
    "SOQL INCLUDES and EXCLUDES",
    "uncertain",
    "SOQL Reference INCLUDES and EXCLUDES; that a null passes EXCLUDES is inferred",
)
def includes(term: Term, literals: tuple[Literal, ...], by: Comparing) -> str:
    """SQL of `term INCLUDES ('A;B', 'C')`: A and B, or C, are selected, in any order. EXCLUDES is its negation."""
    if term.type is not FieldType.MULTIPICKLIST:
        raise invalid_operator(by.text, term.at, f"invalid operator on {term.type.value} field")
    chosen = f"(';' || {FOLD}({term.sql}) || ';')"
    choices = []
    for literal in literals:
        values = [each for each in _text(term, literal, by).split(";") if each]
        each_selected = [f"instr({chosen}, {by.bind(f';{value.lower()};')}) > 0" for value in values]
        choices.append(f"({' AND '.join(each_selected) or '0'})")
    return f"({' OR '.join(choices)})"


def _is_null(literal: Literal, term: Term) -> bool:
    if literal.kind is LiteralKind.NULL:
        return True
    return literal.kind is LiteralKind.STRING and not literal.text and term.type not in _DATES | _NUMERIC


def _scalar(sql: str, operator: Operator, value: str) -> str:
    if operator is Operator.NE:
        return f"{sql} IS NOT {value}"
    return f"{sql} {operator} {value}"


def _compare_boolean(term: Term, operator: Operator, literal: Literal, by: Comparing) -> str:
    """A checkbox is never null: under a parent that is not there it counts as false (SOQL Reference, outer joins)."""
    if literal.kind is LiteralKind.NULL:
        return "0" if operator is Operator.EQ else "1"
    if literal.kind is not LiteralKind.BOOLEAN:
        raise _mismatch(term, by)
    if operator in _ORDERED:
        raise invalid_operator(by.text, term.at, "invalid operator on boolean field")
    return f"COALESCE({term.sql}, 0) {operator} {int(literal.text.lower() == 'true')}"


def _compare_dates(term: Term, operator: Operator, literal: Literal, by: Comparing) -> str:
    match literal.kind:
        case LiteralKind.RELATIVE:
            return _compare_range(term, operator, literal, by)
        case LiteralKind.DATE if term.type is FieldType.DATE:
            day = read_date(literal.text)
            if day is None:
                raise located(by.text, literal.at, f"Invalid date: {literal.text}")
            return _scalar(term.sql, operator, by.bind(day.isoformat()))
        case LiteralKind.DATETIME if term.type is FieldType.DATETIME:
            moment = read_time(literal.text)
            if moment is None:
                raise located(by.text, literal.at, f"Invalid datetime: {literal.text}")
            return _scalar(term.sql, operator, by.bind(stored_time(moment)))
        case _:
            raise _mismatch(term, by)


def _compare_range(term: Term, operator: Operator, literal: Literal, by: Comparing) -> str:
    zone = time_zone(by.zone)
    if "FISCAL" in literal.text.upper():
        check_fiscal(literal.text, by.fiscal_start)
    days = relative_range(literal.text, today_in(by.now, zone).date())
    if term.type is FieldType.DATE:
        first, after = days.start.isoformat(), days.end.isoformat()
    else:
        first = midnight(days.start, zone)
        after = midnight(days.end, zone)
        if days.until_now:
            after = stored_time(by.now.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1))
    match operator:
        case Operator.EQ:
            return f"({term.sql} >= {by.bind(first)} AND {term.sql} < {by.bind(after)})"
        case Operator.NE:
            return f"({term.sql} IS NULL OR {term.sql} < {by.bind(first)} OR {term.sql} >= {by.bind(after)})"
        case Operator.LT:
            return f"{term.sql} < {by.bind(first)}"
        case Operator.LE:
            return f"{term.sql} < {by.bind(after)}"
        case Operator.GT:
            return f"{term.sql} >= {by.bind(after)}"
        case Operator.GE:
            return f"{term.sql} >= {by.bind(first)}"


def _number(term: Term, literal: Literal, by: Comparing) -> Value:
    if literal.kind is not LiteralKind.NUMBER:
        raise _mismatch(term, by)
    whole = literal.text.lstrip("+-").isdigit() and abs(int(literal.text)) < _INTEGERS
    return int(literal.text) if whole else float(literal.text)


def _id(term: Term, literal: Literal, by: Comparing) -> str:
    text = _text(term, literal, by)
    full = to18(text)
    if full is None:
        raise invalid_operator(by.text, term.at, f"invalid ID field: {text}")
    return full


def _text(term: Term, literal: Literal, by: Comparing) -> str:
    if literal.kind is not LiteralKind.STRING:
        if literal.kind is LiteralKind.RELATIVE:
            raise located(by.text, literal.at, f"unexpected token: '{literal.text}'")
        raise _mismatch(term, by)
    try:
        text = decode(literal.text)
    except UnknownEscape as problem:
        raise _bad_escape(literal, problem, by) from None
    if len(text) > MAX_STRING:
        raise located(by.text, literal.at, f"String literals cannot be longer than {MAX_STRING} characters")
    return text


def _bad_escape(literal: Literal, problem: UnknownEscape, by: Comparing) -> SalesforceError:
    return located(
        by.text,
        literal.at,
        f"Invalid string literal '{literal.text}'. Illegal character sequence '{problem}' in string literal.",
    )


def _mismatch(term: Term, by: Comparing) -> SalesforceError:
    if term.type in COMPOUND_TYPES:
        return NotModelled("filters on compound fields", code="INVALID_FIELD")
    textual = term.ignores_case or term.type in ID_TYPES or term.type is FieldType.STRING
    name = "string" if textual and term.type not in ID_TYPES else _TYPE_NAMES.get(term.type, term.type.value)
    return wrong_type(by.text, term.at, term.name, name, quoted=textual)

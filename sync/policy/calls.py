"""Calls of functions: number and kinds of arguments, checked against `sync.policy.functions`.

Part of the gate (`sync.policy.reading`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sync.model import FieldType
from sync.policy.coercion import Refusal, Typed, parse_time, same_kind
from sync.policy.functions import FUNCTIONS, Argument, Function
from sync.policy.patterns import pattern_trouble
from sync.policy.syntax import And, Call, Clock, Compare, Expr, Field, Kind, Literal

MAX_DAYS = 36_500


def check_call(  # noqa: PLR0911 -- one per sort of result
    name: str, args: Sequence[Typed], *, history_names: Mapping[str, str]
) -> Typed:
    """The call as a tree; calls that only move the clock become `Clock`, `changed…` becomes a comparison.

    `history_names` gives the name under which Salesforce records each of our lead fields in LeadHistory.

    Raises:
        Refusal: When the arguments don't fit.
    """
    function = FUNCTIONS[name]
    _check_count(function, args)
    for position, arg in enumerate(args):
        wanted = function.arguments[min(position, len(function.arguments) - 1)]
        _check_argument(function, wanted, arg)
    match name:
        case "now":
            return Typed(Clock(Kind.DATETIME), Kind.DATETIME)
        case "today":
            return Typed(Clock(Kind.DATE), Kind.DATE)
        case "days_ago" | "days_ahead":
            days = _days(args[0])
            return Typed(Clock(Kind.DATE, -days if name == "days_ago" else days), Kind.DATE)
        case "changed" | "changed_to" | "changed_from":
            return Typed(_history(name, [arg.expr for arg in args], history_names), Kind.BOOLEAN)
        case "coalesce":
            fitted = same_kind(args, where="coalesce")
            return Typed(Call(name, tuple(part.expr for part in fitted)), fitted[0].kind)
        case "days_since" | "days_until":
            return Typed(Call(name, (_as_time(args[0]).expr,)), Kind.NUMBER)
        case _:
            return Typed(Call(name, tuple(arg.expr for arg in args)), function.result)


def _check_count(function: Function, args: Sequence[Typed]) -> None:
    wanted = len(function.arguments)
    if len(args) < wanted or (len(args) > wanted and not function.more):
        raise Refusal(f"{function.name} is written {function.usage}")


def _check_argument(function: Function, wanted: Argument, arg: Typed) -> None:
    match wanted:
        case Argument.TEXT:
            fits = arg.kind is Kind.TEXT and not isinstance(arg.expr, Literal)
        case Argument.TIME:
            fits = _as_time(arg).kind in {Kind.DATE, Kind.DATETIME}
        case Argument.NUMBER:
            fits = arg.kind is Kind.NUMBER
        case Argument.DAYS:
            fits = _days(arg) >= 0
        case Argument.WORDS | Argument.FIELD_VALUE:
            fits = isinstance(arg.expr, Literal) and isinstance(arg.expr.value, str) and arg.expr.value != ""
        case Argument.PATTERN:
            fits = isinstance(arg.expr, Literal) and isinstance(arg.expr.value, str)
            trouble = pattern_trouble(str(arg.expr.value)) if fits and isinstance(arg.expr, Literal) else None
            if trouble is not None:
                raise Refusal(f"the regular expression {trouble}")
        case Argument.LEAD_FIELD:
            fits = isinstance(arg.expr, Field)
        case Argument.ANY:
            fits = True
    if not fits:
        raise Refusal(f"{function.name} takes {wanted.value} there", f"written {function.usage}")


def _as_time(arg: Typed) -> Typed:
    if isinstance(arg.expr, Literal) and isinstance(arg.expr.value, str):
        literal = parse_time(arg.expr.value)
        if literal is not None:
            return Typed(literal, literal.kind)
    return arg


def _days(arg: Typed) -> int:
    value = arg.expr.value if isinstance(arg.expr, Literal) else None
    if not isinstance(value, Decimal) or value != value.to_integral_value() or not 0 <= value <= MAX_DAYS:
        raise Refusal(f"a number of days is a whole number from 0 to {MAX_DAYS:,}")
    return int(value)


def _history(name: str, args: Sequence[Expr], history_names: Mapping[str, str]) -> Expr:
    lead_field = args[0]
    if not isinstance(lead_field, Field) or lead_field.name not in history_names:
        raise Refusal(f"{name} takes a field of Lead first", f"written {FUNCTIONS[name].usage}")
    api_name = Literal(history_names[lead_field.name], Kind.TEXT)
    which = Compare("=", Field("field", FieldType.TEXT), api_name)
    if name == "changed":
        return which
    column = "new_value" if name == "changed_to" else "old_value"
    return And((which, Compare("=", Field(column, FieldType.TEXT), args[1])))

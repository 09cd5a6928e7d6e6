"""One expression with one mistake in it, as people make them: a bound off by one, an OR for an AND, a NOT forgotten.

For `sync.policy.mutation`, which puts the changed expression back into its policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from typing import Literal as Either

from sync.policy import syntax
from sync.policy.regex_mutation import thinner_patterns
from sync.policy.spelling import spelled, spelled_constant
from sync.policy.syntax import Expr, Kind

_Op = Either["=", "<>", "<", "<=", ">", ">="]
_OPPOSITE: Mapping[_Op, _Op] = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_AT_THE_BOUND: Mapping[_Op, _Op] = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_OTHER_SIGN: Mapping[str, Either["+", "-", "*", "/"]] = {"+": "-", "-": "+", "*": "/", "/": "*"}
_OTHER_CALL = {
    "days_since": "days_until",
    "days_until": "days_since",
    "contains": "starts_with",
    "starts_with": "contains",
    "ends_with": "contains",
}
_SEARCHES = {"contains", "starts_with", "ends_with", "includes", "matches"}
_LONGEST_TEXT = 255
_TRUE, _FALSE = syntax.Literal(value=True, kind=Kind.BOOLEAN), syntax.Literal(value=False, kind=Kind.BOOLEAN)


@dataclass(frozen=True, slots=True)
class Change:
    """One mistake."""

    what: str
    """What is different, in the words of the policy."""
    tree: Expr
    missing: str
    """The case that would notice: what the row that is judged has to be like."""


def changed_conditions(tree: Expr, row: str) -> Iterator[Change]:
    """A condition with each single mistake, and as one that is always or never true.

    Args:
        tree: The condition.
        row: What it judges, in words: `a lead`.
    """
    text = spelled(tree)
    yield Change("always true", _TRUE, f"{row} for which `{text}` is not true")
    yield Change("never true", _FALSE, f"{row} for which `{text}` is true")
    yield from _changed(tree, row, _Position.CONDITION)


def changed_values(tree: Expr, row: str) -> Iterator[Change]:
    """A number with each single mistake."""
    yield from _changed(tree, row, _Position.VALUE)


class _Position(Enum):
    """What stands around an expression: whether turning it round makes sense there."""

    CONDITION = auto()
    BELOW_NOT = auto()
    """Turned round already by leaving out the NOT."""
    VALUE = auto()


def _changed(expr: Expr, row: str, position: _Position) -> Iterator[Change]:
    if position is _Position.CONDITION:
        yield from _turned(expr, row)
    yield from _at(expr, row)
    if isinstance(expr, syntax.Case):
        yield from _in_branches(expr, row)
        return
    below = _below(expr)
    for part in fields(expr):
        value = getattr(expr, part.name)
        for number, item in enumerate(value if isinstance(value, tuple) else (value,)):
            for change in _changed(item, row, below) if syntax.is_expr(item) else ():
                put = (*value[:number], change.tree, *value[number + 1 :]) if isinstance(value, tuple) else change.tree
                yield replace(change, tree=replace(expr, **{part.name: put}))  # type: ignore[arg-type]  # put back where it came from


def _below(expr: Expr) -> _Position:
    match expr:
        case syntax.And() | syntax.Or() | syntax.IsTruth():
            return _Position.CONDITION
        case syntax.Not():
            return _Position.BELOW_NOT
        case _:
            return _Position.VALUE


def _in_branches(case: syntax.Case, row: str) -> Iterator[Change]:
    for number, (when, then) in enumerate(case.branches):
        rest = case.branches[:number], case.branches[number + 1 :]

        def branch(changed: tuple[Expr, Expr], rest: tuple[tuple[tuple[Expr, Expr], ...], ...] = rest) -> Expr:
            return replace(case, branches=(*rest[0], changed, *rest[1]))

        for change in _changed(when, row, _Position.CONDITION):
            yield replace(change, tree=branch((change.tree, then)))
        for change in _changed(then, row, _Position.VALUE):
            yield replace(change, tree=branch((when, change.tree)))
        if len(case.branches) > 1:
            left = replace(case, branches=(*rest[0], *rest[1]))
            yield Change(
                f"without WHEN {spelled(when)}", left, f"{row} for which `{spelled(when)}` is the first that holds"
            )
    if case.otherwise is not None:
        for change in _changed(case.otherwise, row, _Position.VALUE):
            yield replace(change, tree=replace(case, otherwise=change.tree))
        yield Change("without ELSE", replace(case, otherwise=None), f"{row} for which no WHEN of the CASE holds")


def _turned(expr: Expr, row: str) -> Iterator[Change]:
    """The opposite of a condition that has no other."""
    text = spelled(expr)
    match expr:
        case syntax.Compare():
            opposite = replace(expr, op=_OPPOSITE[expr.op])
            yield Change(f"`{text}` → `{spelled(opposite)}`", opposite, f"{row} for which it matters whether `{text}`")
        case syntax.And() | syntax.Or() | syntax.Not() | syntax.IsTruth() | syntax.Literal():
            return  # turned round part by part
        case _:
            turned = syntax.Not(expr)
            yield Change(f"`{text}` → `{spelled(turned)}`", turned, f"{row} for which it matters whether `{text}`")


def _at(expr: Expr, row: str) -> Iterator[Change]:  # noqa: PLR0912 -- one per node type
    """Mistakes at the top of an expression."""
    text = spelled(expr)

    def put(tree: Expr, missing: str) -> Change:
        return Change(f"`{text}` → `{spelled(tree)}`", tree, f"{row} {missing}")

    match expr:
        case syntax.And(items=items) | syntax.Or(items=items):
            is_and = isinstance(expr, syntax.And)
            other = syntax.Or(items) if is_and else syntax.And(items)
            yield put(other, f"for which only some of the parts of `{text}` hold")
            for number, item in enumerate(items):
                rest = (*items[:number], *items[number + 1 :])
                alone = "all parts hold except" if is_and else "only this part holds:"
                left = rest[0] if len(rest) == 1 else replace(expr, items=rest)
                change = put(left, f"for which {alone} `{spelled(item)}`")
                yield replace(change, what=f"`{text}` without `{spelled(item)}`")
        case syntax.Not(item=item):
            yield put(item, f"for which it matters that `{text}`")
        case syntax.IsTruth():
            yield put(replace(expr, value=not expr.value), f"for which it matters that `{text}`")
        case syntax.Compare():
            yield from _compared(expr, put)
        case syntax.OneOf(item=item, values=values):
            for number, value in enumerate(values) if len(values) > 1 else ():
                fewer = replace(expr, values=(*values[:number], *values[number + 1 :]))
                change = put(fewer, f"with {spelled(item)} = {spelled(value)}")
                yield replace(change, what=f"`{text}` without {spelled(value)}")
            if len(values) == 1:
                for nearby in _nearby(values[0]):
                    yield put(replace(expr, values=(nearby,)), f"with {spelled(item)} = {spelled(values[0])}")
        case syntax.Between(item=item, low=low, high=high):
            for bound, moved in (("low", _nearby(low)), ("high", _nearby(high))):
                at = spelled(low if bound == "low" else high)
                for nearby in moved:
                    yield put(replace(expr, **{bound: nearby}), f"with {spelled(item)} at or next to {at}")
            if not isinstance(low, syntax.Literal | syntax.Clock):
                yield put(syntax.Compare("<=", item, high), f"with {spelled(item)} below {spelled(low)}")
            if not isinstance(high, syntax.Literal | syntax.Clock):
                yield put(syntax.Compare(">=", item, low), f"with {spelled(item)} above {spelled(high)}")
        case syntax.Like(item=item, pattern=pattern):
            case_too = "with the text in another case (upper or lower)"
            yield put(replace(expr, ignore_case=not expr.ignore_case), f"{case_too} than {spelled_constant(pattern)}")
            if pattern.startswith("%") and len(pattern) > 1:
                yield put(
                    replace(expr, pattern=pattern[1:]), f"with something before {pattern[1:]!r} in {spelled(item)}"
                )
            if pattern.endswith("%") and len(pattern) > 1:
                yield put(
                    replace(expr, pattern=pattern[:-1]), f"with something after {pattern[:-1]!r} in {spelled(item)}"
                )
        case syntax.Arithmetic(op=op):
            yield put(replace(expr, op=_OTHER_SIGN[op]), f"for which `{text}` and the changed calculation differ")
        case syntax.Negate(item=item):
            yield put(item, f"with {spelled(item)} other than 0")
        case syntax.Call():
            yield from _called(expr, row, put)
        case _:
            return


def _compared(expr: syntax.Compare, put: Callable[[Expr, str], Change]) -> Iterator[Change]:
    at = f"with {spelled(expr.left)} = {spelled(expr.right)}"
    if expr.op in _AT_THE_BOUND:
        yield put(replace(expr, op=_AT_THE_BOUND[expr.op]), f"{at} exactly")
    for nearby in _nearby(expr.right):
        yield put(replace(expr, right=nearby), f"{at}, or next to it")
    for nearby in _nearby(expr.left):
        yield put(replace(expr, left=nearby), f"{at}, or next to it")


def _called(expr: syntax.Call, row: str, put: Callable[[Expr, str], Change]) -> Iterator[Change]:
    text, first, rest = spelled(expr), expr.args[0], expr.args[1:]
    if expr.name in _OTHER_CALL:
        other = replace(expr, name=_OTHER_CALL[expr.name])
        yield put(other, f"for which `{text}` and `{spelled(other)}` differ")
    if expr.name in _SEARCHES:
        yield Change(f"`{text}` never true", _FALSE, f"{row} for which `{text}` is true")
    match expr.name:
        case "matches":
            (pattern,) = rest
            for thinner in thinner_patterns(str(pattern.value) if isinstance(pattern, syntax.Literal) else ""):
                changed = replace(expr, args=(first, syntax.Literal(thinner.pattern, Kind.TEXT)))
                what = f"pattern {thinner.what}, left: '{thinner.pattern}'"
                yield Change(what, changed, f"{row} {thinner.missing}")
        case "includes" if len(rest) > 1:
            for number, value in enumerate(rest):
                left = replace(expr, args=(first, *rest[:number], *rest[number + 1 :]))
                yield put(left, f"that has only {spelled(value)} of these values")
        case "coalesce":
            shorter = first if len(rest) == 1 else replace(expr, args=expr.args[:-1])
            yield put(shorter, f"for which only the last of `{text}` has a value")
            for nearby in _nearby(rest[-1]):
                yield put(replace(expr, args=(*expr.args[:-1], nearby)), f"for which `{text}` is {spelled(rest[-1])}")
        case "lower" | "abs":
            yield put(first, f"for which `{text}` differs from `{spelled(first)}`")
        case _:
            return


def _nearby(expr: Expr) -> Iterator[Expr]:
    """A constant, moved by the smallest step that it is written in."""
    match expr:
        case syntax.Clock(kind=Kind.DATE, days=days):
            yield replace(expr, days=days - 1)
            yield replace(expr, days=days + 1)
        case syntax.Literal(value=bool(value)):
            yield replace(expr, value=not value)
        case syntax.Literal(value=str(value)):
            yield replace(expr, value=f"not {value}"[:_LONGEST_TEXT])
        case syntax.Literal(value=Decimal() as value):
            exponent = value.as_tuple().exponent
            step = Decimal(1).scaleb(min(0, exponent) if isinstance(exponent, int) else 0)
            yield replace(expr, value=value - step)
            yield replace(expr, value=value + step)
        case syntax.Literal(value=date() as moment):
            span = timedelta(seconds=1) if isinstance(moment, datetime) else timedelta(days=1)
            for shift in (-span, span):
                with suppress(OverflowError):  # the calendar has two ends
                    yield replace(expr, value=moment + shift)
        case _:
            return

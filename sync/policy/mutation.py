"""Small mistakes put into a policy on purpose: a set of test cases is good when it notices them.

For `leadgate policy test`: each mutant is compiled and decides all cases; one that every case still agrees with has
survived, and shows a rule that no case pins down. Pure: the caller runs the queries. A mutant may happen to mean the
same as the policy; survivors are read by people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal as Either

from sync.policy import syntax
from sync.policy.number_line import shown
from sync.policy.parsed import ParsedPolicy, ParsedSignal
from sync.policy.schema import Place
from sync.policy.syntax import Expr

_Op = Either["=", "<>", "<", "<=", ">", ">="]
_SHIFTED: Mapping[_Op, _Op] = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A policy with one mistake in it; compile it with `compile_parsed`."""

    place: Place
    what: str
    """Where and how it differs: `criterion priced: OR instead of AND`."""
    parsed: ParsedPolicy


def mutants(parsed: ParsedPolicy) -> Iterator[Mutant]:
    """Every policy that differs from this one in a single place."""
    policy = parsed.policy
    for what, tree in _mistakes(parsed.scope):
        yield Mutant(place=policy.scope.place, what=f"scope: {what}", parsed=replace(parsed, scope=tree))
    for name, signal in parsed.signals.items():
        for what, changed in _signal_mistakes(signal):
            signals = {**parsed.signals, name: changed}
            schema = replace(policy, signals={**policy.signals, name: changed.signal})
            mutant = replace(parsed, policy=schema, signals=signals)
            yield Mutant(place=signal.signal.place, what=f"signal {name}: {what}", parsed=mutant)
    for name, condition in parsed.criteria.items():
        for what, tree in _mistakes(condition):
            mutant = replace(parsed, criteria={**parsed.criteria, name: tree})
            yield Mutant(place=policy.criteria[name].place, what=f"criterion {name}: {what}", parsed=mutant)
    for what, tree in _mistakes(parsed.ready):
        yield Mutant(place=policy.ready.place, what=f"ready: {what}", parsed=replace(parsed, ready=tree))
    for number, condition in enumerate(parsed.transitions):
        for what, tree in _mistakes(condition):
            transitions = (*parsed.transitions[:number], tree, *parsed.transitions[number + 1 :])
            mutant = replace(parsed, transitions=transitions)
            place = policy.transitions[number].place
            yield Mutant(place=place, what=f"transition {number + 1}: {what}", parsed=mutant)
    if parsed.create is not None:
        place = (
            policy.conversion.opportunity.create.place if policy.conversion.opportunity.create else policy.scope.place
        )
        for what, tree in _mistakes(parsed.create):
            yield Mutant(place=place, what=f"opportunity.create: {what}", parsed=replace(parsed, create=tree))


def _signal_mistakes(signal: ParsedSignal) -> Iterator[tuple[str, ParsedSignal]]:
    for what, tree in _mistakes(signal.when):
        yield what, replace(signal, when=tree)
    if signal.signal.within_days is not None:
        yield "without `within`", replace(signal, signal=replace(signal.signal, within_days=None))
    if signal.contradicted_by is not None:
        yield "without `contradicted_by`", replace(signal, contradicted_by=None)
        for what, tree in _mistakes(signal.contradicted_by):
            yield f"contradicted_by: {what}", replace(signal, contradicted_by=tree)
    if signal.signal.planned:
        yield "without `planned`", replace(signal, signal=replace(signal.signal, planned=False))


def _mistakes(whole: Expr) -> Iterator[tuple[str, Expr]]:
    """The condition turned round, and with one mistake at each of its places."""
    if not isinstance(whole, syntax.Not):
        yield "turned round", syntax.Not(whole)
    yield from _inner(whole)


def _inner(expr: Expr) -> Iterator[tuple[str, Expr]]:
    yield from _at(expr)
    for part in fields(expr):
        value = getattr(expr, part.name)
        for what, changed in _in_value(value):
            yield what, replace(expr, **{part.name: changed})  # type: ignore[arg-type]  # put back where it came from


def _in_value(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, tuple):
        for number, item in enumerate(value):
            for what, changed in _in_value(item):
                yield what, (*value[:number], changed, *value[number + 1 :])
    elif syntax.is_expr(value):
        yield from _inner(value)


def _at(expr: Expr) -> Iterator[tuple[str, Expr]]:
    """Mistakes at the top of an expression."""
    match expr:
        case syntax.And(items=items) | syntax.Or(items=items):
            name, other = ("AND", "OR") if isinstance(expr, syntax.And) else ("OR", "AND")
            yield f"{other} instead of {name}", syntax.Or(items) if isinstance(expr, syntax.And) else syntax.And(items)
            for number in range(len(items)):
                rest = (*items[:number], *items[number + 1 :])
                yield (
                    f"without part {number + 1} of an {name}",
                    rest[0] if len(rest) == 1 else replace(expr, items=rest),
                )
        case syntax.Not(item=item):
            yield "without NOT", item
        case syntax.IsTruth():
            yield f"IS {'FALSE' if expr.value else 'TRUE'}", replace(expr, value=not expr.value)
        case syntax.Compare(op=op):
            changed = _SHIFTED[op]
            yield f"{changed} instead of {op}", replace(expr, op=changed)
        case syntax.OneOf(values=values) if len(values) > 1:
            for number, value in enumerate(values):
                left_out = shown(value.value) if isinstance(value, syntax.Literal) else "a value"
                yield f"IN without {left_out}", replace(expr, values=(*values[:number], *values[number + 1 :]))
        case syntax.Between(item=item, low=low, high=high):
            yield "BETWEEN without its lower bound", syntax.Compare("<=", item, high)
            yield "BETWEEN without its upper bound", syntax.Compare(">=", item, low)
        case _:
            return

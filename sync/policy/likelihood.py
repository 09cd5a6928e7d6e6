"""Whether a policy lets a likelihood decide by itself, which only a policy that says so may.

A likelihood is learnt from what happened to others; that a lead becomes an opportunity should rest on something that
is known of this lead. So `ready` may lean on a likelihood, but a lead must not become ready with every other criterion
false or unknown. That something is absent (`NOT do_not_call`) is no reason for a conversion, so it doesn't help.

Decided by trying the truth tables: criteria that don't read a likelihood are false or unknown, conditions inside of
those that do likewise, and each comparison of a likelihood comes out either way. Pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sync.mapping import OrgMapping
from sync.policy import syntax
from sync.policy.evaluate import conjunction, evaluate, negation, truth
from sync.policy.relations import LIKELIHOOD
from sync.policy.syntax import Expr

_MOST_TRIED = 20_000
_NEVER_READ = datetime(2000, 1, 1, tzinfo=UTC)
"""The clock: conditions are never evaluated here, only their truth values are joined."""


def decides_alone(ready: Expr, criteria: Mapping[str, Expr], mapping: OrgMapping) -> bool:
    """Whether a lead can become ready by its likelihood alone.

    Args:
        ready: Over criteria.
        criteria: Every criterion's condition, without circles.
        mapping: An org's own field called `likelihood` is a field like any other.
    """
    if LIKELIHOOD in mapping["lead"].fields:
        return False
    leaning = {name for name in criteria if _leans(syntax.CriterionRef(name), criteria)}
    named = _reached(ready, criteria)
    if not leaning & named:
        return False
    others = sorted(named - leaning)
    compared = list(dict.fromkeys(leaf for name in sorted(leaning & named) for leaf in _compared(criteria[name])))
    for rest, inner in _tables(others):
        facts: dict[str, bool | None] = dict(zip(others, rest, strict=True))
        table = _Table(criteria, facts, {}, inner)
        if table.value(ready) is True:
            continue  # ready whatever its likelihood, so that isn't what decides
        for turned in itertools.islice(itertools.product((True, False), repeat=len(compared)), _MOST_TRIED):
            scored = dict(zip(compared, turned, strict=True))
            if _Table(criteria, facts, scored, inner).value(ready) is True:
                return True
    return False


def _tables(others: Sequence[str]) -> Iterator[tuple[Sequence[bool | None], bool | None]]:
    """Truth values of the other criteria, and of other conditions inside of criteria that lean on a likelihood."""
    count = len(others)
    few = 2**count <= 256
    rows: Sequence[Sequence[bool | None]] = (
        list(itertools.product((False, None), repeat=count)) if few else [[False] * count, [None] * count]
    )
    return ((row, inner) for row in rows for inner in (False, None))


class _Table:
    """One row of the truth table: what every condition is taken for."""

    def __init__(
        self,
        criteria: Mapping[str, Expr],
        facts: Mapping[str, bool | None],
        scored: Mapping[Expr, bool],
        inner: bool | None,  # noqa: FBT001 -- it is a truth value
    ) -> None:
        self._criteria = criteria
        self._facts = facts
        self._scored = scored
        self._inner = inner

    def value(self, expr: Expr) -> bool | None:  # noqa: PLR0911 -- one per connective
        match expr:
            case syntax.CriterionRef(name=name):
                return self._facts[name] if name in self._facts else self.value(self._criteria[name])
            case syntax.And():
                return conjunction(self.value(item) for item in expr.items)
            case syntax.Or():
                return negation(conjunction(negation(self.value(item)) for item in expr.items))
            case syntax.Not(item=syntax.IsNull()) if not _reads(expr):
                return self._inner  # "is filled" is a fact of its own, not the absence of one
            case syntax.Not():
                return negation(self.value(expr.item))
            case syntax.IsTruth():
                return self.value(expr.item) is expr.value
            case syntax.IsNull(item=syntax.CriterionRef() as item):
                return self.value(item) is None
            case syntax.Literal():
                return truth(evaluate(expr, look=_nothing, now=_NEVER_READ))
            case _ if _reads(expr):
                return self._scored.get(expr)
            case _:
                return self._inner


def _nothing(name: object) -> None:
    raise AssertionError(f"{name} is no constant")


def _compared(expr: Expr) -> Iterator[Expr]:
    """The conditions on a likelihood inside of a criterion."""
    match expr:
        case syntax.And() | syntax.Or() | syntax.Not() | syntax.IsTruth():
            for child in syntax.children(expr):
                yield from _compared(child)
        case _ if _reads(expr):
            yield expr


def _reads(expr: Expr) -> bool:
    return LIKELIHOOD in syntax.field_names(expr)


def _leans(expr: Expr, criteria: Mapping[str, Expr]) -> bool:
    return any(_reads(criteria[name]) for name in _reached(expr, criteria))


def _reached(expr: Expr, criteria: Mapping[str, Expr]) -> set[str]:
    """Criteria that an expression speaks of, by itself or through other criteria."""
    found: set[str] = set()
    left = [expr]
    while left:
        new = set(syntax.criterion_names(left.pop())) - found
        found |= new
        left += [criteria[name] for name in new]
    return found

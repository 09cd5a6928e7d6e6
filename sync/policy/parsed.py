"""A policy with its expressions as typed trees: what compile, explain, lint and the solver all work on.

The loader has proved that every expression can be read; reading them again here can only fail if the policy is used
with another mapping than it was loaded with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from sync.errors import PolicyInvalid, Problem
from sync.mapping import OrgMapping
from sync.model import Record
from sync.policy import syntax
from sync.policy.conversion import NEVER
from sync.policy.expression import parse_condition, parse_value
from sync.policy.places import check_names, lead_names, ready_names, signal_names
from sync.policy.reading import Names
from sync.policy.schema import Expression, Policy, Signal, SignalKind
from sync.policy.syntax import Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedSignal:
    """A signal's conditions as trees."""

    signal: Signal
    when: Expr
    contradicted_by: Expr | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPolicy:
    """A policy's expressions as trees."""

    policy: Policy
    scope: Expr
    ready: Expr
    signals: Mapping[str, ParsedSignal]
    criteria: Mapping[str, Expr]
    """In the policy's order."""
    transitions: tuple[Expr, ...]
    create: Expr | None
    """`None` = always."""
    never_create: bool
    amount: Expr | None
    checks: Mapping[str, Expr]

    def with_constants(self, values: Record) -> ParsedPolicy:
        """The policy for one lead some of whose fields, by our names, can't change: those are constants in it."""

        def swap(part: Expr) -> Expr:
            if isinstance(part, syntax.Field) and part.name in values:
                return syntax.Literal(values[part.name], syntax.Kind.of(part.type))
            return part

        signals = {
            name: replace(s, when=syntax.swapped(s.when, swap)) if s.signal.kind is SignalKind.FIELD else s
            for name, s in self.signals.items()
        }
        criteria = {name: syntax.swapped(tree, swap) for name, tree in self.criteria.items()}
        return replace(self, scope=syntax.swapped(self.scope, swap), criteria=criteria, signals=signals)

    def fields_behind(self, *trees: Expr) -> tuple[str, ...]:
        """Lead fields that these expressions rest on, also through criteria and through signals on fields."""
        found: dict[str, None] = {}
        waiting, seen = list(trees), set[str]()
        while waiting:
            tree = waiting.pop(0)
            found |= dict.fromkeys(syntax.field_names(tree))
            for name in syntax.criterion_names(tree):
                if name not in seen:
                    seen.add(name)
                    waiting.append(self.criteria[name])
            named = (self.signals[name] for name in syntax.signal_names(tree))
            waiting += [each.when for each in named if each.signal.kind is SignalKind.FIELD]
        return tuple(found)

    def lead_expressions(self) -> Iterable[Expr]:
        """Everything that is computed on a lead."""
        yield self.scope
        yield from self.criteria.values()
        yield from (s.when for s in self.signals.values() if s.signal.kind is SignalKind.FIELD)
        yield from self.transitions
        yield from (part for part in (self.create, self.amount) if part is not None)


def parse_policy(policy: Policy, mapping: OrgMapping) -> ParsedPolicy:
    """The policy's expressions as trees.

    Raises:
        PolicyInvalid: When the mapping isn't the one that the policy was loaded with.
    """
    problems: list[Problem] = []

    def read(
        expression: Expression,
        names: Names,
        what: str,
        parse: Callable[..., tuple[Expr | None, list[Problem]]] = parse_condition,
    ) -> Expr:
        tree, found = parse(expression, names, what=what)
        problems.extend(found)
        return tree if tree is not None else syntax.CriterionRef("")

    lead = lead_names(mapping, signals=policy.signals, criteria=policy.criteria)
    create, amount = policy.conversion.opportunity.create, policy.conversion.opportunity.amount
    never = create is not None and create.text == NEVER
    criteria = {name: read(c.when, lead, f"criterion {name}") for name, c in policy.criteria.items()}
    parsed = ParsedPolicy(
        policy=policy,
        scope=read(policy.scope, lead, "scope"),
        ready=read(policy.ready, ready_names(mapping, signals=policy.signals, criteria=policy.criteria), "ready"),
        signals={
            name: ParsedSignal(
                signal=signal,
                when=read(signal.when, signal_names(mapping, signal.kind), f"signal {name}"),
                contradicted_by=read(signal.contradicted_by, signal_names(mapping, signal.kind), f"signal {name}")
                if signal.contradicted_by
                else None,
            )
            for name, signal in policy.signals.items()
        },
        criteria=criteria,
        transitions=tuple(read(t.when, lead, "transition") for t in policy.transitions),
        create=read(create, lead, "create") if create and not never else None,
        never_create=never,
        amount=read(amount, lead, "amount", parse_value) if amount else None,
        checks={
            name: read(check.when, check_names(mapping), f"opportunity check {name}")
            for name, check in policy.opportunity_checks.items()
        },
    )
    if problems:
        raise PolicyInvalid(problems, fix="the mapping has changed since the policy was loaded")
    return parsed


def criteria_levels(criteria: Mapping[str, Expr]) -> tuple[tuple[str, ...], ...]:
    """Criteria in groups; those of a group refer only to criteria of earlier groups."""
    left = dict(criteria)
    done: set[str] = set()
    levels: list[tuple[str, ...]] = []
    while left:
        level = tuple(name for name, tree in left.items() if set(syntax.criterion_names(tree)) <= done)
        if not level:  # the loader refuses circles
            raise AssertionError("criteria refer to each other in a circle")
        levels.append(level)
        done.update(level)
        for name in level:
            del left[name]
    return tuple(levels)

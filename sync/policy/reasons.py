"""Readiness as one formula over a lead's fields and signals, and which of them keep it from being true.

For `sync.policy.changes`. Criteria and field signals are looked through down to comparisons of fields; signals from
records are facts of their own. A field signal that searches by regular expression is a fact of its own too, as long
as nothing else reads its fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sync.model import Record, Value
from sync.policy import syntax
from sync.policy.evaluate import evaluate
from sync.policy.parsed import ParsedPolicy
from sync.policy.schema import SignalKind
from sync.policy.syntax import Expr
from sync.policy.wordings import NotSeparable

_CONDITIONS = (
    syntax.And,
    syntax.Or,
    syntax.Not,
    syntax.IsNull,
    syntax.IsTruth,
    syntax.Compare,
    syntax.OneOf,
    syntax.Between,
    syntax.Like,
    syntax.SignalRef,
    syntax.CriterionRef,
)


@dataclass(frozen=True, slots=True)
class Variable:
    """What a change can turn: a field, or a signal."""

    name: str
    is_signal: bool = False


@dataclass(frozen=True, slots=True)
class Formula:
    """Scope and readiness of one lead, with some of its values changed or none."""

    parsed: ParsedPolicy
    values: Record
    signals: Mapping[str, bool | None]
    now: datetime
    changes: Mapping[Variable, Value] = field(default_factory=dict)

    def changed(self, changes: Mapping[Variable, Value]) -> Formula:
        """The same lead with other values."""
        return Formula(self.parsed, self.values, self.signals, self.now, changes)

    def value(self, variable: Variable) -> Value:
        """A variable's value."""
        if variable in self.changes:
            return self.changes[variable]
        return self.signals[variable.name] if variable.is_signal else self.values[variable.name]

    def truth(self, expr: Expr) -> Value:
        """What a condition says of the lead."""
        return evaluate(expr, look=self._look, now=self.now)

    def is_true(self, expr: Expr) -> bool:
        """Whether a condition holds."""
        return self.truth(expr) is True

    def within(self, name: syntax.CriterionRef | syntax.SignalRef) -> Expr | None:
        """The condition behind a name; `None` when the name is a fact of its own."""
        if isinstance(name, syntax.CriterionRef):
            return self.parsed.criteria[name.name]
        signal = self.parsed.signals[name.name]
        if signal.signal.kind is not SignalKind.FIELD or _uses_regex(signal.when):
            return None
        return signal.when

    def conjuncts(self) -> tuple[Expr, ...]:
        """Conditions that must all hold: the scope's, and what `ready` asks for."""
        wholes = (self.parsed.scope, self.parsed.ready)
        return tuple(dict.fromkeys(part for whole in wholes for part in self._flat(whole)))

    def independent_parts(self) -> list[list[Expr]]:
        """The conjuncts in groups that share no variable."""
        groups: list[tuple[set[Variable], list[Expr]]] = []
        for item in self.conjuncts():
            variables = set(self.variables(item))
            items = [item]
            for group in [group for group in groups if group[0] & variables]:
                groups.remove(group)
                variables |= group[0]
                items = group[1] + items
            groups.append((variables, items))
        return [items for _, items in groups]

    def variables(self, expr: Expr) -> Iterator[Variable]:
        """Everything that a condition depends on, criteria and field signals looked through."""
        for part in syntax.walk(expr):
            match part:
                case syntax.Field():
                    yield Variable(part.name)
                case syntax.SignalRef() | syntax.CriterionRef():
                    inner = self.within(part)
                    if inner is not None:
                        yield from self.variables(inner)
                    else:
                        yield Variable(part.name, is_signal=True)
                case _:
                    pass

    def leaves_on(self, variable: Variable) -> list[Expr]:
        """Conditions of the whole formula that read this field and no other.

        Raises:
            NotSeparable: When a signal that searches by regular expression reads the field as well.
        """
        for name in self._regex_signals():
            if variable.name in syntax.field_names(self.parsed.signals[name].when):
                raise NotSeparable(f"signal {name}, which searches a field that other conditions read too")
        return [leaf for leaf in self.leaves() if set(syntax.field_names(leaf)) == {variable.name}]

    def is_linked(self, variable: Variable) -> bool:
        """Whether some condition reads this field together with another one."""
        return any(
            variable.name in names and len(names) > 1 for names in (syntax.field_names(leaf) for leaf in self.leaves())
        )

    def leaves(self) -> list[Expr]:
        """Every condition of the whole formula that reads a field."""
        return list(dict.fromkeys(leaf for item in self.conjuncts() for leaf in self._leaves_of(item)))

    def _leaves_of(self, expr: Expr) -> Iterator[Expr]:
        match expr:
            case syntax.SignalRef() | syntax.CriterionRef():
                inner = self.within(expr)
                if inner is not None:
                    yield from self._leaves_of(inner)
            case _ if is_connective(expr):
                for child in syntax.children(expr):
                    yield from self._leaves_of(child)
            case _:
                if syntax.field_names(expr):
                    yield expr

    def _regex_signals(self) -> set[str]:
        reached = {v.name for item in self.conjuncts() for v in self.variables(item) if v.is_signal}
        return {name for name in reached if self.parsed.signals[name].signal.kind is SignalKind.FIELD}

    def _flat(self, expr: Expr) -> Iterator[Expr]:
        if isinstance(expr, syntax.And):
            for item in expr.items:
                yield from self._flat(item)
            return
        inner = self.within(expr) if isinstance(expr, syntax.CriterionRef | syntax.SignalRef) else None
        if isinstance(inner, syntax.And | syntax.CriterionRef | syntax.SignalRef):
            yield from self._flat(inner)
        else:
            yield expr

    def _look(self, name: syntax.Field | syntax.SignalRef | syntax.CriterionRef) -> Value:
        if isinstance(name, syntax.Field):
            return self.value(Variable(name.name))
        inner = self.within(name)
        return self.value(Variable(name.name, is_signal=True)) if inner is None else self.truth(inner)


def is_connective(expr: Expr) -> bool:
    """Whether an expression joins conditions, rather than being one about values."""
    match expr:
        case syntax.And() | syntax.Or() | syntax.Not() | syntax.IsTruth():
            return True
        case syntax.IsNull() | syntax.Compare() | syntax.OneOf():
            return any(isinstance(child, _CONDITIONS) for child in syntax.children(expr))
        case _:
            return any(isinstance(part, syntax.SignalRef | syntax.CriterionRef) for part in syntax.walk(expr))


def keeps_from_true(expr: Expr, lead: Formula) -> tuple[Variable, ...]:
    """Variables which, while they stay as they are, alone keep a condition from being true. It is not true now."""
    return tuple(dict.fromkeys(_keeps(expr, lead, wanted=True)))


def _keeps(expr: Expr, lead: Formula, *, wanted: bool) -> Iterable[Variable]:
    """Variables that alone keep a condition from having the truth value wanted, which it doesn't have."""
    match expr:
        case syntax.Not():
            return _keeps(expr.item, lead, wanted=not wanted)
        case syntax.And() | syntax.Or():
            failing = [item for item in expr.items if lead.truth(item) is not wanted]
            if isinstance(expr, syntax.And) is wanted:  # one that fails is enough to fail the whole
                found: Sequence[list[Variable]] = [list(_keeps(item, lead, wanted=wanted)) for item in failing]
                return min(found, key=lambda variables: len(set(variables)))
            return [variable for item in failing for variable in _keeps(item, lead, wanted=wanted)]
        case syntax.SignalRef() | syntax.CriterionRef():
            inner = lead.within(expr)
            if inner is not None:
                return _keeps(inner, lead, wanted=wanted)
            return lead.variables(expr)
        case _:
            return lead.variables(expr)


def _uses_regex(expr: Expr) -> bool:
    return any(isinstance(part, syntax.Call) and part.name == "matches" for part in syntax.walk(expr))

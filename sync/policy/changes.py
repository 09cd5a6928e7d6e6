"""The smallest changes that make a lead ready, exactly: apply one and the decision flips, leave out any part and it
does not, and no smaller one exists.

A change gives a field another value, or makes a signal true or false. The answer is found by search over one value
per cell (`sync.policy.cells`), smallest sets first. The search is complete because it only ever leaves out changes
that can't matter: while a decision is not ready there is a set of values that alone keeps it so, and one of them must
change. Independent parts of the policy are solved apart. Where a condition has a shape that can't be cut exactly, the
answer is given in whole criteria, and says so.

Signals are taken as facts that can be true or false independently; that one e-mail may turn two of them is left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sync.mapping import OrgMapping
from sync.model import FieldType, Record, Value
from sync.policy import syntax
from sync.policy.cells import Cell, Domain, NotSeparable, domain_of
from sync.policy.evaluate import evaluate
from sync.policy.number_line import shown
from sync.policy.parsed import ParsedPolicy
from sync.policy.reasons import Formula, Variable, keeps_from_true
from sync.policy.relations import LIKELIHOOD
from sync.policy.syntax import Expr

NOT_BY_HAND = frozenset(
    {
        "id",
        "created_at",
        "created_by_id",
        "last_modified_at",
        "system_modstamp",
        "is_deleted",
        "is_converted",
        "converted_at",
        "converted_account_id",
        "converted_contact_id",
        "converted_opportunity_id",
        "master_record_id",
        LIKELIHOOD,
    }
)
"""Lead fields that nobody can set, or that a change of would make a new lead; never proposed."""

_ALWAYS_FILLED = frozenset({"status", "company", "last_name", "owner_id"})
MOST_SETS = 50
"""So many alternatives are listed at most."""
_USUAL_SHOWN = 3
"""So many values in use are named as examples."""
_MOST_STEPS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTo:
    """Give a field another value."""

    field: str
    value: Value
    """One value that works."""
    works: str
    """All values that work, in words, while the rest of the change stands."""
    now: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTrue:
    """Let a signal become true: a record like those that it looks for."""

    signal: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalAway:
    """Let a signal stop being true."""

    signal: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionTo:
    """Let a criterion become met (or not met); used only where the answer can't be exact below criteria."""

    criterion: str
    met: bool


Change = SetTo | SignalTrue | SignalAway | CriterionTo


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallestChanges:
    """The answer for one lead."""

    sets: tuple[tuple[Change, ...], ...]
    """Alternatives of equal size; empty when the lead is ready, or when nothing that a person can change helps."""
    exact: bool
    note: str | None = None
    """Why the answer is not exact, or why there is none, or that there are more alternatives."""


def in_words(change: Change) -> str:
    """A change for a person who asks about one lead."""
    now = f" (now {shown(change.now)})" if isinstance(change, SetTo) else ""
    return asked_in_words(change) + now


def asked_in_words(change: Change) -> str:
    """What a change asks for, without what the lead has now: the same words for many leads."""
    match change:
        case SetTo():
            return f"{change.field}: {change.works}"
        case SignalTrue():
            return f"{change.signal}: {change.label}"
        case SignalAway():
            return f"no {change.signal}: {change.label}"
        case CriterionTo():
            return f"criterion {change.criterion} {'met' if change.met else 'not met'}"


def smallest_changes(
    parsed: ParsedPolicy,
    mapping: OrgMapping,
    *,
    values: Record,
    signals: Mapping[str, bool | None],
    now: datetime,
    choices: Mapping[str, Sequence[str]] | None = None,
    usual: Mapping[str, Sequence[str]] | None = None,
    fixed: Collection[str] = NOT_BY_HAND,
) -> SmallestChanges:
    """The smallest sets of changes that make the lead ready.

    Args:
        parsed: The policy.
        mapping: Types of the lead's fields.
        values: The lead's values by our names, at least those that the policy reads (`CompiledPolicy.values`).
        signals: The lead's signals, as its decision says.
        now: The run's clock.
        choices: Values of picklists by our field name, where the org's are known.
        usual: Values of picklists that are in use, by our field name; not all there are, so they only word the answer.
        fixed: Fields that are never proposed.
    """
    if values["is_converted"]:
        return SmallestChanges(sets=(), exact=True, note="this lead is converted already")
    constant = {name: value for name, value in values.items() if name in fixed or name == "is_converted"}
    formula = Formula(parsed.with_constants(constant), values, signals, now)
    failing = [part for part in formula.independent_parts() if not all(formula.is_true(item) for item in part)]
    if not failing:
        return SmallestChanges(sets=(), exact=True)
    try:
        answers = [_Search(formula, part, mapping, choices or {}, usual or {}).run() for part in failing]
    except NotSeparable as reason:
        return _by_criteria(formula, f"in whole criteria only, because the policy has {reason}")
    if not all(answers):
        return SmallestChanges(sets=(), exact=True, note="nothing that a person can change makes this lead ready")
    combined = list(
        itertools.islice((tuple(itertools.chain(*choice)) for choice in itertools.product(*answers)), MOST_SETS + 1)
    )
    more = f"there are more than {MOST_SETS} alternatives" if len(combined) > MOST_SETS else None
    return SmallestChanges(sets=tuple(combined[:MOST_SETS]), exact=True, note=more)


@dataclass(slots=True)
class _Search:
    """Finds the smallest changes of one independent part of the formula."""

    formula: Formula
    part: Sequence[Expr]
    mapping: OrgMapping
    choices: Mapping[str, Sequence[str]]
    usual: Mapping[str, Sequence[str]]
    _domains: dict[Variable, Domain] = field(default_factory=dict)
    _alternatives: dict[Variable, tuple[Cell, ...]] = field(default_factory=dict)
    _found: dict[frozenset[Variable], list[dict[Variable, Cell]]] = field(default_factory=dict)
    _seen: set[frozenset[tuple[Variable, Value]]] = field(default_factory=set)
    _steps: int = 0

    def run(self) -> list[tuple[Change, ...]]:
        """The smallest sets of changes; none when no change helps.

        Raises:
            NotSeparable: When a field's conditions have a shape that can't be cut exactly, or there is too much to try.
        """
        variables = list(dict.fromkeys(v for item in self.part for v in self.formula.variables(item)))
        for variable in variables:
            self._domains[variable] = self._domain(variable)
            self._alternatives[variable] = self._otherwise(variable)
        for size in range(1, len(variables) + 1):
            self._seen.clear()
            self._extend({}, size)
            if self._found:
                break
        order = {variable: number for number, variable in enumerate(variables)}
        sets = sorted(self._found, key=lambda found: sorted(order[variable] for variable in found))
        return [self._worded(found, order) for found in sets[: MOST_SETS + 1]]

    def _extend(self, chosen: dict[Variable, Cell], left: int) -> None:
        """Try every way to add at most `left` changes to those chosen."""
        key = frozenset((variable, cell.value) for variable, cell in chosen.items())
        if key in self._seen:
            return
        self._seen.add(key)
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise NotSeparable("so many conditions that hang together")
        view = self.formula.changed({variable: cell.value for variable, cell in chosen.items()})
        failing = next((item for item in self.part if not view.is_true(item)), None)
        if failing is None:
            self._found.setdefault(frozenset(chosen), []).append(dict(chosen))
            return
        if left == 0:
            return
        for variable in keeps_from_true(failing, view):
            if variable not in chosen:
                for cell in self._alternatives[variable]:
                    self._extend({**chosen, variable: cell}, left - 1)

    def _otherwise(self, variable: Variable) -> tuple[Cell, ...]:
        """One cell, the plainest, for every way in which the variable can be judged otherwise than it is now."""
        domain, value = self._domains[variable], self.formula.value(variable)
        now: tuple[Value, ...] = (value,)
        if not variable.is_signal:
            leaves = self.formula.leaves_on(variable)
            verdicts = tuple(evaluate(leaf, look=lambda _name: value, now=self.formula.now) for leaf in leaves)
            now = (*verdicts, value) if domain.listed else verdicts
        others: dict[tuple[Value, ...], Cell] = {}
        for cell in domain.cells:
            if cell.verdicts != now:
                others.setdefault(cell.verdicts, cell)
        return tuple(others.values())

    def _domain(self, variable: Variable) -> Domain:
        if variable.is_signal:
            cells = tuple(Cell(value, (value,)) for value in (True, False))
            return Domain(cells, None, (), listed=True)
        mapped = self.mapping["lead"].fields[variable.name]
        given = None if mapped.type is FieldType.MULTIPICKLIST else self.choices.get(variable.name)
        return domain_of(
            mapped.type,
            self.formula.leaves_on(variable),
            nullable=not (mapped.required or variable.name in _ALWAYS_FILLED),
            choices=given,
            alone=not self.formula.is_linked(variable),
            now=self.formula.now,
        )

    def _worded(self, found: frozenset[Variable], order: Mapping[Variable, int]) -> tuple[Change, ...]:
        """One set of changes; each field with all the values that do, while the others stand."""
        chosen = self._found[found][0]
        changes: list[Change] = []
        for variable in sorted(found, key=lambda v: order[v]):
            cell = chosen[variable]
            if variable.is_signal:
                label = self.formula.parsed.policy.signals[variable.name].label
                kind = SignalTrue if cell.value else SignalAway
                changes.append(kind(signal=variable.name, label=label))
                continue
            others = {other: c.value for other, c in chosen.items() if other != variable}
            domain = self._domains[variable]
            working = [candidate for candidate in domain.cells if self._works(others, variable, candidate.value)]
            in_use = (text for text in self.usual.get(variable.name, ()) if self._works(others, variable, text))
            changes.append(
                SetTo(
                    field=variable.name,
                    value=cell.value,
                    works=domain.words(cell, working, tuple(itertools.islice(in_use, _USUAL_SHOWN))),
                    now=self.formula.value(variable),
                )
            )
        return tuple(changes)

    def _works(self, others: Mapping[Variable, Value], variable: Variable, value: Value) -> bool:
        view = self.formula.changed({**others, variable: value})
        return all(view.is_true(item) for item in self.part)


def _by_criteria(formula: Formula, note: str) -> SmallestChanges:
    """The smallest sets of criteria that would have to turn, each taken as free to turn."""
    if not formula.is_true(formula.parsed.scope):
        return SmallestChanges(sets=(), exact=False, note=f"the lead is out of scope; {note}")
    ready = formula.parsed.ready
    results = {name: formula.is_true(syntax.CriterionRef(name)) for name in syntax.criterion_names(ready)}
    for size in range(len(results) + 1):
        sets = []
        for turned in itertools.combinations(results, size):
            after = {name: met is not (name in turned) for name, met in results.items()}
            if _ready_after(ready, after, formula.now):
                sets.append(tuple(CriterionTo(criterion=name, met=after[name]) for name in turned))
        if sets:
            return SmallestChanges(sets=tuple(sets[:MOST_SETS]), exact=False, note=note)
    return SmallestChanges(sets=(), exact=False, note=note)


def _ready_after(ready: Expr, met: Mapping[str, bool], now: datetime) -> bool:
    return evaluate(ready, look=lambda name: met[name.name], now=now) is True

"""Mistakes put into a policy on purpose, one at a time: its test cases are good when they notice each.

For `leadgate policy test --mutate`: every mutant decides all cases; one that every case still agrees with has survived,
and shows a rule that no case pins down. Mutants are changes of the parsed tree, so each is a policy that somebody could
have written. Pure: `sync.insight.policy_mutants` runs them.

What can't matter is left out: leaving `NOT is_converted` out of the scope (a converted lead is never in scope), and
swapping two transitions that leave no status in common.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sync.policy import syntax
from sync.policy.parsed import ParsedPolicy, ParsedSignal
from sync.policy.schema import Expression, Place, SignalKind, Transition
from sync.policy.tree_mutation import Change, changed_conditions, changed_values

ROWS = {
    SignalKind.ACTIVITY: "an activity",
    SignalKind.OPPORTUNITY: "an opportunity",
    SignalKind.HISTORY: "a history row",
    SignalKind.FIELD: "a lead",
}
LEAD = "a lead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A policy with one mistake in it; compile it with `compile_parsed`."""

    place: Place
    name: str
    """Where and how it differs: ``criterion priced: `a AND b` → `a OR b` ``; unique, and free of line numbers."""
    missing: str
    """The case that would notice."""
    parsed: ParsedPolicy


def mutants(parsed: ParsedPolicy) -> Iterator[Mutant]:
    """Every policy that differs from this one by a single mistake."""
    seen: Counter[str] = Counter()
    met: set[tuple[str, object]] = set()
    for mutant, difference in _mutants(parsed):
        rule = mutant.name.partition(": ")[0]
        if (rule, difference) in met:
            continue
        met.add((rule, difference))
        seen[mutant.name] += 1
        again = seen[mutant.name]
        yield mutant if again == 1 else replace(mutant, name=f"{mutant.name} ({again})")


_Found = Iterator[tuple[Mutant, object]]
"""Mutants, each with what it has in place of the original, by which repetitions are known."""


def _mutants(parsed: ParsedPolicy) -> _Found:
    policy = parsed.policy

    def conditions(where: str, tree: syntax.Expr, place: Place, row: str = LEAD) -> Iterator[tuple[Change, Mutant]]:
        for change in changed_conditions(tree, row):
            name = f"{where}: {change.what}"
            yield change, Mutant(place=place, name=name, missing=change.missing, parsed=parsed)

    for change, mutant in conditions("scope", parsed.scope, policy.scope.place):
        if not _is_without_converted(parsed.scope, change.tree):
            yield replace(mutant, parsed=replace(parsed, scope=change.tree)), change.tree
    for name in parsed.signals:
        yield from _signal_mutants(parsed, name)
    for name, tree in parsed.criteria.items():
        for change, mutant in conditions(f"criterion {name}", tree, policy.criteria[name].when.place):
            criteria = {**parsed.criteria, name: change.tree}
            yield replace(mutant, parsed=replace(parsed, criteria=criteria)), change.tree
    for change, mutant in conditions("ready", parsed.ready, policy.ready.place):
        yield replace(mutant, parsed=replace(parsed, ready=change.tree)), change.tree
    yield from _transition_mutants(parsed)
    yield from _opportunity_mutants(parsed)
    for name, tree in parsed.checks.items():
        place = policy.opportunity_checks[name].when.place
        for change, mutant in conditions(f"check {name}", tree, place, "an opportunity"):
            checks = {**parsed.checks, name: change.tree}
            yield replace(mutant, parsed=replace(parsed, checks=checks)), change.tree


def _signal_mutants(parsed: ParsedPolicy, name: str) -> _Found:
    original = parsed.signals[name]
    signal = original.signal
    row = ROWS[signal.kind]

    def mutant(place: Place, what: str, missing: str, changed: ParsedSignal) -> tuple[Mutant, object]:
        policy = replace(parsed.policy, signals={**parsed.policy.signals, name: changed.signal})
        whole = replace(parsed, policy=policy, signals={**parsed.signals, name: changed})
        return Mutant(place=place, name=f"signal {name}{what}", missing=missing, parsed=whole), changed

    for change in changed_conditions(original.when, row):
        yield mutant(signal.when.place, f": {change.what}", change.missing, replace(original, when=change.tree))
    if (days := signal.within_days) is not None:
        for other, missing in (
            (days - 1, f"{row} that is between {days - 1} and {days} days old, and counts"),
            (days + 1, f"{row} that is between {days} and {days + 1} days old, and doesn't count"),
        ):
            changed = replace(original, signal=replace(signal, within_days=other))
            yield mutant(signal.place, f": within {days} days → {other} days", missing, changed)
    if signal.kind is SignalKind.ACTIVITY:
        what = "without `planned`" if signal.planned else "with `planned: true`"
        missing = f"{row} that lies ahead of the clock and was made before it"
        yield mutant(
            signal.place, f": {what}", missing, replace(original, signal=replace(signal, planned=not signal.planned))
        )
    if original.contradicted_by is not None and signal.contradicted_by is not None:
        place = signal.contradicted_by.place
        missing = f"{row} that speaks for it, and a later one that takes it back"
        yield mutant(place, ": without `contradicted_by`", missing, replace(original, contradicted_by=None))
        for change in changed_conditions(original.contradicted_by, f"{row}, after one that speaks for it,"):
            changed = replace(original, contradicted_by=change.tree)
            yield mutant(place, f", contradicted_by: {change.what}", change.missing, changed)


def _transition_mutants(parsed: ParsedPolicy) -> _Found:
    policy = parsed.policy
    pairs = list(zip(policy.transitions, parsed.transitions, strict=True))

    def mutant(number: int, what: str, missing: str, changed: list[tuple[Transition, syntax.Expr]]) -> Mutant:
        transition = policy.transitions[number]
        whole = replace(
            parsed,
            policy=replace(policy, transitions=tuple(t for t, _ in changed)),
            transitions=tuple(tree for _, tree in changed),
        )
        name = f"transition to {transition.to!r}{_nth(policy.transitions, number)}: {what}"
        return Mutant(place=transition.place, name=name, missing=missing, parsed=whole)

    for number, (transition, tree) in enumerate(pairs):
        before, after = pairs[:number], pairs[number + 1 :]
        yield mutant(number, "left out", f"a lead that moves to {transition.to!r}", [*before, *after]), number
        for change in changed_conditions(tree, f"a lead in a status that {transition.to!r} follows,"):
            yield mutant(number, change.what, change.missing, [*before, (transition, change.tree), *after]), change.tree
        if transition.from_:
            anywhere = replace(transition, from_=())
            missing = f"a lead in a status that `from` doesn't list, for which `{transition.when.text}` is true"
            yield mutant(number, "without `from`", missing, [*before, (anywhere, tree), *after]), "from"
        for status in transition.from_ if len(transition.from_) > 1 else ():
            rest = replace(transition, from_=tuple(other for other in transition.from_ if other != status))
            missing = f"a lead in status {status!r} that moves to {transition.to!r}"
            yield mutant(number, f"`from` without {status!r}", missing, [*before, (rest, tree), *after]), rest
        if after and _meet(transition, after[0][0]):
            missing = f"a lead for which this transition and the next one, to {after[0][0].to!r}, both hold"
            swapped = [*before, after[0], pairs[number], *after[1:]]
            yield mutant(number, "after the next one", missing, swapped), "after"


def _opportunity_mutants(parsed: ParsedPolicy) -> _Found:
    settings = parsed.policy.conversion.opportunity
    place = parsed.policy.conversion.place or parsed.policy.ready.place

    def mutant(what: str, missing: str, whole: ParsedPolicy, at: Expression | None) -> Mutant:
        return Mutant(place=at.place if at else place, name=f"opportunity.{what}", missing=missing, parsed=whole)

    if parsed.create is not None:
        for change in changed_conditions(parsed.create, LEAD):
            whole = replace(parsed, create=change.tree)
            yield mutant(f"create: {change.what}", change.missing, whole, settings.create), change.tree
    else:
        never = parsed.never_create
        what = "create: always instead of never" if never else "create: never instead of always"
        missing = f"a lead of which `opportunity: {'false' if never else 'true'}` is expected"
        yield mutant(what, missing, replace(parsed, never_create=not never), settings.create), "create"
    if parsed.amount is not None:
        text = settings.amount.text if settings.amount else ""
        whole = replace(parsed, amount=None)
        yield mutant("amount: left out", f"a lead whose amount, `{text}`, is expected", whole, settings.amount), "none"
        for change in changed_values(parsed.amount, LEAD):
            whole = replace(parsed, amount=change.tree)
            yield mutant(f"amount: {change.what}", change.missing, whole, settings.amount), change.tree


def _is_without_converted(scope: syntax.Expr, changed: syntax.Expr) -> bool:
    """Whether the only change is that `NOT is_converted` is missing, or that it is all there was."""
    if not isinstance(scope, syntax.And):
        return _is_open(scope) and changed == syntax.Literal(value=True, kind=syntax.Kind.BOOLEAN)
    rest = tuple(item for item in scope.items if not _is_open(item))
    return len(rest) < len(scope.items) and changed == (rest[0] if len(rest) == 1 else syntax.And(rest))


def _is_open(item: syntax.Expr) -> bool:
    return isinstance(item, syntax.Not) and isinstance(item.item, syntax.Field) and item.item.name == "is_converted"


def _meet(one: Transition, other: Transition) -> bool:
    """Whether a lead can stand where both transitions start."""
    return not one.from_ or not other.from_ or bool(set(one.from_) & set(other.from_))


def _nth(transitions: tuple[Transition, ...], number: int) -> str:
    """Tells transitions to the same status apart."""
    same = [n for n, other in enumerate(transitions) if other.to == transitions[number].to]
    return f" ({same.index(number) + 1})" if len(same) > 1 else ""

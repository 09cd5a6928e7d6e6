"""What a policy's test cases have tried: each rule, and each part of each condition, true, false and unknown.

For `leadgate policy test --coverage`. A condition over leads is tried on the cases' leads, a signal's condition on the
rows of its kind that the cases have. Covered means tried, not checked: what no case would notice is the question of
`sync.policy.mutation`. Pure: `sync.insight.policy_coverage` asks the database.

A NOT is tried when what it turns round is; a name stands for the rule that it names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sync.mapping import OrgMapping
from sync.policy import syntax
from sync.policy.decision import Truth, Verdict
from sync.policy.emit import emit, quoted
from sync.policy.mutation import LEAD, ROWS
from sync.policy.parsed import ParsedPolicy
from sync.policy.schema import Criterion, Expression, Place, SignalKind
from sync.policy.signals import row_sql
from sync.policy.spelling import spelled
from sync.policy.syntax import Expr
from sync.policy.unknowns import Unknowns, empty_fields

RELATIONS: Mapping[SignalKind, str] = {
    SignalKind.ACTIVITY: "activity",
    SignalKind.OPPORTUNITY: "lead_opportunity",
    SignalKind.HISTORY: "lead_history",
}
_WORDS = {Truth.MET: "true", Truth.NOT_MET: "false", Truth.UNKNOWN: "unknown"}
_PROBE = "?"
"""Begins the names of criteria that are only there to be looked at; no name of a person's does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A condition that should have been true, false and (where that can be) unknown."""

    place: Place
    where: str
    """`criterion priced`."""
    part: str | None
    """The part of it that this is, as text; `None` = all of it."""
    tree: Expr
    wanted: tuple[Truth, ...]
    kind: SignalKind
    """Whose rows it is tried on; `FIELD` = leads."""
    check: bool = False
    """Whether it belongs to an opportunity check, which reads opportunities as they are."""
    empty: tuple[str, ...] = ()
    """Fields that make it unknown."""

    def gap(self, truth: Truth) -> Gap:
        """That it was never so."""
        part = f"`{self.part}` " if self.part is not None else ""
        row = "an opportunity" if self.check else ROWS[self.kind]
        if truth is Truth.UNKNOWN:
            how = f"without {' or '.join(self.empty)}" if self.empty else "that leaves it undecided"
            missing = f"{row} {how}"
        else:
            missing = f"{row} for which `{spelled(self.tree)}` is {_WORDS[truth]}"
        return Gap(place=self.place, name=f"{self.where}: {part}never {_WORDS[truth]}", missing=missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that no case has tried."""

    place: Place
    name: str
    """``criterion priced: `budget > 0` never unknown``; without line numbers, so that it can be accepted by name."""
    missing: str
    """The case that would try it."""


def points(parsed: ParsedPolicy, mapping: OrgMapping) -> tuple[Point, ...]:
    """Every rule of the policy and every part of its conditions, each condition once per kind of row."""
    seen: set[tuple[SignalKind, bool, Expr]] = set()
    found: list[Point] = []
    for point in _points(parsed, mapping):
        key = (point.kind, point.check, point.tree)
        if point.part is None or key not in seen:
            found.append(point)
        seen.add(key)
    return tuple(found)


def _points(parsed: ParsedPolicy, mapping: OrgMapping) -> Iterator[Point]:
    policy, opportunity = parsed.policy, parsed.policy.conversion.opportunity
    wholes: list[tuple[str, Expression, Expr, SignalKind, bool]] = [
        ("scope", policy.scope, parsed.scope, SignalKind.FIELD, False)
    ]
    for name, signal in parsed.signals.items():
        wholes.append((f"signal {name}", signal.signal.when, signal.when, signal.signal.kind, False))
        if signal.contradicted_by is not None and signal.signal.contradicted_by is not None:
            against = signal.signal.contradicted_by
            wholes.append(
                (f"signal {name}, contradicted_by", against, signal.contradicted_by, signal.signal.kind, False)
            )
    wholes += [
        (f"criterion {name}", policy.criteria[name].when, tree, SignalKind.FIELD, False)
        for name, tree in parsed.criteria.items()
    ]
    wholes.append(("ready", policy.ready, parsed.ready, SignalKind.FIELD, False))
    wholes += [
        (f"transition to {t.to!r}", t.when, tree, SignalKind.FIELD, False)
        for t, tree in zip(policy.transitions, parsed.transitions, strict=True)
    ]
    if parsed.create is not None and opportunity.create is not None:
        wholes.append(("opportunity.create", opportunity.create, parsed.create, SignalKind.FIELD, False))
    if parsed.amount is not None and opportunity.amount is not None:
        given = syntax.Not(syntax.IsNull(parsed.amount))
        wholes.append(("opportunity.amount", opportunity.amount, given, SignalKind.FIELD, False))
    wholes += [
        (f"check {name}", policy.opportunity_checks[name].when, tree, SignalKind.OPPORTUNITY, True)
        for name, tree in parsed.checks.items()
    ]
    for where, expression, tree, kind, check in wholes:
        unknowns = Unknowns.of(parsed, mapping, kind)
        for part in _conditions(tree):
            yield Point(
                place=expression.place,
                where=where,
                part=None if part is tree else spelled(part),
                tree=part,
                wanted=(Truth.MET, Truth.NOT_MET, *((Truth.UNKNOWN,) if unknowns.possible(part) else ())),
                kind=kind,
                check=check,
                empty=empty_fields(part, unknowns),
            )


def _conditions(tree: Expr) -> Iterator[Expr]:
    """The condition, and the conditions in it that can be tried for themselves."""
    yield tree
    for part in syntax.walk(tree):
        if part is not tree and _is_condition(part):
            yield part


def _is_condition(part: Expr) -> bool:
    match part:
        case syntax.Field():
            return syntax.Kind.of(part.type) is syntax.Kind.BOOLEAN
        case syntax.Call():
            return part.name in {"contains", "starts_with", "ends_with", "includes", "matches"}
        case _:
            return isinstance(
                part,
                syntax.And
                | syntax.Or
                | syntax.IsNull
                | syntax.IsTruth
                | syntax.Compare
                | syntax.OneOf
                | syntax.Between
                | syntax.Like,
            )


def probing(parsed: ParsedPolicy, looked_at: Sequence[Point]) -> ParsedPolicy:
    """The policy with every condition over leads as a criterion of its own, whose result is that condition's."""
    probes = {probe_name(n): point for n, point in enumerate(looked_at) if point.kind is SignalKind.FIELD}
    schema = {
        name: Criterion(name=name, label=name, when=Expression("", point.place), place=point.place)
        for name, point in probes.items()
    }
    trees = {name: point.tree for name, point in probes.items()}
    return replace(
        parsed,
        policy=replace(parsed.policy, criteria={**parsed.policy.criteria, **schema}),
        criteria={**parsed.criteria, **trees},
    )


def probe_name(number: int) -> str:
    """The criterion that stands for a point in `probing`."""
    return f"{_PROBE}{number}"


def rows_sql(looked_at: Sequence[Point], kind: SignalKind, now: datetime) -> str:
    """One row: per point whether any row of that kind made it true, false, unknown.

    Takes one positional parameter, the list of lead ids whose rows are looked at.
    """
    columns = []
    for point in looked_at:
        if point.check:
            sql = emit(point.tree, resolve=lambda name: quoted(name.name), now=now)
        else:
            sql = row_sql(point.tree, kind, now)
        columns += [f"bool_or({sql})", f"bool_or(NOT {sql})", f"bool_or({sql} IS NULL)"]
    relation = quoted(RELATIONS[kind])
    leads = "(SELECT unnest(CAST(? AS VARCHAR[])))"
    return f'SELECT {", ".join(columns)} FROM {relation} r WHERE r."lead_id" IN {leads}'  # noqa: S608 -- as in sync.policy.compile


def whole_gaps(
    parsed: ParsedPolicy, decided: Sequence[tuple[Verdict, Mapping[str, bool | None], str | None]]
) -> list[Gap]:
    """What is no condition: verdicts never given, signals never true or false, transitions never taken.

    Args:
        parsed: The policy.
        decided: Of each case: the verdict, its signals, the place of the transition taken.
    """
    policy = parsed.policy
    gaps = []
    for verdict in Verdict:
        if verdict not in {given for given, _, _ in decided}:
            word = verdict.value.replace("_", " ")
            gaps.append(Gap(place=policy.ready.place, name=f"verdict: never {word}", missing=f"a lead that is {word}"))
    for name, signal in policy.signals.items():
        for holds, word in ((True, "holds"), (False, "doesn't hold")):
            if not any(signals[name] is holds for _, signals, _ in decided):
                missing = f"{LEAD} for which the signal {word}"
                gaps.append(Gap(place=signal.place, name=f"signal {name}: never {word}", missing=missing))
    for number, transition in enumerate(policy.transitions, start=1):
        if str(transition.place) not in {taken for _, _, taken in decided}:
            name = f"transition {number}, to {transition.to!r}: never taken"
            missing = f"a lead that moves to {transition.to!r} by it"
            gaps.append(Gap(place=transition.place, name=name, missing=missing))
    return gaps

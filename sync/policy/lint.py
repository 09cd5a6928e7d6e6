"""Whether a policy fits an org: statuses, stages and picklist values that it names, fields that it can't rely on.

The loader has checked the policy by itself and against the mapping. Here it meets the org's own facts, which the
caller has read (`leadgate policy lint`, `leadgate doctor`, and every plan before it is made). Pure.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sync.errors import Problem
from sync.policy import syntax
from sync.policy.parsed import ParsedPolicy
from sync.policy.schema import Expression, Place, SignalKind
from sync.policy.syntax import Expr


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgWords:
    """What an org calls things, as far as a policy names them."""

    statuses: Sequence[str]
    """Every Lead Status (API names)."""
    converted_statuses: Sequence[str]
    stages: Sequence[str]
    """Active opportunity stages."""
    closed_stages: Collection[str] = ()
    opportunity_record_types: Collection[str] = ()
    """Developer names and names of active record types; empty when Opportunity has none."""
    picklists: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    """Our object name → our field name → its active values."""
    formulas: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Our object name → our names of its formula fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LintResult:
    """What was found: with errors the policy can't run on this org; warnings are worth a look."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def lint_policy(parsed: ParsedPolicy, org: OrgWords) -> LintResult:
    """Everything in the policy that doesn't fit the org."""
    errors = [*_conversion(parsed, org), *_transitions(parsed, org)]
    warnings = [*_unknown_values(parsed, org), *_formulas(parsed, org), *_unused(parsed), *_round_trips(parsed)]
    by_line = sorted(errors, key=lambda p: p.line), sorted(dict.fromkeys(warnings), key=lambda p: p.line)
    return LintResult(errors=tuple(by_line[0]), warnings=tuple(by_line[1]))


def _conversion(parsed: ParsedPolicy, org: OrgWords) -> Iterator[Problem]:
    settings = parsed.policy.conversion
    place = settings.place or Place(parsed.policy.file, 1)
    converted = list(org.converted_statuses)
    if not converted:
        yield _problem(
            place, "the org has no Lead Status that converts", "mark one as converted in Setup → Lead Status"
        )
    elif settings.status is None and len(converted) > 1:
        yield _problem(
            place, "conversion.status is missing, and several statuses convert", f"one of {_list(converted)}"
        )
    elif settings.status is not None and settings.status not in converted:
        sort = "doesn't convert" if settings.status in org.statuses else "is no Lead Status of the org"
        yield _problem(place, f"conversion.status: {settings.status!r} {sort}", f"these convert: {_list(converted)}")
    stage = settings.opportunity.stage
    if stage is not None and stage not in org.stages:
        fix = _nearest(stage, org.stages) or f"active stages: {_list(org.stages)}"
        yield _problem(place, f"conversion.opportunity.stage: {stage!r} is no active stage of the org", fix)
    record_type = settings.opportunity.record_type
    if record_type is not None and record_type not in org.opportunity_record_types:
        known = f"it has {_list(org.opportunity_record_types)}" if org.opportunity_record_types else None
        yield _problem(
            place, f"conversion.opportunity.record_type: Opportunity has no record type {record_type!r}", known
        )


def _transitions(parsed: ParsedPolicy, org: OrgWords) -> Iterator[Problem]:
    for transition in parsed.policy.transitions:
        for status in (transition.to, *transition.from_):
            if status not in org.statuses:
                fix = _nearest(status, org.statuses) or f"it has {_list(org.statuses)}"
                yield _problem(transition.place, f"transition: {status!r} is no Lead Status of the org", fix)
        if transition.to in org.converted_statuses:
            message = f"transition: {transition.to!r} is a converted status, which only a conversion sets"
            yield _problem(transition.place, message, "let `ready` decide it")


def _unknown_values(parsed: ParsedPolicy, org: OrgWords) -> Iterator[Problem]:
    for object_name, expression, tree in _places(parsed):
        known_fields = dict(org.picklists.get(object_name, {}))
        if object_name == "lead":
            known_fields["status"] = org.statuses
        for name, value in _compared(tree):
            known = known_fields.get(name)
            if known is not None and value not in known:
                fix = _nearest(value, known) or f"it has {_list(known)}"
                message = f"{value!r} is no active value of {object_name}.{name}, so the comparison never matches"
                yield _problem(expression.place, message, fix)


def _formulas(parsed: ParsedPolicy, org: OrgWords) -> Iterator[Problem]:
    for object_name, expression, tree in _places(parsed):
        for name in syntax.field_names(tree):
            if name in org.formulas.get(object_name, ()):
                message = f"{object_name}.{name} is a formula: it changes without the record's SystemModstamp moving"
                fix = "use the fields that it is made of, or pull with --full before deciding"
                yield _problem(expression.place, message, fix)


def _unused(parsed: ParsedPolicy) -> Iterator[Problem]:
    used = {name for tree in parsed.lead_expressions() for name in syntax.signal_names(tree)}
    for name, signal in parsed.policy.signals.items():
        if name not in used:
            yield _problem(signal.place, f"signal {name} is used by no criterion")


def _round_trips(parsed: ParsedPolicy) -> Iterator[Problem]:
    """Two transitions that lead to and fro may move a lead at every run."""
    transitions = parsed.policy.transitions
    for number, first in enumerate(transitions):
        for second in transitions[number + 1 :]:
            there = first.to in second.from_ or not second.from_
            back = second.to in first.from_ or not first.from_
            if there and back and first.to != second.to:
                message = f"transitions to {first.to!r} and {second.to!r} may move a lead to and fro at every run"
                yield _problem(second.place, message, "make sure that their conditions can't both hold")


def _places(parsed: ParsedPolicy) -> Iterator[tuple[str, Expression, Expr]]:
    """Every expression over mapped records, with the object that it speaks of."""
    policy = parsed.policy
    yield "lead", policy.scope, parsed.scope
    for name, criterion in policy.criteria.items():
        yield "lead", criterion.when, parsed.criteria[name]
    for name, signal in policy.signals.items():
        match signal.kind:
            case SignalKind.FIELD:
                yield "lead", signal.when, parsed.signals[name].when
            case SignalKind.OPPORTUNITY:
                yield "opportunity", signal.when, parsed.signals[name].when
            case SignalKind.ACTIVITY | SignalKind.HISTORY:
                pass
    for transition, tree in zip(policy.transitions, parsed.transitions, strict=True):
        yield "lead", transition.when, tree
    opportunity = policy.conversion.opportunity
    if opportunity.create is not None and parsed.create is not None:
        yield "lead", opportunity.create, parsed.create
    if opportunity.amount is not None and parsed.amount is not None:
        yield "lead", opportunity.amount, parsed.amount
    for name, check in policy.opportunity_checks.items():
        yield "opportunity", check.when, parsed.checks[name]


def _compared(tree: Expr) -> Iterator[tuple[str, str]]:
    """Text constants with the field that they are compared with for equality, or looked for by INCLUDES."""
    for part in syntax.walk(tree):
        match part:
            case syntax.Compare(op="=" | "<>", left=syntax.Field(name=name), right=syntax.Literal(value=str(value))):
                yield name, value
            case syntax.Compare(op="=" | "<>", left=syntax.Literal(value=str(value)), right=syntax.Field(name=name)):
                yield name, value
            case syntax.OneOf(item=syntax.Field(name=name), values=values):
                yield from (
                    (name, v.value) for v in values if isinstance(v, syntax.Literal) and isinstance(v.value, str)
                )
            case syntax.Call(name="includes", args=(syntax.Field(name=name), *words)):
                yield from (
                    (name, w.value) for w in words if isinstance(w, syntax.Literal) and isinstance(w.value, str)
                )
            case _:
                pass


def _problem(place: Place, message: str, fix: str | None = None) -> Problem:
    return Problem(place.file, place.line, message, fix)


def _list(values: Collection[str]) -> str:
    shown = [repr(value) for value in values][:8]
    return ", ".join(shown) + (", …" if len(values) > len(shown) else "")


def _nearest(value: str, known: Collection[str]) -> str | None:
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(value.lower(), by_lower, n=1, cutoff=0.6)
    return f"did you mean {by_lower[near[0]]!r}?" if near else None

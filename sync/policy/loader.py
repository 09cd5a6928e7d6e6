"""A policy file's text → `Policy`, or all of its problems at once.

A policy never runs half understood: unknown keys, names that mean nothing, expressions outside of the language,
criteria that refer to each other in a circle; everything is found here, with its line, before a lead is looked at.
Pure: text in, value out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TypeVar

from sync.errors import PolicyInvalid, Problem
from sync.mapping import OrgMapping
from sync.policy import syntax
from sync.policy.conversion import NEVER, read_conversion, read_limits
from sync.policy.document import Block, Entry, Text, read_document
from sync.policy.expression import is_usable_name, parse_condition, parse_value
from sync.policy.forms import Form, is_nothing
from sync.policy.likelihood import decides_alone
from sync.policy.places import check_names, lead_names, missing_objects, ready_names, signal_names
from sync.policy.reading import Names
from sync.policy.schema import (
    Check,
    ConversionSettings,
    Criterion,
    Expression,
    Limits,
    Place,
    Policy,
    Signal,
    SignalKind,
    Transition,
)

POLICY_KEYS = (
    "policy",
    "scope",
    "signals",
    "criteria",
    "ready",
    "likelihood",
    "transitions",
    "conversion",
    "limits",
    "opportunity_checks",
)
SIGNAL_KEYS = ("label", *(kind.value for kind in SignalKind), "within", "contradicted_by", "planned")
CRITERION_KEYS = ("label", "when")
LIKELIHOOD_KEYS = ("may_decide_alone",)
TRANSITION_KEYS = ("to", "from", "when")
DEFAULT_SCOPE = "NOT is_converted"

_T = TypeVar("_T")
_READY_NODES = (syntax.And, syntax.Or, syntax.Not, syntax.CriterionRef, syntax.IsTruth, syntax.IsNull)


def load_policy_text(text: str, file: str, mapping: OrgMapping) -> Policy:
    """The policy that the text says.

    Args:
        text: Content of a policy file.
        file: Its name, for the problems.
        mapping: The org's mapping; expressions may only name what it maps.

    Raises:
        PolicyInvalid: With every problem of the file.
    """
    policy, problems = read_policy(text, file, mapping)
    if policy is None:
        raise PolicyInvalid(problems)
    return policy


def read_policy(text: str, file: str, mapping: OrgMapping) -> tuple[Policy | None, list[Problem]]:
    """As `load_policy_text`, but problems come back as a value, in the order of their lines."""
    block, problems = read_document(text, file)
    if block is None:
        return None, problems
    form = Form(file, problems)
    policy = _policy(form, block, mapping)
    if form.problems:
        return None, sorted(form.problems, key=lambda problem: problem.line)
    return policy, []


def _policy(form: Form, block: Block, mapping: OrgMapping) -> Policy:
    form.block(block, "policy", POLICY_KEYS)
    signals = _section(form, block, "signals", lambda entry: _signal(form, entry, mapping))
    criteria = _section(form, block, "criteria", lambda entry: _criterion(form, entry))
    _check_names(form, block, mapping)
    names = lead_names(mapping, signals=_keys(block, "signals"), criteria=_keys(block, "criteria"))
    trees = {c.name: _condition(form, c.when, names, f"criterion {c.name}") for c in criteria.values()}
    _check_cycles(form, criteria, trees)
    scope = _scope(form, block, names)
    conversion_entry, limits_entry = block.get("conversion"), block.get("limits")
    conversion = read_conversion(form, conversion_entry, mapping) if conversion_entry else ConversionSettings()
    _check_opportunity(form, conversion, names)
    policy = Policy(
        name=_name(form, block),
        scope=scope,
        signals=signals,
        criteria=criteria,
        ready=_ready(form, block, mapping),
        transitions=_transitions(form, block, names),
        conversion=conversion,
        limits=read_limits(form, limits_entry) if limits_entry else Limits(),
        opportunity_checks=_section(form, block, "opportunity_checks", lambda entry: _check(form, entry, mapping)),
        digest="",
        file=form.file,
        likelihood_alone=_likelihood_alone(form, block),
    )
    _check_likelihood(form, policy, {name: tree for name, tree in trees.items() if tree is not None}, mapping)
    return Policy(
        **{f.name: getattr(policy, f.name) for f in fields(Policy) if f.name != "digest"}, digest=_digest(policy)
    )


def _name(form: Form, block: Block) -> str:
    entry = block.get("policy")
    if entry is None:
        form.problem(1, "`policy:` is missing", "give the policy a name: `policy: pricing-discussed`")
        return ""
    return form.text(entry, "policy") or ""


def _scope(form: Form, block: Block, names: Names) -> Expression:
    entry = block.get("scope")
    if entry is None:
        return Expression(DEFAULT_SCOPE, Place(form.file, block.line))
    scope = form.expression(entry, "scope")
    if scope is None:
        return Expression(DEFAULT_SCOPE, Place(form.file, entry.line))
    _condition(form, scope, names, "scope")
    return scope


def _section(form: Form, block: Block, key: str, read: Callable[[Entry], _T | None]) -> dict[str, _T]:
    entry = block.get(key)
    if entry is None or is_nothing(entry):
        if key == "criteria":
            form.problem(entry.line if entry else 1, "`criteria:` is missing", "say what makes a lead ready")
        return {}
    named = form.named(entry.value, key)
    found = {item.key: read(item) for item in named or ()}
    return {name: value for name, value in found.items() if value is not None}


def _keys(block: Block, key: str) -> list[str]:
    entry = block.get(key)
    return [item.key for item in entry.value] if entry and isinstance(entry.value, Block) else []


def _check_names(form: Form, block: Block, mapping: OrgMapping) -> None:
    lead = mapping["lead"].fields
    taken: dict[str, str] = {}
    for key, sort in (("signals", "signal"), ("criteria", "criterion")):
        entry = block.get(key)
        for item in entry.value if entry and isinstance(entry.value, Block) else ():
            if not is_usable_name(item.key):
                form.problem(item.line, f"{sort} {item.key!r}: choose another name", "snake_case, and no word of SQL")
            elif item.key in lead:
                form.problem(item.line, f"{sort} {item.key}: a field of Lead has this name", "choose another one")
            elif item.key in taken:
                form.problem(item.line, f"{sort} {item.key}: a {taken[item.key]} has this name", "choose another one")
            taken.setdefault(item.key, sort)


def _signal(form: Form, entry: Entry, mapping: OrgMapping) -> Signal | None:
    what = f"signal {entry.key}"
    block = form.block(entry.value, what, SIGNAL_KEYS)
    if block is None:
        return None
    kinds = [kind for kind in SignalKind if block.get(kind.value)]
    if len(kinds) != 1:
        known = ", ".join(kind.value for kind in SignalKind)
        form.problem(entry.line, f"{what}: looks at exactly one of {known}")
        return None
    kind = kinds[0]
    lacking = missing_objects(mapping, kind)
    if lacking is not None:
        form.problem(entry.line, f"{what}: {lacking}", "add it to mappings/")
        return None
    names = signal_names(mapping, kind)
    when_entry, against_entry, within = block.get(kind.value), block.get("contradicted_by"), block.get("within")
    when = form.expression(when_entry, what) if when_entry else None
    against = form.expression(against_entry, f"{what}.contradicted_by") if against_entry else None
    for key in ("within", "contradicted_by") if kind is SignalKind.FIELD else ():
        if (useless := block.get(key)) is not None:
            form.problem(useless.line, f"{what}: `{key}` needs rows with a time; a field has none")
    planned = block.get("planned")
    if planned is not None and kind is not SignalKind.ACTIVITY:
        form.problem(planned.line, f"{what}: `planned` is for activities only")
    days = form.days(within, f"{what}.within") if within else None
    ahead = bool(form.yes_no(planned, f"{what}.planned")) if planned else False
    if when is not None:
        _condition(form, when, names, what)
    if against is not None:
        _condition(form, against, names, f"{what}.contradicted_by")
    if when is None:
        return None
    return Signal(
        name=entry.key,
        label=_label(form, block, entry.key, what),
        kind=kind,
        when=when,
        within_days=days,
        contradicted_by=against,
        planned=ahead,
        place=Place(form.file, entry.line),
    )


def _criterion(form: Form, entry: Entry) -> Criterion | None:
    what = f"criterion {entry.key}"
    found = _labelled(form, entry, what)
    if found is None:
        return None
    label, when = found
    return Criterion(name=entry.key, label=label, when=when, place=Place(form.file, entry.line))


def _check(form: Form, entry: Entry, mapping: OrgMapping) -> Check | None:
    what = f"opportunity check {entry.key}"
    found = _labelled(form, entry, what)
    if found is None:
        return None
    if mapping.get("opportunity") is None:
        form.problem(entry.line, f"{what}: Opportunity is not mapped", "add it to mappings/")
        return None
    if not is_usable_name(entry.key):
        form.problem(entry.line, f"{what}: choose another name", "snake_case, and no word of SQL")
    label, when = found
    _condition(form, when, check_names(mapping), what)
    return Check(name=entry.key, label=label, when=when, place=Place(form.file, entry.line))


def _labelled(form: Form, entry: Entry, what: str) -> tuple[str, Expression] | None:
    """`name: {label: …, when: …}`, or `name: "…"` for short."""
    if isinstance(entry.value, Text):
        when = form.expression(entry, what)
        return None if when is None else (_spelled_out(entry.key), when)
    block = form.block(entry.value, what, CRITERION_KEYS)
    if block is None:
        return None
    label = _label(form, block, entry.key, what)
    when_entry = block.get("when")
    if when_entry is None:
        form.problem(entry.line, f"{what}: `when` is missing", 'e.g. when: "budget > 0"')
        return None
    when = form.expression(when_entry, what)
    return None if when is None else (label, when)


def _label(form: Form, block: Block, name: str, what: str) -> str:
    entry = block.get("label")
    return (form.text(entry, f"{what}.label") if entry else None) or _spelled_out(name)


def _spelled_out(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _ready(form: Form, block: Block, mapping: OrgMapping) -> Expression:
    nothing = Expression("", Place(form.file, block.line))
    entry = block.get("ready")
    if entry is None:
        form.problem(1, "`ready:` is missing", 'say which criteria make a lead ready: ready: "interested AND priced"')
        return nothing
    ready = form.expression(entry, "ready")
    if ready is None:
        return nothing
    names = ready_names(mapping, signals=_keys(block, "signals"), criteria=_keys(block, "criteria"))
    tree = _condition(form, ready, names, "ready")
    if tree is not None and any(not isinstance(part, _READY_NODES) for part in syntax.walk(tree)):
        form.problem(
            ready.place.line, "ready: joins criteria with AND, OR and NOT only", "make a criterion of the rest"
        )
    return ready


def _likelihood_alone(form: Form, block: Block) -> bool:
    entry = block.get("likelihood")
    if entry is None:
        return False
    settings = form.block(entry.value, "likelihood", LIKELIHOOD_KEYS)
    alone = settings.get("may_decide_alone") if settings is not None else None
    return alone is not None and form.yes_no(alone, "likelihood.may_decide_alone") is True


def _check_likelihood(form: Form, policy: Policy, trees: Mapping[str, syntax.Expr], mapping: OrgMapping) -> None:
    """A likelihood is never the only reason for a conversion unless the policy says so."""
    if policy.likelihood_alone or form.problems:
        return
    names = ready_names(mapping, signals=policy.signals, criteria=policy.criteria)
    ready, _ = parse_condition(policy.ready, names, what="ready")
    if ready is not None and decides_alone(ready, trees, mapping):
        form.problem(
            policy.ready.place.line,
            "ready: a lead can become ready by its likelihood alone, with every other criterion false or unknown",
            "ask for another criterion with AND, or write `likelihood: {may_decide_alone: true}`",
        )


def _transitions(form: Form, block: Block, names: Names) -> tuple[Transition, ...]:
    entry = block.get("transitions")
    if entry is None or is_nothing(entry):
        return ()
    if isinstance(entry.value, Text | Block):
        form.problem(entry.line, "transitions: write a list of `- {to: …, from: […], when: …}`")
        return ()
    found = []
    for number, item in enumerate(entry.value.items, start=1):
        what = f"transition {number}"
        one = form.block(item, what, TRANSITION_KEYS)
        if one is None:
            continue
        to_entry, from_entry, when_entry = one.get("to"), one.get("from"), one.get("when")
        if to_entry is None or when_entry is None:
            form.problem(item.line, f"{what}: needs `to` and `when`")
            continue
        to = form.text(to_entry, f"{what}.to")
        from_ = form.texts(from_entry, f"{what}.from") if from_entry else ()
        when = form.expression(when_entry, f"{what}.when")
        if to is not None and from_ and to in from_:
            form.problem(item.line, f"{what}: leads from {to!r} to itself")
        if when is not None:
            _condition(form, when, names, what)
        if to is not None and from_ is not None and when is not None:
            found.append(Transition(to=to, from_=from_, when=when, place=Place(form.file, item.line)))
    return tuple(found)


def _check_opportunity(form: Form, conversion: ConversionSettings, names: Names) -> None:
    create, amount = conversion.opportunity.create, conversion.opportunity.amount
    if create is not None and create.text != NEVER:
        _condition(form, create, names, "conversion.opportunity.create")
    if amount is not None:
        _, problems = parse_value(amount, names, what="conversion.opportunity.amount")
        form.problems.extend(problems)


def _condition(form: Form, expression: Expression, names: Names, what: str) -> syntax.Expr | None:
    tree, problems = parse_condition(expression, names, what=what)
    form.problems.extend(problems)
    return tree


def _check_cycles(form: Form, criteria: Mapping[str, Criterion], trees: Mapping[str, syntax.Expr | None]) -> None:
    reported: set[frozenset[str]] = set()

    def visit(name: str, path: Sequence[str]) -> None:
        if name in path:
            circle = [*path[path.index(name) :], name]
            if frozenset(circle) not in reported:
                reported.add(frozenset(circle))
                line = criteria[name].place.line
                form.problem(line, f"criterion {name}: refers to itself: {' → '.join(circle)}")
            return
        tree = trees.get(name)
        if tree is None or name in done:
            return
        for other in syntax.criterion_names(tree):
            visit(other, [*path, name])
        done.add(name)

    done: set[str] = set()
    for name in trees:
        visit(name, [])


def _digest(policy: Policy) -> str:
    """A hash of what the policy means: comments, layout and the order of names don't change it."""
    return hashlib.sha256(json.dumps(_meaning(policy), sort_keys=True).encode()).hexdigest()


def _meaning(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        left_out = {"place", "file", "digest"}
        return {f.name: _meaning(getattr(value, f.name)) for f in fields(value) if f.name not in left_out}
    if isinstance(value, Mapping):
        return {str(key): _meaning(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_meaning(item) for item in value]
    return value

"""One lead's decision, explained: what each criterion saw, on what evidence, and what would flip it.

Pure: the decision, values and evidence come from the mirror by the queries of the same `CompiledPolicy`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.mapping import OrgMapping
from sync.model import Record, Value
from sync.policy import syntax
from sync.policy.changes import SmallestChanges, smallest_changes
from sync.policy.compile import CompiledPolicy
from sync.policy.decision import Decision, Evidence, Finding, Truth, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that there is to say about the decision on one lead."""

    decision: Decision
    scope: Finding
    """Whether the lead is looked at at all, as a finding of its own."""
    findings: tuple[Finding, ...]
    """One per criterion, in the policy's order."""
    smallest: SmallestChanges


def explain(
    compiled: CompiledPolicy,
    mapping: OrgMapping,
    decision: Decision,
    *,
    values: Record,
    evidence: Sequence[Evidence],
    choices: Mapping[str, Sequence[str]] | None = None,
    usual: Mapping[str, Sequence[str]] | None = None,
) -> Explanation:
    """The explanation of a decision.

    Args:
        compiled: What made the decision.
        mapping: Types of the lead's fields.
        decision: The decision.
        values: The lead's values, from `compiled.values_sql`.
        evidence: The lead's evidence, from `compiled.evidence_sql`.
        choices: Values of picklists by our field name, where the org's are known.
        usual: Values of picklists that are in use, by our field name, to name as examples.
    """
    in_scope = Truth.NOT_MET if decision.verdict is Verdict.OUT_OF_SCOPE else Truth.MET
    policy, parsed = compiled.policy, compiled.parsed
    scope = Finding(
        criterion="scope",
        label="Is looked at",
        result=in_scope,
        expression=policy.scope.text,
        source=str(policy.scope.place),
        values=_seen(parsed.scope, decision, values),
        evidence=_for(parsed.scope, evidence),
    )
    return Explanation(
        decision=decision,
        scope=scope,
        findings=findings(compiled, decision, values=values, evidence=evidence),
        smallest=smallest_changes(
            parsed, mapping, values=values, signals=decision.signals, now=compiled.now, choices=choices, usual=usual
        ),
    )


def findings(
    compiled: CompiledPolicy, decision: Decision, *, values: Record, evidence: Sequence[Evidence]
) -> tuple[Finding, ...]:
    """One finding per criterion, in the policy's order."""
    return tuple(
        Finding(
            criterion=name,
            label=criterion.label,
            result=decision.results[name],
            expression=criterion.when.text,
            source=str(criterion.when.place),
            values=_seen(compiled.parsed.criteria[name], decision, values),
            evidence=_for(compiled.parsed.criteria[name], evidence),
        )
        for name, criterion in compiled.policy.criteria.items()
    )


def _seen(tree: syntax.Expr, decision: Decision, values: Record) -> dict[str, Value]:
    """What an expression saw: fields, signals, and other criteria (null where unknown)."""
    seen: dict[str, Value] = {name: values[name] for name in syntax.field_names(tree)}
    seen |= {name: decision.signals[name] for name in syntax.signal_names(tree)}
    known = {Truth.MET: True, Truth.NOT_MET: False, Truth.UNKNOWN: None}
    return seen | {name: known[decision.results[name]] for name in syntax.criterion_names(tree)}


def _for(tree: syntax.Expr, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The evidence of the signals that an expression names."""
    named = set(syntax.signal_names(tree))
    return tuple(item for item in evidence if item.signal in named)

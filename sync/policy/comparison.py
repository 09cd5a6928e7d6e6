"""Two policies on the same leads: which leads change verdict, and which rules are the reason.

For `leadgate policy diff`. A change has always a reason: the scope, criteria that `ready` speaks of and whose result
differs, or, where no criterion differs, `ready` itself. Pure: decisions in, changes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sync.policy import syntax
from sync.policy.decision import Decision, Truth, Verdict
from sync.policy.parsed import ParsedPolicy, ParsedSignal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A rule that says something else of a lead."""

    rule: str
    """`scope`, `ready`, or a criterion's name."""
    before: Truth | None
    """`None` = the old policy's `ready` doesn't ask for it."""
    after: Truth | None
    """`None` = the new policy's `ready` doesn't ask for it."""
    signals: Mapping[str, tuple[bool | None, bool | None]] = field(default_factory=dict)
    """Signals of the criterion that differ, before and after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictChange:
    """A lead with another verdict."""

    lead_id: str
    before: Verdict
    after: Verdict
    reasons: tuple[Reason, ...]

    @property
    def kind(self) -> tuple[Verdict, Verdict, tuple[str, ...]]:
        """What it has in common with other changes: verdicts and rules."""
        return self.before, self.after, tuple(reason.rule for reason in self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What one policy does otherwise than another, over all leads."""

    leads: int
    before: Mapping[Verdict, int]
    after: Mapping[Verdict, int]
    changes: tuple[VerdictChange, ...]
    other_status: int
    """Leads with the same verdict that would be moved to another Lead Status."""
    other_opportunity: int
    """Leads that are ready by both, with another opportunity: one or none, or another amount."""

    def kinds(self) -> list[tuple[tuple[Verdict, Verdict, tuple[str, ...]], int]]:
        """Changes of one kind together, with how many there are; the most frequent first."""
        return Counter(change.kind for change in self.changes).most_common()


@dataclass(frozen=True)
class PolicyPair:
    """An old and a new policy, both read with one mapping."""

    old: ParsedPolicy
    new: ParsedPolicy

    def compare(self, decisions: Iterable[tuple[Decision, Decision]]) -> Comparison:
        """Every lead's decisions by both policies, old first, one pair per lead."""
        before, after = dict.fromkeys(Verdict, 0), dict.fromkeys(Verdict, 0)
        changes = []
        leads = other_status = other_opportunity = 0
        for old, new in decisions:
            leads += 1
            before[old.verdict] += 1
            after[new.verdict] += 1
            if old.verdict is not new.verdict:
                changes.append(self.change(old, new))
                continue
            other_status += _status(old) != _status(new)
            made = (old.wants_opportunity, old.amount) != (new.wants_opportunity, new.amount)
            other_opportunity += old.verdict is Verdict.READY and made
        return Comparison(
            leads=leads,
            before=before,
            after=after,
            changes=tuple(changes),
            other_status=other_status,
            other_opportunity=other_opportunity,
        )

    def change(self, old: Decision, new: Decision) -> VerdictChange:
        """A lead's change of verdict with its reasons."""
        if Verdict.OUT_OF_SCOPE in {old.verdict, new.verdict}:
            scope = [Truth.of(decision.verdict is not Verdict.OUT_OF_SCOPE) for decision in (old, new)]
            reasons = [Reason(rule="scope", before=scope[0], after=scope[1])]
        else:
            reasons = list(self._reasons(old, new)) or [
                Reason(rule="ready", before=Truth.of(_ready(old)), after=Truth.of(_ready(new)))
            ]
        return VerdictChange(lead_id=old.lead_id, before=old.verdict, after=new.verdict, reasons=tuple(reasons))

    def changed_rules(self) -> tuple[str, ...]:
        """Rules that say something else, or that only one policy has: `criterion priced`, `signal talk`, `ready`."""
        pairs = (
            ("scope", self.old.scope, self.new.scope),
            *(
                (f"signal {name}", self.old.signals.get(name), self.new.signals.get(name))
                for name in {**self.old.signals, **self.new.signals}
            ),
            *(
                (f"criterion {name}", self.old.criteria.get(name), self.new.criteria.get(name))
                for name in {**self.old.criteria, **self.new.criteria}
            ),
            ("ready", self.old.ready, self.new.ready),
            ("transitions", _transitions(self.old), _transitions(self.new)),
            ("opportunity.create", (self.old.create, self.old.never_create), (self.new.create, self.new.never_create)),
            ("opportunity.amount", self.old.amount, self.new.amount),
        )
        return tuple(name for name, one, other in pairs if _meaning(one) != _meaning(other))

    def _reasons(self, old: Decision, new: Decision) -> Iterator[Reason]:
        for name in dict.fromkeys((*self._asked[0], *self._asked[1])):
            before, after = (
                decision.results[name] if name in asked else None
                for decision, asked in zip((old, new), self._asked, strict=True)
            )
            if before is after or (None in {before, after} and Truth.MET in {before, after}):
                continue  # a criterion that only one policy asks for is no obstacle where it is met
            turned = {s: (old.signals[s], new.signals[s]) for s in self._shared_signals(name)}
            differing = {signal: values for signal, values in turned.items() if values[0] is not values[1]}
            yield Reason(rule=name, before=before, after=after, signals=differing)

    @cached_property
    def _asked(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Criteria that `ready` of each policy speaks of."""
        return syntax.criterion_names(self.old.ready), syntax.criterion_names(self.new.ready)

    def _shared_signals(self, criterion: str) -> Iterator[str]:
        """Signals of a criterion that both policies have."""
        trees = [policy.criteria[criterion] for policy in (self.old, self.new) if criterion in policy.criteria]
        for name in dict.fromkeys(signal for tree in trees for signal in syntax.signal_names(tree)):
            if name in self.old.signals and name in self.new.signals:
                yield name


def _ready(decision: Decision) -> bool:
    return decision.verdict is Verdict.READY


def _status(decision: Decision) -> str | None:
    return decision.next_status.to if decision.next_status else None


def _transitions(parsed: ParsedPolicy) -> object:
    return [(t.to, t.from_, tree) for t, tree in zip(parsed.policy.transitions, parsed.transitions, strict=True)]


def _meaning(rule: object) -> object:
    """A rule without its label and place."""
    if isinstance(rule, ParsedSignal):
        return rule.when, rule.contradicted_by, rule.signal.within_days, rule.signal.planned, rule.signal.kind
    return rule

"""What a set of test cases has tried of a policy: which results each rule gave at least once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sync.policy.decision import Decision, Truth, Verdict
from sync.policy.schema import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Results seen and wanted; a rule is covered when it gave both answers."""

    seen: int
    wanted: int
    missing: tuple[str, ...]
    """In words: `criterion priced: never not met`."""

    @property
    def share(self) -> float:
        """Seen of wanted, from 0 to 1."""
        return self.seen / self.wanted if self.wanted else 1.0


def coverage(policy: Policy, decisions: Iterable[Decision]) -> Coverage:
    """What the cases' decisions cover: every verdict, criteria met and not, signals true and not, transitions taken.

    An unknown criterion counts as not met, as it does in the policy.
    """
    wanted = {f"verdict: never {verdict.value.replace('_', ' ')}" for verdict in Verdict}
    wanted |= {f"criterion {name}: never {how}" for name in policy.criteria for how in ("met", "not met")}
    wanted |= {f"signal {name}: never {how}" for name in policy.signals for how in ("true", "false")}
    wanted |= {f"transition at line {transition.place.line}: never taken" for transition in policy.transitions}
    seen: set[str] = set()
    for decision in decisions:
        seen.add(f"verdict: never {decision.verdict.value.replace('_', ' ')}")
        for name, truth in decision.results.items():
            seen.add(f"criterion {name}: never {'met' if truth is Truth.MET else 'not met'}")
        for name, holds in decision.signals.items():
            seen.add(f"signal {name}: never {'true' if holds else 'false'}")
        if decision.next_status is not None:
            taken = [t for t in policy.transitions if str(t.place) == decision.next_status.source]
            seen |= {f"transition at line {transition.place.line}: never taken" for transition in taken}
    return Coverage(seen=len(wanted & seen), wanted=len(wanted), missing=tuple(sorted(wanted - seen)))

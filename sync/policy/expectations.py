"""What a case could expect, written as in its file, so that it would notice a mutant that it sees already."""

from __future__ import annotations

from collections.abc import Iterator

from sync.policy.cases import Outcome
from sync.policy.decision import Truth

_TRUTHS = {True: "true", False: "false", None: Truth.UNKNOWN.value}


def telling(before: Outcome, after: Outcome) -> tuple[str, ...]:
    """Expectations that hold before and not after: `not_met: [priced]`; none when the two are the same."""
    return tuple(dict.fromkeys(_telling(before, after)))


def _telling(before: Outcome, after: Outcome) -> Iterator[str]:
    one, other = before.decision, after.decision
    if one is None or other is None:
        return
    if one.verdict is not other.verdict:
        yield f"verdict: {one.verdict.value}"
    for name, truth in one.results.items():
        if truth is not other.results[name]:
            yield f"{truth.value}: [{name}]"
    for name, holds in one.signals.items():
        if holds is not other.signals[name]:
            yield f"signals: {{{name}: {_TRUTHS[holds]}}}"
    to = one.next_status.to if one.next_status else None
    if to != (other.next_status.to if other.next_status else None):
        yield f"next_status: {to or 'null'}"
    if one.wants_opportunity is not other.wants_opportunity:
        yield f"opportunity: {_TRUTHS[one.wants_opportunity]}"
    if one.amount != other.amount:
        yield f"amount: {'null' if one.amount is None else one.amount}"
    for name, flagged in before.checks.items():
        if flagged is not after.checks[name]:
            yield f"checks: {{{name}: {_TRUTHS[flagged]}}}"

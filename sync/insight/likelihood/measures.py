"""How good likelihoods are, on leads whose outcome is known and that nothing was learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, log

BINS = 10
_LEAST = 1e-6
"""Likelihoods are kept this far from 0 and 1 in the log loss, which is infinite there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """What the test leads say."""

    cases: int
    converted: int
    mean: float
    """The mean likelihood; beside it stands the share that was converted."""
    auc: float
    """Area under the ROC curve: how often a lead that became an opportunity stands above one that did not."""
    brier: float
    log_loss: float
    calibration_error: float
    """Expected calibration error over ten bins of equal width (Naeini, Cooper, Hauskrecht, AAAI 2015)."""

    @property
    def share(self) -> float:
        """The share of the cases that became opportunities."""
        return self.converted / self.cases


def measure(outcomes: Sequence[bool], likelihoods: Sequence[float]) -> Measures:
    """All measures; both outcomes must occur.

    Raises:
        ValueError: There are no cases of one outcome.
    """
    if not 0 < sum(outcomes) < len(outcomes):
        raise ValueError("measuring needs leads that became opportunities, and leads that did not")
    pairs = list(zip(outcomes, likelihoods, strict=True))
    count = len(pairs)
    return Measures(
        cases=count,
        converted=sum(outcomes),
        mean=fsum(likelihoods) / count,
        auc=_auc(pairs),
        brier=fsum((p - y) ** 2 for y, p in pairs) / count,
        log_loss=-fsum(log(min(max(p if y else 1 - p, _LEAST), 1.0)) for y, p in pairs) / count,
        calibration_error=calibration_error(outcomes, likelihoods),
    )


def calibration_error(outcomes: Sequence[bool], likelihoods: Sequence[float]) -> float:
    """The mean distance between likelihood and share converted over bins of equal width, weighed by their cases."""
    bins: dict[int, list[tuple[bool, float]]] = {}
    for outcome, likelihood in zip(outcomes, likelihoods, strict=True):
        bins.setdefault(min(int(likelihood * BINS), BINS - 1), []).append((outcome, likelihood))
    apart = (abs(fsum(p for _, p in each) - sum(y for y, _ in each)) for each in bins.values())
    return fsum(apart) / len(outcomes)


def _auc(pairs: Sequence[tuple[bool, float]]) -> float:
    """Mann and Whitney's statistic, ties counted half."""
    ordered = sorted(pairs, key=lambda pair: pair[1])
    ranks, place = 0.0, 0
    while place < len(ordered):
        end = place
        while end < len(ordered) and ordered[end][1] == ordered[place][1]:
            end += 1
        ranks += sum(y for y, _ in ordered[place:end]) * (place + 1 + end) / 2
        place = end
    positive = sum(y for y, _ in pairs)
    return (ranks - positive * (positive + 1) / 2) / (positive * (len(pairs) - positive))

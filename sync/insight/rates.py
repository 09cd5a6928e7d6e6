"""Rates with Wilson intervals, and when there are too few cases to say anything; for every report that shows a rate.

A rate over few cases says little, and a bare percentage hides it. So a rate here always stands with its counts and its
interval, and under `FLOOR` cases a report says "not enough data" instead of a percentage.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
FLOOR = 30
"""Cases under which a rate is not shown: with fewer, a 95 % interval can be more than 33 percentage points wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share of cases with its interval; all between 0 and 1."""

    successes: int
    trials: int
    share: float | None
    """`None` without a single case."""
    low: float
    high: float

    @property
    def enough(self) -> bool:
        """Whether there are cases enough to show the rate at all."""
        return self.trials >= FLOOR


def wilson(successes: int, trials: int, confidence: float = CONFIDENCE) -> Rate:
    """The share of successes with Wilson's score interval (E. B. Wilson, JASA 22, 1927, pages 209-212).

    Wilson's interval stays within 0 and 1 and keeps its promise for small counts and for shares near the ends, where
    the textbook interval (share ± 1.96 standard errors) does not.

    Args:
        successes: Cases of which it is true.
        trials: All cases.
        confidence: Between 0 and 1, both excluded.

    Raises:
        ValueError: Counts or confidence that can't be.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is no rate")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence}")
    if trials == 0:
        return Rate(successes=0, trials=0, share=None, low=0.0, high=1.0)
    share = successes / trials
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    center = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    reach = sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2))) / (1 + z2 / trials)
    low = 0.0 if successes == 0 else max(0.0, center - reach)
    high = 1.0 if successes == trials else min(1.0, center + reach)
    return Rate(successes=successes, trials=trials, share=share, low=low, high=high)

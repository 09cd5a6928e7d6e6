"""The learnt model as a value: points per column and level, and how a lead's likelihood comes out of them.

A scorecard is additive on purpose. Each level of each column has its points (log-odds against the average lead of the
past), so a lead's reasons are its points themselves and not an approximation of something that nobody can read. It is
learnt many times, on samples of the past's leads drawn with replacement; what the copies agree on is the likelihood,
what they differ by is the interval. Applying it needs nothing but arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, log, sqrt
from statistics import NormalDist

from sync.insight.likelihood.levels import Cell, Levels

CONFIDENCE = 0.90
"""Of the interval around a likelihood."""
MOST_REASONS = 3
LEAST_WORTH_SAYING = log(1.1)
"""A column that moves the odds by less than a tenth is no reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What one column does to a lead's likelihood."""

    column: str
    level: str
    """The lead's level of it, in words."""
    odds: float
    """By how much it multiplies the odds against the average lead of the past; below 1 it lowers them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihood:
    """One lead's likelihood of becoming an opportunity within the horizon."""

    likelihood: float
    low: float
    high: float
    reasons: tuple[Reason, ...]
    """Those that move it most, strongest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPoints:
    """The points of one column."""

    levels: Levels
    points: tuple[tuple[float, ...], ...]
    """Per level, then per copy of the scorecard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """All columns' points, and where each copy starts from (the log-odds of the average lead)."""

    start: tuple[float, ...]
    columns: tuple[ColumnPoints, ...]

    def score(self, cells: Mapping[str, Cell]) -> Likelihood:
        """A lead's likelihood from its values by column name; a column that is absent counts as blank."""
        found = [(each, each.levels.level(cells.get(each.levels.column))) for each in self.columns]
        logits = [fsum(parts) for parts in zip(self.start, *(each.points[level] for each, level in found), strict=True)]
        return Likelihood(**_spread(logits), reasons=_reasons(found))


def probability(log_odds: float) -> float:
    """The probability of log-odds."""
    if log_odds >= 0:
        return 1 / (1 + exp(-log_odds))
    grown = exp(log_odds)
    return grown / (1 + grown)


def _spread(logits: Sequence[float]) -> dict[str, float]:
    """The mean probability of the copies; the interval is normal in log-odds, so it stays within 0 and 1."""
    middle = fsum(map(probability, logits)) / len(logits)
    center = log(middle / (1 - middle))
    mean = fsum(logits) / len(logits)
    spread = sqrt(fsum((each - mean) ** 2 for each in logits) / max(len(logits) - 1, 1))
    reach = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * spread
    return {"likelihood": middle, "low": probability(center - reach), "high": probability(center + reach)}


def _reasons(found: Sequence[tuple[ColumnPoints, int]]) -> tuple[Reason, ...]:
    weighed = [(fsum(each.points[level]) / len(each.points[level]), each.levels, level) for each, level in found]
    weighed.sort(key=lambda item: (-abs(item[0]), item[1].column))
    return tuple(
        Reason(column=levels.column, level=levels.words(level), odds=exp(points))
        for points, levels, level in weighed[:MOST_REASONS]
        if abs(points) >= LEAST_WORTH_SAYING
    )

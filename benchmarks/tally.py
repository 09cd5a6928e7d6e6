"""Predictions held against what came true, counted by kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Predicted and actual, by code: leads with both, only predicted, only actual."""

    both: Counter[str] = field(default_factory=Counter)
    predicted_only: Counter[str] = field(default_factory=Counter)
    actual_only: Counter[str] = field(default_factory=Counter)

    def count(self, predicted: set[str], actual: set[str]) -> None:
        """Take in one lead."""
        self.both.update(predicted & actual)
        self.predicted_only.update(predicted - actual)
        self.actual_only.update(actual - predicted)

    def precision(self, code: str) -> float | None:
        """Of those predicted, how many came true; None where nothing was predicted."""
        predicted = self.both[code] + self.predicted_only[code]
        return self.both[code] / predicted if predicted else None

    def recall(self, code: str) -> float | None:
        """Of those that came up, how many were predicted; None where none came up."""
        actual = self.both[code] + self.actual_only[code]
        return self.both[code] / actual if actual else None

    def cases(self, code: str) -> int:
        """How many leads there were with it, predicted or not."""
        return self.both[code] + self.predicted_only[code] + self.actual_only[code]

    @property
    def codes(self) -> list[str]:
        """Every code seen."""
        return sorted({*self.both, *self.predicted_only, *self.actual_only})

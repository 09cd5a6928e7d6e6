# ruff: noqa: S311 -- reproducible draws, no secrets
"""Draws of whole cells of leads, and the intervals that come of them."""

from __future__ import annotations

from random import Random
from statistics import mean, pvariance

import pytest

from sync.insight.backtest.resampling import binomial, draw


@pytest.mark.parametrize(("trials", "chance"), [(10, 0.3), (40, 0.9), (1000, 0.02)])
def test_a_draw_is_binomial(trials: int, chance: float) -> None:
    random = Random(5)
    drawn = [binomial(random, trials, chance) for _ in range(2000)]
    spread = trials * chance * (1 - chance)
    assert mean(drawn) == pytest.approx(trials * chance, abs=4 * (spread / 2000) ** 0.5)
    assert pvariance(drawn) == pytest.approx(spread, rel=0.2)


def test_certain_draws_are_certain() -> None:
    assert (binomial(Random(1), 500, 0.0), binomial(Random(1), 500, 1.0)) == (0, 500)


def test_every_lead_is_drawn_into_some_cell() -> None:
    random = Random(9)
    counts = [5, 0, 120, 3000, 1]
    for _ in range(50):
        drawn = draw(random, counts)
        assert sum(drawn) == sum(counts)
        assert drawn[1] == 0

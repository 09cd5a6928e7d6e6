from __future__ import annotations

import pytest

from benchmarks.obstacles import Obstacle, obstacles
from benchmarks.preflight import compare_planted
from benchmarks.tally import Tally


@pytest.mark.slow
@pytest.mark.parametrize("obstacle", [*obstacles()], ids=lambda obstacle: obstacle.label)
def test_preflight_foretells_what_the_org_answers_and_nothing_else(obstacle: Obstacle) -> None:
    tally = Tally()
    compare_planted(obstacle, tally)

    assert not tally.predicted_only
    assert not tally.actual_only
    assert set(tally.both) == (set() if obstacle.nobody else {obstacle.label})

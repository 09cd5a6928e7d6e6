from __future__ import annotations

import pytest

from benchmarks.obstacles import Obstacle, obstacles
from benchmarks.preflight import compare_planted
from benchmarks.tally import Tally

CONTROLS = {"duplicate rule, policy allows duplicates", "user who may not create or edit what converting makes"}
"""Labels of which one world meets nothing: predicting it there would be the mistake."""


@pytest.mark.slow
@pytest.mark.parametrize("obstacle", [*obstacles()], ids=lambda obstacle: obstacle.label)
def test_preflight_foretells_what_the_org_answers_and_nothing_else(obstacle: Obstacle) -> None:
    tally = Tally()
    compare_planted(obstacle, tally)

    assert not tally.predicted_only
    assert not tally.actual_only
    assert set(tally.both) == {obstacle.label} or (not tally.both and obstacle.label in CONTROLS)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.insight.rates import FLOOR, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(successes: int, trials: int, low: float, high: float) -> None:
    rate = wilson(successes, trials)
    assert (round(rate.low, 4), round(rate.high, 4)) == (low, high)


@given(st.data())
def test_an_interval_holds_its_rate_and_stays_within_nothing_and_everything(data: st.DataObject) -> None:
    trials = data.draw(st.integers(1, 10**7))
    successes = data.draw(st.integers(0, trials))
    confidence = data.draw(st.floats(0.5, 0.999))
    rate = wilson(successes, trials, confidence)
    assert rate.share is not None
    assert 0 <= rate.low <= rate.share <= rate.high <= 1


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_bounds_are_where_the_score_test_stops_to_refuse(case: tuple[int, int]) -> None:
    """Wilson's bounds are the shares p at which |share - p| is exactly z standard errors of p."""
    rate = wilson(*case)
    assert rate.share is not None
    for bound in (rate.low, rate.high):
        if 0 < bound < 1:
            error = (bound * (1 - bound) / rate.trials) ** 0.5
            assert abs(rate.share - bound) / error == pytest.approx(1.959964, rel=1e-5)


def test_no_case_is_no_rate() -> None:
    rate = wilson(0, 0)
    assert rate.share is None
    assert (rate.low, rate.high) == (0.0, 1.0)
    assert not rate.enough


def test_a_rate_is_shown_from_the_floor_on() -> None:
    assert not wilson(1, FLOOR - 1).enough
    assert wilson(1, FLOOR).enough


@pytest.mark.parametrize("case", [(-1, 5), (6, 5)])
def test_counts_that_cannot_be_are_refused(case: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="is no rate"):
        wilson(*case)


def test_a_confidence_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        wilson(1, 5, confidence=1.0)

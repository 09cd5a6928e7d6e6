"""Which leads are seen when, and what became of them: censoring, records that begin late, dates without a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from likelihood_world import NOW, ages

from sync.insight.likelihood.history import LeftOut, Life, Look, look_back

HORIZON = timedelta(days=60)


def life(name: str, age: float, converted_after: float | None = None, **more: bool) -> Life:
    created = NOW - timedelta(days=age)
    done = None if converted_after is None else created + timedelta(days=converted_after)
    return Life(lead_id=name, created_at=created, converted_at=done, opportunity=more.pop("opportunity", True), **more)


EARLIEST = life("first", 2000, 1)
"""A conversion with which the record begins."""


def of(name: str, *lives: Life, seed: int = 0) -> list[Look]:
    found = look_back([EARLIEST, *lives], now=NOW, horizon=HORIZON, ages=ages(0, 30, 300), seed=seed)
    return [look for look in found.looks if look.lead_id == name]


def why(*lives: Life) -> dict[LeftOut, int]:
    found = look_back([EARLIEST, *lives], now=NOW, horizon=HORIZON, ages=ages(0, 30), seed=0)
    return {reason: count for reason, count in found.left_out.items() if count}


def test_a_moment_counts_only_when_its_whole_horizon_has_passed() -> None:
    looks = of("a", life("a", 75))
    assert looks
    assert all(look.at + HORIZON <= NOW for look in looks)


def test_a_lead_younger_than_the_horizon_is_left_out_whether_it_was_converted_or_not() -> None:
    assert why(life("open", 59), life("won", 59, 3))[LeftOut.TOO_YOUNG] == 2


def test_an_outcome_after_the_horizon_is_none() -> None:
    looks = [look for seed in range(10) for look in of("late", life("late", 390, 340), seed=seed)]
    assert {look.became_opportunity for look in looks} == {False, True}
    for look in looks:
        assert look.became_opportunity == (look.at + HORIZON >= look.created_at + timedelta(days=340))


def test_a_lead_is_never_seen_after_its_conversion() -> None:
    for seed in range(20):
        assert all(look.at < look.created_at + timedelta(days=20) for look in of("a", life("a", 390, 20), seed=seed))


def test_of_a_conversion_known_by_its_day_the_hours_before_it_count_as_after_it_in_some_time_zone() -> None:
    midnight = datetime(2026, 1, 10, tzinfo=UTC)
    lead = Life(
        lead_id="a",
        created_at=midnight - timedelta(days=20),
        converted_at=midnight,
        only_the_day=True,
        opportunity=True,
    )
    for seed in range(30):
        assert all(look.at < midnight - timedelta(hours=14) for look in of("a", lead, seed=seed))


def test_a_conversion_without_an_opportunity_is_no_success() -> None:
    looks = of("a", life("a", 390, 20, opportunity=False))
    assert looks
    assert not any(look.became_opportunity for look in looks)


def test_moments_before_the_first_conversion_on_record_are_left_out() -> None:
    found = look_back(
        [life("old", 900), life("first", 100, 1)], now=NOW, horizon=timedelta(days=30), ages=ages(0), seed=0
    )
    assert found.left_out[LeftOut.BEFORE_THE_RECORD] == 1
    assert not found.looks or all(look.at >= NOW - timedelta(days=99) for look in found.looks)


def test_an_undated_conversion_and_one_before_the_creation_are_counted_and_not_believed() -> None:
    undated = Life(lead_id="u", created_at=NOW - timedelta(days=300), converted_at=None, undated=True, opportunity=True)
    assert why(undated, life("o", 300, -5)).items() >= {LeftOut.UNDATED: 1, LeftOut.OUT_OF_ORDER: 1}.items()


def test_without_any_conversion_there_is_nothing_to_see() -> None:
    found = look_back([life("a", 300)], now=NOW, horizon=HORIZON, ages=[], seed=0)
    assert not found.looks
    assert found.left_out[LeftOut.BEFORE_THE_RECORD] == 1


LIVES = st.lists(st.tuples(st.floats(0, 700), st.none() | st.floats(0, 700)), max_size=12)


@settings(deadline=None, max_examples=15)
@given(lives=LIVES, seed=st.integers(0, 5))
def test_every_lead_gives_cases_or_is_counted_and_no_case_depends_on_the_others(
    lives: list[tuple[float, float | None]], seed: int
) -> None:
    leads = [
        life(f"l{n}", age, after if after is None or after < age else None) for n, (age, after) in enumerate(lives)
    ]
    found = look_back([EARLIEST, *leads], now=NOW, horizon=HORIZON, ages=ages(1, 50), seed=seed)
    assert len({look.lead_id for look in found.looks}) + sum(found.left_out.values()) == len(leads) + 1
    assert list(found.looks) == sorted(found.looks, key=lambda look: (look.created_at, look.lead_id, look.at))
    for lead in leads[:2]:
        alone = look_back([EARLIEST, lead], now=NOW, horizon=HORIZON, ages=ages(1, 50), seed=seed)
        mine = [look for look in found.looks if look.lead_id == lead.lead_id]
        assert mine == [look for look in alone.looks if look.lead_id == lead.lead_id]

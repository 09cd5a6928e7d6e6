from __future__ import annotations

import random

import pytest
from crash_points import World, check
from sizes import EVERYTHING

from sync.mockorg.faults import Fault, FaultKind
from sync.plan.actions import Outcome


def test_the_world_without_crashes(here: World) -> None:
    here.fresh()
    results = here.run()
    assert results is not None
    assert [result.outcomes[Outcome.APPLIED] for result in results] == [1, 5]
    check(here, here.plans)


def points(here: World) -> int:
    here.fresh()
    assert here.run() is not None
    assert any("convertLead" in name or "Soap" in name for name in here.reaper.points), here.reaper.points
    return len(here.reaper.points)


EVERY_SO_OFTEN_OR_ALWAYS = pytest.mark.parametrize("step", [23, pytest.param(1, marks=pytest.mark.slow)])


@EVERY_SO_OFTEN_OR_ALWAYS
def test_killed_at_any_point_and_run_again_every_lead_is_converted_once(here: World, step: int) -> None:
    count = points(here)
    assert count > 60
    for point in range(0, count, step):
        here.fresh()
        assert here.run(kill_at=point) is None
        results = here.run()
        assert results is not None, f"busy after a death at {point}"
        for result in results:
            assert sum(result.outcomes.values()) == result.planned
            assert result.exit_code() == 0, (point, result.outcomes)
        check(here, here.plans)


@EVERY_SO_OFTEN_OR_ALWAYS
def test_killed_at_any_point_recovery_alone_leaves_nothing_open(here: World, step: int) -> None:
    count = points(here)
    for point in range(1, count, 2 * step):
        here.fresh()
        assert here.run(kill_at=point) is None
        assert here.recover()
        ledger = here.audit()
        try:
            org_id = here.plans[0].org_id
            assert ledger.in_doubt(org_id) == ()
            assert ledger.open_follow_ups(org_id) == ()
            assert all(run.ended for run in ledger.runs(org_id))
            converted = set(here.state()["converted"])
            applied = {e.lead_id for e in ledger.audit(org_id) if (e.kind, e.state) == ("convert_lead", "applied")}
            assert applied == converted
        finally:
            ledger.dispose()
        assert here.run() is not None
        check(here, here.plans)


@pytest.mark.slow
def test_killed_in_recovery_too_every_lead_is_converted_once(here: World) -> None:
    count = points(here)
    chance = random.Random(11)  # noqa: S311 -- repeatable, no secret
    for first in range(0, count, 3):
        here.fresh()
        assert here.run(kill_at=first) is None
        here.recover(kill_at=chance.randrange(1, 12))
        here.run(kill_at=chance.randrange(1, count))
        assert here.run() is not None
        check(here, here.plans)


@pytest.mark.parametrize("effect", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", [FaultKind.DROP, pytest.param(FaultKind.TIMEOUT, marks=pytest.mark.slow)])
def test_with_any_answer_lost_every_lead_is_converted_once(here: World, kind: FaultKind, *, effect: bool) -> None:
    here.fresh()
    before = here.mock.requests.count()
    assert here.run() is not None
    requests = here.mock.requests.count() - before
    for number in range(0, requests, 1 if EVERYTHING else 4):
        here.fresh()
        here.mock.add_fault(Fault(kind=kind, effect=effect, skip=number))
        results = here.run()
        assert results is not None
        for result in results:
            assert sum(result.outcomes.values()) == result.planned
        here.mock.clear_faults()
        assert here.run() is not None
        check(here, here.plans)


def runs(in_test_all: int, in_prove: int) -> pytest.MarkDecorator:
    """How often: a smaller size in `make test-all`, the full one in `make prove`."""
    sizes = (pytest.param(in_test_all, marks=pytest.mark.slow), pytest.param(in_prove, marks=pytest.mark.prove))
    return pytest.mark.parametrize("times", sizes)


@runs(300, 6000)
def test_killed_twice_anywhere_every_lead_is_converted_once(here: World, times: int) -> None:
    count = points(here)
    chance = random.Random(7)  # noqa: S311 -- repeatable, no secret
    for _ in range(times):
        here.fresh()
        here.run(kill_at=chance.randrange(count))
        here.run(kill_at=chance.randrange(count))
        assert here.run() is not None
        check(here, here.plans)


@runs(150, 4000)
def test_killed_with_answers_lost_as_well_every_lead_is_converted_once(here: World, times: int) -> None:
    count = points(here)
    chance = random.Random(13)  # noqa: S311 -- repeatable, no secret
    for _ in range(times):
        here.fresh()
        effect = chance.random() < 0.5
        here.mock.add_fault(
            Fault(kind=FaultKind.DROP, effect=effect, skip=chance.randrange(20)),
            Fault(kind=FaultKind.DROP, effect=not effect, skip=chance.randrange(40)),
        )
        here.run(kill_at=chance.randrange(count))
        here.mock.clear_faults()
        assert here.run() is not None
        check(here, here.plans)

"""A compensation killed or unheard anywhere ends, run again, with one new lead for each and nothing lost."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from compensation_world import ConvertedWorld, converted_world
from crash_points import World

from sync.mockorg.faults import Fault, FaultKind
from sync.plan.actions import Outcome


@pytest.fixture
def converted(tmp_path: Path) -> Iterator[ConvertedWorld]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with converted_world(tmp_path) as opened:
        yield opened
    structlog.reset_defaults()


@pytest.mark.slow
def test_killed_at_some_points_and_run_again_every_lead_has_one_new_lead(converted: ConvertedWorld) -> None:
    _killed_everywhere(converted, step=31)


@pytest.mark.slow
def test_killed_at_any_point_and_run_again_every_lead_has_one_new_lead(converted: ConvertedWorld) -> None:
    _killed_everywhere(converted, step=1)


def _killed_everywhere(here: ConvertedWorld, *, step: int) -> None:
    here.fresh()
    whole = here.run()
    assert whole is not None
    assert whole.run.outcomes[Outcome.APPLIED] == whole.run.planned, whole.as_json()
    count, expected = len(here.reaper.points), here.state()
    assert count > 40
    assert len(expected["new leads"]) == 5 + 1, "one was never converted"
    here.check(expected)
    for point in range(1, count, step):
        here.fresh()
        assert here.run(kill_at=point) is None
        again = here.run()
        assert again is not None, point
        assert again.run.exit_code() == 0, (point, again.as_json())
        here.check(expected)


@pytest.mark.slow
def test_killed_at_any_point_recovery_alone_leaves_nothing_open(converted: ConvertedWorld) -> None:
    here = converted
    here.fresh()
    assert here.run() is not None
    count, expected = len(here.reaper.points), here.state()
    chance = random.Random(3)  # noqa: S311 -- repeatable, no secret
    for point in range(1, count, 2):
        here.fresh()
        assert here.run(kill_at=point) is None
        here.recover(kill_at=chance.randrange(1, 10))
        assert here.recover()
        ledger = here.inner.audit()
        assert ledger.in_doubt(here.plan.org_id) == (), point
        ledger.dispose()
        assert here.run() is not None
        here.check(expected)


@pytest.mark.slow
@pytest.mark.parametrize("effect", [True, False])
def test_with_any_answer_lost_every_lead_has_one_new_lead(converted: ConvertedWorld, *, effect: bool) -> None:
    here = converted
    here.fresh()
    before = here.mock.requests.count()
    assert here.run() is not None
    requests, expected = here.mock.requests.count() - before, here.state()
    for number in range(requests):
        here.fresh()
        here.mock.add_fault(Fault(kind=FaultKind.DROP, effect=effect, skip=number))
        result = here.run()
        assert result is not None
        assert sum(result.run.outcomes.values()) == result.run.planned
        here.mock.clear_faults()
        assert here.run() is not None
        here.check(expected)


@pytest.mark.slow
def test_killed_at_any_point_whatever_is_converted_has_its_pre_image(here: World) -> None:
    here.fresh()
    assert here.run() is not None
    count = len(here.reaper.points)
    for point in range(0, count, 2):
        here.fresh()
        here.scene.pre_images.path.unlink(missing_ok=True)
        assert here.run(kill_at=point) is None
        org_id = here.plans[0].org_id
        for lead in here.state()["converted"]:
            assert here.scene.pre_images.get(org_id, lead) is not None, point

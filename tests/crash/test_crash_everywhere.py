from __future__ import annotations

import random
import time

import pytest
from crash_points import World, check
from sizes import EVERYTHING

from benchmarks import proofs
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


def die_twice(here: World, times: int) -> int:
    """Kills two runs of each history anywhere; how many points there were to die at."""
    count = points(here)
    chance = random.Random(7)  # noqa: S311 -- repeatable, no secret
    for _ in range(times):
        here.fresh()
        here.run(kill_at=chance.randrange(count))
        here.run(kill_at=chance.randrange(count))
        assert here.run() is not None
        check(here, here.plans)
    return count


def die_with_answers_lost(here: World, times: int) -> None:
    """Kills a run anywhere in which an answer gets lost before its effect, and another one after it."""
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


@pytest.mark.slow
def test_killed_twice_anywhere_every_lead_is_converted_once(here: World) -> None:
    die_twice(here, 300)


@pytest.mark.slow
def test_killed_with_answers_lost_as_well_every_lead_is_converted_once(here: World) -> None:
    die_with_answers_lost(here, 150)


@pytest.mark.prove
def test_killed_ten_thousand_times_every_lead_is_converted_once(here: World) -> None:
    began = time.monotonic()
    twice, lost = 6000, 4000
    count = die_twice(here, twice)
    die_with_answers_lost(here, lost)
    proofs.keep(
        "deaths",
        section="Conversions",
        title="Death at every effect",
        claim=f"""A run of one status update and five conversions passes {count} points at which something is done: each
            request before it is sent and after its answer, each statement that the ledger commits. It died at one of
            them chosen by chance, and its successor at another; or it died while an answer got lost before its effect
            and another one after it. Then one clean run, and the same promises as above.""",
        test="tests/crash/test_crash_everywhere.py",
        seconds=time.monotonic() - began,
        counts={
            "points to die at": count,
            "histories with two deaths": twice,
            "histories with a death and two lost answers": lost,
            "promises broken": 0,
        },
    )

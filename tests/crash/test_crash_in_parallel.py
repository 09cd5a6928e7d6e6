"""Killed with several conversion calls under way, at any request and any commit."""

from __future__ import annotations

import random
import threading
import time

import pytest
from crash_points import LIMITS, Killed, World, check

from benchmarks import proofs
from sync.apply.outcome import RunResult
from sync.apply.runner import apply_plan
from sync.ledger.store import Ledger
from sync.plan.pace import Pace

LANES = 3


def run(here: World, kill_at: int | None = None) -> list[RunResult] | None:
    """A process that sends one lead a call, several at once; `None` when it was killed."""
    with here.life(kill_at) as (org, ledger):
        options = here.scene.options(limits=LIMITS, settle_seconds=0.0, parallel_calls=LANES)
        try:
            return [apply_plan(plan, org, ledger, options) for plan in here.plans]
        except Killed:
            return None
        finally:  # what a dead process had sent may reach the org after its death, but not in its next life
            for thread in threading.enumerate():
                if thread.name.startswith("call-"):
                    thread.join()


def one_lead_a_call(here: World) -> None:
    org_id = here.plans[0].org_id
    with Ledger.open(here.file, clock=here.mock.clock.now) as ledger, ledger.lease(org_id) as lease:
        ledger.remember_pace(lease, Pace(size=1, proven=1, failed_at=2))


def die_anywhere(here: World, times: int) -> int:
    """Kills a run of each history anywhere; how many points there were to die at."""
    here.fresh()
    one_lead_a_call(here)
    assert run(here) is not None
    check(here, here.plans)
    count = len(here.reaper.points)
    chance = random.Random(17)  # noqa: S311 -- repeatable, no secret
    died = 0
    for _ in range(times):
        here.fresh()
        one_lead_a_call(here)
        died += run(here, kill_at=chance.randrange(count)) is None
        results = run(here)
        assert results is not None
        for result in results:
            assert sum(result.outcomes.values()) == result.planned
            assert result.exit_code() == 0, result.outcomes
        check(here, here.plans)
    assert died >= times // 2
    return count


@pytest.mark.parametrize("times", [2, pytest.param(150, marks=pytest.mark.slow)])
def test_killed_anywhere_with_calls_under_way_every_lead_is_converted_once(here: World, times: int) -> None:
    die_anywhere(here, times)


@pytest.mark.prove
def test_killed_thousands_of_times_with_calls_under_way_every_lead_is_converted_once(here: World) -> None:
    began, times = time.monotonic(), 3000
    count = die_anywhere(here, times)
    proofs.keep(
        "deaths_in_parallel",
        section="Conversions",
        title="Death with several calls under way",
        claim=f"""The same run with one lead a call and three calls at a time, so that others are under way when it dies
            at one of its {count} points, chosen by chance; what they had sent still reaches the org. Then one clean
            run, and the same promises.""",
        test="tests/crash/test_crash_in_parallel.py",
        seconds=time.monotonic() - began,
        counts={"points to die at": count, "histories": times, "promises broken": 0},
    )

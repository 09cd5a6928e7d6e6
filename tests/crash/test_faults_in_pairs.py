"""Every trouble at every request of a run, alone and in pairs, then two clean runs."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest
from fault_world import FaultWorld, Strike, Trouble, fault_world

from benchmarks import proofs


@dataclass
class Tally:
    """What a number of rounds came to."""

    requests: int = 0
    """Of a run that nothing troubles."""
    alone: int = 0
    pairs: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def __iadd__(self, other: Self) -> Self:
        self.requests = other.requests
        self.alone += other.alone
        self.pairs += other.pairs
        self.ended += other.ended
        self.failures += other.failures
        return self


def strikes(world: FaultWorld) -> list[Strike]:
    """Every trouble at every request of a run that nothing troubles."""
    return [Strike(at, trouble) for at in range(world.whole_run) for trouble in Trouble]


def alone(world: FaultWorld, first: Strike, tally: Tally) -> int:
    """A round with one strike; returns how many requests the struck run made."""
    tally.alone += 1
    try:
        tally.ended += world.round(first)
    except Exception as broken:  # noqa: BLE001 -- told with the strike that caused it; the campaign goes on
        tally.failures.append(f"{first}: {broken!r:.400}")
    return world.struck_requests


def in_pairs(world: FaultWorld, first: Strike, seconds: Sequence[Trouble], times: int, tally: Tally) -> None:
    """The strike alone, then with each second trouble at later requests: in its run, or else in the next one."""
    made = alone(world, first, tally)
    later = range(first.at + 1, made) or range(made, made + world.whole_run)
    for trouble in seconds:
        chance = random.Random(f"{first} {trouble}")  # noqa: S311 -- repeatable, no secret
        for at in chance.sample(later, min(times, len(later))):
            second = Strike(at, trouble)
            tally.pairs += 1
            try:
                tally.ended += world.round(first, second)
            except Exception as broken:  # noqa: BLE001 -- as above
                tally.failures.append(f"{first}, {second}: {broken!r:.400}")


def part_of_all_pairs(part: int, parts: int, folder: Path, times: int) -> Tally:
    """One process's share."""
    tally = Tally()
    mine = folder / str(part)
    mine.mkdir()
    with fault_world(mine) as world:
        tally.requests = world.whole_run
        for first in strikes(world)[part::parts]:
            in_pairs(world, first, list(Trouble), times, tally)
    return tally


def test_the_run_that_is_struck_signs_in_reads_and_writes(tmp_path: Path) -> None:
    with fault_world(tmp_path) as world:
        assert world.round() == {"applied": 6}
        seen = world.mock.requests.by_operation()
        assert {"userinfo", "collections.retrieve", "composite", "soap.convertLead"} <= set(seen)
        assert len(strikes(world)) == world.whole_run * len(Trouble) > 12 * len(Trouble)


@pytest.mark.slow
def test_any_trouble_alone_leaves_every_lead_converted_once(tmp_path: Path) -> None:
    tally = Tally()
    with fault_world(tmp_path) as world:
        for first in strikes(world)[::4]:
            alone(world, first, tally)
    assert tally.failures == []


@pytest.mark.slow
def test_any_two_troubles_leave_every_lead_converted_once(tmp_path: Path) -> None:
    tally = Tally()
    chance = random.Random(3)  # noqa: S311 -- repeatable, no secret
    with fault_world(tmp_path) as world:
        for first in chance.sample(strikes(world), 10):
            in_pairs(world, first, chance.sample(list(Trouble), 8), 1, tally)
    assert tally.failures == []


@pytest.mark.prove
def test_ten_thousand_pairs_of_troubles_leave_every_lead_converted_once(tmp_path: Path) -> None:
    began = time.monotonic()
    parts = os.cpu_count() or 1
    whole = Tally()
    with ProcessPoolExecutor(parts, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = [pool.submit(part_of_all_pairs, part, parts, tmp_path, 2) for part in range(parts)]
        for one in running:
            whole += one.result()
    assert whole.failures == []
    assert whole.pairs >= 10_000
    proofs.keep(
        "faults_in_pairs",
        section="Conversions",
        title="Every fault at every request, in pairs",
        claim=f"""A run of one status update and five conversions (two waves, three leads of one company, one lead whose
            account exists) makes {whole.requests} requests, from signing in to the last opportunity's fields. Each of
            {len(Trouble)} troubles struck each of them, alone and followed by each trouble at two later requests chosen
            by chance; then two clean runs. Afterwards: each lead converted exactly once, one account for the company,
            each opportunity with its planned fields, ledger and org agree, the chain of the ledger intact, each run's
            outcomes adding up to what was planned, and nothing written by the second clean run.""",
        test="tests/crash/test_faults_in_pairs.py",
        seconds=time.monotonic() - began,
        counts={
            "troubles": len(Trouble),
            "requests struck": whole.requests,
            "rounds with one trouble": whole.alone,
            "rounds with two troubles": whole.pairs,
            **{f"actions of struck runs that ended {name}": n for name, n in sorted(whole.ended.items())},
            "promises broken": 0,
        },
    )

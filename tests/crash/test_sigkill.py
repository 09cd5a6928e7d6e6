"""`leadgate` processes on one org and one ledger, killed by the system at any moment."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from killing import KillWorld, kill_world

from benchmarks import proofs

sys.path.append(str(Path(__file__).resolve().parent.parent / "ledger"))

from postgres import serve_postgres


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def killers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[KillWorld, str]]:
    if request.param == "SQLite":
        with kill_world(tmp_path, None) as world:
            yield world, request.param
        return
    with serve_postgres() as database, kill_world(tmp_path, database) as world:
        yield world, request.param


@pytest.mark.slow
def test_killed_processes_leave_nothing_that_the_next_run_cannot_put_right(killers: tuple[KillWorld, str]) -> None:
    world, _ = killers
    world.campaign(15, random.Random(1))  # noqa: S311 -- repeatable, no secret
    assert world.tally.counts["pairs of kills that left intents open"] > 0


@pytest.mark.prove
def test_hundreds_of_killed_processes_leave_nothing_that_the_next_run_cannot_put_right(
    killers: tuple[KillWorld, str],
) -> None:
    began = time.monotonic()
    world, database = killers
    world.campaign(260, random.Random(2))  # noqa: S311 -- repeatable, no secret
    proofs.keep(
        f"sigkill_{database.lower()}",
        section="Conversions",
        title=f"Processes killed by SIGKILL, ledger in {database}",
        claim="""`leadgate apply` of one plan (22 status updates and 17 conversions, three calls at a time) against a
            mock org on a socket, always two processes at once on the same org and ledger, one in ten of them `leadgate
            recover`; each killed by SIGKILL at a random moment of its life. After one to three such pairs, two clean
            runs. Afterwards the org is what one undisturbed run makes of it, record by record; ledger and org agree;
            its chain is intact; nothing is in doubt; each run that ended accounts for every action; and the second
            clean run converts nothing.""",
        test="tests/crash/test_sigkill.py",
        seconds=time.monotonic() - began,
        counts={
            "processes killed": world.tally.kills,
            **dict(sorted(world.tally.counts.items())),
            "promises broken": 0,
        },
    )

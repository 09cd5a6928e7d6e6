"""Ten thousand conversions: how many API calls and how long, beside a client that converts one lead a call.

Every lead makes an account of its own, so nothing keeps calls from being full; the org bears a hundred leads in one.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sync.plan.actions import Outcome

from .conversion_world import CONVERTED, Lead, apply, record_id, write_world
from .figures import Figure
from .served_org import API, Served, served

TITLE = "Ten thousand conversions"
ABOUT = """\
A plan of 10,000 conversions, each into an account of its own, in an org that bears 100 leads a call, carried out over a
socket with four calls at once by a leadgate that has never seen the org: re-reading every lead, saving its pre-image,
converting, setting the opportunities' stage and reading back. Beside it jsforce's `soap.convertLead`, one lead a call
as in its documentation: 200 leads, the time scaled to 10,000. Once without and once with 50 ms of latency on every
request.
"""

FULL, SMALL = 10_000, 400
ONE_BY_ONE = 200
LATENCIES = (0.0, 0.05)
CALLS_ALLOWED = 125
_SCRIPT = Path(__file__).with_name("convert_one_by_one.mjs")


def run(*, small: bool) -> list[Figure]:
    """Calls and time, ours and one by one; `small` converts 400 leads."""
    count = SMALL if small else FULL
    leads = [Lead(id=record_id("00Q", number), account_id=None) for number in range(count)]
    others = [Lead(id=record_id("00Q", count + number), account_id=None) for number in range(ONE_BY_ONE)]
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="conversions-") as name:
        world = Path(name) / "world"
        write_world(world, [*leads, *others])
        for latency in LATENCIES:
            with served(world) as org:
                org.ask("POST", "/__mock__/latency", {"seconds": latency})
                figures += _measured(org, leads, others, Path(name), latency=latency, small=small)
    return figures


def _measured(
    org: Served, leads: Sequence[Lead], others: Sequence[Lead], folder: Path, *, latency: float, small: bool
) -> list[Figure]:
    way = f"{latency * 1000:.0f} ms latency" if latency else "no latency"
    before = org.api_calls()
    result, seconds = apply(org, leads, folder, parallel_calls=4)
    calls = org.api_calls() - before - 1  # the question itself is one
    if result.outcomes[Outcome.APPLIED] != len(leads):
        raise AssertionError(f"not every lead was converted: {result.outcomes}")
    found = [
        Figure(name=f"{len(leads):,} conversions, {way}: leadgate", value=seconds, unit="s"),
        Figure(
            name=f"{len(leads):,} conversions, {way}: leadgate's API calls",
            value=calls,
            unit="calls",
            target=None if small else CALLS_ALLOWED,
            note="re-reading, converting, opportunity fields, reading back, and who we are",
        ),
    ]
    taken = _one_by_one(org, others)
    if taken is not None:
        scaled = taken * len(leads) / len(others)
        found += [
            Figure(
                name=f"{len(leads):,} conversions, {way}: jsforce, one lead a call (scaled)", value=scaled, unit="s"
            ),
            Figure(name=f"{len(leads):,} conversions, {way}: times faster", value=scaled / seconds, unit="×"),
        ]
    return found


def _one_by_one(org: Served, leads: Sequence[Lead]) -> float | None:
    """Seconds that jsforce takes for these leads; None where it isn't installed (`.ci/install-peers`)."""
    peers = Path(os.environ.get("LEADGATE_PEERS") or Path.home() / ".cache" / "leadgate-peers")
    node = peers / "node_modules" / ".bin" / "node"
    if not node.exists():
        return None
    given = {
        "url": org.url,
        "token": org.token,
        "version": API,
        "status": CONVERTED,
        "leads": [one.id for one in leads],
    }
    ended = subprocess.run(
        [str(node), str(_SCRIPT)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        env={"LEADGATE_PEERS": str(peers), "PATH": os.defpath},
        check=True,
    )
    return float(ended.stdout)

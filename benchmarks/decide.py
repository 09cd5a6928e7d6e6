"""How fast every lead of a large mirror is decided, and how soon one lead is explained or help is shown.

The mirror is grown by SQL (`benchmarks.grown`); each command is a process of its own, as a person starts it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter

from sync.policy.compile import compile_policy
from sync.workspace import Workspace

from .figures import Figure
from .grown import CLOCK, FULL, SMALL, Size, grow, record_id

TITLE = "Deciding, explaining, starting"
ABOUT = """\
A mirror with a million leads and two million activities (every text different, 190 characters on average), and a
policy of twenty criteria and six signals of the kinds that the shipped packs have: three search texts of the last 180
days, one those of the last 90, two look at every activity. Commands are processes of their own, from start to exit,
with compiled bytecode as an installed program has it; memory is the process's peak.
"""

ORG = "00D7R0000000001UAA"
_AS_OF = f"--as-of={CLOCK:%Y-%m-%dT%H:%M:%S}"


def run(*, small: bool) -> list[Figure]:
    """All figures; `small` decides twenty thousand leads."""
    size = SMALL if small else FULL
    with tempfile.TemporaryDirectory(prefix="decide-") as name:
        folder = Path(name)
        workspace = grow(folder, size, org_id=ORG)
        return [*_deciding(workspace, size), *_commands(folder, size, bytecode=folder / "bytecode")]


def _deciding(workspace: Workspace, size: Size) -> list[Figure]:
    amount = f"{size.leads:,} leads × 20 criteria, signals over {size.activities:,} activities"
    compiled = compile_policy(workspace.policy(), workspace.mapping, CLOCK)
    seconds = []
    with workspace.mirror() as mirror:
        for _ in range(3):
            began = perf_counter()
            with mirror.decided(compiled) as decided:
                seconds.append(perf_counter() - began)
                counts = decided.counts()
    if sum(counts[verdict] for verdict in ("ready", "blocked", "out_of_scope")) < size.leads * 0.9:
        raise AssertionError(f"the leads were not decided: {counts}")
    return [
        Figure(
            name=f"{amount}: every lead's findings, in a table",
            value=min(seconds),
            unit="s",
            target=3,
            note="best of three",
        )
    ]


def _commands(folder: Path, size: Size, *, bytecode: Path) -> list[Figure]:
    lead = record_id("00Q", size.leads // 2)
    there = ("--folder", str(folder))
    check, check_memory = _best("check", _AS_OF, "--json", *there, bytecode=bytecode)
    explain, _ = _best("explain", lead, _AS_OF, *there, bytecode=bytecode)
    start, _ = _best("--help", bytecode=bytecode)
    return [
        Figure(name="`leadgate check`: the verdicts and each criterion counted", value=check, unit="s"),
        Figure(name="its memory, at the peak", value=check_memory, unit="MB", target=1000),
        Figure(name=f"`leadgate explain` on a mirror of {size.leads:,} leads", value=explain, unit="s", target=1),
        Figure(name="`leadgate --help`", value=start, unit="s", target=0.25, note="best of five, as are the others"),
    ]


def _best(*command: str, bytecode: Path) -> tuple[float, float]:
    """Seconds and peak memory (MB) of the best of five runs of a command, after one that compiles."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(bytecode)
    runs = [_once([sys.executable, "-m", "sync", *command], env) for _ in range(6)][1:]
    return min(seconds for seconds, _ in runs), min(memory for _, memory in runs)


def _once(command: list[str], env: Mapping[str, str]) -> tuple[float, float]:
    began = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=env)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise AssertionError(f"{command[3]} ended with {process.returncode}")
    return seconds, usage.ru_maxrss / 1000

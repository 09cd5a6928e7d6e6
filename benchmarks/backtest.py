# ruff: noqa: S608 -- SQL of constants
"""How long `leadgate policy backtest` takes, and how much memory: a year of many leads, replayed by three policies.

The mirror is written by SQL in one go, from numbers that are the same in every run; what is measured is the command in
a process of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter

from sync.mapping import OrgMapping
from sync.mirror.connection import opened
from sync.mirror.state import ObjectState, PulledColumn, naive, write_state
from sync.mirror.tables import prepare, quoted
from sync.workspace import Workspace

from .figures import Figure

TITLE = "Backtest"
ABOUT = """\
`leadgate policy backtest --moments` over a year: the three shipped moments of conversion, each replayed day by day. A
lead has seven activities and three rows of field history on average, one in seven was converted, and each conversion
left a contact and an opportunity with its stages. The command runs in a process of its own, from start to end, the
reading of its settings and the counting of its report included.
"""

FULL = 100_000
SMALL = 5_000
DAYS = 365
LAST = date(2026, 6, 30)
POLICIES = 3
_ROOT = Path(__file__).resolve().parent.parent
_TEXTS = (
    "Left a message, will try again on another day of this week",
    "Talked about how they work today and what they would want to change first",
    "Pricing came up: sent the price list and a first quote for twenty seats",
    "Not interested at the moment, has no budget before the next financial year",
    "Asked to be shown a demo, and who else in their trade uses it",
    "Meeting agreed for next week, invitation sent to the whole team",
    "Too expensive compared with what they have, wants us to think again",
    "Short call, wrong person; got the name of the one who decides",
)


def run(*, small: bool) -> list[Figure]:
    """Time and memory of a year of 100,000 leads; `small` takes five thousand."""
    leads = SMALL if small else FULL
    with tempfile.TemporaryDirectory(prefix="backtest-bench-") as name:
        folder = Path(name)
        rows = write_mirror(folder, leads)
        seconds, megabytes, document = _replay(folder)
    taken = sum(each["taken"] for each in document["policies"])
    note = f"{rows:,} records; {taken:,} leads taken by the policies together"
    what = f"{leads:,} leads × {DAYS} days × {POLICIES} policies"
    return [
        Figure(name=what, value=seconds, unit="s", target=None if small else 60, note=note),
        Figure(name=f"{what}: peak memory", value=megabytes, unit="MB", target=None if small else 2048),
    ]


def write_mirror(folder: Path, leads: int) -> int:
    """A working folder with a pulled mirror; how many records are in it."""
    for each in ("mappings", "config"):
        shutil.copytree(_ROOT / each, folder / each)
    (folder / ".env").write_text(
        "LEADGATE_INSTANCE_URL=http://127.0.0.1:9\nLEADGATE_ACCESS_TOKEN=none\n", encoding="utf-8"
    )
    workspace = Workspace.open(folder, environ={})
    mapping = workspace.mapping
    pulled = datetime(LAST.year, LAST.month, LAST.day, 23, tzinfo=UTC)
    with opened(workspace.mirror_path, read_only=False) as connection:
        prepare(connection, mapping)
        first = datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC) - timedelta(days=DAYS + 100)
        for name, value in {
            "leads": str(leads),
            "first_day": f"TIMESTAMP '{naive(first)}'",
            "span": str(DAYS + 60),
            "seen": f"TIMESTAMP '{naive(pulled)}'",
            "texts": f"[{', '.join(repr(text) for text in _TEXTS)}]",
        }.items():
            connection.execute(f"SET VARIABLE {name} = {value}")
        connection.execute(Path(__file__).with_name("backtest_world.sql").read_text("utf-8"))
        for mapped in mapping:
            write_state(connection, _state(mapping, mapped.name, pulled))
        counts = [connection.execute(f"SELECT count(*) FROM {quoted(m.name)}").fetchone() for m in mapping]
    return sum(row[0] for row in counts if row)


def _state(mapping: OrgMapping, name: str, pulled: datetime) -> ObjectState:
    fields = mapping[name].fields.values()
    return ObjectState(
        object=name,
        watermark=pulled,
        deleted_until=pulled,
        columns={field.name: PulledColumn(api_name=field.api_name, type=field.type) for field in fields},
        skipped=None,
        run_id="bench",
        pulled_at=pulled,
    )


def _replay(folder: Path) -> tuple[float, float, dict[str, list[dict[str, int]]]]:
    """Seconds, megabytes at the peak, and what the command printed."""
    first = LAST - timedelta(days=DAYS - 1)
    command = [sys.executable, "-m", "sync", "policy", "backtest", "--moments", "--from", str(first), "--to", str(LAST)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEADGATE_")}
    output = folder / "backtest.json"
    began = perf_counter()
    with output.open("w", encoding="utf-8") as file:
        child = subprocess.Popen([*command, "--folder", str(folder), "--json"], stdout=file, cwd=_ROOT, env=environment)
        _, status, used = os.wait4(child.pid, 0)
    seconds = perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"the backtest ended with {child.returncode}")
    return seconds, used.ru_maxrss / 1024, json.loads(output.read_text(encoding="utf-8"))

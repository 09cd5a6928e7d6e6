"""A lifelike world for the mock org: two thousand leads with everything that makes converting them hard.

`write_world` writes a folder that the mock org loads, and that anybody may take as a model for data of their own:

- One CSV per object, named by it (`Lead.csv`, `Task.csv` …), with the fields' API names as headers, in UTF-8, as Data
  Loader exports them: `true`/`false`, `2026-05-01`, `2026-05-01T07:25:37.000Z`, an empty cell for no value.
- Valid ids are kept, so that a lead of this world has the same id in every org that loads it. Any other value in an id
  or reference column is a key, such as `lead-17`, and gets the same id wherever it stands, in whatever file. Users are
  named by username, queues and record types by developer name.
- `org.yaml` beside them says what org it is: custom fields, users, queues, statuses, stages, record types, validation
  rules, duplicate rules, lead field mapping.

The same seed, number of leads and day give the same files, byte by byte. All people, companies and notes are invented.
What was planted is in the `WorldSummary`: a verdict, an obstacle and a match for each lead, which tests compare with
what leadgate finds. `truth.json`, if asked for, is for such tests and is no part of the world.
"""

from __future__ import annotations

import csv
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from .campaigns import add_campaigns
from .casting import SMALLEST_WORLD, cast
from .columns import COLUMNS
from .customers import add_customers
from .leads import add_leads
from .opportunities import count_opportunities
from .org_file import org_yaml
from .situations import Obstacle, Story, Tie, Trait
from .summary import LeadTruth, WorldSummary
from .world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from .world import Cell, Row

__all__ = ["SMALLEST_WORLD", "LeadTruth", "Obstacle", "Story", "Tie", "Trait", "WorldSummary", "write_world"]


def write_world(folder: Path, *, seed: int = 7, leads: int = 2000, today: date) -> WorldSummary:
    """Write a world of `leads` leads as of `today` (UTC) into `folder`, which is made if need be.

    Raises:
        ValueError: When `leads` is too few to show every situation (`SMALLEST_WORLD`).
    """
    world = World(seed=seed, today=today)
    parts = cast(world.rng, leads)
    add_customers(world, leads)
    add_leads(world, parts)
    add_campaigns(world)
    folder.mkdir(parents=True, exist_ok=True)
    for object_name, columns in COLUMNS.items():
        with (folder / f"{object_name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(_cells(row, columns) for row in world.rows.get(object_name, ()))
    (folder / "org.yaml").write_text(org_yaml(), encoding="utf-8")
    return WorldSummary(
        folder=folder,
        seed=seed,
        today=today,
        records={object_name: len(rows) for object_name, rows in world.rows.items()},
        truth=world.truth,
        opportunities=count_opportunities(world),
    )


def _moment(value: datetime) -> str:
    return value.isoformat()[:19] + ".000Z"


def _flag(value: bool) -> str:  # noqa: FBT001 -- it is the value itself
    return "true" if value else "false"


_WRITTEN: Mapping[type, Callable[[Any], str]] = {bool: _flag, datetime: _moment, date: date.isoformat}
"""How Data Loader exports what the csv module would write differently; None is an empty cell in both."""


def _cells(row: Row, columns: Sequence[str]) -> list[Cell]:
    """A record's cells in the order of the columns."""
    return [_WRITTEN[type(value)](value) if type(value) in _WRITTEN else value for value in map(row.get, columns)]

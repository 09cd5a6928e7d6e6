"""What the mirror's tests share: a mirror of a small mapping, and ways to fill it with and without an org."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest
from pull_world import World, make_world
from small_mapping import HISTORY_YAML, LEAD_YAML, NOW, STAMP, TASK_YAML, mapping_of

from sync.mapping import OrgMapping
from sync.mirror.connection import opened
from sync.mirror.load import commit
from sync.mirror.staging import Batch, Pages, stage
from sync.mirror.state import Completeness, ObjectState, PulledColumn
from sync.mirror.tables import prepare
from sync.mockorg.rows import prepared_insert

Fill = Callable[..., Completeness]


@pytest.fixture
def make_mapping() -> Callable[..., OrgMapping]:
    return mapping_of


@pytest.fixture
def mapping() -> OrgMapping:
    return mapping_of(LEAD_YAML, TASK_YAML)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "mirror.duckdb"


@pytest.fixture
def fill(path: Path, mapping: OrgMapping) -> Fill:
    """`fill("lead", [{…API names…}], …)` loads records as a pull would, through CSV."""
    runs = count(1)
    folder = path.parent / "pages"

    def fill(
        name: str,
        rows: Sequence[Mapping[str, str]],
        *,
        using: OrgMapping = mapping,
        whole: bool = False,
        purged: Sequence[str] = (),
        watermark: datetime = NOW,
    ) -> Completeness:
        number = next(runs)
        folder.mkdir(parents=True, exist_ok=True)
        mapped = using[name]
        api_names = [f.api_name for f in mapped.fields.values()]
        page = folder / f"{number}.csv"
        with page.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, api_names, restval="", quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writeheader()
            writer.writerows(_known(rows, api_names))
        columns = {f.name: PulledColumn(api_name=f.api_name, type=f.type) for f in mapped.fields.values()}
        pages = Pages(files=(page,), columns=tuple(api_names))
        batch = Batch(
            mapping=mapped, columns=columns, pages=pages, window_to=NOW, whole=whole, purged=dict.fromkeys(purged, NOW)
        )
        state = ObjectState(
            object=name,
            watermark=watermark,
            deleted_until=None,
            columns=columns,
            skipped=None,
            run_id=f"run{number}",
            pulled_at=NOW,
        )
        with opened(path, read_only=False, pages=folder) as connection:
            present = prepare(connection, using)
            received = stage(connection, batch)
            record = Completeness(
                object=mapped.object,
                window_from=None,
                window_to=NOW,
                route="rest",
                expected=len(rows),
                received=received,
            )
            return commit(connection, batch, record, state, present)

    return fill


def _known(rows: Sequence[Mapping[str, str]], api_names: Sequence[str]) -> list[dict[str, str]]:
    defaults = {"SystemModstamp": STAMP, "CreatedDate": STAMP}
    return [{k: v for k, v in {**defaults, **row}.items() if k in api_names} for row in rows]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A mock org in-process, with a mapping of leads, tasks, users and lead history."""
    world = make_world(
        tmp_path,
        mapping_of(
            LEAD_YAML, TASK_YAML, HISTORY_YAML, "object: User\nfields:\n  username: {field: Username, type: text}\n"
        ),
    )
    with world.mock.in_process():
        world.log_in()
        yield world


@pytest.fixture
def make_leads(world: World) -> Callable[[int], None]:
    """Many leads, all stamped in the org's present second."""

    def make(count: int) -> None:
        org = world.mock.org
        for number in range(count):
            values = {"LastName": f"Lead {number}", "Company": f"Company {number}"}
            row = prepared_insert(org, org.access.admin, org.schema.object("Lead"), values)
            org.store.insert(org.schema.object("Lead"), row)

    return make

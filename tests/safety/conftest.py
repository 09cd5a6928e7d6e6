"""The seed world in the mock org, with a working folder before it; no address but this process's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent))

from safety_desk import Desk, no_settings_but_these, set_up

from sync.mockorg import MockOrg
from sync.mockorg.org import OrgSnapshot
from sync.mockorg.seed import WorldSummary, write_world

SEED = 11
LEADS = 200


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> WorldSummary:
    folder = tmp_path_factory.mktemp("safety") / "world"
    return write_world(folder, seed=SEED, leads=LEADS, today=datetime.now(UTC).date())


@pytest.fixture(scope="session")
def beginning(world: WorldSummary) -> OrgSnapshot:
    return MockOrg(data=world.folder, seed=SEED).snapshot()


@pytest.fixture
def desk(world: WorldSummary, beginning: OrgSnapshot, tmp_path: Path) -> Iterator[Desk]:
    mock = MockOrg(org_yaml=(world.folder / "org.yaml").read_text("utf-8"), seed=SEED)
    mock.restore(beginning)
    with mock.in_process(), no_settings_but_these():
        set_up(tmp_path / "work", mock)
        yield Desk(tmp_path / "work", mock, world)

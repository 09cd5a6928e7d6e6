"""A working folder with a pulled seed world, for the commands that report from the mirror."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.cli.main import main
from sync.mockorg import MockOrg
from sync.mockorg.seed import WorldSummary, write_world

_ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def seed_world(tmp_path_factory: pytest.TempPathFactory) -> WorldSummary:
    """What was planted, and where its files lie."""
    return write_world(tmp_path_factory.mktemp("insight") / "world", seed=7, leads=200, today=datetime.now(UTC).date())


@pytest.fixture(scope="session")
def pulled(seed_world: WorldSummary) -> Path:
    """A working folder whose mirror holds the seed world; never written to."""
    folder = seed_world.folder.parent / "work"
    for name in ("mappings", "config"):
        shutil.copytree(_ROOT / name, folder / name)
    mock = MockOrg(data=seed_world.folder, seed=7)
    with mock.in_process():
        env = folder / ".env"
        env.touch(mode=0o600)
        env.write_text(f"LEADGATE_INSTANCE_URL={mock.instance_url}\nLEADGATE_ACCESS_TOKEN={mock.login()}\n")
        assert main(["pull", "--folder", str(folder), "--json"]) == 0
    return folder

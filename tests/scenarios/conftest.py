"""Whole commands, from arguments to exit code, against the seed world in the mock org; nothing in between is replaced.

Tests that ask for `desk` run twice: with the org in this process, and (slow) over a loopback socket. What concerns only
files and messages, or one decision of ours, asks for `quick_desk` and runs once.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).resolve().parent))

from scenario_desk import Desk, Stage, Stages, add_readers

from sync.mockorg.seed import WorldSummary, write_world

LEADS = 200


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> WorldSummary:
    folder = tmp_path_factory.mktemp("seed") / "world"
    summary = write_world(folder, seed=7, leads=LEADS, today=datetime.now(UTC).date())
    add_readers(folder / "org.yaml")
    return summary


@pytest.fixture(scope="session")
def stages(world: WorldSummary, tmp_path_factory: pytest.TempPathFactory) -> Stages:
    return Stages.go(world, tmp_path_factory.mktemp("stages"))


@pytest.fixture(autouse=True)
def hermetic(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings but those of the test, and no address but this machine's."""
    for name in list(os.environ):
        if name.upper().startswith("LEADGATE_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    connect = socket.socket.connect

    def to_loopback(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
        assert host in {"127.0.0.1", "::1", "localhost"}, f"a test went to {host}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", to_loopback)


@pytest.fixture
def stage() -> Stage:
    """Where a test begins that doesn't say `@at(…)`."""
    return Stage.FRESH


@pytest.fixture(params=["in_process", pytest.param("socket", marks=pytest.mark.slow)])
def desk(request: pytest.FixtureRequest, stages: Stages, stage: Stage, tmp_path: Path) -> Iterator[Desk]:
    with stages.desk(stage, tmp_path / "work", request.param) as opened:
        yield opened


@pytest.fixture
def quick_desk(stages: Stages, stage: Stage, tmp_path: Path) -> Iterator[Desk]:
    with stages.desk(stage, tmp_path / "work", "in_process") as opened:
        yield opened

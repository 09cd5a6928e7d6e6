"""The clients that `.ci/install-peers` fetched from npm: where they are, and how they are run on this machine alone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

WANTED = Path(__file__).with_name("package.json")
LOOPBACK_ONLY = Path(__file__).with_name("loopback_only.cjs")


def folder() -> Path:
    """Where the clients are installed.

    Skips the test, with the reason, where they are missing or not the versions that are wanted.
    """
    found = Path(os.environ.get("LEADGATE_PEERS") or Path.home() / ".cache" / "leadgate-peers")
    installed = found / "installed.json"
    if not installed.is_file():
        pytest.skip(f"no clients from npm in {found}: run .ci/install-peers (needs npm)")
    if json.loads(installed.read_text()) != json.loads(WANTED.read_text()):
        pytest.skip(f"the clients in {found} are of other versions than {WANTED.name} wants: run .ci/install-peers")
    return found


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a client sees: a home of its own, the Node that was installed with it, and no way off this machine."""
    binaries = folder() / "node_modules" / ".bin"
    path = os.pathsep.join((str(binaries), os.environ.get("PATH", os.defpath)))
    guard = f"--require={LOOPBACK_ONLY}"
    return {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8", "TZ": "UTC", "NODE_OPTIONS": guard, **more}


def run(command: list[str], home: Path, *, given: str = "", timeout: float = 120, **more: str) -> str:
    """Run a client to its end; returns what it printed.

    Fails the test with what the client complained of, where it ends with an error.
    """
    ended = attempt(command, home, given=given, timeout=timeout, **more)
    assert ended.returncode == 0, f"{command} ended with {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def attempt(
    command: list[str], home: Path, *, given: str = "", timeout: float = 120, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a client to its end, whatever that is."""
    return subprocess.run(  # noqa: S603 - the pinned clients of package.json
        command,
        input=given,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(home, **more),
        cwd=home,
        timeout=timeout,
        check=False,
    )


def node(script: Path, home: Path, given: Mapping[str, Any]) -> Any:
    """Run a script of `jsforce/` with a JSON input; returns its JSON output."""
    output = run(
        ["node", str(script)],  # the Node of package.json, first on the path
        home,
        given=json.dumps(given),
        LEADGATE_PEERS=str(folder()),
    )
    return json.loads(output)

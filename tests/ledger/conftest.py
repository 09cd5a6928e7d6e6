from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.ledger.store import Ledger

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Callable[[], str]]:
    """A real PostgreSQL of our own; each call makes an empty database and gives its URL."""
    binary = shutil.which("postgres")
    if binary is None:
        pytest.skip("no postgres binary on this machine")
    tools = Path(binary).resolve().parent
    prefix: list[str] = []
    folder = Path(tempfile.mkdtemp(prefix="leadgate-pg-"))
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        if "postgres" not in {user.pw_name for user in pwd.getpwall()} or shutil.which("runuser") is None:
            pytest.skip("running as root, and there is no user postgres to run the server as")
        shutil.chown(folder, "postgres")
        prefix = ["runuser", "-u", "postgres", "--"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"

    def run(*command: str) -> None:
        subprocess.run([*prefix, *command], check=True, capture_output=True, cwd=folder)  # noqa: S603 -- our own server

    run(str(tools / "initdb"), "-D", str(data), "-A", "trust", "-U", "ledger", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run(str(tools / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
    made = 0

    def database() -> str:
        nonlocal made
        made += 1
        run(str(tools / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "ledger", f"test{made}")
        return f"postgresql://ledger@127.0.0.1:{port}/test{made}"

    try:
        yield database
    finally:
        run(str(tools / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "state" / "ledger.sqlite")
    url: str = request.getfixturevalue("postgres_server")()
    return url


@pytest.fixture
def ledger(location: str, clock: Clock) -> Iterator[Ledger]:
    with Ledger.open(location, clock=clock) as opened:
        yield opened

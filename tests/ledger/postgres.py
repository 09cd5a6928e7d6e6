"""A real PostgreSQL server for tests, where its programs are installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def serve_postgres() -> Iterator[Callable[[], str]]:
    """A server of our own; each call makes an empty database and gives its URL. Skips the test where there is none."""
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

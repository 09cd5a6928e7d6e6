"""How a process ends once its command is done: nothing said is lost, and no thread is cut short."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def ended(code: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(  # noqa: S603 -- our own lines
        [sys.executable, "-c", code],
        env=env,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


def test_all_that_was_said_is_written_before_the_process_ends() -> None:
    done = ended("import sys; from sync.cli.main import leave; sys.stdout.write('all of it'); leave(4)")
    assert (done.returncode, done.stdout, done.stderr) == (4, "all of it", "")


def test_a_thread_that_still_works_is_waited_for() -> None:
    done = ended(
        "import sys, threading, time\n"
        "from sync.cli.main import leave\n"
        "go_on = threading.Event()\n"
        "def work():\n"
        "    go_on.wait()\n"
        "    threading.main_thread().join()\n"
        "    print('worked off', flush=True)\n"
        "threading.Thread(target=work).start()\n"
        "go_on.set()\n"
        "leave(5)\n"
    )
    assert (done.returncode, done.stdout) == (5, "worked off\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_output_that_cannot_be_written_is_no_success() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = ended("import sys; from sync.cli.main import leave; sys.stdout.write('x'); leave(0)", full.fileno())
    assert done.returncode != 0
    assert "No space left" in done.stderr

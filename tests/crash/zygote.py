"""A process that has leadgate imported, and forks commands: each a process of its own, there within milliseconds.

    python zygote.py

Reads one JSON line per order: `{"arguments": […], "folder": …, "log": …}` starts `leadgate arguments` in that folder
with stdout and stderr in that file, `{"kill": pid}` kills a command that it started. Writes one JSON line per event:
`{"started": pid}`, `{"ended": pid, "code": …}` (minus the signal for a killed one). A dead command is reaped at once,
as by a shell, so that its process id is gone for the next run to see.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import uuid
from typing import Any

import duckdb  # noqa: F401 -- imported here once instead of in each command
import psycopg  # noqa: F401 -- as above
import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401 -- as above

import sync.cli.carry_out
import sync.cli.commands.apply
import sync.cli.commands.recover
import sync.cli.deciding_again
import sync.cli.opened
import sync.insight.planning  # noqa: F401 -- as above
from sync.apply.context import ApplyOptions
from sync.cli.main import main
from sync.ledger import lease

SETTLE = 1.0
"""Seconds. An org on loopback is done with a call long before; the twenty that a real one gets would only be waited."""


def run_command(arguments: list[str], folder: str, log: str) -> int:
    """Be `leadgate` in a fresh process."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    lease._PROCESS = uuid.uuid4().hex  # as importing leadgate anew would give
    os.chdir(folder)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    sys.argv = ["leadgate", *arguments]
    code = main(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def serve() -> None:
    """Take orders until stdin closes."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    living: set[int] = set()
    rest = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 512)
        for pid in sorted(living):
            dead, status = os.waitpid(pid, os.WNOHANG)
            if dead:
                living.discard(pid)
                say({"ended": pid, "code": os.waitstatus_to_exitcode(status)})
        if 0 not in ready:
            continue
        come = os.read(0, 65536)
        if not come:
            break
        *lines, rest = (rest + come).split(b"\n")  # several orders may have come at once
        for line in lines:
            carry_out(json.loads(line), living)
    for pid in living:
        os.kill(pid, signal.SIGKILL)


def carry_out(order: dict[str, Any], living: set[int]) -> None:
    """Start or kill a command."""
    if "kill" in order:
        if order["kill"] in living:
            os.kill(order["kill"], signal.SIGKILL)
        return
    pid = os.fork()
    if pid == 0:
        os._exit(run_command(order["arguments"], order["folder"], order["log"]))
    living.add(pid)
    say({"started": pid})


def say(event: dict[str, int]) -> None:
    """One line to the test."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    ApplyOptions.__init__.__kwdefaults__["settle_seconds"] = SETTLE
    serve()

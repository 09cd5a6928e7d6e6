"""A process that applies a plan over a socket and kills itself, really, at a given point.

    python crash_child.py URL TOKEN PLAN LEDGER POINT

Points are requests and commits, before and after; a negative point lives to the end.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import requests
import structlog

from sync.apply.context import ApplyOptions
from sync.apply.runner import apply_plan
from sync.ledger.store import Ledger
from sync.plan.codec import decode
from sync.policy.schema import Limits
from sync.salesforce.client import open_org
from sync.settings import load_settings


def main(url: str, token: str, plan: str, ledger_file: str, point: str) -> int:
    """Apply, and perhaps die."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    kill_at, passed = int(point), 0

    def mortal() -> None:
        nonlocal passed
        if passed == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    adapter_send = requests.adapters.HTTPAdapter.send

    def send(self: Any, *args: Any, **kwargs: Any) -> requests.Response:
        mortal()
        answer = adapter_send(self, *args, **kwargs)
        mortal()
        return answer

    requests.adapters.HTTPAdapter.send = send  # type: ignore[method-assign] -- the process dies here
    ledger = Ledger.open(Path(ledger_file))
    commit = ledger._engine.dialect.do_commit

    def do_commit(connection: Any) -> None:
        mortal()
        commit(connection)
        mortal()

    ledger._engine.dialect.do_commit = do_commit  # type: ignore[method-assign] -- and here
    folder = Path(ledger_file).parent
    org = open_org(load_settings(folder, {"LEADGATE_INSTANCE_URL": url, "LEADGATE_ACCESS_TOKEN": token}).org())
    options = ApplyOptions(limits=Limits(canary=1), settle_seconds=0.0)
    result = apply_plan(decode(Path(plan).read_text("utf-8")), org, ledger, options)
    sys.stdout.write(f"{passed} {result.exit_code()}\n")
    return result.exit_code()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

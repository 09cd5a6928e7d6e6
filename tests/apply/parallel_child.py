"""A process that applies a plan over a socket with several calls at once, to be killed or interrupted.

python parallel_child.py URL TOKEN PLAN LEDGER
"""

from __future__ import annotations

import sys
from pathlib import Path

import structlog

from sync.apply.context import ApplyOptions
from sync.apply.runner import apply_plan
from sync.ledger.store import Ledger
from sync.plan.codec import decode
from sync.policy.schema import Limits
from sync.salesforce.client import open_org
from sync.settings import load_settings


def main(url: str, token: str, plan: str, ledger_file: str) -> int:
    """Apply."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    folder = Path(ledger_file).parent
    org = open_org(load_settings(folder, {"LEADGATE_INSTANCE_URL": url, "LEADGATE_ACCESS_TOKEN": token}).org())
    options = ApplyOptions(limits=Limits(canary=0), parallel_calls=4, settle_seconds=1.0)
    return apply_plan(decode(Path(plan).read_text("utf-8")), org, Ledger.open(ledger_file), options).exit_code()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

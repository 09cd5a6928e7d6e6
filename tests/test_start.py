from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"structlog", "rich", "simple_salesforce", "zeep", "jwt", "cryptography", "sqlglot", "sqlalchemy", "numpy"}
"""Libraries that take a command tens of milliseconds each to load, and that most runs have no use for."""

_OPEN = "from pathlib import Path; from sync.cli.opened import open_workspace; open_workspace(Path(), None)"


@pytest.mark.parametrize(
    ("begun", "needed"),
    [
        (f"import sync.cli.main, sync.mirror.pull, sync.salesforce.client; {_OPEN}", set()),
        (f"import sync.cli.main, sync.policy.explain, sync.mirror.lapsed; {_OPEN}", {"sqlglot"}),
    ],
    ids=["pull", "explain"],
)
def test_a_command_starts_without_what_it_may_not_need(begun: str, needed: set[str], tmp_path: Path) -> None:
    """A pull that finds nothing, an explanation and the help are on the screen before a person wonders."""
    loaded = subprocess.run(  # noqa: S603 -- our own words
        [sys.executable, "-c", f"{begun}; import sys; print(*sys.modules)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert HEAVY & set(loaded.stdout.split()) == needed

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "sync").rglob("*.py"))
FORBIDDEN_NAMES = {
    "utils.py",
    "helpers.py",
    "managers.py",
    "util.py",
    "helper.py",
    "manager.py",
    "common.py",
    "misc.py",
}


def test_imports_go_only_in_the_directions_of_the_design() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_says_why_it_exists_and_stays_readable(path: Path) -> None:
    text = path.read_text("utf-8")
    assert path.name not in FORBIDDEN_NAMES
    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert text.count("\n") <= 400, "past 400 lines: split it by concept"


def test_the_policy_and_the_plan_read_no_clock() -> None:
    pure = [p for p in MODULES if p.parts[-2] in {"policy", "plan"} or p.name == "entries.py"]
    for path in pure:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in {
                "now",
                "utcnow",
                "today",
                "monotonic",
                "time",
                "sleep",
            }:
                called = ast.unparse(node)
                assert called.split(".")[0] not in {"datetime", "date", "time"}, f"{path}:{node.lineno}: {called}"

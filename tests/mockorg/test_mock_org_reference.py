"""docs/mock-org.md is what the mock org says of itself, and its examples do what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path
from types import FunctionType

import pytest

from sync.mockorg import Fault, MockOrg
from sync.mockorg.behaviours import behaviours
from sync.mockorg.control import ROUTES as CONTROL
from sync.mockorg.faults import FaultKind
from sync.mockorg.http import Request
from sync.mockorg.org_yaml import read_settings
from sync.mockorg.reference.behaviour_table import registered
from sync.mockorg.reference.page import HEAD, page
from sync.mockorg.settings import OrgSettings

PAGE = Path(__file__).parents[2] / "docs" / "mock-org.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", HEAD.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m sync.mockorg.reference > docs/mock-org.md"


@pytest.mark.slow
def test_the_page_is_the_same_in_a_fresh_process() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "sync.mockorg.reference"],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout.decode()

    assert printed == page()


@pytest.mark.parametrize("source", blocks("python"), ids=lambda source: source.splitlines()[-1].strip()[:40])
def test_an_example_does_what_it_says(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # examples need not close sockets
        exec(compile(source, "docs/mock-org.md", "exec"), names)  # noqa: S102 - our own page
    for name, value in names.items():
        if name.startswith("test_") and isinstance(value, FunctionType):
            value(request.getfixturevalue("mock_org"))


def test_the_first_example_has_ten_lines() -> None:
    lines = [line for line in blocks("python")[0].splitlines() if line.strip()]

    assert len(lines) <= 10


@pytest.mark.parametrize("text", blocks("yaml"))
def test_an_org_yaml_of_the_page_makes_an_org(text: str) -> None:
    assert read_settings(text).custom_fields
    assert MockOrg(org_yaml=text).org.schema.object("Lead").field("Budget__c") is not None


@pytest.mark.parametrize(
    "line", [line[2:] for block in blocks("console") for line in block.splitlines() if "__mock__" in line]
)
def test_a_control_request_of_the_page_is_taken(line: str) -> None:
    words = shlex.split(line)
    body = words[words.index("-d") + 1].encode() if "-d" in words else b""
    address = words[-1]

    answer = MockOrg().handle(Request.of("POST" if body else "GET", f"http://{address}", body=body))

    assert answer.status == 200, answer.body


def test_every_key_fault_and_control_path_is_on_the_page() -> None:
    text = page()

    for name in OrgSettings.model_fields:
        assert re.search(rf"^\| `{name}[\[\]{{}}]*` \|", text, re.MULTILINE), name
    for kind in FaultKind:
        assert f"| `{kind.value}` |" in text
    for name in Fault.__dataclass_fields__:
        assert f"| `{name}` |" in text
    for method, path in CONTROL:
        assert f"`{method} /__mock__/{path}`" in text


def test_every_behaviour_has_a_sentence_and_a_ground_and_stands_on_the_page() -> None:
    registered()
    text = page()

    for each in behaviours():
        assert each.summary, each.name
        assert each.source, each.name
        assert f"| {each.name} |" in text


def test_the_page_speaks_of_the_product_only() -> None:
    assert not re.search(r"/work\b|/tmp\b|/root\b|\[[CU]\]|wire-contract|design\.md", page())

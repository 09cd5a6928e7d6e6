"""What machines may rely on: the keys of each `--json` document, through both doors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from scenario_desk import Desk, Stage, run

from sync.cli.main import app
from sync.mockorg.seed import WorldSummary

pytestmark = pytest.mark.slow  # a command for each document

CASES = YAML(typ="safe").load(Path(__file__).with_name("json_keys.yaml"))
WITHOUT_ORG = {"mock-org serve", "demo"}
"""Their documents are read by the tests of the script, which run them."""

_STEP = re.compile(r"(?P<name>[^.\[\]?]+)?(?P<many>\[\](?P<may_be_empty>\?)?)?(?:\.|$)")


def missing(document: Any, key: str, path: str = "") -> Iterator[str]:
    """Places where a key of the list isn't there."""
    if not key:
        return
    step = _STEP.match(key)
    assert step is not None, key
    rest, name = key[step.end() :], step["name"]
    if name == "*":
        assert document, f"{path} is empty"
        for each, value in document.items():
            yield from missing(value, rest, f"{path}.{each}")
        return
    if name not in document:
        yield f"{path}.{name}"
        return
    value = document[name]
    if not step["many"]:
        yield from missing(value, rest, f"{path}.{name}")
        return
    assert isinstance(value, list), f"{path}.{name} is no list"
    assert value or step["may_be_empty"], f"{path}.{name} is empty"
    for number, element in enumerate(value):
        yield from missing(element, rest, f"{path}.{name}[{number}]")


def arguments(command: str, world: WorldSummary) -> list[str]:
    blocked = min(t.lead_id for t in world.truth.values() if t.in_scope and not t.ready)
    return [word.format(ready=min(world.convertible), blocked=blocked) for word in command.split()]


@pytest.mark.parametrize(
    ("case", "stage"), [(case, Stage(case.get("stage", "fresh"))) for case in CASES], ids=[c["command"] for c in CASES]
)
def test_the_document_has_every_key_that_machines_may_rely_on(case: dict[str, Any], desk: Desk) -> None:
    document = desk.json(*arguments(case["command"], desk.world), code=case.get("code", 0))
    assert [place for key in case["keys"] for place in missing(document, key)] == []


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    children = getattr(command, "commands", None)
    if not children:
        yield " ".join(path)
    for name, child in (children or {}).items():
        yield from commands(child, (*path, name))


def test_every_command_has_its_keys_listed() -> None:
    import typer  # noqa: PLC0415 -- only this test looks at the tree of commands

    listed = {
        name for name in commands(typer.main.get_command(app)) for case in CASES if case["command"].startswith(name)
    }
    assert set(commands(typer.main.get_command(app))) - listed == WITHOUT_ORG


def test_an_error_is_a_document_too() -> None:
    said = run("pull", "--org", "nowhere", "--json").expect(2)
    assert set(said.document["error"]) == {"code", "message", "place", "fix"}
    assert said.document["exit_code"] == 2

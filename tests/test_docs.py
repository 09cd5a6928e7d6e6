from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main

from benchmarks.figures import read_results
from benchmarks.obstacle_table import with_obstacles
from sync.cli.exits import MEANING
from sync.cli.main import app
from sync.cli.reference import reference
from sync.salesforce.faults import known_codes

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted((ROOT / "docs").glob("*.md"))


def commands(command: Any, path: tuple[str, ...] = ()) -> list[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if not children:
        return [(" ".join(path), command)]
    return [found for name, child in children.items() for found in commands(child, (*path, name))]


ALL = commands(typer.main.get_command(app))


def test_the_command_reference_is_what_the_commands_say() -> None:
    assert (ROOT / "docs" / "commands.md").read_text("utf-8") == reference(), (
        "run: python -m sync.cli.reference > docs/commands.md"
    )


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_every_command_and_option_explains_itself(name: str, command: Any) -> None:
    assert command.help, name
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"leadgate {name}: {parameter.name} has no help"


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_every_command_that_touches_an_org_takes_json_and_org(name: str, command: Any) -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    if name != "demo":
        assert "--json" in options
    if name not in WITHOUT_ORG:
        assert "--org" in options


WITHOUT_ORG = {"demo", "mock-org serve", "mock-org seed", "policy test", "policy docs"}
"""Commands that never look at an org."""


def test_the_readme_lists_every_exit_code() -> None:
    for code, meaning in MEANING.items():
        assert f"| {int(code)} | {meaning} |" in README


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES], ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda p: p.name)
def test_commands_that_pages_name_exist(page: Path) -> None:
    known = {name for name, _ in ALL} | {name.split()[0] for name, _ in ALL}
    for line in re.findall(r"`leadgate ([a-z][a-z -]*)", page.read_text("utf-8")):
        words = [word for word in line.split() if not word.startswith("-")]
        assert words, line
        assert words[0] in known, f"{page.name} names `leadgate {line}`"


def test_the_readmes_make_targets_exist() -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8")))
    assert set(re.findall(r"(?m)(?:`|^)make ([a-z-]+)", README)) <= targets


def test_the_readmes_table_of_obstacles_is_the_last_full_run() -> None:
    assert with_obstacles(README, read_results()["preflight"]) == README, "run: python -m benchmarks --page"


def test_the_readmes_figures_are_those_of_the_last_runs() -> None:
    quoted = README.partition("| figure | measured |")[2].partition("\n\n")[0].splitlines()[2:]
    page = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
    measured = re.sub(r" +", " ", page).splitlines()  # a figure without a unit leaves two spaces
    assert len(quoted) > 3
    for row in quoted:
        assert any(line.startswith(row) for line in measured), row


def test_no_fault_code_is_listed_twice() -> None:
    codes = [code.replace("_", "").upper() for code in known_codes()]
    assert len(codes) == len(set(codes))


def test_the_projects_pages_show_no_path_of_the_machine_they_were_made_on() -> None:
    for page in (ROOT / "README.md", *PAGES, ROOT / "docs" / "demo.svg"):
        found = re.search(r"(?<![\w.])/(?:tmp|home|root|work|Users)/\w+", page.read_text("utf-8"))
        assert found is None, f"{page.name}: {found and found[0]}"

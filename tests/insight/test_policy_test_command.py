"""`leadgate policy test` as people and CI run it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from shipped import ROOT

from sync.cli.main import main

POLICY = "policy: small\ncriteria: {rich: budget > 5}\nready: rich\n"
CASES = """now: 2026-06-15T12:00:00Z
cases:
  - {name: rich, lead: {budget: 6}, expect: {verdict: ready}}
  - {name: at the bound, lead: {budget: 5}, expect: {verdict: blocked}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    (tmp_path / "config" / "tests").mkdir(parents=True)
    (tmp_path / "config" / "readiness.yaml").write_text(POLICY)
    (tmp_path / "config" / "tests" / "readiness.yaml").write_text(CASES)
    return tmp_path


def run(folder: Path, *args: str) -> int:
    return main(["policy", "test", "-C", str(folder), *args])


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_cases_beside_the_policy_are_found_and_hold(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder) == 0
    said = capsys.readouterr().out
    assert "small   [config/readiness.yaml]" in said
    assert "2 of 2 cases hold" in said


def test_a_case_that_fails_is_shown_with_expected_actual_and_places(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "config" / "tests" / "readiness.yaml").write_text(CASES.replace("verdict: blocked", "met: [rich]"))
    assert run(folder) == 4
    said = capsys.readouterr().out
    assert "✗ at the bound   [config/tests/readiness.yaml:4]" in said
    [row] = [line.split() for line in said.splitlines() if line.strip().startswith("criterion rich")]
    assert row == ["criterion", "rich", "met", "not_met", "config/readiness.yaml:2"]
    assert run(folder, "--json") == 4
    shown = document(capsys)
    assert shown["counts"] == {"cases": 2, "passed": 1, "failed": 1}
    [policy] = shown["policies"]
    assert policy["cases"][1] == {
        "name": "at the bound",
        "place": "config/tests/readiness.yaml:4",
        "passed": False,
        "differences": [
            {"what": "criterion rich", "expected": "met", "actual": "not_met", "source": "config/readiness.yaml:2"}
        ],
    }


def test_coverage_and_mutants_are_reported_and_fail_the_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--coverage", "--mutate", "--json") == 4
    [policy] = document(capsys)["policies"]
    gap = {
        "gap": "criterion rich: never unknown",
        "place": "config/readiness.yaml:2",
        "missing": "a lead without budget",
    }
    assert gap in policy["coverage"]["gaps"]
    survivors = [survivor["mutant"] for survivor in policy["mutation"]["survivors"]]
    assert survivors == ["opportunity.create: never instead of always"]
    assert run(folder, "--coverage", "--mutate") == 4
    assert "missing: a lead without budget" in capsys.readouterr().out


def test_mutants_wait_until_the_cases_hold(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "config" / "tests" / "readiness.yaml").write_text(CASES.replace("blocked", "ready"))
    assert run(folder, "--mutate") == 4
    assert "mutants: not tried" in capsys.readouterr().out


def test_another_policy_can_be_held_against_the_cases(folder: Path) -> None:
    (folder / "strict.yaml").write_text(POLICY.replace("> 5", "> 6"))
    assert run(folder, "--policy", str(folder / "strict.yaml")) == 4


def test_one_file_can_be_run_and_can_name_its_policy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = folder / "other-cases.yaml"
    other.write_text("policy: config/readiness.yaml\n" + CASES)
    assert run(folder, str(other)) == 0
    assert "2 of 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("readiness.yaml", "now: 2026-06-15\ncases: [{name: x, expect: {met: [poor]}}]", "readiness.yaml:2: case 'x'"),
        ("stray.yaml", CASES, "no policy config/stray.yaml stands above it"),
        ("stray.yaml", "policy: nowhere.yaml\ncases: []", "there is no policy nowhere.yaml"),
        ("readiness.yaml", "cases: [", "readiness.yaml:1: not valid YAML"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, says: str
) -> None:
    (folder / "config" / "tests" / name).write_text(text)
    assert run(folder) == 2
    assert says in capsys.readouterr().err


def test_all_problems_of_all_files_come_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "config" / "readiness.yaml").write_text(POLICY.replace("budget", "bugdet"))
    (folder / "config" / "other.yaml").write_text(POLICY)
    (folder / "config" / "tests" / "other.yaml").write_text("cases: 1")
    assert run(folder) == 2
    said = capsys.readouterr().err
    assert "config/readiness.yaml:2" in said
    assert "config/tests/other.yaml:1" in said


def test_a_folder_without_cases_says_where_they_would_be(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(folder / "config" / "tests")
    assert run(folder) == 2
    assert "no folder config/tests" in capsys.readouterr().err


def test_junit_xml_is_written(folder: Path) -> None:
    report = folder / "junit.xml"
    assert run(folder, "--junit", str(report)) == 0
    [suite] = etree.parse(str(report)).getroot()
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("small", "2", "0")
    assert run(folder, "--junit", str(folder / "none" / "junit.xml")) == 2

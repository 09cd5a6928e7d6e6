"""docs/policy-tests.md is true: its examples load, and its keys are those of the format."""

from __future__ import annotations

import re

from shipped import MAPPING, ROOT, suite

from sync.insight.policy_cases import CaseDatabase, run_cases
from sync.policy.case_reader import ACCEPTED_KEYS, EXPECT_KEYS, FILE_KEYS, load_cases, policy_of

DOC = (ROOT / "docs" / "policy-tests.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)
DEFAULT = suite(ROOT / "config" / "tests" / "readiness.yaml").parsed


def test_the_example_case_holds_for_the_default_policy() -> None:
    assert policy_of(BLOCKS[0], "docs/policy-tests.md") == "../readiness.yaml"
    file = load_cases(BLOCKS[0], "docs/policy-tests.md", DEFAULT.policy, MAPPING)
    with CaseDatabase(file.cases, MAPPING) as database:
        [result] = run_cases(database, DEFAULT)
    assert result.differences == ()


def test_the_example_of_what_is_accepted_loads() -> None:
    file = load_cases(f"now: 2026-06-15\ncases: []\n{BLOCKS[1]}", "docs/policy-tests.md", DEFAULT.policy, MAPPING)
    assert [one.what for one in file.mutants] == ["signal meeting_held: with `planned: true`"]
    assert [one.what for one in file.gaps] == ["criterion both: never unknown"]


def test_every_key_of_a_file_of_cases_is_described() -> None:
    described = DOC + (ROOT / "docs" / "policy.md").read_text("utf-8")
    keys = (*FILE_KEYS, *EXPECT_KEYS, *ACCEPTED_KEYS)
    assert [key for key in keys if f"`{key}" not in described and f"{key}:" not in described] == []

"""Every shipped policy is tested by cases in the format that users write."""

from __future__ import annotations

from pathlib import Path

import pytest
from shipped import CASE_FILES, MAPPING, PACKS, ROOT, suite

from sync.insight.policy_cases import CaseDatabase, run_cases
from sync.insight.policy_coverage import measure_coverage
from sync.insight.policy_mutants import run_mutants


def test_every_pack_and_the_default_policy_have_cases() -> None:
    tested = {suite(file).parsed.policy.file for file in CASE_FILES}
    assert tested == {str(f.relative_to(ROOT)) for f in PACKS.glob("*.yaml")} | {"config/readiness.yaml"}


def test_the_cases_of_the_default_policy_are_those_of_its_pack() -> None:
    default = (ROOT / "config" / "tests" / "readiness.yaml").read_text("utf-8")
    assert default == (PACKS / "tests" / "pricing-discussed.yaml").read_text("utf-8")


@pytest.mark.parametrize("file", CASE_FILES, ids=lambda file: file.stem)
def test_every_case_holds(file: Path) -> None:
    found = suite(file)
    with CaseDatabase(found.cases, MAPPING) as database:
        failed = [
            f"{result.case.place} {result.case.name}: {difference}"
            for result in run_cases(database, found.parsed)
            for difference in result.differences
        ]
    assert failed == []


@pytest.mark.parametrize(
    "file",
    [pytest.param(file, marks=() if file.stem == "readiness" else pytest.mark.slow) for file in CASE_FILES],
    ids=[file.stem for file in CASE_FILES],
)
def test_every_part_is_tried_and_every_mutant_is_noticed_or_accepted_with_a_reason(file: Path) -> None:
    found = suite(file)
    with CaseDatabase(found.cases, MAPPING) as database:
        coverage = measure_coverage(database, found.parsed, [one for f in found.files for one in f.gaps])
        mutation = run_mutants(database, found.parsed, [one for f in found.files for one in f.mutants])
    assert [gap.name for gap in coverage.gaps] == []
    assert [survivor.mutant.name for survivor in mutation.survivors] == []
    assert (coverage.wrongly_accepted, mutation.wrongly_accepted) == ((), ())
    assert mutation.total > 80

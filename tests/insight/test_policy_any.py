"""Whatever can be said in a policy can be covered, mutated and put into words."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import MAPPING

sys.path.append(str(Path(__file__).parents[1] / "policy"))

from policy_expressions import condition, lead_values
from policy_mirror import NOW

from sync.insight.policy_cases import CaseDatabase
from sync.insight.policy_coverage import measure_coverage
from sync.insight.policy_mutants import run_mutants
from sync.model import Value
from sync.policy.cases import Case, Expected
from sync.policy.coverage import points
from sync.policy.loader import read_policy
from sync.policy.page import policy_page
from sync.policy.parsed import parse_policy
from sync.policy.schema import Place


def case(number: int, lead: dict[str, Value]) -> Case:
    place = Place("cases.yaml", number)
    return Case(name=str(number), place=place, now=NOW, lead=lead, expected=Expected())


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@pytest.mark.slow
@given(text=condition, leads=st.lists(lead_values, min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_any_condition_can_be_covered_mutated_and_said(text: str, leads: list[dict[str, Value]]) -> None:
    policy, _ = read_policy(f"policy: p\ncriteria: {{a: {quoted(text)}}}\nready: a", "policy.yaml", MAPPING)
    if policy is None:
        return
    parsed = parse_policy(policy, MAPPING)
    with CaseDatabase([case(n, lead) for n, lead in enumerate(leads)], MAPPING) as database:
        coverage = measure_coverage(database, parsed)
        mutation = run_mutants(database, parsed)
    assert coverage.wanted == coverage.seen + len(coverage.gaps)
    assert coverage.wanted >= sum(len(point.wanted) for point in points(parsed, MAPPING))
    assert mutation.total == len(mutation.survivors), "cases without expectations notice nothing"
    assert all(survivor.missing for survivor in mutation.survivors)
    assert policy_page(parsed, MAPPING)

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from policy_expressions import condition
from policy_mirror import MAPPING, NOW
from ruamel.yaml import YAML
from sizes import examples

from sync.errors import Problem
from sync.policy.emit import emit, quoted
from sync.policy.expression import is_usable_name, parse_condition
from sync.policy.loader import read_policy
from sync.policy.places import lead_names, ready_names, signal_names
from sync.policy.reading import Names
from sync.policy.schema import Expression, Place, SignalKind
from sync.policy.syntax import Expr, Not, Or

CASES = Path(__file__).parent / "cases"


def cases(name: str) -> list[dict[str, Any]]:
    return list(YAML(typ="safe").load(CASES / name))


def read(text: str, where: str = "criterion") -> tuple[Expr | None, list[Problem]]:
    names: dict[str, Names] = {
        "criterion": lead_names(MAPPING, signals=["talk"], criteria=["other"]),
        "signal": signal_names(MAPPING, SignalKind.ACTIVITY),
        "ready": ready_names(MAPPING, signals=["talk"], criteria=["ok"]),
    }
    if where == "ready":
        signals = "{talk: {activity: \"kind = 'call'\"}}"
        policy = f'policy: x\nsignals: {signals}\ncriteria: {{ok: budget > 1}}\nready: "{text}"'
        return None, read_policy(policy, "p.yaml", MAPPING)[1]
    return parse_condition(Expression(text, Place("p.yaml", 7)), names[where], what="it")


@pytest.mark.parametrize("case", cases("refused.yaml"), ids=lambda case: case["say"])
def test_what_the_language_does_not_have_is_refused_with_its_reason(case: dict[str, Any]) -> None:
    tree, problems = read(case["say"], case.get("where", "criterion"))
    assert tree is None
    assert problems
    assert any(case["because"].lower() in str(problem).lower() for problem in problems), list(map(str, problems))


@pytest.mark.parametrize("case", cases("meant.yaml"), ids=lambda case: case["say"])
def test_each_expression_means_exactly_this_sql(case: dict[str, Any]) -> None:
    tree, problems = read(case["say"])
    if case.get("refused"):
        assert tree is None
        return
    assert tree is not None, problems
    assert emit(tree, resolve=lambda name: quoted(name.name), now=NOW) == case["sql"]


def test_every_problem_of_an_expression_is_told_at_once() -> None:
    _, problems = read("bugdet > 1 AND company < 'x' AND upper(title) = 'A' AND created_at = 'soon'")
    assert [problem.line for problem in problems] == [7, 7, 7, 7]


def test_a_misspelt_name_gets_a_suggestion() -> None:
    _, problems = read("bugdet > 1")
    assert problems[0].fix == "did you mean budget?"


def test_a_name_of_sql_is_not_usable_for_a_criterion() -> None:
    assert not any(map(is_usable_name, ["select", "null", "true", "now()", "Upper", "a b", "1a", "", "current_date"]))
    assert all(map(is_usable_name, ["priced", "met", "has_budget", "x1"]))


@settings(max_examples=examples(300), deadline=None)
@given(st.text(st.sampled_from(list("budget company'\"()<>=;,.*-+/ %_NOTANDORINLIKE1\n?$:[]{}|")), max_size=40))
@example("{:}")
def test_arbitrary_text_is_read_or_refused_but_never_fails(text: str) -> None:
    tree, problems = read(text)
    assert (tree is None) == bool(problems)


@settings(max_examples=examples(100), deadline=None)
@given(condition)
def test_generated_conditions_are_understood(text: str) -> None:
    tree, problems = read(text)
    assert tree is not None, (text, problems)


def test_deep_nesting_is_refused_without_a_crash() -> None:
    for text in ["(" * 1900 + "budget > 1" + ")" * 1900, "NOT " * 900 + "pricing_discussed", "-" * 3000 + "budget > 1"]:
        tree, problems = read(text)
        assert tree is None
        assert problems


def test_long_chains_are_flat() -> None:
    tree, problems = read(" OR ".join(["budget > 1"] * 280))
    assert isinstance(tree, Or), problems
    assert len(tree.items) == 280


def test_not_of_a_condition_stays_one() -> None:
    tree, _ = read("NOT budget > 1")
    assert isinstance(tree, Not)

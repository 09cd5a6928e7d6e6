from __future__ import annotations

import pytest
from hypothesis import given, settings
from policy_expressions import condition
from policy_mirror import MAPPING
from sizes import examples

from sync.policy.expression import parse_condition
from sync.policy.places import lead_names
from sync.policy.schema import Expression, Place
from sync.policy.spelling import spelled
from sync.policy.syntax import Expr

NAMES = lead_names(MAPPING, signals={"talk"}, criteria={"priced"})


def read(text: str) -> Expr | None:
    tree, _ = parse_condition(Expression(text, Place("policy.yaml", 1)), NAMES, what="it")
    return tree


@given(text=condition)
@settings(max_examples=examples(200), deadline=None)
def test_what_is_spelled_reads_back_as_the_same_tree(text: str) -> None:
    tree = read(text)
    if tree is not None:
        assert read(spelled(tree)) == tree, spelled(tree)


@pytest.mark.parametrize(
    "text",
    [
        "(talk OR priced) AND NOT pricing_discussed",
        "status NOT IN ('a', 'it''s')",
        "budget IS NOT NULL AND (decision_maker IS NOT TRUE OR budget BETWEEN 1.50 AND 20)",
        "(budget + 1) * 2 - -annual_revenue / 3 > abs(budget)",
        "created_at > '2026-01-31T08:00:00Z' AND purchase_timeline <= days_ahead(30)",
        "NOT (talk AND priced)",
        "CASE WHEN talk THEN budget ELSE 0 END > coalesce(annual_revenue, 5)",
        "lower(company) LIKE '%acme%'",
    ],
)
def test_a_condition_is_spelled_as_a_person_writes_it(text: str) -> None:
    tree = read(text)
    assert tree is not None
    assert spelled(tree) == text

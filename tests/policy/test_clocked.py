"""When a condition can change by the clock alone, and when that can't be told."""

from __future__ import annotations

import pytest
from policy_mirror import MAPPING

from sync.policy.clocked import needed, turns, with_parts_named
from sync.policy.expression import parse_condition
from sync.policy.places import lead_names
from sync.policy.schema import Expression, Place
from sync.policy.syntax import Expr, field_names


def condition(text: str) -> Expr:
    tree, problems = parse_condition(Expression(text, Place("p.yaml", 1)), lead_names(MAPPING), what="it")
    assert tree is not None, problems
    return tree


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("budget > 5", []),
        ("purchase_timeline >= today()", [0]),
        ("purchase_timeline BETWEEN today() AND days_ahead(180)", [0, -180]),
        ("days_ago(30) < created_at", [30]),
        ("created_at < now()", [0]),
        ("days_since(created_at) > 90", [90]),
        ("days_since(created_at) >= -2.5", [-3]),
        ("days_until(purchase_timeline) <= 14", [-14]),
        ("budget > 5 AND (NOT days_since(created_at) > 90 OR purchase_timeline < today())", [90, 0]),
    ],
)
def test_the_clock_turns_a_condition_on_days_known_from_the_record(text: str, days: list[int]) -> None:
    found = turns(condition(text))
    assert found is not None
    assert [turn.days for turn in found] == days


@pytest.mark.parametrize(
    "text",
    [
        "days_since(created_at) > days_since(purchase_timeline)",
        "days_since(created_at) * 2 > 10",
        "days_since(created_at) > budget",
        "coalesce(purchase_timeline, today()) > created_at",
        "CASE WHEN created_at < now() THEN 1 ELSE 2 END > budget",
    ],
)
def test_other_uses_of_the_clock_are_not_guessed_at(text: str) -> None:
    assert turns(condition(text)) is None


def test_what_the_clock_does_not_touch_is_worked_out_once() -> None:
    tree = condition("budget > 5 AND pricing_discussed AND created_at < now()")
    parts: list[Expr] = []

    def name(part: Expr) -> str:
        parts.append(part)
        return f"p{len(parts) - 1}"

    assert field_names(with_parts_named(tree, name)) == ("p0", "created_at")
    assert [field_names(part) for part in parts] == [("budget", "pricing_discussed")]


def test_what_a_row_needs_in_any_case_leaves_the_clock_out() -> None:
    found = needed(condition("pricing_discussed AND (created_at < now() OR budget > 5)"))
    assert found is not None
    assert field_names(found) == ("pricing_discussed",)
    assert needed(condition("created_at < now()")) is None

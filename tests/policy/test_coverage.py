from __future__ import annotations

from dataclasses import replace

import pytest
from policy_mirror import MAPPING, compiled

from sync.mapping import OrgMapping
from sync.policy.coverage import points
from sync.policy.decision import Truth
from sync.policy.schema import SignalKind
from sync.policy.unknowns import Unknowns


def parts(condition: str) -> list[tuple[str | None, int]]:
    parsed = compiled(f'policy: p\ncriteria: {{a: "{condition}"}}\nready: a').parsed
    return [(point.part, len(point.wanted)) for point in points(parsed, MAPPING) if point.where == "criterion a"]


def test_a_condition_and_each_part_of_it_is_wanted_true_false_and_unknown() -> None:
    assert parts("budget > 5 OR NOT (decision_maker AND contains(title, 'chief'))") == [
        (None, 3),
        ("budget > 5", 3),
        ("decision_maker AND contains(title, 'chief')", 3),
        ("decision_maker", 3),
        ("contains(title, 'chief')", 3),
    ]


@pytest.mark.parametrize(
    ("condition", "possible"),
    [
        ("budget > 5", True),
        ("budget IS NULL", False),
        ("decision_maker IS TRUE", False),
        ("company = 'x'", False),
        ("status IN ('x')", False),
        ("created_at < now()", False),
        ("coalesce(budget, 0) > 5", False),
        ("coalesce(budget, annual_revenue) > 5", True),
        ("budget IS NOT NULL AND budget > 5", False),
        ("budget IS NULL OR budget BETWEEN 1 AND 2", False),
        ("budget IS NOT NULL OR budget > 5", True),
        ("length(company) / length(last_name) > 1", True),
        ("length(company) / 2 > 1", False),
        ("CASE WHEN budget > 1 THEN 1 END = 1", True),
        ("CASE WHEN budget > 1 THEN 1 ELSE 2 END = 1", False),
        ("email_domain(last_name) = 'x'", True),
        ("talk", False),
        ("NOT words", True),
        ("b", True),
    ],
)
def test_only_what_can_be_unknown_is_wanted_unknown(condition: str, *, possible: bool) -> None:
    parsed = compiled(
        "policy: p\nsignals: {talk: {activity: is_closed}, words: {field: \"contains(description, 'x')\"}}\n"
        f'criteria: {{a: "{condition}", b: budget > 1}}\nready: a'
    ).parsed
    unknowns = Unknowns.of(parsed, MAPPING, SignalKind.FIELD)
    assert unknowns.possible(parsed.criteria["a"]) is possible


def test_a_field_that_the_mapping_requires_is_never_empty() -> None:
    lead = MAPPING["lead"]
    budget = replace(lead.fields["budget"], required=True)
    mapping = OrgMapping(objects={**MAPPING.objects, "lead": replace(lead, fields={**lead.fields, "budget": budget})})
    parsed = compiled("policy: p\ncriteria: {a: budget > 5}\nready: a").parsed
    assert Unknowns.of(parsed, MAPPING, SignalKind.FIELD).possible(parsed.criteria["a"])
    assert not Unknowns.of(parsed, mapping, SignalKind.FIELD).possible(parsed.criteria["a"])


def test_the_gap_names_the_case_that_is_missing() -> None:
    parsed = compiled('policy: p\ncriteria: {a: "budget > 5"}\nready: a').parsed
    [point] = [point for point in points(parsed, MAPPING) if point.where == "criterion a"]
    gaps = [point.gap(truth) for truth in Truth]
    assert [(gap.name, gap.missing) for gap in gaps] == [
        ("criterion a: never true", "a lead for which `budget > 5` is true"),
        ("criterion a: never false", "a lead for which `budget > 5` is false"),
        ("criterion a: never unknown", "a lead without budget"),
    ]


def test_the_same_condition_is_wanted_once_however_often_it_stands_there() -> None:
    parsed = compiled(
        'policy: p\ncriteria: {a: "NOT (budget > 5)", b: "budget > 5 AND decision_maker"}\nready: a AND b'
    ).parsed
    assert [point.part for point in points(parsed, MAPPING)].count("budget > 5") == 1

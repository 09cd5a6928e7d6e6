from __future__ import annotations

from policy_mirror import MAPPING, compiled

from sync.policy.compile import compile_parsed
from sync.policy.mutation import mutants

SMALL = """
policy: p
scope: NOT is_converted
signals:
  talk: {activity: "kind IN ('call', 'email') AND is_closed", within: 9 days, contradicted_by: "contains(text, 'no')"}
criteria: {a: "budget >= 10 OR NOT talk", b: "number_of_employees BETWEEN 1 AND 5"}
ready: a AND b
transitions: [{to: X, from: [U, V], when: a}, {to: Y, from: [V], when: b}, {to: Z, from: [W], when: b}]
conversion: {opportunity: {amount: "budget * 0.5"}}
"""


def names(text: str) -> list[str]:
    return [mutant.name for mutant in mutants(compiled(text).parsed)]


def of(rule: str, text: str = SMALL) -> list[str]:
    return [name.removeprefix(f"{rule}: ") for name in names(text) if name.startswith(f"{rule}: ")]


def test_a_comparison_is_turned_round_and_moved_at_its_bound() -> None:
    assert of("criterion a") == [
        "always true",
        "never true",
        "`budget >= 10 OR NOT talk` → `budget >= 10 AND NOT talk`",
        "`budget >= 10 OR NOT talk` without `budget >= 10`",
        "`budget >= 10 OR NOT talk` without `NOT talk`",
        "`budget >= 10` → `budget < 10`",
        "`budget >= 10` → `budget > 10`",
        "`budget >= 10` → `budget >= 9`",
        "`budget >= 10` → `budget >= 11`",
        "`NOT talk` → `talk`",
    ]


def test_both_bounds_of_a_range_are_moved() -> None:
    assert of("criterion b")[3:] == [
        "`number_of_employees BETWEEN 1 AND 5` → `number_of_employees BETWEEN 0 AND 5`",
        "`number_of_employees BETWEEN 1 AND 5` → `number_of_employees BETWEEN 2 AND 5`",
        "`number_of_employees BETWEEN 1 AND 5` → `number_of_employees BETWEEN 1 AND 4`",
        "`number_of_employees BETWEEN 1 AND 5` → `number_of_employees BETWEEN 1 AND 6`",
    ]


def test_a_signal_loses_values_window_plans_and_contradiction() -> None:
    assert of("signal talk")[5:] == [
        "`kind IN ('call', 'email')` → `kind NOT IN ('call', 'email')`",
        "`kind IN ('call', 'email')` without 'call'",
        "`kind IN ('call', 'email')` without 'email'",
        "`is_closed` → `NOT is_closed`",
        "within 9 days → 8 days",
        "within 9 days → 10 days",
        "with `planned: true`",
        "without `contradicted_by`",
    ]
    assert of("signal talk, contradicted_by") == [
        "always true",
        "never true",
        "`contains(text, 'no')` → `NOT contains(text, 'no')`",
        "`contains(text, 'no')` → `starts_with(text, 'no')`",
    ]


def test_a_criterion_is_dropped_from_ready() -> None:
    assert "`a AND b` without `b`" in of("ready")


def test_a_transition_is_left_out_widened_narrowed_and_passed() -> None:
    assert [name for name in of("transition to 'X'") if "true" not in name] == [
        "left out",
        "`a` → `NOT a`",
        "without `from`",
        "`from` without 'U'",
        "`from` without 'V'",
        "after the next one",
    ]
    assert "after the next one" not in of("transition to 'Y'"), "no status in common with the next one"


def test_the_opportunity_and_its_amount_are_mutated() -> None:
    assert of("opportunity.create") == ["never instead of always"]
    assert of("opportunity.amount") == ["left out", "`budget * 0.5` → `budget / 0.5`"]
    never = "policy: p\ncriteria: {a: decision_maker}\nready: a\nconversion: {opportunity: {create: false}}"
    assert of("opportunity.create", never) == ["always instead of never"]


def test_checks_on_opportunities_are_mutated() -> None:
    text = "policy: p\ncriteria: {a: decision_maker}\nready: a\nopportunity_checks: {late: close_date < today()}"
    assert of("check late", text)[2:] == [
        "`close_date < today()` → `close_date >= today()`",
        "`close_date < today()` → `close_date <= today()`",
        "`close_date < today()` → `close_date < days_ago(1)`",
        "`close_date < today()` → `close_date < days_ahead(1)`",
    ]


def test_what_cannot_matter_is_no_mutant() -> None:
    assert of("scope") == ["never true", "`NOT is_converted` → `is_converted`"]
    text = SMALL.replace("scope: NOT is_converted", "scope: NOT is_converted AND status = 'X'")
    assert not any("without `NOT is_converted`" in name for name in of("scope", text))


def test_functions_patterns_and_branches_are_mutated() -> None:
    text = """
policy: p
criteria:
  words: "company LIKE '%acme%' OR includes(product_interest, 'A', 'B') OR lower(title) = 'cto'"
  since: "days_since(last_activity_at) > 1.5"
  rest: "coalesce(budget, 7) = 7 AND CASE WHEN decision_maker THEN 1 WHEN need_identified THEN 2 ELSE 3 END = 2"
  truth: "decision_maker IS TRUE AND budget IS NULL"
  day: "purchase_timeline >= '2026-01-31'"
ready: words AND since AND rest AND truth AND day
"""
    said = names(text)
    assert {
        "criterion words: `company LIKE '%acme%'` → `company ILIKE '%acme%'`",
        "criterion words: `company LIKE '%acme%'` → `company LIKE 'acme%'`",
        "criterion words: `company LIKE '%acme%'` → `company LIKE '%acme'`",
        "criterion words: `includes(product_interest, 'A', 'B')` → `includes(product_interest, 'B')`",
        "criterion words: `lower(title)` → `title`",
        "criterion words: `lower(title) = 'cto'` → `lower(title) = 'not cto'`",
        "criterion since: `days_since(last_activity_at)` → `days_until(last_activity_at)`",
        "criterion since: `days_since(last_activity_at) > 1.5` → `days_since(last_activity_at) > 1.6`",
        "criterion rest: `coalesce(budget, 7)` → `budget`",
        "criterion rest: `coalesce(budget, 7)` → `coalesce(budget, 8)`",
        "criterion rest: without WHEN need_identified",
        "criterion rest: without ELSE",
        "criterion rest: `decision_maker` → `NOT decision_maker`",
        "criterion truth: `decision_maker IS TRUE` → `decision_maker IS FALSE`",
        "criterion truth: `budget IS NULL` → `budget IS NOT NULL`",
        "criterion day: `purchase_timeline >= '2026-01-31'` → `purchase_timeline >= '2026-01-30'`",
    } <= set(said)


def test_every_mutant_has_its_own_name_and_its_own_query() -> None:
    policy = compiled(SMALL)
    found = list(mutants(policy.parsed))
    queries = [compile_parsed(mutant.parsed, MAPPING, policy.now).decide_sql for mutant in found]
    assert len({mutant.name for mutant in found}) == len(found)
    assert policy.decide_sql not in queries
    assert len(set(queries)) == len(queries)
    assert all(mutant.missing and mutant.place.line for mutant in found)


def test_a_date_at_the_end_of_the_calendar_is_moved_only_one_way() -> None:
    text = "policy: p\ncriteria: {a: \"purchase_timeline < '9999-12-31'\"}\nready: a"
    assert of("criterion a", text)[4:] == ["`purchase_timeline < '9999-12-31'` → `purchase_timeline < '9999-12-30'`"]

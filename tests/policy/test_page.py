"""Policies in words: the page that a sales manager reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from policy_expressions import condition
from policy_mirror import MAPPING, compiled
from sizes import examples

from sync.policy.expression import parse_condition
from sync.policy.page import policy_page
from sync.policy.pattern_words import pattern_words
from sync.policy.places import lead_names
from sync.policy.prose import prose
from sync.policy.schema import Expression, Place
from sync.policy.syntax import Expr, Not

ROOT = Path(__file__).parents[2]
NAMES = lead_names(MAPPING, signals={"talk"}, criteria={"priced"})
LABELS = {"talk": "Pricing came up", "priced": "Is *priced*"}


def read(text: str) -> Expr | None:
    tree, _ = parse_condition(Expression(text, Place("policy.yaml", 1)), NAMES, what="it")
    return tree


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("status <> 'Open'", "status is not “Open”"),
        ("budget >= 50000", "budget is at least 50,000"),
        ("NOT budget > 1.5", "budget is at most 1.5"),
        ("pricing_discussed OR talk", "pricing discussed is ticked or “Pricing came up” holds"),
        ("NOT priced", r"“Is \*priced\*” does not hold"),
        ("email IS NOT NULL", "email is filled in"),
        ("is_converted", "it is converted"),
        ("status IN ('a', 'b', 'c')", "status is “a”, “b” or “c”"),
        ("status NOT IN ('a', 'b')", "status is not “a” or “b”"),
        (
            "purchase_timeline BETWEEN today() AND days_ahead(30)",
            "purchase timeline is from today to 30 days from today",
        ),
        ("last_activity_at < days_ago(1)", "last activity is before 1 day ago"),
        ("created_at >= '2026-01-31T08:00:00Z'", "its creation is not before 2026-01-31 08:00 UTC"),
        ("days_since(last_activity_at) > 180", "the number of days since last activity is above 180"),
        ("contains(lead_source, 'web')", "the lead source contains “web”"),
        ("NOT includes(product_interest, 'A', 'B')", "the product interest doesn't include “A” or “B”"),
        ("company ILIKE '%gmbh'", "company is like “%gmbh”"),
        ("coalesce(budget, 0) > 5", "budget (where that is empty: 0) is above 5"),
        ("decision_maker IS TRUE", "`decision_maker IS TRUE` is true"),
        ("NOT (talk AND priced)", r"“Pricing came up” does not hold or “Is \*priced\*” does not hold"),
        (
            "talk AND (priced OR decision_maker)",
            r"“Pricing came up” holds, and (“Is \*priced\*” holds or decision maker is ticked)",
        ),
        ("budget * 2 > annual_revenue", "`budget * 2` is above annual revenue"),
    ],
)
def test_a_condition_is_said_in_words(condition: str, says: str) -> None:
    tree = read(condition)
    assert tree is not None
    assert prose(tree, LABELS) == says


@given(text=condition)
@settings(max_examples=examples(150), deadline=None)
def test_every_condition_has_words_and_its_opposite_has_others(text: str) -> None:
    tree = read(text)
    if tree is not None:
        said = prose(tree, LABELS)
        assert said
        assert "\n" not in said
        assert prose(Not(tree), LABELS) == prose(tree, LABELS, negated=True) != said
        assert prose(Not(Not(tree)), LABELS) == said


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("pric(e|ing)|quote", ("price", "pricing", "quote")),
        ("no[- ]show", ("no-show", "no show")),
        ("funds? ok", ("funds ok", "fund ok")),
        (r"\ba\.b", ("a.b",)),
        ("(?:x|y)z", ("xz", "yz")),
        ("(a|b)(c|d)(e|f)(g|h)", None),
        ("a+", None),
        ("a.b", None),
        ("[a-z]x", None),
        (r"\d x", None),
        ("(?i:a)", None),
        ("x{2}", None),
    ],
)
def test_a_pattern_is_spelled_out_where_it_stands_for_few_words(pattern: str, words: tuple[str, ...] | None) -> None:
    assert pattern_words(pattern, most=10) == words


def test_the_page_of_the_default_policy_says_everything() -> None:
    page = policy_page(compiled((ROOT / "config/readiness.yaml").read_text("utf-8")).parsed, MAPPING)
    for said in (
        "# When a lead becomes an opportunity: pricing-discussed",
        "A lead is ready when all of these hold:",
        "- **Pricing has been discussed**: pricing discussed is ticked, or “Pricing came up in a call, meeting or",
        "of the last 90 days where the subject or description mentions “price”, “pricing”, “quote” or “proposal”",
        "Taken back when, later, the subject or description mentions “no budget” or “too expensive”.",
        "| **A meeting took place** | “A meeting took place” holds | reports only |",
        "1. from “Open - Not Contacted” to “Working - Contacted” when “Has been contacted” holds.",
        "one is made if budget is filled in; otherwise the lead becomes account and contact only",
        "in stage “Qualification”, closing 60 days after the run, with the amount budget",
        "- at most 200 conversions",
        "- at most 20% of the leads that are looked at",
        "- **Close date has passed**: it is not closed and close date is before today",
        "| pricing discussed | `Pricing_Discussed__c` |",
    ):
        assert said in page


def test_settings_away_from_the_defaults_are_said() -> None:
    text = """
policy: p
criteria: {a: budget > 1, b: decision_maker}
ready: a OR b
conversion:
  account: {match: [website], ambiguous: new, free_mail: [uni.example, isp.example]}
  opportunity: {create: false}
  owner: boss@example.com
  queue_owner: desk@example.com
  duplicates: reuse
  validation_rules: warn
  overwrite_lead_source: true
  notify_owner: true
limits: {conversions: null, share_of_open: null, per_owner: 5, canary: 0, max_mirror_age: 3 days, plan_valid: null}
transitions: [{to: X, when: a}]
"""
    page = policy_page(compiled(text).parsed, MAPPING)
    for said in (
        "A lead is ready when at least one of these holds:",
        "looked for by the web site, in that order; else a new one is made. If several fit, a new account is made.",
        "- Addresses at isp.example and uni.example say nothing of the company, as those of any free mail service.",
        "none is made; a lead becomes account and contact only.",
        "always `boss@example.com`; leads of a queue or of an inactive user go to `desk@example.com`.",
        "the record that is there already is used",
        "a lead that one would refuse is converted with a warning",
        "lead source is replaced",
        "gets an e-mail",
        "at most 5 conversions for one owner",
        "older than 3 days",
        "1. from any other to “X” when “A” holds.",
    ):
        assert said in page
    assert "at most 200" not in page
    assert "refuses to carry out" not in page


def test_what_a_person_wrote_cannot_become_markup() -> None:
    text = 'policy: "<img src=x> [a](b)"\ncriteria: {a: {label: "<b>|*x*", when: "company = \'<i>|\'"}}\nready: a'
    page = policy_page(compiled(text).parsed, MAPPING)
    assert "\\<img src=x\\> \\[a\\](b)" in page
    assert "<b>" not in page.replace("\\<b\\>", "")
    assert "\\<i\\>\\|" in page

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.policy.patterns import pattern_trouble
from sync.policy.regex_mutation import thinner_patterns


@pytest.mark.parametrize(
    ("pattern", "thinner"),
    [
        ("quote", []),
        ("pric(e|ing)|quote", ["pric(ing)|quote", "pric(e)|quote", "quote", "pric(e|ing)"]),
        ("no[- ]show", ["no[ ]show", "no[-]show"]),
        ("voice ?mail", ["voicemail", "voice mail"]),
        ("budget (is |was )?cut", ["budget (was )?cut", "budget (is )?cut", "budget cut", "budget (is |was )cut"]),
        (r"a\|b\(c", []),
        ("[a-z]x", []),
        ("(?i)one|two", ["(?i)two", "(?i)one"]),
        ("ab*?c", ["ac", "ab+c"]),
        (r"x[\].]y", [r"x[.]y", r"x[\]]y"]),
    ],
)
def test_each_word_of_a_pattern_is_left_out_once(pattern: str, thinner: list[str]) -> None:
    assert [found.pattern for found in thinner_patterns(pattern)] == thinner


def test_it_is_said_what_a_record_must_be_like() -> None:
    missing = {found.what: found.missing for found in thinner_patterns("pric(e|ing)|tea ?cup")}
    assert missing == {
        "without 'e'": "with 'e' where the pattern has '(e|ing)'",
        "without 'ing'": "with 'ing' where the pattern has '(e|ing)'",
        "without 'pric(e|ing)'": "in which of the words sought only 'pric(e|ing)' occurs",
        "without 'tea ?cup'": "in which of the words sought only 'tea ?cup' occurs",
        "without the optional ' '": "that has the optional ' '",
        "' ' no longer optional": "that lacks the optional ' '",
    }


@given(pattern=st.text("ab |()[]-?*+\\^{2}.", min_size=1, max_size=14))
def test_whatever_is_a_pattern_has_only_patterns_for_mutants(pattern: str) -> None:
    if pattern_trouble(pattern) is None:
        thinner = [found.pattern for found in thinner_patterns(pattern)]
        assert [one for one in thinner if pattern_trouble(one) is not None] == []
        assert pattern not in thinner

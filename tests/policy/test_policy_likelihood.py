"""Likelihoods in a policy: read like a field, unknown where there is none, never the only reason unless it says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.errors import PolicyInvalid
from sync.insight.policy_cases import CaseDatabase, run_cases
from sync.mapping import load_mapping
from sync.policy.case_reader import load_cases
from sync.policy.compile import compile_policy
from sync.policy.decision import Verdict
from sync.policy.loader import load_policy_text
from sync.policy.page import policy_page
from sync.policy.parsed import parse_policy
from sync.policy.schema import Policy

MAPPING = load_mapping(Path(__file__).parents[2] / "mappings")
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
CRITERIA = """\
policy: p
signals:
  talk: {activity: "contains(text, 'price')"}
criteria:
  likely: "likelihood >= 0.3"
  unlikely: "likelihood < 0.1"
  both: "likelihood >= 0.3 AND budget > 0"
  either: "likelihood >= 0.3 OR budget > 0"
  filled: "likelihood >= 0.3 AND budget IS NOT NULL"
  priced: "pricing_discussed OR talk"
  wary: "status = 'Closed - Not Converted'"
"""


def policy(ready: str, more: str = "") -> Policy:
    return load_policy_text(f'{CRITERIA}ready: "{ready}"\n{more}', "policy.yaml", MAPPING)


@pytest.mark.parametrize(
    "ready",
    ["likely", "likely OR priced", "NOT unlikely", "either", "likely AND NOT wary", "likely OR (priced AND wary)"],
)
def test_a_policy_by_which_the_likelihood_decides_alone_is_refused(ready: str) -> None:
    with pytest.raises(PolicyInvalid, match=r"policy.yaml:12: ready: a lead can become ready by its likelihood alone"):
        policy(ready)


@pytest.mark.parametrize(
    "ready", ["likely AND priced", "both", "filled", "priced OR both", "NOT unlikely AND priced", "NOT wary"]
)
def test_a_likelihood_beside_another_reason_is_welcome(ready: str) -> None:
    assert policy(ready).ready.text == ready


def test_a_policy_may_say_that_the_likelihood_decides_alone() -> None:
    assert policy("likely", "likelihood: {may_decide_alone: true}").likelihood_alone
    with pytest.raises(PolicyInvalid, match="alone"):
        policy("likely", "likelihood: {may_decide_alone: false}")
    with pytest.raises(PolicyInvalid, match="unknown key 'alone'"):
        policy("likely", "likelihood: {alone: true}")


READY = st.recursive(
    st.sampled_from(["likely", "unlikely", "both", "filled", "priced", "wary"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda t: f"(NOT {t})"),
    ),
    max_leaves=5,
)


@settings(deadline=None, max_examples=20)
@given(ready=READY)
def test_no_lead_that_nothing_is_known_of_becomes_ready_by_a_likelihood_that_was_accepted(ready: str) -> None:
    try:
        accepted = policy(ready)
    except PolicyInvalid:
        return
    cases = "\n".join(
        f"  - {{name: c{n}, lead: {{status: Working - Contacted{score}}}, expect: {{verdict: ready}}}}"
        for n, score in enumerate(("", ", likelihood: 0.05", ", likelihood: 0.2", ", likelihood: 0.9"))
    )
    read = load_cases(f"now: 2026-06-15T12:00:00Z\ncases:\n{cases}\n", "cases.yaml", accepted, MAPPING)
    with CaseDatabase(read.cases, MAPPING) as database:
        without, *scored = [r.outcome.decision for r in run_cases(database, parse_policy(accepted, MAPPING))]
    assert without is not None
    if without.verdict is not Verdict.READY:
        assert all(one is not None and one.verdict is not Verdict.READY for one in scored)


def test_a_likelihood_from_later_than_the_clock_is_unknown() -> None:
    ready = policy("both")
    read = load_cases(
        "now: 2026-06-15T12:00:00Z\n"
        "cases:\n  - {name: c, lead: {budget: 5, likelihood: 0.4}, expect: {verdict: ready}}",
        "cases.yaml",
        ready,
        MAPPING,
    )
    with CaseDatabase(read.cases, MAPPING) as database:
        assert all(result.passed for result in run_cases(database, parse_policy(ready, MAPPING)))
        earlier = compile_policy(ready, MAPPING, NOW - timedelta(seconds=1))
        (row,) = database.ask(NOW, earlier.decide_some_sql)
        (seen,) = database.ask(NOW, earlier.values_sql)
    assert earlier.decision(row).verdict is Verdict.BLOCKED
    assert earlier.values(seen)[1]["likelihood"] is None


def test_a_likelihood_is_no_value_to_read_again_in_the_org_and_no_change_to_propose() -> None:
    compiled = compile_policy(policy("both"), MAPPING, NOW)
    assert compiled.deciding_fields[-1] == "likelihood"
    assert "likelihood" not in (*compiled.converting_fields, *compiled.status_fields)
    assert "budget" in compiled.converting_fields


def test_a_signal_cannot_read_a_likelihood() -> None:
    with pytest.raises(PolicyInvalid, match="likelihood"):
        load_policy_text(
            'policy: p\nsignals:\n  s: {field: "likelihood > 0.5"}\ncriteria: {c: s}\nready: c\n', "p", MAPPING
        )


@pytest.mark.parametrize(("more", "said"), [("", "0 and 1 |"), ("likelihood: {may_decide_alone: true}", "by itself |")])
def test_the_page_of_a_policy_says_where_a_likelihood_comes_from(more: str, said: str) -> None:
    page = policy_page(parse_policy(policy("both", more), MAPPING), MAPPING)
    row = next(line for line in page.splitlines() if line.startswith("| likelihood |"))
    assert "learnt from the org's past" in row
    assert row.endswith(said)

"""Cases run, covered and mutated: what the reports say of a small policy."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from lxml import etree
from shipped import MAPPING

from sync.errors import PolicyInvalid
from sync.insight.junit import SuiteResult, junit_xml
from sync.insight.policy_cases import CaseDatabase, CaseResult, run_cases
from sync.insight.policy_coverage import CoverageReport, measure_coverage
from sync.insight.policy_mutants import MutationReport, run_mutants
from sync.policy.case_reader import load_cases, policy_of
from sync.policy.cases import CaseFile, place_of
from sync.policy.loader import load_policy_text
from sync.policy.parsed import ParsedPolicy, parse_policy

POLICY = """policy: p
signals:
  talk: {activity: "matches(text, 'price')", within: 9 days}
  words: {field: "contains(description, 'urgent')"}
criteria:
  rich: budget > 5
  talked: talk
ready: rich AND talked
conversion: {opportunity: {amount: budget}}
opportunity_checks: {late: close_date < today()}
"""
NOW = "now: 2026-06-15T12:00:00Z\n"


def parsed(text: str = POLICY) -> ParsedPolicy:
    return parse_policy(load_policy_text(text, "policy.yaml", MAPPING), MAPPING)


def file(text: str) -> CaseFile:
    return load_cases(NOW + text, "cases.yaml", parsed().policy, MAPPING)


def run(text: str) -> tuple[CaseResult, ...]:
    with CaseDatabase(file(text).cases, MAPPING) as database:
        return run_cases(database, parsed())


def covered(text: str) -> CoverageReport:
    cases = file(text)
    with CaseDatabase(cases.cases, MAPPING) as database:
        return measure_coverage(database, parsed(), cases.gaps)


def mutated(text: str, policy: str = POLICY) -> MutationReport:
    cases = load_cases(NOW + text, "cases.yaml", parsed(policy).policy, MAPPING)
    with CaseDatabase(cases.cases, MAPPING) as database:
        return run_mutants(database, parsed(policy), cases.mutants)


def said(text: str) -> list[str]:
    return [str(difference) for result in run(text) for difference in result.differences]


def test_a_case_that_holds_passes_and_one_that_does_not_names_each_difference() -> None:
    text = """cases:
  - {name: holds, lead: {budget: 6}, activities: [{at: 8 days ago, subject: Price}], expect: {verdict: ready}}
  - {name: fails, lead: {budget: 4}, expect: {verdict: ready, met: [rich], signals: {words: false}, amount: null}}
"""
    assert [result.passed for result in run(text)] == [True, False]
    assert said(text) == [
        "verdict: expected ready, got blocked",
        "criterion rich: expected met, got not_met",
        "signal words: expected false, got unknown",
        "amount: expected nothing, got 4.00",
    ]


def test_each_difference_has_its_place_in_the_policy() -> None:
    [result] = run("cases: [{name: x, expect: {met: [rich], signals: {talk: true}, checks: {late: true}, amount: 1}}]")
    assert [place_of(d, parsed().policy).line for d in result.differences] == [6, 3, 9, 10]


def test_a_signal_over_fields_can_be_expected_unknown() -> None:
    assert said("cases: [{name: x, expect: {signals: {words: unknown, talk: false}}}]") == []


def test_a_check_flags_a_case_when_one_of_its_opportunities_is_flagged() -> None:
    opportunities = "[{close_date: 2026-06-14}, {close_date: 2026-06-15}]"
    assert said(f"cases: [{{name: x, opportunities: {opportunities}, expect: {{checks: {{late: true}}}}}}]") == []
    assert said("cases: [{name: x, opportunities: [{close_date: 2026-06-15}], expect: {checks: {late: false}}}]") == []
    assert said("cases: [{name: x, expect: {checks: {late: false}}}]") == []


def test_cases_of_several_clocks_stand_side_by_side() -> None:
    text = """cases:
  - {name: now, lead: {budget: 6}, activities: [{at: 2026-06-10, subject: Price}], expect: {verdict: ready}}
  - {name: later, now: 2026-07-01, lead: {budget: 6}, activities: [{at: 2026-06-10, subject: Price}],
     expect: {verdict: blocked}}
"""
    assert said(text) == []
    with CaseDatabase(file(text).cases, MAPPING) as database:
        assert database.clocks == (datetime(2026, 6, 15, 12, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))


def test_a_deleted_lead_is_never_decided() -> None:
    assert said("cases: [{name: x, lead: {is_deleted: true}, expect: {verdict: ready}}]") == [
        "verdict: expected a decision, got none: the lead is deleted"
    ]


def test_values_of_every_type_arrive() -> None:
    text = """cases:
  - {name: x, lead: {budget: 5.01, number_of_employees: 3, pricing_discussed: true, purchase_timeline: 2026-07-01,
     created_at: 2026-01-01T08:00:00+02:00}, expect: {met: [rich]}}
  - {name: y, lead: {}, expect: {unknown: [rich]}}
"""
    with CaseDatabase(file(text).cases, MAPPING) as database:
        [one, other] = database.ask(
            database.clocks[0],
            "SELECT budget, created_at, purchase_timeline FROM lead WHERE id IN (SELECT unnest(?)) ORDER BY id",
        )
    assert one[0] == Decimal("5.0100")
    assert one[1] == datetime(2026, 1, 1, 6)  # noqa: DTZ001 -- as the mirror keeps it
    assert other == (None, None, None)


def test_coverage_lists_what_no_case_has_tried() -> None:
    report = covered("cases: [{name: x, lead: {budget: 6}, activities: [{subject: Price}], expect: {}}]")
    names = [gap.name for gap in report.gaps]
    assert {
        "criterion rich: never false",
        "criterion rich: never unknown",
        "signal talk: never false",
        "signal talk: never doesn't hold",
        "signal words: never unknown",
        "verdict: never out of scope",
        "check late: never true",
    } - set(names) == {"signal words: never unknown"}, "its description is empty, so it was unknown"
    assert "criterion rich: never true" not in names
    assert report.wanted == report.seen + len(report.gaps)


def test_a_gap_can_be_accepted_with_a_reason_but_only_where_there_is_one() -> None:
    report = covered(
        """cases: [{name: x, lead: {budget: 6}, activities: [{subject: Price}], expect: {}}]
accepted:
  - {gap: "criterion rich: never false", because: shown elsewhere}
  - {gap: "criterion rich: never true", because: wrong}
"""
    )
    assert [(gap.name, why.because) for gap, why in report.accepted] == [
        ("criterion rich: never false", "shown elsewhere")
    ]
    assert [(p.line, p.message) for p in report.wrongly_accepted] == [
        (5, "accepts what is no gap: criterion rich: never true")
    ]


BOUND = """policy: p
criteria: {rich: budget > 5}
ready: rich
conversion: {opportunity: {create: false}}
"""
COMPLETE = """cases:
  - {name: at the bound, lead: {budget: 5}, expect: {verdict: blocked, not_met: [rich], opportunity: false}}
  - {name: above, lead: {budget: 6}, expect: {verdict: ready}}
  - {name: closed, lead: {budget: 6, is_converted: true}, expect: {verdict: out_of_scope}}
"""


def test_complete_cases_leave_no_mutant_alive() -> None:
    report = mutated(COMPLETE, BOUND)
    assert [survivor.mutant.name for survivor in report.survivors] == []
    assert report.killed == report.total > 10


@pytest.mark.parametrize(
    ("left_out", "survivor", "missing"),
    [
        ("at the bound", "criterion rich: `budget > 5` → `budget >= 5`", "a case with a lead with budget = 5 exactly"),
        ("above", "ready: never true", "a case with a lead for which `rich` is true"),
    ],
)
def test_without_a_case_the_mutant_that_it_notices_survives(left_out: str, survivor: str, missing: str) -> None:
    text = "\n".join(line for line in COMPLETE.splitlines() if left_out not in line)
    survivors = {found.mutant.name: found for found in mutated(text, BOUND).survivors}
    assert survivors[survivor].missing == missing


def test_a_case_that_sees_a_mutant_but_expects_nothing_there_is_named() -> None:
    text = COMPLETE.replace(", opportunity: false", "")
    [survivor] = mutated(text, BOUND).survivors
    assert survivor.mutant.name == "opportunity.create: always instead of never"
    assert survivor.missing == "case 'at the bound' (cases.yaml:3) would, with `opportunity: false`"


def test_a_survivor_can_be_accepted_with_a_reason_but_only_a_survivor() -> None:
    text = (
        COMPLETE.replace(", opportunity: false", "")
        + """accepted:
  - {mutant: "opportunity.create: always instead of never", because: nobody asks}
  - {mutant: "ready: never true", because: wrong}
  - {mutant: "criterion poor: gone", because: wrong}
"""
    )
    report = mutated(text, BOUND)
    assert report.survivors == ()
    assert [(mutant.name, why.because) for mutant, why in report.accepted] == [
        ("opportunity.create: always instead of never", "nobody asks")
    ]
    assert [problem.message for problem in report.wrongly_accepted] == [
        "accepts a mutant that a case notices: ready: never true",
        "accepts a mutant that there is not: criterion poor: gone",
    ]


def test_what_is_accepted_needs_a_reason_and_a_single_thing() -> None:
    with pytest.raises(PolicyInvalid) as refused:
        file("cases: []\naccepted:\n  - {mutant: x}\n  - {mutant: x, gap: y, because: z}\n  - just so\n")
    assert [problem.line for problem in refused.value.problems] == [4, 5, 6, 6]


def test_a_file_says_which_policy_it_is_for() -> None:
    assert policy_of("policy: ../other.yaml\ncases: []", "cases.yaml") == "../other.yaml"
    assert policy_of("cases: []", "cases.yaml") is None


def test_the_junit_report_counts_failures_with_their_places() -> None:
    text = 'cases: [{name: fine, expect: {verdict: blocked}}, {name: "bad \\x07 name", expect: {verdict: ready}}]'
    results = run(text)
    coverage = covered(text)
    root = etree.fromstring(junit_xml([SuiteResult(policy=parsed().policy, results=results, coverage=coverage)]))
    [suite] = root
    assert suite.get("tests") == str(2 + len(coverage.gaps))
    assert suite.get("failures") == str(1 + len(coverage.gaps))
    cases = suite.findall("testcase")
    assert [(c.get("classname"), c.get("name"), c.get("file"), c.get("line")) for c in cases[:2]] == [
        ("p.cases", "fine", "cases.yaml", "2"),
        ("p.cases", "bad \ufffd name", "cases.yaml", "2"),
    ]
    assert cases[1].find("failure").get("message") == "verdict: expected ready, got blocked"
    assert {c.get("classname") for c in cases[2:]} == {"p.coverage"}

from __future__ import annotations

from dataclasses import replace

import pytest
from policy_mirror import compiled

from sync.policy.lint import LintResult, OrgWords, lint_policy

ORG = OrgWords(
    statuses=["New", "Working", "Qualified", "Closed"],
    converted_statuses=["Qualified"],
    stages=["Prospecting", "Qualification"],
    opportunity_record_types=["Enterprise"],
    picklists={"lead": {"priority": ["High", "Low"]}, "opportunity": {"stage_name": ["Prospecting"]}},
    formulas={"lead": {"rating"}},
)


def lint(more: str, org: OrgWords = ORG, when: str = "budget > 1") -> LintResult:
    return lint_policy(compiled(f'policy: p\ncriteria: {{a: "{when}"}}\nready: a\n{more}').parsed, org)


def test_a_policy_that_fits_has_nothing_said_of_it() -> None:
    result = lint("conversion: {status: Qualified, opportunity: {stage: Prospecting, record_type: Enterprise}}")
    assert result == LintResult(errors=(), warnings=())


@pytest.mark.parametrize(
    ("more", "says", "fix"),
    [
        ("conversion: {status: Converted}", "'Converted' is no Lead Status", "these convert: 'Qualified'"),
        ("conversion: {status: Working}", "'Working' doesn't convert", "these convert: 'Qualified'"),
        ("conversion: {opportunity: {stage: Qualificaton}}", "no active stage", "did you mean 'Qualification'?"),
        ("conversion: {opportunity: {record_type: Small}}", "no record type 'Small'", "it has 'Enterprise'"),
        ("transitions: [{to: Wrking, when: a}]", "'Wrking' is no Lead Status", "did you mean 'Working'?"),
        ("transitions: [{to: Working, from: [new], when: a}]", "'new' is no Lead Status", "did you mean 'New'?"),
        ("transitions: [{to: Qualified, when: a}]", "only a conversion sets", "let `ready` decide it"),
    ],
)
def test_what_the_org_does_not_have_is_an_error(more: str, says: str, fix: str) -> None:
    [problem] = lint(more).errors
    assert says in problem.message
    assert problem.fix == fix
    assert problem.line == 4


def test_several_converted_statuses_need_a_choice_and_none_is_an_error() -> None:
    several = replace(ORG, converted_statuses=["Qualified", "Closed"])
    assert "several statuses convert" in lint("", several).errors[0].message
    assert "no Lead Status that converts" in lint("", replace(ORG, converted_statuses=[])).errors[0].message
    assert lint("").errors == ()


@pytest.mark.parametrize(
    "when",
    ["status = 'Wrking'", "'Wrking' <> status", "status IN ('New', 'Wrking')", "NOT status IN ('Wrking')"],
)
def test_a_value_that_no_record_can_have_is_a_warning(when: str) -> None:
    [problem] = lint("", when=when).warnings
    assert (problem.message, problem.fix) == (
        "'Wrking' is no active value of lead.status, so the comparison never matches",
        "did you mean 'Working'?",
    )


def test_values_of_other_picklists_and_opportunities_are_checked_too() -> None:
    assert "lead.priority" in lint("", when="priority = 'Medium'").warnings[0].message
    checks = "opportunity_checks: {x: \"stage_name = 'Won'\"}"
    assert "opportunity.stage_name" in lint(checks).warnings[0].message


def test_formula_fields_are_pointed_out() -> None:
    [problem] = lint("", when="rating IS NOT NULL").warnings
    assert "lead.rating is a formula" in problem.message


def test_a_signal_that_nothing_uses_is_pointed_out() -> None:
    [problem] = lint("signals: {idle: {activity: is_closed}}").warnings
    assert "signal idle is used by no criterion" in problem.message


def test_transitions_to_and_fro_are_pointed_out() -> None:
    both = "transitions: [{to: Working, from: [New], when: a}, {to: New, from: [Working], when: a}]"
    [problem] = lint(both).warnings
    assert "to and fro" in problem.message

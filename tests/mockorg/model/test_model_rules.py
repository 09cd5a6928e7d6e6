from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_world import a_lead, an_org, every, make, refusal, row
from ruamel.yaml import YAML

from sync.mockorg import duplicates, rows
from sync.mockorg.formula import FormulaError, evaluate, parse_formula
from sync.mockorg.org import Org
from sync.mockorg.rows import DmlOptions
from sync.mockorg.rules import scope

FORMULAS: dict[str, Any] = YAML(typ="safe", pure=True).load(Path(__file__).with_name("formulas.yaml"))


@pytest.mark.parametrize(("text", "expected"), FORMULAS["cases"], ids=str)
def test_a_formula_comes_to(org: Org, text: str, expected: object) -> None:
    lead = row(org, "Lead", make(org, "Lead", **FORMULAS["lead"]))
    result = evaluate(parse_formula(text), scope(org, org.access.admin, org.schema.object("Lead"), None, lead))
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(("text", "problem"), FORMULAS["refused"])
def test_a_formula_that_cannot_be_read_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    assert str(caught.value).partition(":")[2] == problem.partition(":")[2]


@given(st.text(max_size=40))
def test_any_text_is_a_formula_or_a_formula_error(text: str) -> None:
    try:
        formula = parse_formula(text)
    except FormulaError:
        return
    assert formula.text == text


RULES = """
validation_rules:
  - object: Lead
    name: no going back
    condition: "AND(NOT(ISNEW()), ISCHANGED(Rating), ISPICKVAL(PRIORVALUE(Rating), 'Hot'))"
    message: Once hot, always hot.
    field: Rating
  - {object: Lead, name: off, condition: "TRUE", message: never, active: false}
  - {object: Lead, name: a, condition: "BEGINS(Company, 'Bad')", message: Bad company.}
  - {object: Lead, name: b, condition: "CONTAINS(Company, 'Bad')", message: Really bad company., field: company}
"""


def test_rules_see_whether_a_field_changed_and_from_what() -> None:
    org = an_org(RULES)
    lead = a_lead(org, Rating="Hot")
    assert rows.update(org, org.access.admin, "Lead", lead, {"Title": "x"}).success
    result = rows.update(org, org.access.admin, "Lead", lead, {"Rating": "Cold"})
    assert refusal(result) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Once hot, always hot.")
    assert result.errors[0].fields == ("Rating",)


def test_all_rules_that_refuse_are_reported() -> None:
    org = an_org(RULES)
    result = rows.create(org, org.access.admin, "Lead", {"LastName": "x", "Company": "Bad Inc"})
    assert [(each.message, each.fields) for each in result.errors] == [
        ("Bad company.", ()),
        ("Really bad company.", ("Company",)),
    ]
    assert every(org, "Lead") == []


def test_a_flow_refuses_in_its_own_words() -> None:
    org = an_org(
        "automations:\n"
        '  - {object: Lead, name: Check, kind: flow, on: [update], refuses_when: "ISBLANK(Title)", message: no title}\n'
    )
    lead = a_lead(org)
    code, message = refusal(rows.update(org, org.access.admin, "Lead", lead, {"FirstName": "x"}))
    assert code == "CANNOT_EXECUTE_FLOW_TRIGGER"
    assert "no title" in message


DUPLICATES = """
duplicate_rules:
  - {name: Same mail, object: Lead, match: [Email], against: {Lead: [Email], Contact: [Email]}}
  - {name: Same company and city, object: Lead, match: [Company, City], action: block, operations: [create]}
"""


def test_find_duplicates_lists_every_rule_that_ran() -> None:
    org = an_org(DUPLICATES)
    contact = make(org, "Contact", LastName="A", Email="a@acme.example")
    lead = a_lead(org, Email="x@acme.example", City="Bonn")
    mail, company = duplicates.find(org, org.access.admin, "Lead", {"Email": "A@ACME.example", "company": "Acme"})
    assert [each.record for each in mail.match_results[0].match_records] == [{"Id": contact}]
    assert mail.match_results[0].entity_type == "Contact"
    assert (company.duplicate_rule, company.match_results) == ("Same company and city", ())
    _, company = duplicates.find(
        org, org.access.admin, "Lead", {"Company": "acme", "City": "bonn"}, include_details=True
    )
    assert company.match_results[0].match_records[0].record["Id"] == lead
    assert company.match_results[0].match_records[0].record["LastName"] == "Miller"
    assert company.allow_save is False


def test_an_alert_refuses_until_the_client_allows_the_save() -> None:
    org = an_org(DUPLICATES)
    make(org, "Contact", LastName="A", Email="a@acme.example")
    values = {"LastName": "B", "Company": "B", "Email": "a@acme.example"}
    result = rows.create(org, org.access.admin, "Lead", values)
    assert refusal(result) == ("DUPLICATES_DETECTED", "Use one of these records?")
    assert rows.create(org, org.access.admin, "Lead", values, DmlOptions(duplicates_allow_save=True)).success


def test_an_edit_is_checked_only_when_what_is_matched_changes() -> None:
    org = an_org(DUPLICATES)
    make(org, "Contact", LastName="A", Email="a@acme.example")
    options = DmlOptions(duplicates_allow_save=True)
    made = rows.create(
        org, org.access.admin, "Lead", {"LastName": "B", "Company": "B", "Email": "a@acme.example"}, options
    )
    assert made.id is not None
    assert rows.update(org, org.access.admin, "Lead", made.id, {"Title": "x"}).success
    other = a_lead(org, Email="b@acme.example")
    assert (
        refusal(rows.update(org, org.access.admin, "Lead", other, {"Email": "a@acme.example"}))[0]
        == "DUPLICATES_DETECTED"
    )

"""Validation rules on the way into a plan: read from the org when something is to be saved, and not otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from test_insight_planning import MAPPINGS, Desk

from sync.insight.rules import counted, rule_facts, untold
from sync.mapping import OrgMapping, digest, parse_mappings
from sync.plan.actions import Outcome, Prediction
from sync.salesforce.org import ValidationRule, ValidationRules

from apply_scene import ORG_YAML, scene  # isort: skip -- its folder is put on the path by the module above

RULES = """
validation_rules:
  - {object: Lead, name: Needs_Title, message: A title please, field: Title,
     condition: 'AND(NOT(ISNEW()), ISCHANGED(Status), ISBLANK(Title))'}
  - {object: Contact, name: Needs_Phone, message: A phone please, field: Phone, condition: ISBLANK(Phone)}
"""
LEAD = MAPPINGS["lead"] + "  title: {field: Title, type: text}\n  phone: {field: Phone, type: phone}\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    texts = {**MAPPINGS, "lead": LEAD}
    objects, problems = parse_mappings([(text, f"{name}.yaml") for name, text in texts.items()])
    assert not problems
    with scene(tmp_path, ORG_YAML + RULES) as opened:
        opened.mock.clock.tick()
        yield Desk(opened, OrgMapping(objects=objects, digest=digest(objects.values())))


def tooling_calls(desk: Desk) -> int:
    return sum(entry.operation == "tooling.composite" for entry in desk.scene.mock.requests.last)


def test_a_status_update_is_held_against_fields_that_the_policy_never_reads(desk: Desk) -> None:
    (without,) = desk.scene.leads(1, Status="Open - Not Contacted")
    (titled,) = desk.scene.leads(1, Status="Open - Not Contacted", Title="Head of Pumps")
    desk.pull()
    desk.scene.mock.requests.reset()

    plan = desk.draw_up()

    predicted = {action.lead_id: action for action in plan.actions}
    assert predicted[titled].prediction is Prediction.WILL_SUCCEED
    (blocker,) = predicted[without].blockers
    assert (blocker.code, blocker.field) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Lead.Title")
    assert tooling_calls(desk) == 2
    assert desk.scene.apply(plan).outcomes[Outcome.APPLIED] == 1


def test_a_conversion_is_held_against_the_rules_of_all_that_it_makes(desk: Desk) -> None:
    (lead,) = desk.scene.leads(1, Title="Head of Pumps")
    desk.scene.create("Task", {"WhoId": lead, "Subject": "Price list sent", "Status": "Completed"})
    desk.pull()

    (action,) = desk.draw_up().actions

    assert [blocker.field for blocker in action.blockers] == ["Contact.Phone"]
    assert "look at Phone on the lead" in action.blockers[0].fix


def test_a_plan_without_actions_asks_for_no_rules(desk: Desk) -> None:
    desk.scene.leads(1)
    desk.pull()
    desk.scene.mock.requests.reset()

    assert desk.draw_up().actions == ()
    assert tooling_calls(desk) == 0


def told(*formulas: str | None) -> ValidationRules:
    names = (
        ValidationRule(object="Lead" if n else "Account", name=f"R{n}", message="no", field=None, formula=formula)
        for n, formula in enumerate(formulas)
    )
    return ValidationRules(rules=tuple(names), at_conversion=True)


def test_rules_that_no_record_alone_decides_are_named_with_what_stands_in_the_way() -> None:
    found = told("ISBLANK(Phone)", "AND($User.Alias = 'x', VLOOKUP(a, b, c) = Owner.Name)", None, "2 ^ 3 = 8")

    assert counted(found) == "4 active (Account 1, Lead 3)"
    (said,) = untold(found)
    assert said.startswith("3 can't be foretold for every lead (Lead.R1: $User.Alias, VLOOKUP(), Owner.Name; Lead.R2: ")
    assert "can't read (position 3" in said
    assert [*untold(told("ISBLANK(Phone)"))] == []


def test_rules_are_kept_by_object_in_the_orgs_order() -> None:
    assert {name: [rule.name for rule in rules] for name, rules in rule_facts(told("TRUE", "TRUE", None)).items()} == {
        "Account": ["R0"],
        "Lead": ["R1", "R2"],
    }

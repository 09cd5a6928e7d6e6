"""Validation rules as the client tells them, whatever the org says or refuses to say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sync.salesforce.org import ValidationRule, ValidationRules
from sync.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from org_stage import Stage

    from sync.mockorg import MockOrg

OBJECTS = ("Lead", "Account")
RULES = """
profiles:
  - {name: System Administrator, convert_leads: true, modify_all_data: true, view_setup: true}
  - {name: Seller, convert_leads: true, objects: {Lead: [read, edit]}}
users:
  - {username: admin@rules.example, last_name: Admin}
  - {username: seller@rules.example, last_name: Seller, profile: Seller}
conversion: {require_validation: false}
validation_rules:
  - {object: Lead, name: Needs_Title, condition: ISBLANK(Title), message: A title please, field: title}
  - {object: Account, name: Needs_Website, condition: ISBLANK(Website), message: A website please}
  - {object: Account, name: Off, condition: "TRUE", message: never, active: false}
  - {object: Contact, name: Not_Asked, condition: "TRUE", message: never}
"""
MANY = [
    f"  - {{object: Opportunity, name: Rule_{n:02}, condition: Amount > {n}, message: Rule {n}}}\n" for n in range(30)
]


@pytest.fixture(scope="module")
def org_yaml() -> str:
    """Rules on four objects, thirty of them on Opportunity."""
    return RULES + "".join(MANY)


def test_active_rules_come_with_their_formulas(stage: Stage, mock: MockOrg) -> None:
    found = stage.client().validation_rules(OBJECTS)

    website = ValidationRule(
        object="Account", name="Needs_Website", message="A website please", field=None, formula="ISBLANK(Website)"
    )
    title = ValidationRule(
        object="Lead", name="Needs_Title", message="A title please", field="Title", formula="ISBLANK(Title)"
    )
    assert found == ValidationRules(rules=(website, title), at_conversion=False)


def test_thirty_rules_cost_three_calls_and_none_cost_one(stage: Stage, mock: MockOrg) -> None:
    client = stage.client()
    before = mock.org.limits.usage()[0]

    found = client.validation_rules(["Opportunity"])
    assert [rule.formula for rule in found.rules] == [f"Amount > {n}" for n in range(30)]
    assert mock.org.limits.usage()[0] == before + 3

    assert client.validation_rules(["Task"]).rules == ()
    assert mock.org.limits.usage()[0] == before + 4


def test_a_user_without_view_setup_is_told_so_and_nothing_is_raised(
    stage: Stage, mock: MockOrg, tmp_path: Path
) -> None:
    token = mock.login("seller@rules.example")
    variables = {"LEADGATE_INSTANCE_URL": stage.url, "LEADGATE_ACCESS_TOKEN": token}
    stage.settings = load_settings(tmp_path, variables).org()

    assert stage.client().validation_rules(OBJECTS) == ValidationRules(refused="INVALID_TYPE")


def test_an_org_without_tooling_is_told_so_and_nothing_is_raised(stage: Stage, mock: MockOrg) -> None:
    stage.settings = replace(stage.settings, api_version="39.0")

    assert stage.client().validation_rules(OBJECTS) == ValidationRules(refused="NOT_FOUND")


def test_an_org_that_tells_its_rules_but_not_its_lead_settings_leaves_it_open(stage: Stage, mock: MockOrg) -> None:
    stage.settings = replace(stage.settings, api_version="46.0")

    found = stage.client().validation_rules(OBJECTS)

    assert [rule.name for rule in found.rules] == ["Needs_Website", "Needs_Title"]
    assert (found.at_conversion, found.refused) == (None, None)

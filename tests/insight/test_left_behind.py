from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "apply"))

from apply_scene import ORG_YAML, Scene, scene

from sync.insight.left_behind import children_left
from sync.plan.facts import ChildrenFact
from sync.salesforce.org import OrgReader

DEMOS = """
custom_objects:
  - name: Demo__c
    fields: [{name: Lead__c, type: reference, reference_to: [Lead], child_relationship: Demos}]
"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path, ORG_YAML + DEMOS) as opened:
        yield opened


def left(org: OrgReader, leads: list[str]) -> dict[str, tuple[ChildrenFact, ...]]:
    return dict(children_left(org, org.describe("Lead"), leads))


def test_custom_records_that_point_to_a_lead_are_counted(here: Scene) -> None:
    shown, alone = here.leads(2)
    here.create("Demo__c", *({"Name": f"Demo {n}", "Lead__c": shown} for n in range(3)))
    assert left(here.org, [shown, alone]) == {shown: (ChildrenFact(object="Demo__c", field="Lead__c", count=3),)}


def test_an_org_without_custom_children_is_not_asked_for_any(tmp_path: Path) -> None:
    with scene(tmp_path) as plain:
        leads = plain.leads(2)
        described = plain.org.describe("Lead")
        before = plain.mock.requests.count()
        assert children_left(plain.org, described, leads) == {}
        assert plain.mock.requests.count() == before

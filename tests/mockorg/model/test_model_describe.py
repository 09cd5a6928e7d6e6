from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from model_world import an_org

from sync.mockorg.describe import describe_global, describe_object
from sync.mockorg.org import Org

FOLDER = Path(os.environ.get("LEADGATE_RECORDINGS", Path(__file__).parents[4] / "shared" / "recordings")) / "describe"
RECORDED = ("Lead", "Opportunity", "Account", "Contact", "Event", "OpportunityContactRole")
# What the recorded orgs have beyond a fresh one, or say by an odd rule of their own.
ODD = {("Account", "Name", "compoundFieldName"), ("Opportunity", "Fiscal", "byteLength")}

needs_recordings = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recorded describes are not here")


def described(org: Org, name: str) -> dict[str, Any]:
    return describe_object(
        org, org.access.admin, org.schema.object(name), version="59.0", instance_url="https://x.my.salesforce.com"
    )


def recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"GET_sobjects_{name}_describe.json").read_text(encoding="utf-8"))
    found["fields"] = [each for each in found["fields"] if not each["name"].endswith("__c")]
    return found


@needs_recordings
@pytest.mark.parametrize("name", RECORDED)
def test_a_describe_has_the_keys_and_flags_of_a_real_one(org: Org, name: str) -> None:
    real, ours = recorded(name), described(org, name)
    separately = {"fields", "childRelationships", "urls", "recordTypeInfos"}
    assert {key: value for key, value in real.items() if key not in separately} == {
        key: ours[key] for key in real if key not in separately
    }
    assert set(real["urls"]) == set(ours["urls"])


@needs_recordings
@pytest.mark.parametrize("name", RECORDED)
def test_fields_are_described_as_in_a_real_org(org: Org, name: str) -> None:
    real, ours = recorded(name)["fields"], described(org, name)["fields"]
    assert [each["name"] for each in real] == [each["name"] for each in ours]
    differences = []
    for theirs, mine in zip(real, ours, strict=True):
        assert set(theirs) == set(mine)
        long_lists = {"picklistValues"} if len(theirs["picklistValues"]) > 60 else set()
        differences += [
            (theirs["name"], key, theirs[key], mine[key])
            for key in set(theirs) - long_lists - {"referenceTo"}
            if theirs[key] != mine[key] and (name, theirs["name"], key) not in ODD
        ]
        assert set(mine["referenceTo"]) <= set(theirs["referenceTo"])
    assert differences == []


@needs_recordings
@pytest.mark.parametrize("name", RECORDED)
def test_child_relationships_are_among_the_real_ones(org: Org, name: str) -> None:
    real = {(each["childSObject"], each["field"]): each for each in recorded(name)["childRelationships"]}
    for each in described(org, name)["childRelationships"]:
        assert each == real[each["childSObject"], each["field"]]


def test_describe_global_lists_what_the_user_may_read() -> None:
    org = an_org(
        """
profiles:
  - {name: Nothing but leads, objects: {Lead: [read]}}
  - {name: System Administrator, modify_all_data: true}
users:
  - {username: admin@example.com, last_name: A}
  - {username: reader@example.com, last_name: R, profile: Nothing but leads}
"""
    )
    reader = org.access.by_username("reader@example.com")
    assert reader is not None
    listed: Any = describe_global(org, reader, version="60.0")
    names = {each["name"]: each for each in listed["sobjects"]}
    assert "Opportunity" not in names
    assert (names["Lead"]["createable"], names["Lead"]["queryable"]) == (False, True)
    everything: Any = describe_global(org, org.access.admin, version="60.0")
    assert {"Opportunity", "LeadHistory", "LeadStatus"} <= {each["name"] for each in everything["sobjects"]}


def test_hidden_fields_are_not_described_and_read_only_ones_say_so() -> None:
    org = an_org(
        """
custom_fields:
  Lead: [{name: Secret__c, type: string}, {name: Shown__c, type: string}]
profiles:
  - {name: System Administrator, modify_all_data: true, fields: {Lead.Secret__c: none, Lead.Shown__c: read}}
"""
    )
    fields = {each["name"]: each for each in described(org, "Lead")["fields"]}
    assert "Secret__c" not in fields
    assert (fields["Shown__c"]["updateable"], fields["Shown__c"]["custom"]) == (False, True)


def test_custom_fields_are_described_by_their_kind() -> None:
    org = an_org(
        """
custom_objects:
  - name: Project__c
    fields: [{name: Lead__c, type: reference, reference_to: [Lead], child_relationship: Projects}]
custom_fields:
  Lead:
    - {name: Key__c, type: string, length: 20, external_id: true, unique: true}
    - {name: Notes__c, type: textarea, length: 32768}
    - {name: Score__c, type: double, precision: 4, scale: 1}
    - {name: Tags__c, type: multipicklist, picklist: [a, b], restricted: true}
    - {name: Full__c, type: string, formula: "FirstName & LastName"}
"""
    )
    fields = {each["name"]: each for each in described(org, "lead")["fields"]}
    assert (fields["Key__c"]["idLookup"], fields["Key__c"]["externalId"], fields["Key__c"]["byteLength"]) == (
        True,
        True,
        60,
    )
    assert (fields["Notes__c"]["filterable"], fields["Notes__c"]["sortable"]) == (False, False)
    assert (fields["Score__c"]["precision"], fields["Score__c"]["scale"], fields["Score__c"]["soapType"]) == (
        4,
        1,
        "xsd:double",
    )
    assert [each["value"] for each in fields["Tags__c"]["picklistValues"]] == ["a", "b"]
    assert (fields["Full__c"]["calculated"], fields["Full__c"]["createable"]) == (True, False)
    project = org.schema.object("project__c")
    assert project.key_prefix == "a00"
    assert "Projects" in {each.name for each in org.schema.object("Lead").child_relationships}

"""Describes of a real org, held against the mock org's at every depth: keys and types of what is in both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import recorded
import requests
from recorded import differences, document

from sync.mockorg import MockOrg

pytestmark = recorded.needed

LATER_KEYS = {"sobjectDescribeOption", "associateEntityType", "associateParentEntity"}
"""Keys that came after the oldest of these recordings (v48)."""


@pytest.fixture(scope="module")
def session() -> Iterator[tuple[str, dict[str, str]]]:
    mock = MockOrg(seed=3)
    with mock.in_process():
        yield f"{mock.instance_url}/services/data/v66.0", {"Authorization": f"Bearer {mock.login()}"}


def asked(session: tuple[str, dict[str, str]], path: str) -> Any:
    base, headers = session
    return requests.get(base + path, headers=headers, timeout=10).json()


@pytest.mark.parametrize("name", ["Lead", "Opportunity", "Account", "Contact", "Event", "OpportunityContactRole"])
def test_a_describe_is_of_the_recorded_shape(session: tuple[str, dict[str, str]], name: str) -> None:
    ours, theirs = asked(session, f"/sobjects/{name}/describe"), document(f"describe/GET_sobjects_{name}_describe.json")
    fields = {field["name"]: field for field in theirs.pop("fields")}
    for field in ours.pop("fields"):
        assert differences(field, fields[field["name"]], field["name"]) == []
    for key in LATER_KEYS - theirs.keys():
        del ours[key]
    assert differences(ours, theirs) == []


def test_describe_global_is_of_the_recorded_shape(session: tuple[str, dict[str, str]]) -> None:
    ours, theirs = asked(session, "/sobjects"), document("describe/GET_sobjects_Global_describe.json")
    objects = {each["name"]: each for each in theirs.pop("sobjects")}
    shared = [each for each in ours.pop("sobjects") if each["name"] in objects]
    assert {"Lead", "Account", "Contact", "Opportunity", "Event", "User", "Organization"} <= {e["name"] for e in shared}
    for each in shared:
        real = objects[each["name"]]
        assert each.pop("urls").keys() <= real.pop("urls").keys(), each["name"]
        assert differences(each, real, each["name"]) == []
    assert differences(ours, theirs) == []


def test_a_row_is_of_the_recorded_shape(session: tuple[str, dict[str, str]]) -> None:
    theirs = document("describe/GET_sobjects_Organization.json")
    (listed,) = asked(session, "/query?q=SELECT Id FROM Organization")["records"]
    ours = asked(session, f"/sobjects/Organization/{listed['Id']}")
    shared = {key: value for key, value in theirs.items() if key in ours}
    assert differences(ours, shared) == []

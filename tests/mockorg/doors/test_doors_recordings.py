"""Answers of the doors against recorded exchanges of real orgs; skipped where the recordings are not at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import requests
from doors_client import Client
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[3]
RECORDINGS = Path(os.environ.get("LEADGATE_RECORDINGS", ROOT.parent / "shared" / "recordings"))

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings of real orgs at hand")


def interactions(name: str) -> list[dict[str, Any]]:
    loaded = YAML(typ="safe").load((RECORDINGS / "cumulusci" / name).read_text(encoding="utf-8"))
    return [each for each in loaded["interactions"] if "request" in each]


def body_of(interaction: dict[str, Any]) -> Any:
    return json.loads(interaction["response"]["body"]["string"])


def har() -> list[dict[str, Any]]:
    (file,) = (RECORDINGS / "jupiterone").glob("*.har")
    return list(json.loads(file.read_text(encoding="utf-8"))["log"]["entries"])


def test_an_expired_session_is_refused_in_the_recorded_words(client: Client) -> None:
    recorded = next(each["response"] for each in har() if each["response"]["status"] == 401)

    answer = requests.get(client.url("/sobjects/User/describe"), headers={"Authorization": "Bearer x"}, timeout=5)

    headers = {each["name"]: each["value"] for each in recorded["headers"]}
    assert answer.json() == json.loads(recorded["content"]["text"])
    assert answer.headers["WWW-Authenticate"] == headers["www-authenticate"]
    assert answer.headers["Content-Type"] == headers["content-type"]
    assert answer.headers["Cache-Control"] == headers["cache-control"]


def test_an_unknown_client_is_refused_in_the_recorded_words(client: Client) -> None:
    recorded = next(each["response"] for each in har() if each["response"]["status"] == 400)

    answer = requests.post(
        "https://login.salesforce.com/services/oauth2/token",
        data={"grant_type": "refresh_token", "client_id": "x", "refresh_token": "y"},
        timeout=5,
    )

    assert answer.status_code == 400
    assert answer.json() == json.loads(recorded["content"]["text"])


def test_errors_inside_a_composite_are_the_recorded_ones(client: Client) -> None:
    (missing,) = interactions("TestCompositeParallelSalesforce.test_errors.yaml")
    (counts,) = interactions("TestCountSObjects.test_count_sobjects__errors.yaml")
    for recorded in (missing, counts):
        request = json.loads(recorded["request"]["body"].replace("/vxx.0/", "/v66.0/"))
        expected = body_of(recorded)["compositeResponse"]

        answer = client.post("/composite", json=request).json()["compositeResponse"]

        for ours, theirs in zip(answer, expected, strict=True):
            if theirs["httpStatusCode"] >= 400:
                assert ours == theirs
            else:
                assert ours.keys() == theirs.keys()
                assert ours["body"].keys() == theirs["body"].keys()


def test_a_collection_is_answered_in_the_recorded_shape(client: Client) -> None:
    recorded = next(
        each
        for each in interactions("TestUpdatesIntegrationTests.test_updates_task.yaml")
        if each["request"]["method"] == "PATCH"
    )
    request = json.loads(recorded["request"]["body"])
    for record in request["records"]:
        record["Id"] = client.new("Account", Name="Acme")

    answer = client.patch("/composite/sobjects", json=request).json()

    expected = body_of(recorded)
    assert [list(each) for each in answer] == [list(each) for each in expected]
    assert [each["success"] for each in answer] == [each["success"] for each in expected]
    assert [each["id"] for each in answer] == [each["Id"] for each in request["records"]]


def test_a_row_is_answered_with_the_recorded_keys(client: Client) -> None:
    recorded = json.loads((RECORDINGS / "describe" / "GET_sobjects_Organization.json").read_text(encoding="utf-8"))

    answer = client.get(f"/sobjects/Organization/{client.mock.org_id}").json()

    assert set(answer) <= set(recorded)
    assert answer["attributes"].keys() == recorded["attributes"].keys()


@pytest.mark.parametrize("object_name", ["Lead", "Opportunity", "Account", "Contact", "Event"])
def test_a_describe_has_the_recorded_keys(client: Client, object_name: str) -> None:
    file = RECORDINGS / "describe" / f"GET_sobjects_{object_name}_describe.json"
    recorded = json.loads(file.read_text(encoding="utf-8"))

    answer = client.get(f"/sobjects/{object_name}/describe").json()

    assert answer.keys() >= recorded.keys()
    assert answer["fields"][0].keys() >= recorded["fields"][0].keys()


@pytest.mark.parametrize(
    ("fixture", "path"),
    [
        ("get_updated_success_response.json", "updated"),
        ("get_deleted_success_response.json", "deleted"),
    ],
)
def test_replication_is_answered_with_the_recorded_keys(client: Client, fixture: str, path: str) -> None:
    recorded = json.loads((RECORDINGS / "restforce-fixtures" / fixture).read_text(encoding="utf-8"))

    answer = client.get(
        f"/sobjects/Lead/{path}", params={"start": "2026-05-01T10:00:00Z", "end": "2026-05-01T11:00:00Z"}
    ).json()

    assert answer.keys() == recorded.keys()

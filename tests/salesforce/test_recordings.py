"""What real orgs sent, read by our parsers. Skipped where the recordings aren't at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import responses
from ruamel.yaml import YAML
from stubbed_web import DATA

from sync.salesforce.calls import Call, Reply
from sync.salesforce.client import SalesforceClient
from sync.salesforce.collections import _answer
from sync.salesforce.describe import object_describe
from sync.salesforce.failures import failure_of
from sync.salesforce.faults import Kind
from sync.salesforce.org import Accepted, RecordUpdate, Refused
from sync.salesforce.rest import deleted_in, page_in, updated_in
from sync.salesforce.usage import UsageMeter

READ = Call(method="GET", path="", template="/")


def exchanges(recordings: Path, folder: str) -> list[dict[str, Any]]:
    """Every recorded exchange of a folder that parses as VCR's YAML."""
    found: list[dict[str, Any]] = []
    for file in sorted((recordings / folder).glob("*.y*ml")):
        text = file.read_text("utf-8").replace("!ruby/", "# !ruby/")
        yaml = YAML(typ="safe", pure=True)
        yaml.allow_duplicate_keys = True  # as the recorder wrote them
        data = yaml.load(text)
        listed = data.get("interactions") or data.get("http_interactions") or []
        found += [entry for entry in listed if isinstance(entry, dict)]
    assert found
    return [entry for entry in found if "request" in entry]  # the others include shared recordings


def test_a_real_leads_describe_is_understood_whole(recordings: Path) -> None:
    data = json.loads((recordings / "describe" / "GET_sobjects_Lead_describe.json").read_text("utf-8"))
    lead = object_describe(data)
    assert (lead.name, lead.key_prefix, len(lead.fields)) == ("Lead", "00Q", 54)
    converted = lead.field("isconverted")
    assert converted is not None
    assert (converted.createable, converted.updateable) == (True, False)
    status = lead.field("Status")
    assert status is not None
    assert not status.restricted_picklist
    assert "Closed - Converted" in {entry.value for entry in status.picklist}
    owner = lead.field("OwnerId")
    assert owner is not None
    assert set(owner.reference_to) == {"Group", "User"}
    assert owner.relationship_name == "Owner"


def test_every_recorded_describe_is_understood(recordings: Path) -> None:
    for file in (recordings / "describe").glob("*_describe.json"):
        if "Global" not in file.name:
            described = object_describe(json.loads(file.read_text("utf-8")))
            assert described.fields
            assert any(entry.master for entry in described.record_types) or described.name == "OpportunityContactRole"


def test_windows_of_changes_are_read(recordings: Path) -> None:
    folder = recordings / "restforce-fixtures"
    updated = updated_in(json.loads((folder / "get_updated_success_response.json").read_text()))
    assert all(len(id_) == 18 for id_ in updated.ids)
    deleted = deleted_in(json.loads((folder / "get_deleted_success_response.json").read_text()))
    assert set(deleted.deleted_at) == set(deleted.ids)
    assert deleted.covered_until.tzinfo is not None


def test_pages_lead_to_the_next(recordings: Path) -> None:
    folder = recordings / "restforce-fixtures"
    first = page_in(json.loads((folder / "query_paginated_first_page_response.json").read_text()), "/query")
    assert first["nextRecordsUrl"]
    page_in(json.loads((folder / "query_paginated_last_page_response.json").read_text()), "/query")


def test_real_refusals_are_told_by_code(recordings: Path) -> None:
    folder = recordings / "restforce-fixtures"
    for name, status, code, kind in (
        ("expired_session_response.json", 401, "INVALID_SESSION_ID", Kind.REFRESH),
        ("query_error_response.json", 400, "INVALID_FIELD", Kind.REJECTED),
        ("sobject_find_error_response.json", 404, "NOT_FOUND", Kind.REJECTED),
        ("refresh_error_response.json", 400, "invalid_grant", Kind.REFUSED),
    ):
        data = json.loads((folder / name).read_text())
        failure = failure_of(READ, Reply(status=status, headers={}, content=b"-", data=data))
        assert failure is not None
        assert (failure.code, failure.kind) == (code, kind), name


def test_a_real_401_is_a_session_to_renew(recordings: Path) -> None:
    har = json.loads(next((recordings / "jupiterone").glob("*.har")).read_text("utf-8"))
    refused = [entry["response"] for entry in har["log"]["entries"] if entry["response"]["status"] == 401]
    assert refused
    for response in refused:
        data = json.loads(response["content"]["text"])
        failure = failure_of(READ, Reply(status=401, headers={}, content=b"-", data=data))
        assert failure is not None
        assert failure.kind is Kind.REFRESH


def test_real_collection_answers_give_one_answer_per_record(recordings: Path) -> None:
    lists = 0
    for entry in exchanges(recordings, "cumulusci"):
        if "composite/sobjects" not in entry["request"]["uri"] or entry["request"]["method"] == "GET":
            continue
        body = json.loads(_text(entry["response"]))
        if not isinstance(body, list):
            continue
        lists += 1
        for row in body:
            answer = _answer(RecordUpdate(object="x", id="1", values={}), row)
            assert isinstance(answer, Accepted if row["success"] else Refused)
    assert lists


def test_a_real_composites_inner_failures_are_told_apart(
    recordings: Path, web: responses.RequestsMock, org: SalesforceClient
) -> None:
    bodies = [
        json.loads(_text(entry["response"]))
        for entry in exchanges(recordings, "cumulusci")
        if entry["request"]["uri"].endswith("/composite")
    ]
    inner = [part for body in bodies for part in body["compositeResponse"]]
    codes = set()
    for part in inner:
        failure = failure_of(READ, Reply(status=part["httpStatusCode"], headers={}, content=b"-", data=part["body"]))
        codes.add(failure.code if failure else None)
    assert {"NOT_FOUND", "INVALID_TYPE"} & codes
    counted = next(part for part in inner if part["httpStatusCode"] == 200 and "totalSize" in part["body"])
    web.post(f"{DATA}/composite", json={"compositeResponse": [{**counted, "referenceId": "part0"}]})
    assert org.count("SELECT COUNT() FROM Account") == counted["body"]["totalSize"]


def test_real_writes_tell_the_quota_and_real_losses_their_code(recordings: Path) -> None:
    meter = UsageMeter()
    codes = set()
    for entry in exchanges(recordings, "restforce-db"):
        headers = {name: values[0] for name, values in entry["response"]["headers"].items()}
        meter.read_headers(headers)
        if entry["response"]["status"]["code"] == 404:
            data = json.loads(_text(entry["response"]))
            failure = failure_of(READ, Reply(status=404, headers=headers, content=b"-", data=data))
            assert failure is not None
            codes.add(failure.code)
    usage = meter.usage()
    assert usage is not None
    assert 0 < usage.used < usage.allowed
    assert codes <= {"NOT_FOUND", "ENTITY_IS_DELETED"}


def _text(response: Any) -> str:
    body = response["body"]
    text = body["string"] if isinstance(body, dict) else body
    return text if isinstance(text, str) else json.dumps(text)

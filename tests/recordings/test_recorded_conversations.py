"""Conversations that others had with real orgs, held again with the mock org: same statuses, keys, types and errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
import recorded
import requests
from recorded import Exchange, conversation, differences

from sync.mockorg import MockOrg

pytestmark = recorded.needed

CUMULUS = "cumulusci/"
RESTFORCE = "restforce-db/Restforce_DB_"
MANY_RECORDS = (
    "Associations_HasMany__with_an_inverse_mapping___build__"
    "builds_a_number_of_associated_records_from_the_data_in_Salesforce.yml"
)
CONVERSATIONS = [
    f"{CUMULUS}TestCompositeParallelSalesforce.test_errors.yaml",
    f"{CUMULUS}TestCompositeParallelSalesforce.test_reference_ids.yaml",
    f"{CUMULUS}TestCountSObjects.test_count_sobjects__errors.yaml",
    f"{CUMULUS}TestCountSObjects.test_count_sobjects_simple.yaml",
    f"{CUMULUS}TestSelect.test_select_similarity_select_and_insert_strategy_bulk.yaml",
    f"{CUMULUS}TestUpdatesIntegrationTests.test_updates_task.yaml",
    f"{CUMULUS}TestUpsert.test_upsert_complex_external_id_field_rest__duplicate_error.yaml",
    f"{RESTFORCE}{MANY_RECORDS}",
    f"{RESTFORCE}Instances_Salesforce___update___updates_the_record_in_Salesforce_with_the_passed_attributes.yml",
]
THEIR_OBJECTS = """
custom_objects:
  - name: CustomObject__c
    fields:
      - {name: SynchronizationId__c, type: string, length: 255}
      - {name: Example_Field__c, type: string, length: 255}
  - name: CustomObjectDetail__c
    fields: [{name: CustomObject__c, type: reference, reference_to: [CustomObject__c], on_delete: cascade}]
"""
ID = re.compile(r"\b[a-zA-Z0-9]{3}[0-9a-zA-Z]{2}0000[0-9a-zA-Z]{6}[A-Z0-5]{3}\b")
ALREADY_THERE = {"001": ("Account", {"Name": "Acme"}), "003": ("Contact", {"LastName": "Doe"})}


@pytest.fixture
def mock() -> Iterator[MockOrg]:
    org = MockOrg(seed=3, org_yaml=THEIR_OBJECTS)
    with org.in_process():
        yield org


class Replay:
    """Holds a conversation again; ids of the real org stand for the ids that the mock org gave instead."""

    def __init__(self, mock: MockOrg) -> None:
        self._mock = mock
        self._headers = {"Authorization": f"Bearer {mock.login()}", "Content-Type": "application/json"}
        self._ids: dict[str, str] = {}

    def ask(self, method: str, target: str, sent: str | None = None) -> requests.Response:
        """A request to the mock org."""
        body = sent.encode() if sent else None
        return requests.request(method, self._mock.instance_url + target, data=body, headers=self._headers, timeout=10)

    def again(self, exchange: Exchange) -> requests.Response:
        """The same request, with the mock org's ids in it."""
        answer = self.ask(exchange.method, self._ours(exchange.target), self._ours(exchange.sent or ""))
        self._remember(exchange.answer, answer.json() if answer.content else None)
        return answer

    def _ours(self, text: str) -> str:
        return ID.sub(lambda found: self._known(found[0]), text)

    def _known(self, theirs: str) -> str:
        """Our id for one of theirs; a record that was there before they began is made now."""
        if theirs not in self._ids:
            object_name, values = ALREADY_THERE[theirs[:3]]
            made = requests.post(
                f"{self._mock.instance_url}/services/data/v66.0/sobjects/{object_name}",
                json=values,
                headers=self._headers,
                timeout=10,
            )
            self._ids[theirs] = made.json()["id"]
        return self._ids[theirs]

    def _remember(self, theirs: Any, ours: Any) -> None:
        """Results stand in the same order on both sides."""
        results = zip(*(each if isinstance(each, list) else [each] for each in (theirs, ours)), strict=False)
        for one, other in results:
            if isinstance(one, dict) and isinstance(other, dict) and "id" in one and "id" in other:
                self._ids[one["id"]] = other["id"]


@pytest.mark.parametrize("name", CONVERSATIONS, ids=lambda name: name.rsplit("/", 1)[1][:60])
def test_a_recorded_conversation_can_be_held_again(mock: MockOrg, name: str) -> None:
    exchanges = [each for each in conversation(name, version="v66.0") if each.asks_for_data]
    assert exchanges
    replay = Replay(mock)
    for exchange in exchanges:
        answer = replay.again(exchange)
        where = f"{exchange.method} {exchange.target}: {answer.text}"
        assert answer.status_code == exchange.status, where
        assert differences(answer.json() if answer.content else "", exchange.answer) == [], where
        expected = {header.lower() for header in exchange.headers} & {"sforce-limit-info", "location", "content-type"}
        assert expected <= {header.lower() for header in answer.headers}, where


def test_the_password_grant_is_answered_in_the_recorded_shape(mock: MockOrg) -> None:
    exchange = conversation(CONVERSATIONS[-1], version="v66.0")[0]
    form = {name: values[0] for name, values in parse_qs(exchange.sent).items()}
    credentials, user = mock.org.settings.credentials, mock.org.access.admin.setting
    form |= {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
    form |= {"username": user.username, "password": user.password + user.security_token}
    answer = requests.post(f"https://login.salesforce.com{exchange.target}", data=form, timeout=10)
    assert answer.status_code == exchange.status
    later = {"scope"}  # real ones say it since; this recording is of 2015
    assert differences({key: value for key, value in answer.json().items() if key not in later}, exchange.answer) == []
    assert re.fullmatch(r"https://login\.salesforce\.com/id/00D\w{15}/005\w{15}", answer.json()["id"])


@pytest.mark.parametrize("status", [400, 401])
def test_refusals_of_tokens_are_the_recorded_ones(mock: MockOrg, status: int) -> None:
    exchange = next(
        each for each in recorded.har("jupiterone/client-auth-error_1895315980.har") if each.status == status
    )
    host = mock.instance_url if status == 401 else "https://login.salesforce.com"
    answer = requests.request(
        exchange.method,
        host + exchange.target,
        data={"grant_type": "refresh_token", "client_id": "x", "refresh_token": "y"} if status == 400 else None,
        headers={"Authorization": "Bearer 00Dx!gone"},
        timeout=10,
    )
    assert (answer.status_code, answer.json()) == (status, exchange.answer)
    for header in ("www-authenticate", "content-type", "sforce-limit-info"):
        assert answer.headers.get(header) == exchange.headers.get(header)


def _query(soql: str) -> Callable[[Replay], requests.Response]:
    return lambda replay: replay.ask("GET", f"/services/data/v66.0/query?q={soql}")


@pytest.mark.parametrize(
    ("file", "ask"),
    [
        ("query_empty_response.json", _query("SELECT Id FROM Lead")),
        (
            "query_aggregate_success_response.json",
            _query("SELECT CampaignId, SUM(Amount) FROM Opportunity GROUP BY CampaignId"),
        ),
        ("services_data_success_response.json", lambda replay: replay.ask("GET", "/services/data")),
        (
            "create_success_response.json",
            lambda replay: replay.ask("POST", "/services/data/v66.0/sobjects/Account", '{"Name":"Acme"}'),
        ),
        (
            "sobject_describe_error_response.json",
            lambda replay: replay.ask("GET", "/services/data/v66.0/sobjects/Nonsense__c/describe"),
        ),
    ],
)
def test_answers_have_the_shape_that_another_client_expects(
    mock: MockOrg, file: str, ask: Callable[[Replay], requests.Response]
) -> None:
    replay = Replay(mock)
    replay.ask(
        "POST",
        "/services/data/v66.0/sobjects/Opportunity",
        '{"Name":"Acme","StageName":"Prospecting","CloseDate":"2026-12-31","Amount":100}',
    )
    assert differences(ask(replay).json(), recorded.document(f"restforce-fixtures/{file}")) == []

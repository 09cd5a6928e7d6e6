"""Independent clients against the mock org: what they rely on must hold without our knowing how they do it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from doors_client import Client
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed, SalesforceGeneralError
from simple_salesforce.exceptions import SalesforceExpiredSession, SalesforceMalformedRequest

from sync import mockorg
from sync.mockorg import MockOrg
from sync.mockorg.clock import Clock

ADMIN = "admin@leadgate-mock.example"


def logged_in(client: Client) -> Salesforce:
    return Salesforce(session_id=client.mock.login(), instance_url=client.mock.instance_url, version="66.0")


def test_simple_salesforce_logs_in_every_way_it_knows(client: Client) -> None:
    by_password = Salesforce(username=ADMIN, password="leadgate-mock", security_token="")
    by_secret = Salesforce(
        domain="leadgate-mock.my", consumer_key="leadgate-mock-client", consumer_secret="leadgate-mock-secret"
    )
    by_assertion = Salesforce(
        username=ADMIN, consumer_key="leadgate-mock-client", privatekey=client.mock.new_jwt_key().encode()
    )

    for each in (by_password, by_secret, by_assertion):
        assert each.sf_instance == "leadgate-mock.my.salesforce.com"
        assert each.query("SELECT count() FROM Lead")["totalSize"] == 0


def test_simple_salesforce_is_refused_as_by_a_real_org(client: Client) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(username=ADMIN, password="wrong", security_token="")
    sf = logged_in(client)
    client.mock.expire_sessions()
    with pytest.raises(SalesforceExpiredSession):
        sf.query("SELECT Id FROM Lead")


def test_simple_salesforce_works_with_records(client: Client) -> None:
    sf = logged_in(client)

    lead = sf.Lead.create({"LastName": "Doe", "Company": "Acme"})["id"]
    assert sf.Lead.update(lead, {"Title": "CEO"}) == 204
    assert sf.Lead.get(lead)["Title"] == "CEO"
    assert sf.query_all("SELECT Id FROM Lead")["records"][0]["Id"] == lead
    assert "Status" in {field["name"] for field in sf.Lead.describe()["fields"]}
    assert sf.limits()["DailyApiRequests"]["Max"] == 15_000
    with pytest.raises(SalesforceMalformedRequest):
        sf.Lead.create({"LastName": "Doe"})
    with pytest.raises(SalesforceGeneralError) as refused:
        sf.Lead.update(lead, {"Title": "x"}, headers={"If-Unmodified-Since": "Fri, 01 May 2020 00:00:00 GMT"})
    assert refused.value.status == 412
    assert sf.Lead.delete(lead) == 204


@pytest.mark.slow  # it looks at its jobs every five seconds
def test_simple_salesforce_moves_records_in_bulk(client: Client) -> None:
    sf = logged_in(client)
    records = [{"LastName": f"N{number}", "Company": "Acme"} for number in range(30)]

    (answer,) = sf.bulk2.Lead.insert(records=records)
    pages = list(sf.bulk2.Lead.query("SELECT Id, LastName FROM Lead", max_records=20))

    assert (answer["numberRecordsProcessed"], answer["numberRecordsFailed"]) == (30, 0)
    assert len(pages) == 2
    assert sf.bulk2.Lead.get_successful_records(answer["job_id"]).count("\n") == 31


pytest_plugins = ["pytester"]


def test_the_fixture_gives_a_test_its_own_org(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import requests

        def test_one(mock_org):
            headers = {"Authorization": f"Bearer {mock_org.login()}"}
            url = f"{mock_org.instance_url}/services/data/v66.0/sobjects/Lead"
            body = {"LastName": "Doe", "Company": "Acme"}
            assert requests.post(url, json=body, headers=headers, timeout=5).status_code == 201

        def test_two(mock_org):
            assert mock_org.org.store.count(mock_org.org.schema.object("Lead")) == 0
        """
    )

    pytester.runpytest_inprocess().assert_outcomes(passed=2)


def test_the_plugin_costs_nothing_until_it_is_used() -> None:
    """Every pytest run of whoever installed the package loads it."""
    script = (
        "import sys, pytest; before = set(sys.modules); import sync.mockorg.pytest_plugin; "
        "print(*set(sys.modules) - before)"
    )
    asked = [sys.executable, "-c", script]

    loaded = subprocess.run(  # noqa: S603 - our own script
        asked, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    ).stdout.split()

    assert not [
        name for name in loaded if name.startswith(("requests", "lxml", "cheroot", "responses", "sqlite3", "lark"))
    ]
    assert "sync.mockorg.service" not in loaded


def test_the_public_names_are_there_and_no_others() -> None:
    assert [getattr(mockorg, name).__name__ for name in mockorg.__all__] == ["Fault", "FaultKind", "MockOrg"]
    with pytest.raises(AttributeError):
        mockorg.Nope  # noqa: B018 - the access is the test


def test_two_orgs_do_not_know_each_other() -> None:
    one, two = MockOrg(seed=1), MockOrg(seed=2, clock=Clock(frozen=True))
    token = one.login()

    with two.in_process():
        sf = Salesforce(session_id=token, instance_url=two.instance_url, version="66.0")
        with pytest.raises(SalesforceExpiredSession):
            sf.query("SELECT Id FROM Lead")

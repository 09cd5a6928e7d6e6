from __future__ import annotations

import pytest
import requests
from doors_client import Client
from doors_soap import envelope, fault, results, send
from lxml import etree

LOGIN = "<u:login><u:username>{user}</u:username><u:password>{password}</u:password></u:login>"
ADMIN = "admin@leadgate-mock.example"


def test_soap_login_gives_a_session_and_an_address(either: Client) -> None:
    answer = send(either, envelope(None, LOGIN.format(user=ADMIN, password="leadgate-mock")), version="59.0")

    (result,) = results(etree.fromstring(answer.content))
    assert list(result) == [
        "metadataServerUrl",
        "passwordExpired",
        "sandbox",
        "serverUrl",
        "sessionId",
        "userId",
        "userInfo",
    ]
    assert result["serverUrl"] == f"{either.base}/services/Soap/u/59.0/{either.mock.org_id[:15]}"
    headers = {"Authorization": f"Bearer {result['sessionId']}"}
    assert requests.get(either.url("/limits"), headers=headers, timeout=5).status_code == 200
    again = requests.post(
        str(result["serverUrl"]),
        data=envelope(result["sessionId"], "<u:getServerTimestamp/>"),
        headers={"Content-Type": "text/xml", "SOAPAction": '""'},
        timeout=5,
    )
    assert "2026-05-01T12:00:00.000Z" in again.text


@pytest.mark.parametrize(
    ("version", "password", "code", "kind"),
    [
        ("59.0", "wrong", "INVALID_LOGIN", "LoginFault"),
        ("65.0", "leadgate-mock", "UNSUPPORTED_API_VERSION", "UnexpectedErrorFault"),
        ("67.0", "leadgate-mock", "UNSUPPORTED_API_VERSION", "UnexpectedErrorFault"),
    ],
)
def test_soap_login_is_refused(client: Client, version: str, password: str, code: str, kind: str) -> None:
    body = envelope(None, LOGIN.format(user=ADMIN, password=password))

    found, message, found_kind = fault(client, body, version=version)

    assert (found, found_kind) == (code, kind)
    if code == "INVALID_LOGIN":
        assert message == "Invalid username, password, security token; or user locked out."


@pytest.mark.parametrize("org_yaml", ["credentials: {soap_login: false}"])
def test_soap_login_may_be_switched_off(client: Client, org_yaml: str) -> None:
    body = envelope(None, LOGIN.format(user=ADMIN, password="leadgate-mock"))

    assert fault(client, body, version="59.0")[0] == "INVALID_OPERATION"


def test_the_enterprise_address_speaks_the_enterprise_namespace(client: Client) -> None:
    urn = "urn:enterprise.soap.sforce.com"
    answer = send(client, envelope(client.mock.login(), "<u:getUserInfo/>", urn=urn), path="c")

    assert answer.status_code == 200
    assert f'xmlns="{urn}"' in answer.text
    assert fault(client, envelope(client.mock.login(), "<u:getUserInfo/>"), path="c")[0] == "UNKNOWN_EXCEPTION"


def test_logout_ends_the_session(client: Client) -> None:
    token = client.mock.login()

    assert send(client, envelope(token, "<u:logout/>")).status_code == 200
    assert fault(client, envelope(token, "<u:getUserInfo/>"))[0] == "INVALID_SESSION_ID"

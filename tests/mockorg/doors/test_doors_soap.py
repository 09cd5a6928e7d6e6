from __future__ import annotations

import pytest
import requests
from doors_client import Client
from doors_soap import SOAP, convert, envelope, fault, lead_convert, results, send


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("<u:AllOrNoneHeader><u:allOrNone>true</u:allOrNone></u:AllOrNoneHeader>", "INVALID_SOAP_HEADER"),
        ("<u:AssignmentRuleHeader/>", "INVALID_SOAP_HEADER"),
        ("<u:Surprise/>", "INVALID_SOAP_HEADER"),
        ("<u:PackageVersionHeader/>", "FUNCTIONALITY_NOT_ENABLED"),
    ],
)
def test_headers_that_convert_lead_does_not_have_are_a_fault(client: Client, header: str, code: str) -> None:
    body = envelope(client.mock.login(), f"<u:convertLead>{lead_convert(client.lead())}</u:convertLead>", header=header)

    assert fault(client, body)[0] == code


def test_headers_of_other_specifications_are_passed_over(client: Client) -> None:
    header = '<w:Action xmlns:w="http://www.w3.org/2005/08/addressing">x</w:Action>'

    assert results(convert(client, lead_convert(client.lead()), header=header))[0]["success"] == "true"


@pytest.mark.parametrize("token", [None, "", "00Dnonsense!x"])
def test_a_call_without_a_session_is_the_fault_invalid_session_id(client: Client, token: str | None) -> None:
    answer = send(client, envelope(token, "<u:getUserInfo/>"))

    assert answer.status_code == 500
    assert "<faultcode>sf:INVALID_SESSION_ID</faultcode>" in answer.text


def test_a_jwt_based_token_opens_rest_but_not_soap(client: Client) -> None:
    token = client.mock.login(jwt_token=True)

    assert token.startswith("eyJ")
    assert token.count(".") == 2
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(client.url("/limits"), headers=headers, timeout=5).status_code == 200
    assert fault(client, envelope(token, "<u:getUserInfo/>"))[0] == "INVALID_SESSION_ID"


@pytest.mark.parametrize("version", ["30.0", "68.0", "66"])
def test_versions_that_are_not_served_are_a_fault(client: Client, version: str) -> None:
    body = envelope(client.mock.login(), "<u:getUserInfo/>")

    assert fault(client, body, version=version)[0] == "UNSUPPORTED_API_VERSION"


def test_an_operation_that_is_not_modelled_is_refused_loudly(client: Client) -> None:
    answer = send(client, envelope(client.mock.login(), "<u:describeLayout/>"))

    assert answer.status_code == 500
    assert answer.headers["X-Mock-Org-Not-Modelled"] == "the SOAP operation describeLayout"


def test_the_action_header_and_the_media_type_are_needed(client: Client) -> None:
    body = envelope(client.mock.login(), "<u:getUserInfo/>")
    url = f"{client.base}/services/Soap/u/66.0"

    without_action = requests.post(url, data=body, headers={"Content-Type": "text/xml"}, timeout=5)
    with_json = requests.post(url, data=body, headers={"Content-Type": "application/json", "SOAPAction": ""}, timeout=5)

    assert "SOAPAction HTTP header missing" in without_action.text
    assert with_json.status_code == 500
    assert requests.get(url, timeout=5).status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"not xml",
        b"<a/>",
        f'<e:Envelope xmlns:e="{SOAP}"><e:Body/></e:Envelope>'.encode(),
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + envelope(None, "<x>&a;</x>"),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + envelope(None, "<x/>"),
        b"",
    ],
)
def test_what_is_no_envelope_or_brings_a_dtd_is_a_fault(client: Client, body: bytes) -> None:
    assert fault(client, body)[0] == "UNKNOWN_EXCEPTION"

from __future__ import annotations

import gzip
import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import responses
import structlog
from pydantic import SecretStr
from structlog.testing import capture_logs
from stubbed_web import DATA, OPAQUE, URL
from transport_calls import LEAD, at, update

from sync import events
from sync.errors import AccessRefused, OrgFault, OrgUnavailable
from sync.org_settings import AccessToken, OrgSettings
from sync.salesforce.client import SalesforceClient, open_org
from sync.salesforce.org import Accepted, Answer, LeadConvert, NotSent, Unknown
from sync.salesforce.transport import CLIENT

SOAP = f"{URL}/services/Soap/u/66.0"
EMPTY = {"totalSize": 0, "done": True, "records": []}
EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


EXPIRED_SOAP = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault>'
    "<faultcode>sf:INVALID_SESSION_ID</faultcode><faultstring>INVALID_SESSION_ID: x</faultstring>"
    "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
)


CONVERTED = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<convertLeadResponse xmlns="urn:partner.soap.sforce.com"><result><success>true</success></result>'
    "</convertLeadResponse></soapenv:Body></soapenv:Envelope>"
)


def convert(org: SalesforceClient) -> Answer:
    (answer,) = org.convert([LeadConvert(lead_id=LEAD, converted_status="Closed - Converted")])
    return answer


def asked(web: responses.RequestsMock, path: str) -> list[requests.PreparedRequest]:
    return [call.request for call in web.calls if path in str(call.request.url)]


def test_every_data_call_says_who_calls_and_leaves_the_recent_list_alone(
    web: responses.RequestsMock, org: SalesforceClient
) -> None:
    web.get(f"{DATA}/query", json=EMPTY)
    list(org.query("SELECT Id FROM Lead"))
    headers = asked(web, "/query")[0].headers
    assert headers["Sforce-Call-Options"] == f"client={CLIENT}"
    assert headers["Sforce-Mru"] == "updateMru=false"
    assert headers["Accept-Encoding"] == "gzip"
    assert headers["Authorization"] == f"Bearer {OPAQUE}"
    assert "X-PrettyPrint" not in headers


def test_the_list_of_versions_is_asked_without_a_token(web: responses.RequestsMock, org: SalesforceClient) -> None:
    web.get(f"{DATA}/query", json=EMPTY)
    list(org.query("SELECT Id FROM Lead"))
    assert "Authorization" not in asked(web, "/services/data")[0].headers


def test_a_netrc_file_does_not_replace_the_token(
    web: responses.RequestsMock, org: SalesforceClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine acme.my.salesforce.com login u password p\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    web.get(f"{DATA}/query", json=EMPTY)
    list(org.query("SELECT Id FROM Lead"))
    assert asked(web, "/query")[0].headers["Authorization"] == f"Bearer {OPAQUE}"
    assert "Authorization" not in asked(web, "/services/data")[0].headers


def test_a_missing_file_of_authorities_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    org = at("https://127.0.0.1:9", [])
    with pytest.raises(OrgUnavailable, match="trusted authorities") as unusable:
        list(org.query("SELECT Id FROM Lead"))
    assert unusable.value.place == "REQUESTS_CA_BUNDLE"


def test_cookies_are_not_kept(web: responses.RequestsMock, org: SalesforceClient) -> None:
    web.get(f"{DATA}/query", json=EMPTY, headers={"Set-Cookie": "BrowserId=x; path=/"})
    list(org.query("SELECT Id FROM Lead"))
    list(org.query("SELECT Id FROM Lead"))
    assert all("Cookie" not in request.headers for request in asked(web, "/query"))


def test_a_renewed_session_repeats_the_call_with_all_that_it_carried(
    web: responses.RequestsMock, renewing: SalesforceClient
) -> None:
    path = f"{DATA}/composite/sobjects"
    web.patch(path, status=401, json=EXPIRED)
    web.patch(path, json=[{"id": LEAD, "success": True, "errors": []}])
    assert update(renewing) == Accepted(id=LEAD)
    first, second = (dict(request.headers) for request in asked(web, "/composite/sobjects"))
    assert first.pop("Authorization") != second.pop("Authorization")
    assert first == second
    assert first["Sforce-Auto-Assign"] == "FALSE"
    bodies = {request.body for request in asked(web, "/composite/sobjects")}
    assert len(bodies) == 1
    assert None not in bodies


def test_a_renewed_session_goes_into_the_soap_envelope_too(
    web: responses.RequestsMock, renewing: SalesforceClient
) -> None:
    web.post(SOAP, status=500, body=EXPIRED_SOAP, content_type="text/xml")
    web.post(SOAP, body=CONVERTED, content_type="text/xml")
    assert convert(renewing) == Accepted(id=LEAD)
    first, second = (str(request.body) for request in asked(web, "/Soap/"))
    assert "!t1<" in first
    assert "!t2<" in second
    assert asked(web, "/Soap/")[1].headers["SOAPAction"] == '""'


def test_threads_that_are_refused_together_log_in_once(web: responses.RequestsMock, renewing: SalesforceClient) -> None:
    gate = threading.Barrier(4)

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        if request.headers["Authorization"].endswith("!t1"):
            gate.wait(5)
            return 401, {}, json.dumps(EXPIRED)
        return 200, {}, json.dumps(EMPTY)

    web.add_callback(responses.GET, f"{DATA}/query", callback=answer)
    renewing._transport.api_version  # noqa: B018 -- logs in once, before the threads start
    threads = [threading.Thread(target=lambda: list(renewing.query("SELECT Id FROM Lead"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(asked(web, "/oauth2/token")) == 2


def test_large_bodies_travel_as_gzip_and_small_ones_as_they_are(
    web: responses.RequestsMock, org: SalesforceClient
) -> None:
    web.patch(f"{DATA}/composite/sobjects", json=[{"id": LEAD, "success": True, "errors": []}])
    update(org, "x")
    update(org, "long " * 2000)
    small, large = asked(web, "/composite/sobjects")
    assert "Content-Encoding" not in small.headers
    assert large.headers["Content-Encoding"] == "gzip"
    assert isinstance(large.body, bytes)
    assert json.loads(gzip.decompress(large.body))["records"][0]["Title"].startswith("long ")


def test_a_call_that_certainly_did_not_run_is_sent_again(
    web: responses.RequestsMock, org: SalesforceClient, slept: list[float]
) -> None:
    path = f"{DATA}/composite/sobjects"
    busy = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentPerOrgLongTxn Limit exceeded."}]
    web.patch(path, status=403, json=busy)
    web.patch(path, body=requests.exceptions.ConnectTimeout())
    web.patch(path, json=[{"id": LEAD, "success": True, "errors": []}])
    assert update(org) == Accepted(id=LEAD)
    assert len(slept) == 2
    assert 1 <= slept[0] <= 2
    assert 2 <= slept[1] <= 3


def test_a_conversion_is_not_even_sent_again_where_no_connection_came_about(
    web: responses.RequestsMock, org: SalesforceClient, slept: list[float]
) -> None:
    web.post(SOAP, body=requests.exceptions.ConnectTimeout())
    answer = convert(org)
    assert isinstance(answer, NotSent)
    assert answer.code == "NO_CONNECTION"
    assert (len(asked(web, "/Soap/")), slept) == (1, [])


def test_a_login_that_fails_during_a_write_means_not_sent(
    web: responses.RequestsMock, renewing: SalesforceClient
) -> None:
    web.replace(responses.POST, f"{URL}/services/oauth2/token", body=requests.exceptions.ReadTimeout())
    for answer in (update(renewing), convert(renewing)):
        assert isinstance(answer, NotSent)


def test_a_login_server_that_is_away_for_a_moment_is_waited_for(
    web: responses.RequestsMock, renewing: SalesforceClient, slept: list[float]
) -> None:
    path = f"{URL}/services/oauth2/token"
    web.replace(responses.POST, path, body=requests.exceptions.ConnectTimeout())
    web.post(path, json={"access_token": OPAQUE, "instance_url": URL})
    web.patch(f"{DATA}/composite/sobjects", json=[{"id": LEAD, "success": True, "errors": []}])
    assert update(renewing) == Accepted(id=LEAD)
    assert len(slept) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({"body": "<html>please log in</html>", "content_type": "text/html"}, "web page"),
        ({"body": '[{"id": "00Q', "content_type": "application/json"}, "whole JSON"),
        ({"body": "", "content_type": "application/json"}, "whole JSON"),
        ({"json": []}, "answer each record"),
        ({"json": [{"nonsense": 1}]}, "can't be read"),
        ({"status": 302, "headers": {"Location": "https://elsewhere.example"}}, "redirects"),
        ({"status": 502, "body": "<html>bad gateway</html>", "content_type": "text/html"}, "502"),
        ({"status": 500, "json": [{"errorCode": "UNKNOWN_EXCEPTION", "message": "ErrorId : 1"}]}, "UNKNOWN_EXCEPTION"),
        ({"status": 500, "json": [{"errorCode": "BRAND_NEW", "message": "x"}]}, "BRAND_NEW"),
        ({"body": requests.exceptions.ChunkedEncodingError("secret bytes")}, "broke off"),
        ({"body": requests.exceptions.ConnectionError("aborted")}, "broke off"),
        ({"body": requests.exceptions.ReadTimeout("secret")}, "in time"),
    ],
)
def test_a_write_without_a_trustworthy_answer_is_unknown_and_sent_once(
    web: responses.RequestsMock, org: SalesforceClient, reply: dict[str, object], said: str
) -> None:
    web.patch(f"{DATA}/composite/sobjects", **reply)  # type: ignore[arg-type] # a table of stubs
    answer = update(org)
    assert isinstance(answer, Unknown)
    assert said in f"{answer.code} {answer.message}"
    assert "secret" not in answer.message
    assert len(asked(web, "/composite/sobjects")) == 1


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "MALFORMED_QUERY", OrgFault),
        (403, "API_DISABLED_FOR_ORG", AccessRefused),
        (403, "REQUEST_LIMIT_EXCEEDED", OrgFault),
        (403, "BRAND_NEW", AccessRefused),
        (404, "NOT_FOUND", OrgFault),
        (414, "URI_TOO_LONG", OrgFault),
        (500, "INVALID_LOGIN", AccessRefused),
    ],
)
def test_a_no_is_told_with_its_code_its_cause_and_its_fix(
    web: responses.RequestsMock, org: SalesforceClient, status: int, code: str, error: type[Exception]
) -> None:
    web.get(f"{DATA}/query", status=status, json=[{"errorCode": code, "message": "no"}])
    with pytest.raises(error) as refused:
        list(org.query("SELECT Id FROM Lead WHERE Email = 'ada@acme.example'"))
    assert getattr(refused.value, "code", None) == code
    assert getattr(refused.value, "fix", None)
    assert "ada@" not in f"{refused.value} {vars(refused.value)}"
    assert len(asked(web, "/query")) == 1


def test_the_query_that_salesforce_quotes_back_is_left_out(web: responses.RequestsMock, org: SalesforceClient) -> None:
    message = "\nEmail = 'ada@acme.example'\n      ^\nERROR at Row:1:Column:38\nunexpected token: x"
    web.get(f"{DATA}/query", status=400, json=[{"errorCode": "MALFORMED_QUERY", "message": message}])
    with pytest.raises(OrgFault, match=r"^MALFORMED_QUERY: unexpected token: x$"):
        list(org.query("SELECT"))


def test_an_address_that_is_not_salesforces_says_so(web: responses.RequestsMock, org: SalesforceClient) -> None:
    web.replace(responses.GET, f"{URL}/services/data", json={"hello": "world"})
    with pytest.raises(OrgFault, match="doesn't list API versions"):
        list(org.query("SELECT Id FROM Lead"))


def test_an_org_older_than_wished_is_spoken_to_at_its_newest(
    web: responses.RequestsMock, org: SalesforceClient
) -> None:
    offered = [{"version": "62.0"}, {"version": "64.0"}, {"version": "63.0"}]
    web.replace(responses.GET, f"{URL}/services/data", json=offered)
    web.get(f"{URL}/services/data/v64.0/query", json=EMPTY)
    assert list(org.query("SELECT Id FROM Lead")) == []


def test_the_org_clock_comes_from_its_replies_and_runs_on_with_ours(web: responses.RequestsMock) -> None:
    ours = {"now": datetime(2020, 1, 1, tzinfo=UTC)}
    credentials = AccessToken(token=SecretStr(OPAQUE), instance_url=URL)
    org = open_org(OrgSettings(name="x", credentials=credentials), clock=lambda: ours["now"])
    assert org.now() == ours["now"]
    web.get(f"{DATA}/query", json=EMPTY, headers={"Date": "Fri, 01 May 2026 07:25:37 GMT"})
    list(org.query("SELECT Id FROM Lead"))
    assert org.now() == datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)
    ours["now"] += timedelta(minutes=3)
    assert org.now() == datetime(2026, 5, 1, 7, 28, 37, tzinfo=UTC)


def test_the_quota_is_read_from_good_replies_and_bad_ones(web: responses.RequestsMock, org: SalesforceClient) -> None:
    web.get(f"{DATA}/query", json=EMPTY, headers={"Sforce-Limit-Info": "api-usage=18/5000; per-app-api-usage=1/2(a=x)"})
    list(org.query("SELECT Id FROM Lead"))
    usage = org.usage()
    assert usage is not None
    assert (usage.used, usage.allowed, usage.left, usage.sent_by_us) == (18, 5000, 4982, 1)
    refusal = [{"errorCode": "MALFORMED_QUERY", "message": "x"}]
    web.replace(
        responses.GET, f"{DATA}/query", status=400, json=refusal, headers={"Sforce-Limit-Info": "api-usage=19/5000"}
    )
    with pytest.raises(OrgFault):
        list(org.query("SELECT"))
    usage = org.usage()
    assert usage is not None
    assert (usage.used, usage.sent_by_us) == (19, 2)


def test_logs_hold_only_what_is_allowed(web: responses.RequestsMock, renewing: SalesforceClient) -> None:
    web.get(f"{DATA}/query", status=503, body="<html>secret</html>")
    web.get(f"{DATA}/query", status=401, json=EXPIRED)
    web.get(f"{DATA}/query", json=EMPTY)
    web.patch(f"{DATA}/composite/sobjects", json=[{"id": LEAD, "success": True, "errors": []}])
    structlog.reset_defaults()
    events.listen(least=logging.DEBUG)
    with capture_logs() as told:
        list(renewing.query("SELECT Id FROM Lead WHERE Email = 'ada@acme.example'"))
        update(renewing, "a private title")
    allowed = {"event", "log_level", "method", "path", "status", "code", "attempt", "seconds", "job_id", "org"}
    assert {name for event in told for name in event} <= allowed
    written = json.dumps(told, default=str)
    for secret in ("ada@", "private", LEAD, "00D0", "!t", "SELECT", "secret"):
        assert secret not in written
    names = [event["event"] for event in told]
    assert {"salesforce.call", "salesforce.retry", "salesforce.session_renewed"} == set(names)

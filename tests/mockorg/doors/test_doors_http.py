from __future__ import annotations

import gzip

import pytest
import requests
from doors_client import Client


def test_versions_need_no_session_and_cost_no_call(client: Client) -> None:
    answer = requests.get(f"{client.base}/services/data", timeout=5)

    listed = answer.json()
    assert listed[0] == {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}
    assert listed[-1] == {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"}
    assert "Sforce-Limit-Info" not in answer.headers
    assert client.mock.requests.api_calls == 0


@pytest.mark.parametrize("token", [None, "Bearer nonsense", "Basic abc", "Bearer "])
def test_a_call_without_a_good_token_is_401_and_not_charged(client: Client, token: str | None) -> None:
    headers = {"Authorization": token} if token else {}

    answer = requests.get(client.url("/limits"), headers=headers, timeout=5)

    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    assert answer.headers["WWW-Authenticate"] == "Token"
    assert "Sforce-Limit-Info" not in answer.headers
    assert client.mock.requests.api_calls == 0


def test_the_old_word_oauth_opens_a_session_too(client: Client) -> None:
    token = client.mock.login()

    answer = requests.get(client.url("/limits"), headers={"Authorization": f"OAuth {token}"}, timeout=5)

    assert answer.status_code == 200


def test_data_calls_say_how_many_calls_are_used_on_success_and_on_error(client: Client) -> None:
    good = client.get("/query", params={"q": "SELECT Id FROM Lead"})
    bad = client.get("/query", params={"q": "SELECT Nope FROM Lead"})

    assert good.headers["Sforce-Limit-Info"] == "api-usage=1/15000"
    assert bad.status_code == 400
    assert bad.headers["Sforce-Limit-Info"] == "api-usage=2/15000"


@pytest.mark.parametrize("org_yaml", ["limits: {daily_api_requests: 2}"])
def test_beyond_the_daily_quota_calls_are_403_and_have_no_effect(client: Client, org_yaml: str) -> None:
    client.lead()
    client.lead()

    answer = client.post("/sobjects/Lead", json={"LastName": "Third", "Company": "Acme"})

    assert answer.status_code == 403
    assert answer.json() == [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert client.mock.org.store.count(client.mock.org.schema.object("Lead")) == 2


@pytest.mark.parametrize(
    ("version", "status"), [("30.0", 410), ("20.0", 410), ("68.0", 404), ("66", 404), ("66.1", 404)]
)
def test_versions_that_are_not_served_are_refused(client: Client, version: str, status: int) -> None:
    answer = client.get(f"{client.base}/services/data/v{version}/limits")

    assert answer.status_code == status


@pytest.mark.parametrize("version", ["31.0", "67.0"])
def test_the_oldest_and_the_newest_version_are_served(client: Client, version: str) -> None:
    assert client.get(f"{client.base}/services/data/v{version}/limits").status_code == 200


def test_there_is_no_rest_conversion_and_that_is_no_limit_of_the_mock(client: Client) -> None:
    answer = client.post("/actions/standard/convertLead", json={"inputs": []})

    assert answer.status_code == 404
    assert answer.json() == [{"message": "Invalid Action Type", "errorCode": "NOT_FOUND"}]
    assert "X-Mock-Org-Not-Modelled" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/chatter/feeds", "/search", "/tooling/runTestsAsynchronous", "/actions/standard", "/sobjects/Lead/a/b/c"]
)
def test_what_a_real_org_has_and_this_one_does_not_says_so(client: Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert "X-Mock-Org-Not-Modelled" in answer.headers


def test_a_wrong_method_is_405_and_names_the_right_ones(client: Client) -> None:
    answer = client.put("/query")

    assert answer.status_code == 405
    assert answer.json()[0]["errorCode"] == "METHOD_NOT_ALLOWED"
    assert answer.headers["Allow"] == "GET,HEAD"


def test_head_answers_the_headers_of_get_without_a_body(either: Client) -> None:
    lead = either.lead()

    answer = either.call("HEAD", f"/sobjects/Lead/{lead}")

    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["Last-Modified"] == "Fri, 01 May 2026 12:00:00 GMT"


def test_a_post_may_say_which_method_it_means(client: Client) -> None:
    lead = client.lead()

    answer = client.post(f"/sobjects/Lead/{lead}?_HttpMethod=PATCH", json={"Title": "CEO"})

    assert answer.status_code == 204
    assert client.get(f"/sobjects/Lead/{lead}").json()["Title"] == "CEO"


def test_a_long_uri_is_414(client: Client) -> None:
    assert client.get("/query", params={"q": "x" * 17_000}).status_code == 414


def test_a_long_uri_with_headers_is_431(client: Client) -> None:
    assert client.get("/query", params={"q": "x" * 10_000}, headers={"X-Long": "y" * 7_000}).status_code == 431


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_a_body_that_is_not_json_is_415(client: Client, content_type: str) -> None:
    answer = client.post("/sobjects/Lead", data="LastName=x", headers={"Content-Type": content_type})

    assert answer.status_code == 415
    assert answer.json()[0]["errorCode"] == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize("body", ["{", '{"LastName": NaN}', "[]", "null", '"text"', b"\xff\xfe"])
def test_broken_json_is_400(client: Client, body: str | bytes) -> None:
    answer = client.post("/sobjects/Lead", data=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "JSON_PARSER_ERROR"


def test_bodies_travel_as_gzip_in_both_directions(either: Client) -> None:
    packed = gzip.compress(b'{"LastName": "Packed", "Company": "Acme"}')

    created = either.post(
        "/sobjects/Lead", data=packed, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"}
    )
    described = either.get("/sobjects/Lead/describe")

    assert created.status_code == 201
    assert described.headers["Content-Encoding"] == "gzip"
    assert described.json()["name"] == "Lead"


def test_an_answer_is_not_packed_for_a_client_that_cannot_unpack(either: Client) -> None:
    answer = either.get("/sobjects/Lead/describe", headers={"Accept-Encoding": "identity"})

    assert "Content-Encoding" not in answer.headers
    assert answer.json()["name"] == "Lead"


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(b"{}", mtime=0)[:-4]])
def test_a_body_that_is_not_the_gzip_it_claims_is_refused(client: Client, body: bytes) -> None:
    answer = client.post(
        "/sobjects/Lead", data=body, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"}
    )

    assert answer.status_code == 400


def test_a_chunked_body_is_read_whole(either: Client) -> None:
    parts = iter([b'{"LastName": "Chu', b'nked", "Company": "Acme"}'])

    answer = either.post("/sobjects/Lead", data=parts, headers={"Content-Type": "application/json"})

    assert answer.status_code == 201, answer.text


def test_the_date_is_the_orgs_not_the_machines(either: Client) -> None:
    assert either.get("/limits").headers["Date"] == "Fri, 01 May 2026 12:00:00 GMT"


def test_pretty_printing_may_be_asked_for(client: Client) -> None:
    assert client.get("/limits", headers={"X-PrettyPrint": "1"}).status_code == 200


@pytest.mark.parametrize("header", ["Sforce-Enable-PKChunking", "x-sfdc-packageversion-ns"])
def test_a_header_that_would_be_without_effect_is_refused_loudly(client: Client, header: str) -> None:
    answer = client.get("/limits", headers={header: "TRUE"})

    assert answer.status_code == 400
    assert header.lower() in answer.headers["X-Mock-Org-Not-Modelled"].lower()


def test_answers_in_xml_are_refused_loudly(client: Client) -> None:
    answer = client.get("/limits", headers={"Accept": "application/xml"})

    assert answer.status_code == 406
    assert "X-Mock-Org-Not-Modelled" in answer.headers


def test_other_hosts_are_left_alone(client: Client) -> None:
    """Port 9 of loopback answers nobody: the call must reach the network and fail there."""
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get("http://127.0.0.1:9/", timeout=1)


def test_https_is_served_with_an_authority_that_the_client_can_trust(client: Client) -> None:
    with client.mock.serve(tls=True) as server:
        assert server.url.startswith("https://")
        assert server.ca_file is not None
        session = requests.Session()
        session.trust_env = False
        answer = session.get(f"{server.url}/services/data", verify=str(server.ca_file), timeout=5)
        session.close()
        assert answer.status_code == 200
    assert not server.ca_file.exists()


@pytest.mark.parametrize(
    ("version", "method", "path"),
    [
        ("41.0", "POST", "/composite/sobjects"),
        ("37.0", "POST", "/composite"),
        ("40.0", "POST", "/jobs/ingest"),
        ("46.0", "POST", "/jobs/query"),
    ],
)
def test_a_resource_is_404_in_versions_before_it_came(client: Client, version: str, method: str, path: str) -> None:
    before = client.call(method, f"{client.base}/services/data/v{version}{path}", json={})
    after = client.call(method, path, json={})

    assert (before.status_code, after.status_code) == (404, 400)


def test_a_parameter_that_would_be_without_effect_is_refused_loudly(client: Client) -> None:
    answer = client.get("/jobs/query", params={"isPkChunkingEnabled": "true"})

    assert answer.status_code == 400
    assert "isPkChunkingEnabled" in answer.headers["X-Mock-Org-Not-Modelled"]

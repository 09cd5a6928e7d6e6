from __future__ import annotations

import base64
import hashlib
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from doors_client import Client

from sync.mockorg import MockOrg

ADMIN = "admin@leadgate-mock.example"
APP = {"client_id": "leadgate-mock-client", "client_secret": "leadgate-mock-secret"}
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def ask(client: Client, base: str | None = None, **form: str) -> requests.Response:
    return requests.post(f"{base or client.base}/services/oauth2/token", data=form, timeout=5)


def works(client: Client, answer: requests.Response) -> bool:
    granted = answer.json()
    headers = {"Authorization": f"{granted['token_type']} {granted['access_token']}"}
    return requests.get(client.url("/limits"), headers=headers, timeout=5).status_code == 200


def test_client_credentials_give_an_opaque_token_of_the_run_as_user(either: Client) -> None:
    answer = ask(either, grant_type="client_credentials", **APP)

    granted = answer.json()
    assert answer.status_code == 200
    assert granted["access_token"].startswith(f"{either.mock.org_id[:15]}!")
    assert granted["instance_url"] == either.base
    assert granted["id"].endswith(f"/id/{either.mock.org_id}/{either.mock.org.access.admin.id}")
    assert granted["token_type"] == "Bearer"
    assert granted["issued_at"] == "1777636800000"
    assert "expires_in" not in granted
    assert works(either, answer)


def test_client_credentials_may_come_by_http_basic(client: Client) -> None:
    answer = requests.post(
        f"{client.base}/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(APP["client_id"], APP["client_secret"]),
        timeout=5,
    )

    assert answer.status_code == 200


def test_client_credentials_need_the_my_domain_address(client: Client) -> None:
    answer = ask(client, "https://login.salesforce.com", grant_type="client_credentials", **APP)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        ({"grant_type": "client_credentials", "client_id": "x"}, "invalid_client_id", "client identifier invalid"),
        (
            {"grant_type": "client_credentials", "client_id": APP["client_id"], "client_secret": "x"},
            "invalid_client",
            "invalid client credentials",
        ),
        (
            {"grant_type": "password", **APP, "username": ADMIN, "password": "x"},
            "invalid_grant",
            "authentication failure",
        ),
        (
            {"grant_type": "password", **APP, "username": "x", "password": "x"},
            "invalid_grant",
            "authentication failure",
        ),
        (
            {"grant_type": "refresh_token", **APP, "refresh_token": "x"},
            "invalid_grant",
            "expired access/refresh token",
        ),
        ({"grant_type": JWT_BEARER, "assertion": "x"}, "invalid_grant", "invalid assertion"),
        ({"grant_type": "device"}, "unsupported_grant_type", "grant type not supported"),
        ({}, "unsupported_grant_type", "grant type not supported"),
    ],
)
def test_a_refusal_is_oauths_object(client: Client, form: dict[str, str], error: str, description: str) -> None:
    answer = ask(client, **form)

    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}


def test_the_password_flow_logs_in_through_the_login_host_and_names_the_instance(client: Client) -> None:
    answer = ask(
        client, "https://login.salesforce.com", grant_type="password", username=ADMIN, password="leadgate-mock", **APP
    )

    assert answer.status_code == 200
    assert answer.json()["instance_url"] == client.mock.instance_url
    assert works(client, answer)


def assertion(client: Client, key: str, **changed: Any) -> str:
    claims = {
        "iss": APP["client_id"],
        "sub": ADMIN,
        "aud": "https://login.salesforce.com",
        "exp": int(time.time()) + 180,
        **changed,
    }
    return jwt.encode(claims, key, algorithm="RS256")


def test_a_signed_assertion_logs_in(client: Client) -> None:
    key = client.mock.new_jwt_key()

    answer = ask(client, grant_type=JWT_BEARER, assertion=assertion(client, key))

    assert answer.status_code == 200
    assert works(client, answer)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"iss": "another app"}, "invalid_client_id"),
        ({"sub": "nobody@example.com"}, "invalid_grant"),
        ({"aud": "https://example.com"}, "invalid_grant"),
        ({"exp": 1_000_000_000}, "invalid_grant"),
        ({"exp": "never"}, "invalid_grant"),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(client: Client, changed: dict[str, Any], error: str) -> None:
    key = client.mock.new_jwt_key()

    answer = ask(client, grant_type=JWT_BEARER, assertion=assertion(client, key, **changed))

    assert answer.status_code == 400
    assert answer.json()["error"] == error


def test_an_assertion_signed_with_an_unknown_key_is_refused(client: Client) -> None:
    stranger = client.mock.new_jwt_key()
    client.mock.doors.grants.public_keys.clear()

    answer = ask(client, grant_type=JWT_BEARER, assertion=assertion(client, stranger))

    assert answer.json() == {"error": "invalid_grant", "error_description": "invalid assertion"}


def test_an_unsigned_assertion_is_refused(client: Client) -> None:
    client.mock.new_jwt_key()
    unsigned = jwt.encode({"iss": APP["client_id"], "sub": ADMIN}, None, algorithm="none")

    assert ask(client, grant_type=JWT_BEARER, assertion=unsigned).status_code == 400


def test_a_refresh_token_keeps_working_without_rotation(client: Client) -> None:
    for _ in range(2):
        answer = ask(client, grant_type="refresh_token", refresh_token="leadgate-mock-refresh", **APP)
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()


@pytest.mark.parametrize("org_yaml", ["credentials: {rotate_refresh_tokens: true}"])
def test_with_rotation_the_old_refresh_token_dies_with_its_use(client: Client, org_yaml: str) -> None:
    first = ask(client, grant_type="refresh_token", refresh_token="leadgate-mock-refresh", **APP).json()

    again = ask(client, grant_type="refresh_token", refresh_token="leadgate-mock-refresh", **APP)
    renewed = ask(client, grant_type="refresh_token", refresh_token=first["refresh_token"], **APP)

    assert again.json() == {"error": "invalid_grant", "error_description": "expired access/refresh token"}
    assert renewed.status_code == 200


def test_the_web_flow_exchanges_a_code_once_and_only_with_its_verifier(client: Client) -> None:
    verifier = "v" * 64
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": APP["client_id"],
        "redirect_uri": "http://localhost:1717/OauthRedirect",
        "code_challenge": challenge,
        "state": "s1",
    }

    def code() -> str:
        answer = requests.get(
            f"{client.base}/services/oauth2/authorize", params=asked, allow_redirects=False, timeout=5
        )
        assert answer.status_code == 302
        back = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert back["state"] == ["s1"]
        return back["code"][0]

    def exchange(code: str, verifier: str) -> requests.Response:
        return ask(
            client,
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            redirect_uri=asked["redirect_uri"],
            client_id=APP["client_id"],
        )

    assert exchange(code(), "wrong").json()["error"] == "invalid_grant"
    once = code()
    granted = exchange(once, verifier)
    assert granted.status_code == 200
    assert works(client, granted)
    assert exchange(once, verifier).json()["error"] == "invalid_grant"
    assert (
        ask(client, grant_type="refresh_token", refresh_token=granted.json()["refresh_token"], **APP).status_code == 200
    )


def test_a_session_dies_of_age_revocation_and_command(client: Client) -> None:
    revoked = client.mock.login()
    requests.post(f"{client.base}/services/oauth2/revoke", data={"token": revoked}, timeout=5)
    assert (
        requests.get(client.url("/limits"), headers={"Authorization": f"Bearer {revoked}"}, timeout=5).status_code
        == 401
    )

    client.mock.clock.advance(3600)
    assert client.get("/limits").status_code == 200  # used within its two hours: prolonged
    client.mock.clock.advance(7201)
    assert client.get("/limits").status_code == 401

    client.http.headers["Authorization"] = f"Bearer {client.mock.login()}"
    assert client.get("/limits").status_code == 200
    client.mock.expire_sessions()
    assert client.get("/limits").status_code == 401


USERS = """
users:
  - {username: admin@x.example, last_name: Admin}
  - {username: gone@x.example, last_name: Gone, active: false}
  - {username: web@x.example, last_name: Web, profile: Web Only, password: pw, security_token: T0K}
profiles:
  - {name: System Administrator, modify_all_data: true, view_setup: true, convert_leads: true}
  - {name: Web Only, api_enabled: false}
"""


@pytest.mark.parametrize("org_yaml", [USERS])
def test_a_user_without_api_access_and_an_inactive_one_get_nothing(client: Client, org_yaml: str) -> None:
    web = ask(client, grant_type="password", username="web@x.example", password="pwT0K", **APP)
    gone = ask(client, grant_type="password", username="gone@x.example", password="leadgate-mock", **APP)
    by_session = client.login_as("web@x.example").get("/limits")

    assert web.json()["error"] == "invalid_grant"
    assert gone.json()["error"] == "invalid_grant"
    assert by_session.status_code == 403
    assert by_session.json()[0]["errorCode"] == "API_DISABLED_FOR_ORG"


def test_the_identity_url_and_userinfo_tell_who_the_token_belongs_to(either: Client) -> None:
    granted = ask(either, grant_type="client_credentials", **APP).json()
    headers = {"Authorization": f"Bearer {granted['access_token']}"}

    identity = requests.get(granted["id"], headers=headers, timeout=5).json()
    by_parameter = requests.get(granted["id"], params={"oauth_token": granted["access_token"]}, timeout=5).json()
    userinfo = requests.get(f"{either.base}/services/oauth2/userinfo", headers=headers, timeout=5).json()

    assert identity == by_parameter
    assert identity["username"] == userinfo["preferred_username"] == ADMIN
    assert identity["organization_id"] == userinfo["organization_id"] == either.mock.org_id
    assert identity["urls"]["rest"] == f"{either.base}/services/data/v{{version}}/"
    assert either.mock.requests.api_calls == 0


def test_the_identity_url_refuses_another_persons_token(client: Client) -> None:
    answer = requests.get(
        f"{client.base}/id/{client.mock.org_id}/005000000000000AAA", headers=client.http.headers, timeout=5
    )

    assert answer.status_code == 403


def test_tokens_repeat_with_the_seed() -> None:
    assert MockOrg(seed=3).login() == MockOrg(seed=3).login()
    assert MockOrg(seed=3).login() != MockOrg(seed=4).login()

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import jwt
import pytest
import requests
import responses
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr
from stubbed_web import DATA, OPAQUE, URL

from sync.errors import AccessRefused, OrgUnavailable, SettingsInvalid
from sync.org_settings import AccessToken, Credentials, JwtBearer, OrgSettings, Password, RefreshToken
from sync.salesforce.auth import sf_cli
from sync.salesforce.auth.refresh_token import keep, newest
from sync.salesforce.auth.session import Session, session_of
from sync.salesforce.client import SalesforceClient, open_org
from sync.salesforce.http import open_session

LOGIN = "https://login.salesforce.com"
TOKEN = f"{LOGIN}/services/oauth2/token"
GRANT = {"access_token": OPAQUE, "instance_url": URL, "id": f"{LOGIN}/id/00D000000000001EAA/005000000000001AAA"}


FIRST = "first"


def opened(credentials: Credentials) -> SalesforceClient:
    return open_org(OrgSettings(name="x", credentials=credentials), sleep=lambda _: None)


def refreshing(store: Path, token: str = FIRST) -> RefreshToken:
    return RefreshToken(login_url=LOGIN, client_id="i", client_secret=None, token=SecretStr(token), store=store)


@pytest.fixture
def answering(web: responses.RequestsMock) -> responses.RequestsMock:
    """An org that answers queries."""
    web.get(f"{DATA}/query", json={"totalSize": 0, "done": True, "records": []})
    return web


def ask(credentials: Credentials) -> None:
    list(opened(credentials).query("SELECT Id FROM Lead"))


def test_the_kind_of_a_token_is_seen_in_the_token() -> None:
    assert session_of(OPAQUE, URL).token_kind == "opaque"
    assert session_of("eyJhbGciOi.eyJzdWIi.c2ln", URL).token_kind == "jwt"


def test_a_token_and_its_identity_url_tell_the_org_and_the_user() -> None:
    session = session_of(OPAQUE, URL, identity_url=GRANT["id"])
    assert session.org_id is not None
    assert session.org_id.startswith("00D000000000001")
    assert OPAQUE not in repr(session)


def test_a_rotated_token_is_on_disk_before_it_is_used_and_private(
    answering: responses.RequestsMock, tmp_path: Path
) -> None:
    store = tmp_path / "state" / "refresh_token.json"
    sent: list[str] = []

    def rotate(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        sent.append(str(request.body).split("refresh_token=")[-1])
        return 200, {}, json.dumps({**GRANT, "refresh_token": f"after-{len(sent)}"})

    answering.add_callback(responses.POST, TOKEN, callback=rotate)
    ask(refreshing(store))
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700
    ask(refreshing(store))
    assert sent == ["first", "after-1"]
    assert newest(refreshing(store)) == "after-2"
    assert list(store.parent.iterdir()) == [store]


def test_a_token_newly_set_wins_over_the_descendants_of_the_old_one(tmp_path: Path) -> None:
    store = tmp_path / "refresh_token.json"
    keep(refreshing(store), "descendant")
    assert newest(refreshing(store)) == "descendant"
    assert newest(refreshing(store, "put in by hand")) == "put in by hand"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"refresh_token": "x"}'])
def test_a_file_that_is_not_ours_is_not_believed(tmp_path: Path, content: str) -> None:
    store = tmp_path / "refresh_token.json"
    store.write_text(content)
    assert newest(refreshing(store)) == "first"


def test_a_token_that_another_process_rotated_meanwhile_is_used(
    answering: responses.RequestsMock, tmp_path: Path
) -> None:
    store = tmp_path / "refresh_token.json"

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        if str(request.body).endswith("=theirs"):
            return 200, {}, json.dumps(GRANT)
        keep(refreshing(store), "theirs")
        return 400, {}, json.dumps({"error": "invalid_grant", "error_description": "expired access/refresh token"})

    answering.add_callback(responses.POST, TOKEN, callback=answer)
    ask(refreshing(store))


def test_a_dead_refresh_token_is_refused_once(web: responses.RequestsMock, tmp_path: Path) -> None:
    dead = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
    stub = web.post(TOKEN, status=400, json=dead)
    with pytest.raises(AccessRefused) as refused:
        ask(refreshing(tmp_path / "x"))
    assert refused.value.code == "invalid_grant"
    assert stub.call_count == 1


def test_a_token_that_cannot_be_kept_is_said_before_it_is_lost(
    answering: responses.RequestsMock, tmp_path: Path
) -> None:
    answering.post(TOKEN, json={**GRANT, "refresh_token": "next"})
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(SettingsInvalid, match="can't be kept"):
        ask(refreshing(tmp_path / "state" / "x.json"))


@pytest.fixture
def key() -> str:
    """An RSA key as the app's owner has it."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("login", "audience"),
    [
        (LOGIN, LOGIN),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
        ("https://acme.my.salesforce.com", LOGIN),
        ("https://acme--uat.sandbox.my.salesforce.com", "https://test.salesforce.com"),
    ],
)
def test_an_assertion_names_app_user_and_audience_and_soon_expires(
    answering: responses.RequestsMock, tmp_path: Path, key: str, login: str, audience: str
) -> None:
    file = tmp_path / "key.pem"
    file.write_text(key)
    stub = answering.post(f"{login}/services/oauth2/token", json=GRANT)
    ask(JwtBearer(login_url=login, client_id="i", username="u@x", private_key=None, private_key_file=file))
    assertion = str(stub.calls[0].request.body).split("assertion=")[-1]
    claims = jwt.decode(assertion, options={"verify_signature": False, "verify_exp": False})
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("i", "u@x", audience)
    assert jwt.get_unverified_header(assertion)["alg"] == "RS256"


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
def test_a_key_that_is_none_is_said_without_showing_it(web: responses.RequestsMock, text: str) -> None:
    credentials = JwtBearer(
        login_url=LOGIN, client_id="i", username="u", private_key=SecretStr(text), private_key_file=None
    )
    with pytest.raises(SettingsInvalid, match="isn't an RSA key"):
        ask(credentials)


@pytest.mark.parametrize(
    "answer",
    [
        {"body": "<html>proxy</html>", "content_type": "text/html"},
        {"body": requests.exceptions.ConnectionError("secret")},
        {"status": 503, "body": ""},
    ],
)
def test_a_login_server_that_does_not_answer_is_unavailable(
    web: responses.RequestsMock, tmp_path: Path, answer: dict[str, object]
) -> None:
    web.post(TOKEN, **answer)  # type: ignore[arg-type] # a table of stubs
    with pytest.raises(OrgUnavailable) as unavailable:
        ask(refreshing(tmp_path / "x"))
    assert "secret" not in unavailable.value.message


def test_a_login_may_not_send_us_to_an_address_in_the_clear(web: responses.RequestsMock, tmp_path: Path) -> None:
    web.post(TOKEN, json={**GRANT, "instance_url": "http://acme.my.salesforce.com"})
    with pytest.raises(SettingsInvalid, match="plain http"):
        ask(refreshing(tmp_path / "x"))


def soap_login(web: responses.RequestsMock, **reply: object) -> None:
    web.post(f"{LOGIN}/services/Soap/u/64.0", **reply)  # type: ignore[arg-type] # a stub


PASSWORD = Password(login_url=LOGIN, username="u@x", password=SecretStr("p&<"), security_token=SecretStr("t"))


def test_a_password_login_goes_out_as_the_last_version_that_has_it(answering: responses.RequestsMock) -> None:
    body = f"<a><sessionId>{OPAQUE}</sessionId><serverUrl>{URL}/services/Soap/u/64.0/00D</serverUrl></a>"
    soap_login(answering, body=body, content_type="text/xml")
    ask(PASSWORD)
    assert "p&amp;&lt;t" in str(next(c.request.body for c in answering.calls if "/Soap/" in str(c.request.url)))


def test_a_refused_password_is_explained(web: responses.RequestsMock) -> None:
    fault = (
        '<a xmlns:sf="urn:fault.partner.soap.sforce.com"><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>'
        "<sf:exceptionMessage>INVALID_LOGIN: no</sf:exceptionMessage></a>"
    )
    soap_login(web, status=500, body=fault, content_type="text/xml")
    with pytest.raises(AccessRefused) as refused:
        ask(PASSWORD)
    assert refused.value.code == "INVALID_LOGIN"
    assert "p&<" not in f"{refused.value.message} {refused.value.fix}"


@pytest.mark.parametrize("reply", [{"body": "<html>", "status": 200}, {"body": "<html>down</html>", "status": 503}])
def test_a_password_login_that_meets_a_stranger_is_unavailable(
    web: responses.RequestsMock, reply: dict[str, object]
) -> None:
    soap_login(web, **reply)
    with pytest.raises(OrgUnavailable):
        ask(PASSWORD)


def cli(*answers: str) -> sf_cli.Run:
    left = iter(answers)

    def run(_command: Sequence[str]) -> str:
        return next(left)

    return run


def done(**result: object) -> str:
    return json.dumps({"status": 0, "result": result})


def test_a_redacted_token_is_never_taken_for_one() -> None:
    redacted = "[REDACTED] Use 'sf org auth show-access-token' to view"
    with pytest.raises(AccessRefused, match="doesn't show the access token"):
        sf_cli.session_from("acme", run=cli(done(accessToken=redacted, instanceUrl=URL), done(accessToken=redacted)))


def test_an_org_that_the_cli_does_not_know_is_said_with_the_way_to_log_in() -> None:
    unknown = json.dumps({"status": 1, "name": "NamedOrgNotFoundError", "message": "ada@acme.example"})
    with pytest.raises(SettingsInvalid, match="NamedOrgNotFoundError") as missing:
        sf_cli.session_from("acme", run=cli(unknown))
    assert "sf org login web" in str(missing.value.fix)
    assert "ada@" not in missing.value.message


def test_an_answer_that_is_no_json_is_said() -> None:
    with pytest.raises(AccessRefused, match="isn't JSON"):
        sf_cli.session_from("acme", run=cli("Segmentation fault"))


def test_the_cli_is_called_without_a_shell_and_its_stderr_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "sf"
    fake.write_text('#!/bin/sh\necho "secret" >&2\nprintf \'{"status":0,"result":{"args":"%s"}}\' "$4"\n')
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    out = sf_cli.run(["sf", "org", "display", "--target-org", "a; rm -rf /", "--json"])
    assert json.loads(out)["result"]["args"] == "a; rm -rf /"


def test_a_missing_cli_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsInvalid, match="not installed"):
        sf_cli.run(["sf", "org", "display"])


def test_the_authority_that_was_set_wins_over_the_environments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/elsewhere.pem")
    session = open_session(connect_timeout=1, read_timeout=1, ca_file=tmp_path / "own.pem", user_agent="x")
    settings = session.merge_environment_settings(URL, {}, False, None, None)  # noqa: FBT003 -- its own signature
    assert settings["verify"] == str(tmp_path / "own.pem")


def test_an_instance_url_that_is_set_wins_over_the_logins(web: responses.RequestsMock, tmp_path: Path) -> None:
    other = "https://other.my.salesforce.com"
    web.post(TOKEN, json=GRANT)
    web.get(f"{other}/services/data", json=[{"version": "66.0"}])
    stub = web.get(f"{other}/services/data/v66.0/query", json={"totalSize": 0, "done": True, "records": []})
    settings = OrgSettings(name="x", credentials=refreshing(tmp_path / "x"), instance_url=other)
    list(open_org(settings).query("SELECT Id FROM Lead"))
    assert stub.call_count == 1


def test_a_session_never_shows_its_token() -> None:
    session = Session(access_token="hush", instance_url=URL)
    credentials = AccessToken(token=SecretStr("hush"), instance_url=URL)
    assert "hush" not in f"{session} {credentials}"

"""The OAuth token endpoint: client credentials, JWT bearer, and the exchange that all grants share.

`POST {login}/services/oauth2/token`, form-encoded; the answer's `instance_url` is where the token is good, and is
checked like any address before a token goes there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import requests

from sync.errors import AccessRefused, SettingsInvalid
from sync.org_credentials import LOGIN_HOST, base_url, is_loopback
from sync.org_settings import ClientCredentials, JwtBearer
from sync.salesforce.auth.session import Session, session_of
from sync.salesforce.failures import NeverSent, network_error
from sync.salesforce.faults import explain

_ASSERTION_LIVES = timedelta(minutes=3)  # Salesforce takes at most 3 to 5 minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the token endpoint granted."""

    session: Session
    refresh_token: str | None = field(default=None, repr=False)
    """A new refresh token, where the org rotates them; the one that was used is then dead."""


def client_credentials(http: requests.Session, given: ClientCredentials) -> Session:
    """A session for the app's run-as user.

    Raises:
        AccessRefused: Salesforce doesn't accept the app.
        NeverSent: The login server can't be reached.
    """
    form = {
        "grant_type": "client_credentials",
        "client_id": given.client_id,
        "client_secret": given.client_secret.get_secret_value(),
    }
    return token(http, given.login_url, form).session


def jwt_bearer(http: requests.Session, given: JwtBearer, *, now: datetime) -> Session:
    """A session for a user, vouched for by a signed assertion (RS256).

    Raises:
        AccessRefused: Salesforce doesn't accept the assertion.
        SettingsInvalid: The key can't be read.
        NeverSent: The login server can't be reached.
    """
    import jwt  # noqa: PLC0415 -- brings the whole of cryptography, which no other way to log in needs

    claims = {
        "iss": given.client_id,
        "sub": given.username,
        "aud": _audience(given.login_url),
        "exp": int((now + _ASSERTION_LIVES).timestamp()),
    }
    try:
        assertion = jwt.encode(claims, _private_key(given), algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError):
        raise SettingsInvalid(
            "the private key isn't an RSA key in PEM form",
            place="LEADGATE_PRIVATE_KEY_FILE",
            fix="use the unencrypted key whose certificate was uploaded to the app",
        ) from None
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    return token(http, given.login_url, form).session


def token(http: requests.Session, login_url: str, form: Mapping[str, str]) -> Grant:
    """Post one grant to the token endpoint.

    Raises:
        AccessRefused: With the endpoint's own error code.
        NeverSent: The login server can't be reached or doesn't answer like one.
    """
    host = urlsplit(login_url).hostname or login_url
    try:
        answer = http.post(
            f"{login_url}/services/oauth2/token",
            data=dict(form),
            headers={"Accept": "application/json"},
            allow_redirects=False,
        )
        data = answer.json()
    except requests.exceptions.JSONDecodeError:
        raise NeverSent(
            f"{host} doesn't answer like Salesforce's login server (status {answer.status_code})",
            place=host,
            fix="check LEADGATE_DOMAIN and the proxy",
            code="NOT_SALESFORCE",
        ) from None
    except OSError as error:  # those of `requests` are, too
        found = network_error(error, host)
        raise NeverSent(found.message, place=host, fix=found.fix) from error
    if not isinstance(data, dict) or not isinstance(data.get("access_token"), str):
        raise _refused(data if isinstance(data, dict) else {}, host, answer.status_code)
    instance = base_url(str(data.get("instance_url") or login_url), place="the login's instance_url")
    fresh = data.get("refresh_token")
    return Grant(
        session=session_of(data["access_token"], instance, identity_url=str(data.get("id") or "")),
        refresh_token=fresh if isinstance(fresh, str) and fresh else None,
    )


def _refused(data: Mapping[str, object], host: str, status: int) -> AccessRefused:
    code = str(data.get("error") or f"status {status}")
    fault = explain(code)
    words = str(data.get("error_description") or "no reason given")
    return AccessRefused(f"{host} refused the login: {code}: {words}", place=host, fix=fault.fix, code=code)


def _private_key(given: JwtBearer) -> str:
    if given.private_key is not None:
        return given.private_key.get_secret_value().replace("\\n", "\n")
    path = given.private_key_file
    if path is None:
        raise AssertionError("settings let a JWT login through without a key")
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise SettingsInvalid(
            f"{path} can't be read: {type(unreadable).__name__}",
            place="LEADGATE_PRIVATE_KEY_FILE",
            fix="name the PEM file of the private key",
        ) from unreadable


def _audience(login_url: str) -> str:
    """Whom the assertion speaks to: production or sandboxes, whatever host it is sent to."""
    host = urlsplit(login_url).hostname or ""
    if is_loopback(host):
        return LOGIN_HOST
    return "https://test.salesforce.com" if host.startswith("test.") or ".sandbox." in host else LOGIN_HOST

"""The token endpoint: how a client comes by an access token.

Client credentials, JWT bearer with its signature checked, refresh with or without rotation, authorization code with
PKCE, and username-password. Refusals are OAuth's object, not REST's array.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from .behaviours import behaviour
from .clock import wall_clock
from .http import Response, json_response
from .sessions import TokenKind

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from .access import User
    from .call import Call
    from .http import Request
    from .settings import CredentialSettings

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN_ADDRESSES = ("https://login.salesforce.com", "https://test.salesforce.com")
CODE_LIFETIME = timedelta(minutes=15)
ASSERTION_LEEWAY = 180  # seconds that an assertion may lie in the past or future


class OAuthRefusal(Exception):
    """A token request that is refused, in OAuth's words."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """A code handed to a browser, waiting to be exchanged once."""

    user_id: str
    client_id: str
    redirect_uri: str
    challenge: str | None
    expires: datetime


@dataclass(slots=True)
class Grants:
    """What the token endpoint remembers between requests: refresh tokens, codes, and keys added while running."""

    refresh_tokens: dict[str, str] = field(default_factory=dict)
    codes: dict[str, AuthorizationCode] = field(default_factory=dict)
    public_keys: list[str] = field(default_factory=list)


def token(call: Call) -> Response:
    """POST /services/oauth2/token."""
    form = form_of(call.request)
    try:
        return _granted(call, form)
    except OAuthRefusal as refusal:
        return json_response({"error": refusal.error, "error_description": refusal.description}, status=refusal.status)


def form_of(request: Request) -> Mapping[str, str]:
    """The parameters of a form post, together with those of the query."""
    pairs = dict(request.query)
    pairs.update(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    return pairs


@behaviour("OAuth token endpoint", source="recordings of token answers and refusals; Salesforce Help")
def _granted(call: Call, form: Mapping[str, str]) -> Response:
    """Client credentials, JWT bearer, refresh (with rotation if the org says so), password, and authorization code."""
    grant = form.get("grant_type", "")
    match grant:
        case "client_credentials":
            return _client_credentials(call, form)
        case "password":
            return _password(call, form)
        case "refresh_token":
            return _refresh(call, form)
        case "authorization_code":
            return _code(call, form)
        case _ if grant == JWT_BEARER:
            return _jwt_bearer(call, form)
        case _:
            raise OAuthRefusal("unsupported_grant_type", "grant type not supported")


def _client_credentials(call: Call, form: Mapping[str, str]) -> Response:
    if call.request.base_url.lower() in LOGIN_ADDRESSES:
        raise OAuthRefusal("invalid_grant", "request not supported on this domain")
    _check_client(call, form, secret=True)
    run_as = _credentials(call).run_as
    user = call.org.access.by_username(run_as) if run_as else call.org.access.admin
    if user is None:
        raise OAuthRefusal("invalid_grant", "no client credentials user enabled")
    return _answer(call, user, form)


def _password(call: Call, form: Mapping[str, str]) -> Response:
    _check_client(call, form, secret=True)
    user = logged_in(call, form.get("username", ""), form.get("password", ""))
    if user is None:
        raise OAuthRefusal("invalid_grant", "authentication failure")
    return _answer(call, user, form)


def logged_in(call: Call, username: str, password: str) -> User | None:
    """The active user whose password, with the security token appended, this is."""
    user = call.org.access.by_username(username)
    if user is None or not user.setting.active:
        return None
    expected = user.setting.password + user.setting.security_token
    return user if hmac.compare_digest(expected.encode(), password.encode()) else None


def _refresh(call: Call, form: Mapping[str, str]) -> Response:
    _check_client(call, form, secret="client_secret" in form)
    tokens = call.doors.grants.refresh_tokens
    given = form.get("refresh_token", "")
    user = call.org.access.user(tokens.get(given, ""))
    if user is None:
        raise OAuthRefusal("invalid_grant", "expired access/refresh token")
    renewed: str | None = None
    if _credentials(call).rotate_refresh_tokens:
        renewed = f"5Aep{call.doors.sessions.secret('refresh', user.id)[:80]}"
        tokens[renewed] = tokens.pop(given)
    return _answer(call, user, form, refresh_token=renewed)


def _code(call: Call, form: Mapping[str, str]) -> Response:
    client_id = _check_client(call, form, secret="client_secret" in form)
    code = call.doors.grants.codes.pop(form.get("code", ""), None)
    if code is None or code.client_id != client_id or call.org.clock.now() >= code.expires:
        raise OAuthRefusal("invalid_grant", "expired authorization code")
    if form.get("redirect_uri") != code.redirect_uri:
        raise OAuthRefusal("redirect_uri_mismatch", "redirect_uri must match configuration")
    if code.challenge is not None and _challenge(form.get("code_verifier", "")) != code.challenge:
        raise OAuthRefusal("invalid_grant", "invalid code verifier")
    user = call.org.access.user(code.user_id)
    if user is None:
        raise OAuthRefusal("invalid_grant", "inactive user")
    refresh_token = f"5Aep{call.doors.sessions.secret('refresh', user.id)[:80]}"
    call.doors.grants.refresh_tokens[refresh_token] = user.id
    return _answer(call, user, form, refresh_token=refresh_token)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


@behaviour("JWT bearer flow checks signature, audience and expiry", source="Salesforce Help: JWT bearer flow")
def _jwt_bearer(call: Call, form: Mapping[str, str]) -> Response:
    """An assertion signed with a key whose certificate or public key the org knows opens a session for its subject."""
    claims = _verified(call, form.get("assertion", ""))
    if claims.get("iss") != _credentials(call).client_id:
        raise OAuthRefusal("invalid_client_id", "client identifier invalid")
    audience = str(claims.get("aud", "")).rstrip("/").removesuffix("/services/oauth2/token").lower()
    if audience not in {*LOGIN_ADDRESSES, call.doors.instance_url.lower(), call.request.base_url.lower()}:
        raise OAuthRefusal("invalid_grant", "audience is invalid")
    _check_expiry(call, claims.get("exp"))
    user = call.org.access.by_username(str(claims.get("sub", claims.get("prn", ""))))
    if user is None:
        raise OAuthRefusal("invalid_grant", "user hasn't approved this consumer")
    return _answer(call, user, form)


def _check_expiry(call: Call, given: object) -> None:
    """Clients stamp assertions with their machine's clock, so one counts as expired only if it is by both clocks."""
    try:
        expiry = float(str(given))
    except ValueError as error:
        raise OAuthRefusal("invalid_grant", "expired authorization code") from error
    now = min(call.org.clock.now(), wall_clock()).timestamp()
    if expiry < now - ASSERTION_LEEWAY:
        raise OAuthRefusal("invalid_grant", "expired authorization code")


def _verified(call: Call, assertion: str) -> Mapping[str, object]:
    """The claims of an assertion signed by one of the registered keys."""
    for pem in (*_credentials(call).jwt_certificates, *call.doors.grants.public_keys):
        try:
            claims: Mapping[str, object] = jwt.decode(
                assertion,
                _public_key(pem),  # type: ignore[arg-type]  # any key but RSA fails the algorithm check
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.PyJWTError:
            continue
        return claims
    raise OAuthRefusal("invalid_grant", "invalid assertion")


def _public_key(pem: str) -> PublicKeyTypes:
    data = pem.strip().encode("ascii")
    if b"CERTIFICATE" in data:
        return load_pem_x509_certificate(data).public_key()
    return load_pem_public_key(data)


def _credentials(call: Call) -> CredentialSettings:
    return call.org.settings.credentials


def _check_client(call: Call, form: Mapping[str, str], *, secret: bool) -> str:
    """Check the client's id and secret, from the form or HTTP Basic; returns the id."""
    given_id, given_secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = call.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            given_id, _, given_secret = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise OAuthRefusal("invalid_client", "invalid client credentials") from error
    expected = _credentials(call)
    if not hmac.compare_digest(given_id.encode(), expected.client_id.encode()):
        raise OAuthRefusal("invalid_client_id", "client identifier invalid")
    if secret and not hmac.compare_digest(given_secret.encode(), expected.client_secret.encode()):
        raise OAuthRefusal("invalid_client", "invalid client credentials")
    return given_id


def _answer(call: Call, user: User, form: Mapping[str, str], *, refresh_token: str | None = None) -> Response:
    if not user.setting.active:
        raise OAuthRefusal("invalid_grant", "inactive user")
    if not user.api_enabled:
        raise OAuthRefusal("invalid_grant", "user does not have API access")
    kind = TokenKind.JWT if _credentials(call).jwt_access_tokens else TokenKind.OPAQUE
    session = call.doors.sessions.open(user.id, kind=kind, client_id=form.get("client_id"))
    identity = f"{call.doors.login_address(call.request)}/id/{call.org.org_id}/{user.id}"
    issued_at = str(int(session.issued.timestamp() * 1000))
    signed = hmac.new(_credentials(call).client_secret.encode(), (identity + issued_at).encode(), hashlib.sha256)
    answer = {
        "access_token": session.token,
        "signature": base64.b64encode(signed.digest()).decode("ascii"),
        "scope": session.scope,
        "instance_url": call.doors.address(call.request),
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
    }
    if refresh_token is not None:
        answer["refresh_token"] = refresh_token
    return json_response(answer)

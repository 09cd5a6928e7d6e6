"""The browser's part of the web server flow: `/services/oauth2/authorize`.

Nobody sits in front of this org, so the administrator (or the user that `login_hint` names) approves at once and the
browser is sent back with a code, which the token endpoint exchanges against the PKCE verifier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from .behaviours import behaviour
from .http import Response, json_response
from .oauth import CODE_LIFETIME, AuthorizationCode

if TYPE_CHECKING:
    from .call import Call


@behaviour("Web server flow with PKCE", mark="uncertain", source="OAuth 2.0; approval is immediate here")
def authorize(call: Call) -> Response:
    """GET /services/oauth2/authorize: a redirect with a code, or with an error."""
    asked = call.request.query
    redirect_uri = asked.get("redirect_uri", "")
    if asked.get("client_id") != call.org.settings.credentials.client_id:
        return _refused("invalid_client_id", "client identifier invalid")
    if not redirect_uri:
        return _refused("redirect_uri_missing", "redirect_uri not provided")
    if asked.get("response_type") != "code":
        return _redirect(redirect_uri, {"error": "unsupported_response_type"}, asked.get("state"))
    if asked.get("code_challenge_method", "S256") != "S256":
        return _redirect(redirect_uri, {"error": "invalid_request"}, asked.get("state"))
    hint = asked.get("login_hint")
    user = call.org.access.by_username(hint) if hint else call.org.access.admin
    if user is None:
        return _redirect(redirect_uri, {"error": "access_denied"}, asked.get("state"))
    code = f"aPrx{call.doors.sessions.secret('code', user.id)[:60]}"
    call.doors.grants.codes[code] = AuthorizationCode(
        user_id=user.id,
        client_id=asked["client_id"],
        redirect_uri=redirect_uri,
        challenge=asked.get("code_challenge"),
        expires=call.org.clock.now() + CODE_LIFETIME,
    )
    return _redirect(redirect_uri, {"code": code}, asked.get("state"))


def _refused(error: str, description: str) -> Response:
    return json_response({"error": error, "error_description": description}, status=400)


def _redirect(target: str, answer: dict[str, str], state: str | None) -> Response:
    if state is not None:
        answer["state"] = state
    mark = "&" if "?" in target else "?"
    return Response(status=302, headers=(("Location", f"{target}{mark}{urlencode(answer)}"),))

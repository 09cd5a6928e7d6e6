"""Who the caller is: the identity URL that the token endpoint hands out, and OpenID's userinfo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..http import Response, json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..access import User
    from ..call import Call

_REST = ("rest", "sobjects", "search", "query", "recent", "tooling_rest")


@behaviour("Identity URL", mark="uncertain", source="Salesforce Help: identity URLs")
def identity(call: Call) -> Response:
    """GET /id/{org}/{user}: the user behind a token, which may come as `oauth_token` too."""
    token = call.query("oauth_token") or call.request.headers.get("Authorization", "").partition(" ")[2]
    session = call.doors.sessions.find(token.strip())
    asked = call.parameters
    if session is None or session.user_id[:15] != asked["user"][:15] or call.org.org_id[:15] != asked["org"][:15]:
        return Response(status=403, headers=(("Content-Type", "text/html;charset=UTF-8"),), body=b"Bad_OAuth_Token")
    user = call.org.access.user(session.user_id)
    if user is None:
        return Response(status=403, headers=(("Content-Type", "text/html;charset=UTF-8"),), body=b"Bad_OAuth_Token")
    address = call.doors.address(call.request)
    return json_response(
        {
            "id": f"{call.doors.login_address(call.request)}/id/{call.org.org_id}/{user.id}",
            "asserted_user": True,
            "user_id": user.id,
            "organization_id": call.org.org_id,
            "username": user.username,
            "nick_name": user.username.split("@", maxsplit=1)[0],
            "display_name": user.name,
            "email": user.email,
            "email_verified": True,
            "first_name": user.setting.first_name,
            "last_name": user.setting.last_name,
            "timezone": user.timezone,
            "photos": _photos(address),
            "addr_street": None,
            "addr_city": None,
            "addr_state": None,
            "addr_country": call.org.settings.organization.country,
            "addr_zip": None,
            "mobile_phone": None,
            "mobile_phone_verified": False,
            "is_lightning_login_user": False,
            "status": {"created_date": None, "body": None},
            "urls": _urls(call, user, address),
            "active": user.setting.active,
            "user_type": "STANDARD",
            "language": call.org.settings.organization.language,
            "locale": call.org.settings.organization.language,
            "utcOffset": 0,
            "last_modified_date": call.org.schema_changed_at,
            "is_app_installed": True,
        }
    )


def userinfo(call: Call) -> Response:
    """GET or POST /services/oauth2/userinfo."""
    user = call.user
    address = call.doors.address(call.request)
    return json_response(
        {
            "sub": f"{call.doors.login_address(call.request)}/id/{call.org.org_id}/{user.id}",
            "user_id": user.id,
            "organization_id": call.org.org_id,
            "preferred_username": user.username,
            "nickname": user.username.split("@", maxsplit=1)[0],
            "name": user.name,
            "email": user.email,
            "email_verified": True,
            "given_name": user.setting.first_name,
            "family_name": user.setting.last_name,
            "zoneinfo": user.timezone,
            "photos": _photos(address),
            "profile": f"{address}/{user.id}",
            "picture": f"{address}/profilephoto/005/F",
            "address": {"country": call.org.settings.organization.country},
            "urls": _urls(call, user, address),
            "active": user.setting.active,
            "user_type": "STANDARD",
            "language": call.org.settings.organization.language,
            "locale": call.org.settings.organization.language,
            "utcOffset": 0,
            "updated_at": call.org.schema_changed_at,
        }
    )


def _photos(address: str) -> Mapping[str, str]:
    return {"picture": f"{address}/profilephoto/005/F", "thumbnail": f"{address}/profilephoto/005/T"}


def _urls(call: Call, user: User, address: str) -> Mapping[str, str]:
    """URL templates as Salesforce gives them: the client puts the API version in."""
    rest = {name: f"{address}/services/data/v{{version}}/{name}/" for name in _REST}
    rest["rest"] = f"{address}/services/data/v{{version}}/"
    rest["tooling_rest"] = f"{address}/services/data/v{{version}}/tooling/"
    return {
        "enterprise": f"{address}/services/Soap/c/{{version}}/{call.org.org_id[:15]}",
        "metadata": f"{address}/services/Soap/m/{{version}}/{call.org.org_id[:15]}",
        "partner": f"{address}/services/Soap/u/{{version}}/{call.org.org_id[:15]}",
        **rest,
        "profile": f"{address}/{user.id}",
        "custom_domain": call.doors.instance_url,
    }


def revoke(call: Call) -> Response:
    """POST /services/oauth2/revoke: the token opens nothing from now on."""
    from ..oauth import form_of  # noqa: PLC0415 - oauth needs the call, which needs this package

    token = form_of(call.request).get("token", "")
    known = call.doors.grants.refresh_tokens.pop(token, None) is not None
    if call.doors.sessions.end(token) or known:
        return Response(status=200)
    return json_response(
        {"error": "unsupported_token_type", "error_description": "this token type is not supported"}, status=400
    )

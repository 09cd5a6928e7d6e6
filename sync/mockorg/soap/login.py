"""SOAP sessions and who they belong to: login, logout, getUserInfo, getServerTimestamp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..clock import iso_z
from ..errors import SalesforceError
from ..oauth import logged_in
from . import envelope as xml
from .envelope import NIL, Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..access import User
    from .soap_call import SoapCall

LAST_VERSION_WITH_LOGIN = 64


@behaviour("SOAP login() up to API 64.0", source="Salesforce Help 005132110; fault text of a client's tests")
def login(soap: SoapCall) -> Sequence[Node]:
    """Log in with username and password plus security token; gone since API 65.0, and off where the org says so."""
    if soap.version > LAST_VERSION_WITH_LOGIN:
        raise SalesforceError(
            "UNSUPPORTED_API_VERSION",
            f"SOAP API login() is not available in API version {soap.version}.0.",
            status=500,
        )
    if not soap.org.settings.credentials.soap_login:
        raise SalesforceError("INVALID_OPERATION", "SOAP API login() is disabled by default in this org.", status=500)
    username = xml.text(soap.envelope.call, "username") or ""
    password = xml.text(soap.envelope.call, "password") or ""
    user = logged_in(soap.call, username, password)
    if user is None:
        raise SalesforceError(
            "INVALID_LOGIN", "Invalid username, password, security token; or user locked out.", status=500
        )
    if not user.api_enabled:
        raise SalesforceError("API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner", status=500)
    session = soap.call.doors.sessions.open(user.id)
    return [
        Node(
            "result",
            [
                Node("metadataServerUrl", _metadata_url(soap)),
                Node("passwordExpired", content=False),
                Node("sandbox", soap.org.settings.organization.is_sandbox),
                Node("serverUrl", soap.server_url),
                Node("sessionId", session.token),
                Node("userId", user.id),
                Node("userInfo", _user_info(soap, user)),
            ],
        )
    ]


def _metadata_url(soap: SoapCall) -> str:
    kind = soap.call.request.segments[2]
    return soap.server_url.replace(f"/Soap/{kind}/", "/Soap/m/")


def logout(soap: SoapCall) -> Sequence[Node]:
    """End the session."""
    if soap.call.session is not None:
        soap.call.doors.sessions.end(soap.call.session.token)
    return []


def get_user_info(soap: SoapCall) -> Sequence[Node]:
    """Who the session belongs to."""
    return [Node("result", _user_info(soap, soap.user))]


def get_server_timestamp(soap: SoapCall) -> Sequence[Node]:
    """The org's clock."""
    return [Node("result", [Node("timestamp", iso_z(soap.org.clock.now()))])]


@behaviour("getUserInfo in WSDL order", source="partner WSDL 58.0")
def _user_info(soap: SoapCall, user: User) -> list[Node]:
    """All elements of GetUserInfoResult, in the order of the WSDL."""
    organization = soap.org.settings.organization
    return [
        Node("accessibilityMode", content=False),
        Node("chatterExternal", content=False),
        Node("currencySymbol", "$" if organization.currency == "USD" else organization.currency),
        Node("orgAttachmentFileSizeLimit", 26_214_400),
        Node("orgDefaultCurrencyIsoCode", organization.currency),
        Node("orgDefaultCurrencyLocale", organization.language),
        Node("orgDisallowHtmlAttachments", content=False),
        Node("orgHasPersonAccounts", soap.org.settings.features.person_accounts),
        Node("organizationId", soap.org.org_id),
        Node("organizationMultiCurrency", soap.org.settings.features.multi_currency),
        Node("organizationName", organization.name),
        Node("profileId", user.profile_id),
        Node("roleId", NIL if user.role_id is None else user.role_id),
        Node("sessionSecondsValid", int(soap.call.doors.sessions.lifetime.total_seconds())),
        Node("userDefaultCurrencyIsoCode", NIL),
        Node("userEmail", user.email),
        Node("userFullName", user.name),
        Node("userId", user.id),
        Node("userLanguage", organization.language),
        Node("userLocale", organization.language),
        Node("userName", user.username),
        Node("userTimeZone", user.timezone),
        Node("userType", "Standard"),
        Node("userUiSkin", "Theme3"),
    ]

"""Who we are and where, asked once: the userinfo endpoint for the user, the Organization row for the org.

userinfo needs an OAuth scope that not every token has; a token of the opaque kind can then ask SOAP `getUserInfo`
instead.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from sync.errors import AccessRefused, OrgFault
from sync.model import normal_id
from sync.salesforce import rest, soap
from sync.salesforce.calls import Call, Content, Root, Spot
from sync.salesforce.org import Identity
from sync.salesforce.transport import CLIENT, Transport

_ORGANIZATION = "SELECT Id, Name, IsSandbox FROM Organization"


def identify(transport: Transport) -> Identity:
    """Ask the org who we are.

    Raises:
        AccessRefused, OrgUnavailable, OrgFault: No answer to that.
    """
    user_id, username, org_id = _user(transport)
    rows = list(rest.rows(transport, rest.first_page(transport, _ORGANIZATION)))
    row = rows[0] if rows else {}
    session = transport.session
    found = normal_id(str(row.get("Id") or org_id or session.org_id or ""))
    if found is None:
        raise OrgFault("the org doesn't say its id", place="Organization")
    sandbox = row.get("IsSandbox")
    return Identity(
        org_id=found,
        user_id=user_id,
        username=username,
        instance_url=session.instance_url,
        api_version=transport.api_version,
        is_sandbox=sandbox if isinstance(sandbox, bool) else sandbox_by_host(session.instance_url),
        org_name=str(row["Name"]) if row.get("Name") else None,
        token_kind=session.token_kind,
    )


def sandbox_by_host(instance_url: str) -> bool | None:
    """What an enhanced domain's name says; `None` where it says nothing."""
    host = urlsplit(instance_url).hostname or ""
    if ".sandbox.my." in host or ".scratch.my." in host:
        return True
    return False if host.endswith(".my.salesforce.com") and "--" not in host else None


def _user(transport: Transport) -> tuple[str, str, str | None]:
    call = Call(
        method="GET",
        path="/services/oauth2/userinfo",
        template="/services/oauth2/userinfo",
        root=Root.ORG,
        absent_is=frozenset({403, 404}),
    )
    data = transport.send(call).data
    if isinstance(data, dict) and data.get("user_id"):
        org = data.get("organization_id")
        return str(data["user_id"]), str(data.get("preferred_username") or ""), str(org) if org else None
    if transport.session.token_kind == "jwt":  # noqa: S105 -- a kind, not a token
        raise AccessRefused(
            "the token may not ask who its user is",
            place="/services/oauth2/userinfo",
            fix="give the app the scope `id` (or `openid`)",
        )
    return _user_by_soap(transport)


def _user_by_soap(transport: Transport) -> tuple[str, str, str | None]:
    def body(spot: Spot) -> bytes:
        return soap.envelope(soap.operation("getUserInfo"), access_token=spot.access_token, client=CLIENT)

    call = Call(
        method="POST",
        path="",
        template="/soap/getUserInfo",
        root=Root.SOAP,
        content=Content.XML,
        headers={"SOAPAction": '""'},
        body_type="text/xml; charset=UTF-8",
        body=body,
    )
    result = next(iter(soap.results(transport.send(call).content)), None)
    user_id = None if result is None else soap.text_of(result, "userId")
    if result is None or user_id is None:
        raise OrgFault("the org doesn't say who we are", place="/soap/getUserInfo")
    return user_id, soap.text_of(result, "userName") or "", soap.text_of(result, "organizationId")

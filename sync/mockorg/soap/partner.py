"""The SOAP operations: reading a call, checking its headers and session, and finding who answers it.

Every call counts as one API request, whatever it carries. An error of the call becomes a fault with HTTP 500; errors
of single records travel inside a 200.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..api.versions import NEWEST, OLDEST
from ..behaviours import behaviour
from ..call import session_is_invalid
from ..errors import NotModelled, RowRefused, SalesforceError, as_call_error
from ..http import Response
from ..sessions import TokenKind
from .convert_lead import convert_lead
from .dml import create, delete, retrieve, undelete, update, upsert
from .duplicates import find_duplicates, find_duplicates_by_ids
from .envelope import EnvelopeIsBroken, Node, namespace, read, text, write
from .faults import XML_TYPE, dialect_of, fault_response
from .login import get_server_timestamp, get_user_info, login, logout
from .merging import merge
from .query import query, query_all, query_more
from .soap_call import SoapCall

if TYPE_CHECKING:
    from ..call import Call
    from ..http import Request

_VERSION = re.compile(r"(\d{1,3})\.0\Z")
_FIRST_WITH_LIMIT_INFO = 38


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of the WSDL: who answers, which headers its binding allows, and whether it needs a session."""

    answer: Callable[[SoapCall], Sequence[Node]]
    headers: frozenset[str] = frozenset()
    session: bool = True
    limit_info: bool = True


_SESSION = frozenset({"SessionHeader", "CallOptions"})
_PACKAGED = _SESSION | {"PackageVersionHeader", "LocaleOptions"}
_CONVERTING = frozenset(
    {
        "AllowFieldTruncationHeader",
        "DisableFeedTrackingHeader",
        "StreamingEnabledHeader",
        "DuplicateRuleHeader",
        "DebuggingHeader",
    }
)

_WRITING = _CONVERTING | {"AllOrNoneHeader", "DisableFeedTrackingHeader", "EmailHeader"}

OPERATIONS = {
    "login": Operation(
        answer=login, headers=frozenset({"LoginScopeHeader", "CallOptions"}), session=False, limit_info=False
    ),
    "logout": Operation(answer=logout, headers=_SESSION, limit_info=False),
    "getUserInfo": Operation(answer=get_user_info, headers=_SESSION, limit_info=False),
    "getServerTimestamp": Operation(answer=get_server_timestamp, headers=_SESSION, limit_info=False),
    "query": Operation(answer=query, headers=_PACKAGED | {"QueryOptions", "MruHeader"}),
    "queryAll": Operation(answer=query_all, headers=_PACKAGED | {"QueryOptions"}),
    "queryMore": Operation(answer=query_more, headers=_PACKAGED | {"QueryOptions"}),
    "convertLead": Operation(answer=convert_lead, headers=_PACKAGED | _CONVERTING),
    "create": Operation(answer=create, headers=_PACKAGED | _WRITING | {"AssignmentRuleHeader", "MruHeader"}),
    "update": Operation(answer=update, headers=_PACKAGED | _WRITING | {"AssignmentRuleHeader", "MruHeader"}),
    "upsert": Operation(answer=upsert, headers=_PACKAGED | _WRITING | {"AssignmentRuleHeader", "MruHeader"}),
    "delete": Operation(answer=delete, headers=_PACKAGED | _WRITING),
    "undelete": Operation(answer=undelete, headers=_PACKAGED | _WRITING),
    "merge": Operation(answer=merge, headers=_PACKAGED | _WRITING | {"AssignmentRuleHeader", "MruHeader"}),
    "retrieve": Operation(answer=retrieve, headers=_PACKAGED | {"QueryOptions", "MruHeader"}),
    "findDuplicates": Operation(answer=find_duplicates, headers=_PACKAGED | {"DuplicateRuleHeader"}),
    "findDuplicatesByIds": Operation(answer=find_duplicates_by_ids, headers=_PACKAGED | {"DuplicateRuleHeader"}),
}


def operation_name(request: Request) -> str:
    """What log and faults call a SOAP request: `soap.convertLead`."""
    try:
        return f"soap.{read(request.body).operation}"
    except EnvelopeIsBroken:
        return "soap.unreadable"


def answer(call: Call) -> Response:
    """POST /services/Soap/u/{version}, with or without the org id behind."""
    try:
        soap = _opened(call)
        operation = _operation(soap)
        content = operation.answer(soap)
    except SalesforceError as error:
        return fault_response(error, call.request)
    except RowRefused as refused:
        return fault_response(as_call_error(refused.errors[0]), call.request)
    headers = _limit_info(soap) if operation.limit_info and soap.version >= _FIRST_WITH_LIMIT_INFO else []
    body = write(soap.dialect, Node(f"{soap.envelope.operation}Response", content), headers)
    return Response(status=200, headers=(("Content-Type", XML_TYPE),), body=body)


def _opened(call: Call) -> SoapCall:
    """The call with its envelope read, its headers checked, its session found, and charged."""
    _check_transport(call.request)
    version = _version(call.parameters["soap_version"])
    soap = SoapCall(
        call=call, envelope=read(call.request.body), version=version, dialect=dialect_of(call.request), caller=None
    )
    operation = _operation(soap)
    _check_headers(soap, operation)
    if not operation.session:
        return soap
    return _with_session(soap)


@behaviour("SOAP calls need a SOAPAction header", mark="uncertain", source="toolkit documentation")
def _check_transport(request: Request) -> None:
    """The value of SOAPAction does not matter; its absence is a fault. The body must be text/xml."""
    if request.content_type != "text/xml":
        raise SalesforceError(
            "UNSUPPORTED_MEDIA_TYPE",
            f"Content-Type must be text/xml, not {request.content_type or 'absent'}",
            status=415,
        )
    if "SOAPAction" not in request.headers:
        raise EnvelopeIsBroken("SOAPAction HTTP header missing")


@behaviour("Retired SOAP versions are a fault", source="API end of life")
def _version(segment: str) -> int:
    """Versions 31.0 to 67.0 are served, the others are the fault UNSUPPORTED_API_VERSION."""
    found = _VERSION.match(segment)
    if found is None or not OLDEST <= int(found[1]) <= NEWEST:
        raise SalesforceError("UNSUPPORTED_API_VERSION", f"Invalid Api version specified on URL: {segment}", status=500)
    return int(found[1])


def _operation(soap: SoapCall) -> Operation:
    if soap.envelope.namespace != soap.dialect.messages:
        raise EnvelopeIsBroken(
            f"No operation available for request {{{soap.envelope.namespace}}}{soap.envelope.operation}"
        )
    operation = OPERATIONS.get(soap.envelope.operation)
    if operation is None:
        raise NotModelled(f"the SOAP operation {soap.envelope.operation}", status=500)
    return operation


@behaviour("Unknown SOAP headers are refused", mark="uncertain", source="fault code enumeration of the WSDL")
def _check_headers(soap: SoapCall, operation: Operation) -> None:
    """A header that the operation's binding does not list is the fault INVALID_SOAP_HEADER."""
    for name, element in soap.envelope.headers.items():
        if namespace(element) not in {soap.dialect.messages, ""}:
            continue  # another specification's header, e.g. WS-Addressing
        if name not in operation.headers:
            raise SalesforceError(
                "INVALID_SOAP_HEADER", f"{name} is not supported by {soap.envelope.operation}", status=500
            )
    if "PackageVersionHeader" in soap.envelope.headers:
        raise NotModelled("the SOAP header PackageVersionHeader", status=500)


@behaviour("SOAP takes opaque sessions only", source="Salesforce Help: JWT-based access tokens are for REST")
def _with_session(soap: SoapCall) -> SoapCall:
    """The call with its user, charged one API request; a JWT-based access token opens no SOAP call."""
    header = soap.envelope.headers.get("SessionHeader")
    token = text(header, "sessionId") if header is not None else None
    if token is None:
        raise session_is_invalid()
    session = soap.call.doors.open_session(token.strip())
    if session.kind is TokenKind.JWT:
        raise session_is_invalid()
    call = replace(soap.call, session=session)
    call.charge()
    return replace(soap, call=call, caller=call.user)


def _limit_info(soap: SoapCall) -> list[Node]:
    used, allowed = soap.org.limits.usage()
    info = [Node("current", used), Node("limit", allowed), Node("type", "API REQUESTS")]
    return [Node("LimitInfoHeader", [Node("limitInfo", info)])] if soap.caller is not None else []

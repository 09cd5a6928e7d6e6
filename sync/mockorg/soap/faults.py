"""SOAP's way to refuse a call: HTTP 500 and a typed fault, where REST would answer 401, 403 or 400."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..http import Response
from .envelope import ENTERPRISE, PARTNER, Dialect, Node, write_fault

if TYPE_CHECKING:
    from ..errors import SalesforceError
    from ..http import Request

XML_TYPE = "text/xml;charset=UTF-8"

_KINDS = {
    "INVALID_LOGIN": "LoginFault",
    "LOGIN_MUST_USE_SECURITY_TOKEN": "LoginFault",
    "PASSWORD_LOCKOUT": "LoginFault",
    "INVALID_FIELD": "InvalidFieldFault",
    "INVALID_TYPE": "InvalidSObjectFault",
    "MALFORMED_QUERY": "MalformedQueryFault",
    "INVALID_QUERY_LOCATOR": "InvalidQueryLocatorFault",
    "MALFORMED_ID": "InvalidIdFault",
}
_QUERY_KINDS = frozenset({"InvalidFieldFault", "InvalidSObjectFault", "MalformedQueryFault"})
_POSITION = re.compile(r"ERROR at Row:(\d+):Column:(\d+)")

_MESSAGES = {
    "INVALID_SESSION_ID": (
        "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session key"
    )
}


def dialect_of(request: Request) -> Dialect:
    """The API spoken at this address: `/u/` is partner, `/c/` enterprise."""
    segments = [segment.lower() for segment in request.segments]
    return ENTERPRISE if segments[2:3] == ["c"] else PARTNER


def fault_response(error: SalesforceError, request: Request) -> Response:
    """The fault for an error, in the dialect of the address."""
    kind = _KINDS.get(error.code, "UnexpectedErrorFault")
    message = _MESSAGES.get(error.code, error.message)
    detail: list[Node] = []
    if kind in _QUERY_KINDS:
        place = _POSITION.search(message)
        row, column = (int(place[1]), int(place[2])) if place else (-1, -1)
        detail = [Node("row", row), Node("column", column)]
    body = write_fault(dialect_of(request), code=error.code, message=message, kind=kind, detail=detail)
    return Response(status=500, headers=(("Content-Type", XML_TYPE), *error.headers.items()), body=body)

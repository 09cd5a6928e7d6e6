"""What a scripted refusal looks like on the wire: REST's array, SOAP's fault, or the HTML of a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .api.errors import error_response
from .call import session_is_invalid
from .errors import SalesforceError
from .faults import Fault, FaultKind
from .http import Response
from .soap.faults import fault_response

if TYPE_CHECKING:
    from .http import Request

_PAGE = """<html><head><title>{title}</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>
"""


def refusal(fault: Fault, request: Request) -> Response:
    """The answer that a fault gives in place of the real one."""
    match fault.kind:
        case FaultKind.UNAVAILABLE:
            return _html(503, "503 Service Unavailable", "The server is temporarily unable to service your request.")
        case FaultKind.BAD_GATEWAY:
            return _html(502, "502 Bad Gateway", "The gateway got no answer from the instance.")
        case FaultKind.UNAUTHORIZED:
            error = session_is_invalid()
        case FaultKind.LIMIT:
            error = SalesforceError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        case _:
            error = SalesforceError(
                "UNKNOWN_EXCEPTION",
                "An unexpected error occurred. Please include this ErrorId if you contact support: 0 (0)",
                status=500,
            )
    if request.path.lower().startswith("/services/soap/"):
        return fault_response(error, request)
    return error_response(error)


def _html(status: int, title: str, text: str) -> Response:
    page = _PAGE.format(title=title, text=text)
    return Response(status=status, headers=(("Content-Type", "text/html;charset=UTF-8"),), body=page.encode())

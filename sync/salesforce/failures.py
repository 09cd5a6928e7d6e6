"""What a failed exchange means: never sent, answer lost, or a no from Salesforce.

The transport asks here after every exchange; `faults` knows the codes, this module knows HTTP, TLS and who could have
answered instead of Salesforce. Bodies stay out of messages, except Salesforce's own short texts.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError, ProxyError

from sync.errors import AccessRefused, LeadgateError, OrgFault, OrgUnavailable
from sync.salesforce import soap
from sync.salesforce.calls import Call, Content, Effect, Reply
from sync.salesforce.faults import Fault, Kind, explain
from sync.salesforce.org import Answer, NotSent, Unknown
from sync.salesforce.words import without_values


class NeverSent(OrgUnavailable):
    """No connection to the org came about."""

    code = "NO_CONNECTION"


class AnswerLost(OrgUnavailable):
    """The request was sent and no usable answer came back."""

    code = "NO_ANSWER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A reply that isn't a success: Salesforce's code and words, or ours where something else answered."""

    code: str
    message: str
    kind: Kind
    status: int


_CODES_OF_STATUS = {
    401: "INVALID_SESSION_ID",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    410: "UNSUPPORTED_API_VERSION",
    412: "PRECONDITION_FAILED",
    414: "URI_TOO_LONG",
    415: "UNSUPPORTED_MEDIA_TYPE",
    431: "URI_TOO_LONG",
    500: "INTERNAL_SERVER_ERROR",
    503: "SERVER_UNAVAILABLE",
}

_ACCESS = {
    "INVALID_SESSION_ID",
    "INVALID_LOGIN",
    "LOGIN_MUST_USE_SECURITY_TOKEN",
    "PASSWORD_LOCKOUT",
    "API_DISABLED_FOR_ORG",
    "API_CURRENTLY_DISABLED",
    "ORG_LOCKED",
    "FUNCTIONALITY_NOT_ENABLED",
    "INSUFFICIENT_ACCESS",
    "INSUFFICIENT_ACCESS_OR_READONLY",
    "TXN_SECURITY_NO_ACCESS",
}


_BEFORE_SENDING: tuple[tuple[tuple[type[BaseException], ...], str, str], ...] = (
    (
        (ssl.SSLCertVerificationError,),
        "shows a certificate that this machine doesn't trust",
        "if a proxy inspects traffic here, set LEADGATE_CA_FILE to its authority",
    ),
    ((NameResolutionError, socket.gaierror), "is a name that doesn't resolve", "check the address and the network"),
    ((ProxyError,), "isn't reached: the proxy doesn't let us through", "check HTTPS_PROXY and NO_PROXY"),
    ((NewConnectionError,), "refused the connection", "check the address and the network"),
    (
        (requests.ConnectTimeout, ConnectTimeoutError),  # after its subclass NewConnectionError
        "didn't take the connection in time",
        "check the network; run again",
    ),
    ((requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema), "can't be called", "check the address"),
)
"""What shows that a request never left; all else may have arrived."""


def failure_of(call: Call, reply: Reply) -> Failure | None:
    """Why the reply can't be taken as the call's answer, or `None` when it can."""
    if reply.ok:
        return _unreadable(call, reply)
    if reply.status in call.absent_is:
        return None
    if 300 <= reply.status < 400:
        return _foreign(reply, "redirects to another address, as an org does that has moved")
    told = soap.fault_in(reply.content) if call.content is Content.XML else _told_in(reply.data)
    if told is None:
        if _is_html(reply) or reply.status not in _CODES_OF_STATUS:
            return _foreign(reply, f"answered with status {reply.status} and nothing of Salesforce's")
        told = _CODES_OF_STATUS[reply.status], f"status {reply.status}"
    code, message = told
    fault = explain(code, message)
    kind = fault.kind
    if reply.status == 401:
        kind = Kind.REFRESH
    elif not fault.known:
        kind = Kind.IN_DOUBT if reply.status >= 500 else Kind.REFUSED
    return Failure(code=code, message=without_values(message), kind=kind, status=reply.status)


def error_of(failure: Failure, place: str) -> LeadgateError:
    """The failure as an error for people; `place` is the call's template."""
    fault = explain(failure.code, failure.message)
    message = failure.message if failure.code in failure.message else f"{failure.code}: {failure.message}"
    kind: type[LeadgateError]
    if failure.code == "NOT_SALESFORCE":
        kind, message = OrgUnavailable, failure.message
    elif (
        failure.code in _ACCESS
        or failure.status == 401
        or (failure.status == 403 and not explain(failure.code).code.endswith("LIMIT_EXCEEDED"))
    ):
        kind = AccessRefused
    else:
        kind = OrgFault
    return kind(message, place=place, fix=fault.fix, code=failure.code)


def network_error(error: OSError, host: str) -> NeverSent | AnswerLost:
    """What an exception of `requests` (an OSError, as the sockets' own) says about whether the request has left."""
    if not isinstance(error, requests.RequestException) and "CA certificate bundle" in str(error):
        return NeverSent(
            "the file of trusted authorities isn't there", place="REQUESTS_CA_BUNDLE", fix="correct or unset it"
        )
    kinds = list(_causes(error))
    for what, message, fix in _BEFORE_SENDING:
        if any(isinstance(cause, what) for cause in kinds):
            return NeverSent(f"{host} {message}", place=host, fix=fix)
    lost = "didn't answer in time" if isinstance(error, requests.Timeout) else "broke off before the answer was whole"
    return AnswerLost(f"{host} {lost}", place=host, fix="run again: what happened is read from the org first")


def incomplete(call: Call, message: str) -> LeadgateError:
    """The error for an answer that came but doesn't cover what was asked: of a write, what is missing may have run."""
    if call.effect is Effect.READ:
        return OrgFault(message, place=call.template, code="INCOMPLETE_RESULT")
    return AnswerLost(message, place=call.template, code="INCOMPLETE_RESULT")


def answers_for(error: LeadgateError, count: int) -> list[Answer]:
    """One answer per record when a whole call failed: unknown only where the call may have run."""
    if isinstance(error, AnswerLost):
        return [Unknown(code=error.code, message=error.message) for _ in range(count)]
    return [NotSent(code=error.code, message=error.message) for _ in range(count)]


def _unreadable(call: Call, reply: Reply) -> Failure | None:
    """A success whose body isn't what was asked for: a captive portal, a proxy, or an answer cut off."""
    if call.content is Content.NOTHING or (not reply.content and reply.status == 204):
        return None
    if _is_html(reply):
        return _foreign(reply, "answered with a web page instead of data")
    if call.content is Content.JSON and reply.data is None:
        return _foreign(reply, "answered with something that isn't whole JSON")
    if call.content is Content.XML and not soap.is_whole(reply.content):
        return _foreign(reply, "answered with something that isn't whole XML")
    return None


def _is_limit(fault: Fault) -> bool:
    return fault.code in {"REQUEST_LIMIT_EXCEEDED", "CONCURRENT_LIMIT_EXCEEDED"}


def _foreign(reply: Reply, what: str) -> Failure:
    return Failure(code="NOT_SALESFORCE", message=f"the address {what}", kind=Kind.IN_DOUBT, status=reply.status)


def _is_html(reply: Reply) -> bool:
    return "html" in reply.headers.get("Content-Type", "").lower()


def _told_in(data: Any) -> tuple[str, str] | None:
    """Code and message of a REST error array, an OAuth error object, or a bulk error object."""
    first = data[0] if isinstance(data, list) and data else data
    if not isinstance(first, dict):
        return None
    code = first.get("errorCode") or first.get("exceptionCode") or first.get("statusCode") or first.get("error")
    message = first.get("message") or first.get("exceptionMessage") or first.get("error_description") or ""
    return (str(code), str(message)) if code else None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and everything that it wraps: `requests` and `urllib3` nest in args, `reason` and `__cause__`."""
    seen: list[BaseException] = []
    waiting = [error] if error is not None else []
    while waiting:
        current = waiting.pop()
        if any(current is known for known in seen):
            continue
        seen.append(current)
        yield current
        nested = [*current.args, getattr(current, "reason", None), current.__cause__]
        waiting.extend(item for item in nested if isinstance(item, BaseException))

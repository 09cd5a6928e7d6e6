"""Several calls in one: `/composite`, where later subrequests may use what earlier ones answered.

The outer answer is always 200; each subrequest has its own status. All of it counts as one API call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import SalesforceError
from ..http import Headers, Request, Response, json_response
from .references import Answers, ReferenceIsMissing, resolved, resolved_text

if TYPE_CHECKING:
    from ..call import Call

MOST_SUBREQUESTS = 25
MOST_QUERIES = 5

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"})
_REFERENCE_ID = re.compile(r"[A-Za-z0-9_]{1,80}\Z")
_SHOWN_HEADERS = frozenset({"Location", "ETag", "Last-Modified"})
_FORBIDDEN_HEADERS = frozenset({"accept", "authorization", "content-type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a composite resource carries: paths that are allowed, and those of them that count as queries."""

    allowed: re.Pattern[str]
    queries: re.Pattern[str]


_DATA = Carried(
    allowed=re.compile(r"/services/data/v\d+\.\d/(query|queryAll|sobjects|composite/sobjects)(/|\?|$)", re.IGNORECASE),
    queries=re.compile(r"/services/data/v\d+\.\d/(query|queryAll|composite/sobjects)(/|\?|$)", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subrequest:
    """One subrequest as sent; its URL and body may hold references."""

    reference_id: str
    method: str
    url: str
    body: object
    headers: tuple[tuple[str, str], ...] = ()


class _RollBack(Exception):
    """Leaves the savepoint of an all-or-none call."""


def composite(call: Call) -> Response:
    """POST /composite."""
    return carried_out(call, _DATA)


def carried_out(call: Call, carried: Carried) -> Response:
    """The answer of a composite resource that carries these paths.

    Raises:
        SalesforceError: the body is not of the documented form, or more than the resource takes.
    """
    body = call.json_object()
    subrequests = read_subrequests(body.get("compositeRequest"))
    all_or_none = body.get("allOrNone", False)
    if not isinstance(all_or_none, bool) or not isinstance(body.get("collateSubrequests", True), bool):
        raise SalesforceError("JSON_PARSER_ERROR", "allOrNone and collateSubrequests must be true or false")
    _check_counts(subrequests, carried)
    return json_response({"compositeResponse": run(call, subrequests, all_or_none=all_or_none)})


@behaviour("Composite takes 25 subrequests, 5 of them queries or collections", source="REST Developer Guide")
def _check_counts(subrequests: Sequence[Subrequest], carried: Carried) -> None:
    """More are refused as a whole, as is a resource that composite does not carry."""
    if len(subrequests) > MOST_SUBREQUESTS:
        raise SalesforceError("LIMIT_EXCEEDED", f"A composite request can have at most {MOST_SUBREQUESTS} subrequests.")
    if sum(1 for each in subrequests if carried.queries.match(each.url)) > MOST_QUERIES:
        raise SalesforceError(
            "LIMIT_EXCEEDED",
            f"A composite request can have at most {MOST_QUERIES} query and sObject Collections subrequests.",
        )
    wrong = next((each.url for each in subrequests if not carried.allowed.match(each.url)), None)
    if wrong is not None:
        raise SalesforceError("INVALID_INPUT", f"The resource is not supported in a composite request: {_path(wrong)}")


def read_subrequests(given: object) -> list[Subrequest]:
    """The subrequests of a body.

    Raises:
        SalesforceError: 400 where one is not of the documented form.
    """
    if not isinstance(given, list) or not given:
        raise SalesforceError("JSON_PARSER_ERROR", "compositeRequest must be an array of subrequests")
    subrequests = [_subrequest(each) for each in given]
    seen: set[str] = set()
    for each in subrequests:
        if each.reference_id in seen:
            raise SalesforceError(
                "INVALID_INPUT", f"Duplicate ReferenceId provided in the request: {each.reference_id}"
            )
        seen.add(each.reference_id)
    return subrequests


def _subrequest(given: object) -> Subrequest:
    if not isinstance(given, dict):
        raise SalesforceError("JSON_PARSER_ERROR", "A subrequest must be an object")
    unknown = set(given) - {"method", "url", "referenceId", "body", "httpHeaders"}
    if unknown:
        raise SalesforceError("JSON_PARSER_ERROR", f'Unrecognized field "{min(unknown)}"')
    method, url, reference = given.get("method"), given.get("url"), given.get("referenceId")
    if method not in _METHODS:
        raise SalesforceError("JSON_PARSER_ERROR", f"Cannot deserialize value of HttpMethod from '{method}'")
    if not isinstance(url, str) or not url.startswith("/services/data/"):
        raise SalesforceError("INVALID_INPUT", "A subrequest's url must start with /services/data/")
    if not isinstance(reference, str) or not _REFERENCE_ID.match(reference):
        raise SalesforceError("INVALID_INPUT", f"Provided referenceId is not valid: {reference}")
    headers = given.get("httpHeaders") or {}
    if not isinstance(headers, dict):
        raise SalesforceError("JSON_PARSER_ERROR", "httpHeaders must be an object")
    for name in headers:
        if name.lower() in _FORBIDDEN_HEADERS:
            raise SalesforceError("INVALID_INPUT", f"The header {name} is not allowed in a subrequest")
    return Subrequest(
        reference_id=reference,
        method=method,
        url=url,
        body=given.get("body"),
        headers=tuple((name, str(value)) for name, value in headers.items()),
    )


def run(call: Call, subrequests: Sequence[Subrequest], *, all_or_none: bool) -> list[Mapping[str, object]]:
    """Run subrequests in order, under all-or-none inside one savepoint."""
    results: list[Mapping[str, object]] = []
    try:
        with call.org.store.savepoint():
            answers: dict[str, object] = {}
            for each in subrequests:
                results.append(_one(call, each, answers))
                if all_or_none:
                    _check_last(results)
    except _RollBack:
        return [_undone(each, results) for each in subrequests]
    return results


def _check_last(results: Sequence[Mapping[str, object]]) -> None:
    if _failed(results[-1]):
        raise _RollBack


def _one(call: Call, subrequest: Subrequest, answers: dict[str, object]) -> Mapping[str, object]:
    try:
        request = _request(call, subrequest, answers)
    except ReferenceIsMissing as missing:
        return halted(subrequest, f"Invalid reference specified. {missing}")
    if call.session is None:
        raise TypeError("composite is reached with a session only")
    response = call.doors.dispatch(request, call.session, call.tally)
    body = json.loads(response.body) if response.body else None
    if response.status < 400:
        answers[subrequest.reference_id] = body
    return {
        "body": body,
        "httpHeaders": {name: value for name, value in response.headers if name in _SHOWN_HEADERS},
        "httpStatusCode": response.status,
        "referenceId": subrequest.reference_id,
    }


@behaviour("Composite subrequests carry conditional headers", source="REST Developer Guide")
def _request(call: Call, subrequest: Subrequest, answers: Answers) -> Request:
    """A subrequest has the outer call's `Sforce-` headers and its own, which win."""
    url = resolved_text(subrequest.url, answers)
    path, _, query_string = url.partition("?")
    outer = [(name, value) for name, value in call.request.headers.items() if name.lower().startswith("sforce-")]
    own = {name.lower() for name, _ in subrequest.headers}
    headers = [(name, value) for name, value in outer if name.lower() not in own]
    body = b""
    if subrequest.body is not None:
        headers.append(("Content-Type", "application/json"))
        body = json.dumps(resolved(subrequest.body, answers)).encode()
    return Request(
        method=subrequest.method,
        path=path,
        query_string=query_string,
        headers=Headers([*headers, *subrequest.headers]),
        body=body,
        base_url=call.request.base_url,
    )


def _failed(result: Mapping[str, object]) -> bool:
    status = result["httpStatusCode"]
    return not isinstance(status, int) or status >= 400


@behaviour("A composite call with allOrNone undoes everything", source="REST Developer Guide")
def _undone(subrequest: Subrequest, results: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    """The subrequest that failed keeps its answer; all others are PROCESSING_HALTED."""
    failed = results[-1]
    if failed["referenceId"] == subrequest.reference_id:
        return failed
    return halted(subrequest, "The transaction was rolled back since another operation in the same transaction failed.")


def halted(subrequest: Subrequest, message: str) -> Mapping[str, object]:
    """The result of a subrequest that was not carried out, or was undone."""
    return {
        "body": [{"errorCode": "PROCESSING_HALTED", "message": message}],
        "httpHeaders": {},
        "httpStatusCode": 400,
        "referenceId": subrequest.reference_id,
    }


def _path(url: str) -> str:
    return url.partition("?")[0]

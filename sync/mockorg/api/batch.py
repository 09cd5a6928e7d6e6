"""Up to 25 independent calls in one: `/composite/batch`, each charged, each with its own status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import NotModelled, SalesforceError
from ..http import Headers, Request, Response, json_response

if TYPE_CHECKING:
    from ..call import Call

MOST_SUBREQUESTS = 25
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_HALTED = [{"errorCode": "BATCH_PROCESSING_HALTED", "message": "Batch processing halted per request"}]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subrequest:
    method: str
    url: str
    body: object


@behaviour("Batch: each subrequest counts; haltOnError answers 412", source="REST Developer Guide; recording")
def batch(call: Call) -> Response:
    """POST /composite/batch: subrequests run one after the other, without regard to each other."""
    body = call.json_object()
    given = body.get("batchRequests")
    if not isinstance(given, list) or not given:
        raise SalesforceError("JSON_PARSER_ERROR", "batchRequests must be an array of subrequests")
    if len(given) > MOST_SUBREQUESTS:
        raise SalesforceError("LIMIT_EXCEEDED", f"A batch can have at most {MOST_SUBREQUESTS} subrequests.")
    subrequests = [_read(each) for each in given]
    if len(subrequests) > 1:
        call.charge(len(subrequests) - 1)
    halt = body.get("haltOnError", False) is True
    results: list[Mapping[str, object]] = []
    for each in subrequests:
        if halt and any(_failed(result) for result in results):
            results.append({"statusCode": 412, "result": _HALTED})
        else:
            results.append(_one(call, each))
    return json_response({"hasErrors": any(_failed(result) for result in results), "results": results})


def _read(given: object) -> _Subrequest:
    if not isinstance(given, dict):
        raise SalesforceError("JSON_PARSER_ERROR", "A subrequest must be an object")
    method, url = given.get("method"), given.get("url")
    if method not in _METHODS:
        raise SalesforceError("JSON_PARSER_ERROR", f"Cannot deserialize value of HttpMethod from '{method}'")
    if not isinstance(url, str):
        raise SalesforceError("JSON_PARSER_ERROR", "A subrequest needs a url")
    if "binaryPartName" in given or "binaryPartNameAlias" in given:
        raise NotModelled("binary parts of a batch")
    return _Subrequest(method=method, url=url, body=given.get("richInput"))


def _one(call: Call, subrequest: _Subrequest) -> Mapping[str, object]:
    path, _, query_string = subrequest.url.partition("?")
    if not path.startswith("/services/data/"):
        path = f"/services/data/{path.lstrip('/')}"
    headers = [(name, value) for name, value in call.request.headers.items() if name.lower().startswith("sforce-")]
    content = b""
    if subrequest.body is not None:
        headers.append(("Content-Type", "application/json"))
        content = json.dumps(subrequest.body).encode()
    request = Request(
        method=subrequest.method,
        path=path,
        query_string=query_string,
        headers=Headers(headers),
        body=content,
        base_url=call.request.base_url,
    )
    if call.session is None:
        raise TypeError("batch is reached with a session only")
    response = call.doors.dispatch(request, call.session, call.tally)
    return {"statusCode": response.status, "result": json.loads(response.body) if response.body else None}


def _failed(result: Mapping[str, object]) -> bool:
    status = result["statusCode"]
    return not isinstance(status, int) or status >= 400

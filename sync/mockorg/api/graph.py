"""Graphs of dependent records, each all-or-nothing: `/composite/graph`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..errors import SalesforceError
from ..http import Response, json_response
from .composite import Subrequest, halted, read_subrequests, run

if TYPE_CHECKING:
    from ..call import Call

MOST_GRAPHS = 75
MOST_NODES = 500
DEEPEST = 15
MOST_KINDS = 15
FAILED_GRAPHS_TO_HALT = 14

_ALLOWED = re.compile(r"/services/data/v\d+\.\d/sobjects/([A-Za-z0-9_]+)(/[^/]+){0,2}/?\Z")
_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)\.")


@dataclass(frozen=True, slots=True)
class _Graph:
    id: str
    nodes: tuple[Subrequest, ...]


@behaviour("Composite graph", source="REST Developer Guide; recorded answer; texts of its limits are uncertain")
def graph(call: Call) -> Response:
    """POST /composite/graph: each graph succeeds or fails as a whole; after 14 failed graphs the rest is not tried."""
    given = call.json_object().get("graphs")
    if not isinstance(given, list) or not given:
        raise SalesforceError("JSON_PARSER_ERROR", "graphs must be an array of graphs")
    graphs = [_read(each) for each in given]
    _check_limits(graphs)
    answers: list[Mapping[str, object]] = []
    failed = 0
    for each in graphs:
        if failed >= FAILED_GRAPHS_TO_HALT:
            results: Sequence[Mapping[str, object]] = [
                halted(node, "Processing was halted because too many graphs failed.") for node in each.nodes
            ]
        else:
            results = run(call, each.nodes, all_or_none=True)
        good = all(_status(result) < 400 for result in results)
        failed += not good
        answers.append({"graphId": each.id, "graphResponse": {"compositeResponse": results}, "isSuccessful": good})
    return json_response({"graphs": answers})


def _read(given: object) -> _Graph:
    if not isinstance(given, dict) or not isinstance(given.get("graphId"), str):
        raise SalesforceError("JSON_PARSER_ERROR", "A graph needs a graphId and a compositeRequest")
    return _Graph(str(given["graphId"]), tuple(read_subrequests(given.get("compositeRequest"))))


def _check_limits(graphs: Sequence[_Graph]) -> None:
    nodes = [node for each in graphs for node in each.nodes]
    if len({each.id for each in graphs}) < len(graphs):
        raise SalesforceError("INVALID_INPUT", "Duplicate graphId in the request.")
    if len(graphs) > MOST_GRAPHS or len(nodes) > MOST_NODES:
        raise SalesforceError(
            "LIMIT_EXCEEDED", f"A request can have at most {MOST_GRAPHS} graphs and {MOST_NODES} nodes."
        )
    wrong = next((node.url for node in nodes if not _ALLOWED.match(node.url.partition("?")[0])), None)
    if wrong is not None:
        raise SalesforceError("INVALID_INPUT", f"The resource is not supported in a graph: {wrong.partition('?')[0]}")
    for each in graphs:
        kinds = {(node.method, _object(node)) for node in each.nodes}
        if len(kinds) > MOST_KINDS:
            raise SalesforceError("LIMIT_EXCEEDED", f"A graph can have at most {MOST_KINDS} different kinds of node.")
        if _depth(each) > DEEPEST:
            raise SalesforceError("LIMIT_EXCEEDED", f"A graph can be at most {DEEPEST} nodes deep.")


def _object(node: Subrequest) -> str:
    found = _ALLOWED.match(node.url.partition("?")[0])
    return found[1].lower() if found else ""


def _depth(graph_: _Graph) -> int:
    depth: dict[str, int] = {}
    for node in graph_.nodes:
        parents = _REFERENCE.findall(f"{node.url} {node.body!r}")
        depth[node.reference_id] = 1 + max((depth.get(parent, 0) for parent in parents), default=0)
    return max(depth.values())


def _status(result: Mapping[str, object]) -> int:
    status = result["httpStatusCode"]
    return status if isinstance(status, int) else 500

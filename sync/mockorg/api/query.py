"""SOQL over REST: query, queryAll, the pages that follow, column metadata and explain."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..errors import SalesforceError
from ..faults import FaultKind
from ..http import Response, json_response
from ..soql.columns import column_metadata
from ..soql.explain import explain
from ..soql.shape import Rendering

if TYPE_CHECKING:
    from ..call import Call
    from ..soql.cursor import Page

_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


def query(call: Call) -> Response:
    """GET /query?q=…."""
    return _queried(call, all_rows=False)


def query_all(call: Call) -> Response:
    """GET /queryAll?q=…: with deleted, merged and archived records."""
    return _queried(call, all_rows=True)


def _queried(call: Call, *, all_rows: bool) -> Response:
    explained = call.query("explain")
    if explained is not None:
        return json_response(explain(call.org, call.user, explained))
    text = call.query("q")
    if text is None:
        raise SalesforceError("MALFORMED_QUERY", "A query string has to be specified")
    if (call.query("columns") or "").lower() == "true":
        return json_response(column_metadata(call.org, call.user, text, all_rows=all_rows))
    page = call.doors.cursors.query(
        call.user,
        text,
        Rendering(f"{call.version}.0"),
        all_rows=all_rows,
        batch_size=batch_size(call),
        shrink_to=shrunk_page(call),
    )
    return _answer(call, page)


def more(call: Call) -> Response:
    """GET /query/{locator}, which serves queryAll's pages too."""
    page = call.doors.cursors.more(
        call.user,
        call.parameters["locator"],
        Rendering(f"{call.version}.0"),
        batch_size=batch_size(call),
        shrink_to=shrunk_page(call),
    )
    return _answer(call, page)


def _answer(call: Call, page: Page) -> Response:
    return json_response(page.as_json(f"{call.version}.0"))


def batch_size(call: Call) -> int | None:
    """The page size that `Sforce-Query-Options` asks for."""
    found = _BATCH_SIZE.search(call.request.headers.get("Sforce-Query-Options", ""))
    return int(found[1]) if found else None


def shrunk_page(call: Call) -> int | None:
    """The page size that a scripted fault forces on this call."""
    fault = call.doors.faults.strike(frozenset({FaultKind.SMALL_PAGES}), route=call.operation)
    return fault.size if fault is not None else None

"""SOAP query, queryAll and queryMore: the same cursors as REST, records as sObjects."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..api.query import shrunk_page
from ..errors import SalesforceError
from ..soql.shape import Rendering, TimeForm
from . import envelope as xml
from .envelope import Node
from .serialize import query_result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..soql.cursor import Page
    from .soap_call import SoapCall


def query(soap: SoapCall) -> Sequence[Node]:
    """The first page of a query."""
    return _queried(soap, all_rows=False)


def query_all(soap: SoapCall) -> Sequence[Node]:
    """The first page of a query over deleted and archived records too."""
    return _queried(soap, all_rows=True)


def query_more(soap: SoapCall) -> Sequence[Node]:
    """The page at a locator."""
    locator = xml.text(soap.envelope.call, "queryLocator")
    if locator is None:
        raise SalesforceError("INVALID_QUERY_LOCATOR", "invalid query locator", status=500)
    page = soap.call.doors.cursors.more(
        soap.user, locator, _rendering(soap), batch_size=_batch_size(soap), shrink_to=shrunk_page(soap.call)
    )
    return _answer(page)


def _queried(soap: SoapCall, *, all_rows: bool) -> Sequence[Node]:
    text = xml.text(soap.envelope.call, "queryString")
    if text is None:
        raise SalesforceError("MALFORMED_QUERY", "A query string has to be specified", status=500)
    page = soap.call.doors.cursors.query(
        soap.user,
        text,
        _rendering(soap),
        all_rows=all_rows,
        batch_size=_batch_size(soap),
        shrink_to=shrunk_page(soap.call),
    )
    return _answer(page)


def _rendering(soap: SoapCall) -> Rendering:
    return Rendering(f"{soap.version}.0", TimeForm.SOAP)


def _batch_size(soap: SoapCall) -> int | None:
    options = soap.envelope.headers.get("QueryOptions")
    given = xml.text(options, "batchSize") if options is not None else None
    if given is None:
        return None
    if not given.strip().isdigit():
        raise xml.EnvelopeIsBroken(f"'{given}' is not a valid value for the type xsd:int")
    return int(given)


def _answer(page: Page) -> Sequence[Node]:
    shown: Mapping[str, object] = {"done": page.done, "totalSize": page.total}
    records = cast("Sequence[Mapping[str, object]]", page.records)
    return [Node("result", query_result(shown, records, page.locator), type="QueryResult")]

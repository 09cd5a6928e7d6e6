"""SOAP `merge`: up to two leads, accounts or contacts become one with a master record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import RowError, RowRefused, SalesforceError
from ..merges import MergeOutcome
from ..merges import merge as merge_records
from . import envelope as xml
from .dml import write_options
from .envelope import NIL, Node
from .serialize import error_node
from .soap_call import record_id
from .sobject import read_sobject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml import etree

    from .soap_call import SoapCall

MOST_REQUESTS = 200


def merge(soap: SoapCall) -> Sequence[Node]:
    """Carry out the merge requests of a call, each by itself."""
    asked = xml.children(soap.envelope.call, "request")
    if len(asked) > MOST_REQUESTS:
        message = f"record limit reached. cannot submit more than {MOST_REQUESTS} records into this call"
        raise SalesforceError("LIMIT_EXCEEDED", message, status=500)
    outcomes = [_one(soap, each) for each in asked]
    soap.call.note(error for outcome in outcomes for error in outcome.errors)
    return [_result(each) for each in outcomes]


def _one(soap: SoapCall, request: etree._Element) -> MergeOutcome:
    given = xml.child(request, "masterRecord")
    if given is None:
        raise SalesforceError("MISSING_ARGUMENT", "masterRecord is required", status=500)
    master = read_sobject(soap.org, given)
    if master.id is None:
        return _refused(RowError(code="MISSING_ARGUMENT", message="Id not specified in the master record"))
    losers = [record_id((each.text or "").strip() or None) for each in xml.children(request, "recordToMergeIds")]
    soap.call.tally.records += 1 + len(losers)
    locked = soap.call.doors.row_lock("soap.merge", f"{master.id} {losers}")
    if locked is not None:
        return _refused(locked)
    named = [each for each in losers if each is not None]
    try:
        return merge_records(
            soap.org,
            soap.user,
            master.type.name,
            {**master.values, "Id": master.id},
            named,
            write_options(soap),
        )
    except RowRefused as refused:
        return _refused(*refused.errors)


def _refused(*errors: RowError) -> MergeOutcome:
    return MergeOutcome(id=None, success=False, errors=errors)


def _result(outcome: MergeOutcome) -> Node:
    """MergeResult of the WSDL."""
    return Node(
        "result",
        [
            *(error_node(error) for error in outcome.errors),
            Node("id", NIL if outcome.id is None else outcome.id),
            *(Node("mergedRecordIds", each) for each in outcome.merged_record_ids),
            Node("success", outcome.success),
            *(Node("updatedRelatedIds", each) for each in outcome.updated_related_ids),
        ],
    )

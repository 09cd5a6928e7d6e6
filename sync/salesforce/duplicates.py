"""What the org's duplicate rules say of values that don't exist yet: SOAP `findDuplicates`, which writes nothing.

Asked with the account and contact that a conversion would make, so that a plan can tell beforehand which leads a rule
would stop. The same shapes come with a refused conversion (`DuplicateError`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sync.errors import OrgFault
from sync.model import Record, normal_id
from sync.salesforce import soap
from sync.salesforce.calls import Call, Content, Root, Spot
from sync.salesforce.org import DuplicateFinding, MatchedRecord
from sync.salesforce.transport import CLIENT, Transport
from sync.salesforce.values import fits_xml, xml_value

AT_ONCE = 50
_TEMPLATE = "/soap/findDuplicates"


def find_duplicates(
    transport: Transport, object_name: str, records: Sequence[Record]
) -> list[tuple[DuplicateFinding, ...]]:
    """Each record's findings, in order; a rule that ran and found nothing is a finding without matches.

    Raises:
        AccessRefused, OrgUnavailable, OrgFault: Also when a record gets no verdict.
    """
    return [
        findings
        for start in range(0, len(records), AT_ONCE)
        for findings in _asked(transport, object_name, records[start : start + AT_ONCE])
    ]


def matches_in(element: soap.Element) -> tuple[MatchedRecord, ...]:
    """Every matched record below an element, with the best confidence where several rules found it."""
    found: dict[str, MatchedRecord] = {}
    for match in element.iter("{*}matchRecords"):
        record = soap.child(match, "record")
        id_ = normal_id(soap.text_of(record, "Id") or "") if record is not None else None
        if record is None or id_ is None:
            continue
        confidence = _number(soap.text_of(match, "matchConfidence"))
        known = found.get(id_)
        if known is None or (confidence or 0.0) > (known.confidence or 0.0):
            found[id_] = MatchedRecord(object=soap.text_of(record, "type") or "", id=id_, confidence=confidence)
    return tuple(found.values())


def _asked(transport: Transport, object_name: str, records: Sequence[Record]) -> Iterator[tuple[DuplicateFinding, ...]]:
    def body(spot: Spot) -> bytes:
        operation = soap.operation("findDuplicates")
        for record in records:
            sobject = soap.add(operation, "sObjects")
            soap.add(sobject, "type", object_name, namespace=soap.SOBJECT)
            for name, value in record.items():
                text = xml_value(value)
                if text and fits_xml(text):  # what can't be sent can't be matched
                    soap.add(sobject, name, text, namespace=soap.SOBJECT)
        return soap.envelope(operation, access_token=spot.access_token, client=CLIENT, allow_duplicates=False)

    call = Call(
        method="POST",
        path="",
        template=_TEMPLATE,
        root=Root.SOAP,
        content=Content.XML,
        headers={"SOAPAction": '""'},
        body_type="text/xml; charset=UTF-8",
        body=body,
    )
    results = soap.results(transport.send(call).content)
    if len(results) != len(records):
        raise OrgFault("a duplicate check didn't answer each record", place=_TEMPLATE, code="INCOMPLETE_RESULT")
    for result in results:
        error = soap.child(result, "errors")
        if soap.text_of(result, "success") == "false" and error is not None:
            code = soap.text_of(error, "statusCode") or "UNKNOWN_EXCEPTION"
            raise OrgFault(f"{code}: {soap.text_of(error, 'message') or ''}", place=_TEMPLATE, code=code)
        yield tuple(_finding(entry, object_name) for entry in soap.children(result, "duplicateResults"))


def _finding(entry: soap.Element, object_name: str) -> DuplicateFinding:
    allowed = soap.text_of(entry, "allowSave")
    return DuplicateFinding(
        rule=soap.text_of(entry, "duplicateRule") or "",
        object=soap.text_of(entry, "duplicateRuleEntityType") or object_name,
        blocks=None if allowed is None else allowed not in {"true", "1"},
        matches=matches_in(entry),
    )


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None

"""Lead conversion by SOAP `convertLead`, the only stock route there is.

At most 100 leads in one call, one call, never repeated: a conversion can't be undone and has no idempotency key.
Results are taken by position, since a failed one may come without its lead id; an answer that doesn't fit what was
sent leaves its leads unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

from sync.errors import LeadgateError
from sync.model import normal_id
from sync.salesforce import soap
from sync.salesforce.calls import Call, Content, Effect, Root, Spot
from sync.salesforce.duplicates import matches_in
from sync.salesforce.failures import answers_for
from sync.salesforce.faults import Kind, explain
from sync.salesforce.org import Accepted, Answer, LeadConvert, NotSent, Refused, Unknown
from sync.salesforce.transport import CLIENT, Transport
from sync.salesforce.values import fits_xml, same_id
from sync.salesforce.words import without_values

AT_ONCE = 100


def convert(transport: Transport, requests: Sequence[LeadConvert], *, allow_duplicates: bool) -> list[Answer]:
    """Convert leads; answers in order, nothing raised for the org's or the network's reasons.

    Raises:
        ValueError: More than 100 leads: the caller packs.
    """
    if len(requests) > AT_ONCE:
        raise ValueError(f"convertLead takes {AT_ONCE} leads at once, not {len(requests)}")
    sendable = [request for request in requests if _sendable(request)]
    answered = iter(_sent(transport, sendable, allow_duplicates=allow_duplicates) if sendable else ())
    return [next(answered) if _sendable(request) else _UNSENDABLE for request in requests]


_UNSENDABLE = NotSent(code="UNSENDABLE_VALUE", message="a value holds control characters, which XML can't carry")


def _sent(transport: Transport, requests: Sequence[LeadConvert], *, allow_duplicates: bool) -> list[Answer]:
    def body(spot: Spot) -> bytes:
        operation = soap.operation("convertLead")
        for request in requests:
            _add(operation, request)
        return soap.envelope(
            operation,
            access_token=spot.access_token,
            client=CLIENT,
            allow_duplicates=allow_duplicates,
            allow_truncation=False,
        )

    call = Call(
        method="POST",
        path="",
        template="/soap/convertLead",
        root=Root.SOAP,
        effect=Effect.ONCE,
        content=Content.XML,
        headers={"SOAPAction": '""'},
        body_type="text/xml; charset=UTF-8",
        body=body,
    )
    try:
        if transport.session.token_kind == "jwt":  # noqa: S105 -- a kind, not a token
            refused = NotSent(code="JWT_TOKEN", message=explain("JWT_TOKEN").cause)
            return [refused for _ in requests]
        reply = transport.send(call)
    except LeadgateError as error:
        return answers_for(error, len(requests))
    results = soap.results(reply.content)
    if len(results) != len(requests):
        lost = Unknown(code="INCOMPLETE_RESULT", message=f"{len(results)} results for {len(requests)} leads")
        return [lost for _ in requests]
    return [_answer(request, result) for request, result in zip(requests, results, strict=True)]


def _add(operation: soap.Element, request: LeadConvert) -> None:
    """One `leadConverts` in the WSDL's order; what is not given is left out."""
    lead = soap.add(operation, "leadConverts")
    for name, value in (
        ("accountId", request.account_id),
        ("contactId", request.contact_id),
        ("convertedStatus", request.converted_status),
        ("doNotCreateOpportunity", soap.boolean(not request.create_opportunity)),
        ("leadId", request.lead_id),
        ("opportunityId", request.opportunity_id),
        ("opportunityName", request.opportunity_name),
        ("overwriteLeadSource", soap.boolean(request.overwrite_lead_source)),
        ("ownerId", request.owner_id),
        ("sendNotificationEmail", soap.boolean(request.send_notification_email)),
    ):
        if value is not None:
            soap.add(lead, name, value)


def _answer(request: LeadConvert, result: soap.Element) -> Answer:
    named = soap.text_of(result, "leadId")
    if named is not None and not same_id(named, request.lead_id):
        return Unknown(code="INCOMPLETE_RESULT", message="the result in this place is another lead's")
    match soap.text_of(result, "success"):
        case "true" | "1":
            return Accepted(
                id=request.lead_id,
                account_id=_id(result, "accountId"),
                contact_id=_id(result, "contactId"),
                opportunity_id=_id(result, "opportunityId"),
            )
        case "false" | "0":
            return _refused(result)
        case _:
            return Unknown(code="INCOMPLETE_RESULT", message="the result doesn't say whether it succeeded")


def _refused(result: soap.Element) -> Refused:
    error = soap.child(result, "errors")
    code = (soap.text_of(error, "statusCode") if error is not None else None) or "UNKNOWN_EXCEPTION"
    message = (soap.text_of(error, "message") if error is not None else None) or "Salesforce gave no reason"
    return Refused(
        code=code,
        message=without_values(message),
        fields=tuple(e.text for e in soap.children(error, "fields") if e.text) if error is not None else (),
        matches=matches_in(error) if error is not None else (),
        retryable=explain(code, message).kind is Kind.RETRYABLE,
    )


def _id(result: soap.Element, name: str) -> str | None:
    text = soap.text_of(result, name)
    return normal_id(text) if text else None


def _sendable(request: LeadConvert) -> bool:
    texts = (request.converted_status, request.opportunity_name, request.lead_id, request.owner_id)
    return all(fits_xml(text) for text in texts)

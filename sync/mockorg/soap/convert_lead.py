"""SOAP `convertLead`: the only stock way to convert a lead over the API.

Reads up to 100 LeadConvert elements, hands them to the org model, and answers one result per element in the same order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..behaviours import behaviour
from ..convert_request import ConvertHeaders, LeadConvert, LeadConvertResult
from ..errors import RowError, SalesforceError
from . import envelope as xml
from .conversion_locks import convert_under_locks
from .envelope import NIL, Content, Node
from .serialize import error_node
from .soap_call import record_id
from .strictness import check_sequence, lead_convert_sequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml import etree

    from .soap_call import SoapCall

MOST_LEADS = 100

_INTERNAL = (
    "accountRecord",
    "contactRecord",
    "opportunityRecord",
    "relatedPersonAccountId",
    "relatedPersonAccountRecord",
)
_INTERNAL_FLAGS = ("bypassAccountDedupeCheck", "bypassContactDedupeCheck")
_ELEMENTS = ("leadConverts", "LeadConvert")  # toolkits have been seen to send the type's name


def convert_lead(soap: SoapCall) -> Sequence[Node]:
    """Convert the leads of a call."""
    asked = [each for each in soap.envelope.call if xml.local(each) in _ELEMENTS]
    _check_count(len(asked))
    if soap.call.doors.strict:
        _check_strictly(soap, asked)
    leads = [_read(each) for each in asked]
    locked = [_lock(soap, each) for each in leads]
    free = [lead for lead, error in zip(leads, locked, strict=True) if error is None]
    converted = iter(convert_under_locks(soap, free, _headers(soap)) if free else [])
    results = [
        next(converted) if error is None else LeadConvertResult(success=False, errors=(error,)) for error in locked
    ]
    soap.call.note(error for result in results for error in result.errors)
    return [_result(each) for each in results]


@behaviour("convertLead takes at most 100 leads", source="SOAP API guide; the fault's code is uncertain")
def _check_count(count: int) -> None:
    """More than 100 leads in one call are a fault, and none is converted."""
    if count > MOST_LEADS:
        raise SalesforceError(
            "EXCEEDED_LEAD_CONVERT_LIMIT",
            f"Cannot convert more than {MOST_LEADS} leads in one call; {count} were sent.",
            status=500,
        )


def _check_strictly(soap: SoapCall, asked: Sequence[etree._Element]) -> None:
    for each in soap.envelope.call:
        if xml.local(each) != "leadConverts":
            raise xml.EnvelopeIsBroken(f"Element {each.tag} invalid at this location in type convertLead")
    for each in asked:
        check_sequence(
            each,
            lead_convert_sequence(soap.version),
            expected_namespace=soap.dialect.messages,
            type_name=f"{{{soap.dialect.messages}}}LeadConvert",
            complete=True,
        )


def _read(element: etree._Element) -> LeadConvert:
    internal = [name for name in _INTERNAL if _has_value(element, name)]
    internal += [name for name in _INTERNAL_FLAGS if xml.boolean(element, name)]
    return LeadConvert(
        lead_id=record_id(xml.text(element, "leadId")),
        converted_status=xml.text(element, "convertedStatus"),
        account_id=record_id(xml.text(element, "accountId")),
        contact_id=record_id(xml.text(element, "contactId")),
        opportunity_id=record_id(xml.text(element, "opportunityId")),
        opportunity_name=xml.text(element, "opportunityName"),
        owner_id=record_id(xml.text(element, "ownerId")),
        do_not_create_opportunity=xml.boolean(element, "doNotCreateOpportunity"),
        overwrite_lead_source=xml.boolean(element, "overwriteLeadSource"),
        send_notification_email=xml.boolean(element, "sendNotificationEmail"),
        internal_use=tuple(internal),
    )


def _has_value(element: etree._Element, name: str) -> bool:
    found = xml.child(element, name)
    return found is not None and not xml.is_nil(found) and (len(found) > 0 or bool((found.text or "").strip()))


def _headers(soap: SoapCall) -> ConvertHeaders:
    return replace(
        ConvertHeaders(),
        duplicates_allow_save=soap.header_boolean("DuplicateRuleHeader", "allowSave"),
        duplicates_include_record_details=soap.header_boolean("DuplicateRuleHeader", "includeRecordDetails"),
        duplicates_run_as_current_user=soap.header_boolean("DuplicateRuleHeader", "runAsCurrentUser", default=True),
        allow_field_truncation=soap.header_boolean("AllowFieldTruncationHeader", "allowFieldTruncation"),
    )


def _lock(soap: SoapCall, lead: LeadConvert) -> RowError | None:
    """A scripted row lock that strikes this lead, or the account that it merges into."""
    text = f"{lead.lead_id} {lead.account_id} {lead.contact_id} {lead.opportunity_id}"
    return soap.call.doors.row_lock("soap.convertLead", text)


@behaviour("LeadConvertResult in WSDL order, ids nil on failure", source="partner WSDL 47, 58; recorded fixtures")
def _result(result: LeadConvertResult) -> Node:
    """One result per lead, in the order of the request; on failure every id is nil."""
    return Node(
        "result",
        [
            Node("accountId", _or_nil(result.account_id)),
            Node("contactId", _or_nil(result.contact_id)),
            *(error_node(error) for error in result.errors),
            Node("leadId", _or_nil(result.lead_id)),
            Node("opportunityId", _or_nil(result.opportunity_id)),
            Node("success", result.success),
        ],
    )


def _or_nil(value: str | None) -> Content:
    return NIL if value is None else value

from __future__ import annotations

import pytest
from lxml import etree

from sync.salesforce import soap
from sync.salesforce.convert import _add, _answer
from sync.salesforce.duplicates import matches_in
from sync.salesforce.org import Accepted, LeadConvert, MatchedRecord, Refused, Unknown

LEAD = "00Q000000000001EAA"
OPEN = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
)


def answer(results: str, header: str = "") -> bytes:
    body = f"<soapenv:Body><convertLeadResponse>{results}</convertLeadResponse></soapenv:Body>"
    return f"{OPEN}{header}{body}</soapenv:Envelope>".encode()


def lead(**more: object) -> LeadConvert:
    return LeadConvert(lead_id=LEAD, **{"converted_status": "Closed - Converted", **more})  # type: ignore[arg-type] # by name


def test_a_conversion_is_written_in_the_wsdls_order_and_namespace() -> None:
    operation = soap.operation("convertLead")
    _add(operation, lead(account_id="001", contact_id="003", owner_id="005", opportunity_name="A & B"))
    (written,) = operation
    assert [etree.QName(e).localname for e in written] == [
        "accountId",
        "contactId",
        "convertedStatus",
        "doNotCreateOpportunity",
        "leadId",
        "opportunityName",
        "overwriteLeadSource",
        "ownerId",
        "sendNotificationEmail",
    ]
    assert {etree.QName(e).namespace for e in operation.iter()} == {soap.PARTNER}


def test_only_headers_that_the_binding_allows_are_sent() -> None:
    sent = soap.envelope(
        soap.operation("convertLead"), access_token="t&<", client="x", allow_duplicates=False, allow_truncation=False
    )
    root = etree.fromstring(sent)
    header = root[0]
    assert [etree.QName(e).localname for e in header] == [
        "SessionHeader",
        "CallOptions",
        "AllowFieldTruncationHeader",
        "DuplicateRuleHeader",
    ]
    assert header[0][0].text == "t&<"


def test_one_result_alone_and_several_are_read_the_same() -> None:
    one = "<result><leadId>x</leadId><success>true</success></result>"
    assert len(soap.results(answer(one))) == 1
    assert len(soap.results(answer(one * 3))) == 3


def test_a_success_names_what_was_made() -> None:
    (result,) = soap.results(
        answer(
            "<result><accountId>001000000000001AAA</accountId><contactId>003000000000001AAA</contactId>"
            f'<leadId>{LEAD}</leadId><opportunityId xsi:nil="true"/><success>true</success></result>'
        )
    )
    assert _answer(lead(), result) == Accepted(
        id=LEAD, account_id="001000000000001AAA", contact_id="003000000000001AAA"
    )


def test_a_failure_without_its_lead_id_is_the_leads_in_that_place() -> None:
    (result,) = soap.results(
        answer(
            '<result><accountId xsi:nil="true"/><errors><fields>Company</fields><fields>Phone</fields>'
            "<message>Required fields are missing</message><statusCode>REQUIRED_FIELD_MISSING</statusCode></errors>"
            '<leadId xsi:nil="true"/><success>false</success></result>'
        )
    )
    assert _answer(lead(), result) == Refused(
        code="REQUIRED_FIELD_MISSING", message="Required fields are missing", fields=("Company", "Phone")
    )


def test_a_lock_is_a_refusal_that_may_be_tried_again() -> None:
    (result,) = soap.results(
        answer(
            "<result><errors><message>unable to obtain exclusive access to this record</message>"
            "<statusCode>UNABLE_TO_LOCK_ROW</statusCode></errors><success>false</success></result>"
        )
    )
    refused = _answer(lead(), result)
    assert isinstance(refused, Refused)
    assert refused.retryable


def test_another_leads_result_in_this_place_is_not_believed() -> None:
    (own,) = soap.results(answer("<result><leadId>00Q000000000001</leadId><success>true</success></result>"))
    assert isinstance(_answer(lead(), own), Accepted)
    (result,) = soap.results(answer("<result><leadId>00Q000000000002EAA</leadId><success>true</success></result>"))
    assert isinstance(_answer(lead(), result), Unknown)


def test_a_result_that_does_not_say_is_unknown() -> None:
    (result,) = soap.results(answer(f"<result><leadId>{LEAD}</leadId></result>"))
    assert isinstance(_answer(lead(), result), Unknown)


def test_matches_are_read_from_a_duplicate_error_best_confidence_first() -> None:
    record = "<record><type>Contact</type><Id>003000000000001AAA</Id></record>"
    (result,) = soap.results(
        answer(
            '<result><errors xsi:type="DuplicateError"><duplicateResult><matchResults>'
            f"<matchRecords><matchConfidence>70.0</matchConfidence>{record}</matchRecords>"
            f"<matchRecords><matchConfidence>95.0</matchConfidence>{record}</matchRecords>"
            "</matchResults></duplicateResult></errors></result>"
        )
    )
    assert matches_in(result) == (MatchedRecord(object="Contact", id="003000000000001AAA", confidence=95.0),)


def test_a_fault_gives_its_code_and_words() -> None:
    fault = (
        f"{OPEN}<soapenv:Body><soapenv:Fault><faultcode>sf:INVALID_SESSION_ID</faultcode>"
        "<faultstring>INVALID_SESSION_ID: Illegal Session</faultstring></soapenv:Fault></soapenv:Body>"
        "</soapenv:Envelope>"
    )
    assert soap.fault_in(fault.encode()) == ("INVALID_SESSION_ID", "Illegal Session")
    assert soap.fault_in(answer("")) is None


@pytest.mark.parametrize("content", [b"", b"<html><body>down</body></html>", b"<a>", answer("")[:-10], b"\xff\xfe"])
def test_what_is_no_whole_envelope_is_known(content: bytes) -> None:
    assert not soap.is_whole(content)
    assert soap.fault_in(content) is None
    assert soap.limit_info(content) is None


def test_entities_are_never_resolved() -> None:
    attack = (
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY f "boom">]>'
        + answer("<result><leadId>&e;&f;</leadId><success>true</success></result>").decode()
    )
    for result in soap.results(attack.encode()):
        assert "root:" not in etree.tostring(result).decode()
        assert soap.text_of(result, "leadId") is None


def test_the_quota_is_read_from_the_answers_header() -> None:
    header = (
        "<soapenv:Header><LimitInfoHeader><limitInfo><current>12</current><limit>15000</limit>"
        "<type>API REQUESTS</type></limitInfo></LimitInfoHeader></soapenv:Header>"
    )
    assert soap.limit_info(answer("", header)) == (12, 15000)

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import responses
from pydantic import SecretStr
from stubbed_web import DATA, URL

from sync.errors import AccessRefused, OrgFault
from sync.org_settings import AccessToken, OrgSettings
from sync.salesforce.client import SalesforceClient, open_org
from sync.salesforce.identity import sandbox_by_host
from sync.salesforce.org import Accepted, Changed, LeadConvert, NotSent, RecordUpdate, Refused, Unknown

IDS = [f"00Q00000000000{n}EAA" for n in range(1, 4)]
SOAP = f"{URL}/services/Soap/u/66.0"
ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>{}</soapenv:Body>'
    "</soapenv:Envelope>"
)


def part(number: int, status: int, body: object = None) -> dict[str, object]:
    return {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": f"part{number}"}


def guarded(org: SalesforceClient) -> list[object]:
    seen = datetime(2026, 5, 1, tzinfo=UTC)
    updates = [RecordUpdate(object="Lead", id=i, values={"Status": "x"}, unmodified_since=seen) for i in IDS]
    return list(org.update_guarded(updates))


def error(code: str, message: str = "no", **more: object) -> list[dict[str, object]]:
    return [{"errorCode": code, "message": message, **more}]


def test_parts_are_joined_by_reference_and_not_by_place(web: responses.RequestsMock, org: SalesforceClient) -> None:
    answers = [part(2, 412, []), part(0, 204), part(1, 400, error("STRING_TOO_LONG", "long", fields=["Title"]))]
    web.post(f"{DATA}/composite", json={"compositeResponse": answers})
    assert guarded(org) == [
        Accepted(id=IDS[0]),
        Refused(code="STRING_TOO_LONG", message="long", fields=("Title",)),
        Changed(),
    ]


def test_parts_tell_what_ran_what_did_not_and_what_is_unknown(
    web: responses.RequestsMock, org: SalesforceClient
) -> None:
    answers = [
        part(0, 500, error("UNKNOWN_EXCEPTION", "ErrorId: 1")),
        part(1, 400, error("PROCESSING_HALTED")),
        part(2, 400, error("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")),
    ]
    web.post(f"{DATA}/composite", json={"compositeResponse": answers})
    first, second, third = guarded(org)
    assert isinstance(first, Unknown)
    assert isinstance(second, NotSent)
    assert isinstance(third, Refused)
    assert third.retryable


@pytest.mark.parametrize("answer", [{}, [], {"compositeResponse": []}, {"compositeResponse": [{"nonsense": 1}]}])
def test_a_composite_answer_that_misses_parts_leaves_all_unknown(
    web: responses.RequestsMock, org: SalesforceClient, answer: object
) -> None:
    web.post(f"{DATA}/composite", json=answer)
    assert all(isinstance(each, Unknown) for each in guarded(org))


def test_a_conversion_answer_with_too_few_results_leaves_all_unknown(
    web: responses.RequestsMock, org: SalesforceClient
) -> None:
    one = ENVELOPE.format("<convertLeadResponse><result><success>true</success></result></convertLeadResponse>")
    web.post(SOAP, body=one, content_type="text/xml")
    answers = org.convert([LeadConvert(lead_id=lead, converted_status="x") for lead in IDS])
    assert all(isinstance(each, Unknown) for each in answers)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("EXCEEDED_LEAD_CONVERT_LIMIT", NotSent),
        ("REQUEST_LIMIT_EXCEEDED", NotSent),
        ("UNSUPPORTED_API_VERSION", NotSent),
        ("INSUFFICIENT_ACCESS", NotSent),
        ("SERVER_UNAVAILABLE", Unknown),
        ("REQUEST_RUNNING_TOO_LONG", Unknown),
        ("UNKNOWN_EXCEPTION", Unknown),
        ("BRAND_NEW_FAULT", Unknown),
    ],
)
def test_a_fault_of_the_whole_conversion_is_not_sent_only_where_it_proves_it(
    web: responses.RequestsMock, org: SalesforceClient, code: str, kind: type
) -> None:
    fault = f"<soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: no</faultstring></soapenv:Fault>"
    stub = web.post(SOAP, status=500, body=ENVELOPE.format(fault), content_type="text/xml")
    (answer,) = org.convert([LeadConvert(lead_id=IDS[0], converted_status="x")])
    assert type(answer) is kind
    assert getattr(answer, "code", None) == code
    assert stub.call_count == 1


def test_pages_that_end_early_are_no_answer(web: responses.RequestsMock, org: SalesforceClient) -> None:
    rows = [{"attributes": {}, "Id": id_} for id_ in IDS]
    web.get(f"{DATA}/query", json={"totalSize": 5, "done": True, "records": rows})
    with pytest.raises(OrgFault, match="counted 5 rows and gave 3"):
        list(org.query("SELECT Id FROM Lead"))
    web.replace(responses.GET, f"{DATA}/query", json={"totalSize": 3, "done": False, "records": rows})
    with pytest.raises(OrgFault) as cut:
        list(org.query("SELECT Id FROM Lead"))
    assert cut.value.code == "INCOMPLETE_RESULT"


def test_a_retrieve_that_answers_with_another_record_is_no_answer(
    web: responses.RequestsMock, org: SalesforceClient
) -> None:
    web.post(f"{DATA}/composite/sobjects/Lead", json=[{"attributes": {}, "Id": IDS[1]}])
    with pytest.raises(OrgFault, match="another record"):
        org.retrieve("Lead", IDS[:1], ["Company"])
    with pytest.raises(OrgFault, match="each id"):
        org.retrieve("Lead", IDS[:2], ["Company"])


def opened(token: str) -> SalesforceClient:
    return open_org(OrgSettings(name="x", credentials=AccessToken(token=SecretStr(token), instance_url=URL)))


def organization(web: responses.RequestsMock) -> None:
    row = {"attributes": {}, "Id": "00D000000000001EAA", "Name": "Acme", "IsSandbox": True}
    web.get(f"{DATA}/query", json={"totalSize": 1, "done": True, "records": [row]})


def test_a_token_without_the_scope_asks_soap_who_it_is(web: responses.RequestsMock, org: SalesforceClient) -> None:
    organization(web)
    web.get(f"{URL}/services/oauth2/userinfo", status=403, body="Missing_OAuth_Token", content_type="text/html")
    user = "<result><userId>005000000000001AAA</userId><userName>u@x</userName></result>"
    answer = ENVELOPE.format(f"<getUserInfoResponse>{user}</getUserInfoResponse>")
    web.post(SOAP, body=answer, content_type="text/xml")
    me = org.identity
    assert (me.user_id, me.username, me.org_name, me.is_sandbox) == ("005000000000001AAA", "u@x", "Acme", True)


def test_a_jwt_based_token_without_the_scope_says_which(web: responses.RequestsMock) -> None:
    web.get(f"{URL}/services/oauth2/userinfo", status=403, json=error("FORBIDDEN"))
    with pytest.raises(AccessRefused, match="who its user is") as refused:
        opened("eyJhbGciOi.eyJzdWIi.c2ln").identity  # noqa: B018 -- asks
    assert "scope" in str(refused.value.fix)


@pytest.mark.parametrize(
    ("url", "sandbox"),
    [
        ("https://acme--uat.sandbox.my.salesforce.com", True),
        ("https://acme.scratch.my.salesforce.com", True),
        ("https://acme.my.salesforce.com", False),
        ("https://acme--uat.my.salesforce.com", None),
        ("https://na1.salesforce.com", None),
    ],
)
def test_a_sandbox_is_known_by_its_name_where_the_name_says_it(url: str, sandbox: bool | None) -> None:  # noqa: FBT001 -- column
    assert sandbox_by_host(url) is sandbox

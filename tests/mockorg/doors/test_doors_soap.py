from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from doors_client import Client
from lxml import etree

from sync.mockorg import MockOrg
from sync.mockorg.soap.strictness import lead_convert_sequence

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
URN = "urn:partner.soap.sforce.com"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NIL = f"{{{XSI}}}nil"


def envelope(token: str | None, call: str, *, header: str = "", urn: str = URN) -> bytes:
    session = f"<u:SessionHeader><u:sessionId>{token}</u:sessionId></u:SessionHeader>" if token else ""
    return (
        f'<e:Envelope xmlns:e="{SOAP}" xmlns:u="{urn}" xmlns:xsi="{XSI}" xmlns:o="urn:sobject.partner.soap.sforce.com">'
        f"<e:Header>{session}{header}</e:Header><e:Body>{call}</e:Body></e:Envelope>"
    ).encode()


def send(client: Client, body: bytes, *, version: str = "66.0", path: str = "u", **headers: str) -> requests.Response:
    return requests.post(
        f"{client.base}/services/Soap/{path}/{version}",
        data=body,
        headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""', **headers},
        timeout=20,
    )


def call(client: Client, inside: str, *, header: str = "", **options: str) -> etree._Element:
    answer = send(client, envelope(client.mock.login(), inside, header=header), **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/xml")
    return etree.fromstring(answer.content)


def fault(client: Client, body: bytes, **options: str) -> tuple[str, str, str]:
    """The code, the message and the type of a fault."""
    answer = send(client, body, **options)
    assert answer.status_code == 500, answer.text
    found = etree.fromstring(answer.content).find(f".//{{{SOAP}}}Fault")
    assert found is not None
    typed = found.find("detail")[0]
    code = typed.findtext("{*}exceptionCode")
    assert found.findtext("faultcode") == f"sf:{code}"
    assert typed.get(f"{{{XSI}}}type") == f"sf:{etree.QName(typed).localname}"
    return str(code), str(typed.findtext("{*}exceptionMessage")), etree.QName(typed).localname


def results(root: etree._Element) -> list[dict[str, str | None]]:
    return [
        {etree.QName(each).localname: None if each.get(NIL) == "true" else each.text for each in result}
        for result in root.iter(f"{{{URN}}}result")
    ]


def lead_convert(lead: str, **elements: str) -> str:
    given = {"leadId": lead, "convertedStatus": "Closed - Converted", **elements}
    inside = "".join(f"<u:{name}>{value}</u:{name}>" for name, value in given.items())
    return f"<u:leadConverts>{inside}</u:leadConverts>"


def convert(client: Client, *leads: str, **options: str) -> etree._Element:
    return call(client, f"<u:convertLead>{''.join(leads)}</u:convertLead>", **options)


def test_a_lead_is_converted_and_its_result_is_in_wsdl_order(either: Client) -> None:
    lead = either.lead()

    root = convert(either, lead_convert(lead))

    (result,) = results(root)
    assert list(result) == ["accountId", "contactId", "leadId", "opportunityId", "success"]
    assert result["success"] == "true"
    assert result["leadId"] == lead
    assert [str(result[name])[:3] for name in ("accountId", "contactId", "opportunityId")] == ["001", "003", "006"]
    row = either.get(f"/sobjects/Lead/{lead}").json()
    assert (row["IsConverted"], row["Status"], row["ConvertedDate"]) == (True, "Closed - Converted", "2026-05-01")
    assert row["ConvertedAccountId"] == result["accountId"]
    info = root.find(f".//{{{URN}}}LimitInfoHeader/{{{URN}}}limitInfo")
    assert [each.text for each in info] == ["2", "15000", "API REQUESTS"]


def test_results_stand_in_order_and_a_failure_has_no_ids(client: Client) -> None:
    good, bad = client.lead(), client.lead()

    root = convert(client, lead_convert(bad, convertedStatus="Nope"), lead_convert(good))

    first, second = results(root)
    assert (first["success"], second["success"]) == ("false", "true")
    assert [first[name] for name in ("accountId", "contactId", "leadId", "opportunityId")] == [None] * 4
    error = root.find(f".//{{{URN}}}errors")
    assert error.findtext(f"{{{URN}}}statusCode") == "INVALID_STATUS"
    assert error.findtext(f"{{{URN}}}message") == "invalid convertedStatus: Nope"


def test_a_converted_lead_is_not_converted_twice(client: Client) -> None:
    lead = client.lead()
    convert(client, lead_convert(lead))

    root = convert(client, lead_convert(lead))

    assert root.findtext(f".//{{{URN}}}statusCode") == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert root.findtext(f".//{{{URN}}}message") == "cannot reference converted lead"
    assert client.query("SELECT count() FROM Account")["totalSize"] == 1


def test_a_call_costs_one_api_request_for_all_its_leads(client: Client) -> None:
    leads = [client.lead(LastName=f"L{number}") for number in range(5)]
    before = client.mock.requests.api_calls

    convert(client, *(lead_convert(each) for each in leads))

    assert client.mock.requests.api_calls - before == 1
    assert client.mock.requests.last[-1].operation == "soap.convertLead"


def test_more_than_100_leads_are_a_fault_and_none_is_converted(client: Client) -> None:
    lead = client.lead()
    body = envelope(client.mock.login(), f"<u:convertLead>{lead_convert(lead) * 101}</u:convertLead>")

    code, _, kind = fault(client, body)

    assert (code, kind) == ("EXCEEDED_LEAD_CONVERT_LIMIT", "UnexpectedErrorFault")
    assert client.get(f"/sobjects/Lead/{lead}").json()["IsConverted"] is False


def test_any_order_prefix_and_namespace_of_children_is_understood(client: Client) -> None:
    lead = client.lead()
    inside = (
        f'<convertLead xmlns="{URN}"><LeadConvert><leadId>{lead}</leadId>'
        f'<sendNotificationEmail xmlns="">0</sendNotificationEmail>'
        f'<convertedStatus xmlns="">Closed - Converted</convertedStatus>'
        f"<doNotCreateOpportunity>1</doNotCreateOpportunity>"
        f'<accountId xsi:nil="true"/></LeadConvert></convertLead>'
    )

    (result,) = results(call(client, inside, SOAPAction="convertLead"))

    assert (result["success"], result["opportunityId"]) == ("true", None)


@pytest.mark.parametrize(
    "element", ["accountRecord", "bypassAccountDedupeCheck", "relatedPersonAccountId", "opportunityRecord"]
)
def test_elements_for_internal_use_are_refused_when_they_carry_a_value(client: Client, element: str) -> None:
    lead = client.lead()

    (result,) = results(convert(client, lead_convert(lead, **{element: "true"})))

    assert result["success"] == "false"


DUPLICATES = """
duplicate_rules:
  - {name: Same name, object: Account, match: [Name], action: alert}
"""


@pytest.mark.parametrize("org_yaml", [DUPLICATES])
def test_a_duplicate_is_told_as_a_duplicate_error_and_passes_with_the_header(client: Client, org_yaml: str) -> None:
    account = client.new("Account", Name="Acme")
    lead = client.lead()

    refused = convert(client, lead_convert(lead))
    allowed = convert(
        client,
        lead_convert(lead),
        header="<u:DuplicateRuleHeader><u:allowSave>true</u:allowSave></u:DuplicateRuleHeader>",
    )

    error = refused.find(f".//{{{URN}}}errors")
    assert error.get(f"{{{XSI}}}type") == "DuplicateError"
    assert error.findtext(f"{{{URN}}}statusCode") == "DUPLICATES_DETECTED"
    duplicate = error.find(f"{{{URN}}}duplicateResult")
    assert [etree.QName(each).localname for each in duplicate] == [
        "allowSave",
        "duplicateRule",
        "duplicateRuleEntityType",
        "errorMessage",
        "matchResults",
    ]
    record = duplicate.find(f"{{{URN}}}matchResults/{{{URN}}}matchRecords/{{{URN}}}record")
    assert record.findtext("{*}Id") == account
    assert results(allowed)[0]["success"] == "true"


@pytest.mark.parametrize("missing", ["leadId", "convertedStatus"])
def test_a_missing_element_is_the_leads_error_not_the_calls(client: Client, missing: str) -> None:
    lead = client.lead()
    inside = lead_convert(lead).replace(f"<u:{missing}>", "<u:nothing>").replace(f"</u:{missing}>", "</u:nothing>")

    (result,) = results(convert(client, inside))

    assert result["success"] == "false"


@pytest.mark.parametrize("version", [31, 47, 66])
def test_strict_mode_takes_the_wsdls_sequence_and_nothing_else(mock: MockOrg, client: Client, version: int) -> None:
    client.mock.doors.strict = True
    lead = client.lead()
    values = {
        "leadId": lead,
        "convertedStatus": "Closed - Converted",
        "doNotCreateOpportunity": "false",
        "overwriteLeadSource": "false",
        "sendNotificationEmail": "false",
    }

    def sent(sequence: list[str]) -> bytes:
        inside = "".join(
            f"<u:{name}>{values[name]}</u:{name}>" if name in values else f'<u:{name} xsi:nil="true"/>'
            for name in sequence
        )
        convert_all = f"<u:convertLead><u:leadConverts>{inside}</u:leadConverts></u:convertLead>"
        return envelope(client.mock.login(), convert_all)

    sequence = list(lead_convert_sequence(version))
    _, message, _ = fault(client, sent([*reversed(sequence)]), version=f"{version}.0")
    assert "invalid at this location" in message
    assert "missing" in fault(client, sent(sequence[:-1]), version=f"{version}.0")[1]
    assert send(client, sent(sequence), version=f"{version}.0").status_code == 200


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("<u:AllOrNoneHeader><u:allOrNone>true</u:allOrNone></u:AllOrNoneHeader>", "INVALID_SOAP_HEADER"),
        ("<u:AssignmentRuleHeader/>", "INVALID_SOAP_HEADER"),
        ("<u:Surprise/>", "INVALID_SOAP_HEADER"),
        ("<u:PackageVersionHeader/>", "FUNCTIONALITY_NOT_ENABLED"),
    ],
)
def test_headers_that_convert_lead_does_not_have_are_a_fault(client: Client, header: str, code: str) -> None:
    body = envelope(client.mock.login(), f"<u:convertLead>{lead_convert(client.lead())}</u:convertLead>", header=header)

    assert fault(client, body)[0] == code


def test_headers_of_other_specifications_are_passed_over(client: Client) -> None:
    header = '<w:Action xmlns:w="http://www.w3.org/2005/08/addressing">x</w:Action>'

    assert results(convert(client, lead_convert(client.lead()), header=header))[0]["success"] == "true"


@pytest.mark.parametrize("token", [None, "", "00Dnonsense!x"])
def test_a_call_without_a_session_is_the_fault_invalid_session_id(client: Client, token: str | None) -> None:
    answer = send(client, envelope(token, "<u:getUserInfo/>"))

    assert answer.status_code == 500
    assert "<faultcode>sf:INVALID_SESSION_ID</faultcode>" in answer.text


def test_a_jwt_based_token_opens_rest_but_not_soap(client: Client) -> None:
    token = client.mock.login(jwt_token=True)

    assert token.startswith("eyJ")
    assert token.count(".") == 2
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(client.url("/limits"), headers=headers, timeout=5).status_code == 200
    assert fault(client, envelope(token, "<u:getUserInfo/>"))[0] == "INVALID_SESSION_ID"


@pytest.mark.parametrize("version", ["30.0", "68.0", "66"])
def test_versions_that_are_not_served_are_a_fault(client: Client, version: str) -> None:
    body = envelope(client.mock.login(), "<u:getUserInfo/>")

    assert fault(client, body, version=version)[0] == "UNSUPPORTED_API_VERSION"


def test_an_operation_that_is_not_modelled_is_refused_loudly(client: Client) -> None:
    answer = send(client, envelope(client.mock.login(), "<u:describeLayout/>"))

    assert answer.status_code == 500
    assert answer.headers["X-Mock-Org-Not-Modelled"] == "the SOAP operation describeLayout"


def test_the_action_header_and_the_media_type_are_needed(client: Client) -> None:
    body = envelope(client.mock.login(), "<u:getUserInfo/>")
    url = f"{client.base}/services/Soap/u/66.0"

    without_action = requests.post(url, data=body, headers={"Content-Type": "text/xml"}, timeout=5)
    with_json = requests.post(url, data=body, headers={"Content-Type": "application/json", "SOAPAction": ""}, timeout=5)

    assert "SOAPAction HTTP header missing" in without_action.text
    assert with_json.status_code == 500
    assert requests.get(url, timeout=5).status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"not xml",
        b"<a/>",
        f'<e:Envelope xmlns:e="{SOAP}"><e:Body/></e:Envelope>'.encode(),
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + envelope(None, "<x>&a;</x>"),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + envelope(None, "<x/>"),
        b"",
    ],
)
def test_what_is_no_envelope_or_brings_a_dtd_is_a_fault(client: Client, body: bytes) -> None:
    assert fault(client, body)[0] == "UNKNOWN_EXCEPTION"


LOGIN = "<u:login><u:username>{user}</u:username><u:password>{password}</u:password></u:login>"
ADMIN = "admin@leadgate-mock.example"


def test_soap_login_gives_a_session_and_an_address(either: Client) -> None:
    answer = send(either, envelope(None, LOGIN.format(user=ADMIN, password="leadgate-mock")), version="59.0")

    (result,) = results(etree.fromstring(answer.content))
    assert list(result) == [
        "metadataServerUrl",
        "passwordExpired",
        "sandbox",
        "serverUrl",
        "sessionId",
        "userId",
        "userInfo",
    ]
    assert result["serverUrl"] == f"{either.base}/services/Soap/u/59.0/{either.mock.org_id[:15]}"
    headers = {"Authorization": f"Bearer {result['sessionId']}"}
    assert requests.get(either.url("/limits"), headers=headers, timeout=5).status_code == 200
    again = requests.post(
        str(result["serverUrl"]),
        data=envelope(result["sessionId"], "<u:getServerTimestamp/>"),
        headers={"Content-Type": "text/xml", "SOAPAction": '""'},
        timeout=5,
    )
    assert "2026-05-01T12:00:00.000Z" in again.text


@pytest.mark.parametrize(
    ("version", "password", "code", "kind"),
    [
        ("59.0", "wrong", "INVALID_LOGIN", "LoginFault"),
        ("65.0", "leadgate-mock", "UNSUPPORTED_API_VERSION", "UnexpectedErrorFault"),
        ("67.0", "leadgate-mock", "UNSUPPORTED_API_VERSION", "UnexpectedErrorFault"),
    ],
)
def test_soap_login_is_refused(client: Client, version: str, password: str, code: str, kind: str) -> None:
    body = envelope(None, LOGIN.format(user=ADMIN, password=password))

    found, message, found_kind = fault(client, body, version=version)

    assert (found, found_kind) == (code, kind)
    if code == "INVALID_LOGIN":
        assert message == "Invalid username, password, security token; or user locked out."


@pytest.mark.parametrize("org_yaml", ["credentials: {soap_login: false}"])
def test_soap_login_may_be_switched_off(client: Client, org_yaml: str) -> None:
    body = envelope(None, LOGIN.format(user=ADMIN, password="leadgate-mock"))

    assert fault(client, body, version="59.0")[0] == "INVALID_OPERATION"


def test_the_enterprise_address_speaks_the_enterprise_namespace(client: Client) -> None:
    urn = "urn:enterprise.soap.sforce.com"
    answer = send(client, envelope(client.mock.login(), "<u:getUserInfo/>", urn=urn), path="c")

    assert answer.status_code == 200
    assert f'xmlns="{urn}"' in answer.text
    assert fault(client, envelope(client.mock.login(), "<u:getUserInfo/>"), path="c")[0] == "UNKNOWN_EXCEPTION"


def test_logout_ends_the_session(client: Client) -> None:
    token = client.mock.login()

    assert send(client, envelope(token, "<u:logout/>")).status_code == 200
    assert fault(client, envelope(token, "<u:getUserInfo/>"))[0] == "INVALID_SESSION_ID"


def test_a_query_answers_sobjects_with_their_parents(client: Client) -> None:
    lead = client.lead(AnnualRevenue=5)
    soql = "SELECT Id, Name, Title, AnnualRevenue, IsConverted, CreatedDate, Owner.Name FROM Lead"

    root = call(client, f"<u:query><u:queryString>{soql}</u:queryString></u:query>")

    record = root.find(f".//{{{URN}}}records")
    assert record.get(f"{{{XSI}}}type") == "sf:sObject"
    assert [etree.QName(each).localname for each in record] == [
        "type", "Id", "Id", "Name", "Title", "AnnualRevenue", "IsConverted", "CreatedDate", "Owner",
    ]  # fmt: skip
    assert record.findtext("{*}Id") == lead
    assert record.find("{*}Title").get(NIL) == "true"
    assert record.findtext("{*}CreatedDate") == "2026-05-01T12:00:00.000Z"
    assert record.findtext("{*}Owner/{*}Name") == "Ada Admin"


def test_pages_of_a_query_are_fetched_by_locator(client: Client) -> None:
    for number in range(201):
        client.lead(LastName=f"N{number}")
    header = "<u:QueryOptions><u:batchSize>200</u:batchSize></u:QueryOptions>"

    first = call(client, "<u:query><u:queryString>SELECT Id FROM Lead</u:queryString></u:query>", header=header)
    locator = first.findtext(f".//{{{URN}}}queryLocator")
    second = call(client, f"<u:queryMore><u:queryLocator>{locator}</u:queryLocator></u:queryMore>")

    assert [len(list(root.iter(f"{{{URN}}}records"))) for root in (first, second)] == [200, 1]
    assert [root.findtext(f".//{{{URN}}}done") for root in (first, second)] == ["false", "true"]
    assert (
        fault(client, envelope(client.mock.login(), "<u:queryMore><u:queryLocator>x</u:queryLocator></u:queryMore>"))[2]
        == "InvalidQueryLocatorFault"
    )


@pytest.mark.parametrize(
    ("soql", "code", "kind"),
    [
        ("SELECT Nope FROM Lead", "INVALID_FIELD", "InvalidFieldFault"),
        ("SELECT Id FROM Nope", "INVALID_TYPE", "InvalidSObjectFault"),
        ("SELECT", "MALFORMED_QUERY", "MalformedQueryFault"),
    ],
)
def test_a_wrong_query_is_a_typed_fault(client: Client, soql: str, code: str, kind: str) -> None:
    body = envelope(client.mock.login(), f"<u:query><u:queryString>{soql}</u:queryString></u:query>")

    found, _, found_kind = fault(client, body)

    assert (found, found_kind) == (code, kind)


def test_text_that_xml_cannot_carry_does_not_break_an_answer(client: Client) -> None:
    client.lead(Title="a\x00b<&>")

    root = call(client, "<u:query><u:queryString>SELECT Title FROM Lead</u:queryString></u:query>")

    assert root.findtext(".//{*}Title") == "ab<&>"


def sobject(type_: str, **fields: str) -> str:
    inside = "".join(f"<o:{name}>{value}</o:{name}>" for name, value in fields.items())
    return f"<u:sObjects><o:type>{type_}</o:type>{inside}</u:sObjects>"


def test_records_are_written_and_read(client: Client) -> None:
    made = results(
        call(
            client, f"<u:create>{sobject('Lead', LastName='A', Company='Acme', Title='x')}{sobject('Lead')}</u:create>"
        )
    )
    lead = str(made[0]["id"])
    changed = call(
        client,
        f"<u:update><u:sObjects><o:type>Lead</o:type><o:fieldsToNull>Title</o:fieldsToNull><o:Id>{lead}</o:Id>"
        "<o:NumberOfEmployees>7</o:NumberOfEmployees></u:sObjects></u:update>",
    )
    read = call(
        client,
        f"<u:retrieve><u:fieldList>Id,Title,NumberOfEmployees</u:fieldList><u:sObjectType>Lead</u:sObjectType>"
        f"<u:ids>{lead}</u:ids></u:retrieve>",
    )
    gone = results(call(client, f"<u:delete><u:ids>{lead}</u:ids></u:delete>"))
    back = results(call(client, f"<u:undelete><u:ids>{lead}</u:ids></u:undelete>"))

    assert [each["success"] for each in made] == ["true", "false"]
    assert made[1]["id"] is None
    assert results(changed)[0]["success"] == "true"
    assert read.findtext(".//{*}NumberOfEmployees") == "7"
    assert read.find(".//{*}Title").get(NIL) == "true"
    assert gone[0]["success"] == back[0]["success"] == "true"
    assert client.get(f"/sobjects/Lead/{lead}").status_code == 200


@pytest.mark.parametrize("org_yaml", [DUPLICATES])
def test_duplicates_are_found_without_writing(client: Client, org_yaml: str) -> None:
    account = client.new("Account", Name="Acme")

    root = call(
        client,
        f"<u:findDuplicates>{sobject('Account', Name='acme')}{sobject('Account', Name='Other')}</u:findDuplicates>",
    )
    by_id = call(client, f"<u:findDuplicatesByIds><u:ids>{account}</u:ids></u:findDuplicatesByIds>")

    first, second = list(root.iter(f"{{{URN}}}result"))
    assert first.findtext(".//{*}matchRecords/{*}record/{*}Id") == account
    assert second.findtext(".//{*}duplicateRule") == "Same name"
    assert second.find(".//{*}matchResults") is None
    assert by_id.find(".//{*}matchResults") is None
    assert client.query("SELECT count() FROM Account")["totalSize"] == 1


def test_at_most_50_records_are_checked_for_duplicates(client: Client) -> None:
    body = envelope(client.mock.login(), f"<u:findDuplicates>{sobject('Account', Name='x') * 51}</u:findDuplicates>")

    code, message, _ = fault(client, body)

    assert code == "LIMIT_EXCEEDED"
    assert message == ("Configuration error: The number of records to check is greater than the permitted batch size.")


def test_a_row_lock_of_somebody_else_strikes_the_leads_that_need_the_row(client: Client) -> None:
    """The clock is frozen, so the wait for the lock takes no time."""
    account = client.new("Account", Name="Acme")
    needs, free = client.lead(), client.lead(Company="Other")
    client.mock.hold_rows(account)

    locked, other = results(convert(client, lead_convert(needs, accountId=account), lead_convert(free)))
    client.mock.release_rows()
    (again,) = results(convert(client, lead_convert(needs, accountId=account)))

    assert (locked["success"], other["success"], again["success"]) == ("false", "true", "true")


SLOW = "costs: {per_conversion: 0.3, lock_wait: 5}"


def test_calls_that_share_an_account_wait_for_each_other_and_others_do_not() -> None:
    mock = MockOrg(seed=1, org_yaml=SLOW)
    with mock.serve() as server:
        http = requests.Session()
        http.trust_env = False
        http.headers["Authorization"] = f"Bearer {mock.login()}"
        client = Client(mock, server.url, http)
        shared, own = client.new("Account", Name="Shared"), client.new("Account", Name="Own")
        leads = [client.lead(Company=f"C{number}") for number in range(3)]
        finished: list[str] = []
        lock = threading.Lock()

        def run(name: str, lead: str, account: str) -> str | None:
            (result,) = results(convert(client, lead_convert(lead, accountId=account)))
            with lock:
                finished.append(name)
            return result["success"]

        began = time.monotonic()
        with ThreadPoolExecutor(3) as pool:
            jobs = [
                pool.submit(run, name, lead, account)
                for name, lead, account in zip("abc", leads, (shared, shared, own), strict=True)
            ]
            assert [job.result() for job in jobs] == ["true"] * 3
        took = time.monotonic() - began
        http.close()

    assert 0.6 <= took < 1.2  # two one after the other, the third beside them
    assert finished.index("c") < 2

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from doors_client import Client
from doors_soap import DUPLICATES, URN, XSI, call, convert, envelope, fault, lead_convert, results, send
from lxml import etree

from sync.mockorg import MockOrg
from sync.mockorg.soap.strictness import lead_convert_sequence


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

from __future__ import annotations

import pytest
from doors_client import Client
from doors_soap import DUPLICATES, NIL, URN, XSI, call, envelope, fault, results
from lxml import etree


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

"""SOAP calls by hand, for tests of the mock org's SOAP door."""

from __future__ import annotations

import requests
from doors_client import Client
from lxml import etree

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


DUPLICATES = """
duplicate_rules:
  - {name: Same name, object: Account, match: [Name], action: alert}
"""

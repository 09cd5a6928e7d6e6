"""Requests for a conversion in the shapes of many SOAP toolkits, sent as bytes over the socket."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from lxml import etree
from ruamel.yaml import YAML

from sync.mockorg import rows

if TYPE_CHECKING:
    from served import Served

pytestmark = pytest.mark.slow

SHAPES: dict[str, str] = YAML(typ="safe").load(Path(__file__).with_name("soap_shapes.yaml").read_text("utf-8"))
PARTNER = "{urn:partner.soap.sforce.com}"


def lead(org: Served) -> str:
    made = rows.create(org.mock.org, org.mock.org.access.admin, "Lead", {"LastName": "Doe", "Company": "Acme"})
    assert made.id is not None
    return made.id


def written(shape: str, org: Served, lead_id: str) -> str:
    text = SHAPES[shape].replace("{token}", org.mock.login())
    return text.replace("{lead}", lead_id).replace("{lead15}", lead_id[:15])


def sent(org: Served, body: bytes | Iterator[bytes], **headers: str) -> etree._Element:
    usual = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}
    with requests.Session() as http:
        http.trust_env = False
        answer = http.post(f"{org.url}/services/Soap/u/66.0", data=body, headers={**usual, **headers}, timeout=10)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/xml")
    return etree.fromstring(answer.content)


def result(answer: etree._Element) -> dict[str, str | None]:
    (found,) = answer.iterfind(f".//{PARTNER}convertLeadResponse/{PARTNER}result")
    return {etree.QName(each).localname: each.text for each in found}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_a_lead_is_converted_whatever_the_toolkit(http_org: Served, shape: str) -> None:
    wanted = lead(http_org)
    told = result(sent(http_org, written(shape, http_org, wanted).strip().encode()))
    assert (told["success"], told["leadId"]) == ("true", wanted)
    assert None not in (told["accountId"], told["contactId"], told["opportunityId"])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_the_encoding_is_the_documents_own(http_org: Served, encoding: str) -> None:
    wanted = lead(http_org)
    named = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "iso-8859-1": "ISO-8859-1"}[encoding]
    text = written("php", http_org, wanted).strip().replace('encoding="UTF-8"', f'encoding="{named}"')
    text = text.replace("</ns1:leadConverts>", "<ns1:opportunityName>Käse</ns1:opportunityName></ns1:leadConverts>")
    media = {"Content-Type": f"text/xml; charset={named}"}
    told = result(sent(http_org, text.encode(encoding), **media))
    made = http_org.mock.org.store.db.execute("SELECT Id, Name FROM Opportunity").fetchall()
    assert [(row[0], row[1]) for row in made] == [(told["opportunityId"], "Käse")]


@pytest.mark.parametrize("action", ["", '""', "convertLead", '"urn:partner.soap.sforce.com/convertLead"'])
def test_the_action_header_only_has_to_be_there(http_org: Served, action: str) -> None:
    wanted = lead(http_org)
    told = result(sent(http_org, written("suds", http_org, wanted).encode(), SOAPAction=action))
    assert told["success"] == "true"


def test_a_request_may_come_compressed_and_in_chunks(http_org: Served) -> None:
    wanted = lead(http_org)
    body = gzip.compress(written("dotnet", http_org, wanted).encode())
    told = result(
        sent(http_org, (body[at : at + 100] for at in range(0, len(body), 100)), **{"Content-Encoding": "gzip"})
    )
    assert told["success"] == "true"

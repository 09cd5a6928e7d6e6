"""A SOAP toolkit on Salesforce's own WSDL (which jsforce ships): requests as it generates them, and every answer held
against the WSDL's schema."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from lxml import etree
from peers import folder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the toolkit's own imports
    import zeep
    from zeep.plugins import HistoryPlugin
    from zeep.transports import Transport

if TYPE_CHECKING:
    from served import Served

pytestmark = pytest.mark.slow

BINDING = "{urn:partner.soap.sforce.com}SoapBinding"
OBJECTS = "urn:sobject.partner.soap.sforce.com"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
XSD = "http://www.w3.org/2001/XMLSchema"
CONVERTED = "Closed - Converted"
DUPLICATES = """
duplicate_rules:
  - {name: Same_Person, object: Contact, match: [Email], action: alert}
  - {name: Same_Lead, object: Lead, match: [Email], action: alert}
"""


class Offline(Transport):
    """A transport that fetches no document from the network."""

    def _load_remote_data(self, url: str) -> bytes:
        raise AssertionError(f"the WSDL sends for {url}")


def wsdl() -> Path:
    return folder() / "node_modules" / "jsforce" / "src" / "api" / "soap" / "wsdl.xml"


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> etree.XMLSchema:
    """The schemas inside the WSDL, tied together by files."""
    place = tmp_path_factory.mktemp("schema")
    parts = etree.parse(wsdl()).findall(f".//{{{XSD}}}schema")
    files = {str(part.get("targetNamespace")): f"part{n}.xsd" for n, part in enumerate(parts)}
    for part in parts:
        for needed in part.findall(f"{{{XSD}}}import"):
            needed.set("schemaLocation", files[str(needed.get("namespace"))])
        (place / files[str(part.get("targetNamespace"))]).write_bytes(etree.tostring(part, with_tail=False))
    root = etree.Element(f"{{{XSD}}}schema", nsmap={"xsd": XSD})
    for namespace, file in files.items():
        etree.SubElement(root, f"{{{XSD}}}import", namespace=namespace, schemaLocation=str(place / file))
    return etree.XMLSchema(root)


class Toolkit:
    """zeep on the WSDL, with a session; each answer's header and body elements are validated as they come."""

    def __init__(self, org: Served, http: requests.Session, schema: etree.XMLSchema) -> None:
        self._history = HistoryPlugin()
        self._schema = schema
        transport = Offline(session=http)
        self.client = zeep.Client(str(wsdl()), transport=transport, plugins=[self._history])
        self.service = self.client.create_service(BINDING, f"{org.url}/services/Soap/u/47.0")
        self.headers: dict[str, Any] = {"SessionHeader": {"sessionId": org.mock.login()}}

    def call(self, operation: str, headers: dict[str, Any] | None = None, **given: Any) -> Any:
        """The body of an answer, unwrapped as the WSDL's signature has it."""
        answer = self.service[operation](_soapheaders=self.headers if headers is None else headers, **given)
        envelope = self._history.last_received["envelope"]
        self._check(*envelope.iterfind(f"{{{ENVELOPE}}}Header/*"), *envelope.iterfind(f"{{{ENVELOPE}}}Body/*"))
        body = getattr(answer, "body", answer)
        return getattr(body, "result", body)

    def fault(self, operation: str, headers: dict[str, Any] | None = None, **given: Any) -> tuple[str, str]:
        """Code and type of the fault that a call is answered with."""
        with pytest.raises(zeep.exceptions.Fault) as refused:
            self.call(operation, headers, **given)
        (detail,) = refused.value.detail
        self._check(detail)
        code = str(refused.value.code).partition(":")[2]
        assert refused.value.message.startswith(f"{code}: ")
        return code, etree.QName(detail).localname

    def _check(self, *elements: etree._Element) -> None:
        assert elements
        for each in elements:
            self._schema.assertValid(deepcopy(each))

    def record(self, object_name: str, **values: str) -> Any:
        """An sObject as a toolkit writes one."""
        elements = []
        for name, value in values.items():
            element = etree.Element(f"{{{OBJECTS}}}{name}")
            element.text = value
            elements.append(element)
        make = self.client.get_type(f"{{{OBJECTS}}}sObject")
        return make(type=object_name, Id=zeep.xsd.SkipValue, _value_1=elements)

    def create(self, object_name: str, **values: str) -> str:
        """The id of a new record."""
        (made,) = self.call("create", sObjects=[self.record(object_name, **values)])
        assert made.success, made
        return str(made.id)

    def lead(self, **values: str) -> str:
        """The id of a new lead."""
        return self.create("Lead", **{"LastName": "Doe", "Company": "Acme", **values})

    def conversion(self, lead: str, **values: Any) -> dict[str, Any]:
        """A LeadConvert with what the WSDL's schema makes mandatory."""
        flags = dict.fromkeys(("doNotCreateOpportunity", "overwriteLeadSource", "sendNotificationEmail"), False)
        return {"leadId": lead, "convertedStatus": CONVERTED, **flags, **values}


@pytest.fixture
def toolkit(https_org: Served, schema: etree.XMLSchema) -> Iterator[Toolkit]:
    with requests.Session() as http:
        http.trust_env = False
        http.verify = https_org.ca_file
        yield Toolkit(https_org, http, schema)


def fields(record: Any) -> dict[str, str | None]:
    return {etree.QName(each).localname: each.text for each in record._value_1 if isinstance(each, etree._Element)}


def test_a_login_gives_a_session_and_an_address(https_org: Served, toolkit: Toolkit) -> None:
    admin = https_org.mock.org.access.admin
    result = toolkit.call("login", {}, username=admin.setting.username, password=admin.setting.password)
    assert result.serverUrl.startswith(f"{https_org.url}/services/Soap/u/47.0/00D")
    assert (result.userId, result.userInfo.userName) == (admin.id, admin.setting.username)
    toolkit.headers = {"SessionHeader": {"sessionId": result.sessionId}}
    toolkit.service = toolkit.client.create_service(BINDING, result.serverUrl)
    info = toolkit.call("getUserInfo")
    assert (info.userId, info.organizationId) == (admin.id, https_org.mock.org_id)
    assert toolkit.call("getServerTimestamp").timestamp.utcoffset() is not None


def test_a_refused_login_is_the_wsdls_login_fault(toolkit: Toolkit) -> None:
    assert toolkit.fault("login", {}, username="nobody", password="no") == ("INVALID_LOGIN", "LoginFault")


@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
def test_a_lead_is_converted(toolkit: Toolkit) -> None:
    lead = toolkit.lead(FirstName="Jane", Email="jane@acme.example")
    (result,) = toolkit.call("convertLead", leadConverts=[toolkit.conversion(lead)])
    assert (result.success, result.leadId, result.errors) == (True, lead, [])
    row = toolkit.call("query", queryString="SELECT ConvertedAccountId, ConvertedContactId, IsConverted FROM Lead")
    told = fields(row.records[0])
    assert (told["ConvertedAccountId"], told["ConvertedContactId"]) == (result.accountId, result.contactId)
    assert told["IsConverted"] == "true"


def test_results_stand_in_the_order_of_the_leads(toolkit: Toolkit) -> None:
    one, two, three = toolkit.lead(), toolkit.lead(Company="Other"), toolkit.lead(Company="Third")
    toolkit.call("convertLead", leadConverts=[toolkit.conversion(two)])
    asked = [
        toolkit.conversion(one, opportunityName="First"),
        toolkit.conversion(two),
        toolkit.conversion(three, convertedStatus="No such status"),
        toolkit.conversion(three, doNotCreateOpportunity=True, accountId=zeep.xsd.Nil, contactId=zeep.xsd.Nil),
    ]
    results = toolkit.call("convertLead", leadConverts=asked)
    assert [result.success for result in results] == [True, False, False, True]
    assert [error.statusCode for result in results for error in result.errors] == [
        "CANNOT_UPDATE_CONVERTED_LEAD",
        "INVALID_STATUS",
    ]
    assert results[1].accountId is results[1].leadId is None
    assert (results[3].leadId, results[3].opportunityId) == (three, None)


@pytest.mark.parametrize("org_yaml", [DUPLICATES], ids=[""])
def test_a_duplicate_comes_as_the_wsdls_duplicate_error_and_passes_if_allowed(toolkit: Toolkit) -> None:
    contact = toolkit.create("Contact", LastName="Doe", Email="jane@acme.example")
    lead = toolkit.lead(Email="jane@acme.example")
    (refused,) = toolkit.call("convertLead", leadConverts=[toolkit.conversion(lead)])
    (error,) = refused.errors
    assert (error.statusCode, error.message) == ("DUPLICATES_DETECTED", "Use one of these records?")
    assert (error.duplicateResult.allowSave, error.duplicateResult.duplicateRule) == (True, "Same_Person")
    assert error.duplicateResult.matchResults[0].matchRecords[0].record.Id == contact
    allowed = {"allowSave": True, "includeRecordDetails": False, "runAsCurrentUser": True}
    headers = {**toolkit.headers, "DuplicateRuleHeader": allowed}
    (passed,) = toolkit.call("convertLead", headers, leadConverts=[toolkit.conversion(lead)])
    assert passed.success is True


@pytest.mark.parametrize("org_yaml", [DUPLICATES], ids=[""])
def test_duplicates_are_found_without_writing(toolkit: Toolkit) -> None:
    rule = {"allowSave": False, "includeRecordDetails": True, "runAsCurrentUser": True}
    headers = {**toolkit.headers, "DuplicateRuleHeader": rule}
    contact = toolkit.create("Contact", LastName="Doe", Email="jane@acme.example")
    asked = [
        toolkit.record("Contact", LastName="Doe", Email="jane@acme.example"),
        toolkit.record("Contact", LastName="Doe", Email="other@acme.example"),
    ]
    found, nothing = toolkit.call("findDuplicates", headers, sObjects=asked)
    (match,) = found.duplicateResults[0].matchResults[0].matchRecords
    assert (found.success, match.record.Id) == (True, contact)
    assert (nothing.success, nothing.duplicateResults[0].duplicateRule) == (True, "Same_Person")
    assert not [each for result in nothing.duplicateResults[0].matchResults for each in result.matchRecords]
    one, two = toolkit.lead(Email="l@acme.example"), toolkit.lead(Email="m@acme.example")
    assert [each.success for each in toolkit.call("findDuplicatesByIds", headers, ids=[one, two])] == [True, True]
    assert toolkit.fault("findDuplicatesByIds", headers, ids=[one] * 51)[0] == "LIMIT_EXCEEDED"


def test_a_query_is_paged(toolkit: Toolkit) -> None:
    toolkit.call("create", sObjects=[toolkit.record("Lead", LastName=f"L {n}", Company="Acme") for n in range(200)])
    toolkit.call("create", sObjects=[toolkit.record("Lead", LastName=f"M {n}", Company="Acme") for n in range(7)])
    headers = {**toolkit.headers, "QueryOptions": {"batchSize": 200}}
    first = toolkit.call("query", headers, queryString="SELECT Id, LastName, Owner.Name FROM Lead")
    assert (first.size, first.done, len(first.records)) == (207, False, 200)
    second = toolkit.call("queryMore", headers, queryLocator=first.queryLocator)
    assert (second.size, second.done, len(second.records)) == (207, True, 7)
    assert second.queryLocator is None
    assert len({row.Id for page in (first, second) for row in page.records}) == 207


def test_faults_of_a_call_are_those_of_the_wsdl(https_org: Served, toolkit: Toolkit) -> None:
    lead = toolkit.lead()
    query = {"queryString": "SELECT Nope FROM Lead"}
    assert toolkit.fault("query", **query) == ("INVALID_FIELD", "InvalidFieldFault")
    assert toolkit.fault("query", queryString="SELECT Id FROM") == ("MALFORMED_QUERY", "MalformedQueryFault")
    assert toolkit.fault("query", queryString="SELECT Id FROM Nope") == ("INVALID_TYPE", "InvalidSObjectFault")
    assert toolkit.fault("queryMore", queryLocator="0r8000000000000AAA-200")[1] == "InvalidQueryLocatorFault"
    many = [toolkit.conversion(lead)] * 101
    assert toolkit.fault("convertLead", leadConverts=many) == ("EXCEEDED_LEAD_CONVERT_LIMIT", "UnexpectedErrorFault")
    https_org.mock.expire_sessions()
    assert toolkit.fault("getUserInfo") == ("INVALID_SESSION_ID", "UnexpectedErrorFault")

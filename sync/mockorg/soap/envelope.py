"""SOAP 1.1 envelopes in and out, with entities off.

Reading is lenient in the way that the platform's own server is: any prefix, any order, children with or without a
namespace. Writing follows the partner WSDL exactly, because typed toolkits refuse an answer that does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from lxml import etree

from ..errors import SalesforceError

SOAP_NS = "http://schemas.xmlsoap.org/soap/envelope/"
XSI_NS = "http://www.w3.org/2001/XMLSchema-instance"
XSD_NS = "http://www.w3.org/2001/XMLSchema"

_NIL = f"{{{XSI_NS}}}nil"
_TYPE = f"{{{XSI_NS}}}type"
_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


class Nil:
    """The value of an element that says `xsi:nil="true"`: written, where None is left out."""


NIL = Nil()


@dataclass(frozen=True, slots=True)
class Node:
    """One element to be written: children, or text, or nil; with an optional `xsi:type`."""

    name: str
    content: Content = None
    type: str | None = None
    namespace: str | None = None


Content: TypeAlias = "str | bool | int | float | Nil | Sequence[Node] | None"


@dataclass(frozen=True, slots=True)
class Dialect:
    """The namespaces of one SOAP API: partner (`/u/`) or enterprise (`/c/`)."""

    messages: str
    objects: str
    faults: str


PARTNER = Dialect(
    "urn:partner.soap.sforce.com", "urn:sobject.partner.soap.sforce.com", "urn:fault.partner.soap.sforce.com"
)
ENTERPRISE = Dialect(
    "urn:enterprise.soap.sforce.com", "urn:sobject.enterprise.soap.sforce.com", "urn:fault.enterprise.soap.sforce.com"
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request read: the operation's name, its element, and the header elements by name."""

    operation: str
    namespace: str
    call: etree._Element
    headers: Mapping[str, etree._Element] = field(default_factory=dict)


class EnvelopeIsBroken(SalesforceError):
    """The body is not a SOAP 1.1 envelope with one call in it."""

    def __init__(self, message: str) -> None:
        super().__init__("UNKNOWN_EXCEPTION", message, status=500)


def local(element: etree._Element) -> str:
    """The element's name without namespace."""
    return etree.QName(element).localname


def namespace(element: etree._Element) -> str:
    """The element's namespace, empty if it has none."""
    return etree.QName(element).namespace or ""


def read(body: bytes) -> Envelope:
    """Read a request.

    Raises:
        EnvelopeIsBroken: not XML, holds a DTD, not an envelope, or no call in it.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise EnvelopeIsBroken(f"Error parsing the SOAP message: {error}") from error
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # the stubs lack it
        raise EnvelopeIsBroken("Error parsing the SOAP message: DOCTYPE is disallowed")
    if root.tag != f"{{{SOAP_NS}}}Envelope":
        raise EnvelopeIsBroken(f"Envelope expected in namespace {SOAP_NS}, found {root.tag}")
    header = root.find(f"{{{SOAP_NS}}}Header")
    content = root.find(f"{{{SOAP_NS}}}Body")
    if content is None or len(content) == 0:
        raise EnvelopeIsBroken("Body of the SOAP message is missing or empty")
    call = content[0]
    return Envelope(
        operation=local(call),
        namespace=namespace(call),
        call=call,
        headers={local(each): each for each in (header if header is not None else ())},
    )


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """The children of that local name, whatever their namespace."""
    return [each for each in element if local(each) == name]


def child(element: etree._Element, name: str) -> etree._Element | None:
    """The first child of that local name."""
    return next(iter(children(element, name)), None)


def is_nil(element: etree._Element) -> bool:
    """Whether the element says that it has no value."""
    return element.get(_NIL, "false").strip() in {"true", "1"}


def declared_type(element: etree._Element) -> str | None:
    """The local part of `xsi:type`."""
    given = element.get(_TYPE)
    return given.rsplit(":", 1)[-1] if given else None


def text(element: etree._Element, name: str) -> str | None:
    """The text of a child; None if it is absent, nil or blank."""
    found = child(element, name)
    if found is None or is_nil(found):
        return None
    content = found.text or ""
    return content if content.strip() else None


def boolean(element: etree._Element, name: str, *, default: bool = False) -> bool:
    """A boolean child as XML Schema writes it.

    Raises:
        SalesforceError: the text is none of true, false, 1 and 0.
    """
    given = text(element, name)
    if given is None:
        return default
    match given.strip():
        case "true" | "1":
            return True
        case "false" | "0":
            return False
        case other:
            raise EnvelopeIsBroken(f"'{other}' is not a valid value for the type xsd:boolean")


def write(dialect: Dialect, content: Node, headers: Sequence[Node] = ()) -> bytes:
    """An answer's envelope."""
    nsmap = {"soapenv": SOAP_NS, None: dialect.messages, "sf": dialect.objects, "xsi": XSI_NS}
    root = etree.Element(f"{{{SOAP_NS}}}Envelope", nsmap=nsmap)  # type: ignore[arg-type]  # None is the default namespace
    if headers:
        head = etree.SubElement(root, f"{{{SOAP_NS}}}Header")
        for each in headers:
            _append(head, each, dialect)
    _append(etree.SubElement(root, f"{{{SOAP_NS}}}Body"), content, dialect)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def write_fault(dialect: Dialect, *, code: str, message: str, kind: str, detail: Sequence[Node] = ()) -> bytes:
    """A fault's envelope: `kind` is the fault's WSDL type (`LoginFault`, `UnexpectedErrorFault` …)."""
    nsmap = {"soapenv": SOAP_NS, "sf": dialect.faults, "xsi": XSI_NS}
    root = etree.Element(f"{{{SOAP_NS}}}Envelope", nsmap=nsmap)
    fault = etree.SubElement(etree.SubElement(root, f"{{{SOAP_NS}}}Body"), f"{{{SOAP_NS}}}Fault")
    etree.SubElement(fault, "faultcode").text = f"sf:{code}"
    etree.SubElement(fault, "faultstring").text = _clean(f"{code}: {message}")
    typed = etree.SubElement(etree.SubElement(fault, "detail"), f"{{{dialect.faults}}}{kind}")
    typed.set(_TYPE, f"sf:{kind}")
    for name, value in (("exceptionCode", code), ("exceptionMessage", message)):
        etree.SubElement(typed, f"{{{dialect.faults}}}{name}").text = _clean(value)
    for each in detail:
        _append(typed, Node(each.name, each.content, each.type, dialect.faults), dialect)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _append(parent: etree._Element, node: Node, dialect: Dialect) -> None:
    if node.content is None:
        return
    element = etree.SubElement(parent, f"{{{node.namespace or dialect.messages}}}{node.name}")
    if node.type is not None:
        element.set(_TYPE, node.type)
    match node.content:
        case Nil():
            element.set(_NIL, "true")
        case bool() as flag:
            element.text = "true" if flag else "false"
        case str() as words:
            element.text = _clean(words)
        case int() | float() as number:
            element.text = repr(number)
        case below:
            for each in below:
                _append(element, each, dialect)


def _clean(words: str) -> str:
    """Text without the characters that XML cannot carry."""
    return _NOT_XML.sub("", words)

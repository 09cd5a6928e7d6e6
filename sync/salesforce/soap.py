"""SOAP envelopes of the partner API, built and read with lxml and without entities.

Conversion and duplicate checks exist in SOAP only. Nothing here sends: `convert` and `duplicates` build their bodies
with this, `failures` reads faults with it. Elements are found by local name, since answers come with and without
prefixes.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

SOAPENV = "http://schemas.xmlsoap.org/soap/envelope/"
PARTNER = "urn:partner.soap.sforce.com"
SOBJECT = "urn:sobject.partner.soap.sforce.com"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

Element = etree._Element  # noqa: SLF001 -- lxml gives the class no public name

_PREFIXES = {"soapenv": SOAPENV, "urn": PARTNER, "ens": SOBJECT, "xsi": XSI}


def envelope(
    body: Element,
    *,
    access_token: str,
    client: str,
    allow_duplicates: bool | None = None,
    allow_truncation: bool | None = None,
) -> bytes:
    """A whole request, with exactly the headers that the call's binding allows.

    Args:
        body: The operation's element.
        access_token: Goes into `SessionHeader`, verbatim.
        client: Who we are, for the org's logs.
        allow_duplicates: `DuplicateRuleHeader.allowSave`; `None` leaves the header out.
        allow_truncation: `AllowFieldTruncationHeader`; `None` leaves the header out.
    """
    root = etree.Element(f"{{{SOAPENV}}}Envelope", nsmap=_PREFIXES)
    header = etree.SubElement(root, f"{{{SOAPENV}}}Header")
    add(add(header, "SessionHeader"), "sessionId", access_token)
    add(add(header, "CallOptions"), "client", client)
    if allow_truncation is not None:
        add(add(header, "AllowFieldTruncationHeader"), "allowFieldTruncation", boolean(allow_truncation))
    if allow_duplicates is not None:
        rules = add(header, "DuplicateRuleHeader")
        add(rules, "allowSave", boolean(allow_duplicates))
        add(rules, "includeRecordDetails", boolean(value=False))
        add(rules, "runAsCurrentUser", boolean(value=True))
    etree.SubElement(root, f"{{{SOAPENV}}}Body").append(body)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def operation(name: str) -> Element:
    """The empty element of an operation."""
    return etree.Element(f"{{{PARTNER}}}{name}", nsmap={"urn": PARTNER})


def add(parent: Element, name: str, text: str | None = None, *, namespace: str = PARTNER) -> Element:
    """A child element of the partner namespace, with text or without."""
    child = etree.SubElement(parent, f"{{{namespace}}}{name}")
    child.text = text
    return child


def boolean(value: bool) -> str:  # noqa: FBT001 -- the value itself
    """`true` or `false`."""
    return "true" if value else "false"


def results(content: bytes) -> list[Element]:
    """Every `result` of an answer, in order; one alone comes as one element, not as a list."""
    root = _parsed(content)
    body = None if root is None else child(root, "Body")
    response = next(iter(body), None) if body is not None else None
    return [] if response is None else list(children(response, "result"))


def limit_info(content: bytes) -> tuple[int, int] | None:
    """Used and allowed API requests from `LimitInfoHeader`, where an answer carries it."""
    root = _parsed(content)
    if root is None:
        return None
    for info in root.iter("{*}limitInfo"):
        used, allowed = text_of(info, "current"), text_of(info, "limit")
        if used and allowed and "API" in (text_of(info, "type") or "API").upper():
            return int(used), int(allowed)
    return None


def fault_in(content: bytes) -> tuple[str, str] | None:
    """Code and message of a SOAP fault, `None` where there is none."""
    root = _parsed(content)
    if root is None:
        return None
    fault = next(root.iter(f"{{{SOAPENV}}}Fault"), None)
    if fault is None:
        return None
    said = text_of(fault, "faultstring") or ""
    named = next((e.text for e in fault.iter("{*}exceptionCode") if e.text), None)
    code = named or (text_of(fault, "faultcode") or "").rsplit(":", 1)[-1]
    message = next((e.text for e in fault.iter("{*}exceptionMessage") if e.text), None) or said
    return (code.strip(), message.removeprefix(f"{code}: ").strip()) if code else None


def is_whole(content: bytes) -> bool:
    """Whether this is one complete SOAP envelope."""
    root = _parsed(content)
    return root is not None and etree.QName(root).localname == "Envelope" and child(root, "Body") is not None


def children(parent: Element, name: str) -> Iterator[Element]:
    """Child elements of that local name, in order."""
    return parent.iterchildren(f"{{*}}{name}")


def child(parent: Element, name: str) -> Element | None:
    """The first child element of that local name."""
    return next(children(parent, name), None)


def text_of(parent: Element, name: str) -> str | None:
    """A child's text; `None` when it is missing, nil or empty."""
    found = child(parent, name)
    if found is None or found.get(f"{{{XSI}}}nil") in {"true", "1"}:
        return None
    return (found.text or "").strip() or None


def _parsed(content: bytes) -> Element | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None

"""The first look at a request: its method, its size, its packing."""

from __future__ import annotations

from dataclasses import replace

from .behaviours import behaviour
from .errors import SalesforceError
from .http import MAX_URI_BYTES, BodyIsNotGzip, Request, decompressed

_OVERRIDABLE = frozenset({"PATCH", "DELETE", "PUT", "HEAD", "GET"})


def overridden(request: Request) -> Request:
    """The method that `_HttpMethod` names, for clients that can only POST."""
    wanted = request.query.get("_HttpMethod", "").upper()
    return replace(request, method=wanted) if request.method == "POST" and wanted in _OVERRIDABLE else request


@behaviour("414 and 431 for URIs and headers beyond 16,384 bytes", source="REST Developer Guide")
def unpacked(request: Request) -> Request:
    """The request with its body unpacked, if it is of a size that Salesforce takes."""
    if request.uri_bytes > MAX_URI_BYTES:
        raise SalesforceError("URI_TOO_LONG", "The length of the URI exceeds the 16,384 byte limit.", status=414)
    if request.uri_bytes + request.header_bytes > MAX_URI_BYTES:
        raise SalesforceError(
            "REQUEST_HEADER_FIELDS_TOO_LARGE",
            "The combined length of the URI and headers exceeds the 16,384 byte limit.",
            status=431,
        )
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    match encoding:
        case "identity" | "":
            return request
        case "gzip":
            try:
                return replace(request, body=decompressed(request.body))
            except BodyIsNotGzip as error:
                raise SalesforceError("JSON_PARSER_ERROR", f"The body is not valid gzip: {error}") from error
        case _:
            raise SalesforceError(
                "UNSUPPORTED_MEDIA_TYPE", f"Content-Encoding is not supported: {encoding}", status=415
            )

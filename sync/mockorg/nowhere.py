"""What is answered where no handler is: 405 for the wrong method, 404 for the rest, and what of it is our own limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import NOT_MODELLED_HEADER, SalesforceError

if TYPE_CHECKING:
    from .http import Request
    from .router import NoSuchMethod

UNMODELLED_RESOURCES = frozenset(
    {
        "actions", "analytics", "apexrest", "appmenu", "async-queries", "chatter", "commerce", "compactlayouts",
        "connect", "consent", "eclair", "event", "folders", "jsonxform", "knowledgemanagement", "licensing", "metadata",
        "parameterizedsearch", "payments", "process", "quickactions", "recent", "search", "sobjects", "support", "tabs",
        "theme", "tooling", "ui-api", "wave",
    }
)  # fmt: skip
"""Resources that a real org has and this one does not, or not in full; their 404 says so."""

_NOWHERE_EITHER = ["actions", "standard", "convertlead"]


def nowhere(found: NoSuchMethod | None, request: Request) -> SalesforceError:
    """405 for a path that exists for other methods, else 404."""
    if found is not None:
        allowed = ",".join(found.allowed)
        return SalesforceError(
            "METHOD_NOT_ALLOWED",
            f"HTTP Method '{request.method}' not allowed. Allowed are {allowed}",
            status=405,
            headers={"Allow": allowed},
        )
    segments = [segment.lower() for segment in request.segments]
    headers: dict[str, str] = {}
    if len(segments) > 3 and segments[3] in UNMODELLED_RESOURCES and segments[3:] != _NOWHERE_EITHER:
        headers[NOT_MODELLED_HEADER] = f"the resource {segments[3]}"
    return SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404, headers=headers)

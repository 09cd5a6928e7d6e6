"""What is answered where no handler is: 405 for the wrong method, 404 for the rest, and what of it is our own limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .behaviours import behaviour
from .errors import SalesforceError, not_modelled_header

if TYPE_CHECKING:
    from .http import Request
    from .router import NoSuchMethod

UNMODELLED_RESOURCES = frozenset(
    {
        "actions", "analytics", "apexrest", "appmenu", "async-queries", "chatter", "commerce", "compactlayouts",
        "composite", "connect", "consent", "eclair", "event", "folders", "jsonxform", "knowledgemanagement",
        "licensing", "metadata", "parameterizedsearch", "payments", "process", "quickactions", "recent",
        "search", "sobjects", "support", "tabs", "theme", "tooling", "ui-api", "wave",
    }
)  # fmt: skip
"""Resources that a real org has and this one does not, or not in full; their 404 says so."""


def needs_session(request: Request) -> bool:
    """Whether Salesforce would ask for a session before it says that there is nothing here."""
    return [segment.lower() for segment in request.segments[:2]] in (["services", "data"], ["services", "apexrest"])


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
    if _is_conversion(request):
        return SalesforceError("NOT_FOUND", "Invalid Action Type", status=404)
    missing = _not_modelled([segment.lower() for segment in request.segments])
    headers = not_modelled_header(missing) if missing else {}
    return SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404, headers=headers)


@behaviour(
    "404 on /actions/standard/convertLead",
    source="Actions Developer Guide: no action converts leads; the text Invalid Action Type is third-party",
)
def _is_conversion(request: Request) -> bool:
    """There is no REST way to convert a lead: the action is not there in a real org, and not here."""
    segments = [segment.lower() for segment in request.segments]
    return segments[:2] == ["services", "data"] and segments[3:] == ["actions", "standard", "convertlead"]


def _not_modelled(segments: list[str]) -> str | None:
    """What a real org has at this path and this one does not; None where there is nothing in either."""
    match segments:
        case ["services", "data", _, resource, *_] if resource in UNMODELLED_RESOURCES:
            return f"the resource {resource}"
        case ["services", "data", *_] | ["services", "apexrest", *_]:
            return None
        case ["services", kind, *_]:
            return f"the API at /services/{kind}"
        case ["cometd", *_]:
            return "the Streaming API"
        case _:
            return None

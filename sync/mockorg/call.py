"""One call as a handler sees it: who asks, for what, in which API version, and the org to ask it of.

Also the rules that every REST resource shares: which media types a body may have, how broken JSON is refused, which
`Sforce-` headers are known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .errors import NotModelled, SalesforceError

if TYPE_CHECKING:
    from .access import User
    from .doors import Doors
    from .errors import RowError
    from .http import Request, Response
    from .org import Org
    from .sessions import Session

KNOWN_HEADERS = frozenset(
    {
        "sforce-auto-assign",
        "sforce-duplicate-rule-header",
        "sforce-call-options",
        "sforce-mru",
        "sforce-query-options",
        "sforce-locator",
        "sforce-limit-info",
    }
)
"""The `Sforce-` request headers that this org understands; any other would be silently without effect."""

Handler = Callable[["Call"], "Response"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One resource and method.

    Attributes:
        name: what the request log, scripted faults and documentation call it, e.g. `rows.update`.
        session: whether a session is needed.
        charged: whether a call is charged to the daily quota and answered with `Sforce-Limit-Info`.
        operation: the name where it depends on the body (SOAP); None is `name`.
        since: the first API version that has the resource.
        unmodelled: query parameters that Salesforce knows here and this org does not: refused.
    """

    method: str
    template: str
    name: str
    handler: Handler
    session: bool = True
    charged: bool = True
    since: int = 0
    unmodelled: frozenset[str] = frozenset()
    operation: Callable[[Request], str] | None = None


@dataclass(slots=True)
class Tally:
    """What one request was charged, how many records it wrote, and what its subrequests found to be not modelled."""

    api_calls: int = 0
    records: int = 0
    not_modelled: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call on its way to a handler."""

    doors: Doors
    request: Request
    route: Route
    operation: str
    parameters: Mapping[str, str]
    session: Session | None
    version: int
    tally: Tally

    def charge(self, calls: int = 1) -> None:
        """Charge API calls to the daily quota.

        Raises:
            SalesforceError: 403 REQUEST_LIMIT_EXCEEDED.
        """
        self.org.limits.charge_api_call(self.user, calls)
        self.tally.api_calls += calls

    def note(self, errors: Iterable[RowError]) -> None:
        """Let the answer's header name what among the records' errors is not modelled."""
        missing = (error.not_modelled for error in errors if error.not_modelled)
        self.tally.not_modelled += [each for each in missing if each not in self.tally.not_modelled]

    @property
    def org(self) -> Org:
        """The org asked."""
        return self.doors.org

    @property
    def user(self) -> User:
        """The user who asks.

        Raises:
            SalesforceError: 401, when the call has no session.
        """
        user = self.org.access.user(self.session.user_id) if self.session is not None else None
        if user is None:
            raise session_is_invalid()
        return user

    @property
    def data_url(self) -> str:
        """The root of this API version: `/services/data/v66.0`."""
        return f"/services/data/v{self.version}.0"

    @property
    def identity_url(self) -> str:
        """The caller's identity URL at the address that the client uses."""
        return f"{self.request.base_url}/id/{self.org.org_id}/{self.user.id}"

    def query(self, name: str) -> str | None:
        """A query parameter."""
        return self.request.query.get(name)

    def json(self) -> object:
        """The body as JSON.

        Raises:
            SalesforceError: 415 for another media type, 400 JSON_PARSER_ERROR for text that is no JSON.
        """
        if self.request.content_type != "application/json":
            raise unsupported_media_type(self.request.content_type)
        return parsed_json(self.request.body)

    def json_object(self) -> Mapping[str, object]:
        """The body as a JSON object."""
        value = self.json()
        if not isinstance(value, dict):
            raise not_an_object(value)
        return value


def session_is_invalid() -> SalesforceError:
    """REST's answer to a token that opens nothing."""
    return SalesforceError(
        "INVALID_SESSION_ID", "Session expired or invalid", status=401, headers={"WWW-Authenticate": "Token"}
    )


def parsed_json(body: bytes) -> object:
    """JSON text as values; numbers that JSON does not know are refused as Salesforce refuses them."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise SalesforceError("JSON_PARSER_ERROR", f"Invalid UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise SalesforceError(
            "JSON_PARSER_ERROR", f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
        ) from error


def _refuse_constant(name: str) -> object:
    raise SalesforceError("JSON_PARSER_ERROR", f"Non-standard token '{name}' is not allowed")


def not_an_object(value: object) -> SalesforceError:
    """The refusal of JSON of another kind than an object."""
    kind = "START_ARRAY" if isinstance(value, list) else "a scalar value"
    return SalesforceError("JSON_PARSER_ERROR", f"Cannot deserialize a record from {kind}; an object was expected")


def unsupported_media_type(given: str) -> SalesforceError:
    """The refusal of a body's media type."""
    shown = given or "none"
    return SalesforceError(
        "UNSUPPORTED_MEDIA_TYPE",
        f"The Content-Type header specified in the HTTP request is not supported: {shown}",
        status=415,
    )


def check_version(route: Route, version: int) -> None:
    """Refuse a resource that the API version did not have yet.

    Raises:
        SalesforceError: 404.
    """
    if version < route.since:
        raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)


def check_conventions(request: Request, route: Route) -> None:
    """Refuse what the client asks for beside the resource and this org would not do.

    Raises:
        NotModelled: a `Sforce-` header, query parameter or media type that Salesforce honours and this org does not.
    """
    for name in request.headers:
        lowered = name.lower()
        if lowered.startswith(("sforce-", "x-sfdc-packageversion-")) and lowered not in KNOWN_HEADERS:
            raise NotModelled(f"the request header {name}")
    for name in request.query:
        if name in route.unmodelled:
            raise NotModelled(f"the parameter {name} of {route.name}")
    accepted = request.headers.get("Accept", "*/*").lower() if route.name != "soap" else "*/*"
    if "xml" in accepted and not any(kind in accepted for kind in ("json", "*/*", "application/*")):
        raise NotModelled("REST answers in XML", code="NOT_ACCEPTABLE", status=406)

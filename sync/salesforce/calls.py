"""One call to the org and its reply, as values: what every room of this package hands to the transport.

A call says what it does to the org (`Effect`), because that alone decides whether it may be sent again after a lost
answer. It names its path once for the wire and once as a template for logs, which hold no ids and no query text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from sync.model import Value
from sync.salesforce.values import json_value

Json = Any
"""Decoded JSON: its shape is checked where it is read, and never leaves this package."""


class Effect(StrEnum):
    """What a call may do to the org, and so when it may be sent again."""

    READ = "read"
    """Nothing that matters, or the same however often it runs: sent again after any passing failure."""
    WRITE = "write"
    """Changes records: sent again only where it was certainly not executed."""
    ONCE = "once"
    """Converts leads: never sent again; only a refused session, found before anything runs, is renewed."""


class Root(StrEnum):
    """What a call's path is relative to."""

    DATA = "data"
    """`/services/data/vXX.X`"""
    SOAP = "soap"
    """`/services/Soap/u/XX.X`"""
    ORG = "org"
    """The instance itself: for addresses that the org handed out."""


class Content(StrEnum):
    """What the reply must hold; anything else didn't come from Salesforce or was cut off."""

    JSON = "application/json"
    XML = "text/xml"
    CSV = "text/csv"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """What a body can only know when it is sent: the session in force and the API version settled on."""

    access_token: str = field(repr=False)
    api_version: str

    def data(self, path: str) -> str:
        """An absolute path below the data root, for subrequests."""
        return f"/services/data/v{self.api_version}{path}"


Body = bytes | Callable[[Spot], bytes] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to be sent."""

    method: str
    path: str
    template: str
    """The path for logs and errors: `/sobjects/{object}/{id}`."""
    effect: Effect = Effect.READ
    root: Root = Root.DATA
    content: Content = Content.JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = field(default=None, repr=False)
    body_type: str = "application/json"
    compress: bool = True
    """Whether a large body may go as gzip."""
    signed: bool = True
    """Whether the session goes along; only the list of versions is public."""
    save_to: Path | None = None
    """Streams the reply's body into this file instead of memory."""
    absent_is: frozenset[int] = frozenset()
    """Statuses that are an answer here and not a failure, e.g. 404 for "no such object"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer that Salesforce gave."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(default=b"", repr=False)
    data: Json = field(default=None, repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300


def get(path: str, template: str, *, query: Mapping[str, str] | None = None, root: Root = Root.DATA) -> Call:
    """A reading call with an encoded query string."""
    return Call(method="GET", path=path + (f"?{urlencode(query)}" if query else ""), template=template, root=root)


def segment(text: str) -> str:
    """One path segment, safe whatever it holds."""
    return quote(text, safe="")


def json_body(data: Json) -> bytes:
    """Compact JSON of plain data and field values."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=_jsonable).encode("utf-8")


def local_path(address: str) -> str:
    """The path and query of an address that the org handed out, which comes with or without host or leading slash."""
    parts = urlsplit(address)
    path = parts.path if parts.path.startswith("/") else f"/{parts.path}"
    return path + (f"?{parts.query}" if parts.query else "")


def _jsonable(value: object) -> Value:
    if isinstance(value, Decimal | date | datetime):
        return json_value(value)
    raise TypeError(f"{type(value).__name__} is not a field value")

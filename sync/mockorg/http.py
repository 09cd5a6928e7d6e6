"""One request, one answer: the shapes that every door of the mock org speaks.

The in-process door and the socket door both turn what they receive into a `Request`, hand it to
`MockOrg.handle` and turn the `Response` back. Nothing below this module knows which door was used, so a
behaviour that is right in one is right in both.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from urllib.parse import parse_qsl, unquote, urlsplit

MAX_URI_BYTES = 16_384
"""REST Developer Guide: a longer URI is answered 414, a longer URI plus headers 431."""

JSON_TYPE = "application/json;charset=UTF-8"


class Delivery(Enum):
    """What becomes of an answer on its way to the client."""

    WHOLE = "whole"
    STALLED = "stalled"  # the client waits until its own time-out
    DROPPED = "dropped"  # the connection is closed before a byte of the answer
    TRUNCATED = "truncated"  # the connection is closed in the middle of the body


class Headers(Mapping[str, str]):
    """HTTP headers: names in any case, repeated names joined by a comma, as HTTP reads them."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        values: dict[str, tuple[str, str]] = {}
        for name, value in pairs:
            key = name.lower()
            values[key] = (name, f"{values[key][1]}, {value}") if key in values else (name, value)
        self._values = values

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()][1]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._values.values())

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request as a client sent it.

    `path` is the path as sent, still percent-encoded; `base_url` is the address the client used
    (`https://host:port`), from which answers that name the org's own address are built.
    """

    method: str
    path: str
    query_string: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    base_url: str = "https://localhost"

    @classmethod
    def of(
        cls,
        method: str,
        url: str,
        *,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Request:
        """Build a request from a whole URL."""
        parts = urlsplit(url)
        return cls(
            method=method,
            path=parts.path or "/",
            query_string=parts.query,
            headers=Headers(headers),
            body=body,
            base_url=f"{parts.scheme}://{parts.netloc}",
        )

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The query parameters; of a repeated one, the first, as the platform takes it."""
        pairs: dict[str, str] = {}
        for name, value in parse_qsl(self.query_string, keep_blank_values=True):
            pairs.setdefault(name, value)
        return pairs

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The decoded path segments, without empty ones (`/query/` is `/query`)."""
        return tuple(unquote(segment) for segment in self.path.split("/") if segment)

    @property
    def uri_bytes(self) -> int:
        """Length of path and query as sent."""
        return len(self.path) + (len(self.query_string) + 1 if self.query_string else 0)

    @property
    def header_bytes(self) -> int:
        """Length of the header lines, near enough to what the wire carried."""
        return sum(len(name) + len(value) + 4 for name, value in self.headers.items())

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; empty if none was sent."""
        return self.headers.get("Content-Type", "").split(";", 1)[0].strip().lower()


@dataclass(frozen=True, kw_only=True)
class Response:
    """One answer, and how it will travel.

    `delay` is in seconds of real time, waited by the door outside the org's lock.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    delivery: Delivery = Delivery.WHOLE
    delay: float = 0.0

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def json(self) -> object:
        """The body read as JSON."""
        return json.loads(self.body)


def json_response(value: object, *, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """An answer whose body is `value` as JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(status=status, headers=(("Content-Type", JSON_TYPE), *headers), body=text.encode("utf-8"))


def empty(status: int = 204, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """An answer without a body."""
    return Response(status=status, headers=tuple(headers))


class BodyIsNotGzip(ValueError):
    """The body was announced as gzip but does not decompress."""


def decompressed(body: bytes, *, limit: int = 1 << 30) -> bytes:
    """The bytes of a gzip body.

    Raises:
        BodyIsNotGzip: the body is not gzip, ends early, or would unpack beyond `limit` bytes.
    """
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, limit)
    except zlib.error as error:
        raise BodyIsNotGzip(str(error)) from error
    if not unpacker.eof:
        raise BodyIsNotGzip("the body is not complete" if len(plain) < limit else "the body is too long")
    return plain


def compressed(body: bytes) -> bytes:
    """The body as gzip, at the level that costs least time."""
    packer = zlib.compressobj(level=1, wbits=31)
    return packer.compress(body) + packer.flush()

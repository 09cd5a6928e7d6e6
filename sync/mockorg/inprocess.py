"""The in-process door: `requests` calls to the org's hosts are answered without a socket.

Works through the `responses` library, which steps in as late as possible (where `requests` would open a
connection), so everything a client does before that is exercised. Only the hosts of the org are answered; every other
URL goes on to the network as if nothing were here.
"""

from __future__ import annotations

import http.client
import io
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import requests
import responses
from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.exceptions import IncompleteRead, ProtocolError

from .http import Delivery, Headers, Request, Response

if TYPE_CHECKING:
    from requests import PreparedRequest

LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")

Handler = Callable[[Request], Response]


class _OrgHosts(responses.BaseResponse):
    """One registered answer that fits every method and path of the org's hosts."""

    def __init__(
        self,
        *,
        handler: Handler,
        hosts: Collection[str],
        sleep: Callable[[float], None],
        forget: Callable[[], None],
    ) -> None:
        pattern = "|".join(re.escape(host) for host in hosts)
        super().__init__("ANY", re.compile(rf"https?://(?:{pattern})(?::\d+)?(?:[/?#]|$)", re.IGNORECASE))
        self._handler = handler
        self._sleep = sleep
        self._forget = forget

    def matches(self, request: PreparedRequest) -> tuple[bool, str]:
        """Whether the request goes to a host of the org."""
        fits = self._url_matches(self.url, str(request.url))
        return fits, "" if fits else "not a host of the mock org"

    def get_response(self, request: PreparedRequest) -> HTTPResponse:
        """Answer, or fail as the network would."""
        self.calls.reset()
        self._forget()
        answer = self._handler(_received(request))
        if answer.delay:
            self._sleep(answer.delay)
        return _sent(answer, request)


@contextmanager
def in_process(
    handler: Handler, *, hosts: Collection[str], sleep: Callable[[float], None] = time.sleep
) -> Iterator[responses.RequestsMock]:
    """Answer every `requests` call to `hosts` while the block runs.

    Args:
        handler: the core that answers.
        hosts: host names without scheme; any port is accepted.
        sleep: how scripted latency is waited for.

    Yields:
        The `RequestsMock`, to which a test may add answers for other hosts. It remembers only the last
        exchange, because bulk results would pile up; the mock org keeps its own request log.
    """
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add(_OrgHosts(handler=handler, hosts=hosts, sleep=sleep, forget=mock.calls.reset))
        mock.add_passthru(re.compile("https?://"))
        yield mock


def _received(request: PreparedRequest) -> Request:
    parts = urlsplit(str(request.url))
    sent = cast("object", request.body)  # requests lets a generator through, whatever its type says
    match sent:
        case None:
            body = b""
        case bytes() as content:
            body = content
        case str() as text:
            body = text.encode("utf-8")
        case _:  # it would have gone out chunked
            body = b"".join(cast("Iterable[bytes]", sent))
    return Request(
        method=str(request.method),
        path=parts.path or "/",
        query_string=parts.query,
        headers=Headers((_text(name), _text(value)) for name, value in request.headers.items()),
        body=body,
        base_url=f"{parts.scheme}://{parts.netloc}",
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _sent(answer: Response, request: PreparedRequest) -> HTTPResponse:
    match answer.delivery:
        case Delivery.STALLED:
            raise requests.exceptions.ReadTimeout("Read timed out.", request=request)
        case Delivery.DROPPED:
            gone = http.client.RemoteDisconnected("Remote end closed connection without response")
            raise requests.exceptions.ConnectionError(ProtocolError("Connection aborted.", gone), request=request)
        case Delivery.TRUNCATED:
            half = len(answer.body) // 2
            cut = ProtocolError(
                f"Connection broken: {IncompleteRead(half, len(answer.body) - half)!r}",
                IncompleteRead(half, len(answer.body) - half),
            )
            raise requests.exceptions.ChunkedEncodingError(cut, request=request)
        case Delivery.WHOLE:
            return _whole(answer, request)


def _whole(answer: Response, request: PreparedRequest) -> HTTPResponse:
    headers = HTTPHeaderDict()
    for name, value in answer.headers:
        headers.add(name, value)
    bodiless = request.method == "HEAD" or answer.status in {204, 304}
    # requests looks for cookies in the original response; a closed one says there is nothing to read
    closed = io.BytesIO()
    closed.close()
    return HTTPResponse(
        status=answer.status,
        reason=http.client.responses.get(answer.status),
        body=io.BytesIO(b"" if bodiless else answer.body),
        headers=headers,
        original_response=HTTPResponse(body=closed, msg=headers, preload_content=False),  # type: ignore[arg-type]  # urllib3 types the http.client class, which would need a socket
        preload_content=False,
        request_method=request.method,
    )

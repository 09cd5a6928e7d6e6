"""The `requests` session that everything goes through: time-outs always, trust as set, no cookies, no surprises.

`requests` by itself waits for ever, lets `~/.netrc` replace the Authorization header, and stores cookies. Here each
request has time-outs, the bearer token is set as the last step, and cookies are refused.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, ReadTimeoutError

from sync.errors import LeadgateError

_CONNECTIONS = 16  # parallel result pages, and one for the rest
_GZIP_FROM = 4096  # bytes; below, compressing costs more than it saves
_CHUNK = 1 << 17  # bytes; undone of gzip a chunk is many times as large, and several pages come at once


class _TimedAdapter(HTTPAdapter):
    """Puts the time-outs on requests that come without, such as a library's own login calls."""

    def __init__(self, timeout: tuple[float, float]) -> None:
        self._timeout = timeout
        super().__init__(pool_connections=_CONNECTIONS, pool_maxsize=_CONNECTIONS)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send with the session's time-outs unless the call brought its own."""
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self._timeout
        return super().send(request, *args, **kwargs)


class _Session(requests.Session):
    """Trusts the authority that leadgate was told to trust, even where the environment names another."""

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Settings of one request; `requests` would let REQUESTS_CA_BUNDLE win over the session's own choice."""
        chosen = self.verify if verify is None and isinstance(self.verify, str) else verify
        return super().merge_environment_settings(url, proxies, stream, chosen, cert)


class Bearer(AuthBase):
    """Sets the token after everything else, so that no other source of credentials can replace it."""

    def __init__(self, access_token: str | None) -> None:
        self._access_token = access_token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign the request, or make sure that it goes unsigned."""
        if self._access_token is None:
            request.headers.pop("Authorization", None)
        else:
            request.headers["Authorization"] = f"Bearer {self._access_token}"
        return request


def open_session(
    *, connect_timeout: float, read_timeout: float, ca_file: Path | None, user_agent: str
) -> requests.Session:
    """A session with time-outs (seconds), an optional extra authority, and no cookies."""
    session = _Session()
    adapter = _TimedAdapter((connect_timeout, read_timeout))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = user_agent
    session.headers["Accept-Encoding"] = "gzip"
    if ca_file is not None:
        session.verify = str(ca_file)
    return session


def packed(body: bytes, *, compress: bool) -> tuple[bytes, Mapping[str, str]]:
    """The body as it goes out, with the header that says so when it went through gzip."""
    if not compress or len(body) < _GZIP_FROM:
        return body, {}
    return gzip.compress(body, compresslevel=6, mtime=0), {"Content-Encoding": "gzip"}


def save_body(response: requests.Response, target: Path, heard: Callable[[int], None] = lambda _bytes: None) -> None:
    """Stream a reply's body into a file, which appears only when it is whole.

    gzip is undone here and not by urllib3, which doesn't notice a stream that ends too early.

    Raises:
        requests.exceptions.ChunkedEncodingError: The body ended early or isn't what it says.
        LeadgateError: The file can't be written.
    """
    part = target.with_name(target.name + ".part")
    zipped = response.headers.get("Content-Encoding", "").lower() == "gzip"
    unpacker = zlib.decompressobj(wbits=31) if zipped else None
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in _raw_chunks(response):
                plain = unpacker.decompress(chunk) if unpacker else chunk
                file.write(plain.replace(b"\0", b"") if b"\0" in plain else plain)  # CSV readers end a value there
                heard(len(plain))
        if unpacker is not None and not unpacker.eof:
            raise requests.exceptions.ChunkedEncodingError("the gzip stream ended early")
        part.replace(target)
    except zlib.error as broken:
        raise requests.exceptions.ChunkedEncodingError("the gzip stream is broken") from broken
    except requests.RequestException:  # an OSError too, but the network's and not the disk's
        raise
    except OSError as unwritable:
        raise LeadgateError(
            f"{target.parent} can't be written: {unwritable.strerror}",
            place=str(target.parent),
            fix="free space there, or move the state folder (LEADGATE_STATE_DIR)",
            code="disk",
        ) from unwritable


def _raw_chunks(response: requests.Response) -> Iterator[bytes]:
    """The body's bytes as they came, with urllib3's errors turned into those of `requests`."""
    try:
        yield from response.raw.stream(_CHUNK, decode_content=False)
    except ReadTimeoutError as slow:
        raise requests.exceptions.ReadTimeout(slow) from slow
    except HTTPError as broken:
        raise requests.exceptions.ChunkedEncodingError(broken) from broken

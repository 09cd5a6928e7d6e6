"""The socket door: the mock org on a loopback address, http or https.

cheroot does the HTTP/1.1 work (keep-alive, chunked requests, TLS); this module turns its requests into ours and
makes scripted faults real: a stalled answer holds the connection open until the client leaves, a dropped one closes it
without a byte, a truncated one closes it in the middle of the body.
"""

from __future__ import annotations

import http.client
import select
import shutil
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import trustme
from cheroot.server import Gateway, HTTPConnection, HTTPRequest, HTTPServer
from cheroot.ssl.builtin import BuiltinSSLAdapter

from .http import Delivery, Headers, Request, Response

WORKERS = 32
"""Threads that answer; a stalled answer holds one until its client leaves."""

_PATIENCE = 0.2  # seconds between two looks at whether a stalled client is still there


class Answers(Protocol):
    """What the door needs of the mock org."""

    def handle(self, request: Request) -> Response:
        """Answer one request."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running mock org: its address, and the certificate authority to trust for https (else None)."""

    url: str
    host: str
    port: int
    ca_file: Path | None


@contextmanager
def serve(
    mock_org: Answers,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: bool = False,
    ca_file: Path | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Server]:
    """Serve the mock org while the block runs.

    Args:
        mock_org: who answers.
        host: the address to listen on; for https it is also a name in the certificate.
        port: 0 takes a free one.
        tls: serve https with a certificate of an authority made for this run.
        ca_file: where to write that authority's certificate (PEM); default a temporary file, removed at the end.
        sleep: how scripted latency is waited for.

    Raises:
        OSError: the address cannot be listened on.
    """
    folder = Path(tempfile.mkdtemp(prefix="mock-org-")) if tls else None
    closing = threading.Event()
    server = _HTTPServer(
        (host, port), gateway=_gateway(mock_org, closing, sleep), minthreads=WORKERS, maxthreads=WORKERS
    )
    try:
        trusted: Path | None = None
        if folder is not None:
            trusted = ca_file or folder / "ca.pem"
            server.ssl_adapter = _certified(host, folder, trusted)
        server.prepare()
        bound = server.bind_addr[1]
        runner = threading.Thread(target=server.serve, name="mock-org", daemon=True)
        runner.start()
        scheme = "https" if tls else "http"
        shown = f"[{host}]" if ":" in host else host
        try:
            yield Server(url=f"{scheme}://{shown}:{bound}", host=host, port=bound, ca_file=trusted)
        finally:
            closing.set()
            server.stop()
            runner.join()
    finally:
        if folder is not None:
            shutil.rmtree(folder)


class _Wire(HTTPRequest):
    """A request whose target may be absolute, or start with two slashes as the Salesforce CLI's do."""

    def __init__(self, server: HTTPServer, conn: HTTPConnection) -> None:
        super().__init__(server, conn, proxy_mode=True)


class _Connection(HTTPConnection):
    RequestHandlerClass = _Wire


class _HTTPServer(HTTPServer):
    """cheroot with the limits of a server that holds many clients at once."""

    ConnectionClass = _Connection
    keep_alive_conn_limit = 1000
    request_queue_size = 512
    shutdown_timeout = 2
    timeout = 600


def _certified(host: str, folder: Path, trusted: Path) -> BuiltinSSLAdapter:
    authority = trustme.CA()
    certificate = authority.issue_cert(*dict.fromkeys((host, "localhost", "127.0.0.1", "::1")))
    authority.cert_pem.write_to_path(str(trusted))
    key, chain = folder / "key.pem", folder / "chain.pem"
    certificate.private_key_pem.write_to_path(str(key))
    key.chmod(0o600)
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    adapter = BuiltinSSLAdapter(str(chain), str(key))
    adapter.context.minimum_version = ssl.TLSVersion.TLSv1_2
    return adapter


def _gateway(mock_org: Answers, closing: threading.Event, sleep: Callable[[float], None]) -> type[Gateway]:
    class OrgGateway(Gateway):
        """Turns one request of cheroot into one of ours."""

        def respond(self) -> None:
            """Answer, or break the connection as the fault asks."""
            wire: HTTPRequest = self.req
            answer = mock_org.handle(_received(wire))
            if answer.delay:
                sleep(answer.delay)
            match answer.delivery:
                case Delivery.WHOLE:
                    _send(wire, answer, answer.body)
                case Delivery.TRUNCATED:
                    _send(wire, answer, answer.body[: len(answer.body) // 2])
                    _hang_up(wire)
                case Delivery.DROPPED:
                    _hang_up(wire)
                case Delivery.STALLED:
                    _wait_until_gone(wire, closing)
                    _hang_up(wire)

    return OrgGateway


def _received(wire: HTTPRequest) -> Request:
    headers = Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in wire.inheaders.items())
    target = wire.uri.decode("latin-1")
    path, _, query = target.partition("?")
    if "://" in path and not path.startswith("/"):  # the absolute form, which proxies send
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    scheme = "https" if wire.server.ssl_adapter is not None else "http"
    address = headers.get("Host") or "{}:{}".format(*wire.server.bind_addr[:2])
    return Request(
        method=wire.method.decode("latin-1"),
        path=path,
        query_string=query,
        headers=headers,
        body=wire.rfile.read(),
        base_url=f"{scheme}://{address}",
    )


def _send(wire: HTTPRequest, answer: Response, body: bytes) -> None:
    reason = http.client.responses.get(answer.status, "Unknown")
    wire.status = f"{answer.status} {reason}".encode("latin-1")  # type: ignore[assignment]  # cheroot writes bytes
    head = wire.method == b"HEAD"
    sized = answer.status >= 200 and answer.status not in {204, 304}
    wire.outheaders = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if sized and answer.header("Content-Length") is None:
        wire.outheaders.append((b"Content-Length", str(len(answer.body)).encode("ascii")))
    wire.ensure_headers_sent()
    if body and sized and not head:
        wire.conn.wfile.flush()
        wire.conn.socket.sendall(body)  # cheroot's writer copies what is left of a body with each piece it sends


def _hang_up(wire: HTTPRequest) -> None:
    """Close the connection at once, so that the client sees it end here."""
    wire.sent_headers = True  # nothing more goes out on this connection
    wire.close_connection = True
    wire.conn.wfile.flush()
    try:
        wire.conn.socket.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was quicker


def _wait_until_gone(wire: HTTPRequest, closing: threading.Event) -> None:
    """Hold the connection until the client closes it or the server ends."""
    while not closing.is_set():
        readable, _, _ = select.select([wire.conn.socket], [], [], _PATIENCE)
        if readable:
            return

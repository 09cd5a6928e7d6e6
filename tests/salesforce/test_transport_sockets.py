from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from transport_calls import at, update

from sync.errors import OrgUnavailable
from sync.salesforce.org import NotSent


@contextmanager
def listener(behave: object = None) -> Iterator[int]:
    """A port where connections are taken and `behave` is done to them."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(5)

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n[")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.close()
        thread.join(6)


def test_a_refused_connection_was_certainly_never_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    slept: list[float] = []
    org = at(f"http://127.0.0.1:{port}", slept)
    with pytest.raises(OrgUnavailable, match="refused the connection") as refused:
        list(org.query("SELECT Id FROM Lead"))
    assert refused.value.code == "NO_CONNECTION"
    assert isinstance(update(org), NotSent)
    assert len(slept) == 6


def test_a_name_that_does_not_resolve_is_told() -> None:
    with pytest.raises(OrgUnavailable, match="doesn't resolve"):
        list(at("https://nowhere.invalid", []).query("SELECT Id FROM Lead"))


@pytest.mark.slow
def test_an_answer_cut_off_by_the_network_is_told() -> None:
    with listener() as port, pytest.raises(OrgUnavailable, match="broke off"):
        list(at(f"http://127.0.0.1:{port}", []).query("SELECT Id FROM Lead"))


@pytest.mark.slow
def test_a_certificate_that_is_not_trusted_is_told(tmp_path: Path) -> None:
    import trustme  # noqa: PLC0415 -- this test only

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
                context.wrap_socket(connection, server_side=True).close()
            except ssl.SSLError:
                continue
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        org = at(f"https://127.0.0.1:{server.getsockname()[1]}", [])
        with pytest.raises(OrgUnavailable, match="certificate") as untrusted:
            list(org.query("SELECT Id FROM Lead"))
        assert "LEADGATE_CA_FILE" in str(untrusted.value.fix)
    finally:
        server.close()
        thread.join(2)

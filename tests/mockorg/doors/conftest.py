"""A mock org, and a client at each of its two doors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from doors_client import Client, logged_in

from sync.mockorg import MockOrg
from sync.mockorg.clock import Clock

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def mock(request: pytest.FixtureRequest) -> MockOrg:
    """An org whose clock stands at noon of 1 May 2026; `@pytest.mark.parametrize("org_yaml", …)` may shape it."""
    text = request.getfixturevalue("org_yaml") if "org_yaml" in request.fixturenames else None
    return MockOrg(seed=1, org_yaml=text, clock=Clock(NOON, frozen=True))


@pytest.fixture
def client(mock: MockOrg) -> Iterator[Client]:
    """A client at the in-process door."""
    with mock.in_process():
        yield logged_in(mock, mock.instance_url)


@pytest.fixture(params=["in-process", "socket"])
def either(request: pytest.FixtureRequest, mock: MockOrg) -> Iterator[Client]:
    """A client at each of the doors in turn."""
    if request.param == "in-process":
        with mock.in_process():
            yield logged_in(mock, mock.instance_url)
    else:
        with mock.serve() as server:
            client = logged_in(mock, server.url)
            yield client
            client.http.close()

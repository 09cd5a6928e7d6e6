"""A mock org on a socket, for clients that we did not write and do not change.

Each client is used as its own manual says; the mock org is judged by the wire, so the expectations here are
Salesforce's answers, not what one client happens to accept.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from served import Served
from simple_client import API, MY_DOMAIN, NameLookup
from simple_salesforce import Salesforce

from sync.mockorg import MockOrg
from sync.mockorg.http import Request, Response
from sync.mockorg.server import Server, serve


class Door:
    """One socket for the tests of a module, with a fresh org behind it for each."""

    def __init__(self) -> None:
        self.mock = MockOrg(seed=5)

    def handle(self, request: Request) -> Response:
        """Answer as the present org does."""
        return self.mock.handle(request)


@pytest.fixture(scope="module")
def https_door() -> Iterator[tuple[Door, Server]]:
    """A socket that speaks https, with an authority of its own."""
    door = Door()
    with serve(door, tls=True) as server:
        yield door, server


@pytest.fixture(scope="module")
def http_door() -> Iterator[tuple[Door, Server]]:
    """A socket that speaks plain http."""
    door = Door()
    with serve(door) as server:
        yield door, server


@pytest.fixture
def org_yaml() -> str | None:
    """What sets the mock org apart; a module or a test overrides it to its needs."""
    return None


@pytest.fixture
def strict() -> bool:
    """Whether the org holds SOAP requests against the WSDL; a test overrides it to its needs."""
    return False


@pytest.fixture
def https_org(https_door: tuple[Door, Server], org_yaml: str | None, strict: bool) -> Served:  # noqa: FBT001 - fixture
    """A fresh org on https."""
    return _fresh(https_door, org_yaml, strict=strict)


@pytest.fixture
def http_org(http_door: tuple[Door, Server], org_yaml: str | None, strict: bool) -> Served:  # noqa: FBT001 - fixture
    """A fresh org on plain http."""
    return _fresh(http_door, org_yaml, strict=strict)


@pytest.fixture
def http(https_org: Served) -> Iterator[requests.Session]:
    """A session that trusts the org's authority and finds Salesforce's names at the org."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = https_org.ca_file
        for host in (f"{MY_DOMAIN}.salesforce.com", "login.salesforce.com", "test.salesforce.com"):
            session.mount(f"https://{host}", NameLookup(https_org.url))
        yield session


@pytest.fixture
def sf(https_org: Served, http: requests.Session) -> Salesforce:
    """A client with a session of its own."""
    return Salesforce(
        session_id=https_org.mock.login(), instance_url=https_org.url, session=http, version=API, object_pairs_hook=dict
    )


def _fresh(behind: tuple[Door, Server], org_yaml: str | None, *, strict: bool) -> Served:
    door, server = behind
    door.mock = MockOrg(seed=5, org_yaml=org_yaml, strict=strict)
    return Served(mock=door.mock, server=server)

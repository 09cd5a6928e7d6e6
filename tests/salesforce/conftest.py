"""Stubs of single answers, for what no healthy org says; recordings of real orgs, where they are at hand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import responses
from pydantic import SecretStr
from stubbed_web import OPAQUE, URL

from sync.org_settings import AccessToken, ClientCredentials, OrgSettings
from sync.salesforce.client import SalesforceClient, open_org


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    """The network; a request that no stub answers fails as a refused connection would."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(f"{URL}/services/data", json=[{"version": "66.0", "url": "/services/data/v66.0", "label": "x"}])
        yield mock


@pytest.fixture
def slept() -> list[float]:
    """The seconds that the client waited."""
    return []


@pytest.fixture
def org(web: responses.RequestsMock, slept: list[float]) -> SalesforceClient:
    """A client with a token that can't be renewed."""
    settings = OrgSettings(name="x", credentials=AccessToken(token=SecretStr(OPAQUE), instance_url=URL))
    return open_org(settings, sleep=slept.append)


@pytest.fixture
def renewing(web: responses.RequestsMock, slept: list[float]) -> SalesforceClient:
    """A client that can log in again; each login gives another token."""
    tokens = iter(range(1, 100))

    def login(_request: object) -> tuple[int, dict[str, str], str]:
        return 200, {}, f'{{"access_token": "00D000000000001!t{next(tokens)}", "instance_url": "{URL}"}}'

    web.add_callback(responses.POST, f"{URL}/services/oauth2/token", callback=login)
    credentials = ClientCredentials(login_url=URL, client_id="i", client_secret=SecretStr("s"))
    return open_org(OrgSettings(name="x", credentials=credentials), sleep=slept.append)


@pytest.fixture
def recordings() -> Path:
    """Recorded exchanges of real orgs."""
    found = Path(os.environ.get("LEADGATE_RECORDINGS", Path(__file__).parents[3] / "shared" / "recordings"))
    if not found.is_dir():
        pytest.skip("no recordings here")
    return found

"""One suite, several orgs: the mock org in-process, the mock org over a socket, and a real sandbox where there is one.

What the client promises in `sync.salesforce.org` is checked here against whatever stands behind the door, so that the
mock org and a real org can be held against each other. `pytest -m live` runs it on the org of the LEADGATE_ settings in
the environment, if that is a sandbox.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from org_stage import API, Stage

from sync.errors import SettingsInvalid
from sync.mockorg import MockOrg
from sync.salesforce.auth.login import Login
from sync.salesforce.client import SalesforceClient, open_org, utc_now
from sync.settings import load_settings

DOORS = [
    "in_process",
    pytest.param("socket", marks=pytest.mark.slow),
    pytest.param("live", marks=pytest.mark.live),
]


@pytest.fixture(scope="module")
def org_yaml() -> str | None:
    """What sets the mock org apart; a module overrides it to its needs."""
    return None


@dataclass
class Opened:
    """A mock org with its door open, for the tests of one module."""

    mock: MockOrg
    url: str


@pytest.fixture(scope="module", params=DOORS)
def opened(request: pytest.FixtureRequest, org_yaml: str | None) -> Iterator[Opened | None]:
    """Each door in turn; `None` is a real sandbox."""
    if request.param == "live":
        yield None
        return
    mock = MockOrg(seed=11, org_yaml=org_yaml)
    if request.param == "in_process":
        with mock.in_process():
            yield Opened(mock, mock.instance_url)
    else:
        with mock.serve() as server:
            yield Opened(mock, server.url)


@pytest.fixture
def stage(opened: Opened | None, tmp_path: Path) -> Iterator[Stage]:
    """A fresh org to speak to, over each door in turn."""
    with _live() if opened is None else nullcontext(_fresh(opened, tmp_path)) as here:
        yield here


@pytest.fixture
def mock(stage: Stage) -> MockOrg:
    """The mock org behind the door; a real org can't be told to fail."""
    if stage.mock is None:
        pytest.skip("needs scripted faults")
    return stage.mock


def _fresh(opened: Opened, folder: Path) -> Stage:
    opened.mock.reset()
    token = opened.mock.login()
    variables = {
        "LEADGATE_INSTANCE_URL": opened.url,
        "LEADGATE_ACCESS_TOKEN": token,
        "LEADGATE_READ_TIMEOUT": "0.7",
        "LEADGATE_API_VERSION": API,
    }
    return Stage(settings=load_settings(folder, variables).org(), url=opened.url, token=token, mock=opened.mock)


@contextmanager
def _live() -> Iterator[Stage]:
    try:
        settings = load_settings(Path.cwd(), os.environ).org()
    except SettingsInvalid as missing:
        pytest.skip(f"no org in the environment: {missing.message}")
    client = open_org(settings)
    if client.identity.is_sandbox is not True:
        pytest.skip("only a sandbox may be written to by tests")
    session = Login(settings, requests.Session(), clock=utc_now).session()
    here = Stage(settings=settings, url=session.instance_url, token=session.access_token)
    try:
        yield here
    finally:
        for start in range(0, len(here.made), 200):
            here.call("DELETE", f"/composite/sobjects?ids={','.join(here.made[start : start + 200])}&allOrNone=false")


@pytest.fixture
def org(stage: Stage) -> SalesforceClient:
    """The client under test."""
    return stage.client()

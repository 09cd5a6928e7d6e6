"""One suite, several orgs: the mock org in-process, the mock org over a socket, and a real sandbox where there is one.

What the client promises in `sync.salesforce.org` is checked here against whatever stands behind the door, so that the
mock org and a real org can be held against each other. `pytest -m live` runs it on the org of the LEADGATE_ settings in
the environment, if that is a sandbox.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from sync.errors import SettingsInvalid
from sync.mockorg import MockOrg
from sync.org_settings import OrgSettings
from sync.salesforce.auth.login import Login
from sync.salesforce.client import SalesforceClient, open_org, utc_now
from sync.settings import load_settings

API = "66.0"


@dataclass
class Stage:
    """An org behind a door, and the means to put records into it without the client under test."""

    settings: OrgSettings
    url: str
    token: str
    mock: MockOrg | None = None
    tag: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    slept: list[float] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    def client(self, **options: Any) -> SalesforceClient:
        """A client whose waiting takes no time."""
        clock = {"now": 0.0}

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            clock["now"] += seconds

        if self.mock is None:
            return open_org(self.settings, **options)
        return open_org(self.settings, sleep=sleep, monotonic=lambda: clock["now"], **options)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request of the test's own, past the client."""
        return requests.request(
            method,
            f"{self.url}/services/data/v{API}{path}",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
            **options,
        )

    def create(self, object_name: str, *rows: Mapping[str, Any]) -> list[str]:
        """Make records; returns their ids."""
        made = []
        for start in range(0, len(rows), 200):
            records = [{"attributes": {"type": object_name}, **row} for row in rows[start : start + 200]]
            answer = self.call("POST", "/composite/sobjects", json={"allOrNone": True, "records": records}).json()
            assert all(entry["success"] for entry in answer), answer
            made += [entry["id"] for entry in answer]
        self.made += made
        return made

    def leads(self, count: int, **values: Any) -> list[str]:
        """Make leads that share nothing but the given values."""
        return self.create(
            "Lead", *({"LastName": f"Test {n}", "Company": f"Co {self.tag} {n}", **values} for n in range(count))
        )

    def row(self, object_name: str, record_id: str) -> dict[str, Any]:
        """A record as the org has it now."""
        return dict(self.call("GET", f"/sobjects/{object_name}/{record_id}").json())

    def edit(self, object_name: str, record_id: str, **values: Any) -> None:
        """Somebody else's edit."""
        assert self.call("PATCH", f"/sobjects/{object_name}/{record_id}", json=values).status_code == 204


DOORS = ["in_process", "socket", pytest.param("live", marks=pytest.mark.live)]


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

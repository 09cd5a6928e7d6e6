"""An org on stage: the client under test, and the means to put records into the org without it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from sync.mockorg import MockOrg
from sync.org_settings import OrgSettings
from sync.salesforce.client import SalesforceClient, open_org

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

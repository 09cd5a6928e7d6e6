"""A mock org on a socket that is watched: which conversion calls are under way at once, and what they touch."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from benchmarks.conversion_world import STATUS, Lead
from benchmarks.conversion_world import plan_of as conversions_of
from sync.mockorg import MockOrg
from sync.mockorg.errors import SalesforceError
from sync.mockorg.http import Request, Response
from sync.mockorg.server import serve
from sync.mockorg.soap.faults import fault_response
from sync.model import normal_id
from sync.plan.actions import Plan
from sync.salesforce.client import SalesforceClient, open_org
from sync.settings import load_settings


@dataclass
class Watch:
    """Stands between the socket and the mock org."""

    mock: MockOrg
    on_calls: Callable[[int], object] = lambda _under_way: None
    """Hears how many conversion calls are under way, each time that one more begins."""
    refusing: str | None = None
    """Words of a limit in which the next conversion call is refused."""
    on_refusal: Callable[[], object] = lambda: None
    under_way: list[list[str]] = field(default_factory=list)
    """Records named by each call under way."""
    most: int = 0
    overlapping: set[str] = field(default_factory=set)
    """Records that stood in two calls at once."""
    sizes: list[int] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, request: Request) -> Response:
        """Answer as the mock org does."""
        packed = request.headers.get("Content-Encoding") == "gzip"
        body = gzip.decompress(request.body) if packed else request.body
        if b"convertLead>" not in body:
            return self.mock.handle(request)
        if self.refusing is not None:
            words, self.refusing = self.refusing, None
            self.on_refusal()
            return fault_response(SalesforceError("REQUEST_LIMIT_EXCEEDED", words, status=403), request)
        text = body.decode()
        named = re.findall(r"<[^>]*(?:accountId|contactId|opportunityId|leadId)>([^<]+)<", text)
        with self._lock:
            self.overlapping |= {each for call in self.under_way for each in call} & set(named)
            self.under_way.append(named)
            self.sizes.append(text.count("convertedStatus>") // 2)
            self.most = max(self.most, len(self.under_way))
            count = len(self.under_way)
        self.on_calls(count)
        try:
            return self.mock.handle(request)
        finally:
            with self._lock:
                self.under_way.remove(named)


@dataclass
class Watched:
    """The org, and what a test makes in it."""

    mock: MockOrg
    watch: Watch
    url: str
    folder: Path

    def client(self, **variables: str) -> SalesforceClient:
        """A client; by default with a token of its own."""
        given = variables or {"LEADGATE_ACCESS_TOKEN": self.mock.login()}
        return open_org(load_settings(self.folder, {"LEADGATE_INSTANCE_URL": self.url, **given}).org())

    def make(self, object_name: str, count: int, **values: object) -> list[str]:
        """Make up to 200 records, past the client under test."""
        records = [{"attributes": {"type": object_name}, **_names(object_name, n), **values} for n in range(count)]
        answer = requests.post(
            f"{self.url}/services/data/v66.0/composite/sobjects",
            json={"allOrNone": True, "records": records},
            headers={"Authorization": f"Bearer {self.mock.login()}"},
            timeout=60,
        ).json()
        return [entry["id"] for entry in answer]

    def converted(self) -> set[str]:
        """Ids of the leads that are converted."""
        rows = self.mock.org.store.db.execute("SELECT Id FROM Lead WHERE IsConverted = 1").fetchall()
        return {str(row[0]) for row in rows}


def _names(object_name: str, number: int) -> dict[str, object]:
    if object_name == "Lead":
        return {"LastName": f"L{number}", "Company": f"Co {number}", "Status": STATUS}
    return {"Name": f"{object_name} {number}"}


@contextmanager
def watched(folder: Path, org_yaml: str = "") -> Iterator[Watched]:
    """An org on a socket."""
    mock = MockOrg(seed=3, org_yaml=org_yaml)
    watch = Watch(mock)
    with serve(watch) as server:
        yield Watched(mock, watch, server.url, folder)


def plan_of(here: Watched, leads: Sequence[str], accounts: Sequence[str | None] = (None,)) -> Plan:
    """A plan that converts the leads into these accounts in turn (`None` = a new one)."""
    org_id = normal_id(here.mock.org_id)
    assert org_id is not None
    into = [Lead(id=lead, account_id=accounts[number % len(accounts)]) for number, lead in enumerate(leads)]
    return conversions_of(org_id, into, now=here.mock.clock.now())

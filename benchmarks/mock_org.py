"""How fast and how large the mock org is: what a client that is measured against it may take for granted.

A million leads are written as a folder of CSV files and loaded by a server in a process of its own; the clients here do
as little as HTTP allows, so that what is measured is the mock org.
"""

from __future__ import annotations

import csv
import http.client
import itertools
import json
import socket
import statistics
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import requests

from sync.mockorg import MockOrg
from sync.mockorg.ids import checksum

from .figures import Figure
from .served_org import served

TITLE = "Mock org"
ABOUT = """\
The mock org in the process of a test (through `responses`), and served by `leadgate mock-org serve` on a loopback
socket in a process of its own. The leads have 25 fields; the Bulk query selects all of them. The reading client only
receives bytes; the small requests are reads of one record by two clients with a connection each.
"""

FULL = 1_000_000
SMALL = 20_000
COLUMNS = (
    "Id",
    "LastName",
    "FirstName",
    "Company",
    "Title",
    "Email",
    "Phone",
    "MobilePhone",
    "Street",
    "City",
    "State",
    "PostalCode",
    "Country",
    "Website",
    "LeadSource",
    "Status",
    "Industry",
    "Rating",
    "AnnualRevenue",
    "NumberOfEmployees",
    "OwnerId",
    "IsConverted",
    "CreatedDate",
    "LastModifiedDate",
    "SystemModstamp",
)
_OWNERS = tuple(f"rep{number}@leadgate-mock.example" for number in range(20))
_DATA = "/services/data/v66.0"
_ALL = f"SELECT {', '.join(COLUMNS)} FROM Lead"  # noqa: S608 - SOQL of constants
_ONE = "SELECT Id, Status, Owner.Name FROM Lead WHERE LastName = 'Hopper'"


def run(*, small: bool) -> list[Figure]:
    """All figures of the mock org; `small` loads twenty thousand leads instead of a million."""
    leads = SMALL if small else FULL
    figures = _in_process()
    with tempfile.TemporaryDirectory(prefix="mock-org-bench-") as name:
        folder = Path(name)
        write_leads(folder, leads)
        figures += _over_a_socket(folder, leads)
    return figures


def write_leads(folder: Path, count: int, *, start: int = 0) -> None:
    """Write `Lead.csv` with `count` leads of 25 fields, as Data Loader exports them; numbered from `start`."""
    with (folder / "Lead.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(map(_lead, range(start, start + count)))


def _lead(number: int) -> tuple[object, ...]:
    day = f"2025-{number % 12 + 1:02}-{number % 28 + 1:02}"
    stamp = f"{day}T{number % 24:02}:{number % 60:02}:{number // 7 % 60:02}.000Z"
    body = f"00Q7R{number:010}"
    return (
        body + checksum(body),
        f"Lastname{number}",
        f"First{number % 977}",
        f"Company {number % 50_021} & Sons, Ltd.",
        ("Buyer", "Head of Operations", "Chief Financial Officer")[number % 3],
        f"person{number}@company{number % 50_021}.example",
        f"+1 555 {number % 10_000_000:07}",
        "" if number % 3 else f"+1 556 {number % 10_000_000:07}",
        f"{number % 900} Example Street" + ("" if number % 3 else f"\nFloor {number % 30}"),
        f"City {number % 1013}",
        ("CA", "NY", "TX", "WA")[number % 4],
        f"{number % 99_999:05}",
        "United States",
        f"https://company{number % 50_021}.example",
        ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")[number % 5],
        ("Open - Not Contacted", "Working - Contacted")[number % 2],
        ("Banking", "Energy", "Retail", "Technology")[number % 4],
        ("Hot", "Warm", "Cold", "")[number % 4],
        number % 9973 * 1000,
        number % 4999,
        _OWNERS[number % len(_OWNERS)],
        "false",
        stamp,
        stamp,
        stamp,
    )


def _in_process() -> list[Figure]:
    mock_org = MockOrg()
    with mock_org.in_process(), requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {mock_org.login()}"
        base = f"{mock_org.instance_url}{_DATA}"
        made = session.post(f"{base}/sobjects/Lead", json={"LastName": "Hopper", "Company": "Example"}).json()["id"]
        asked = {
            "read of a record": lambda: session.get(f"{base}/sobjects/Lead/{made}", params={"fields": "Id,Status"}),
            "query of a record": lambda: session.get(f"{base}/query", params={"q": _ONE}),
            "update of a record": lambda: session.patch(f"{base}/sobjects/Lead/{made}", json={"Rating": "Hot"}),
        }
        return [
            Figure(
                name=f"in-process: {name}, median",
                value=_median_ms(call),
                unit="ms",
                target=2.0,
                note="with `requests` and `responses`",
            )
            for name, call in asked.items()
        ]


def _median_ms(call: Callable[[], requests.Response], rounds: int = 400) -> float:
    taken = []
    for _ in range(rounds):
        began = perf_counter()
        answer = call()
        taken.append(perf_counter() - began)
        answer.raise_for_status()
    return statistics.median(taken) * 1000


def _over_a_socket(folder: Path, leads: int) -> list[Figure]:
    with served() as org:
        client = _Client(org.port, org.token)
        began = perf_counter()
        loaded = client.ask("POST", "/__mock__/seed", {"folder": str(folder)})
        load_seconds = perf_counter() - began
        if loaded != {"loaded": {"Lead": leads}}:
            raise AssertionError(f"{leads} leads were to be loaded: {loaded}")
        began = perf_counter()
        job = client.ask("POST", f"{_DATA}/jobs/query", {"operation": "query", "query": _ALL})["id"]
        while (seen := client.ask("GET", f"{_DATA}/jobs/query/{job}"))["state"] in {"UploadComplete", "InProgress"}:
            pass
        query_seconds = perf_counter() - began
        if (seen["state"], seen["numberRecordsProcessed"]) != ("JobComplete", leads):
            raise AssertionError(f"the query job did not bring {leads} leads: {seen}")
        megabytes, page_seconds = client.read_pages(f"{_DATA}/jobs/query/{job}/results")
        ids = [f"00Q7R{number:010}" for number in range(0, leads, leads // 500)]
        rate = _small_requests(org.port, org.token, [each + checksum(each) for each in ids])
        peak = _peak_memory(org.process.pid)
    amount = f"{leads:,} leads × {len(COLUMNS)} fields"
    return [
        Figure(name=f"{amount}: loaded from CSV", value=load_seconds, unit="s", target=60),
        Figure(name=f"{amount}: Bulk query complete", value=query_seconds, unit="s", target=20),
        Figure(
            name="pages of that query, to one client that only reads",
            value=megabytes / page_seconds,
            unit="MB/s",
            target=200,
            better="higher",
            note=f"{megabytes:,.0f} MB, pages of 50,000 records",
        ),
        Figure(
            name="small requests",
            value=rate,
            unit="/s",
            target=500,
            better="higher",
            note="over the same org, two connections",
        ),
        Figure(
            name=f"memory of the server with {leads:,} leads, at its peak",
            value=peak,
            unit="GB",
            target=3,
            note="load, query and pages included",
        ),
    ]


class _Client:
    """One keep-alive connection that does nothing beside HTTP."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: object = None) -> dict[str, object]:
        """A small exchange in JSON."""
        sent = None if body is None else json.dumps(body)
        self._connection.request(method, path, sent, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise AssertionError(f"{method} {path}: {answer.status} {content[:300]!r}")
        found: dict[str, object] = json.loads(content)
        return found

    def read_pages(self, path: str) -> tuple[float, float]:
        """Receive every page of a result without looking at it: megabytes, seconds."""
        room = memoryview(bytearray(1 << 20))
        total, locator = 0, ""
        began = perf_counter()
        while locator != "null":
            more = f"&locator={locator}" if locator else ""
            self._connection.request("GET", f"{path}?maxRecords=50000{more}", headers=self._headers)
            answer = self._connection.getresponse()
            if answer.status != 200:
                raise AssertionError(f"{path}: {answer.status} {answer.read(300)!r}")
            locator = answer.headers["Sforce-Locator"]
            while got := answer.readinto(room):
                total += got
        return total / 1e6, perf_counter() - began


def _small_requests(port: int, token: str, ids: list[str], *, clients: int = 2, seconds: float = 4.0) -> float:
    """Reads of one record per second, by several clients that ask one after the other."""
    counts = [0] * clients
    until = perf_counter() + seconds

    def ask(number: int) -> None:
        client = _Client(port, token)
        for record in itertools.cycle(ids):
            if perf_counter() >= until:
                return
            client.ask("GET", f"{_DATA}/sobjects/Lead/{record}?fields=Id,Status,Company")
            counts[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return sum(counts) / seconds


def _peak_memory(process_id: int) -> float:
    """The most memory that a process has held, in gigabytes."""
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    line = next(each for each in status.splitlines() if each.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / 1e9

"""What the pull's benchmark stands on: a served mock org, a working folder, and processes whose cost is measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.request import Request, urlopen

from .mock_org import COLUMNS

DATA = "/services/data/v66.0"
REPOSITORY = Path(__file__).resolve().parent.parent

TYPES = {
    "AnnualRevenue": "currency",
    "NumberOfEmployees": "integer",
    "IsConverted": "boolean",
    "CreatedDate": "datetime",
    "LastModifiedDate": "datetime",
    "SystemModstamp": "datetime",
}
"""Types of a mapping for the columns that aren't text."""

ADDED = (
    "IsDeleted",
    "ConvertedDate",
    "ConvertedAccountId",
    "ConvertedContactId",
    "ConvertedOpportunityId",
    "MasterRecordId",
)
"""What leadgate reads beyond the mapped columns; everybody in the comparison reads it too."""

SOQL = f"SELECT {', '.join((*COLUMNS, *ADDED))} FROM Lead"  # noqa: S608 - SOQL of constants


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a process has cost."""

    seconds: float
    cpu: float
    """Seconds of processor time, of it and its children."""
    memory: float
    """The most that it has held at once, in MB."""
    output: str = field(default="", repr=False)


def measured(command: Sequence[str], *, folder: Path, env: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end, with compiled bytecode as an installed program has it.

    Raises:
        AssertionError: it failed; with what it said.
    """
    env = {name: value for name, value in (env or os.environ).items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as said:
        began = perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)  # tells what it has cost, which `wait` doesn't
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = perf_counter() - began
        said.seek(0)
        output = said.read().decode("utf-8", "replace")
    if process.returncode:
        raise AssertionError(f"{command[0]} ended with {process.returncode}: {output[-2000:]}")
    return Cost(seconds=seconds, cpu=used.ru_utime + used.ru_stime, memory=used.ru_maxrss * 1024 / 1e6, output=output)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A served org, and how to speak to it without a client."""

    port: int
    token: str

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def env(self) -> dict[str, str]:
        """What connects leadgate."""
        return {
            **os.environ,
            "LEADGATE_INSTANCE_URL": self.url,
            "LEADGATE_ACCESS_TOKEN": self.token,
            "LEADGATE_LOG_LEVEL": "warning",
        }

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One exchange in JSON."""
        request = Request(  # noqa: S310 - a loopback address
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urlopen(request, timeout=900) as answer:  # noqa: S310 - a loopback address
            content = answer.read()
        return json.loads(content) if content else None

    def ready_job(self) -> str:
        """A complete job over all leads; its id."""
        job: str = self.ask("POST", f"{DATA}/jobs/query", {"operation": "queryAll", "query": SOQL})["id"]
        while self.ask("GET", f"{DATA}/jobs/query/{job}")["state"] in {"UploadComplete", "InProgress"}:
            time.sleep(0.02)
        return job

    def seconds_of_jobs(self) -> float:
        """What the org itself has worked on its query jobs so far."""
        listed = self.ask("GET", f"{DATA}/jobs/query")["records"]
        return sum(self.ask("GET", f"{DATA}/jobs/query/{each['id']}")["totalProcessingTime"] for each in listed) / 1000

    def touch(self, ids: Sequence[str]) -> None:
        """Change leads by a bulk job, as a data loader would."""
        job = self.ask("POST", f"{DATA}/jobs/ingest", {"object": "Lead", "operation": "update", "contentType": "CSV"})
        text = "Id,Title\n" + "".join(f"{each},Chief of Staff\n" for each in ids)
        request = Request(  # noqa: S310 - a loopback address
            f"{self.url}{DATA}/jobs/ingest/{job['id']}/batches",
            method="PUT",
            data=text.encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "text/csv"},
        )
        with urlopen(request, timeout=900):  # noqa: S310 - a loopback address
            pass
        place = f"{DATA}/jobs/ingest/{job['id']}"
        self.ask("PATCH", place, {"state": "UploadComplete"})
        while (seen := self.ask("GET", place))["state"] in {"UploadComplete", "InProgress"}:
            time.sleep(0.05)
        if (seen["state"], seen["numberRecordsFailed"]) != ("JobComplete", 0):
            raise AssertionError(f"the leads could not be changed: {seen}")


def working_folder(folder: Path) -> Path:
    """A working folder whose mapping names the 25 columns of the leads."""
    (folder / "mappings").mkdir(parents=True)
    lines = ["object: Lead", "fields:"]
    ours = {"CreatedDate": "created_at", "LastModifiedDate": "last_modified_at"}
    for column in COLUMNS:
        name = ours.get(column) or "".join(f"_{c.lower()}" if c.isupper() else c for c in column).lstrip("_")
        lines.append(f"  {name}: {{field: {column}, type: {'id' if column == 'Id' else TYPES.get(column, 'text')}}}")
    (folder / "mappings" / "lead.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def pulled(site: Site, folder: Path, *, anew: bool = False) -> tuple[Cost, Any]:
    """`leadgate pull --json` from the start of its process to the end: its cost, and what it said."""
    if anew:
        shutil.rmtree(folder / ".leadgate", ignore_errors=True)
    command = [sys.executable, "-m", "sync", "pull", "--json", "--folder", str(folder)]
    cost = measured(command, folder=folder, env={**site.env, "PYTHONPATH": str(REPOSITORY)})
    return cost, json.loads(cost.output[cost.output.index("{\n") :])

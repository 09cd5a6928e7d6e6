"""The mock org that benchmarks talk to: `leadgate mock-org serve` in a process of its own, and a way to speak to it."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

API = "66.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The org while it is served."""

    process: subprocess.Popen[str]
    url: str
    token: str

    @property
    def port(self) -> int:
        """Its port on the loopback interface."""
        return int(self.url.rsplit(":", 1)[1])

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """A request past every client, on a connection of its own.

        Raises:
            AssertionError: It was refused.
        """
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=600)
        sent = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, sent, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status >= 300:
            raise AssertionError(f"{method} {path}: {answer.status} {content[:300]!r}")
        found: dict[str, Any] = json.loads(content)
        return found

    def unconverted(self) -> int:
        """How many leads are not converted."""
        query = "SELECT+COUNT()+FROM+Lead+WHERE+IsConverted=false"
        return int(self.ask("GET", f"/services/data/v{API}/query?q={query}")["totalSize"])

    def api_calls(self) -> int:
        """API requests that the org has counted."""
        limit = self.ask("GET", f"/services/data/v{API}/limits")["DailyApiRequests"]
        return int(limit["Max"]) - int(limit["Remaining"])


@contextmanager
def served(data: Path | None = None) -> Iterator[Served]:
    """`leadgate mock-org serve` on that folder (`None` = an empty org), until the `with` ends."""
    command = [sys.executable, "-m", "sync", "mock-org", "serve", "--port", "0", "--json"]
    command += ["--data", str(data)] if data is not None else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            said = ""
            for line in process.stdout or ():
                said += line
                if line.rstrip() == "}" or _is_json(said):
                    break
            started = json.loads(said)
            yield Served(process=process, url=started["url"], token=started["settings"]["LEADGATE_ACCESS_TOKEN"])
        finally:
            process.terminate()


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True

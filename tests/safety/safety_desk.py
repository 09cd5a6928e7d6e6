"""A working folder before a mock org, and everything that a command leaves behind: output, logs, every file's bytes."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from sync.cli.main import main
from sync.mockorg import MockOrg
from sync.mockorg.seed import WorldSummary

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both streams."""
        return self.out + self.err

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document on stdout."""
        return dict(json.loads(self.out))


@dataclass(frozen=True, slots=True)
class Desk:
    """A working folder, and the org that it speaks to."""

    folder: Path
    mock: MockOrg
    world: WorldSummary

    @property
    def state(self) -> Path:
        """The org's state folder."""
        return self.folder / ".leadgate" / "default"

    @property
    def token(self) -> str:
        """The access token in `.env`."""
        text = (self.folder / ".env").read_text("utf-8")
        return next(line.split("=", 1)[1] for line in text.splitlines() if line.startswith("LEADGATE_ACCESS_TOKEN"))

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> Said:
        """Type a command in this folder."""
        out, err = io.StringIO(), io.StringIO()
        terminate = signal.getsignal(signal.SIGTERM)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main([*arguments, "--folder", str(self.folder)])
        finally:
            signal.signal(signal.SIGTERM, terminate)
        said = Said(code=int(code), out=out.getvalue(), err=err.getvalue())
        assert said.code in codes, f"leadgate {' '.join(arguments)} ended with {code}:\n{said.text}"
        assert "Traceback" not in said.text
        return said

    def json(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """Type a command with --json; its document."""
        return self.run(*arguments, "--json", codes=codes).document

    def settle(self, **variables: str) -> None:
        """Add to `.env`."""
        with (self.folder / ".env").open("a", encoding="utf-8") as env:
            env.writelines(f"{name}={value}\n" for name, value in variables.items())

    def rows(self, object_name: str) -> dict[str, Mapping[str, Any]]:
        """The org's live records by id, as the org holds them."""
        org = self.mock.org
        with org.lock:
            return {str(row["Id"]): row for row in org.store.rows_where(org.schema.object(object_name), {})}

    def edit(self, object_name: str, record_id: str, **values: Any) -> None:
        """An edit in the org."""
        self._call("PATCH", f"/{object_name}/{record_id}", values)

    def create(self, object_name: str, **values: Any) -> str:
        """A new record in the org; its id."""
        return str(self._call("POST", f"/{object_name}", values).json()["id"])

    def files(self) -> Iterator[Path]:
        """Every file that leadgate keeps for this org."""
        return (path for path in sorted(self.state.rglob("*")) if path.is_file())

    def _call(self, method: str, path: str, body: Mapping[str, Any]) -> requests.Response:
        answer = requests.request(
            method,
            f"{self.mock.instance_url}/services/data/v66.0/sobjects{path}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.mock.login()}", "Content-Type": "application/json"},
            timeout=30,
        )
        assert answer.ok, answer.text
        return answer


def set_up(folder: Path, mock: MockOrg) -> None:
    """A new working folder that reaches the org."""
    folder.mkdir()
    for name in ("mappings", "config"):
        shutil.copytree(REPOSITORY / name, folder / name)
    env = folder / ".env"
    env.touch(mode=0o600)
    env.write_text(f"LEADGATE_INSTANCE_URL={mock.instance_url}\nLEADGATE_ACCESS_TOKEN={mock.login()}\n", "utf-8")


@contextlib.contextmanager
def no_settings_but_these() -> Iterator[None]:
    """Without the environment's LEADGATE_… variables."""
    kept = {name: value for name, value in os.environ.items() if name.upper().startswith("LEADGATE_")}
    for name in kept:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(kept)

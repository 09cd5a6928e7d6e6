"""A person's desk: a working folder before an org, the commands typed there, and what the terminal said.

The org is the mock org behind one of its two doors. Stages of the way (pulled, planned, applied) are gone through once
per test process and copied, records of the org included, so that a test starts where its question starts.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import requests
from ruamel.yaml import YAML

from sync.cli.main import main
from sync.mockorg import MockOrg
from sync.mockorg.org import OrgSnapshot
from sync.mockorg.seed import WorldSummary

REPOSITORY = Path(__file__).resolve().parents[2]
SEED = 7
NO_CONVERTER = "waits@northgate-sales.example"
READER = "reads@northgate-sales.example"
PLAN = "plan.json"
WITHOUT_FOLDER = ("mock-org", "demo", "--version", "--help")


class Stage(StrEnum):
    """How far the way was gone before the test begins."""

    FRESH = "fresh"
    PULLED = "pulled"
    PLANNED = "planned"
    APPLIED = "applied"


def at(stage: Stage) -> pytest.MarkDecorator:
    """Begin the test at this stage."""
    return pytest.mark.parametrize("stage", [stage])


STEPS: Mapping[Stage, Sequence[str]] = {
    Stage.PULLED: ("pull",),
    Stage.PLANNED: ("plan", "-o", PLAN),
    Stage.APPLIED: ("apply", PLAN, "--yes", "--max-failures", "100%"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one command ended with."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything that a person sees."""
        return self.out + self.err

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        return dict(json.loads(self.out))

    def expect(self, code: int = 0) -> Said:
        """The same, if it ended with this code."""
        assert self.code == code, f"leadgate {' '.join(self.arguments)} ended with {self.code}:\n{self.text[:2000]}"
        assert "Traceback" not in self.text
        return self


@dataclass
class Desk:
    """A working folder with an org behind a door."""

    folder: Path
    mock: MockOrg
    url: str
    world: WorldSummary
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        """The org's state folder."""
        return self.folder / ".leadgate" / "default"

    @property
    def plan_file(self) -> Path:
        """Where the stages put their plan."""
        return self.folder / PLAN

    def run(self, *arguments: str) -> Said:
        """Type a command."""
        return run(*arguments, folder=self.folder)

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Type a command with --json; its document."""
        return self.run(*arguments, "--json").expect(code).document

    def write(self, path: str, text: str) -> Path:
        """Write a file of the working folder."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def replace(self, path: str, old: str, new: str) -> None:
        """Change words of a file of the working folder."""
        text = (self.folder / path).read_text(encoding="utf-8")
        assert old in text, f"{path} has no {old!r}"
        self.write(path, text.replace(old, new))

    def login(self, username: str | None = None) -> None:
        """Write the `.env` that reaches the org as this user (default: the administrator)."""
        self.variables |= {"LEADGATE_INSTANCE_URL": self.url, "LEADGATE_ACCESS_TOKEN": self.mock.login(username)}
        self.settle()

    def settle(self, **variables: str) -> None:
        """Write `.env`."""
        self.variables |= variables
        env = self.folder / ".env"
        env.touch(mode=0o600)
        env.write_text("".join(f"{name}={value}\n" for name, value in self.variables.items()), encoding="utf-8")

    def rows(self, object_name: str) -> dict[str, Mapping[str, Any]]:
        """The org's live records by id, as the org itself holds them."""
        org = self.mock.org
        with org.lock:
            return {str(row["Id"]): row for row in org.store.rows_where(org.schema.object(object_name), {})}

    @property
    def converted(self) -> set[str]:
        """Ids of the leads that the org shows as converted."""
        return {lead_id for lead_id, row in self.rows("Lead").items() if row["IsConverted"]}

    def contents(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        """Every record that a run could make or change."""
        return {name: self.rows(name) for name in ("Lead", "Account", "Contact", "Opportunity", "Task", "Event")}

    def edit(self, object_name: str, record_id: str, **values: Any) -> None:
        """Somebody else's edit in the org."""
        self._call("PATCH", f"/{object_name}/{record_id}", values)

    def delete(self, object_name: str, record_id: str) -> None:
        """Somebody else's deletion in the org."""
        self._call("DELETE", f"/{object_name}/{record_id}", None)

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None) -> None:
        answer = requests.request(
            method,
            f"{self.url}/services/data/v66.0/sobjects{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.mock.login()}"},
            timeout=30,
        )
        assert answer.ok, answer.text


def run(*arguments: str, folder: Path | None = None) -> Said:
    """Run one command in this process as the `leadgate` script would, from that folder."""
    args = list(arguments)
    if folder is not None and arguments[0] not in WITHOUT_FOLDER and "--folder" not in arguments:
        args += ["--folder", str(folder)]
    out, err = io.StringIO(), io.StringIO()
    terminate = signal.getsignal(signal.SIGTERM)
    here = Path.cwd()
    try:
        os.chdir(folder or here)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(args)
    finally:
        os.chdir(here)
        signal.signal(signal.SIGTERM, terminate)
    return Said(arguments=tuple(arguments), code=int(code), out=out.getvalue(), err=err.getvalue())


def set_up(folder: Path) -> None:
    """The templates of a new working folder."""
    for name in ("mappings", "config"):
        shutil.copytree(REPOSITORY / name, folder / name)


def add_readers(org_yaml: Path) -> None:
    """Add two users who may not do what leadgate does: one without Convert Leads, one without edit on Lead."""
    yaml = YAML()
    settings = yaml.load(org_yaml)
    objects = ("Account", "Contact", "Opportunity", "Task", "Event")
    sales = {name: ["create", "read", "edit"] for name in ("Lead", *objects)}
    settings["profiles"] = [
        {"name": "System Administrator", "convert_leads": True, "modify_all_data": True, "view_setup": True},
        {"name": "Standard User", "convert_leads": True, "objects": sales},
        {"name": "Nobody Converts", "view_setup": True, "objects": sales},
        {"name": "Reader", "convert_leads": True, "view_setup": True, "objects": {name: ["read"] for name in sales}},
    ]
    settings["users"] += [
        {"username": NO_CONVERTER, "last_name": "Waits", "profile": "Nobody Converts"},
        {"username": READER, "last_name": "Reads", "profile": "Reader"},
    ]
    yaml.dump(settings, org_yaml)


@dataclass(frozen=True, slots=True)
class Stages:
    """The way of one world, gone through once; each stage with its files and the org's records."""

    world: WorldSummary
    org_yaml: str
    gone: Mapping[Stage, tuple[Path, OrgSnapshot]]

    @classmethod
    def go(cls, world: WorldSummary, root: Path) -> Stages:
        """Go the whole way."""
        mock = MockOrg(data=world.folder, seed=SEED)
        folder = root / Stage.FRESH
        folder.mkdir()
        set_up(folder)
        gone = {Stage.FRESH: (folder, mock.snapshot())}
        with mock.in_process():
            for stage, command in STEPS.items():
                before, folder = folder, root / stage
                shutil.copytree(before, folder)
                desk = Desk(folder, mock, mock.instance_url, world)
                desk.login()
                said = desk.run(*command)
                assert said.code in {0, 4}, said.text
                gone[stage] = (folder, mock.snapshot())
        return cls(world, (world.folder / "org.yaml").read_text(encoding="utf-8"), gone)

    @contextlib.contextmanager
    def desk(self, stage: Stage, folder: Path, door: str) -> Iterator[Desk]:
        """A desk of its own at that stage: nothing of it is shared with another test."""
        files, records = self.gone[stage]
        shutil.copytree(files, folder, dirs_exist_ok=True)
        mock = MockOrg(org_yaml=self.org_yaml, seed=SEED)
        mock.restore(records)
        with contextlib.ExitStack() as open_door:
            if door == "socket":
                url = open_door.enter_context(mock.serve()).url
            else:
                open_door.enter_context(mock.in_process())
                url = mock.instance_url
            desk = Desk(folder, mock, url, self.world)
            desk.login()
            yield desk

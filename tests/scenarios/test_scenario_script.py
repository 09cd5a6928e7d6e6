"""The `leadgate` script as a person has it: processes of their own, a served mock org, signals, two runs at once."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from scenario_desk import set_up

from sync.mockorg.seed import WorldSummary

pytestmark = pytest.mark.slow

LEADGATE = Path(sys.executable).with_name("leadgate")
PATIENCE = 60.0


@dataclass
class Terminal:
    """A working folder, a served org, and the script."""

    folder: Path
    url: str
    world: WorldSummary
    environ: Mapping[str, str]

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603 -- our own script
            [str(LEADGATE), *arguments],
            cwd=self.folder,
            env=dict(self.environ),
            text=True,
            encoding="utf-8",
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options},
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, f"{arguments} ended with {process.returncode}: {out[-2000:]}{err[-2000:]}"
        assert "Traceback" not in out + err
        return out

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        return dict(json.loads(self.run(*arguments, "--json", code=code)))

    def control(self, path: str, body: object = None) -> Any:
        method = "GET" if body is None else "POST"
        answer = requests.request(method, f"{self.url}/__mock__/{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def wait_for_call(self, operation: str) -> None:
        """Until the org has been asked for this."""
        self.wait(lambda: operation in self.control("requests")["by_operation"], f"no {operation}")

    def wait(self, happened: Callable[[], bool], otherwise: str) -> None:
        until = time.monotonic() + PATIENCE
        while not happened():
            assert time.monotonic() < until, otherwise
            time.sleep(0.02)

    def converted(self) -> set[str]:
        rows = self.control("dump")["files"]["Lead.csv"].splitlines()
        import csv  # noqa: PLC0415 -- only here

        return {row["Id"] for row in csv.DictReader(rows) if row["IsConverted"] == "true"}


@contextmanager
def served(folder: Path, world: WorldSummary, *options: str) -> Iterator[Terminal]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LEADGATE_")}
    environ |= {"HOME": str(folder), "COLUMNS": "120"}
    terminal = Terminal(folder, "", world, environ)
    server = terminal.start("mock-org", "serve", "--port", "0", "--data", str(world.folder), *options)
    assert server.stdout is not None
    try:
        told = server.stdout.readline()  # comes when the org listens
        terminal.url = told.split(" at ")[1].split(";")[0]
        settings = dict(server.stdout.readline().removeprefix("export ").rstrip("\n").split("=", 1) for _ in "12")
        (folder / ".env").write_text("".join(f"{k}={v}\n" for k, v in settings.items()), encoding="utf-8")
        yield terminal
    finally:
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=PATIENCE)
    assert server.returncode == 0, out + err


@pytest.fixture
def terminal(world: WorldSummary, tmp_path: Path) -> Iterator[Terminal]:
    set_up(tmp_path)
    with served(tmp_path, world) as opened:
        yield opened


APPLY = ("apply", "plan.json", "--yes", "--max-failures", "100%")


def test_the_whole_way_by_the_script_against_a_served_org(terminal: Terminal) -> None:
    before = terminal.converted()
    terminal.run("doctor")
    terminal.run("pull")
    assert terminal.json("check")["counts"]["ready"] == len(terminal.world.ready)
    assert "ready" in terminal.run("explain", min(terminal.world.convertible))
    terminal.run("plan", "-o", "plan.json")
    terminal.run(*APPLY, code=4)
    assert terminal.converted() - before == terminal.world.convertible
    assert terminal.json("audit")["chain"] == "intact"
    terminal.run("report", "--csv", "report.csv")
    terminal.run("recover")


def test_the_module_is_the_script(terminal: Terminal) -> None:
    told = subprocess.run([sys.executable, "-m", "sync", "--version"], capture_output=True, text=True, check=True)
    assert told.stdout == terminal.run("--version")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_at_the_next_action_with_8_and_the_next_run_goes_on(
    terminal: Terminal, number: signal.Signals
) -> None:
    before = terminal.converted()
    terminal.run("pull")
    terminal.run("plan", "-o", "plan.json")
    terminal.control("faults", {"kind": "latency", "route": "soap.convertLead", "seconds": 1.5, "times": None})
    process = terminal.start(*APPLY, "--json")
    terminal.wait_for_call("soap.convertLead")
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 8, out + err
    told = json.loads(out)
    assert sum(told["outcomes"].values()) == told["planned"]
    assert told["outcomes"]["not_reached"] > 0
    assert told["outcomes"]["in_doubt"] == 0
    assert number.name in err

    done = terminal.converted() - before
    assert done
    assert done == {lead["lead_id"] for lead in told["leads"] if lead["kind"] == "convert_lead" and lead["account_id"]}
    requests.delete(f"{terminal.url}/__mock__/faults", timeout=30)
    terminal.run(*APPLY, code=4)
    assert terminal.converted() - before == terminal.world.convertible


def test_a_killed_run_is_closed_by_recover_and_nothing_happens_twice(terminal: Terminal) -> None:
    before = terminal.converted()
    terminal.run("pull")
    terminal.run("plan", "-o", "plan.json")
    terminal.control("faults", {"kind": "drop", "route": "soap.convertLead", "seconds": 0, "effect": True, "times": 1})
    terminal.control("faults", {"kind": "latency", "route": "collections.retrieve", "seconds": 5, "skip": 3})
    process = terminal.start(*APPLY)
    terminal.wait_for_call("soap.convertLead")
    process.kill()
    process.communicate(timeout=PATIENCE)
    done = terminal.converted() - before
    assert done
    requests.delete(f"{terminal.url}/__mock__/faults", timeout=30)
    closed = terminal.json("recover")["closed"]
    assert {entry["lead_id"] for entry in closed} == done
    assert {entry["state"] for entry in closed} == {"applied"}
    terminal.run(*APPLY, code=4)
    assert terminal.converted() - before == terminal.world.convertible


def test_a_second_run_is_told_that_the_org_is_held(terminal: Terminal) -> None:
    terminal.run("pull")
    terminal.run("plan", "-o", "plan.json")
    terminal.control("faults", {"kind": "latency", "route": "soap.convertLead", "seconds": 6, "times": 1})
    first = terminal.start(*APPLY)
    terminal.wait_for_call("soap.convertLead")
    assert "another run" in terminal.json(*APPLY, code=7)["error"]["message"]
    first.communicate(timeout=PATIENCE)
    assert first.returncode == 4


@pytest.mark.parametrize(("answer", "code"), [("n\n", 8), ("y\n", 0)])
def test_a_person_at_a_terminal_is_asked_and_may_refuse(terminal: Terminal, answer: str, code: int) -> None:
    terminal.run("pull")
    before = terminal.converted()
    lead_id = min(terminal.world.convertible)
    keyboard, stdin = pty.openpty()
    process = terminal.start("convert", lead_id, stdin=stdin)
    os.close(stdin)
    os.write(keyboard, answer.encode())
    out, err = process.communicate(timeout=PATIENCE)
    os.close(keyboard)
    assert process.returncode == code, out + err
    assert "can't be undone" in err
    assert (terminal.converted() - before == {lead_id}) is (code == 0)


def test_the_whole_way_over_https_with_an_authority_of_its_own(world: WorldSummary, tmp_path: Path) -> None:
    set_up(tmp_path)
    authority = tmp_path / "authority.pem"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LEADGATE_")}
    terminal = Terminal(tmp_path, "", world, environ)
    server = terminal.start("mock-org", "serve", "--port", "0", "--tls", "--ca-file", str(authority), "--json")
    assert server.stdout is not None
    try:
        lines = ""
        while not lines.rstrip().endswith("\n}"):
            lines += server.stdout.readline()
        told = json.loads(lines)
        assert set(told) == {"url", "org_id", "settings"}
        env = "".join(f"{name}={value}\n" for name, value in told["settings"].items())
        (tmp_path / ".env").write_text(env, encoding="utf-8")
        terminal.run("mapping", "suggest")
        (tmp_path / ".env").write_text(env.replace("LEADGATE_CA_FILE", "#"), encoding="utf-8")
        assert "certificate" in terminal.json("mapping", "suggest", code=1)["error"]["message"]
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=PATIENCE)
    assert server.returncode == 0


def test_a_port_that_is_taken_is_a_clear_word(terminal: Terminal) -> None:
    port = terminal.url.rsplit(":", 1)[1]
    process = terminal.start("mock-org", "serve", "--port", port)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (2, "")
    assert f"can't listen on 127.0.0.1:{port}" in err


def test_a_pipe_that_closes_early_is_no_error(terminal: Terminal) -> None:
    terminal.run("pull")
    process = terminal.start("check", "--list", "all")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    assert process.wait(timeout=PATIENCE) == 0
    process.stderr.close()

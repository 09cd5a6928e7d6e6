"""An org on a socket, a working folder before it, and `leadgate` processes on it that are killed at any moment.

The reference is what one run that nobody disturbs makes of the org. However many processes were killed, and however
they got in each other's way, the next run that lives must leave the org exactly so, and the ledger in agreement.
"""

from __future__ import annotations

import json
import os
import queue
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from crash_points import audited

from sync.ledger.entries import State
from sync.ledger.store import Ledger
from sync.mockorg import MockOrg
from sync.mockorg.seed import write_world

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
LEADS = 200
PLAN = "plan.json"
APPLY = ("apply", PLAN, "--yes", "--json", "--max-failures", "100%")
RECOVER = ("recover", "--json")
KILLED = -9
BUSY = 7
DONE = {0, 4}
"""4: the world holds a lead whose refusal nobody can foresee."""


class Commands:
    """Starts and kills `leadgate` processes, by way of a zygote."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._number = 0
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LEADGATE_")}
        self._zygote = subprocess.Popen(  # noqa: S603 -- our own script
            [sys.executable, str(HERE / "zygote.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**environment, "PYTHONPATH": str(REPOSITORY)},
        )
        self._started: queue.Queue[int] = queue.Queue()
        self._ended: dict[int, int] = {}
        self._news = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._zygote.stdout is not None
        for line in self._zygote.stdout:
            event = json.loads(line)
            if "started" in event:
                self._started.put(event["started"])
                continue
            with self._news:
                self._ended[event["ended"]] = event["code"]
                self._news.notify_all()

    def _order(self, order: Mapping[str, Any]) -> None:
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(json.dumps(order) + "\n")
        self._zygote.stdin.flush()

    def start(self, arguments: Sequence[str], folder: Path) -> tuple[int, Path]:
        """Start a command; its process id and the file that it writes to."""
        self._number += 1
        log = self._logs / f"{self._number}.log"
        self._order({"arguments": list(arguments), "folder": str(folder), "log": str(log)})
        return self._started.get(timeout=60), log

    def kill(self, pid: int) -> None:
        """SIGKILL, if it still lives."""
        self._order({"kill": pid})

    def wait(self, pid: int, timeout: float = 120) -> int:
        """Its exit code, or minus the signal that ended it."""
        with self._news:
            assert self._news.wait_for(lambda: pid in self._ended, timeout), f"process {pid} doesn't end"
            return self._ended.pop(pid)

    def run(self, arguments: Sequence[str], folder: Path, codes: set[int]) -> str:
        """Run a command to its end; what it said."""
        pid, log = self.start(arguments, folder)
        code = self.wait(pid)
        said = log.read_text("utf-8")
        assert code in codes, f"leadgate {' '.join(arguments)} ended with {code}: {said[-2000:]}"
        log.unlink()
        return said

    def close(self) -> None:
        """End the zygote and what it started."""
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.wait(timeout=30)
        self._listener.join(timeout=30)
        self._zygote.stdout.close()


@dataclass
class Tally:
    """What the kills came to."""

    kills: int = 0
    counts: Counter[str] = field(default_factory=Counter)


@dataclass
class Victim:
    """A process that will be killed; times in seconds from the beginning of the round."""

    arguments: Sequence[str]
    start: float
    kill: float
    write: int | None
    """Killed soon after the org has seen more than this many writes of the round, at the latest at `kill`."""
    doomed: bool = True
    process: tuple[int, Path] | None = None


class KillWorld:
    """The org, the folder and the ledger; every round begins with the same plan and an empty ledger."""

    def __init__(self, root: Path, mock: MockOrg, url: str, commands: Commands, ledger_url: str | None) -> None:
        self.mock = mock
        self.commands = commands
        self.ledger_url = ledger_url
        self.folder = root / "work"
        self.tally = Tally()
        for name in ("mappings", "config"):
            shutil.copytree(REPOSITORY / name, self.folder / name)
        variables = {
            "LEADGATE_INSTANCE_URL": url,
            "LEADGATE_ACCESS_TOKEN": mock.login(),
            "LEADGATE_PARALLEL_CALLS": "3",
            **({"LEADGATE_LEDGER_URL": ledger_url} if ledger_url else {}),
        }
        env = self.folder / ".env"
        env.touch(mode=0o600)
        env.write_text("".join(f"{name}={value}\n" for name, value in variables.items()), "utf-8")
        commands.run(("pull",), self.folder, {0})
        commands.run(("plan", "-o", PLAN), self.folder, {0})
        self._before = mock.snapshot()
        self._converted_before = self.converted()
        self._state = root / "state"
        shutil.copytree(self.folder / ".leadgate", self._state)
        began = time.monotonic()
        outcomes = json.loads(commands.run(APPLY, self.folder, DONE))["outcomes"]
        self.seconds = time.monotonic() - began
        assert outcomes["applied"] > 30, outcomes
        assert not outcomes["superseded"] + outcomes["in_doubt"] + outcomes["not_reached"], outcomes
        self.rejected: int = outcomes["rejected"]
        self.reference = self.picture()
        mock.set_latency(0.02)

    def fresh(self) -> None:
        """The org as it was, and an empty ledger."""
        self.mock.restore(self._before)
        shutil.rmtree(self.folder / ".leadgate")
        shutil.copytree(self._state, self.folder / ".leadgate")
        if self.ledger_url:
            with psycopg.connect(self.ledger_url, autocommit=True) as connection:
                connection.execute("DROP SCHEMA public CASCADE")
                connection.execute("CREATE SCHEMA public")

    def rows(self, object_name: str) -> dict[str, Mapping[str, Any]]:
        """The org's live records by id."""
        org = self.mock.org
        with org.lock:
            return {str(row["Id"]): row for row in org.store.rows_where(org.schema.object(object_name), {})}

    def converted(self) -> set[str]:
        """Ids of converted leads."""
        return {lead_id for lead_id, row in self.rows("Lead").items() if row["IsConverted"]}

    def picture(self) -> dict[str, object]:
        """What the org holds, without ids that depend on the order of events."""
        accounts, contacts, opportunities = self.rows("Account"), self.rows("Contact"), self.rows("Opportunity")

        def named(rows: Mapping[str, Mapping[str, Any]], record_id: object, *fields: str) -> tuple[object, ...]:
            row = rows.get(str(record_id))
            return tuple(row[name] for name in fields) if row is not None else ()

        leads = {
            lead_id: (
                row["Status"],
                row["OwnerId"],
                bool(row["IsConverted"]),
                named(accounts, row["ConvertedAccountId"], "Name", "OwnerId"),
                named(contacts, row["ConvertedContactId"], "LastName", "Email"),
                named(opportunities, row["ConvertedOpportunityId"], "Name", "StageName", "Amount", "CloseDate"),
            )
            for lead_id, row in self.rows("Lead").items()
        }
        shapes = {
            "accounts": sorted(str(row["Name"]) for row in accounts.values()),
            "contacts": sorted((str(row["LastName"]), str(row["Email"])) for row in contacts.values()),
            "opportunities": sorted(
                (str(row["Name"]), str(row["StageName"]), str(row["Amount"])) for row in opportunities.values()
            ),
        }
        return {"leads": leads, **shapes}

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The ledger, to look at."""
        with Ledger.open(self.ledger_url or self.folder / ".leadgate" / "default" / "ledger.sqlite") as opened:
            yield opened

    def two_that_are_killed(self, chance: random.Random) -> None:
        """Two processes on one org, each killed at a moment of its own; what they leave open is counted."""
        span = 1.3 * self.seconds
        second = RECOVER if chance.random() < 0.2 else APPLY
        victims = [self._victim(APPLY, 0.0, chance), self._victim(second, chance.uniform(0, span), chance)]
        began, writes = time.monotonic(), self.writes()
        while any(victim.doomed for victim in victims):
            now, written = time.monotonic() - began, self.writes() - writes
            for victim in victims:
                if victim.process is None and now >= victim.start:
                    victim.process = self.commands.start(victim.arguments, self.folder)
                if victim.write is not None and written > victim.write:
                    victim.kill, victim.write = now + chance.uniform(0, 0.06), None
                if victim.doomed and victim.process is not None and now >= victim.kill:
                    self.commands.kill(victim.process[0])
                    victim.doomed = False
            time.sleep(0.002)
        for victim in victims:
            assert victim.process is not None
            pid, log = victim.process
            code = self.commands.wait(pid)
            assert code in DONE | {BUSY, KILLED}, f"ended with {code}: {log.read_text('utf-8')[-2000:]}"
            log.unlink(missing_ok=True)
            self.tally.kills += code == KILLED
            self.tally.counts["processes that ended by themselves"] += code in DONE
            self.tally.counts["processes that found the org taken"] += code == BUSY

    def _victim(self, arguments: Sequence[str], start: float, chance: random.Random) -> Victim:
        """To be killed at any moment, or (three of four) soon after a write that the org has seen."""
        kill = start + chance.uniform(0, 2 * self.seconds)
        write = chance.randrange(8) if chance.random() < 0.75 else None
        return Victim(arguments=arguments, start=start, kill=kill + (self.seconds if write else 0), write=write)

    def writes(self) -> int:
        """How many requests of the kinds that change something the org has seen."""
        counts = self.mock.requests.by_operation()
        return counts.get("composite", 0) + counts.get("soap.convertLead", 0) + counts.get("collections.update", 0)

    def open_intents(self) -> set[tuple[str, str]]:
        """Run and key of everything that is in doubt now."""
        with self.ledger() as ledger:
            return {
                (entry.run_id, entry.subject.key) for org_id in ledger.org_ids() for entry in ledger.in_doubt(org_id)
            }

    def campaign(self, kills: int, chance: random.Random) -> None:
        """Worlds of one to three such pairs each, ended by two clean runs, until enough were killed."""
        while self.tally.kills < kills:
            self.fresh()
            doubts: set[tuple[str, str]] = set()
            for _ in range(chance.randint(1, 3)):
                self.two_that_are_killed(chance)
                now = self.open_intents()
                self.tally.counts["pairs of kills that left intents open"] += bool(now - doubts)
                doubts |= now
            self.commands.run(APPLY, self.folder, DONE)
            calls = self.mock.requests.count("soap.convertLead")
            again = json.loads(self.commands.run(APPLY, self.folder, DONE))["outcomes"]
            assert again["applied"] == again["in_doubt"] == again["not_reached"] == again["superseded"] == 0, again
            assert self.mock.requests.count("soap.convertLead") - calls <= self.rejected, "conversions were sent again"
            self.check(doubts)
            self.tally.counts["worlds, each ended by two clean runs"] += 1

    def check(self, doubts: set[tuple[str, str]]) -> None:
        """Org as after the undisturbed run; ledger and org agree; every doubt closed."""
        picture = self.picture()
        for part, expected in self.reference.items():
            assert picture[part] == expected, part
        with self.ledger() as ledger:
            (org_id,) = ledger.org_ids()
            assert ledger.verify_chain(org_id).intact
            assert ledger.in_doubt(org_id) == ()
            assert ledger.open_follow_ups(org_id) == ()
            audited(ledger, org_id)
            applied = [e.lead_id for e in ledger.audit(org_id) if (e.kind, e.state) == ("convert_lead", "applied")]
            assert len(applied) == len(set(applied))
            assert set(applied) == self.converted() - self._converted_before
            for run_id in {run for run, _ in doubts}:
                for entry in ledger.run_entries(run_id):
                    if (run_id, entry.subject.key) in doubts and entry.state is not State.INTENDED:
                        self.tally.counts[f"intents left open that were closed as {entry.state.value}"] += 1


@contextmanager
def kill_world(root: Path, ledger_url: Callable[[], str] | None) -> Iterator[KillWorld]:
    """A world behind a socket; `ledger_url` makes a database, `None` = a file in the working folder."""
    write_world(root / "world", seed=7, leads=LEADS, today=datetime.now(UTC).date())
    mock = MockOrg(data=root / "world", seed=7)
    (root / "logs").mkdir()
    commands = Commands(root / "logs")
    try:
        with mock.serve() as server:
            yield KillWorld(root, mock, server.url, commands, ledger_url() if ledger_url else None)
    finally:
        commands.close()

"""Killing a run at any point where something becomes real: each request before and after its effect, each commit too.

A killed process does nothing more: from the moment of death every request and commit is refused, so that no `finally`
can tidy up. Each life of a process has its own identity, as the ledger's lease sees it.
"""

from __future__ import annotations

import shutil
import sys
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.append(str(Path(__file__).resolve().parent.parent / "apply"))

from apply_scene import ORG_YAML, PERSON, Scene, frozen_clock

from sync.apply.outcome import RunResult
from sync.apply.recover import recover
from sync.apply.runner import apply_plan
from sync.ledger import lease
from sync.ledger.entries import latest, outcome_of
from sync.ledger.store import Ledger
from sync.mockorg import MockOrg
from sync.mockorg.http import Request, Response
from sync.mockorg.inprocess import LOGIN_HOSTS, in_process
from sync.plan.actions import ConvertLead, Plan
from sync.plan.matching import AccountCandidate, LeadMatches
from sync.policy.schema import Limits

LIMITS = Limits(canary=1)


class Killed(BaseException):
    """The process is gone."""


class Reaper:
    """Counts the points where something becomes real, and kills at one of them."""

    def __init__(self) -> None:
        self.points: list[str] = []
        self.kill_at: int | None = None
        self.dead = False

    def arm(self, kill_at: int | None) -> None:
        """A new life, to be ended at that point (`None` = at none)."""
        self.points = []
        self.kill_at = kill_at
        self.dead = False

    def pass_by(self, name: str) -> None:
        """A point is reached."""
        if self.dead or self.kill_at == len(self.points):
            self.dead = True
            raise Killed(name)
        self.points.append(name)


class World:
    """One org with leads of every kind, and lives of processes that work on it."""

    def __init__(self, mock: MockOrg, folder: Path, reaper: Reaper, *, one_plan: bool = False) -> None:
        self.mock = mock
        self.folder = folder
        self.reaper = reaper
        self.scene = Scene(mock, folder)
        self.number = 0
        scene = self.scene
        (account,) = scene.create("Account", {"Name": "Known"})
        company = scene.leads(3, Company="Acme Inc.")
        (known,) = scene.leads(1, Company="Known")
        (alone,) = scene.leads(1, Company="Alone")
        (moving,) = scene.leads(1, Status="Open - Not Contacted")
        found = AccountCandidate(account_id=account, name="Known", by="company_name", found="known")
        self.leads = [*company, known, alone]
        matches = [LeadMatches(lead_id=known, accounts=(found,))]
        together = {"to": "Working - Contacted", "moving": [moving]} if one_plan else {}
        conversions = scene.plan(self.leads, amount=100.0, matches=matches, limits=LIMITS, **together)
        update = () if one_plan else (scene.plan([moving], to="Working - Contacted"),)
        self.plans = (*update, conversions)
        assert len([a for a in conversions.actions if isinstance(a, ConvertLead) and not a.blockers]) == 5
        self.moving = moving
        self.before = mock.snapshot()
        scene.ledger.dispose()
        self.empty = folder / "ledger.sqlite"

    def fresh(self) -> None:
        """The org as it was, and an empty ledger."""
        self.mock.restore(self.before)
        self.mock.clear_faults()
        self.number += 1
        shutil.copy(self.empty, self.file)

    @property
    def file(self) -> Path:
        """This round's ledger."""
        return self.folder / f"ledger{self.number}.sqlite"

    @contextmanager
    def life(self, kill_at: int | None = None) -> Iterator[tuple[Any, Ledger]]:
        """A process: a client and an open ledger, both mortal."""
        self.reaper.arm(None)
        lease._PROCESS = uuid.uuid4().hex
        ledger = Ledger.open(self.file, clock=self.mock.clock.now)
        quick = ledger._engine.raw_connection()  # what power loss does is SQLite's affair; deaths are simulated here
        quick.cursor().execute("PRAGMA synchronous = OFF")
        quick.close()
        commit = ledger._engine.dialect.do_commit

        def do_commit(connection: Any) -> None:
            if self.reaper.dead:
                raise Killed("commit")
            self.reaper.pass_by("before commit")
            commit(connection)
            self.reaper.pass_by("after commit")

        ledger._engine.dialect.do_commit = do_commit  # type: ignore[method-assign] -- the process dies here
        self.reaper.arm(kill_at)
        try:
            yield self.scene.client(), ledger
        finally:
            ledger.dispose()

    def run(self, kill_at: int | None = None) -> list[RunResult] | None:
        """A process that carries out both plans; `None` when it was killed."""
        with self.life(kill_at) as (org, ledger):
            try:
                options = self.scene.options(limits=LIMITS, settle_seconds=0.0)
                return [apply_plan(plan, org, ledger, options) for plan in self.plans]
            except Killed:
                return None

    def recover(self, kill_at: int | None = None) -> bool:
        """A process that only recovers; whether it lived to the end."""
        with self.life(kill_at) as (org, ledger):
            try:
                recover(org, ledger, self.scene.options(settle_seconds=0.0))
            except Killed:
                return False
        return True

    def audit(self) -> Ledger:
        """The ledger, to look at; the caller disposes of it."""
        return Ledger.open(self.file, clock=self.mock.clock.now)

    def state(self) -> Mapping[str, Any]:
        """What the org holds that counts."""
        db = self.mock.org.store.db
        counts = {
            name: db.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]  # noqa: S608 -- our own words
            for name in ("Account", "Contact", "Opportunity")
        }
        converted = [row[0] for row in db.execute("SELECT Id FROM Lead WHERE IsConverted = 1 ORDER BY Id").fetchall()]
        accounts = db.execute(
            "SELECT COUNT(DISTINCT ConvertedAccountId) FROM Lead WHERE Company = 'Acme Inc.'"
        ).fetchone()[0]
        fields = db.execute("SELECT DISTINCT StageName, Amount, CloseDate FROM Opportunity").fetchall()
        moved = db.execute("SELECT Status FROM Lead WHERE Id = ?", [self.moving]).fetchone()[0]
        return {
            **counts,
            "converted": converted,
            "accounts of Acme": accounts,
            "fields": [tuple(row) for row in fields],
            "moved": moved,
        }


EXPECTED_COUNTS = {"Account": 3, "Contact": 5, "Opportunity": 5, "accounts of Acme": 1, "moved": "Working - Contacted"}


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """A world whose requests are mortal points."""
    reaper = Reaper()
    mock = MockOrg(seed=5, org_yaml=ORG_YAML, clock=frozen_clock())
    assert mock.login(PERSON)

    def handler(request: Request) -> Response:
        reaper.pass_by(f"before {request.method} {request.path}")
        answer = mock.handle(request)
        reaper.pass_by(f"after {request.method} {request.path}")
        return answer

    host = urlsplit(mock.instance_url).hostname or ""
    process = lease._PROCESS
    with in_process(handler, hosts=(host, *LOGIN_HOSTS)):
        try:
            yield World(mock, folder, reaper)
        finally:
            lease._PROCESS = process


def check(here: World, plans: tuple[Plan, ...], ledger: Ledger | None = None) -> None:
    """Each lead converted exactly once, every promise of the ledger kept; `ledger` is this round's unless given."""
    state = here.state()
    assert state["converted"] == sorted(here.leads), state
    assert {name: state[name] for name in EXPECTED_COUNTS} == EXPECTED_COUNTS, state
    assert state["fields"] == [("Proposal/Price Quote", 100.0, "2026-06-03")], state
    looked_at = ledger or here.audit()
    try:
        org_id = plans[0].org_id
        assert looked_at.in_doubt(org_id) == ()
        assert looked_at.open_follow_ups(org_id) == ()
        assert looked_at.verify_chain(org_id).intact
        events = looked_at.audit(org_id)
        applied = [event.key for event in events if event.state == "applied" and event.kind != "set_opportunity_fields"]
        assert len(applied) == len(set(applied)) == len(here.leads) + 1
    finally:
        if ledger is None:
            looked_at.dispose()


def audited(ledger: Ledger, org_id: str) -> None:
    """The ledger accounts for every action of every run: each ended once, in one of the ways there are.

    A run that was killed is declared abandoned, and holds only what it came to.
    """
    for run in ledger.runs(org_id):
        assert run.ended, run
        if run.start.kind != "apply":
            continue
        ends = latest(entry for entry in ledger.run_entries(run.run_id) if entry.subject.parent_key is None)
        outcomes = Counter(outcome_of(entry.state) for entry in ends.values())
        accounted = sum(outcomes.values())
        assert accounted == run.start.planned or (run.ended == "abandoned" and accounted < run.start.planned), run

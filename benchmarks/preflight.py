"""How good predictions and matches are: every planned conversion tried for real, whatever was predicted of it.

Seed worlds with every kind of obstacle planted are planned by the example policy. Then each conversion of the plan is
sent alone to a copy of the org, the predicted obstacles ignored, and the org's answer held against the prediction. What
leadgate holds though Salesforce would convert it (an ambiguous match, an owner who can't own) is held against the
planted truth instead, as are the matches.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree

from ruamel.yaml import YAML

from sync.apply.conversion_requests import conversion_request
from sync.cli.commands.pull import run_pull
from sync.cli.drawing_up import plan_now
from sync.ledger.entries import Made
from sync.mockorg import MockOrg, rows
from sync.mockorg.org import OrgSnapshot
from sync.mockorg.seed import Obstacle, WorldSummary, write_world
from sync.mockorg.seed.org_file import org_yaml
from sync.plan.actions import ConvertLead, Plan
from sync.salesforce.client import SalesforceClient, open_org
from sync.salesforce.org import Accepted, Refused
from sync.settings import load_settings
from sync.workspace import Workspace

from .figures import Figure

TITLE = "Preflight and matching"
ABOUT = """
Seed worlds with every obstacle planted, planned by the example policy; then every conversion of the plan, also those
predicted to be blocked, was sent alone to a copy of the org. Precision: how many of the leads of which a code was
predicted were refused with it. Recall: how many of the leads refused with it had it predicted. Holds, where Salesforce
would convert what a careful client leaves to a person, and matches are compared with what was planted. Lookalikes are
twelve accounts and twenty-one leads made up to be mistaken for each other. Validation rules can't be read from outside,
so they are not predicted at all; the canary wave is for them.
"""

LOOKALIKES = Path(__file__).with_name("lookalikes.yaml")
REPOSITORY = Path(__file__).resolve().parent.parent
NOT_PREDICTED = frozenset({Obstacle.VALIDATION_RULE.value})
HOLDS = (Obstacle.AMBIGUOUS_ACCOUNT.value, Obstacle.AMBIGUOUS_CONTACT.value, Obstacle.CONTACT_ELSEWHERE.value)


@dataclass
class Tally:
    """Predicted and actual, by code: leads with both, only predicted, only actual."""

    both: Counter[str] = field(default_factory=Counter)
    predicted_only: Counter[str] = field(default_factory=Counter)
    actual_only: Counter[str] = field(default_factory=Counter)

    def count(self, predicted: set[str], actual: set[str]) -> None:
        """Take in one lead."""
        self.both.update(predicted & actual)
        self.predicted_only.update(predicted - actual)
        self.actual_only.update(actual - predicted)

    def precision(self, code: str) -> float | None:
        """Of those predicted, how many came true; None where nothing was predicted."""
        predicted = self.both[code] + self.predicted_only[code]
        return self.both[code] / predicted if predicted else None

    def recall(self, code: str) -> float | None:
        """Of those that came up, how many were predicted; None where none came up."""
        actual = self.both[code] + self.actual_only[code]
        return self.both[code] / actual if actual else None

    def cases(self, code: str) -> int:
        """How many leads there were with it, predicted or not."""
        return self.both[code] + self.predicted_only[code] + self.actual_only[code]

    @property
    def codes(self) -> list[str]:
        """Every code seen."""
        return sorted({*self.both, *self.predicted_only, *self.actual_only})


@dataclass(frozen=True, slots=True)
class Planned:
    """A world with its plan."""

    mock: MockOrg
    client: SalesforceClient
    summary: WorldSummary
    plan: Plan

    @property
    def conversions(self) -> list[ConvertLead]:
        """The plan's conversions, predicted to succeed or not."""
        return [action for action in self.plan.actions if isinstance(action, ConvertLead)]


def run(*, small: bool) -> list[Figure]:
    """Plan, try everything, compare."""
    obstacles, matches, others, alike = Tally(), Tally(), Tally(), Tally()
    compare_lookalikes(alike)
    for seed in (7,) if small else (7, 8, 9):
        with planned(seed, 200 if small else 2000) as world:
            try_everything(world, obstacles)
            compare_holds(world, obstacles)
            compare_matches(world, matches)
            compare_wholes(world, others)
    figures: list[Figure] = []
    for code in obstacles.codes:
        foreseeable = code not in NOT_PREDICTED
        figures += _pair(obstacles, code, code, target=1.0 if foreseeable else None)
    for kind in ("account", "contact"):
        figures += _pair(matches, kind, f"{kind} matched", target=1.0)
    figures += _pair(alike, "account", "account matched among lookalikes", target=None)
    return [*figures, *_pair(others, "converts", "leads predicted to convert", target=None)]


def _pair(tally: Tally, code: str, shown: str, *, target: float | None) -> list[Figure]:
    measured = {"precision": tally.precision(code), "recall": tally.recall(code)}
    note = f"{tally.cases(code)} leads" + ("; not predicted, the canary finds it" if code in NOT_PREDICTED else "")
    return [
        Figure(name=f"{shown}: {what}", value=value, unit="", target=target, better="higher", note=note)
        for what, value in measured.items()
        if value is not None
    ]


def compare_lookalikes(tally: Tally) -> None:
    """An org of companies that look alike: which account the conversion of each lead would attach to."""
    told = YAML(typ="safe").load(LOOKALIKES.read_text("utf-8"))
    mock = MockOrg(org_yaml=org_yaml(), seed=7)

    def create(object_name: str, **values: object) -> str:
        made = rows.create(mock.org, mock.org.access.admin, object_name, values)
        if made.id is None:
            raise ValueError(f"{LOOKALIKES.name}: {values}: {made.errors}")
        return str(made.id)

    accounts: dict[str | None, str] = {}
    for key, account in told["accounts"].items():
        accounts[key] = create("Account", Name=account["name"], Website=account.get("website"))
        for number, email in enumerate(account.get("contacts", ())):
            create("Contact", AccountId=accounts[key], LastName=f"{key} {number}", Email=email, Phone="+1 555 0100")
    working = {"Status": "Working - Contacted", "Pricing_Discussed__c": True, "Phone": "+1 555 0199"}
    meant = {
        create("Lead", LastName=f"Lead {n}", Company=lead["company"], Email=lead.get("email"), **working): accounts.get(
            lead["account"]
        )
        for n, lead in enumerate(told["leads"])
    }
    with tempfile.TemporaryDirectory() as folder, plan_of(mock, Path(folder)) as (_, plan):
        planned_for = {action.lead_id: action for action in plan.actions if isinstance(action, ConvertLead)}
        for lead_id, wanted in meant.items():
            action = planned_for[lead_id]
            held = any(blocker.code in HOLDS for blocker in action.blockers)
            found = None if held else action.convert.account.id
            right = found is not None and found == wanted
            tally.both["account"] += right
            tally.predicted_only["account"] += found is not None and not right
            tally.actual_only["account"] += wanted is not None and not right


@contextmanager
def planned(seed: int, leads: int) -> Iterator[Planned]:
    """A seed world, pulled and planned by the example policy."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        summary = write_world(root / "world", seed=seed, leads=leads, today=datetime.now(UTC).date())
        mock = MockOrg(data=root / "world", seed=seed)
        with plan_of(mock, root / "work") as (client, plan):
            yield Planned(mock, client, summary, plan)


@contextmanager
def plan_of(mock: MockOrg, folder: Path) -> Iterator[tuple[SalesforceClient, Plan]]:
    """The org pulled and planned by the example policy, in a working folder made for it."""
    for part in ("mappings", "config"):
        copytree(REPOSITORY / part, folder / part)
    reached = {"LEADGATE_INSTANCE_URL": mock.instance_url, "LEADGATE_ACCESS_TOKEN": mock.login()}
    workspace = Workspace(folder=folder, settings=load_settings(folder, reached))
    client = open_org(workspace.org_settings)
    with mock.in_process(), workspace.ledger() as ledger:
        run_pull(workspace, org=client, tick=_quietly)
        now = datetime.now(UTC).replace(microsecond=0)
        yield client, plan_now(workspace, client, ledger, workspace.policy(), clock=now)


def _quietly(what: str, done: int = 0, total: int | None = None) -> None: ...


def try_everything(world: Planned, tally: Tally) -> None:
    """Send each conversion alone, from the same state of the org, and hold the answer against the prediction."""
    before = world.mock.snapshot()
    for action in world.conversions:
        predicted = {blocker.code for blocker in action.blockers} - {*HOLDS}
        tally.count(predicted, sent_alone(world, action, before))
    world.mock.restore(before)


def sent_alone(world: Planned, action: ConvertLead, before: OrgSnapshot) -> set[str]:
    """The code that the org refuses this conversion with, if it does."""
    world.mock.restore(before)
    first_of_its_company = {
        target.after: Made()
        for target in (action.convert.account, action.convert.contact, action.convert.opportunity)
        if target is not None and target.after is not None
    }
    request = conversion_request(action, first_of_its_company)
    (answer,) = world.client.convert([request], allow_duplicates=action.convert.allow_duplicates)
    if isinstance(answer, Accepted):
        return set()
    if isinstance(answer, Refused):
        return {answer.code}
    raise RuntimeError(f"an answer without faults can't be {answer}")


def compare_holds(world: Planned, tally: Tally) -> None:
    """What leadgate holds and Salesforce wouldn't, against what was planted."""
    for action in world.conversions:
        planted = world.summary.truth[action.lead_id].obstacle
        predicted = {blocker.code for blocker in action.blockers} & {*HOLDS}
        tally.count(predicted, {planted.value} & {*HOLDS} if planted is not None else set())


def compare_matches(world: Planned, tally: Tally) -> None:
    """The account and contact that each conversion would attach to, against those planted.

    A wrong record counts twice: as one matched in error, and as one missed.
    """
    for action in world.conversions:
        truth = world.summary.truth[action.lead_id]
        for kind, found, meant in (
            ("account", action.convert.account.id, truth.account),
            ("contact", action.convert.contact.id, truth.contact),
        ):
            if found is not None and found == meant:
                tally.both[kind] += 1
                continue
            tally.predicted_only[kind] += found is not None
            tally.actual_only[kind] += meant is not None


def compare_wholes(world: Planned, tally: Tally) -> None:
    """Leads predicted to convert, against those whose conversion nothing stops."""
    for action in world.conversions:
        tally.count(
            {"converts"} if not action.blockers else set(),
            {"converts"} if action.lead_id in world.summary.convertible else set(),
        )

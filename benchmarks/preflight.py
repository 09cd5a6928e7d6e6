"""How good predictions and matches are: every planned conversion tried for real, whatever was predicted of it.

Seed worlds, and an org for each obstacle that they don't have (`obstacles`), are planned by the example policy. Then
each conversion of the plan is sent alone to a copy of the org, the predicted obstacles ignored, and the org's answer
held against the prediction. What leadgate holds though Salesforce would convert it (an ambiguous match, two leads of
one address) is held against the planted truth instead, as are the matches.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree

from ruamel.yaml import YAML

from sync.apply.context import ApplyOptions
from sync.apply.conversion_requests import conversion_request
from sync.apply.runner import apply_plan
from sync.cli.commands.pull import run_pull
from sync.cli.drawing_up import plan_now
from sync.errors import AccessRefused
from sync.insight.planning import draw_up
from sync.ledger.entries import Made
from sync.ledger.store import Ledger
from sync.mockorg import MockOrg, rows
from sync.mockorg.org import OrgSnapshot
from sync.mockorg.seed import Obstacle as Seeded
from sync.mockorg.seed import WorldSummary, write_world
from sync.mockorg.seed.org_file import org_yaml
from sync.plan.actions import ConvertLead, Plan
from sync.plan.rules import REFUSAL, WARNING
from sync.policy.compile import compile_policy
from sync.policy.schema import Limits
from sync.salesforce.client import SalesforceClient, open_org
from sync.salesforce.org import Accepted, Refused
from sync.settings import load_settings
from sync.workspace import Workspace

from .figures import Figure
from .obstacles import Obstacle, Planted, is_cut, meddle, obstacles, plant
from .tally import Tally

TITLE = "Preflight and matching"
ABOUT = """
Seed worlds, and an org for each obstacle that they don't have, planned by the example policy; then every conversion of
the plan, also those predicted to be blocked, was sent alone to a copy of the org. Precision: how many of the leads of
which an obstacle was predicted met it. Recall: how many of the leads that met it had it predicted. Leads are those of
which it was predicted or true. What Salesforce would convert and a careful client leaves to a person (ambiguous
matches, two leads of one address, an inactive stage, which is set after the conversion) is compared with what was
planted; of leads that somebody converts or deletes after the plan, what apply drops when it re-reads them is the
prediction. Lookalikes are twelve accounts and twenty-one leads made up to be mistaken for each other. Of a validation
rule that depends on more than the record (who saves it, say), the prediction is the plan's warning: such leads are
sent, and the canary wave is for them. Not in the figures, because the mock org doesn't model them: person accounts,
State and Country picklists, several currencies.
"""

LOOKALIKES = Path(__file__).with_name("lookalikes.yaml")
REPOSITORY = Path(__file__).resolve().parent.parent
HOLDS = (Seeded.AMBIGUOUS_ACCOUNT.value, Seeded.AMBIGUOUS_CONTACT.value, Seeded.CONTACT_ELSEWHERE.value)
WARNED_OF = "validation rule that asks who saves (warned of, and sent)"
SEEDED = {
    WARNING: WARNED_OF,
    "DUPLICATES_DETECTED": "duplicate rule that blocks, policy holds",
    Seeded.VALIDATION_RULE.value: WARNED_OF,
    "INACTIVE_OWNER_OR_USER": "inactive owner",
    "INVALID_OWNER": "queue as owner",
    "INVALID_STATUS": "converted status not in the lead process",
    "REQUIRED_FIELD_MISSING": "custom required field on Opportunity",
    "STRING_TOO_LONG": "opportunity name too long",
    Seeded.AMBIGUOUS_ACCOUNT.value: "several accounts fit",
    Seeded.AMBIGUOUS_CONTACT.value: "several contacts fit",
    Seeded.CONTACT_ELSEWHERE.value: "contact belongs to another account",
}
"""What stands behind each code in the seed worlds. A code that isn't named stands for itself: nobody planted it."""

SECOND_LOOK = {"lead_gone": "ENTITY_IS_DELETED", "converted_by_another": "CANNOT_UPDATE_CONVERTED_LEAD"}
"""What apply calls a lead that it drops, and what the org would have answered."""


@dataclass(frozen=True, slots=True)
class Seed:
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
    found, matches, others, alike = Tally(), Tally(), Tally(), Tally()
    compare_lookalikes(alike)
    for obstacle in obstacles():
        compare_planted(obstacle, found)
        if not (obstacle.nobody or obstacle.label in found.codes):
            raise ValueError(f"{obstacle.label}: planted, but no lead met it")
    for seed in (7,) if small else (7, 8, 9):
        with planned(seed, 200 if small else 2000) as world:
            try_everything(world, found)
            compare_holds(world, found)
            compare_matches(world, matches)
            compare_wholes(world, others)
    figures: list[Figure] = []
    for kind in found.codes:
        figures += _pair(found, kind, kind, target=1.0)
    for kind in ("account", "contact"):
        figures += _pair(matches, kind, f"{kind} matched", target=1.0)
    figures += _pair(alike, "account", "account matched among lookalikes", target=None)
    return [*figures, *_pair(others, "converts", "leads predicted to convert", target=None)]


def _pair(tally: Tally, code: str, shown: str, *, target: float | None) -> list[Figure]:
    measured = {"precision": tally.precision(code), "recall": tally.recall(code)}
    note = f"{tally.cases(code)} leads"
    return [
        Figure(name=f"{shown}: {what}", value=value, unit="", target=target, better="higher", note=note)
        for what, value in measured.items()
        if value is not None
    ]


def compare_lookalikes(tally: Tally) -> None:
    """An org of companies that look alike: which account the conversion of each lead would attach to."""
    told = YAML(typ="safe").load(LOOKALIKES.read_text("utf-8"))
    mock = MockOrg(org_yaml=org_yaml(), seed=7)

    def create(object_name: str, **values: str | bool | None) -> str:
        made = rows.create(mock.org, mock.org.access.admin, object_name, values)
        if made.id is None:
            raise ValueError(f"{LOOKALIKES.name}: {values}: {made.errors}")
        return str(made.id)

    accounts: dict[str | None, str] = {}
    for key, account in told["accounts"].items():
        accounts[key] = create("Account", Name=account["name"], Website=account.get("website"))
        for number, email in enumerate(account.get("contacts", ())):
            create("Contact", AccountId=accounts[key], LastName=f"{key} {number}", Email=email, Phone="+1 555 0100")
    working: dict[str, str | bool | None] = {
        "Status": "Working - Contacted",
        "Pricing_Discussed__c": True,
        "Phone": "+1 555 0199",
    }
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
def planned(seed: int, leads: int) -> Iterator[Seed]:
    """A seed world, pulled and planned by the example policy."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        summary = write_world(root / "world", seed=seed, leads=leads, today=datetime.now(UTC).date())
        mock = MockOrg(data=root / "world", seed=seed)
        with plan_of(mock, root / "work") as (client, plan):
            yield Seed(mock, client, summary, plan)


def compare_planted(obstacle: Obstacle, tally: Tally) -> None:
    """An org with one obstacle: what was predicted of each lead, against what came of it."""
    org = plant(obstacle)
    with tempfile.TemporaryDirectory() as name, _plan_of_planted(obstacle, org, Path(name)) as (client, plan):
        meddle(obstacle, org)
        before = org.mock.snapshot()
        dropped = dropped_by_apply(plan, client, Path(name)) if obstacle.meanwhile else {}
        for action in (each for each in plan.actions if isinstance(each, ConvertLead)):
            predicted = foretold(action) | dropped.get(action.lead_id, set())
            predicted |= {loss.kind for loss in action.losses if loss.kind == obstacle.code}
            actual = sent_alone(org.mock, client, action, before)
            if action.lead_id in org.held or is_cut(obstacle, org, action.lead_id):
                actual |= {obstacle.code}
            named = {obstacle.code: obstacle.label, **({REFUSAL: obstacle.label} if obstacle.code == WARNING else {})}
            tally.count({named.get(code, code) for code in predicted}, {named.get(code, code) for code in actual})


def foretold(action: ConvertLead) -> set[str]:
    """The codes of what the plan holds the lead for, or warns of."""
    return {finding.code for finding in (*action.blockers, *action.warnings)}


def dropped_by_apply(plan: Plan, client: SalesforceClient, folder: Path) -> dict[str, set[str]]:
    """The leads that apply drops when it re-reads them, with the code that the org would refuse each with."""
    with Ledger.open(folder / "ledger.sqlite") as ledger:
        result = apply_plan(plan, client, ledger, ApplyOptions(limits=Limits(api_reserve=0.0)))
    return {each.lead_id: {SECOND_LOOK[each.code]} for each in result.leads if each.code in SECOND_LOOK}


@contextmanager
def _plan_of_planted(obstacle: Obstacle, org: Planted, folder: Path) -> Iterator[tuple[SalesforceClient, Plan]]:
    """Pulled and planned as ever, but also by a policy that doesn't fit the org, so that preflight itself speaks."""
    workspace = _workspace(org.mock, folder, org.token)
    obstacle.adapt(folder)
    client = open_org(workspace.org_settings)
    with org.mock.in_process():
        run_pull(workspace, org=client, tick=_quietly)
        now = datetime.now(UTC).replace(microsecond=0)
        compiled = compile_policy(workspace.policy(), workspace.mapping, now)
        yield (
            client,
            draw_up(workspace.mirror, client, compiled=compiled, mapping=workspace.mapping, created_at=now),
        )


@contextmanager
def plan_of(mock: MockOrg, folder: Path) -> Iterator[tuple[SalesforceClient, Plan]]:
    """The org pulled and planned by the example policy, in a working folder made for it."""
    workspace = _workspace(mock, folder, mock.login())
    client = open_org(workspace.org_settings)
    with mock.in_process(), workspace.ledger() as ledger:
        run_pull(workspace, org=client, tick=_quietly)
        now = datetime.now(UTC).replace(microsecond=0)
        yield client, plan_now(workspace, client, ledger, workspace.policy(), clock=now)


def _workspace(mock: MockOrg, folder: Path, token: str) -> Workspace:
    for part in ("mappings", "config"):
        copytree(REPOSITORY / part, folder / part)
    reached = {"LEADGATE_INSTANCE_URL": mock.instance_url, "LEADGATE_ACCESS_TOKEN": token}
    return Workspace(folder=folder, settings=load_settings(folder, reached))


def _quietly(what: str, done: int = 0, total: int | None = None) -> None: ...


def try_everything(world: Seed, tally: Tally) -> None:
    """Send each conversion alone, from the same state of the org, and hold the answer against the prediction."""
    before = world.mock.snapshot()
    for action in world.conversions:
        predicted = foretold(action) - {*HOLDS}
        actual = sent_alone(world.mock, world.client, action, before)
        tally.count({SEEDED.get(code, code) for code in predicted}, {SEEDED.get(code, code) for code in actual})
    world.mock.restore(before)


def sent_alone(mock: MockOrg, client: SalesforceClient, action: ConvertLead, before: OrgSnapshot) -> set[str]:
    """The code that the org refuses this conversion with, if it does."""
    mock.restore(before)
    first_of_its_company = {
        target.after: Made()
        for target in (action.convert.account, action.convert.contact, action.convert.opportunity)
        if target is not None and target.after is not None
    }
    request = conversion_request(action, first_of_its_company)
    try:
        (answer,) = client.convert([request], allow_duplicates=action.convert.allow_duplicates)
    except AccessRefused as refused:
        return {refused.code}
    if isinstance(answer, Accepted):
        return set()
    if isinstance(answer, Refused):
        return {answer.code}
    raise RuntimeError(f"an answer without faults can't be {answer}")


def compare_holds(world: Seed, tally: Tally) -> None:
    """What leadgate holds and Salesforce wouldn't, against what was planted."""
    for action in world.conversions:
        planted = world.summary.truth[action.lead_id].obstacle
        predicted = {blocker.code for blocker in action.blockers} & {*HOLDS}
        actual = {planted.value} & {*HOLDS} if planted is not None else set()
        tally.count({SEEDED[code] for code in predicted}, {SEEDED[code] for code in actual})


def compare_matches(world: Seed, tally: Tally) -> None:
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


def compare_wholes(world: Seed, tally: Tally) -> None:
    """Leads predicted to convert, against those whose conversion nothing stops."""
    for action in world.conversions:
        tally.count(
            {"converts"} if not action.blockers else set(),
            {"converts"} if action.lead_id in world.summary.convertible else set(),
        )

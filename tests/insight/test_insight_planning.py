"""From a pulled mirror to a plan and through apply, with the evidence of real activities."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "apply"))

from apply_scene import ORG_YAML, Scene, fates, scene

from sync.errors import MirrorUnusable
from sync.insight.planning import draw_up
from sync.mapping import OrgMapping, digest, parse_mappings
from sync.mirror.pull import pull
from sync.mirror.store import Mirror
from sync.plan.actions import ConvertLead, Outcome, Plan, Prediction
from sync.policy.compile import compile_policy
from sync.policy.loader import load_policy_text

MAPPINGS = {
    "lead": """
object: Lead
fields:
  last_name: {field: LastName, type: text}
  email: {field: Email, type: email}
  budget: {field: Budget__c, type: currency}
  pricing_discussed: {field: Pricing_Discussed__c, type: boolean}
""",
    "task": """
object: Task
fields:
  who_id: {field: WhoId, type: id}
  subject: {field: Subject, type: text}
  description: {field: Description, type: text}
  is_closed: {field: IsClosed, type: boolean}
  due_date: {field: ActivityDate, type: date}
  completed_at: {field: CompletedDateTime, type: datetime}
  owner_id: {field: OwnerId, type: id}
""",
    "account": "object: Account\nfields:\n  name: {field: Name, type: text}\n",
    "contact": "object: Contact\nfields:\n  email: {field: Email, type: email}\n",
}

POLICY = """
policy: pricing
scope: "NOT is_converted"
signals:
  pricing_talk: {label: Pricing came up, activity: "matches(text, 'pric')"}
criteria:
  priced: {label: Pricing discussed, when: "pricing_talk"}
ready: priced
transitions:
  - {to: "Working - Contacted", from: ["Open - Not Contacted"], when: "status = 'Open - Not Contacted'"}
conversion:
  opportunity: {stage: "Proposal/Price Quote", close_in_days: 30}
"""


COMPOSITE_READS = 2
"""Composite calls of planning; they carry describes and queries only."""


@dataclass
class Desk:
    """A scene with a mirror."""

    scene: Scene
    mapping: OrgMapping

    def pull(self) -> None:
        pull(self.scene.org, self.path, self.mapping, clock=self.scene.mock.clock.now)

    @property
    def path(self) -> Path:
        return self.scene.folder / "state" / "mirror.duckdb"

    def draw_up(self, **options: object) -> Plan:
        policy = load_policy_text(POLICY, "readiness.yaml", self.mapping)
        now = self.scene.mock.clock.now()
        return draw_up(
            lambda: Mirror.open(self.path, self.mapping),
            self.scene.org,
            compiled=compile_policy(policy, self.mapping, now),
            mapping=self.mapping,
            created_at=now,
            **options,  # type: ignore[arg-type] -- the test names options of draw_up
        )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    objects, problems = parse_mappings([(text, f"{name}.yaml") for name, text in MAPPINGS.items()])
    assert not problems
    with scene(tmp_path, ORG_YAML) as opened:
        opened.mock.clock.tick()
        yield Desk(opened, OrgMapping(objects=objects, digest=digest(objects.values())))


def test_a_lead_whose_pricing_was_discussed_is_planned_with_its_evidence_and_converted(desk: Desk) -> None:
    talked, silent = desk.scene.leads(2, Status="Open - Not Contacted")
    (task,) = desk.scene.create("Task", {"WhoId": talked, "Subject": "Price list sent", "Status": "Completed"})
    desk.pull()
    made: list[Plan] = []
    stamps = "SELECT max(SystemModstamp) FROM Lead"
    before = desk.scene.mock.org.store.db.execute(stamps).fetchone()
    assert desk.scene.writes(lambda: made.append(desk.draw_up())) == COMPOSITE_READS
    assert desk.scene.mock.org.store.db.execute(stamps).fetchone() == before
    (plan,) = made
    converting = [a for a in plan.actions if isinstance(a, ConvertLead)]
    assert [(a.lead_id, a.decision.evidence, a.prediction) for a in converting] == [
        (talked, (task,), Prediction.WILL_SUCCEED)
    ]
    assert [(a.lead_id, a.kind) for a in plan.actions] == [(silent, "update_status"), (talked, "convert_lead")]
    assert (plan.counts["ready"], plan.counts["blocked"], plan.counts["open_leads"]) == (1, 1, 2)
    assert plan.created_at - plan.mirror_watermark < timedelta(minutes=30)
    result = desk.scene.apply(plan)
    assert fates(result) == {Outcome.APPLIED: 2}


def test_an_activity_after_the_pull_calls_for_a_new_decision(desk: Desk) -> None:
    (lead,) = desk.scene.leads(1)
    desk.scene.create("Task", {"WhoId": lead, "Subject": "Price list sent"})
    desk.pull()
    plan = desk.draw_up()
    desk.scene.mock.clock.advance(60)
    desk.scene.create("Task", {"WhoId": lead, "Subject": "Too expensive"})
    assert fates(desk.scene.apply(plan)) == {Outcome.SUPERSEDED: 1}
    desk.pull()
    assert fates(desk.scene.apply(desk.draw_up())) == {Outcome.APPLIED: 1}


def test_only_the_leads_asked_for_are_planned_and_forced_ones_are_marked(desk: Desk) -> None:
    one, two = desk.scene.leads(2)
    desk.pull()
    plan = desk.draw_up(lead_ids=[two], forced=[two])
    (action,) = plan.actions
    assert (action.lead_id, action.decision.forced) == (two, True)
    assert one not in repr(plan)


def test_a_mirror_of_another_org_is_refused(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> None:
    desk.scene.leads(1)
    desk.pull()
    with Mirror.open(desk.path, desk.mapping, read_only=False) as mirror, mirror.session() as cursor:
        cursor.execute("UPDATE mirror_meta SET value = '00D000000000001EAA' WHERE key = 'org_id'")
    with pytest.raises(MirrorUnusable, match="is of org"):
        desk.draw_up()


RULE = """
duplicate_rules:
  - {name: Same e-mail, object: Contact, match: [Email], action: block}
"""


@pytest.mark.parametrize(("rules", "asked"), [("", 0), (RULE, 1)])
def test_duplicate_rules_are_asked_only_about_objects_that_an_active_rule_watches(
    tmp_path: Path, rules: str, asked: int
) -> None:
    objects, _ = parse_mappings([(text, f"{name}.yaml") for name, text in MAPPINGS.items()])
    with scene(tmp_path, ORG_YAML + rules) as opened:
        desk = Desk(opened, OrgMapping(objects=objects, digest=digest(objects.values())))
        opened.mock.clock.tick()
        (lead,) = opened.leads(1, Email="person@acme.example")
        opened.create("Task", {"WhoId": lead, "Subject": "Price list sent", "Status": "Completed"})
        desk.pull()
        before = opened.mock.requests.count("soap.findDuplicates")
        plan = desk.draw_up(lead_ids=[lead])
        assert opened.mock.requests.count("soap.findDuplicates") - before == asked
    assert [a.kind for a in plan.actions if a.prediction is Prediction.WILL_SUCCEED] == ["convert_lead"]

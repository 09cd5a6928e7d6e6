"""An org, a client, a ledger and plans for tests of `apply`: everything real, behind the mock org's door."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

sys.path.append(str(Path(__file__).resolve().parent.parent / "plan"))

from plan_factories import decision, mapping, policy

from sync.apply.context import ApplyOptions
from sync.apply.outcome import RunResult
from sync.apply.runner import apply_plan
from sync.insight.facts import gather_facts, with_duplicates
from sync.ledger.store import Ledger
from sync.mockorg import MockOrg
from sync.mockorg.clock import Clock
from sync.model import Record
from sync.plan.actions import Outcome, Plan
from sync.plan.codec import decode
from sync.plan.document import encode
from sync.plan.make import LeadFacts, make_plan, sift
from sync.plan.matching import LeadMatches
from sync.plan.propose import duplicate_probes, propose
from sync.policy.decision import Evidence, Verdict
from sync.policy.schema import ConversionSettings, Limits, OpportunitySettings
from sync.pre_image_store import PreImageStore
from sync.salesforce.client import SalesforceClient, open_org
from sync.salesforce.org import LeadConvert
from sync.salesforce.values import moment_of
from sync.settings import load_settings

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
PERSON = "person@leadgate-mock.example"

ORG_YAML = """
users:
  - {username: admin@leadgate-mock.example, last_name: Admin}
  - {username: person@leadgate-mock.example, last_name: Person}
custom_fields:
  Lead:
    - {name: Budget__c, type: currency}
    - {name: Pain_Point__c, type: string, length: 255}
    - {name: Pricing_Discussed__c, type: boolean}
"""

OPPORTUNITY = ConversionSettings(
    opportunity=OpportunitySettings(stage="Proposal/Price Quote", close_in_days=30), status="Closed - Converted"
)


def frozen_clock() -> Clock:
    return Clock(START, frozen=True)


@dataclass
class Scene:
    """What a test of `apply` plays with."""

    mock: MockOrg
    folder: Path
    token: str = ""
    person_token: str = ""
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.token = self.mock.login()
        self.person_token = self.mock.login(PERSON)
        self.org = self.client()
        self.ledger = Ledger.open(self.folder / "ledger.sqlite", clock=self.mock.clock.now)
        self.pre_images = PreImageStore(self.folder / "preimages.sqlite")

    def client(self, sleep: Callable[[float], None] | None = None) -> SalesforceClient:
        """A client for the org, which waits by `sleep` (by default: the org's clock moves on)."""
        variables = {"LEADGATE_INSTANCE_URL": self.mock.instance_url, "LEADGATE_ACCESS_TOKEN": self.token}
        settings = load_settings(self.folder, variables).org()
        return open_org(settings, clock=self.mock.clock.now, sleep=sleep or self.sleep, monotonic=lambda: 0.0)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.mock.clock.advance(seconds)

    def call(self, method: str, path: str, *, person: bool = True, **options: Any) -> requests.Response:
        """A request past the client; by default another user's."""
        answer = requests.request(
            method,
            f"{self.mock.instance_url}/services/data/v66.0{path}",
            headers={"Authorization": f"Bearer {self.person_token if person else self.token}"},
            timeout=60,
            **options,
        )
        assert answer.ok, answer.text
        return answer

    def create(self, object_name: str, *rows: Mapping[str, Any]) -> list[str]:
        made: list[str] = []
        for start in range(0, len(rows), 200):
            records = [{"attributes": {"type": object_name}, **row} for row in rows[start : start + 200]]
            answer = self.call("POST", "/composite/sobjects", json={"allOrNone": True, "records": records}).json()
            assert all(entry["success"] for entry in answer), answer
            made += [entry["id"] for entry in answer]
        return made

    def leads(self, count: int, **values: Any) -> list[str]:
        """Leads that share nothing but the given values; then a minute passes."""
        made = self.create(
            "Lead",
            *(
                {"LastName": f"L{n}", "Company": f"Co {n}", "Status": "Working - Contacted", **values}
                for n in range(count)
            ),
        )
        self.mock.clock.advance(60)
        return made

    def row(self, object_name: str, record_id: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/sobjects/{object_name}/{record_id}").json())

    def edit(self, object_name: str, record_id: str, **values: Any) -> None:
        """Somebody else's edit, a minute later."""
        self.mock.clock.advance(60)
        self.call("PATCH", f"/sobjects/{object_name}/{record_id}", json=values)

    def count(self, object_name: str, where: str = "") -> int:
        soql = f"SELECT COUNT() FROM {object_name}" + (f" WHERE {where}" if where else "")  # noqa: S608 -- our own words
        return int(self.call("GET", "/query", params={"q": soql}).json()["totalSize"])

    def mirror_rows(self, lead_ids: Sequence[str]) -> list[Record]:
        """Leads as a mirror would hold them: our names, our types."""
        described = self.org.describe("Lead")
        assert described is not None
        fields = {name: one for name, one in mapping()["lead"].fields.items() if described.field(one.api_name)}
        found = self.org.retrieve("Lead", lead_ids, [f.api_name for f in fields.values()])
        rows: list[Record] = []
        for lead in found:
            assert lead is not None
            row = {name: lead.get(one.api_name) for name, one in fields.items()}
            stamps = {name: moment_of(str(row[name])) for name in ("system_modstamp", "created_at") if row.get(name)}
            rows.append({**row, **stamps})
        return rows

    def plan(
        self,
        lead_ids: Sequence[str],
        *,
        to: str | None = None,
        moving: Sequence[str] = (),
        amount: float | None = None,
        conversion: ConversionSettings = OPPORTUNITY,
        limits: Limits | None = None,
        matches: Sequence[LeadMatches] = (),
        evidence: Mapping[str, tuple[Evidence, ...]] | None = None,
        stamps: Mapping[str, datetime] | None = None,
    ) -> Plan:
        """A plan that converts the leads, or sets their status to `to`; by way of its file.

        With `moving`, the leads are converted and those have their status set.
        """
        rows = self.mirror_rows([*lead_ids, *moving])
        set_status = set(moving) if moving or not to else set(lead_ids)
        sifted = sift(
            [
                decision(row, Verdict.BLOCKED, to=to, amount=amount)
                if row["id"] in set_status
                else decision(row, Verdict.READY, amount=amount)
                for row in rows
            ]
        )
        rules = policy(conversion, limits)
        now = self.mock.clock.now()
        by_id = {str(row["id"]): row for row in rows}
        facts = gather_facts(self.org, owner_ids=[str(row["owner_id"]) for row in rows], conversion=rules.conversion)

        def proposals() -> Any:
            return propose(
                policy=rules,
                mapping=mapping()["lead"],
                decisions=sifted.convert,
                leads=by_id,
                matches={one.lead_id: one for one in matches},
                facts=facts,
                clock=now,
            )

        facts = with_duplicates(self.org, facts, duplicate_probes(proposals(), facts))
        made = make_plan(
            policy=rules,
            mapping=mapping(),
            sifted=sifted,
            proposals=proposals(),
            leads=LeadFacts(
                rows=by_id,
                converting=("pricing_discussed", "budget"),
                status=("pricing_discussed", "budget"),
                evidence={
                    lead: {found.record_id: (stamps or {}).get(found.record_id) for found in listed}
                    for lead, listed in (evidence or {}).items()
                },
            ),
            facts=facts,
            open_leads=len(rows),
            clock=now,
            created_at=now,
            mirror_watermark=now,
        )
        return decode(encode(made))

    def options(self, **changes: Any) -> ApplyOptions:
        usual = ApplyOptions(
            clock=self.mock.clock.now, sleep=self.sleep, settle_seconds=5.0, pre_images=self.pre_images
        )
        return replace(usual, **changes)

    def apply(self, plan: Plan, **options: Any) -> RunResult:
        return apply_plan(plan, self.org, self.ledger, self.options(**options))

    def writes(self, act: Callable[[], object]) -> int:
        """How many requests that change something leave during `act`."""
        before = self._writes()
        act()
        return self._writes() - before

    def _writes(self) -> int:
        counts = self.mock.requests.by_operation()
        return sum(
            number
            for route, number in counts.items()
            if route in {"collections.update", "composite", "rows.update", "soap.convertLead"}
            or route.startswith("bulk.ingest")
        )


@contextmanager
def scene(folder: Path, org_yaml: str = ORG_YAML) -> Iterator[Scene]:
    """A fresh scene behind the in-process door."""
    mock = MockOrg(seed=5, org_yaml=org_yaml, clock=frozen_clock())
    with mock.in_process():
        here = Scene(mock, folder)
        try:
            yield here
        finally:
            here.ledger.dispose()


def fates(result: RunResult) -> dict[Outcome, int]:
    """Outcomes that occurred."""
    return {outcome: count for outcome, count in result.outcomes.items() if count}


def convert_by_hand(here: Scene, lead: str) -> None:
    """A person converts the lead."""
    token, here.token = here.token, here.person_token
    try:
        person = here.client()
    finally:
        here.token = token
    person.convert([LeadConvert(lead_id=lead, converted_status="Closed - Converted")])

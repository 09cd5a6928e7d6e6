"""People and leadgate at work on the same leads, and an oracle that knows without leadgate which leads are ready.

People act on the mock org directly; leadgate pulls, plans and applies as its commands do. The oracle reads the org's
own tables, so that a mistake in mirror, policy or plan can't hide in it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from sync.apply.context import ApplyOptions
from sync.apply.outcome import Progress, RunResult
from sync.apply.runner import apply_plan
from sync.cli.commands.pull import run_pull
from sync.cli.deciding_again import decides_again
from sync.cli.drawing_up import plan_now
from sync.errors import LeadgateError
from sync.ledger.entries import latest, outcome_of
from sync.ledger.store import Ledger
from sync.mockorg import MockOrg, merges, rows
from sync.mockorg.clock import Clock
from sync.mockorg.conversion import LeadConvert, convert
from sync.mockorg.faults import Fault
from sync.plan.actions import Outcome, Plan
from sync.policy.schema import Policy
from sync.salesforce.client import SalesforceClient, open_org
from sync.settings import load_settings
from sync.workspace import Workspace

START = datetime(2026, 5, 4, 9, tzinfo=UTC)
SETTLE = 5.0
OPEN, WORKING, CLOSED = "Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"
PRICING, REFUSAL, SMALL_TALK = "Talked about pricing", "They have no budget", "Said hello"

ORG_YAML = """
users:
  - {username: admin@leadgate-mock.example, last_name: Admin}
  - {username: person@leadgate-mock.example, last_name: Person}
custom_fields:
  Lead:
    - {name: Pricing_Discussed__c, type: boolean}
"""

MAPPINGS = {
    "lead.yaml": """\
object: Lead
fields:
  company: {field: Company, type: text}
  email: {field: Email, type: email}
  phone: {field: Phone, type: phone}
  pricing_discussed: {field: Pricing_Discussed__c, type: boolean}
""",
    "task.yaml": """\
object: Task
fields:
  who_id: {field: WhoId, type: id}
  subject: {field: Subject, type: text}
""",
    "account.yaml": "object: Account\nfields:\n  name: {field: Name, type: text}\n",
    "contact.yaml": "object: Contact\nfields:\n  email: {field: Email, type: email}\n",
}

POLICY = """\
policy: people
scope: "status <> 'Closed - Not Converted'"
signals:
  pricing_talk: {label: Pricing came up, activity: "contains(text, 'pricing')"}
  refusal: {label: They refused, activity: "contains(text, 'no budget')"}
criteria:
  interested: {label: Interested, when: "status <> 'Open - Not Contacted'"}
  priced: {label: Priced, when: "pricing_discussed OR pricing_talk"}
  refused: {label: Refused, when: "refusal"}
ready: "interested AND priced AND NOT refused"
transitions:
  - {to: "Closed - Not Converted", from: ["Open - Not Contacted", "Working - Contacted"], when: "refused"}
conversion:
  status: "Closed - Converted"
  account: {match: [company_name], ambiguous: new}
  opportunity: {create: true, name: "{company}", stage: "Proposal/Price Quote", close_in_days: 30}
  duplicates: allow
limits: {canary: 1, conversions: 1000, share_of_open: 100%, stop_at_failures: 100%}
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What decides about a lead, as the org's own tables have it."""

    status: str
    pricing: bool
    owner: str
    subjects: tuple[str, ...]

    @property
    def refused(self) -> bool:
        return REFUSAL in self.subjects

    @property
    def ready(self) -> bool:
        """The policy's verdict, told from the org alone."""
        return self.status not in {OPEN, CLOSED} and (self.pricing or PRICING in self.subjects) and not self.refused

    @property
    def to_close(self) -> bool:
        """Whether the policy's only transition applies."""
        return self.status in {OPEN, WORKING} and self.refused


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what its mirror showed of each lead."""

    plan: Plan
    mirrored: Mapping[str, Seen]


@dataclass
class Counts:
    """What the machines did, for the page of proofs."""

    plans: int = 0
    runs: int = 0
    converted: int = 0
    superseded: int = 0
    already: int = 0
    faults: int = 0
    acts: int = 0
    meddled: int = 0
    """Acts between re-reading and sending."""
    unseen: int = 0
    """Of these, on leads that were no longer ready, and were converted all the same."""


@dataclass
class PeopleWorld:
    """One org, one working folder, and what happened."""

    mock: MockOrg
    workspace: Workspace
    policy: Policy
    ledger: Ledger
    client: SalesforceClient
    counts: Counts
    mirrored: dict[str, Seen] = field(default_factory=dict)
    by_us: set[str] = field(default_factory=set)
    by_people: set[str] = field(default_factory=set)

    def leads(self) -> dict[str, Seen]:
        """Every live, unconverted lead."""
        db = self.mock.org.store.db
        subjects: dict[str, list[str]] = {}
        for who, subject in db.execute('SELECT "WhoId", "Subject" FROM "Task" WHERE "IsDeleted" = 0 ORDER BY "Id"'):
            subjects.setdefault(str(who), []).append(str(subject))
        found = db.execute(
            'SELECT "Id", "Status", "Pricing_Discussed__c", "OwnerId" FROM "Lead" WHERE "IsDeleted" = 0 '
            'AND "IsConverted" = 0 ORDER BY "Id"'
        )
        return {
            str(lead): Seen(str(status), bool(pricing), str(owner), tuple(subjects.get(str(lead), ())))
            for lead, status, pricing, owner in found
        }

    def converted(self) -> set[str]:
        """Every converted lead."""
        found = self.mock.org.store.db.execute('SELECT "Id" FROM "Lead" WHERE "IsConverted" = 1')
        return {str(row[0]) for row in found}

    # What people do; a minute passes with each act.

    def create(self, number: int, *, status: str, pricing: bool) -> None:
        """A new lead of a company of its own."""
        self._act()
        values = {"LastName": f"L{number}", "Company": f"Company {number}", "Status": status}
        made = rows.create(
            self.mock.org, self.mock.org.access.admin, "Lead", {**values, "Pricing_Discussed__c": pricing}
        )
        assert made.success, made.errors

    def edit(self, lead: str, **values: object) -> None:
        """Somebody changes fields."""
        self._act()
        assert rows.update(self.mock.org, self.mock.org.access.admin, "Lead", lead, values).success

    def log(self, lead: str, subject: str) -> None:
        """Somebody logs an activity."""
        self._act()
        values = {"WhoId": lead, "Subject": subject, "Status": "Completed", "ActivityDate": "2026-05-04"}
        assert rows.create(self.mock.org, self.mock.org.access.admin, "Task", values).success

    def strike_out(self, lead: str) -> None:
        """Somebody deletes the lead's newest activity."""
        self._act()
        found = self.mock.org.store.db.execute(
            'SELECT "Id" FROM "Task" WHERE "WhoId" = ? AND "IsDeleted" = 0 ORDER BY "Id" DESC', [lead]
        ).fetchone()
        if found is not None:
            assert merges.delete(self.mock.org, self.mock.org.access.admin, "Task", str(found[0])).success

    def convert(self, lead: str) -> None:
        """Somebody, not the user that leadgate runs as, converts the lead by hand, without an opportunity."""
        self._act()
        person = self.mock._user("person@leadgate-mock.example")
        asked = [LeadConvert(lead_id=lead, converted_status="Closed - Converted", do_not_create_opportunity=True)]
        assert convert(self.mock.org, person, asked)[0].success
        self.by_people.add(lead)

    def delete(self, lead: str) -> None:
        """Into the recycle bin."""
        self._act()
        assert merges.delete(self.mock.org, self.mock.org.access.admin, "Lead", lead).success

    def undelete(self, lead: str) -> None:
        """Out of it again."""
        self._act()
        assert merges.undelete(self.mock.org, self.mock.org.access.admin, "Lead", lead).success

    def merge(self, winner: str, loser: str) -> None:
        """Two leads become one."""
        self._act()
        assert merges.merge(self.mock.org, self.mock.org.access.admin, "Lead", {"Id": winner}, [loser]).success

    def _act(self) -> None:
        self.counts.acts += 1
        self.mock.clock.advance(60)

    # What leadgate does.

    def pull(self) -> None:
        """Pull; from then on the mirror shows what the org shows now."""
        self.mock.clock.advance(200)  # past the pull's overlap, so that what was just written is surely seen
        run_pull(self.workspace, org=self.client, tick=lambda *_: None)
        self.mirrored = self.leads()

    def plan(self) -> Planned:
        """A plan from the mirror as it is."""
        self.counts.plans += 1
        plan = plan_now(self.workspace, self.client, self.ledger, self.policy, clock=self.mock.clock.now())
        return Planned(plan, dict(self.mirrored))

    def apply(
        self, planned: Planned, fault: Fault | None = None, meddle: Callable[[], str] | None = None
    ) -> RunResult | None:
        """Carry a plan out, perhaps under a fault, and check every promise; `None` when nothing could be begun.

        `meddle` is what somebody does to the lead whose id it returns, after leadgate re-read it and before anything is
        sent. A conversion can't carry a condition, so for that lead alone a stale decision may be carried out.
        """
        before, converted = self.leads(), self.converted()
        meddled: dict[str, Seen | None] = {}

        def re_read() -> None:
            if meddle is not None:
                lead = meddle()
                meddled[lead] = self.leads().get(lead)

        if fault is not None:
            self.counts.faults += 1
            self.mock.add_fault(fault)
        result = self._applied(planned.plan, re_read)
        self.mock.clear_faults()
        new = self.converted() - converted - self.by_people
        self.counts.runs += 1
        self.counts.converted += len(new)
        self.by_us |= new
        self.counts.meddled += len(meddled)
        self.counts.unseen += sum(lead in new and not (seen and seen.ready) for lead, seen in meddled.items())
        stale = [lead for lead in new if not before[lead].ready]
        assert not stale, f"converted though not ready any more: {stale}"
        if result is not None:
            self._look_at(result, planned, before, converted, meddled)
        self.check()
        return result

    def _applied(self, plan: Plan, re_read: Callable[[], None]) -> RunResult | None:
        def on_progress(progress: Progress) -> None:
            if progress.step == "re-reading":
                re_read()

        options = ApplyOptions(
            on_progress=on_progress,
            limits=self.policy.limits,
            clock=self.mock.clock.now,
            sleep=self.sleep,
            settle_seconds=SETTLE,
            still_stands=decides_again(plan, org=self.client, workspace=self.workspace, policy=self.policy),
        )
        try:
            return apply_plan(plan, self.client, self.ledger, options)
        except LeadgateError:
            return None

    def _look_at(
        self,
        result: RunResult,
        planned: Planned,
        before: Mapping[str, Seen],
        converted: set[str],
        meddled: Collection[str],
    ) -> None:
        assert sum(result.outcomes.values()) == result.planned
        self.counts.superseded += result.outcomes[Outcome.SUPERSEDED]
        self.counts.already += result.outcomes[Outcome.ALREADY_APPLIED]
        for lead in result.leads:
            if lead.outcome is Outcome.APPLIED and lead.kind == "convert_lead":
                assert lead.lead_id in self.by_us - self.by_people
            if lead.outcome is Outcome.APPLIED and lead.kind == "update_status":
                assert before[lead.lead_id].to_close or lead.lead_id not in before
            if lead.outcome is Outcome.SUPERSEDED and lead.lead_id in before and lead.lead_id not in meddled:
                now, then = before[lead.lead_id], planned.mirrored.get(lead.lead_id)
                same = then is not None and (now.status, now.pricing, now.owner) == (
                    then.status,
                    then.pricing,
                    then.owner,
                )
                wanted = now.ready if lead.kind == "convert_lead" else now.to_close
                assert not (same and wanted), f"dropped for nothing: {lead.kind} {lead.code} {lead.fields}, {now}"
            if lead.outcome is Outcome.ALREADY_APPLIED and lead.kind == "convert_lead":
                assert lead.lead_id in converted or lead.lead_id in self.by_people

    def check(self) -> None:
        """Each lead converted once, by people or by leadgate; the ledger holds what leadgate did, and nothing else."""
        assert self.converted() == self.by_us | self.by_people
        made = self.mock.org.store.db.execute('SELECT COUNT(*) FROM "Opportunity"').fetchone()[0]
        assert made == len(self.by_us), "an opportunity for each lead that leadgate converted, and no other"
        org_id = self.mock.org_id
        assert self.ledger.verify_chain(org_id).intact
        events = self.ledger.audit(org_id)
        applied = [e.lead_id for e in events if (e.kind, e.state) == ("convert_lead", "applied")]
        assert len(applied) == len(set(applied))
        doubtful = {entry.subject.lead_id for entry in self.ledger.in_doubt(org_id)}
        assert self.by_us - doubtful <= set(applied) <= self.by_us
        for run in self.ledger.runs(org_id):
            if run.start.kind == "apply" and run.ended != "abandoned":
                ends = latest(e for e in self.ledger.run_entries(run.run_id) if e.subject.parent_key is None)
                assert len([outcome_of(entry.state) for entry in ends.values()]) == run.start.planned

    def sleep(self, seconds: float) -> None:
        """Time passes in the org alone."""
        self.mock.clock.advance(seconds)


@contextmanager
def people_world(folder: Path, counts: Counts) -> Iterator[PeopleWorld]:
    """An empty org and a working folder."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    mock = MockOrg(seed=5, org_yaml=ORG_YAML, clock=Clock(START, frozen=True))
    credentials = mock.org.settings.credentials
    variables = {
        "LEADGATE_DOMAIN": mock.instance_url,
        "LEADGATE_CLIENT_ID": credentials.client_id,
        "LEADGATE_CLIENT_SECRET": credentials.client_secret,
    }
    files = {**{f"mappings/{name}": text for name, text in MAPPINGS.items()}, "config/readiness.yaml": POLICY}
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    workspace = Workspace(folder=folder, settings=load_settings(folder, variables), clock=mock.clock.now)
    ledger = Ledger.open(workspace.state / "ledger.sqlite", clock=mock.clock.now)
    jitter = random.Random(1)  # noqa: S311 -- repeatable, no secret
    client = open_org(
        workspace.org_settings,
        clock=mock.clock.now,
        sleep=lambda seconds: mock.clock.advance(seconds + jitter.random()),
        monotonic=lambda: 0.0,
    )
    with mock.in_process():
        try:
            yield PeopleWorld(mock, workspace, workspace.policy(), ledger, client, counts)
        finally:
            ledger.dispose()
            structlog.reset_defaults()

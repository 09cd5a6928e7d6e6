"""How 100,000 status updates reach an org: time and API calls, beside simple-salesforce row by row and its bulk2.

Ours is the whole of `apply`: every lead is re-read first, every intent and outcome is committed to the ledger.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

from simple_salesforce import Salesforce

from sync.apply.context import ApplyOptions
from sync.apply.precondition import LEAD_FIELDS
from sync.apply.runner import apply_plan
from sync.apply.subjects import grounds_of, subject_of
from sync.cli.main import collect_seldom
from sync.ledger.entries import Closing, State
from sync.ledger.rows import RunStart
from sync.ledger.store import Ledger
from sync.plan.actions import DecisionSummary, Expects, Outcome, Plan, Prediction, UpdateStatus
from sync.plan.document import FORMAT, identified
from sync.plan.forecast import forecast_calls
from sync.policy.schema import Limits
from sync.salesforce.client import SalesforceClient, open_org
from sync.settings import load_settings

from .conversion_world import STATUS, Lead, quiet, record_id, write_world
from .figures import Figure
from .served_org import API, Served, served

TITLE = "Status updates"
ABOUT = """\
A plan of 100,000 status updates carried out over a loopback socket against the mock org in a process of its own, as
`leadgate apply` does it: every lead re-read, intents (while further leads are being read) and outcomes in an SQLite
ledger, results of the bulk job joined by id. Beside it, in the same org, simple-salesforce: `bulk2.update` of the same
records (no re-read, no record of what was done, no look at which rows were refused; its pause before the first look at
the job set to nothing) and `Lead.update` row by row, 1,000 rows, the time scaled. Once without and once with 50 ms of
latency on every request. What leadgate does beyond the job is measured alone as well: the re-read, and the ledger. The
mock org is one Python process, which reads, writes and lists results one after the other, so nothing asked of it beside
the job is free: the floor of a push is `bulk2.update` and the re-read.
"""

FULL = 100_000
SMALL = 4_000
ROWS = 1_000
MOST_CALLS = 15.0
LATENCIES = (0.0, 0.05)
_OPEN = "Open - Not Contacted"
_STAMP = datetime(2026, 6, 1, 8, tzinfo=UTC)


def run(*, small: bool) -> list[Figure]:
    """All figures; `small` updates 4,000 leads instead of 100,000."""
    collect_seldom()  # as every command does
    count = SMALL if small else FULL
    leads = [Lead(id=record_id("00Q", number), account_id=None) for number in range(1, count + 1)]
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="pushes-") as name:
        folder = Path(name)
        write_world(folder / "org", leads)
        with served(folder / "org") as org:
            for latency in LATENCIES:
                org.ask("POST", "/__mock__/latency", {"seconds": latency})
                figures += _beside(org, leads, folder, latency)
    return figures


def _beside(org: Served, leads: list[Lead], folder: Path, latency: float) -> list[Figure]:
    way = f"{latency * 1000:.0f} ms latency" if latency else "no latency"
    amount = f"{len(leads):,} status updates, {way}"
    client = _client(org, folder)
    plan = plan_of(client.identity.org_id, leads)
    ours, our_calls, computing = _ours(client, plan, folder / f"{way}.sqlite")
    calls_before = org.api_calls()
    theirs = _bulk2(org, leads)
    bulk_calls = org.api_calls() - calls_before - 1
    reading, writing = _re_read(client, leads), _ledger(plan, folder / f"{way}, alone.sqlite")
    floor = theirs + reading
    rows = min(ROWS, len(leads))
    each = _row_by_row(org, leads[:rows]) / rows
    return [
        Figure(
            name=f"{amount}: API calls",
            value=our_calls,
            unit="calls",
            target=MOST_CALLS,
            note=f"with the re-read; the plan's forecast was {plan.forecast_calls}, bulk2 alone took {bulk_calls}",
        ),
        Figure(
            name=f"{amount}: leadgate",
            value=ours,
            unit="s",
            target=theirs,
            note="held to `bulk2.update` in the same run, which does nothing but the job. The floor is "
            f"{floor:.0f} s: bulk2, and the re-read. The {ours - floor:.0f} s above it are outcomes in the ledger, the "
            "fate of every row, and what of the intents the re-read doesn't hide; "
            f"{computing:.0f} s are computing on this machine, the rest is waiting for the org and the disk",
        ),
        Figure(name=f"{amount}: the re-read alone", value=reading, unit="s"),
        Figure(
            name=f"{amount}: the ledger alone",
            value=writing,
            unit="s",
            note="every intent committed, then every outcome, each with its event in the chain of hashes",
        ),
        Figure(name=f"{amount}: simple-salesforce `bulk2.update`", value=theirs, unit="s"),
        Figure(
            name=f"{amount}: simple-salesforce row by row",
            value=each * len(leads),
            unit="s",
            note=f"{rows:,} rows measured; {len(leads):,} calls",
        ),
    ]


def _client(org: Served, folder: Path) -> SalesforceClient:
    quiet()
    return open_org(load_settings(folder, {"LEADGATE_INSTANCE_URL": org.url, "LEADGATE_ACCESS_TOKEN": org.token}).org())


def _ours(client: SalesforceClient, plan: Plan, file: Path) -> tuple[float, int, float]:
    """Seconds, API calls, and seconds of computing."""
    options = ApplyOptions(limits=Limits(api_reserve=0.0))
    with Ledger.open(file) as ledger:
        began, computed = perf_counter(), process_time()
        result = apply_plan(plan, client, ledger, options)
        seconds, computing = perf_counter() - began, process_time() - computed
    if result.outcomes[Outcome.APPLIED] != len(plan.actions):
        raise AssertionError(f"not every lead was updated: {result.outcomes}")
    return seconds, result.api_calls, computing


def _re_read(client: SalesforceClient, leads: list[Lead]) -> float:
    began = perf_counter()
    found = client.retrieve("Lead", [lead.id for lead in leads], LEAD_FIELDS)
    seconds = perf_counter() - began
    if None in found:
        raise AssertionError("not every lead was read")
    return seconds


def _ledger(plan: Plan, file: Path) -> float:
    """Seconds to write down what a run of the plan writes down, and nothing else."""
    subjects = [subject_of(plan.org_id, action) for action in plan.actions]
    pairs = zip(subjects, plan.actions, strict=True)
    grounds = {subject.key: grounds_of(action) for subject, action in pairs}
    ends = [Closing(key=subject.key, state=State.APPLIED, evidence={"answer": "success"}) for subject in subjects]
    start = RunStart(
        plan_id=plan.plan_id,
        kind="apply",
        policy_digest="",
        mapping_digest="",
        planned=len(subjects),
        user_id="005000000000001AAA",
        version="benchmark",
    )
    with Ledger.open(file) as ledger, ledger.lease(plan.org_id) as lease:
        run_id = ledger.begin_run(lease, start)
        began = perf_counter()
        ledger.intend(lease, run_id, plan.plan_id, subjects, evidence=grounds)
        ledger.close(lease, ends)
        return perf_counter() - began


def plan_of(org_id: str, leads: list[Lead]) -> Plan:
    """The plan that moves every lead one status back."""
    actions = tuple(
        UpdateStatus(
            lead_id=lead.id,
            expects=Expects(system_modstamp=_STAMP, values={"Status": STATUS, "IsConverted": False}),
            decision=DecisionSummary(verdict="blocked", results={}),
            from_=STATUS,
            to=_OPEN,
            source="benchmark",
            prediction=Prediction.WILL_SUCCEED,
        )
        for lead in leads
    )
    now = datetime.now(UTC)
    return identified(
        Plan(
            plan_id="",
            format=FORMAT,
            org_id=org_id,
            created_at=now,
            clock=now,
            policy="benchmark",
            policy_digest="",
            mapping_digest="",
            mirror_watermark=now,
            forecast_calls=forecast_calls(actions),
            counts={"leads": len(leads), "open_leads": len(leads)},
            actions=actions,
        )
    )


def _bulk2(org: Served, leads: list[Lead]) -> float:
    client = _simple_salesforce(org)
    records = [{"Id": lead.id, "Status": STATUS} for lead in leads]
    began = perf_counter()
    (told,) = client.bulk2.Lead.update(records=records, wait=0)
    seconds = perf_counter() - began
    if (told["numberRecordsProcessed"], told["numberRecordsFailed"]) != (len(leads), 0):
        raise AssertionError(f"bulk2 did not update every lead: {told}")
    return seconds


def _row_by_row(org: Served, leads: list[Lead]) -> float:
    client = _simple_salesforce(org)
    began = perf_counter()
    lead_type = client.Lead
    lead_type.base_url = lead_type.base_url.replace("https://", "http://", 1)
    for lead in leads:
        lead_type.update(lead.id, {"Status": STATUS})
    return perf_counter() - began


def _simple_salesforce(org: Served) -> Salesforce:
    client = Salesforce(instance_url=org.url, session_id=org.token, version=API)
    client.session.trust_env = False
    for name in ("base_url", "bulk2_url"):  # it speaks https only
        setattr(client, name, getattr(client, name).replace("https://", "http://", 1))
    return client

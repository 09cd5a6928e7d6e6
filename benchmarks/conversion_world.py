"""An org full of leads to be converted, and the plan that converts them.

The plan is made here, not by `leadgate plan`: what is measured is carrying it out.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import structlog

from sync.apply.context import ApplyOptions
from sync.apply.outcome import RunResult
from sync.apply.runner import apply_plan
from sync.ledger.store import Ledger
from sync.mockorg.ids import checksum
from sync.plan.actions import ConvertLead, ConvertSettings, DecisionSummary, Expects, Plan, Prediction, Target
from sync.plan.document import FORMAT, identified
from sync.policy.schema import Limits
from sync.pre_image_store import PreImageStore
from sync.salesforce.client import open_org
from sync.settings import load_settings

from .served_org import Served

STATUS = "Working - Contacted"
CONVERTED = "Closed - Converted"
_STAMP = "2026-06-01T08:00:00.000Z"
_USER = "person@leadgate-mock.example"


def record_id(prefix: str, number: int) -> str:
    """The id of the record with that number, 18 characters."""
    body = f"{prefix}7R{number:010}"
    return body + checksum(body)


@dataclass(frozen=True, kw_only=True)
class Lead:
    """A lead of this world, and the account that it goes into (`None` = a new one)."""

    id: str
    account_id: str | None


def write_world(folder: Path, leads: Sequence[Lead], *, org_yaml: str = "") -> None:
    """The leads and their accounts as CSV files that the mock org loads."""
    folder.mkdir(parents=True, exist_ok=True)
    user = f"users: [{{username: admin@leadgate-mock.example, last_name: Admin}}, {{username: {_USER}, last_name: P}}]"
    limits = "limits: {daily_api_requests: 1000000}"
    (folder / "org.yaml").write_text(f"{user}\n{limits}\n{org_yaml}", encoding="utf-8")
    with (folder / "Lead.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Id", "LastName", "Company", "Status", "OwnerId", "CreatedDate", "SystemModstamp"))
        writer.writerows(
            (lead.id, f"Lastname{n}", f"Company {n}", STATUS, _USER, _STAMP, _STAMP) for n, lead in enumerate(leads)
        )
    accounts = sorted({lead.account_id for lead in leads if lead.account_id})
    if accounts:
        with (folder / "Account.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("Id", "Name", "OwnerId"))
            writer.writerows((account, f"Account {n}", _USER) for n, account in enumerate(accounts))


def plan_of(org_id: str, leads: Sequence[Lead], *, now: datetime | None = None) -> Plan:
    """The plan that converts them, each with an opportunity whose stage is set afterwards.

    Args:
        org_id: The org's id.
        leads: The leads, as they are in the org.
        now: When the plan is made, by the org's clock; by ours unless given.
    """
    now = now or datetime.now(UTC)
    stamp = datetime(2026, 6, 1, 8, tzinfo=UTC)
    actions = tuple(
        ConvertLead(
            lead_id=lead.id,
            expects=Expects(system_modstamp=stamp, values={"Status": STATUS, "IsConverted": False}),
            decision=DecisionSummary(verdict="ready", results={}),
            convert=ConvertSettings(
                status=CONVERTED,
                account=Target(id=lead.account_id),
                contact=Target(id=None),
                opportunity=Target(id=None, name=f"Deal {number}"),
                owner_id=None,
                opportunity_fields={"StageName": "Qualification"},
            ),
            prediction=Prediction.WILL_SUCCEED,
        )
        for number, lead in enumerate(leads)
    )
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
            forecast_calls=0,
            counts={"leads": len(leads), "open_leads": len(leads)},
            actions=actions,
        )
    )


def apply(org: Served, leads: Sequence[Lead], folder: Path, *, parallel_calls: int) -> tuple[RunResult, float]:
    """Carry the plan out as `leadgate apply` does, with a new ledger; the result, and the seconds it took."""
    quiet()
    settings = load_settings(folder, {"LEADGATE_INSTANCE_URL": org.url, "LEADGATE_ACCESS_TOKEN": org.token}).org()
    client = open_org(settings)
    plan = plan_of(client.identity.org_id, leads)
    kept = folder / f"preimages-{parallel_calls}.sqlite"
    kept.unlink(missing_ok=True)
    options = ApplyOptions(
        limits=Limits(api_reserve=0.0), parallel_calls=parallel_calls, pre_images=PreImageStore(kept)
    )
    file = folder / f"ledger-{parallel_calls}.sqlite"
    file.unlink(missing_ok=True)
    with Ledger.open(file) as ledger:
        began = perf_counter()
        result = apply_plan(plan, client, ledger, options)
        return result, perf_counter() - began


def quiet() -> None:
    """Warnings only: a log of every call would be measured too."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))

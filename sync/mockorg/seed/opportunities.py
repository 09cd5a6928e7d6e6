"""Opportunities with their way through the stages: current values, stage history, field history, contact role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from . import staff
from .moments import quarter_end
from .world import Row, World, stamped

if TYPE_CHECKING:
    from datetime import date, datetime

    from .world import KnownContact

_OPEN_STAGES = (
    ("Prospecting", 10),
    ("Qualification", 10),
    ("Needs Analysis", 20),
    ("Value Proposition", 50),
    ("Id. Decision Makers", 60),
    ("Perception Analysis", 70),
    ("Proposal/Price Quote", 75),
    ("Negotiation/Review", 90),
)
_NEXT_STEPS = ("Send contract draft", "Reference call", "Workshop with IT", "Wait for budget round", None, None)


class Fate(StrEnum):
    """How an opportunity stands."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What is known of an opportunity before its way through the stages."""

    account: str
    company_name: str
    contact: KnownContact | None
    owner: str
    created: datetime
    fate: Fate
    product: str
    lead_source: str | None
    kind: str
    amount: float | None
    budget: float | None = None
    first_stage: int = 0


@dataclass(frozen=True, slots=True)
class _Step:
    at: datetime
    stage: str
    probability: float
    category: str


def add_opportunity(world: World, deal: Deal) -> str:
    """Write an opportunity and all that hangs on it; returns its id."""
    steps = _steps(world, deal)
    last = steps[-1]
    close_date, first_close_date = _close_dates(world, deal, last)
    closed = deal.fate is not Fate.OPEN
    row: Row = {
        "Name": f"{deal.company_name} - {deal.product}"[:120],
        "AccountId": deal.account,
        "StageName": last.stage,
        "Amount": deal.amount,
        "Probability": last.probability,
        "ExpectedRevenue": None if deal.amount is None else round(deal.amount * last.probability / 100, 2),
        "CloseDate": close_date,
        "Type": deal.kind,
        "NextStep": None if closed else world.rng.choice(_NEXT_STEPS),
        "LeadSource": deal.lead_source,
        "IsPrivate": False,
        "IsClosed": closed,
        "IsWon": deal.fate is Fate.WON,
        "ForecastCategory": last.category,
        "ForecastCategoryName": last.category,
        "HasOpportunityLineItem": False,
        "Fiscal": f"{close_date.year} {(close_date.month - 1) // 3 + 1}",
        "FiscalYear": close_date.year,
        "FiscalQuarter": (close_date.month - 1) // 3 + 1,
        "LastStageChangeDate": last.at if len(steps) > 1 else None,
        "OwnerId": deal.owner,
        "Budget__c": deal.budget,
        "Product_Interest__c": deal.product,
    }
    key = world.add("Opportunity", stamped(row, created=deal.created, by=deal.owner, modified=last.at))
    _history(world, deal, key, steps, (first_close_date, close_date))
    if deal.contact is not None:
        role: Row = {"OpportunityId": key, "ContactId": deal.contact.id, "Role": "Decision Maker", "IsPrimary": True}
        world.add("OpportunityContactRole", stamped(role, created=deal.created, by=deal.owner))
    return key


def _steps(world: World, deal: Deal) -> list[_Step]:
    """The stages in turn; a closed deal ends as won or lost, an open one where it stands today."""
    rng = world.rng
    age = max((world.calendar.latest - deal.created).days, 0)
    reach = rng.randint(0, min(5, age // 6)) if deal.fate is Fate.OPEN else rng.randint(1, 5)
    stages = _OPEN_STAGES[deal.first_stage : deal.first_stage + 1 + reach]
    length = age * (0.9 if deal.fate is Fate.OPEN else rng.uniform(0.2, 0.95))
    total = len(stages) + (deal.fate is not Fate.OPEN)
    pace = timedelta(days=max(length, 0)) / max(total, 1)
    steps = [
        _Step((deal.created + pace * number).replace(microsecond=0), stage, probability, "Pipeline")
        for number, (stage, probability) in enumerate(stages)
    ]
    if deal.fate is not Fate.OPEN:
        end = (deal.created + pace * (total - 1)).replace(microsecond=0)
        won = deal.fate is Fate.WON
        steps.append(
            _Step(end, "Closed Won" if won else "Closed Lost", 100 if won else 0, "Closed" if won else "Omitted")
        )
    return steps


def _close_dates(world: World, deal: Deal, last: _Step) -> tuple[date, date]:
    """The close date now, and the one it had at first: a third of the open deals have one that has passed."""
    rng, calendar = world.rng, world.calendar
    if deal.fate is not Fate.OPEN:
        return last.at.date(), quarter_end(deal.created.date())
    age = max((calendar.latest - deal.created).days, 1)
    if rng.random() < 0.33 and age > 20:
        passed = (calendar.midnight - timedelta(days=rng.randint(1, age - 10))).date()
        return passed, passed
    ahead = calendar.ahead(5, 140).date()
    return (quarter_end(ahead), ahead) if rng.random() < 0.4 else (ahead, ahead)


def _history(world: World, deal: Deal, key: str, steps: list[_Step], close_dates: tuple[date, date]) -> None:
    first_close_date, close_date = close_dates
    moved = len(steps) > 1 and first_close_date != close_date
    previous: _Step | None = None
    for number, step in enumerate(steps):
        at_end = number == len(steps) - 1
        world.add(
            "OpportunityHistory",
            {
                "OpportunityId": key,
                "StageName": step.stage,
                "Amount": deal.amount,
                "ExpectedRevenue": None if deal.amount is None else round(deal.amount * step.probability / 100, 2),
                "CloseDate": close_date if at_end or not moved else first_close_date,
                "Probability": step.probability,
                "ForecastCategory": step.category,
                "CreatedById": deal.owner,
                "CreatedDate": step.at,
                "SystemModstamp": step.at,
                "IsDeleted": False,
            },
        )
        if previous is None:
            _changed(world, deal, key, step.at, ("created", None, None, "Text"))
        else:
            _changed(world, deal, key, step.at, ("StageName", previous.stage, step.stage, "Picklist"))
        if at_end and moved:
            dates = ("CloseDate", first_close_date.isoformat(), close_date.isoformat(), "DateOnly")
            _changed(world, deal, key, step.at, dates)
        previous = step


def _changed(world: World, deal: Deal, key: str, at: datetime, change: tuple[str, str | None, str | None, str]) -> None:
    """One row of field history: field, old value, new value and data type."""
    field, old, new, data_type = change
    world.add(
        "OpportunityFieldHistory",
        {
            "OpportunityId": key,
            "Field": field,
            "DataType": data_type,
            "OldValue": old,
            "NewValue": new,
            "CreatedById": deal.owner,
            "CreatedDate": at,
            "IsDeleted": False,
        },
    )


def count_opportunities(world: World) -> dict[str, int]:
    """How the opportunities stand: what a pipeline report should find."""
    rows = world.rows.get("Opportunity", [])
    still_open = [row for row in rows if not row["IsClosed"]]
    today = world.calendar.today.isoformat()
    return {
        "open": len(still_open),
        "won": sum(bool(row["IsWon"]) for row in rows),
        "lost": sum(bool(row["IsClosed"]) and not row["IsWon"] for row in rows),
        "overdue": sum(str(row["CloseDate"]) < today for row in still_open),
        "without_amount": sum(row["Amount"] is None for row in still_open),
    }


def drawn_owner(world: World) -> str:
    """One of the sellers that are still there."""
    return world.rng.choice(staff.SELLERS).key

"""Columns that Salesforce works out from other columns of the same record whenever it is saved.

Names of people, what a stage says about an opportunity, what a status says about a task, the times of an event,
fiscal periods. Each function takes the values as they will be and returns what follows from them.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from .behaviours import behaviour
from .clock import from_iso_z, iso_z
from .errors import refuse
from .forecast import forecast_category

if TYPE_CHECKING:
    from collections.abc import Callable

    from .org import Org
    from .store import Row


def derive(org: Org, object_name: str, row: Row, changed: frozenset[str]) -> Row:
    """The derived columns for a record with the values `row`, of which `changed` were just given.

    Raises:
        RowRefused: when the values contradict each other.
    """
    work = _DERIVED.get(object_name)
    return work(org, row, changed) if work else {}


def person_name(row: Row, *, length: int = 121) -> str:
    """The `Name` of a lead, contact or user."""
    return " ".join(str(part) for part in (row.get("FirstName"), row.get("LastName")) if part)[:length]


def _person(_org: Org, row: Row, _changed: frozenset[str]) -> Row:
    return {"Name": person_name(row)}


def _contact(_org: Org, row: Row, _changed: frozenset[str]) -> Row:
    return {"Name": person_name(row), "IsEmailBounced": int(row.get("EmailBouncedDate") is not None)}


@behaviour(
    "opportunity fields that follow from the stage", "confirmed", "Object Reference: Opportunity, OpportunityStage"
)
def _opportunity(org: Org, row: Row, changed: frozenset[str]) -> Row:
    """A stage sets IsClosed and IsWon, and, unless they are given with it, Probability and ForecastCategoryName."""
    derived: Row = {}
    stage = next((each for each in org.settings.opportunity_stages if each.name == row.get("StageName")), None)
    if "StageName" in changed:
        derived["IsClosed"] = int(stage.closed) if stage else 0
        derived["IsWon"] = int(stage.won) if stage else 0
        derived["LastStageChangeDate"] = org.clock.stamp()
        if "Probability" not in changed:
            derived["Probability"] = stage.probability if stage else 0.0
        if "ForecastCategoryName" not in changed:
            derived["ForecastCategoryName"] = stage.forecast if stage else "Pipeline"
    row = row | derived
    amount, probability = row.get("Amount"), row.get("Probability")
    derived["ExpectedRevenue"] = None if amount is None else float(amount) * float(probability or 0) / 100
    derived["ForecastCategory"] = forecast_category(str(row.get("ForecastCategoryName") or "Pipeline"))
    close = row.get("CloseDate")
    if close and "CloseDate" in changed:
        derived |= fiscal_period(date.fromisoformat(str(close)), org.settings.organization.fiscal_year_start_month)
    return derived


def fiscal_period(day: date, start_month: int) -> Row:
    """Fiscal, FiscalQuarter and FiscalYear of a day; a fiscal year has the number of the year in which it ends."""
    months = (day.month - start_month) % 12
    quarter = months // 3 + 1
    year = day.year + 1 if start_month > 1 and day.month >= start_month else day.year
    return {"Fiscal": f"{year} {quarter}", "FiscalQuarter": quarter, "FiscalYear": year}


def end_of_quarter(day: date, start_month: int = 1) -> date:
    """The last day of the fiscal quarter that holds `day`."""
    months_left = 2 - (day.month - start_month) % 3
    month_index = day.month + months_left
    year, month = day.year + month_index // 12, month_index % 12 + 1
    return date(year, month, 1) - timedelta(days=1)


@behaviour("task fields that follow from status and relations", "confirmed", "Object Reference: Task")
def _task(org: Org, row: Row, changed: frozenset[str]) -> Row:
    """Its status says whether a task is closed and since when; its relations say to which account it belongs."""
    status = next((each for each in org.settings.task_statuses if each.name == row.get("Status")), None)
    closed = bool(status and status.closed)
    derived: Row = {
        "IsClosed": int(closed),
        "IsHighPriority": int(row.get("Priority") == "High"),
        "AccountId": activity_account(org, row),
    }
    if "Status" in changed:
        derived["CompletedDateTime"] = (row.get("CompletedDateTime") or org.clock.stamp()) if closed else None
    if row.get("TaskSubtype") is None:
        derived["TaskSubtype"] = "Task"
    return derived


@behaviour("event times", "uncertain", "inferred from a real describe of Event")
def _event(org: Org, row: Row, changed: frozenset[str]) -> Row:
    """An event's start, end and duration always agree; one of end and duration is enough."""
    derived: Row = {"AccountId": activity_account(org, row), "EventSubtype": row.get("EventSubtype") or "Event"}
    all_day = bool(row.get("IsAllDayEvent"))
    start_text = row.get("StartDateTime") if "ActivityDateTime" not in changed else row.get("ActivityDateTime")
    if start_text is None and row.get("ActivityDate"):
        start_text = f"{row['ActivityDate']}T00:00:00.000Z"
    if start_text is None:
        raise refuse(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [ActivityDateTime]", fields=["ActivityDateTime"]
        )
    start = from_iso_z(str(start_text))
    end = _event_end(row, changed, start, all_day=all_day)
    if end < start:
        raise refuse("FIELD_INTEGRITY_EXCEPTION", "End date must be after start date: End", fields=["EndDateTime"])
    minutes = int((end - start).total_seconds() // 60)
    derived |= {
        "StartDateTime": iso_z(start),
        "ActivityDateTime": None if all_day else iso_z(start),
        "ActivityDate": start.date().isoformat(),
        "EndDateTime": iso_z(end),
        "EndDate": end.date().isoformat(),
        "DurationInMinutes": minutes + 1440 if all_day else minutes,
    }
    return derived


def _event_end(row: Row, changed: frozenset[str], start: datetime, *, all_day: bool) -> datetime:
    given, minutes = row.get("EndDateTime"), row.get("DurationInMinutes")
    if given is not None and ("EndDateTime" in changed or "DurationInMinutes" not in changed):
        return from_iso_z(str(given))
    if minutes is not None:
        return start + timedelta(minutes=max(int(minutes) - 1440, 0) if all_day else int(minutes))
    if all_day:
        return start
    raise refuse(
        "REQUIRED_FIELD_MISSING", "Required fields are missing: [DurationInMinutes]", fields=["DurationInMinutes"]
    )


def activity_account(org: Org, row: Row) -> str | None:
    """The account that a task or event belongs to: the related record's, else the contact's."""
    what, who = row.get("WhatId"), row.get("WhoId")
    schema, store = org.schema, org.store
    if isinstance(what, str):
        if what.startswith("001"):
            return what
        if what.startswith("006"):
            found = store.row(schema.object("Opportunity"), what)
            if found and found["AccountId"]:
                return str(found["AccountId"])
    if isinstance(who, str) and who.startswith("003"):
        found = store.row(schema.object("Contact"), who)
        if found and found["AccountId"]:
            return str(found["AccountId"])
    return None


def _campaign_member(org: Org, row: Row, changed: frozenset[str]) -> Row:
    statuses = org.store.rows_where(org.schema.object("CampaignMemberStatus"), {"CampaignId": row.get("CampaignId")})
    responded = {str(each["Label"]) for each in statuses if each["HasResponded"]} or {"Responded"}
    has_responded = row.get("Status") in responded
    derived: Row = {
        "HasResponded": int(has_responded),
        "LeadOrContactId": row.get("ContactId") or row.get("LeadId"),
        "Type": "Contact" if row.get("ContactId") else "Lead",
    }
    if "Status" in changed and has_responded and not row.get("FirstRespondedDate"):
        derived["FirstRespondedDate"] = org.clock.now().date().isoformat()
    return derived


_DERIVED: dict[str, Callable[[Org, Row, frozenset[str]], Row]] = {
    "Lead": _person,
    "Contact": _contact,
    "User": _person,
    "Opportunity": _opportunity,
    "Task": _task,
    "Event": _event,
    "CampaignMember": _campaign_member,
}

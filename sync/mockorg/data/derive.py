"""What follows from loaded rows: names, stages' flags, tasks' accounts, last activities, counts.

Values that a file gives are kept. The rest is worked out in SQL over whole tables, so that a million rows take
seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..derived import derive
from ..forecast import forecast_category
from ..rules import formula_columns
from ..store import quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..org import Org
    from ..schema import ObjectType, Value

_NAME = (
    'UPDATE "{table}" SET "Name" = TRIM(COALESCE("FirstName" || \' \', \'\') || COALESCE("LastName", \'\')) '
    'WHERE "Name" IS NULL'
)
_STAMPS = (
    'UPDATE {table} SET "{missing}" = COALESCE({others}) WHERE "{missing}" IS NULL AND COALESCE({others}) IS NOT NULL'
)
_LAST = """
UPDATE {table} SET "LastActivityDate" = (
  SELECT MAX(due) FROM (
    SELECT MAX("ActivityDate") AS due FROM "Event" WHERE "{column}" = {table}."Id" AND "IsDeleted" = 0
    UNION ALL
    SELECT MAX("ActivityDate") FROM "Task" WHERE "{column}" = {table}."Id" AND "IsClosed" = 1 AND "IsDeleted" = 0
  )
) WHERE "Id" IN (SELECT "{column}" FROM "Event" UNION SELECT "{column}" FROM "Task")
"""
_LAST_ACTIVITY = {"Lead": "WhoId", "Contact": "WhoId", "Account": "AccountId", "Opportunity": "WhatId"}


def derive_loaded(org: Org, type_: ObjectType, given: frozenset[str], complete: frozenset[str]) -> None:
    """Fill what a file of this object left out: it had the columns `given`, of which `complete` have no blank cell."""
    _stamps(org, type_, complete)
    work = _WORK.get(type_.name)
    if work is not None:
        work(org, given)
    if any(field.formula for field in type_.fields):
        _formulas(org, type_)
    if type_.name in {"Task", "Event"}:
        for name, column in _LAST_ACTIVITY.items():
            _execute(org, _LAST.format(table=quoted(name), column=column))
    if "IsDeleted" in given and type_.field("SystemModstamp"):
        _execute(
            org,
            f'INSERT OR IGNORE INTO _deleted SELECT \'{type_.name}\', "Id", "SystemModstamp" '  # noqa: S608 - names are the schema's
            f'FROM {quoted(type_.name)} WHERE "IsDeleted" = 1',
        )


def _execute(org: Org, sql: str, *values: Value) -> None:
    org.store.db.execute(sql, values)


def _stamps(org: Org, type_: ObjectType, complete: frozenset[str]) -> None:
    names = [name for name in ("SystemModstamp", "LastModifiedDate", "CreatedDate") if type_.field(name)]
    for missing in names:
        if missing in complete:
            continue
        others = ", ".join(quoted(name) for name in names if name != missing)
        if others:
            listed = f"{others}, NULL"
            _execute(org, _STAMPS.format(table=quoted(type_.name), missing=missing, others=listed))
    stamp = org.clock.stamp()
    for name in (each for each in names if each not in complete):
        _execute(org, f'UPDATE {quoted(type_.name)} SET "{name}" = ? WHERE "{name}" IS NULL', stamp)  # noqa: S608 - names are the schema's
    for name in ("OwnerId", "CreatedById", "LastModifiedById"):
        if type_.field(name) and name not in complete:
            _execute(org, f'UPDATE {quoted(type_.name)} SET "{name}" = ? WHERE "{name}" IS NULL', org.access.admin.id)  # noqa: S608 - as above


def _person(table: str) -> Callable[[Org, frozenset[str]], None]:
    def work(org: Org, _given: frozenset[str]) -> None:
        _execute(org, _NAME.format(table=table))
        if table == "Lead":
            default = next((each.name for each in org.settings.lead_statuses if each.default), None)
            _execute(org, 'UPDATE "Lead" SET "Status" = ? WHERE "Status" IS NULL', default)

    return work


def _opportunity(org: Org, given: frozenset[str]) -> None:
    for stage in org.settings.opportunity_stages:
        for column, value in (("IsClosed", int(stage.closed)), ("IsWon", int(stage.won))):
            if column not in given:
                _execute(org, f'UPDATE "Opportunity" SET "{column}" = ? WHERE "StageName" = ?', value, stage.name)  # noqa: S608 - constant
        for column, text in (("Probability", stage.probability), ("ForecastCategoryName", stage.forecast)):
            _execute(
                org,
                f'UPDATE "Opportunity" SET "{column}" = ? WHERE "StageName" = ? AND "{column}" IS NULL',  # noqa: S608 - constant
                text,
                stage.name,
            )
        _execute(
            org,
            'UPDATE "Opportunity" SET "ForecastCategory" = ? '
            'WHERE "ForecastCategoryName" = ? AND "ForecastCategory" IS NULL',
            forecast_category(stage.forecast),
            stage.forecast,
        )
    _execute(
        org,
        'UPDATE "Opportunity" SET "ExpectedRevenue" = "Amount" * COALESCE("Probability", 0) / 100 '
        'WHERE "ExpectedRevenue" IS NULL AND "Amount" IS NOT NULL',
    )
    if "FiscalYear" not in given:
        _fiscal_periods(org)


def _fiscal_periods(org: Org) -> None:
    start = org.settings.organization.fiscal_year_start_month
    month = 'CAST(SUBSTR("CloseDate", 6, 2) AS INTEGER)'
    year = f'CAST(SUBSTR("CloseDate", 1, 4) AS INTEGER) + ({int(start > 1)} AND {month} >= {start})'
    quarter = f"(({month} - {start} + 12) % 12) / 3 + 1"
    _execute(
        org,
        f'UPDATE "Opportunity" SET "FiscalYear" = {year}, "FiscalQuarter" = {quarter}, '  # noqa: S608 - numbers
        f'"Fiscal" = ({year}) || \' \' || ({quarter}) WHERE "CloseDate" IS NOT NULL',
    )


def _activity_accounts(org: Org, table: str) -> None:
    _execute(
        org,
        f"""UPDATE "{table}" SET "AccountId" = COALESCE(
              CASE SUBSTR("WhatId", 1, 3)
                WHEN '001' THEN "WhatId"
                WHEN '006' THEN (SELECT "AccountId" FROM "Opportunity" WHERE "Id" = "{table}"."WhatId") END,
              (SELECT "AccountId" FROM "Contact" WHERE "Id" = "{table}"."WhoId"))
            WHERE "AccountId" IS NULL AND ("WhatId" IS NOT NULL OR "WhoId" IS NOT NULL)""",  # noqa: S608 - constant
    )


def _task(org: Org, given: frozenset[str]) -> None:
    default = next((each.name for each in org.settings.task_statuses if each.default), None)
    _execute(org, 'UPDATE "Task" SET "Status" = ? WHERE "Status" IS NULL', default)
    for status in org.settings.task_statuses:
        if "IsClosed" not in given:
            _execute(org, 'UPDATE "Task" SET "IsClosed" = ? WHERE "Status" = ?', int(status.closed), status.name)
    _execute(org, 'UPDATE "Task" SET "IsHighPriority" = ("Priority" = \'High\') WHERE "Priority" IS NOT NULL')
    _execute(org, 'UPDATE "Task" SET "TaskSubtype" = \'Task\' WHERE "TaskSubtype" IS NULL')
    _execute(
        org,
        'UPDATE "Task" SET "CompletedDateTime" = "LastModifiedDate" '
        'WHERE "IsClosed" = 1 AND "CompletedDateTime" IS NULL',
    )
    _activity_accounts(org, "Task")


def _event(org: Org, _given: frozenset[str]) -> None:
    type_ = org.schema.object("Event")
    unfinished = (
        '("StartDateTime" IS NULL OR "EndDateTime" IS NULL OR "DurationInMinutes" IS NULL OR "ActivityDate" IS NULL)'
    )
    for row in org.store.select(type_, f'{unfinished} AND "_pending" IS NULL'):
        if row["EndDateTime"] is None and row["DurationInMinutes"] is None:
            row["DurationInMinutes"] = 60
        if row["StartDateTime"] is None and row["ActivityDateTime"] is None and row["ActivityDate"] is None:
            continue
        changed = frozenset(name for name, value in row.items() if value is not None)
        org.store.update(type_, str(row["Id"]), derive(org, "Event", row, changed))
    _execute(org, 'UPDATE "Event" SET "EventSubtype" = \'Event\' WHERE "EventSubtype" IS NULL')
    _activity_accounts(org, "Event")


def _campaign_member(org: Org, given: frozenset[str]) -> None:
    if "HasResponded" not in given:
        _execute(
            org, 'UPDATE "CampaignMember" SET "HasResponded" = ("Status" = \'Responded\') WHERE "Status" IS NOT NULL'
        )
    _execute(
        org,
        'UPDATE "CampaignMember" SET "LeadOrContactId" = COALESCE("ContactId", "LeadId"), '
        "\"Type\" = CASE WHEN \"ContactId\" IS NULL THEN 'Lead' ELSE 'Contact' END",
    )
    for column, condition in (
        ("NumberOfLeads", '"LeadId" IS NOT NULL'),
        ("NumberOfConvertedLeads", '"LeadId" IS NOT NULL AND "ContactId" IS NOT NULL'),
        ("NumberOfContacts", '"ContactId" IS NOT NULL'),
    ):
        _execute(
            org,
            f'UPDATE "Campaign" SET "{column}" = (SELECT COUNT(*) FROM "CampaignMember" '  # noqa: S608 - constant
            f'WHERE "CampaignId" = "Campaign"."Id" AND "IsDeleted" = 0 AND {condition})',
        )


def _formulas(org: Org, type_: ObjectType) -> None:
    for row in org.store.select(type_, '"_pending" IS NULL'):
        org.store.update(type_, str(row["Id"]), formula_columns(org, type_, row))


_WORK: dict[str, Callable[[Org, frozenset[str]], None]] = {
    "Lead": _person("Lead"),
    "Contact": _person("Contact"),
    "Opportunity": _opportunity,
    "Task": _task,
    "Event": _event,
    "CampaignMember": _campaign_member,
}

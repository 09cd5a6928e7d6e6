"""Columns that follow from other records: an activity's date on everybody concerned, a campaign's counts.

They move SystemModstamp and not LastModifiedDate, since no user edited those records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .behaviours import behaviour

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .org import Org
    from .schema import Value
    from .store import Row

_PARENTS = {"00Q": "Lead", "003": "Contact", "001": "Account", "006": "Opportunity", "701": "Campaign"}
_COLUMNS = {"00Q": "WhoId", "003": "WhoId", "001": "AccountId", "006": "WhatId", "701": "WhatId"}
_LAST = """
SELECT MAX(due) FROM (
  SELECT "ActivityDate" AS due FROM "Event" WHERE {column} = :id AND "IsDeleted" = 0 AND "_pending" IS NULL
  UNION ALL
  SELECT "ActivityDate" FROM "Task" WHERE {column} = :id AND "IsClosed" = 1 AND "IsDeleted" = 0 AND "_pending" IS NULL
)
"""


@behaviour("LastActivityDate", "confirmed", "Object Reference: Lead")
def roll_up_activities(org: Org, *activities: Row | None) -> None:
    """Set LastActivityDate on everything that the given activities relate to (old and new state of one, or several).

    It is the later of the due dates of the latest event and the latest closed task, not when something happened.
    """
    touched: set[str] = set()
    for row in activities:
        if row is not None:
            touched |= {str(row[name]) for name in ("WhoId", "WhatId", "AccountId") if row.get(name)}
    for record_id in sorted(touched):
        _set_last_activity(org, record_id)


def _set_last_activity(org: Org, record_id: str) -> None:
    prefix = record_id[:3]
    if prefix not in _PARENTS:
        return
    type_ = org.schema.object(_PARENTS[prefix])
    row = org.store.row(type_, record_id)
    if row is None or "LastActivityDate" not in row:
        return
    query = _LAST.format(column=f'"{_COLUMNS[prefix]}"')
    last = org.store.db.execute(query, {"id": record_id}).fetchone()[0]
    if row["LastActivityDate"] != last:
        org.store.update(type_, record_id, {"LastActivityDate": last, "SystemModstamp": org.clock.stamp()})


@behaviour("campaign counts", "uncertain", "inferred")
def roll_up_campaigns(org: Org, campaign_ids: Iterable[Value]) -> None:
    """Set a campaign's counts of leads, converted leads, contacts and opportunities."""
    type_ = org.schema.object("Campaign")
    for campaign_id in {each for each in campaign_ids if isinstance(each, str)}:
        members = org.store.rows_where(org.schema.object("CampaignMember"), {"CampaignId": campaign_id})
        leads = [each for each in members if each["LeadId"]]
        converted = [each for each in leads if each["ContactId"]]
        counts: Row = {
            "NumberOfLeads": len(leads),
            "NumberOfConvertedLeads": len(converted),
            "NumberOfContacts": sum(1 for each in members if each["ContactId"]),
            "NumberOfOpportunities": len(
                org.store.rows_where(org.schema.object("Opportunity"), {"CampaignId": campaign_id})
            ),
        }
        row = org.store.row(type_, campaign_id)
        if row is not None and any(row[name] != value for name, value in counts.items()):
            org.store.update(type_, campaign_id, counts | {"SystemModstamp": org.clock.stamp()})

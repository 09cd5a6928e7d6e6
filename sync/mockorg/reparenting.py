"""What moves with a converted lead: its tasks and events, and its campaign memberships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .behaviours import behaviour
from .derived import activity_account
from .rollups import roll_up_activities, roll_up_campaigns

if TYPE_CHECKING:
    from .access import User
    from .org import Org
    from .store import Row


@behaviour("activities move to the contact and the opportunity", "uncertain", "field practice")
def carry_activities(org: Org, user: User, lead_id: str, *, contact_id: str, what_id: str, owner_id: str) -> None:
    """Tasks and events of the lead point to the contact and to the opportunity (without one, the account).

    Open tasks of the converting user go to the owner of the new records; nobody else's change hands.
    """
    stamp = org.clock.stamp()
    for object_name in ("Task", "Event"):
        type_ = org.schema.object(object_name)
        for before in org.store.rows_where(type_, {"WhoId": lead_id}):
            changes: Row = {
                "WhoId": contact_id,
                "WhatId": before["WhatId"] or what_id,
                "LastModifiedDate": stamp,
                "LastModifiedById": user.id,
                "SystemModstamp": stamp,
            }
            if object_name == "Task" and not before["IsClosed"] and before["OwnerId"] == user.id:
                changes["OwnerId"] = owner_id
            changes["AccountId"] = activity_account(org, before | changes)
            org.store.update(type_, str(before["Id"]), changes)
            roll_up_activities(org, before | changes)


@behaviour("campaign memberships get the contact", "uncertain", "inferred")
def carry_campaign_members(org: Org, lead_id: str, contact_id: str) -> None:
    """A membership of the lead keeps the lead and gets the contact, unless the contact is a member already."""
    type_ = org.schema.object("CampaignMember")
    stamp = org.clock.stamp()
    for before in org.store.rows_where(type_, {"LeadId": lead_id}):
        others = org.store.rows_where(type_, {"CampaignId": before["CampaignId"], "ContactId": contact_id})
        if not others:
            changes: Row = {
                "ContactId": contact_id,
                "LeadOrContactId": contact_id,
                "Type": "Contact",
                "LastModifiedDate": stamp,
                "SystemModstamp": stamp,
            }
            org.store.update(type_, str(before["Id"]), changes)
        roll_up_campaigns(org, [before["CampaignId"]])


def latest_campaign(org: Org, lead_id: str) -> str | None:
    """The campaign that the lead joined last; it becomes the opportunity's primary campaign source."""
    members = org.store.rows_where(org.schema.object("CampaignMember"), {"LeadId": lead_id})
    members.sort(key=lambda each: (str(each["CreatedDate"]), str(each["Id"])))
    return str(members[-1]["CampaignId"]) if members else None

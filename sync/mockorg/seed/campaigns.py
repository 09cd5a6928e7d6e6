"""Campaigns, and the leads and contacts that were sent them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import staff
from .world import Row, World, stamped

if TYPE_CHECKING:
    from datetime import datetime

_CAMPAIGNS = (
    ("Spring webinar: month-end in a day", "Webinar"),
    ("Trade fair Leipzig", "Trade Show"),
    ("Newsletter: case studies", "Email"),
    ("Partner breakfast", "Conference"),
)
_SHARE_OF_LEADS = 0.2


def add_campaigns(world: World) -> None:
    """Write the campaigns, with a fifth of the leads as members; a converted lead's row names its contact too."""
    keys = []
    for name, kind in _CAMPAIGNS:
        start = world.calendar.ago(60, 300)
        row: Row = {
            "Name": name,
            "Type": kind,
            "Status": "Completed",
            "IsActive": True,
            "StartDate": start.date(),
            "EndDate": start.date(),
            "OwnerId": staff.MANAGER.key,
        }
        keys.append(
            world.add("Campaign", stamped(row, created=world.calendar.before(start, 10, 30), by=staff.MANAGER.key))
        )
    for lead in world.rows["Lead"]:
        if lead["IsDeleted"] or world.rng.random() >= _SHARE_OF_LEADS:
            continue
        created: datetime = lead["CreatedDate"]  # type: ignore[assignment]  # leads are stamped with datetimes
        responded = world.rng.random() < 0.3
        member: Row = {
            "CampaignId": world.rng.choice(keys),
            "LeadId": lead["Id"],
            "ContactId": lead.get("ConvertedContactId"),
            "Status": "Responded" if responded else "Sent",
            "HasResponded": responded,
            "FirstRespondedDate": created.date() if responded else None,
        }
        world.add("CampaignMember", stamped(member, created=created, by=staff.MANAGER.key))

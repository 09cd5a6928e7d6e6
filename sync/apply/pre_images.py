"""Taking pre-images: what leads that are about to be converted are, saved before any intent of theirs is committed.

The lead's own fields come with the re-read that the precondition is checked by; what hangs on it takes one composite
call for every 560 leads, or a little more. An object that the org or the user doesn't have is recorded as unreadable;
anything else that can't be read stops the run, like a lead that can't be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sync.errors import OrgFault
from sync.model import Record
from sync.plan.pre_image import ActivityImage, MemberImage, PreImage, PreImages
from sync.salesforce.lead_fields import FACTS, restorable
from sync.salesforce.org import AskRows, OrgReader, Rows
from sync.salesforce.soql import in_lists, soql

_HANGING: Mapping[str, str] = {
    "Task": "SELECT Id, WhoId, WhatId, OwnerId FROM Task WHERE WhoId IN {leads}",
    "Event": "SELECT Id, WhoId, WhatId, OwnerId FROM Event WHERE WhoId IN {leads}",
    "CampaignMember": "SELECT Id, LeadId, CampaignId, Status FROM CampaignMember WHERE LeadId IN {leads}",
    "ContentDocumentLink": "SELECT LinkedEntityId, ContentDocumentId FROM ContentDocumentLink "
    "WHERE LinkedEntityId IN {leads}",
}
_LEAD_COLUMN = {"Task": "WhoId", "Event": "WhoId", "CampaignMember": "LeadId", "ContentDocumentLink": "LinkedEntityId"}
_NO_SUCH = {"INVALID_TYPE", "INVALID_FIELD", "INSUFFICIENT_ACCESS", "NOT_FOUND"}


def fields_to_keep(org: OrgReader) -> list[str]:
    """API names to read of a lead, so that its pre-image can be taken; describes what hangs on it in the same call."""
    lead = org.describe_many(["Lead", *_HANGING])["Lead"]
    return [] if lead is None else [*restorable(lead), *(name for name in FACTS if lead.field(name))]


def save_pre_images(org: OrgReader, store: PreImages, leads: Mapping[str, Record], *, read_at: datetime) -> None:
    """Save what these leads are.

    Args:
        org: The org.
        store: Where to.
        leads: Lead id → the lead as just read, with `fields_to_keep`.
        read_at: The org's clock just before that.

    Raises:
        LeadgateError: They can't be saved.
        AccessRefused, OrgUnavailable, OrgFault: What hangs on them can't be read.
    """
    if not leads:
        return
    describes = org.describe_many(["Lead", *_HANGING])
    lead_describe = describes["Lead"]
    if lead_describe is None:
        raise OrgFault("the org has no Lead for this user", place="Lead", code="INVALID_TYPE")
    names = restorable(lead_describe)
    readable = [name for name in _HANGING if (found := describes[name]) is not None and found.queryable]
    rows, refused = _hanging(org, readable, list(leads))
    unreadable = tuple(sorted({*_HANGING} - {*readable} | refused))
    store.save(
        [
            PreImage(
                org_id=org.identity.org_id,
                lead_id=lead_id,
                taken_at=read_at,
                system_modstamp=str(lead["SystemModstamp"]),
                fields={name: lead.get(name) for name in names},
                facts={name: lead.get(name) for name in FACTS},
                activities=tuple(
                    ActivityImage(id=str(row["Id"]), what_id=_text(row, "WhatId"), owner_id=_text(row, "OwnerId"))
                    for name in ("Task", "Event")
                    for row in rows.get((name, lead_id), ())
                ),
                members=tuple(
                    MemberImage(id=str(row["Id"]), campaign_id=str(row["CampaignId"]), status=_text(row, "Status"))
                    for row in rows.get(("CampaignMember", lead_id), ())
                ),
                files=tuple(str(row["ContentDocumentId"]) for row in rows.get(("ContentDocumentLink", lead_id), ())),
                unreadable=unreadable,
            )
            for lead_id, lead in leads.items()
        ]
    )


def _hanging(
    org: OrgReader, readable: Sequence[str], lead_ids: Sequence[str]
) -> tuple[dict[tuple[str, str], list[Record]], set[str]]:
    """(Object, lead id) → rows that hang on the lead; and the objects that the org refused to read after all."""
    asked = [(name, chunk) for chunk in in_lists(lead_ids) for name in readable]
    answers = org.ask([AskRows(soql=soql(_HANGING[name], leads=chunk), all_rows=False) for name, chunk in asked])
    found: dict[tuple[str, str], list[Record]] = {}
    refused: set[str] = set()
    for (name, _), answer in zip(asked, answers, strict=True):
        if isinstance(answer, Rows):
            for row in answer.records:
                found.setdefault((name, str(row[_LEAD_COLUMN[name]])), []).append(row)
        elif isinstance(answer, OrgFault) and answer.code in _NO_SUCH:
            refused.add(name)
        elif isinstance(answer, OrgFault):
            raise answer
    return found, refused


def _text(row: Record, name: str) -> str | None:
    value = row.get(name)
    return str(value) if value else None

"""What a lead was before it was converted: fields, activities, campaign memberships, files.

`apply` takes it with the very read that its precondition is checked by, and saves it before the intent is committed;
a compensation plan names its digest, and a new lead is made from it. It holds a person's data: it is kept in the state
folder (`sync.pre_image_store`) and never in a plan, the ledger or a log. Pure.

As JSON: `format, org_id, lead_id, taken_at, system_modstamp, fields{}, facts{}, activities[] {id, what_id, owner_id},
members[] {id, campaign_id, status}, files[], unreadable[]`; a number that isn't whole is `{"decimal": "12.50"}`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import ceil
from typing import Protocol

from sync.errors import LeadgateError
from sync.model import Record, Value

FORMAT = 1
"""Version of the JSON form."""

_QUERIES, _LEADS_IN_QUERY, _QUERIES_IN_CALL = 4, 560, 5
"""Tasks, events, memberships and files are asked for; as `sync.apply.pre_images` does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityImage:
    """A task or event of the lead; ids only, since the record itself lives on."""

    id: str
    what_id: str | None
    owner_id: str | None

    @property
    def object(self) -> str:
        """`Task` or `Event`."""
        return object_of(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberImage:
    """A campaign membership of the lead."""

    id: str
    campaign_id: str
    status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreImage:
    """A lead before its conversion."""

    org_id: str
    lead_id: str
    taken_at: datetime
    """By the org's clock, just before the read: whatever the conversion makes is younger."""
    system_modstamp: str
    """As the org sent it."""
    fields: Record
    """Every field that the org would take back on create, by API name, as JSON gave it."""
    facts: Record
    """What can't be given back: when and by whom it was made and last changed."""
    activities: tuple[ActivityImage, ...] = ()
    members: tuple[MemberImage, ...] = ()
    files: tuple[str, ...] = ()
    """ContentDocument ids."""
    unreadable: tuple[str, ...] = ()
    """Objects that the org or the user doesn't have."""

    @property
    def filled(self) -> dict[str, Value]:
        """The fields that a new lead is given."""
        return {name: value for name, value in sorted(self.fields.items()) if value not in (None, "")}


class PreImages(Protocol):
    """Where pre-images are kept."""

    def save(self, images: Sequence[PreImage]) -> None:
        """Keep them durably, all or, raising `LeadgateError`, none; an earlier one of a lead is replaced."""
        ...

    def get(self, org_id: str, lead_id: str) -> PreImage | None:
        """The lead's; `None` where there is none (any more)."""
        ...


def known_rows(images: Sequence[PreImage]) -> set[str]:
    """Ids of rows that hung on the leads before, and of the leads: none of them is a use of what a conversion made."""
    return {
        *(image.lead_id for image in images),
        *(member.id for image in images for member in image.members),
        *(file for image in images for file in image.files),
    }


def object_of(activity_id: str) -> str:
    """The object of a task's or event's id, by its key prefix (Object Reference: 00T, 00U)."""
    return "Task" if activity_id.startswith("00T") else "Event"


def encode(image: PreImage) -> str:
    """The pre-image as canonical JSON."""
    document = {
        "format": FORMAT,
        "org_id": image.org_id,
        "lead_id": image.lead_id,
        "taken_at": image.taken_at.astimezone(UTC).isoformat(),
        "system_modstamp": image.system_modstamp,
        "fields": dict(image.fields),
        "facts": dict(image.facts),
        "activities": [{"id": a.id, "what_id": a.what_id, "owner_id": a.owner_id} for a in image.activities],
        "members": [{"id": m.id, "campaign_id": m.campaign_id, "status": m.status} for m in image.members],
        "files": list(image.files),
        "unreadable": list(image.unreadable),
    }
    return json.dumps(document, ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=_written)


def decode(text: str) -> PreImage:
    """The pre-image of its JSON.

    Raises:
        LeadgateError: It was written by another version, or damaged.
    """
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise LeadgateError(
                f"a pre-image has format {document['format']}; this leadgate reads format {FORMAT}",
                fix="use the version of leadgate that wrote it, or a newer one",
                code="pre_image_unreadable",
            )
        return PreImage(
            org_id=document["org_id"],
            lead_id=document["lead_id"],
            taken_at=datetime.fromisoformat(document["taken_at"]),
            system_modstamp=document["system_modstamp"],
            fields={name: _read(value) for name, value in document["fields"].items()},
            facts={name: _read(value) for name, value in document["facts"].items()},
            activities=tuple(
                ActivityImage(id=one["id"], what_id=one["what_id"], owner_id=one["owner_id"])
                for one in document["activities"]
            ),
            members=tuple(
                MemberImage(id=one["id"], campaign_id=one["campaign_id"], status=one["status"])
                for one in document["members"]
            ),
            files=tuple(document["files"]),
            unreadable=tuple(document["unreadable"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as broken:
        raise LeadgateError(
            f"a pre-image can't be read: {type(broken).__name__}",
            fix="the file was damaged or changed; there is no other copy",
            code="pre_image_unreadable",
        ) from None


def _written(value: object) -> dict[str, str]:
    """A decimal, exactly: money must come back to the last digit."""
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    raise TypeError(f"{type(value).__name__} is no value of a lead as JSON gave it")


def _read(value: object) -> Value:
    match value:
        case {"decimal": str(text)}:
            return Decimal(text)
        case None | str() | bool() | int() | float():
            return value
        case _:
            raise TypeError("no value of a lead")


def digest(image: PreImage) -> str:
    """What pins a pre-image in a plan: SHA-256 of its canonical JSON."""
    return hashlib.sha256(encode(image).encode()).hexdigest()


def calls_for(leads: int) -> int:
    """API calls that taking that many pre-images adds: a describe, and four queries for every 560 leads, by fives."""
    return 1 + ceil(_QUERIES * ceil(leads / _LEADS_IN_QUERY) / _QUERIES_IN_CALL) if leads else 0

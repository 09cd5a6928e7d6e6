"""What conversions made: told from what they attached to by ledger and time, with who changed it last.

Part of drawing up a compensation (`sync.insight.compensating`). A record counts as made by the conversion of a lead if
it is younger than the lead's pre-image, made by leadgate's user, and no other conversion of the run came to it first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.ledger.entries import Entry, State
from sync.ledger.store import Ledger
from sync.plan.compensation import DELETION_ORDER, Kept
from sync.plan.pre_image import PreImage
from sync.plan.unused import MadeRecord
from sync.salesforce.org import OrgReader
from sync.salesforce.values import moment_of

OWN_CHANGES = timedelta(minutes=2)
"""How long after its creation, or leadgate's last write to it, a record's last change can still be leadgate's own."""

_RECORD = ("Id", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById")


@dataclass(frozen=True, slots=True)
class ConvertedLead:
    """A converted lead that can be compensated."""

    entry: Entry
    image: PreImage

    @property
    def id(self) -> str:
        """The lead's id."""
        return self.entry.subject.lead_id


def made_records(org: OrgReader, ledger: Ledger, leads: Sequence[ConvertedLead]) -> Iterator[MadeRecord | Kept]:
    """What these conversions made, in the order of deletion; what they attached to or what is gone is kept."""
    makers = _makers(ledger, leads)
    users = users_of(org, ledger, leads)
    last = _last_writes(ledger, leads)
    for name in DELETION_ORDER:
        of = {record_id: lead for lead in leads if (record_id := _id_of(lead.entry, name)) is not None}
        ids = sorted(of)
        rows = org.retrieve(name, ids, _RECORD) if ids else []
        for record_id, row in zip(ids, rows, strict=True):
            maker = makers[record_id]
            lead = next((one for one in leads if one.id == maker), of[record_id])
            if row is None:
                yield kept(lead.id, name, record_id, "gone")
                continue
            created = moment_of(str(row["CreatedDate"]))
            if created < lead.image.taken_at.replace(microsecond=0) or row["CreatedById"] not in users:
                yield kept(lead.id, name, record_id, "existed_before")
            elif maker != lead.id:
                yield kept(lead.id, name, record_id, "made_for_another_lead", (maker,))
            else:
                yield MadeRecord(
                    object=name,
                    id=record_id,
                    lead_id=lead.id,
                    created_at=created,
                    created_by=str(row["CreatedById"]),
                    modified_at=moment_of(str(row["LastModifiedDate"])),
                    modified_by=str(row["LastModifiedById"]),
                    ours_until=created + max(timedelta(0), last[record_id] - lead.entry.changed_at) + OWN_CHANGES,
                )


def _makers(ledger: Ledger, leads: Sequence[ConvertedLead]) -> dict[str, str]:
    """Record id → the lead whose conversion came first to it, in the runs of these leads."""
    makers: dict[str, str] = {}
    for run_id in dict.fromkeys(lead.entry.run_id for lead in leads):
        for entry in ledger.run_entries(run_id):
            if entry.subject.kind != "convert_lead" or entry.state is not State.APPLIED:
                continue
            for name in DELETION_ORDER:
                if (record_id := _id_of(entry, name)) is not None:
                    makers.setdefault(record_id, entry.subject.lead_id)
    return makers


def _last_writes(ledger: Ledger, leads: Sequence[ConvertedLead]) -> dict[str, datetime]:
    """Record id → when leadgate's last write to it was settled: a conversion that attached to it, or a follow-up."""
    last: dict[str, datetime] = {}
    for lead in leads:
        for name in DELETION_ORDER:
            if (record_id := _id_of(lead.entry, name)) is not None:
                last[record_id] = max(lead.entry.changed_at, last.get(record_id, lead.entry.changed_at))
    follow_ups = ledger.follow_ups(leads[0].entry.org_id, list(last)) if leads else ()
    for entry in follow_ups:
        last[entry.subject.target] = max(entry.changed_at, last[entry.subject.target])
    return last


def users_of(org: OrgReader, ledger: Ledger, leads: Sequence[ConvertedLead]) -> set[str]:
    """The users that leadgate ran as when it converted these leads, and runs as now."""
    runs = {lead.entry.run_id for lead in leads}
    ours = {run.start.user_id for run in ledger.runs(org.identity.org_id) if run.run_id in runs}
    return {org.identity.user_id, *ours}


def _id_of(entry: Entry, object_name: str) -> str | None:
    made: Mapping[str, str | None] = {
        "Account": entry.made.account_id,
        "Contact": entry.made.contact_id,
        "Opportunity": entry.made.opportunity_id,
    }
    return made[object_name]


def kept(lead_id: str, object_name: str, record_id: str, code: str, records: Sequence[str] = ()) -> Kept:
    """Something that is left as it is."""
    return Kept(lead_id=lead_id, object=object_name, record_id=record_id, code=code, records=tuple(records))

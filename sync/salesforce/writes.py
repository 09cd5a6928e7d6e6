"""What may be asked of an org that changes it, and the answer that each record gets.

`Unknown` is an answer too. Values of `sync.salesforce.org`, where they are imported from.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sync.model import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedRecord:
    """A record that a duplicate rule found."""

    object: str
    id: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateFinding:
    """One duplicate rule's verdict on one set of values (`findDuplicates`, no write)."""

    rule: str
    object: str
    blocks: bool | None
    """`allowSave` negated; `None` when the answer doesn't tell."""
    matches: tuple[MatchedRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The org did it."""

    id: str
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    created: bool = False
    """`id` is that of a new record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The org said no and did nothing: its own code, its own words (no record contents beyond them)."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    matches: tuple[MatchedRecord, ...] = ()
    retryable: bool = False
    """The table of faults says that the same request may succeed later (row lock, busy)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The record moved after the `If-Unmodified-Since` that the write carried (412): somebody's edit wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """Certainly never executed: refused before the effect (quota, no connection, call-level fault, earlier stop)."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """No trustworthy answer; the effect may have happened. Only reading back decides."""

    code: str
    message: str


Answer = Accepted | Refused | Changed | NotSent | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordUpdate:
    """New values for one record, by API name; `unmodified_since` makes the write conditional."""

    object: str
    id: str
    values: Record
    unmodified_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCreate:
    """A new record's values by API name."""

    object: str
    values: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadConvert:
    """One lead's conversion, field for field the WSDL's LeadConvert (SOAP partner API)."""

    lead_id: str
    converted_status: str
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    opportunity_name: str | None = None
    create_opportunity: bool = True
    owner_id: str | None = None
    overwrite_lead_source: bool = False
    send_notification_email: bool = False

"""The door to Salesforce, in our words: what may be read, and what only `apply` may write.

`OrgReader` is all that pull, check and plan ever hold; `Org` adds the writes. Both speak API names (`Lead`, `Status`)
and values as `sync.model.Value`; nothing of HTTP shows. `sync.salesforce.client` implements them; tests and users'
CI run the same implementation against the mock org.

A write never raises for a single record: each record gets an `Answer`. `Unknown` is an answer too: the request may or
may not have taken effect, and only reading the org back can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sync.errors import OrgFault
from sync.model import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are, and where: from the identity URL and the Organization row."""

    org_id: str
    user_id: str
    username: str
    instance_url: str
    api_version: str
    is_sandbox: bool | None = None
    org_name: str | None = None
    token_kind: str = "opaque"  # noqa: S105 -- "opaque" | "jwt"; a JWT-based token can't convert (SOAP refuses it)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """API requests used and allowed in the running 24 hours, as the last reply told (`Sforce-Limit-Info`)."""

    used: int
    allowed: int
    sent_by_us: int = 0

    @property
    def left(self) -> int:
        """Requests still allowed."""
        return max(0, self.allowed - self.used)


@dataclass(frozen=True, slots=True, kw_only=True)
class PicklistValue:
    """A picklist entry of a describe."""

    value: str
    label: str
    active: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDescribe:
    """What a describe says of one field, for the user we run as (hidden fields are simply absent)."""

    name: str
    label: str
    type: str
    length: int = 0
    nillable: bool = True
    createable: bool = False
    updateable: bool = False
    filterable: bool = True
    custom: bool = False
    calculated: bool = False
    defaulted_on_create: bool = False
    restricted_picklist: bool = False
    picklist: tuple[PicklistValue, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTypeInfo:
    """A record type as a describe lists it."""

    id: str
    name: str
    developer_name: str
    active: bool = True
    available: bool = True
    master: bool = False
    default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectDescribe:
    """What a describe says of one object."""

    name: str
    label: str
    key_prefix: str | None
    fields: Mapping[str, FieldDescribe]
    """By API name, in the org's order; look-ups by other capitalisation through `field()`."""
    createable: bool = False
    updateable: bool = False
    deletable: bool = False
    queryable: bool = True
    replicateable: bool = True
    record_types: tuple[RecordTypeInfo, ...] = ()

    def field(self, name: str) -> FieldDescribe | None:
        """The field of that API name, whatever its capitalisation."""
        found = self.fields.get(name)
        if found is not None:
            return found
        wanted = name.casefold()
        return next((f for f in self.fields.values() if f.name.casefold() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadStatus:
    """A row of LeadStatus: the describe's picklist doesn't say which values convert."""

    api_name: str
    label: str
    converted: bool
    default: bool
    order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A row of OpportunityStage."""

    api_name: str
    label: str
    active: bool
    closed: bool
    won: bool
    order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """getUpdated or getDeleted: ids in a window, and up to when the org vouches for them."""

    ids: tuple[str, ...]
    covered_until: datetime
    deleted_at: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRows:
    """A question for `OrgReader.ask`: the rows of a SOQL query."""

    soql: str
    all_rows: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AskUpdated:
    """A question for `OrgReader.ask`: getUpdated."""

    object: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AskDeleted:
    """A question for `OrgReader.ask`: getDeleted."""

    object: str
    start: datetime
    end: datetime


Ask = AskRows | AskUpdated | AskDeleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """All rows of a query, as many as the org's `totalSize` said (else the answer is an `OrgFault`)."""

    records: tuple[Record, ...]
    total: int
    """`totalSize`; the count itself for `SELECT COUNT() …`, which has no records."""


Told = Rows | Changes | OrgFault
"""The answer to one `Ask`; a fault is an answer too, so that one wrong question doesn't spoil the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvPages:
    """A Bulk API 2.0 query's pages on disk: UTF-8 CSV files, each with a header row of API names in SELECT order."""

    job_id: str
    files: tuple[Path, ...]
    records: int
    """Sum of `Sforce-NumberOfRecords`, equal to the job's `numberRecordsProcessed` (else `OrgFault`)."""
    columns: tuple[str, ...]


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
class LeadConvert:
    """One lead's conversion, field for field the WSDL's LeadConvert (wire-contract 1.4)."""

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


class OrgReader(Protocol):
    """Everything that leadgate may ask of an org; raises only AccessRefused, OrgUnavailable and OrgFault."""

    @property
    def identity(self) -> Identity:
        """Who we are; resolved once, at the first use."""
        ...

    def usage(self) -> Usage | None:
        """Quota as last reported by a reply; `None` before the first one. Costs nothing."""
        ...

    @property
    def calls_sent(self) -> int:
        """Signed requests sent so far by this client."""
        ...

    def now(self) -> datetime:
        """The server's clock: the `Date` header of the last reply, moved on by the local clock since."""
        ...

    def limits(self) -> Mapping[str, tuple[int, int]]:
        """`/limits`: name to (maximum, remaining)."""
        ...

    def describe(self, object_name: str) -> ObjectDescribe | None:
        """The object's describe, cached for the life of the client; `None` if the org or user has no such object."""
        ...

    def describe_many(self, object_names: Sequence[str]) -> Mapping[str, ObjectDescribe | None]:
        """Several describes in as few calls as possible."""
        ...

    def lead_statuses(self) -> tuple[LeadStatus, ...]:
        """Every LeadStatus row by SortOrder; cached."""
        ...

    def stages(self) -> tuple[Stage, ...]:
        """Every OpportunityStage row by SortOrder; cached."""
        ...

    def query(self, soql: str, *, all_rows: bool = False) -> Iterator[Record]:
        """Rows of a SOQL query by API name (`Owner.Name` for parents), paged behind the scenes; `all_rows` = queryAll.

        Datetimes, dates, booleans and numbers arrive as `Value`s only where JSON tells (booleans, numbers); text stays
        text. `sync.mirror` types by the mapping.
        """
        ...

    def query_many(self, soqls: Sequence[str], *, all_rows: bool = False) -> list[list[Record]]:
        """Several queries in as few calls as the API allows (composite, five queries a call), all pages fetched."""
        ...

    def count(self, soql: str, *, all_rows: bool = False) -> int:
        """`totalSize` of a `SELECT COUNT() …`."""
        ...

    def count_many(self, soqls: Sequence[str], *, all_rows: bool = False) -> list[int]:
        """Several counts in as few calls as the API allows."""
        ...

    def retrieve(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> list[Record | None]:
        """Records by id in the order asked, 2,000 a call; `None` where there is none that we may see."""
        ...

    def ask(self, questions: Sequence[Ask]) -> list[Told]:
        """Several reads of different kinds in as few calls as the API allows; answers in order, each for itself.

        Questions travel in the order given, 25 to a composite call, at most five of them queries; so a getUpdated that
        stands before a query was answered before it.
        """
        ...

    def updated(self, object_name: str, start: datetime, end: datetime) -> Changes:
        """getUpdated; `covered_until` is the safe watermark (a long transaction holds it back)."""
        ...

    def deleted(self, object_name: str, start: datetime, end: datetime) -> Changes:
        """getDeleted."""
        ...

    def bulk_query(
        self,
        soql: str,
        *,
        folder: Path,
        all_rows: bool = False,
        job_id: str | None = None,
        on_job: Callable[[str], None] = lambda _job_id: None,
        on_progress: Callable[[int], None] = lambda _records: None,
    ) -> CsvPages:
        """A Bulk API 2.0 query streamed to CSV files in `folder`; `job_id` resumes a job made earlier.

        `on_job` hears the job's id as soon as there is one. Raises `OrgFault` when the job failed, was aborted, or the
        pages don't add up.
        """
        ...

    def find_duplicates(self, object_name: str, records: Sequence[Record]) -> list[tuple[DuplicateFinding, ...]]:
        """What the org's active duplicate rules say of these values; nothing is written. 50 a call."""
        ...


class Org(OrgReader, Protocol):
    """An org that may be written to. Only `sync.apply` holds one."""

    def update_guarded(self, updates: Sequence[RecordUpdate]) -> list[Answer]:
        """Conditional row updates, 25 to a composite call, answers in order (`Changed` on 412)."""
        ...

    def update(self, updates: Sequence[RecordUpdate]) -> list[Answer]:
        """Unconditional updates by collections of 200, partial success, answers in order."""
        ...

    def bulk_update(
        self, updates: Sequence[RecordUpdate], *, on_job: Callable[[str], None] = lambda _job_id: None
    ) -> list[Answer]:
        """Updates of one object by Bulk API 2.0 ingest; results joined by Id, never by position."""
        ...

    def convert(self, requests: Sequence[LeadConvert], *, allow_duplicates: bool = False) -> list[Answer]:
        """SOAP convertLead, at most 100 in one call and exactly one call; answers in order.

        A call-level fault that proves that nothing ran gives `NotSent` for each; a lost or unreadable answer gives
        `Unknown` for each. Never retried in here.
        """
        ...

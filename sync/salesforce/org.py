"""The door to Salesforce, in our words: what may be read, and what only `apply` may write.

`OrgReader` is all that pull, check and plan ever hold; `Org` adds the writes. Both speak API names (`Lead`, `Status`)
and values as `sync.model.Value`; nothing of HTTP shows. `sync.salesforce.client` implements them; tests and users'
CI run the same implementation against the mock org.

A write never raises for a single record: each record gets an `Answer`. `Unknown` is an answer too: the request may or
may not have taken effect, and only reading the org back can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from sync.model import Record
from sync.salesforce.org_facts import (
    FieldDescribe,
    Identity,
    LeadStatus,
    ObjectDescribe,
    PicklistValue,
    RecordTypeInfo,
    Stage,
    Usage,
    ValidationRule,
    ValidationRules,
)
from sync.salesforce.questions import Ask, AskDeleted, AskRows, AskUpdated, Changes, CsvPages, Rows, Told
from sync.salesforce.writes import (
    Accepted,
    Answer,
    Changed,
    DuplicateFinding,
    LeadConvert,
    MatchedRecord,
    NotSent,
    RecordCreate,
    RecordUpdate,
    Refused,
    Unknown,
)

__all__ = [
    "Accepted",
    "Answer",
    "Ask",
    "AskDeleted",
    "AskRows",
    "AskUpdated",
    "Changed",
    "Changes",
    "CsvPages",
    "DuplicateFinding",
    "FieldDescribe",
    "Identity",
    "LeadConvert",
    "LeadStatus",
    "MatchedRecord",
    "NotSent",
    "ObjectDescribe",
    "Org",
    "OrgReader",
    "PicklistValue",
    "RecordCreate",
    "RecordTypeInfo",
    "RecordUpdate",
    "Refused",
    "Rows",
    "Stage",
    "Told",
    "Unknown",
    "Usage",
    "ValidationRule",
    "ValidationRules",
]


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

    def lead_processes(self) -> Mapping[str, frozenset[str]]:
        """Record type id → the Lead Status values of its lead process; empty where the org doesn't tell. Cached."""
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
        """Records by id in the order asked, 10,000 a call; `None` where there is none that we may see."""
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
        on_pages: Callable[[Sequence[Path]], None] = lambda _files: None,
    ) -> CsvPages:
        """A Bulk API 2.0 query streamed to CSV files in `folder`; `job_id` resumes a job made earlier.

        `on_job` hears the job's id as soon as there is one, `on_pages` all files that have become whole meanwhile, in
        the order of their arrival, and may remove them. Raises `OrgFault` when the job failed, was aborted, or the
        pages don't add up: only then are all pages known to be there.
        """
        ...

    def start_bulk_query(self, soql: str, *, all_rows: bool = False) -> str:
        """Creates a Bulk API 2.0 query job and doesn't wait for it; its id, for `bulk_query`."""
        ...

    def await_bulk_query(self, job_id: str) -> None:
        """Waits until a query job is complete, without its pages.

        Raises `OrgFault` otherwise; with code `QUERY_TIMEOUT` when the query took the org too long.
        """
        ...

    def validation_rules(self, object_names: Sequence[str]) -> ValidationRules:
        """The active validation rules of these objects with their formulas, by the Tooling API.

        One call for their names, and one for each 25 formulas. Nothing is raised where the org refuses to tell them
        (without "View Setup and Configuration"): the answer says so.
        """
        ...

    def await_updates(self, object_name: str, *, since: datetime, settle: timedelta) -> None:
        """Waits until no bulk update of ours on this object, made since then, is under way; writes nothing.

        `settle` is how long a request that starts a job may still be on its way. Raises `OrgFault` with code
        `BULK_JOB_UNFINISHED` when one didn't end in ten minutes.
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
        """Unconditional updates, five collections of 200 to a call, partial success, answers in order."""
        ...

    def bulk_update(
        self,
        updates: Sequence[RecordUpdate],
        *,
        on_job: Callable[[str], None] = lambda _job_id: None,
        on_look: Callable[[], None] = lambda: None,
    ) -> list[Answer]:
        """Updates of one object by Bulk API 2.0 ingest; results joined by Id, never by position.

        `on_job` hears a job's id, `on_look` each time that a job was looked at, at least twice a minute.
        """
        ...

    def convert(self, requests: Sequence[LeadConvert], *, allow_duplicates: bool = False) -> list[Answer]:
        """SOAP convertLead, at most 100 in one call and exactly one call; answers in order.

        A call-level fault that proves that nothing ran gives `NotSent` for each; a lost or unreadable answer gives
        `Unknown` for each. Never retried in here.
        """
        ...

    def create(self, records: Sequence[RecordCreate], *, allow_duplicates: bool = False) -> list[Answer]:
        """New records, at most 200 in one call and exactly one call; answers in order, `Accepted.id` is the new id.

        `allow_duplicates` passes duplicate rules that only alert. Never sent again after a lost answer.
        """
        ...

    def delete(self, record_ids: Sequence[str]) -> list[Answer]:
        """Records into the recycle bin, with what hangs on them; at most 200 in one call and exactly one call."""
        ...

"""The `Org` of `sync.salesforce.org`, made of this package's parts; the only class that the rest of leadgate is given.

Every method delegates; what the client adds is memory: identity, describes and status lists are asked once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sync.model import Record
from sync.org_settings import OrgSettings
from sync.salesforce import (
    asking,
    bulk_ingest,
    bulk_query,
    bulk_under_way,
    collections,
    composite,
    convert,
    describe,
    duplicates,
    rest,
    rules,
    single_calls,
)
from sync.salesforce.auth import sf_cli
from sync.salesforce.auth.login import Login
from sync.salesforce.bulk_job import Patience
from sync.salesforce.http import open_session
from sync.salesforce.identity import identify
from sync.salesforce.org import (
    Answer,
    Ask,
    Changes,
    CsvPages,
    DuplicateFinding,
    Identity,
    LeadConvert,
    LeadStatus,
    ObjectDescribe,
    RecordCreate,
    RecordUpdate,
    Stage,
    Told,
    Usage,
    ValidationRules,
)
from sync.salesforce.transport import CLIENT, Transport


def utc_now() -> datetime:
    """The local clock."""
    return datetime.now(UTC)


def open_org(
    settings: OrgSettings,
    *,
    known: Identity | None = None,
    clock: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
    run_cli: sf_cli.Run = sf_cli.run,
) -> SalesforceClient:
    """A client for one org. Nothing is sent before something is asked.

    Args:
        settings: From `Settings.org`.
        known: The identity that an earlier run found behind these settings, to save asking again. Only for a caller
            who has checked that the settings are the same; the org is then taken to be the same too.
        clock: The local clock.
        sleep: How waiting is done, in seconds.
        monotonic: What deadlines are measured with, in seconds.
        run_cli: How the Salesforce CLI is called.
    """
    http = open_session(
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        ca_file=settings.ca_file,
        user_agent=CLIENT,
    )
    transport = Transport(
        Login(settings, http, clock=clock, run=run_cli),
        http,
        api_version=settings.api_version,
        clock=clock,
        sleep=sleep,
    )
    return SalesforceClient(transport, patience=Patience(sleep=sleep, monotonic=monotonic), known=known)


class SalesforceClient:
    """Implements `sync.salesforce.org.Org`."""

    def __init__(self, transport: Transport, *, patience: Patience, known: Identity | None = None) -> None:
        self._transport = transport
        self._patience = patience
        self._identity = known
        self._describes: dict[str, ObjectDescribe | None] = {}
        self._statuses: tuple[LeadStatus, ...] | None = None
        self._stages: tuple[Stage, ...] | None = None
        self._processes: Mapping[str, frozenset[str]] | None = None
        self._lock = threading.Lock()

    @property
    def identity(self) -> Identity:
        """Who we are; asked at the first use."""
        with self._lock:
            if self._identity is None:
                self._identity = identify(self._transport)
            return self._identity

    def usage(self) -> Usage | None:
        """Quota as last reported by a reply; `None` before the first one that does."""
        return self._transport.usage.usage()

    @property
    def calls_sent(self) -> int:
        """Signed requests that this client has sent, whether or not the org told its quota."""
        return self._transport.usage.sent_by_us

    def now(self) -> datetime:
        """The server's clock: its last reply's `Date`, moved on by the local clock since."""
        return self._transport.now()

    def limits(self) -> Mapping[str, tuple[int, int]]:
        """`/limits`: name to (maximum, remaining)."""
        return rest.limits(self._transport)

    def describe(self, object_name: str) -> ObjectDescribe | None:
        """The object's describe; `None` if the org or the user has no such object."""
        return self.describe_many([object_name])[object_name]

    def describe_many(self, object_names: Sequence[str]) -> Mapping[str, ObjectDescribe | None]:
        """Several describes, 25 to a call; each asked once in the client's life."""
        missing = [name for name in dict.fromkeys(object_names) if name not in self._describes]
        for name, data in composite.describes(self._transport, missing).items():
            self._describes[name] = None if data is None else describe.object_describe(data)
        return {name: self._describes[name] for name in object_names}

    def lead_statuses(self) -> tuple[LeadStatus, ...]:
        """Every LeadStatus row by SortOrder."""
        if self._statuses is None:
            self._statuses = describe.lead_statuses(self.query(describe.LEAD_STATUSES))
        return self._statuses

    def stages(self) -> tuple[Stage, ...]:
        """Every OpportunityStage row by SortOrder."""
        if self._stages is None:
            self._stages = describe.stages(self.query(describe.STAGES))
        return self._stages

    def lead_processes(self) -> Mapping[str, frozenset[str]]:
        """Record type id → the Lead Status values that its lead process holds."""
        if self._processes is None:
            self._processes = describe.lead_processes(rest.layouts(self._transport, "Lead"))
        return self._processes

    def query(self, soql: str, *, all_rows: bool = False) -> Iterator[Record]:
        """Rows of a query; one too long for a URL goes inside a composite call."""
        if rest.fits_uri(soql):
            page = rest.first_page(self._transport, soql, all_rows=all_rows)
        else:
            page = next(composite.first_pages(self._transport, [soql], all_rows=all_rows))
        yield from rest.rows(self._transport, page)

    def query_many(self, soqls: Sequence[str], *, all_rows: bool = False) -> list[list[Record]]:
        """Several queries, five to a call, all pages fetched."""
        return composite.query_many(self._transport, soqls, all_rows=all_rows)

    def count(self, soql: str, *, all_rows: bool = False) -> int:
        """`totalSize` of a `SELECT COUNT() …`."""
        return self.count_many([soql], all_rows=all_rows)[0]

    def count_many(self, soqls: Sequence[str], *, all_rows: bool = False) -> list[int]:
        """Several counts, five to a call."""
        return [page["totalSize"] for page in composite.first_pages(self._transport, soqls, all_rows=all_rows)]

    def retrieve(self, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> list[Record | None]:
        """Records by id in the order asked, 10,000 a call."""
        return list(collections.retrieve(self._transport, object_name, ids, fields))

    def ask(self, questions: Sequence[Ask]) -> list[Told]:
        """Several reads of different kinds, 25 to a call, five of them queries."""
        return asking.ask(self._transport, questions)

    def updated(self, object_name: str, start: datetime, end: datetime) -> Changes:
        """getUpdated."""
        return rest.updated(self._transport, object_name, start, end)

    def deleted(self, object_name: str, start: datetime, end: datetime) -> Changes:
        """getDeleted."""
        return rest.deleted(self._transport, object_name, start, end)

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
        """A Bulk API 2.0 query streamed to CSV files in `folder`; `job_id` resumes a job made earlier."""
        return bulk_query.bulk_query(
            self._transport,
            soql,
            folder=folder,
            all_rows=all_rows,
            job_id=job_id,
            patience=self._patience,
            on_job=on_job,
            on_progress=on_progress,
            on_pages=on_pages,
        )

    def start_bulk_query(self, soql: str, *, all_rows: bool = False) -> str:
        """Create a Bulk API 2.0 query job and don't wait for it; its id."""
        return bulk_query.start(self._transport, soql, all_rows=all_rows)

    def await_bulk_query(self, job_id: str) -> None:
        """Wait until a query job is complete; its pages are left where they are."""
        bulk_query.await_end(self._transport, job_id, patience=self._patience)

    def validation_rules(self, object_names: Sequence[str]) -> ValidationRules:
        """The active validation rules of these objects, 25 formulas a call."""
        return rules.validation_rules(self._transport, object_names)

    def find_duplicates(self, object_name: str, records: Sequence[Record]) -> list[tuple[DuplicateFinding, ...]]:
        """What the org's duplicate rules say of these values, 50 a call."""
        return duplicates.find_duplicates(self._transport, object_name, records)

    def update_guarded(self, updates: Sequence[RecordUpdate]) -> list[Answer]:
        """Conditional updates, 25 to a call; `Changed` where a record moved."""
        return composite.update_guarded(self._transport, updates)

    def update(self, updates: Sequence[RecordUpdate]) -> list[Answer]:
        """Unconditional updates, five collections of 200 to a call."""
        return collections.update(self._transport, updates)

    def bulk_update(
        self,
        updates: Sequence[RecordUpdate],
        *,
        on_job: Callable[[str], None] = lambda _job_id: None,
        on_look: Callable[[], None] = lambda: None,
    ) -> list[Answer]:
        """Updates of one object by a bulk job."""
        return bulk_ingest.bulk_update(
            self._transport, updates, patience=self._patience, on_job=on_job, on_look=on_look
        )

    def await_updates(self, object_name: str, *, since: datetime, settle: timedelta) -> None:
        """Wait for the bulk updates of ours that the org is still at."""
        bulk_under_way.await_updates(
            self._transport,
            object_name,
            user_id=self.identity.user_id,
            since=since,
            settle=settle.total_seconds(),
            patience=self._patience,
        )

    def convert(self, requests: Sequence[LeadConvert], *, allow_duplicates: bool = False) -> list[Answer]:
        """One `convertLead` call of at most 100 leads."""
        return convert.convert(self._transport, requests, allow_duplicates=allow_duplicates)

    def create(self, records: Sequence[RecordCreate], *, allow_duplicates: bool = False) -> list[Answer]:
        """One call that makes at most 200 records."""
        return single_calls.create(self._transport, records, allow_duplicates=allow_duplicates)

    def delete(self, record_ids: Sequence[str]) -> list[Answer]:
        """One call that deletes at most 200 records."""
        return single_calls.delete(self._transport, record_ids)

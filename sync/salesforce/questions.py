"""Questions to an org, and what it tells: rows, changes in a window, pages of a bulk query.

Values of `sync.salesforce.org`, where they are imported from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sync.errors import OrgFault
from sync.model import Record


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

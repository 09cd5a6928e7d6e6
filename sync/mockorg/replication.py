"""getUpdated and getDeleted: which records changed in a window, and up to when the answer is complete."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .behaviours import behaviour
from .clock import as_utc, iso_z
from .errors import SalesforceError

if TYPE_CHECKING:
    from .org import Org
    from .schema import ObjectType

MOST_IDS = 600_000
_UPDATED_DAYS = 30
_DELETED_DAYS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """Ids of records created or updated in the window."""

    ids: tuple[str, ...]
    latest_date_covered: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """`(id, stamp)` of records deleted in the window; stamps in storage form."""

    records: tuple[tuple[str, str], ...]
    earliest_date_available: str
    latest_date_covered: str


@behaviour("getUpdated", "confirmed", "REST Developer Guide: sObject Get Updated")
def updated(org: Org, object_name: str, start: datetime, end: datetime) -> Updated:
    """Ids whose SystemModstamp lies in `[start, end)`; at most 30 days back, seconds are cut.

    Raises:
        SalesforceError: INVALID_TYPE, INVALID_REPLICATION_DATE, EXCEEDED_ID_LIMIT.
    """
    type_, first, last = _window(org, object_name, start, end, days=_UPDATED_DAYS)
    stamp = "SystemModstamp" if type_.field("SystemModstamp") else "CreatedDate"
    alive = ' AND "IsDeleted" = 0' if type_.field("IsDeleted") else ""
    found = org.store.db.execute(
        f'SELECT "Id" FROM "{type_.name}" WHERE "{stamp}" >= ? AND "{stamp}" < ? AND "_pending" IS NULL{alive} '  # noqa: S608 - names are the schema's
        f"ORDER BY 1 LIMIT {MOST_IDS + 1}",
        [iso_z(first), iso_z(last)],
    ).fetchall()
    if len(found) > MOST_IDS:
        raise SalesforceError("EXCEEDED_ID_LIMIT", f"query exceeded the maximum number of ids: {MOST_IDS}")
    return Updated(
        ids=tuple(str(row[0]) for row in found), latest_date_covered=org.transactions.latest_stamp_covered(last)
    )


@behaviour("getDeleted", "confirmed", "REST Developer Guide: sObject Get Deleted")
def deleted(org: Org, object_name: str, start: datetime, end: datetime) -> Deleted:
    """Records deleted in `[start, end)`, hard-deleted and merged ones too; at most 15 days back, seconds are cut.

    Raises:
        SalesforceError: INVALID_TYPE, INVALID_REPLICATION_DATE, EXCEEDED_ID_LIMIT.
    """
    type_, first, last = _window(org, object_name, start, end, days=_DELETED_DAYS)
    found = org.store.deletions(type_, iso_z(first), iso_z(last))
    if len(found) > MOST_IDS:
        raise SalesforceError("EXCEEDED_ID_LIMIT", f"query exceeded the maximum number of ids: {MOST_IDS}")
    earliest = org.store.db.execute("SELECT MIN(stamp) FROM _deleted WHERE object = ?", [type_.name]).fetchone()[0]
    return Deleted(
        records=tuple(found),
        earliest_date_available=str(earliest or iso_z(org.clock.now() - timedelta(days=_DELETED_DAYS))),
        latest_date_covered=org.transactions.latest_stamp_covered(last),
    )


def _window(
    org: Org, object_name: str, start: datetime, end: datetime, *, days: int
) -> tuple[ObjectType, datetime, datetime]:
    type_ = org.schema.object(object_name)
    if not type_.replicateable:
        raise SalesforceError("INVALID_TYPE", f"sObject type '{type_.name}' is not replicateable.")
    first, last = (as_utc(each).replace(second=0, microsecond=0) for each in (start, end))
    now = org.clock.now()
    if (last - first).total_seconds() < 60:
        raise SalesforceError("INVALID_REPLICATION_DATE", "startDate must be at least one minute before endDate")
    if first < now - timedelta(days=days, minutes=1):
        raise SalesforceError("INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
    if first > now + timedelta(minutes=1):
        raise SalesforceError("INVALID_REPLICATION_DATE", "startDate cannot be in the future")
    return type_, first, last

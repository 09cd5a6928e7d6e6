"""The world while it is being made: its records so far, its customers, and what is meant by each lead."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ..ids import IdFactory
from .moments import Calendar
from .people import Company, Person, Registry
from .summary import LeadTruth

if TYPE_CHECKING:
    from datetime import date, datetime

Cell: TypeAlias = "str | int | float | bool | date | datetime | None"
Row: TypeAlias = dict[str, Cell]

_PREFIXES = {
    "Lead": "00Q",
    "Account": "001",
    "Contact": "003",
    "Opportunity": "006",
    "Task": "00T",
    "Event": "00U",
    "Campaign": "701",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownContact:
    """A contact that is there: its id, the id of its account, if it has one, and who it is."""

    id: str
    account: str | None
    person: Person


@dataclass(slots=True, kw_only=True)
class Customer:
    """A company with accounts and contacts in the org."""

    company: Company
    owner: str
    contacts: list[KnownContact] = field(default_factory=list)


class World:
    """Records by object, in the order in which they were made, and the planted truth by lead id."""

    def __init__(self, *, seed: int, today: date) -> None:
        self._ids = IdFactory(seed)
        self.rng = random.Random(f"seed world {seed}")  # noqa: S311 - reproducible, not secret
        self.calendar = Calendar(self.rng, today)
        self.registry = Registry(self.rng)
        self.rows: dict[str, list[Row]] = {}
        self.customers: list[Customer] = []
        self.shared: list[Customer] = []
        """Customers whose domain two accounts have."""
        self.mailboxes: list[Customer] = []
        """Customers of which two contacts have the address `info@…`."""
        self.private: list[Customer] = []
        """Companies without account, with a contact whose address is `office@…`."""
        self.truth: dict[str, LeadTruth] = {}

    def next_id(self, object_name: str) -> str:
        """An id, or for objects that nobody looks up by id, a key, for the object's next record."""
        prefix = _PREFIXES.get(object_name)
        if prefix is None:
            return f"{object_name.lower()}-{len(self.rows.get(object_name, ())) + 1:06d}"
        return self._ids.next(prefix)

    def add(self, object_name: str, row: Row) -> str:
        """Add a record; returns its id, which is one of its own if it brings one."""
        if "Id" not in row:
            row["Id"] = self.next_id(object_name)
        self.rows.setdefault(object_name, []).append(row)
        return str(row["Id"])


def stamped(row: Row, *, created: datetime, by: str, modified: datetime | None = None, deleted: bool = False) -> Row:
    """The record with its system fields."""
    last = modified or created
    row.update(
        IsDeleted=deleted,
        CreatedDate=created,
        CreatedById=by,
        LastModifiedDate=last,
        LastModifiedById=by,
        SystemModstamp=last,
    )
    return row

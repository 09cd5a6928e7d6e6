"""Long transactions: writes that carry an early SystemModstamp and become visible late.

This is how a real org loses rows from naive incremental pulls: the stamp is set when the row is written, the row
appears when the transaction commits, up to ten minutes later. `getUpdated` and `getDeleted` answer
`latestDateCovered` no later than the start of the oldest transaction still open, which is why that is the safe
watermark.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .behaviours import behaviour
from .clock import iso_z

if TYPE_CHECKING:
    from datetime import datetime

    from .access import User
    from .org import Org
    from .schema import Value
    from .store import Row


@dataclass(slots=True, kw_only=True)
class LongTransaction:
    """One open transaction: when it started, whose it is, and the changes that wait for its commit."""

    number: int
    started: datetime
    user: User
    inserted: list[tuple[str, str]] = field(default_factory=list)
    changed: list[tuple[str, str, Row]] = field(default_factory=list)


class LongTransactions:
    """The org's open long transactions."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._open: dict[int, LongTransaction] = {}
        self._number = 0

    def begin(self, user: User) -> LongTransaction:
        """Open a transaction now."""
        self._number += 1
        opened = LongTransaction(number=self._number, started=self._org.clock.now(), user=user)
        self._open[opened.number] = opened
        return opened

    @behaviour("late commit", "confirmed", "SOAP API guide: GetUpdatedResult")
    def insert(self, transaction: LongTransaction, object_name: str, values: dict[str, Value]) -> str:
        """Write a new row inside the transaction, stamped now and seen by nobody until the commit; returns its id."""
        from .rows import prepared_insert  # noqa: PLC0415 - rows writes through transactions

        type_ = self._org.schema.object(object_name)
        row = prepared_insert(self._org, transaction.user, type_, values)
        self._org.store.insert(type_, row, pending=transaction.number)
        record_id = str(row["Id"])
        transaction.inserted.append((type_.name, record_id))
        return record_id

    def update(self, transaction: LongTransaction, object_name: str, record_id: str, values: dict[str, Value]) -> None:
        """Change a row inside the transaction: stamped now, while all others still see the old row until the commit."""
        from .row_checks import existing  # noqa: PLC0415 - as below
        from .rows import prepared_update  # noqa: PLC0415 - rows writes through transactions

        type_ = self._org.schema.object(object_name)
        before = existing(self._org, type_, record_id)
        changes = prepared_update(self._org, transaction.user, type_, before, values)
        transaction.changed.append((type_.name, record_id, changes))

    def commit(self, transaction: LongTransaction) -> None:
        """Make the transaction's rows visible, with the stamps they were written with."""
        store, schema = self._org.store, self._org.schema
        with store.savepoint():
            for object_name, record_id in transaction.inserted:
                store.update(schema.object(object_name), record_id, {"_pending": None})
            for object_name, record_id, changes in transaction.changed:
                store.update(schema.object(object_name), record_id, changes)
        self._open.pop(transaction.number, None)

    def roll_back(self, transaction: LongTransaction) -> None:
        """Undo the transaction."""
        for object_name, record_id in transaction.inserted:
            self._org.store.remove(self._org.schema.object(object_name), record_id)
        self._open.pop(transaction.number, None)

    @behaviour("latestDateCovered", "confirmed", "SOAP API guide: GetUpdatedResult")
    def latest_date_covered(self, end: datetime) -> datetime:
        """Up to when replication answers are complete: `end`, or the start of the oldest open transaction."""
        return min([end, self._org.clock.now(), *(each.started for each in self._open.values())])

    @property
    def open(self) -> tuple[LongTransaction, ...]:
        """The open transactions, oldest first."""
        return tuple(self._open.values())

    def forget(self) -> None:
        """Drop all open transactions; a restored snapshot knows none."""
        for transaction in list(self._open.values()):
            self.roll_back(transaction)

    def latest_stamp_covered(self, end: datetime) -> str:
        """`latest_date_covered` in storage form."""
        return iso_z(self.latest_date_covered(end))

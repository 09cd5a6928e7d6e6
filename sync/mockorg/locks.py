"""Row locks: what a call holds while it runs, and what another call that wants the same rows is told.

A lock lives for a span of the org's clock, or until it is released. The mock org handles one call at a time, so calls
overlap only where a cost is set (`costs` in org.yaml), where a door holds rows while it waits, or where a fault says that
somebody else holds a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .behaviours import behaviour
from .errors import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever holds locks: one call. Compared by identity of its number."""

    number: int


class RowLocks:
    """Which call holds which rows, by record id."""

    def __init__(self) -> None:
        self._held: dict[str, Holder] = {}
        self._number = 0

    def holder(self) -> Holder:
        """A new holder, for one call."""
        self._number += 1
        return Holder(self._number)

    @behaviour("row lock on shared parents", "confirmed", "wire-contract 1.7")
    def take(self, holder: Holder, record_ids: Iterable[str]) -> None:
        """Lock rows for a call.

        Raises:
            RowRefused: UNABLE_TO_LOCK_ROW, when another call holds one of them; nothing is locked then.
        """
        wanted = [each for each in record_ids if each]
        taken = [each for each in wanted if self._held.get(each, holder) != holder]
        if taken:
            raise refuse(
                "UNABLE_TO_LOCK_ROW",
                f"unable to obtain exclusive access to this record or {len(taken)} records: {','.join(taken)}",
            )
        self._held.update(dict.fromkeys(wanted, holder))

    def check(self, record_ids: Iterable[str], holder: Holder | None = None) -> None:
        """As `take`, without locking.

        Raises:
            RowRefused: UNABLE_TO_LOCK_ROW.
        """
        taken = [each for each in record_ids if each in self._held and self._held[each] != holder]
        if taken:
            raise refuse(
                "UNABLE_TO_LOCK_ROW",
                f"unable to obtain exclusive access to this record or {len(taken)} records: {','.join(taken)}",
            )

    def release(self, holder: Holder) -> None:
        """Let go of everything the call holds."""
        self._held = {record_id: each for record_id, each in self._held.items() if each != holder}

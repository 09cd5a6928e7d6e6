"""Row locks: what a call holds while it runs, and what another call that wants the same rows is told.

A lock lives until its holder releases it. The mock org handles one call at a time under the org's lock, so calls
overlap only where a door lets go of that lock while it waits for a call's cost (`costs` in org.yaml), or where a test
holds rows on purpose: `holder = org.locks.holder()`, `org.locks.take_free(holder, ids)` …
`org.locks.release(holder)`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .behaviours import behaviour
from .errors import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever holds locks: one call. Compared by identity of its number."""

    number: int


class RowLocks:
    """Which call holds which rows, by record id."""

    def __init__(self) -> None:
        self._held: dict[str, Holder] = {}
        self._number = 0
        self._acting: Holder | None = None

    def holder(self) -> Holder:
        """A new holder, for one call."""
        self._number += 1
        return Holder(self._number)

    def take_free(self, holder: Holder, record_ids: Iterable[str]) -> frozenset[str]:
        """Lock those of the rows that no other call holds; returns the ones that were held by another."""
        wanted = [each for each in record_ids if each]
        taken = frozenset(each for each in wanted if self._held.get(each, holder) != holder)
        self._held.update({each: holder for each in wanted if each not in taken})
        return taken

    @behaviour("row lock on shared parents", "confirmed", "error texts of real orgs")
    def check(self, record_ids: Iterable[str]) -> None:
        """Refuse to touch rows that another call holds.

        Raises:
            RowRefused: UNABLE_TO_LOCK_ROW, naming them.
        """
        taken = [each for each in record_ids if each in self._held and self._held[each] != self._acting]
        if taken:
            raise refuse(
                "UNABLE_TO_LOCK_ROW",
                f"unable to obtain exclusive access to this record or {len(taken)} records: {','.join(taken)}",
            )

    @contextmanager
    def acting(self, holder: Holder) -> Iterator[None]:
        """What happens inside happens in the holder's call, so its own locks do not stand in its way."""
        before, self._acting = self._acting, holder
        try:
            yield
        finally:
            self._acting = before

    def release(self, holder: Holder) -> None:
        """Let go of everything the call holds."""
        self._held = {record_id: each for record_id, each in self._held.items() if each != holder}

    @property
    def held(self) -> frozenset[str]:
        """Ids of all rows that are held."""
        return frozenset(self._held)

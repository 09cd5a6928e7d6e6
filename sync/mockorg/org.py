"""The mock org itself: one object that holds everything an org knows, and no global state beside it.

The doors (REST, SOAP, Bulk) translate calls into the functions of `rows`, `conversion`, `merges`, `duplicates` and of
the query engine, all of which take the org and the user as arguments. `lock` is held around each handled call.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .access import Access
from .clock import Clock
from .ids import IdFactory
from .limits import ApiLimits
from .locks import RowLocks
from .org_schema import build_schema
from .org_yaml import check_settings, read_settings
from .schema import Schema
from .settings import OrgSettings
from .setup import seed_rows
from .store import Store
from .transactions import LongTransactions

if TYPE_CHECKING:
    from .access import User


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgSnapshot:
    """An org's whole state, to go back to."""

    database: bytes
    ids: dict[str, int]
    usage: dict[int, int]
    users: tuple[User, ...]
    approval_locked: frozenset[str]
    notifications: tuple[tuple[str, str], ...]


class Org:
    """One emulated org. Make one with `Org.create`."""

    def __init__(self, *, seed: int, settings: OrgSettings, clock: Clock) -> None:
        self.seed = seed
        self.settings = settings
        self.clock = clock
        self.lock = threading.RLock()
        self.ids = IdFactory(seed)
        self.schema: Schema = build_schema(settings)
        self.store = Store(self.schema)
        self.access = Access()
        self.limits = ApiLimits(settings.limits, clock)
        self.locks = RowLocks()
        self.approval_locked: set[str] = set()
        self.transactions = LongTransactions(self)
        self.notifications: list[tuple[str, str]] = []
        self.org_id = self.ids.next("00D")
        self.schema_changed_at = clock.stamp()
        seed_rows(self)

    @classmethod
    def create(
        cls,
        *,
        seed: int = 0,
        org_yaml: str | None = None,
        settings: OrgSettings | None = None,
        clock: Clock | None = None,
        source: str = "org.yaml",
    ) -> Org:
        """A fresh org: the defaults, or as `org_yaml` (the text, `source` its file name in errors) or `settings` say.

        Raises:
            OrgYamlError: when the text is not a valid org.yaml; names file, line, key and fix.
        """
        if settings is None:
            settings = read_settings(org_yaml, source=source) if org_yaml else OrgSettings()
        else:
            check_settings(settings, source="settings", lines=lambda _path: 0)
        return cls(seed=seed, settings=settings, clock=clock or Clock())

    def snapshot(self) -> OrgSnapshot:
        """The whole state at this moment."""
        with self.lock:
            return OrgSnapshot(
                database=self.store.snapshot(),
                ids=self.ids.state(),
                usage=self.limits.state(),
                users=self.access.users,
                approval_locked=frozenset(self.approval_locked),
                notifications=tuple(self.notifications),
            )

    def restore(self, snapshot: OrgSnapshot) -> None:
        """Back to a snapshot of this org; open long transactions, then and now, are rolled back."""
        with self.lock:
            self.transactions.forget()
            self.store.restore(snapshot.database)
            self.ids.restore(snapshot.ids)
            self.limits.restore(snapshot.usage)
            self.access.replace_users(snapshot.users)
            self.approval_locked = set(snapshot.approval_locked)
            self.notifications = list(snapshot.notifications)
            self.store.drop_pending()

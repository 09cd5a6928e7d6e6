"""The ledger: what leadgate meant to do, did, and saw, written down before and after each effect.

`apply` intends, sends, and closes; `recover` closes what a dead run left open; `audit` and `report` only read. Each
method is one transaction, committed when it returns.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, Select, bindparam, select, text
from sqlalchemy.exc import IntegrityError

from sync.errors import LedgerUnwritable, OrgBusy
from sync.ledger import audit as history
from sync.ledger import lease as leasing
from sync.ledger.audit import AuditEvent, Chain
from sync.ledger.connection import READ, open_engine
from sync.ledger.entries import CLOSINGS, FOLLOW_UP, MADE, Closing, Entry, Fate, State, Subject
from sync.ledger.lease import Lease
from sync.ledger.many import execute_many
from sync.ledger.rows import (
    CLOSING_COLUMNS,
    SUBJECT_COLUMNS,
    RunRow,
    RunStart,
    closing_row,
    pace_row,
    remembering,
    subject_row,
    to_entry,
    to_fate,
    to_json,
    to_pace,
    to_run,
)
from sync.ledger.schema import IS_LIVE, entries, paces, runs
from sync.ledger.times import to_text
from sync.plan.pace import FIRST_PACE, Pace

_CHUNK = 500
_NOTHING: Mapping[str, str] = {}

_CLOSE = (
    entries.update()
    .where(
        IS_LIVE,
        entries.c.org_id == bindparam("of_org"),
        entries.c.action_key == bindparam("closed_key"),
        text(f"state = '{State.INTENDED.value}'"),
    )
    .values({name: bindparam(name) for name in (*CLOSING_COLUMNS, "changed_at")})
)


class KeyTaken(Exception):
    """The action is in flight or done already; nothing was written. `recover` or the org can tell which."""


class Ledger:
    """The ledger of one or more orgs; open it with `Ledger.open`."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._reader = engine.execution_options(**{READ: True})
        self._clock = clock
        self._open: set[str] = set()
        """Keys that this process has intended and not closed: what is in doubt if the ledger gives up now."""

    @classmethod
    def open(cls, location: str | Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Self:
        """Open, or make, the ledger at a path or database URL; see `sync.ledger.connection.open_engine`."""
        return cls(open_engine(location), clock)

    def dispose(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.dispose()

    @contextmanager
    def lease(self, org_id: str) -> Iterator[Lease]:
        """Hold the org for the time of a run; raises `OrgBusy` when another run holds it."""
        try:
            with self._engine.begin() as connection:
                lease = leasing.take(connection, org_id, self._clock())
        except IntegrityError:
            raise OrgBusy("another run of leadgate has just taken this org", place=org_id) from None
        try:
            yield lease
        finally:
            with self._telling_what_is_open(), self._engine.begin() as connection:
                leasing.release(connection, lease)

    @contextmanager
    def _writing(self, lease: Lease) -> Iterator[tuple[Connection, datetime]]:
        with self._telling_what_is_open(), self._engine.begin() as connection:
            now = self._clock()
            leasing.check(connection, lease, now)
            yield connection, now

    @contextmanager
    def _telling_what_is_open(self) -> Iterator[None]:
        try:
            yield
        except LedgerUnwritable as gave_up:
            if gave_up.open_intents or not self._open:
                raise
            raise LedgerUnwritable(gave_up.message, place=gave_up.place, open_intents=len(self._open)) from None

    def renew(self, lease: Lease) -> None:
        """Hold the org for longer, while a run waits; raises `OrgBusy` when somebody else took it."""
        with self._writing(lease):
            pass

    def begin_run(self, lease: Lease, start: RunStart) -> str:
        """Write down that a run begins; returns its id."""
        run_id = uuid.uuid4().hex
        with self._writing(lease) as (connection, now):
            connection.execute(
                runs.insert().values(
                    run_id=run_id,
                    org_id=lease.org_id,
                    plan_id=start.plan_id,
                    kind=start.kind,
                    policy_digest=start.policy_digest,
                    mapping_digest=start.mapping_digest,
                    planned=start.planned,
                    user_id=start.user_id,
                    version=start.version,
                    counts=json.dumps(dict(start.counts), sort_keys=True),
                    started_at=to_text(now),
                )
            )
        return run_id

    def finish_run(self, lease: Lease, run_id: str, ended: str) -> None:
        """Write down how a run ended: `done`, `stopped`, `interrupted`, `failed` or `abandoned`."""
        with self._writing(lease) as (connection, now):
            connection.execute(
                runs.update().where(runs.c.run_id == run_id).values(finished_at=to_text(now), ended=ended)
            )

    def intend(
        self,
        lease: Lease,
        run_id: str,
        plan_id: str,
        subjects: Sequence[Subject],
        *,
        evidence: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Commit what is about to be sent; all of it or, raising `KeyTaken`, nothing.

        `evidence` gives, by key, what the action rests on.
        """
        known = evidence or {}
        try:
            with self._writing(lease) as (connection, now):
                at = to_text(now)
                rows = (
                    (
                        *subject_row(lease.org_id, run_id, plan_id, subject),
                        State.INTENDED.value,
                        to_json(known.get(subject.key, _NOTHING)),
                        at,
                    )
                    for subject in subjects
                )
                execute_many(connection, entries.insert(), (*SUBJECT_COLUMNS, "state", "evidence", "changed_at"), rows)
        except IntegrityError as refused:
            if "ledger_one_live_entry" in str(refused.orig) or "action_key" in str(refused.orig):
                raise KeyTaken from None
            raise
        self._open.update(subject.key for subject in subjects)

    def close(self, lease: Lease, closings: Sequence[Closing]) -> None:
        """Close intended entries with what became of them.

        Raises:
            ValueError: A key has no intended entry, or the state closes nothing: a mistake in the caller.
        """
        if wrong := [closing.state for closing in closings if closing.state not in CLOSINGS]:
            raise ValueError(f"{wrong[0]} closes nothing")
        with self._writing(lease) as (connection, now):
            at = to_text(now)
            refused = [closing.key for closing in closings if closing.state is State.REJECTED]
            intents = self._intents(connection, lease.org_id, refused)
            rows = (
                (*closing_row(remembering(closing, intents.get(closing.key))), at, lease.org_id, closing.key)
                for closing in closings
            )
            names = (*CLOSING_COLUMNS, "changed_at", "of_org", "closed_key")
            asked, changed = execute_many(connection, _CLOSE, names, rows)
            if changed != asked:
                raise ValueError(f"no intended entry for {asked - changed} of {asked} closings")
        self._open.difference_update(closing.key for closing in closings)

    def _intents(self, connection: Connection, org_id: str, keys: Sequence[str]) -> dict[str, str]:
        """What the open intents of these keys rest on, as the ledger holds it: refusals must know their lead again."""
        found: dict[str, str] = {}
        for start in range(0, len(keys), _CHUNK):
            wanted = select(entries.c.action_key, entries.c.evidence).where(
                IS_LIVE,
                entries.c.org_id == org_id,
                entries.c.action_key.in_(keys[start : start + _CHUNK]),
                entries.c.state == State.INTENDED.value,
            )
            found |= {row.action_key: row.evidence for row in connection.execute(wanted)}
        return found

    def note(self, lease: Lease, run_id: str, plan_id: str, noted: Iterable[tuple[Subject, Closing]]) -> None:
        """Write down actions for which nothing was sent: superseded, already applied, not reached, still in doubt."""
        with self._writing(lease) as (connection, now):
            at = to_text(now)
            rows = (
                (*subject_row(lease.org_id, run_id, plan_id, subject), *closing_row(closing), at)
                for subject, closing in noted
            )
            execute_many(connection, entries.insert(), (*SUBJECT_COLUMNS, *CLOSING_COLUMNS, "changed_at"), rows)

    def remember_pace(self, lease: Lease, pace: Pace) -> None:
        """Keep how many conversions the org bears in a call."""
        with self._writing(lease) as (connection, now):
            connection.execute(paces.delete().where(paces.c.org_id == lease.org_id))
            connection.execute(paces.insert().values(**pace_row(lease.org_id, pace), changed_at=to_text(now)))

    def pace(self, org_id: str) -> Pace:
        """How many conversions the org bears in a call, as earlier runs found out."""
        with self._reader.begin() as connection:
            found = connection.execute(select(paces).where(paces.c.org_id == org_id)).one_or_none()
        return to_pace(found) if found is not None else FIRST_PACE

    def in_doubt(self, org_id: str) -> tuple[Entry, ...]:
        """Entries that were intended and never closed; while a run goes on, its own open ones are among them."""
        return self._entries(select(entries).where(entries.c.org_id == org_id, entries.c.state == State.INTENDED.value))

    def live(self, org_id: str, keys: Sequence[str]) -> dict[str, Entry]:
        """The live (intended or applied) entry of each key that has one."""
        found: list[Entry] = []
        for start in range(0, len(keys), _CHUNK):
            found += self._entries(
                select(entries).where(
                    IS_LIVE,
                    entries.c.org_id == org_id,
                    entries.c.action_key.in_(keys[start : start + _CHUNK]),
                )
            )
        return {entry.subject.key: entry for entry in found}

    def open_follow_ups(self, org_id: str) -> tuple[Entry, ...]:
        """Applied conversions whose opportunity still awaits its planned fields (no follow-up has an end yet)."""
        done = entries.alias("done")
        answered = (
            select(done.c.entry_id)
            .where(
                done.c.parent_key == entries.c.action_key,
                done.c.kind == FOLLOW_UP,
                done.c.state.not_in([State.NOT_APPLIED.value, State.NOT_REACHED.value]),
            )
            .exists()
        )
        return self._entries(
            select(entries).where(
                entries.c.org_id == org_id,
                entries.c.state == State.APPLIED.value,
                entries.c.follow_up != "{}",
                entries.c.opportunity_id.is_not(None),
                ~answered,
            )
        )

    def run_entries(self, run_id: str) -> tuple[Entry, ...]:
        """All entries of a run, oldest first."""
        return self._entries(select(entries).where(entries.c.run_id == run_id))

    def fates(self, run_id: str) -> dict[str, Fate]:
        """How each of a run's actions stands by its last entry, by key; the steps that follow an action left out."""
        wanted = (
            select(
                entries.c.action_key,
                entries.c.state,
                entries.c.code,
                entries.c.fields,
                entries.c.account_id,
                entries.c.contact_id,
                entries.c.opportunity_id,
            )
            .where(entries.c.run_id == run_id, entries.c.parent_key.is_(None))
            .order_by(entries.c.entry_id)
        )
        with self._reader.begin() as connection:
            return {row[0]: to_fate(row[1:]) for row in connection.execute(wanted).all()}

    def status_writes(self, org_id: str, since: datetime) -> dict[str, tuple[tuple[str, datetime], ...]]:
        """Lead Statuses that leadgate itself set since then, by lead: (status, when)."""
        found: dict[str, tuple[tuple[str, datetime], ...]] = {}
        for entry in self._entries(
            select(entries).where(
                entries.c.org_id == org_id,
                entries.c.kind == "update_status",
                entries.c.state == State.APPLIED.value,
                entries.c.changed_at >= to_text(since),
            )
        ):
            lead_id = entry.subject.lead_id
            found[lead_id] = (*found.get(lead_id, ()), (entry.subject.target, entry.changed_at))
        return found

    def refusals(self, org_id: str, since: datetime, *, policy_digest: str) -> tuple[Entry, ...]:
        """Status updates and conversions that the org refused since then, in runs under that policy."""
        under_policy = select(runs.c.run_id).where(runs.c.org_id == org_id, runs.c.policy_digest == policy_digest)
        return self._entries(
            select(entries).where(
                entries.c.org_id == org_id,
                entries.c.kind.in_(["update_status", "convert_lead"]),
                entries.c.state == State.REJECTED.value,
                entries.c.changed_at >= to_text(since),
                entries.c.run_id.in_(under_policy),
            )
        )

    def conversions(self, org_id: str, lead_ids: Sequence[str]) -> tuple[Entry, ...]:
        """Every entry of these leads' conversions, oldest first."""
        found: list[Entry] = []
        for start in range(0, len(lead_ids), _CHUNK):
            found += self._entries(
                select(entries).where(
                    entries.c.org_id == org_id,
                    entries.c.kind == "convert_lead",
                    entries.c.lead_id.in_(lead_ids[start : start + _CHUNK]),
                )
            )
        return tuple(found)

    def follow_ups(self, org_id: str, opportunity_ids: Sequence[str]) -> tuple[Entry, ...]:
        """Applied follow-ups that gave these opportunities their planned fields."""
        found: list[Entry] = []
        for start in range(0, len(opportunity_ids), _CHUNK):
            found += self._entries(
                select(entries).where(
                    entries.c.org_id == org_id,
                    entries.c.kind == FOLLOW_UP,
                    entries.c.state == State.APPLIED.value,
                    entries.c.target.in_(opportunity_ids[start : start + _CHUNK]),
                )
            )
        return tuple(found)

    def made_leads(self, org_id: str) -> dict[str, str]:
        """Leads that compensations have made: converted lead → new lead."""
        made = self._entries(
            select(entries).where(
                entries.c.org_id == org_id,
                entries.c.kind == "create_lead",
                entries.c.state == State.APPLIED.value,
            )
        )
        return {entry.subject.lead_id: entry.evidence[MADE] for entry in made if MADE in entry.evidence}

    def runs(self, org_id: str, *, unfinished: bool = False) -> tuple[RunRow, ...]:
        """The org's runs, oldest first."""
        wanted = select(runs).where(runs.c.org_id == org_id).order_by(runs.c.started_at, runs.c.run_id)
        if unfinished:
            wanted = wanted.where(runs.c.finished_at.is_(None))
        with self._reader.begin() as connection:
            return tuple(to_run(row) for row in connection.execute(wanted))

    def audit(self, org_id: str, *, lead_id: str | None = None, run_id: str | None = None) -> tuple[AuditEvent, ...]:
        """Everything that happened, in order; of one lead or run if asked."""
        with self._reader.begin() as connection:
            return tuple(history.read_events(connection, org_id, lead_id=lead_id, run_id=run_id))

    def verify_chain(self, org_id: str) -> Chain:
        """Whether the history is the one that was written."""
        with self._reader.begin() as connection:
            return history.verify(connection, org_id)

    def org_ids(self) -> tuple[str, ...]:
        """Orgs that have a run in this ledger."""
        with self._reader.begin() as connection:
            return tuple(connection.execute(select(runs.c.org_id).group_by(runs.c.org_id)).scalars())

    def _entries(self, wanted: Select[tuple[object, ...]]) -> tuple[Entry, ...]:
        with self._reader.begin() as connection:
            return tuple(to_entry(row) for row in connection.execute(wanted.order_by(entries.c.entry_id)).all())

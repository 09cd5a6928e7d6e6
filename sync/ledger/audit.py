"""What happened, in order, and whether anybody changed it since: the events and their chain of hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from sync.ledger.schema import ENTRY_EVENT, entries, events, runs
from sync.ledger.times import from_text


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One event; keys as machines rely on them: `at, run_id, plan_id, key, lead_id, kind, state, by, evidence`."""

    seq: int
    at: datetime
    run_id: str
    plan_id: str
    key: str | None
    lead_id: str | None
    kind: str
    """An entry's kind, or `run`."""
    state: str
    """An entry's state; `started`, or how the run ended."""
    by: str
    """The Salesforce user that leadgate ran as."""
    code: str | None
    made: Mapping[str, str]
    evidence: Mapping[str, object]

    def as_json(self) -> dict[str, object]:
        """The event for `audit --json`."""
        return {
            "at": self.at.isoformat().replace("+00:00", "Z"),
            "run_id": self.run_id,
            "plan_id": self.plan_id,
            "key": self.key,
            "lead_id": self.lead_id,
            "kind": self.kind,
            "state": self.state,
            "by": self.by,
            "code": self.code,
            **self.made,
            "evidence": dict(self.evidence),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Whether the ledger's history is the one that was written."""

    events: int
    broken_at: int | None = None
    """Number of the first event that doesn't fit."""
    problem: str | None = None
    head: str = ""
    """The last event's hash, for an intact chain: kept elsewhere, it shows later that nothing before it was cut off."""

    @property
    def intact(self) -> bool:
        """Nothing was changed, taken out or put in."""
        return self.problem is None


def read_events(
    connection: Connection, org_id: str, *, lead_id: str | None = None, run_id: str | None = None
) -> Iterator[AuditEvent]:
    """The org's events in order, of one lead or one run if asked."""
    headers = {row.run_id: row for row in connection.execute(select(runs).where(runs.c.org_id == org_id))}
    wanted = select(events).where(events.c.org_id == org_id).order_by(events.c.seq)
    if run_id is not None:
        wanted = wanted.where(events.c.run_id == run_id)
    for row in connection.execute(wanted):
        body = json.loads(row.body)
        if lead_id is not None and body.get("lead_id") != lead_id:
            continue
        header = headers[row.run_id]
        about_entry = body["event"] == "entry"
        made = {n: body[n] for n in ("account_id", "contact_id", "opportunity_id") if about_entry and body[n]}
        yield AuditEvent(
            seq=row.seq,
            at=from_text(row.at),
            run_id=row.run_id,
            plan_id=header.plan_id,
            key=body.get("action_key"),
            lead_id=body.get("lead_id"),
            kind=body["kind"] if about_entry else "run",
            state=body["state"] if about_entry else (body["ended"] or "started"),
            by=header.user_id,
            code=body.get("code"),
            made=made,
            evidence=json.loads(body["evidence"])
            if about_entry
            else {"planned": body["planned"], **json.loads(body["counts"])},
        )


def verify(connection: Connection, org_id: str) -> Chain:
    """Recompute the chain, and compare every entry and run with its last event.

    A change to an event breaks its hash; an event taken out breaks the next one's `prev`; events cut off at the end
    leave an entry that its last event doesn't describe.
    """
    prev, number, last = "", 0, {}
    for row in connection.execute(select(events).where(events.c.org_id == org_id).order_by(events.c.seq)):
        number += 1
        if row.seq != number:
            return Chain(events=number, broken_at=number, problem="an event is missing")
        if row.prev != prev or row.hash != hashlib.sha256(f"{prev}\n{row.body}".encode()).hexdigest():
            return Chain(events=number, broken_at=number, problem="the event is not the one that was written")
        prev = row.hash
        body = json.loads(row.body)
        last[body["entry_id"] if body["event"] == "entry" else row.run_id] = (number, body)
    for entry in connection.execute(select(entries).where(entries.c.org_id == org_id)):
        seen = last.pop(entry.entry_id, None)
        if seen is None or any(getattr(entry, name) != seen[1][name] for name in ENTRY_EVENT):
            at = seen[0] if seen else number + 1
            return Chain(events=number, broken_at=at, problem="an entry differs from its history")
    for run in connection.execute(select(runs).where(runs.c.org_id == org_id)):
        seen = last.pop(run.run_id, None)
        if seen is None or run.ended != seen[1]["ended"]:
            at = seen[0] if seen else number + 1
            return Chain(events=number, broken_at=at, problem="a run differs from its history")
    if last:
        return Chain(events=number, broken_at=min(n for n, _ in last.values()), problem="an entry or run is missing")
    return Chain(events=number, head=prev)

"""After a crash or a lost connection: close what an earlier run left open, by what the org shows.

Runs at the start of every apply, and as `leadgate recover`. It converts nothing: it reads leads back, finishes the
opportunity fields of conversions that did happen, and declares runs that died as abandoned. Running it again does
nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sync.apply.compensation_readback import AMBIGUOUS, Doubt, tell
from sync.apply.context import ApplyOptions, Run
from sync.apply.follow_up import set_opportunity_fields
from sync.apply.readback import read_back
from sync.errors import LeadgateError
from sync.ledger.codes import own_code
from sync.ledger.entries import COMPENSATION, Closing, Entry, State
from sync.ledger.lease import Lease
from sync.ledger.rows import RunStart
from sync.ledger.store import Ledger
from sync.salesforce.org import Org


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """One entry that an earlier run left open, and how it ended."""

    lead_id: str
    kind: str
    run_id: str
    state: State
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverReport:
    """What recovery found and did."""

    closed: tuple[Recovered, ...] = ()
    still_in_doubt: int = 0
    """Entries that couldn't be told, because the org can't be read."""
    opportunity_fields: Mapping[str, State] = field(default_factory=dict)
    """Opportunities whose planned fields were still to be set: conversion key → how that ended."""
    abandoned: tuple[str, ...] = ()
    """Runs that had died."""
    problem: str | None = None
    """Why something stayed in doubt."""

    def as_json(self) -> dict[str, object]:
        """The document of `recover --json`."""
        return {
            "closed": [
                {
                    "lead_id": one.lead_id,
                    "kind": one.kind,
                    "run_id": one.run_id,
                    "state": one.state.value,
                    "code": one.code,
                }
                for one in self.closed
            ],
            "still_in_doubt": self.still_in_doubt,
            "opportunity_fields": {key: state.value for key, state in self.opportunity_fields.items()},
            "abandoned": list(self.abandoned),
            "problem": self.problem,
        }

    @property
    def exit_code(self) -> int:
        """5 while doubts remain, else 0."""
        return 5 if self.still_in_doubt else 0


def recover(org: Org, ledger: Ledger, options: ApplyOptions | None = None) -> RecoverReport:
    """Take the org's lease and close what is open.

    Raises:
        OrgBusy: A run is going on; what is open may be its own.
    """
    with ledger.lease(org.identity.org_id) as lease:
        return recover_held(org, ledger, lease, options or ApplyOptions())


def recover_held(org: Org, ledger: Ledger, lease: Lease, options: ApplyOptions) -> RecoverReport:
    """As `recover`, for a caller that holds the lease."""
    org_id = lease.org_id
    open_entries = ledger.in_doubt(org_id)
    problem: str | None = None
    readable = True
    closings: list[Closing] = []
    try:
        closings, problem = _told(org, ledger, open_entries, options)
        ledger.close(lease, closings)
    except LeadgateError as unreadable:
        problem, readable = unreadable.message, False
    waiting = ledger.open_follow_ups(org_id) if readable else ()
    followed = _follow_up(org, ledger, lease, options, waiting)
    abandoned = tuple(run.run_id for run in ledger.runs(org_id, unfinished=True))
    if not ledger.in_doubt(org_id):
        for run_id in abandoned:
            ledger.finish_run(lease, run_id, "abandoned")
    by_key = {closing.key: closing for closing in closings}
    return RecoverReport(
        closed=tuple(
            Recovered(
                lead_id=entry.subject.lead_id,
                kind=entry.subject.kind,
                run_id=entry.run_id,
                state=by_key[entry.subject.key].state,
                code=by_key[entry.subject.key].code,
            )
            for entry in open_entries
            if entry.subject.key in by_key
        ),
        still_in_doubt=len(ledger.in_doubt(org_id)),
        opportunity_fields=followed,
        abandoned=abandoned,
        problem=problem,
    )


def _told(
    org: Org, ledger: Ledger, open_entries: tuple[Entry, ...], options: ApplyOptions
) -> tuple[list[Closing], str | None]:
    """Closings, and why something stays open although the org could be read."""
    on_leads = [e for e in open_entries if e.subject.kind in {"update_status", "convert_lead"}]
    on_opportunities = [e for e in open_entries if e.subject.kind == "set_opportunity_fields"]
    closings: list[Closing] = []
    if on_leads:
        closings += read_back(
            org,
            [(entry.subject, entry.changed_at) for entry in on_leads],
            clock=options.clock,
            sleep=options.sleep,
            settle=timedelta(seconds=options.settle_seconds),
        )
    # A follow-up may be taken again at will, so it needs no evidence: free it, and it is looked at anew.
    closings += [
        Closing(key=entry.subject.key, state=State.NOT_APPLIED, code="not_executed") for entry in on_opportunities
    ]
    compensating = [
        Doubt(subject=entry.subject, intended=entry.changed_at, evidence=entry.evidence)
        for entry in open_entries
        if entry.subject.kind in COMPENSATION
    ]
    unclear: list[Doubt] = []
    if compensating:
        claimed = set(ledger.made_leads(org.identity.org_id).values())
        told, unclear = tell(org, compensating, options, claimed=claimed)
        closings += told
    own = own_code(AMBIGUOUS) if unclear else None
    return closings, f"{own.cause}. {own.fix}" if own is not None else None


def _follow_up(
    org: Org, ledger: Ledger, lease: Lease, options: ApplyOptions, waiting: tuple[Entry, ...]
) -> dict[str, State]:
    if not waiting:
        return {}
    start = RunStart(
        plan_id="",
        kind="recover",
        policy_digest="",
        mapping_digest="",
        planned=0,
        user_id=org.identity.user_id,
        version=options.version,
    )
    run_id = ledger.begin_run(lease, start)
    run = Run(org=org, ledger=ledger, lease=lease, run_id=run_id, plan_id="", options=options, keys=frozenset())
    followed = set_opportunity_fields(run, waiting)
    ledger.finish_run(lease, run_id, "done" if run.halt is None else run.halt.ending.value)
    return followed

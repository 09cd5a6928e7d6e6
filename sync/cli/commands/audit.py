"""`leadgate audit`: everything that was meant, done and seen, in order, and whether anybody changed that history.

`leadgate audit verify` checks the chain alone, for a schedule.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.cli.exits import Exit
from sync.errors import InputInvalid
from sync.model import normal_id

if TYPE_CHECKING:
    from sync.ledger.audit import AuditEvent, Chain
    from sync.ledger.store import Ledger

VERIFY = "verify"


def audit(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[LEAD|RUN|PLAN|verify]",
            help="A lead id, a run id or a plan id; else all. `verify` checks the chain of events alone.",
        ),
    ] = None,
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    as_json: options.Json = False,
) -> None:
    """Show the ledger's events and verify their chain."""
    from sync.cli import output
    from sync.cli.commands.report import accounted
    from sync.cli.opened import open_workspace
    from sync.report.summary import summarise

    workspace = open_workspace(folder, org)
    with workspace.ledger() as ledger:
        org_id = workspace.org_id(ledger)
        events = () if what == VERIFY else _events(ledger, org_id, what)
        chain = ledger.verify_chain(org_id)
        named = {event.run_id for event in events}
        summaries = [summarise(ledger, run) for run in ledger.runs(org_id) if run.run_id in named]
    if as_json:
        broken = "intact" if chain.intact else {"broken_at": chain.broken_at, "problem": chain.problem}
        runs = [
            {"run_id": one.run.run_id, "planned": one.run.start.planned, "counts": one.run.start.counts}
            | {"outcomes": one.outcomes, "adds_up": one.adds_up}
            for one in summaries
        ]
        shown = {"events": [event.as_json() for event in events], "runs": runs, "chain": broken}
        output.emit_json({"org_id": org_id, **shown, "chain_events": chain.events, "chain_head": chain.head})
    else:
        if what != VERIFY:
            _draw(events)
        _tell(chain)
        for one in summaries:
            sys.stdout.write(f"run {one.run.run_id[:12]}: {accounted(one.run.start.counts)}\n")
    if not chain.intact:
        raise typer.Exit(Exit.UNEXPECTED)


def _events(ledger: Ledger, org_id: str, what: str | None) -> tuple[AuditEvent, ...]:
    if what is None:
        return ledger.audit(org_id)
    lead_id = normal_id(what)
    if lead_id is not None and lead_id.startswith("00Q"):
        return ledger.audit(org_id, lead_id=lead_id)
    everything = ledger.audit(org_id)
    found = tuple(e for e in everything if e.run_id.startswith(what) or (e.plan_id and e.plan_id.startswith(what)))
    if not found:
        raise InputInvalid(
            f"{what!r} is no lead id, and no run or plan of this ledger has an id that begins so",
            place="LEAD|RUN|PLAN",
            fix="`leadgate audit` without arguments lists everything",
        )
    return found


def _draw(events: tuple[AuditEvent, ...]) -> None:
    from sync.cli import output

    rows = [
        (f"{e.at:%Y-%m-%d %H:%M:%S}", e.run_id[:12], e.lead_id or "", e.kind.replace("_", " "), e.state, _detail(e))
        for e in events
    ]
    if rows:
        output.stdout().print(output.table(None, ("at (UTC)", "run", "lead", "what", "state", "evidence"), rows))
    else:
        sys.stdout.write("nothing of this in the ledger\n")
    sys.stdout.write("\n")


def _tell(chain: Chain) -> None:
    if chain.intact:
        sys.stdout.write(
            f"{chain.events:,} events in the ledger; their chain is intact (last hash {chain.head[:16]})\n"
        )
    else:
        sys.stdout.write(f"THE CHAIN IS BROKEN at event {chain.broken_at}: {chain.problem}\n")


def _detail(event: AuditEvent) -> str:
    parts = [event.code or "", *event.made.values(), *(f"{k}={v}" for k, v in event.evidence.items())]
    return " ".join(p for p in parts if p)

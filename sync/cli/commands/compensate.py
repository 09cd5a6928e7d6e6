"""`leadgate compensate`: a plan that makes good, as far as that goes, a conversion that should not have been."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.cli.exits import Exit
from sync.errors import InputInvalid

if TYPE_CHECKING:
    from sync.ledger.store import Ledger
    from sync.plan.compensation import CompensationPlan


def compensate(
    leads: Annotated[list[str] | None, typer.Argument(metavar="LEAD…", help="Ids of converted leads.")] = None,
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    run_id: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="Every lead that this run converted.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("-o", "--output", help="The plan's file; else .leadgate/ORG/plans/.")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=0, help="Records to show of each kind.")] = 25,
    as_json: options.Json = False,
) -> None:
    """Plan a new lead for each, from what was saved before its conversion; no undo. Writes nothing to the org."""
    from sync.cli import output
    from sync.cli.compensation_view import draw_compensation
    from sync.cli.opened import open_workspace
    from sync.insight.compensating import draw_up_compensation
    from sync.plan.compensation import HELD
    from sync.plan.compensation_file import encode

    if bool(leads) == bool(run_id):
        raise InputInvalid(
            "name the leads, or the run that converted them", place="LEAD…", fix="e.g. leadgate compensate 00Q…"
        )
    workspace = open_workspace(folder, org)
    reader = workspace.reader()
    with output.progress(quiet=as_json) as tick, workspace.ledger() as ledger:
        tick("planning")
        ids = _given(leads) if leads else _converted_by(ledger, reader.identity.org_id, run_id or "")
        made = draw_up_compensation(reader, ledger, workspace.pre_images(), ids, created_at=workspace.clock())
    if not made.actions:
        cause, fix = HELD[made.held[0].code]
        raise InputInvalid(
            f"none of these {len(ids)} leads can be compensated; {made.held[0].lead_id}: {cause}",
            place="LEAD…",
            fix=fix,
            code=made.held[0].code,
        )
    path = file or workspace.path("plans") / f"{made.created_at:%Y%m%dT%H%M%SZ}-compensate-{made.plan_id[:12]}.json"
    _save(made, path)
    if as_json:
        output.emit_json({**json.loads(encode(made)), "file": path})
    else:
        draw_compensation(made, rows=rows)
        sys.stdout.write(
            f"\nsaved to {path}; nothing was written to the org\nnext: leadgate apply {path}\n"
            "no plan converts the new leads by itself, however ready they are: `leadgate convert LEAD` does\n"
        )
    if made.held:
        raise typer.Exit(Exit.SOME_REJECTED)


def _given(leads: list[str]) -> list[str]:
    from sync.cli.lead_choice import distinct, lead_id_of

    return distinct([lead_id_of(text, "LEAD…") for text in leads])


def _converted_by(ledger: Ledger, org_id: str, wanted: str) -> list[str]:
    """The leads that a run converted.

    Raises:
        InputInvalid: There is no such run, or it converted nothing.
    """
    from sync.ledger.entries import State
    from sync.report.summary import find_run

    runs = ledger.runs(org_id)
    run = find_run(runs, wanted)
    if run is None:
        known = ", ".join(one.run_id[:12] for one in runs[-5:]) or "none yet"
        raise InputInvalid(f"no run {wanted!r} in this ledger", place="--run", fix=f"the last ones: {known}")
    found = [
        entry.subject.lead_id
        for entry in ledger.run_entries(run.run_id)
        if entry.subject.kind == "convert_lead" and entry.state is State.APPLIED
    ]
    if not found:
        raise InputInvalid(
            f"run {run.run_id[:12]} converted nothing", place="--run", fix="`leadgate report RUN` shows what it did"
        )
    return found


def _save(plan: CompensationPlan, path: Path) -> None:
    from sync.plan.compensation_file import encode
    from sync.private_file import write_private

    try:
        write_private(path, encode(plan))
    except OSError as refused:
        raise InputInvalid(
            f"the plan can't be saved: {refused.strerror}", place=str(path), fix="name a file that you may write to"
        ) from refused

"""`leadgate recover`: close what an earlier run left open, by reading the org back."""

from __future__ import annotations

import sys

import typer

from sync.cli import options
from sync.cli.safe_text import one_line


def recover(*, org: options.Org = None, folder: options.Folder = options.HERE, as_json: options.Json = False) -> None:
    """Find out what became of every action whose answer was lost; sends no conversion again."""
    from sync import __version__
    from sync.apply.context import ApplyOptions
    from sync.apply.recover import recover as close_open
    from sync.cli import output
    from sync.cli.opened import open_workspace

    workspace = open_workspace(folder, org)
    options = ApplyOptions(clock=workspace.clock, version=__version__, pre_images=workspace.pre_images())
    with workspace.ledger() as ledger:
        found = close_open(workspace.writer(), ledger, options)
    if as_json:
        output.emit_json(found.as_json())
    elif not (found.closed or found.still_in_doubt or found.opportunity_fields or found.abandoned):
        sys.stdout.write("nothing was left open\n")
    else:
        rows = [(e.lead_id, e.kind.replace("_", " "), e.run_id[:12], e.state.value, e.code or "") for e in found.closed]
        columns = ("lead", "what", "run", "state", "code")
        output.stdout().print(output.table(None, columns, rows))
        sys.stdout.write(f"\n{len(found.closed)} closed, {found.still_in_doubt} still in doubt\n")
        sys.stdout.write(f"opportunities given their planned fields: {len(found.opportunity_fields)}\n")
        if found.problem:
            sys.stdout.write(f"what kept the rest in doubt: {one_line(found.problem)}\n")
    raise typer.Exit(found.exit_code)

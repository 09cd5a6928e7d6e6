"""Converted leads that somebody changed just before, drawn: for `apply`, `convert`, `sync` and `report`."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def draw_overtaken(leads: Sequence[tuple[str, Sequence[str]]], *, rows: int = 20) -> None:
    """Leads with the fields that changed; of `rows` at most, and where the others are."""
    from sync.cli import output
    from sync.ledger.codes import OVERTAKEN, OWN_CODES

    console = output.stdout()
    told = OWN_CODES[OVERTAKEN]
    cells = [(lead, ", ".join(fields)) for lead, fields in leads[:rows]]
    console.print(output.table(f"changed before conversion ({len(leads):,})", ("lead", "fields"), cells))
    if len(leads) > rows:
        sys.stdout.write(f"… and {len(leads) - rows:,} more; `leadgate report --csv FILE` has them all\n")
    console.print(f"{told.cause[0].upper()}{told.cause[1:]}. {told.fix}.", markup=False)

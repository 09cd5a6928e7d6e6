"""`leadgate check --almost`: leads nearly ready, by what is missing, as tables, JSON and a work list in CSV."""

from __future__ import annotations

import csv
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from sync.cli.export import export
from sync.cli.safe_text import csv_cell

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sync.insight.almost import Almost, Group

CSV_COLUMNS = ("lead_id", "owner_id", "changes_away", "change")
OWNERS_SHOWN = 3


def document(almost: Almost) -> dict[str, object]:
    """What stands under `almost` in `check --json`."""
    return {
        "most": almost.most,
        "blocked": almost.blocked,
        "by_changes_away": almost.by_size,
        "out_of_reach": almost.out_of_reach,
        "groups": [_group(group) for group in almost.groups],
    }


def _group(group: Group) -> dict[str, object]:
    missing = group.missing
    return {
        "changes_away": missing.size,
        "missing": missing.words,
        "alternatives": [
            [
                {"kind": type(change).__name__, "words": words, **_wanted(asdict(change))}
                for change, words in zip(changes, said, strict=True)
            ]
            for changes, said in zip(group.changes, missing.alternatives, strict=True)
        ],
        "exact": missing.exact,
        "note": missing.note,
        "leads": len(group.leads),
        "owners": [{"owner_id": owner, "leads": leads} for owner, leads in group.owners()],
        "lead_ids": [lead_id for lead_id, _ in group.leads],
    }


def _wanted(change: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in change.items() if key != "now"}


def draw(almost: Almost, names: Mapping[str | None, str], limit: int) -> None:
    """The groups, and the first leads of each."""
    from rich.text import Text

    from sync.cli import output
    from sync.cli.safe_text import one_line

    console = output.stdout()
    listed = sum(len(group.leads) for group in almost.groups)
    away = "one change" if almost.most == 1 else f"at most {almost.most} changes"
    console.print(Text(f"{listed:,} of {almost.blocked:,} blocked leads are {away} away from ready", "bold"))
    sizes = ", ".join(f"{leads:,} at {size}" for size, leads in almost.by_size.items())
    console.print(Text(f"changes away: {sizes or 'none'}; {almost.out_of_reach:,} that no change by a person helps"))
    for group in almost.groups:
        owners = group.owners()
        told = ", ".join(f"{names.get(owner, owner)} {leads:,}" for owner, leads in owners[:OWNERS_SHOWN])
        more = f" and {len(owners) - OWNERS_SHOWN} more" if len(owners) > OWNERS_SHOWN else ""
        head = f"\n{len(group.leads):,} leads, {group.missing.size} away"
        console.print(Text.assemble((head, "bold"), f": {one_line(group.missing.words)}"))
        if group.missing.note:
            console.print(Text(f"  {one_line(group.missing.note)}", style="dim"))
        console.print(Text(f"  owners: {one_line(told)}{more}", style="dim"))
        for lead_id, owner_id in group.leads[:limit]:
            console.print(Text(f"  {lead_id}  {one_line(names.get(owner_id, owner_id))}"))
        if len(group.leads) > limit:
            console.print(Text(f"  … and {len(group.leads) - limit:,} more; --csv and --json have them", style="dim"))
    sys.stdout.write("\nnext: leadgate explain LEAD shows what a lead has now; --csv FILE writes the list\n")


def write_csv(path: Path, almost: Almost) -> None:
    """A row per lead: ids and what is missing, nothing of what the lead holds."""
    with export(path) as file:
        writer = csv.writer(file)
        writer.writerow(CSV_COLUMNS)
        for group, lead_id, owner_id in almost.leads():
            row = (lead_id, owner_id, group.missing.size, group.missing.words)
            writer.writerow([csv_cell(value) for value in row])

"""The leads that a plan holds back, as a work list in CSV: whose they are, what is in the way, and how to mend it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from sync.cli.export import export
from sync.cli.safe_text import csv_cell
from sync.plan.actions import ConvertLead
from sync.plan.render import standing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sync.plan.actions import Action, Plan

CSV_COLUMNS = ("lead_id", "owner_id", "kind", "code", "field", "cause", "fix", "candidates")


def write_held(path: Path, plan: Plan, owners: Mapping[str, str]) -> int:
    """A row for each held lead and each thing in its way; how many rows.

    Raises:
        InputInvalid: It can't be written there.
    """
    rows = [
        (
            action.lead_id,
            owners.get(action.lead_id),
            action.kind,
            b.code,
            b.field,
            b.message,
            b.fix,
            _candidates(action),
        )
        for action in plan.actions
        for b in action.blockers
    ]
    with export(path) as file:
        writer = csv.writer(file)
        writer.writerow(CSV_COLUMNS)
        writer.writerows([csv_cell(value) for value in row] for row in rows)
    return len(rows)


def _candidates(action: Action) -> str:
    """The records to choose from, closest first."""
    return "; ".join(standing(one) for one in action.candidates) if isinstance(action, ConvertLead) else ""

"""`leadgate check`: decide every lead in scope, from the mirror, by one query."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.cli.safe_text import csv_cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.policy.decision import Decision
    from sync.policy.schema import Policy


class Which(StrEnum):
    """Which leads to list."""

    READY = "ready"
    BLOCKED = "blocked"
    ALL = "all"


@dataclass(slots=True)
class Tally:
    """What a check counts while decisions stream by."""

    verdicts: Counter[str] = field(default_factory=Counter)
    criteria: dict[str, Counter[str]] = field(default_factory=dict)
    missing: Counter[tuple[str, ...]] = field(default_factory=Counter)
    listed: list[Decision] = field(default_factory=list)

    def add(self, decision: Decision, *, keep: bool) -> None:
        """Count one decision."""
        self.verdicts[decision.verdict.value] += 1
        if decision.verdict.value == "out_of_scope":
            return
        for name, result in decision.results.items():
            self.criteria.setdefault(name, Counter())[result.value] += 1
        if decision.verdict.value == "blocked":
            self.missing[decision.missing] += 1
        if keep:
            self.listed.append(decision)


def check(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    policy_file: options.PolicyFile = None,
    list_: Annotated[Which | None, typer.Option("--list", help="List leads: ready, blocked or all.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write every decided lead to this CSV file.")] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="Decide as of this UTC time."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Decide every lead in scope and count what is ready, blocked, and by what."""
    from sync.cli import output
    from sync.cli.clock import instant
    from sync.policy.compile import compile_policy
    from sync.workspace import Workspace

    workspace = Workspace.open(folder, org=org)
    policy = workspace.policy(policy_file)
    now = instant(as_of, workspace.clock)
    compiled = compile_policy(policy, workspace.mapping, now)
    tally = Tally()
    with workspace.mirror() as mirror:
        for decision in mirror.decide(compiled):
            tally.add(decision, keep=csv_file is not None or _wanted(decision, list_))
    if csv_file is not None:
        _write_csv(csv_file, tally.listed, policy)
    shown = [d for d in tally.listed if _wanted(d, list_)]
    if as_json:
        output.emit_json(_document(tally, shown if list_ else None, policy, now))
    else:
        _draw(tally, shown, policy, csv_file)


def _wanted(decision: Decision, which: Which | None) -> bool:
    verdict = decision.verdict.value
    return which is not None and (verdict == which.value or (which is Which.ALL and verdict != "out_of_scope"))


def _document(tally: Tally, shown: list[Decision] | None, policy: Policy, now: datetime) -> dict[str, object]:
    document: dict[str, object] = {
        "policy": policy.name,
        "as_of": now,
        "counts": {name: tally.verdicts[name] for name in ("ready", "blocked", "out_of_scope")},
        "by_criterion": {
            name: {result: tally.criteria.get(name, Counter())[result] for result in ("met", "not_met", "unknown")}
            for name in policy.criteria
        },
    }
    if shown is not None:
        document["leads"] = [
            {"lead_id": d.lead_id, "verdict": d.verdict, "missing": () if d.verdict.value == "ready" else d.missing}
            for d in shown
        ]
    return document


def _draw(tally: Tally, shown: list[Decision], policy: Policy, csv_file: Path | None) -> None:
    from sync.cli import output

    console = output.stdout()
    total = tally.verdicts.total()
    console.print(f"{total:,} leads decided by policy {policy.name}", style="bold", markup=False)
    console.print(
        output.table(
            None,
            ("verdict", "leads"),
            [(name.replace("_", " "), f"{tally.verdicts[name]:,}") for name in ("ready", "blocked", "out_of_scope")],
            right=("leads",),
        )
    )
    rows = []
    for name, criterion in policy.criteria.items():
        counts = tally.criteria.get(name, Counter())
        rows.append((criterion.label, f"{counts['met']:,}", f"{counts['not_met']:,}", f"{counts['unknown']:,}"))
    console.print()
    console.print(
        output.table(None, ("criterion", "met", "not met", "unknown"), rows, right=("met", "not met", "unknown"))
    )
    if tally.missing:
        console.print()
        labels = {name: c.label for name, c in policy.criteria.items()}
        most = tally.missing.most_common(8)
        console.print(
            output.table(
                "blocked leads, by what is not met",
                ("leads", "not met"),
                [(f"{n:,}", "; ".join(labels.get(m, m) for m in names) or "a combination") for names, n in most],
                right=("leads",),
            )
        )
    if shown:
        console.print()
        console.print(
            output.table(
                None,
                ("lead", "verdict", "not met"),
                [
                    (d.lead_id, d.verdict.value, "" if d.verdict.value == "ready" else ", ".join(d.missing))
                    for d in shown
                ],
            )
        )
    if csv_file is not None:
        sys.stdout.write(f"\nwritten to {csv_file}\n")
    sys.stdout.write("\nnext: leadgate explain LEAD shows why; leadgate plan shows what would be done\n")


def _write_csv(path: Path, decisions: Iterable[Decision], policy: Policy) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["lead_id", "verdict", *policy.criteria])
        for decision in decisions:
            if decision.verdict.value != "out_of_scope":
                results = (decision.results[name].value for name in policy.criteria)
                writer.writerow([csv_cell(v) for v in (decision.lead_id, decision.verdict.value, *results)])

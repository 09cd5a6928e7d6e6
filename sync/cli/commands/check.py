"""`leadgate check`: decide every lead in scope, from the mirror, by one query."""

from __future__ import annotations

import csv
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.cli.export import export
from sync.cli.safe_text import csv_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync.policy.decision import Decision
    from sync.policy.schema import Policy


VERDICTS = ("ready", "blocked", "out_of_scope")
RESULTS = ("met", "not_met", "unknown")


class Which(StrEnum):
    """Which leads to list."""

    READY = "ready"
    BLOCKED = "blocked"
    ALL = "all"


def check(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    policy_file: options.PolicyFile = None,
    list_: Annotated[Which | None, typer.Option("--list", help="List leads: ready, blocked or all.")] = None,
    almost: Annotated[
        int | None,
        typer.Option("--almost", min=1, metavar="N", help="List leads at most N changes away, by what is missing."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="With --almost: leads shown of each group.")] = 5,
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", help="Write every decided lead to this CSV file; with --almost, its work list."),
    ] = None,
    as_of: options.AsOf = None,
    as_json: options.Json = False,
) -> None:
    """Decide every lead in scope and count what is ready, blocked, and by what."""
    from sync.cli import almost_view, output
    from sync.cli.clock import instant
    from sync.cli.opened import open_workspace
    from sync.insight.almost import almost_ready
    from sync.insight.owners import owner_names
    from sync.policy.compile import compile_policy

    workspace = open_workspace(folder, org)
    policy = workspace.policy(policy_file)
    compiled = compile_policy(policy, workspace.mapping, instant(as_of, workspace.clock))
    with workspace.mirror() as mirror:
        with mirror.decided(compiled) as decided:
            counts = decided.counts()
            listed = [d for d in decided.in_scope() if _wanted(d, list_)] if list_ else []
            if csv_file is not None and almost is None:
                _write_csv(csv_file, decided.all(), policy)
        nearly = None
        if almost is not None:
            with output.progress(quiet=as_json) as tick:
                tick("looking for the smallest changes")
                nearly = almost_ready(mirror, compiled, workspace.mapping, most=almost)
        names = owner_names(mirror, workspace.mapping, {o for _, _, o in nearly.leads()}) if nearly else {}
    if csv_file is not None and nearly is not None:
        almost_view.write_csv(csv_file, nearly)
    if as_json:
        shown = {"almost": almost_view.document(nearly)} if nearly is not None else {}
        output.emit_json(_document(counts, listed if list_ else None, policy, compiled.now) | shown)
        return
    _draw(counts, listed, policy)
    if nearly is not None:
        sys.stdout.write("\n")
        almost_view.draw(nearly, names, limit)
    else:
        sys.stdout.write("\nnext: leadgate explain LEAD shows why; leadgate plan shows what would be done\n")
    if csv_file is not None:
        sys.stdout.write(f"written to {csv_file}\n")


def _wanted(decision: Decision, which: Which | None) -> bool:
    verdict = decision.verdict.value
    return which is not None and (verdict == which.value or (which is Which.ALL and verdict != "out_of_scope"))


def _document(
    counts: Mapping[str, int], listed: list[Decision] | None, policy: Policy, now: datetime
) -> dict[str, object]:
    document: dict[str, object] = {
        "policy": policy.name,
        "as_of": now,
        "counts": {name: counts[name] for name in VERDICTS},
        "by_criterion": {name: {result: counts[f"{name}:{result}"] for result in RESULTS} for name in policy.criteria},
    }
    if listed is not None:
        document["leads"] = [
            {"lead_id": d.lead_id, "verdict": d.verdict, "missing": () if d.verdict.value == "ready" else d.missing}
            for d in listed
        ]
    return document


def _draw(counts: Mapping[str, int], listed: list[Decision], policy: Policy) -> None:
    from sync.cli import output

    console = output.stdout()
    total = sum(counts[name] for name in VERDICTS)
    console.print(f"{total:,} leads decided by policy {policy.name}", style="bold", markup=False)
    verdicts = [(name.replace("_", " "), f"{counts[name]:,}") for name in VERDICTS]
    console.print(output.table(None, ("verdict", "leads"), verdicts, right=("leads",)))
    console.print()
    rows = [
        (c.label, *(f"{counts[f'{name}:{result}']:,}" for result in RESULTS)) for name, c in policy.criteria.items()
    ]
    columns = ("criterion, over leads in scope", "met", "not met", "unknown")
    console.print(output.table(None, columns, rows, right=columns[1:]))
    if listed:
        console.print()
        leads = [
            (d.lead_id, d.verdict.value, "" if d.verdict.value == "ready" else ", ".join(d.missing)) for d in listed
        ]
        console.print(output.table(None, ("lead", "verdict", "not met"), leads))


def _write_csv(path: Path, decisions: Iterable[Decision], policy: Policy) -> None:
    with export(path) as file:
        writer = csv.writer(file)
        writer.writerow(["lead_id", "verdict", *policy.criteria])
        for decision in decisions:
            if decision.verdict.value != "out_of_scope":
                results = (decision.results[name].value for name in policy.criteria)
                writer.writerow([csv_cell(v) for v in (decision.lead_id, decision.verdict.value, *results)])

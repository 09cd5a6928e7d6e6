"""`leadgate pipeline`: the open pipeline and the opportunities that need a look, from the mirror alone."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options
from sync.cli.export import export
from sync.cli.rate_cells import duration_cell, rate_cell, rate_document, seconds
from sync.cli.safe_text import csv_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sync.insight.concerns import Concern, ConcernRow
    from sync.insight.pipeline import Stage
    from sync.insight.rates import Rate
    from sync.policy.compile import CompiledPolicy

CSV_COLUMNS = ("concern", "opportunity_id", "owner_id", "stage", "detail")


def pipeline(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    policy_file: options.PolicyFile = None,
    list_: Annotated[
        str | None, typer.Option("--list", metavar="CONCERN", help="List the opportunities of this concern.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Shown with --list; --csv and --json have all.")] = 20,
    csv_file: Annotated[
        Path | None,
        typer.Option("--csv", help="Write a row per opportunity, of the listed concern or of all, to this CSV file."),
    ] = None,
    as_of: options.AsOf = None,
    as_json: options.Json = False,
) -> None:
    """Show the open pipeline by stage, and the opportunities that need a look."""
    from sync.cli import output
    from sync.cli.clock import instant
    from sync.cli.opened import open_workspace
    from sync.insight.concerns import concerns, list_concerns
    from sync.insight.owners import owner_names
    from sync.insight.pipeline import make_deals, stages, win_rate
    from sync.policy.compile import compile_policy

    workspace = open_workspace(folder, org)
    compiled = compile_policy(workspace.policy(policy_file), workspace.mapping, instant(as_of, workspace.clock))
    wanted, everything = _wanted(compiled, list_)
    with workspace.mirror() as mirror, mirror.session() as cursor:
        notes = make_deals(cursor, workspace.mapping)
        found, rate, needed = stages(cursor, compiled.now), win_rate(cursor), concerns(cursor, compiled)
        listed = list(list_concerns(cursor, compiled, wanted))
        if csv_file is not None:
            _write_csv(csv_file, list_concerns(cursor, compiled, wanted or everything))
        names = owner_names(mirror, workspace.mapping, {row.owner_id for row in listed[:limit]})
        watermark = mirror.watermark()
    if as_json:
        shown = _document(found, rate, needed, compiled, notes) | {"mirror_as_of": watermark}
        output.emit_json(shown | ({"opportunities": [_row(row) for row in listed]} if wanted else {}))
        return
    _draw(found, rate, needed, compiled, watermark, notes)
    if wanted:
        _draw_list(listed, names, limit)
    if csv_file is not None:
        sys.stdout.write(f"written to {csv_file}\n")


def _wanted(compiled: CompiledPolicy, named: str | None) -> tuple[list[str], tuple[str, ...]]:
    from sync.errors import InputInvalid
    from sync.insight.concerns import concern_names

    known = concern_names(compiled)
    if named is not None and named not in known:
        raise InputInvalid(f"there is no concern {named!r}", place="--list", fix=f"one of {', '.join(known)}")
    return ([] if named is None else [named]), known


def _document(
    found: Sequence[Stage], rate: Rate, needed: Sequence[Concern], compiled: CompiledPolicy, notes: Sequence[str]
) -> dict[str, object]:
    return {
        "policy": compiled.policy.name,
        "as_of": compiled.now,
        "open": sum(stage.open for stage in found),
        "amount": sum(stage.amount for stage in found),
        "win_rate": rate_document(rate),
        "stages": [
            {
                "stage": stage.name,
                "open": stage.open,
                "amount": stage.amount,
                "without_amount": stage.without_amount,
                "past_close_date": stage.past_close,
                "median_age_seconds": seconds(stage.median_age),
                "stays_ended": stage.stays,
                "usual_seconds": seconds(stage.usual),
                "long_seconds": seconds(stage.long),
                "win_rate": rate_document(stage.won),
            }
            for stage in found
        ],
        "concerns": [
            {
                "name": concern.name,
                "label": concern.label,
                "source": concern.place,
                "opportunities": concern.opportunities,
                "unknown": concern.unknown,
                "rate": rate_document(concern.rate),
                "of": concern.of,
            }
            for concern in needed
        ],
        "notes": notes,
    }


def _row(row: ConcernRow) -> dict[str, object]:
    return {
        "concern": row.concern,
        "opportunity_id": row.opportunity_id,
        "owner_id": row.owner_id,
        "stage": row.stage,
        "detail": row.detail,
    }


def _draw(  # noqa: PLR0917 -- the report's parts, each of its own type
    found: Sequence[Stage],
    rate: Rate,
    needed: Sequence[Concern],
    compiled: CompiledPolicy,
    watermark: datetime | None,
    notes: Sequence[str],
) -> None:
    from rich.text import Text

    from sync.cli import output
    from sync.cli.freshness import mirror_age

    console = output.stdout()
    total = sum(stage.open for stage in found)
    amount = sum(stage.amount for stage in found)
    console.print(Text(f"{total:,} open opportunities worth {amount:,.0f}", "bold"))
    console.print(Text(mirror_age(watermark, compiled.now), "dim"))
    console.print(Text(f"won of all that are closed: {rate_cell(rate)}"))
    rows = [
        (
            stage.name,
            f"{stage.open:,}",
            f"{stage.amount:,.0f}",
            f"{stage.without_amount:,}",
            f"{stage.past_close:,}",
            duration_cell(stage.median_age),
            f"{duration_cell(stage.usual).removesuffix(' d')} / {duration_cell(stage.long)}",
            rate_cell(stage.won),
        )
        for stage in found
    ]
    counts = ("open", "amount", "no amount", "overdue")
    columns = ("stage", *counts, "median age", "stay: usual / 9 of 10", "won, of the closed that were here")
    console.print(output.table(None, columns, rows, right=counts))
    console.print()
    listed = [
        (
            c.name,
            f"{c.opportunities:,}",
            c.label,
            rate_cell(c.rate),
            c.of.removesuffix(" opportunities"),
            c.place or "every org",
        )
        for c in needed
    ]
    heads = ("concern", "count", "what", "share", "of", "asked by")
    console.print(output.table(None, heads, listed, right=("count",)))
    untold = [f"{c.name} can't be told of {c.unknown:,} opportunities" for c in needed if c.unknown]
    for note in (*untold, *notes, "amounts are added as they are, whatever their currency"):
        console.print(Text(f"note: {note}", "yellow"))
    sys.stdout.write("\nnext: --list CONCERN lists the opportunities of one; --csv FILE writes them all\n")


def _draw_list(listed: Sequence[ConcernRow], names: Mapping[str | None, str], limit: int) -> None:
    from sync.cli import output

    rows = [
        (row.opportunity_id, names.get(row.owner_id, row.owner_id), row.stage, row.detail) for row in listed[:limit]
    ]
    sys.stdout.write("\n")
    output.stdout().print(output.table(None, ("opportunity", "owner", "stage", "detail"), rows))
    if len(listed) > limit:
        sys.stdout.write(f"… and {len(listed) - limit:,} more; --limit, --csv and --json show them\n")


def _write_csv(path: Path, rows: Iterable[ConcernRow]) -> None:
    with export(path) as file:
        writer = csv.writer(file)
        writer.writerow(CSV_COLUMNS)
        for row in rows:
            cells = (row.concern, row.opportunity_id, row.owner_id, row.stage, row.detail)
            writer.writerow([csv_cell(cell) for cell in cells])

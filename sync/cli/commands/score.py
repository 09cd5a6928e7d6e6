"""`leadgate score`: how likely a lead is to become an opportunity, learnt from the org's own past."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options

if TYPE_CHECKING:
    from sync.insight.likelihood.model import Model
    from sync.mirror.scores import Score

group = typer.Typer(help="How likely a lead is to become an opportunity.", no_args_is_help=True, rich_markup_mode=None)

POORLY_CALIBRATED = 0.05
"""Calibration error above which the report says not to rely on exact figures."""
LEFT_OUT = {
    "too_young": "too young: their horizon has not passed yet, converted or not",
    "before_the_record": "from before the first conversion on record",
    "not_open": "converted before any moment that was looked at",
    "undated": "converted, and nothing says when",
    "out_of_order": "converted before they were created, says the record",
}


@group.command("train")
def train(
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    horizon: Annotated[
        int, typer.Option("--horizon", min=1, max=730, help="Days that a lead is given to become an opportunity.")
    ] = 90,
    seed: Annotated[int, typer.Option("--seed", help="Of every draw; the same seed gives the same model.")] = 0,
    as_json: options.Json = False,
) -> None:
    """Learn likelihoods from the mirror, judge them by the latest leads, and score every open lead."""
    from sync.cli import output
    from sync.cli.likelihoods import learn
    from sync.cli.opened import open_workspace

    with output.progress(quiet=as_json) as tick:
        model, scored = learn(open_workspace(folder, org), horizon_days=horizon, seed=seed, tick=tick)
    if as_json:
        output.emit_json({"model": _document(model), "scored": scored})
        return
    _draw_model(model)
    sys.stdout.write(f"\n{scored:,} open leads scored; every pull scores them anew\n")
    sys.stdout.write("next: leadgate score show LEAD; in a policy, `likelihood >= 0.3` is a condition like any other\n")


@group.command("show")
def show(
    lead: Annotated[
        str | None, typer.Argument(metavar="[LEAD]", help="A lead's id, e-mail address, name or company.")
    ] = None,
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    top: Annotated[int, typer.Option("--top", min=1, help="Without LEAD: list so many of the likeliest.")] = 20,
    as_json: options.Json = False,
) -> None:
    """Show a lead's likelihood with its reasons, or the model and the likeliest open leads."""
    from sync.cli import output
    from sync.cli.likelihoods import model_path
    from sync.cli.one_lead import one_lead
    from sync.cli.opened import open_workspace
    from sync.errors import InputInvalid
    from sync.insight.likelihood.model import read_model

    workspace = open_workspace(folder, org)
    model = read_model(model_path(workspace))
    if model is None:
        raise InputInvalid("no likelihoods have been learnt yet", fix="run `leadgate score train`")
    with workspace.mirror() as mirror:
        lead_id, name = one_lead(mirror, lead) if lead is not None else (None, "")
        scores = mirror.scores(lead_id, most=None if lead_id else top)
    if lead_id is not None and not scores:
        raise InputInvalid(
            f"lead {lead_id} has no likelihood",
            place="LEAD",
            fix="only open leads are scored; is it converted or deleted?",
        )
    if as_json:
        output.emit_json({"model": _document(model), "leads": [score_document(score) for score in scores]})
    elif lead_id is not None:
        _draw_lead(scores[0], name, model)
    else:
        _draw_model(model)
        _draw_leads(scores)


def score_document(score: Score) -> dict[str, object]:
    """One lead's score for `--json`."""
    return {
        "lead_id": score.lead_id,
        "likelihood": round(score.likelihood, 4),
        "low": round(score.low, 4),
        "high": round(score.high, 4),
        "reasons": [
            {"column": column, "level": level, "odds": round(odds, 3)} for column, level, odds in score.reasons
        ],
        "model_id": score.model_id,
        "scored_at": score.scored_at,
    }


def _document(model: Model) -> dict[str, object]:
    return {
        "model_id": model.model_id,
        "learnt_at": model.learnt_at,
        "known_until": model.known_until,
        "horizon_days": model.horizon_days,
        "seed": model.seed,
        "leads": model.leads,
        "moments": model.looks,
        "converted": model.converted,
        "left_out": {reason.value: count for reason, count in model.left_out.items()},
        "columns": [each.levels.column for each in model.scorecard.columns],
        "leaks": model.leaks,
        "taken_as_constant": model.constant,
        "tested_from": model.tested_from,
        "test": model.measures,
        "test_of_the_average": model.average,
    }


def _draw_model(model: Model) -> None:
    from sync.cli import output

    console = output.stdout()
    console.print(f"Likelihood of an opportunity within {model.horizon_days} days", style="bold")
    sys.stdout.write(
        f"learnt from {model.leads:,} leads at {model.looks:,} moments, {model.converted:,} of them became "
        f"opportunities; model {model.model_id}\n"
    )
    for reason, count in model.left_out.items():
        if count:
            leads = "1 lead" if count == 1 else f"{count:,} leads"
            sys.stdout.write(f"  {leads} left out: {LEFT_OUT[reason.value]}\n")
    test, average = model.measures, model.average
    sys.stdout.write(
        f"\njudged by the {test.cases:,} moments of the leads created from {model.tested_from:%Y-%m-%d} on, "
        f"{test.share:.1%} of which became opportunities\n"
    )
    rows = [
        ("mean likelihood", f"{test.mean:.1%}", f"{average.mean:.1%}"),
        ("AUC (higher is better)", f"{test.auc:.3f}", f"{average.auc:.3f}"),
        ("Brier score (lower is better)", f"{test.brier:.4f}", f"{average.brier:.4f}"),
        ("log loss (lower is better)", f"{test.log_loss:.4f}", f"{average.log_loss:.4f}"),
        ("calibration error (lower is better)", f"{test.calibration_error:.4f}", f"{average.calibration_error:.4f}"),
    ]
    columns = ("measure", "what was learnt", "the average alone")
    console.print(output.table(None, columns, rows, right=columns[1:]))
    if test.calibration_error > POORLY_CALIBRATED:
        sys.stdout.write(
            f"the likelihoods were off by {100 * test.calibration_error:.0f} points on average there: "
            "they put leads in order, but don't rely on the exact figure\n"
        )
    if model.leaks:
        sys.stdout.write("\nleft out because they give the answer away:\n")
        console.print(output.table(None, ("column", "why"), [(leak.column, leak.why) for leak in model.leaks]))
    if model.constant:
        constant = ", ".join(model.constant)
        console.print(f"\ntaken as constant, because the mirror doesn't know their past: {constant}", markup=False)


def _draw_lead(score: Score, name: str, model: Model) -> None:
    from rich.text import Text

    from sync.cli import output
    from sync.cli.likelihoods import in_words, reason_in_words
    from sync.cli.safe_text import one_line

    console = output.stdout()
    console.print(Text(f"{score.lead_id}  {one_line(name)}"))
    console.print(Text(f"{in_words(score)} likely to become an opportunity within {model.horizon_days} days", "bold"))
    for reason in score.reasons:
        console.print(Text("  " + one_line(reason_in_words(*reason))))
    if not score.reasons:
        sys.stdout.write("  nothing sets it apart from the average lead\n")
    sys.stdout.write(f"\nas of {score.scored_at:%Y-%m-%d %H:%M} UTC, model {score.model_id}\n")
    sys.stdout.write("next: leadgate explain LEAD shows what the policy makes of it\n")


def _draw_leads(scores: list[Score]) -> None:
    from sync.cli import output
    from sync.cli.likelihoods import in_words, reason_in_words

    if not scores:
        sys.stdout.write("\nno open lead is scored; run leadgate pull\n")
        return
    rows = [(each.lead_id, in_words(each), "; ".join(reason_in_words(*r) for r in each.reasons)) for each in scores]
    sys.stdout.write("\n")
    output.stdout().print(output.table(None, ("lead", "likelihood", "main reasons"), rows))
    sys.stdout.write("\nnext: leadgate score show LEAD\n")

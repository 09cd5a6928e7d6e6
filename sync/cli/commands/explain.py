"""`leadgate explain`: why a lead is ready or not, with the evidence, and the smallest change that makes it ready."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sync.cli import options
from sync.cli.commands.score import score_document
from sync.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sync.mirror.scores import Score
    from sync.policy.decision import Finding
    from sync.policy.explain import Explanation
    from sync.policy.schema import Policy

MARKS = {"met": ("✓", "green"), "not_met": ("✗", "red"), "unknown": ("?", "yellow")}


def explain(
    lead: Annotated[str, typer.Argument(metavar="LEAD", help="A lead's id, e-mail address, name or company.")],
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    policy_file: options.PolicyFile = None,
    as_of: options.AsOf = None,
    matches: Annotated[
        bool, typer.Option("--matches", help="Also the accounts and contacts that it may belong to, closest first.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Explain the decision on one lead, from the mirror."""
    from sync.cli import output
    from sync.cli.candidate_view import candidates_of, draw_candidates
    from sync.cli.clock import instant
    from sync.cli.one_lead import one_lead
    from sync.cli.opened import open_workspace
    from sync.mirror.in_use import picklist_values_in_use
    from sync.mirror.lapsed import last_seen
    from sync.policy.compile import compile_policy
    from sync.policy.explain import explain as explained
    from sync.policy.relations import LIKELIHOOD

    workspace = open_workspace(folder, org)
    policy = workspace.policy(policy_file)
    compiled = compile_policy(policy, workspace.mapping, instant(as_of, workspace.clock))
    with workspace.mirror() as mirror:
        lead_id, name = one_lead(mirror, lead)
        with mirror.about([lead_id]) as about:
            decisions = about.decisions(compiled)
            if not decisions:
                raise InputInvalid(f"lead {lead_id} is deleted in the org", place="LEAD", fix="nothing to decide")
            told = explained(
                compiled,
                workspace.mapping,
                decisions[0],
                values=about.values(compiled)[lead_id],
                evidence=about.evidence(compiled)[lead_id],
                usual=picklist_values_in_use(mirror, workspace.mapping, compiled.deciding_fields),
            )
            seen = last_seen(about, workspace.mapping, policy, decisions[0], now=compiled.now)
        candidates = candidates_of(mirror, policy, decisions[0]) if matches else ()
        scores = mirror.scores(lead_id) if LIKELIHOOD in compiled.deciding_fields else []
    known = next((score for score in scores if score.scored_at <= compiled.now), None)
    if as_json:
        asked = {"candidates": candidates} if matches else {}
        likely = {"likelihood": score_document(known)} if known else {}
        output.emit_json(_document(told, policy, seen) | asked | likely)
    else:
        _draw(told, name, compiled.now, lambda change: _in_words(change, policy, seen))
        if known is not None:
            _draw_likelihood(known)
        if matches:
            draw_candidates(candidates)


def _document(told: Explanation, policy: Policy, seen: Mapping[str, datetime | None]) -> dict[str, object]:
    decision = told.decision
    return {
        "lead_id": decision.lead_id,
        "verdict": decision.verdict,
        "as_of": decision.as_of,
        "scope": _finding(told.scope),
        "findings": [_finding(found) for found in told.findings],
        "smallest_changes": [
            [_change(change, _in_words(change, policy, seen)) for change in changes] for changes in told.smallest.sets
        ],
        "smallest_changes_exact": told.smallest.exact,
        "smallest_changes_note": told.smallest.note,
        "next_status": decision.next_status,
    }


def _finding(found: Finding) -> dict[str, object]:
    return {
        "criterion": found.criterion,
        "label": found.label,
        "result": found.result,
        "expression": found.expression,
        "values": found.values,
        "evidence": found.evidence,
        "source": found.source,
    }


def _change(change: Any, words: str) -> dict[str, object]:
    from dataclasses import asdict

    return {"kind": type(change).__name__, "words": words, **asdict(change)}


def _in_words(change: Any, policy: Policy, seen: Mapping[str, datetime | None]) -> str:
    """The change, and for a signal that is to come within a window when it was last seen."""
    from sync.policy.changes import SignalTrue, in_words

    if not isinstance(change, SignalTrue) or change.signal not in seen:
        return in_words(change)
    last = seen[change.signal]
    told = f"last on {last:%Y-%m-%d}" if last is not None else "never so far"
    return f"{in_words(change)} (within {policy.signals[change.signal].within_days:,} days, {told})"


def _draw(told: Explanation, name: str, now: datetime, words: Callable[[Any], str]) -> None:
    from rich.text import Text

    from sync.cli import output
    from sync.cli.safe_text import one_line

    console = output.stdout()
    decision = told.decision
    style = {"ready": "bold green", "blocked": "bold yellow"}.get(decision.verdict.value, "bold")
    console.print(Text(f"{decision.lead_id}  {one_line(name)}"))
    console.print(Text(f"{decision.verdict.value.replace('_', ' ')}, as of {now:%Y-%m-%d %H:%M} UTC", style))
    for found in (told.scope, *told.findings):
        mark, color = MARKS[found.result.value]
        result = found.result.value.replace("_", " ")
        console.print(Text.assemble("\n", (mark, color), f" {one_line(found.label)}: ", (result, color)))
        console.print(Text(f"    {one_line(found.expression)}   [{found.source}]", style="dim"))
        if found.values:
            seen = ", ".join(f"{key} = {_value(value)}" for key, value in found.values.items())
            console.print(Text(f"    saw: {seen}"))
        for item in found.evidence[:5]:
            sign = "against" if item.contradicts else "for"
            at = f"{item.at:%Y-%m-%d}" if item.at else "no date"
            quote = f" “{one_line(item.quote, width=110)}”" if item.quote else ""
            console.print(Text(f"    {sign} {item.signal}: {item.object} {item.record_id}, {at}{quote}"))
    if decision.verdict.value == "blocked":
        sys.stdout.write("\nthe smallest changes that would make it ready, each enough by itself:\n")
        for changes in told.smallest.sets[:6]:
            console.print(Text("  • " + "  and  ".join(one_line(words(change)) for change in changes)))
        if told.smallest.note:
            console.print(Text(f"  {one_line(told.smallest.note)}", style="dim"))
    if decision.next_status is not None:
        step = decision.next_status
        console.print(Text("\n" + one_line(f"Lead Status: {step.from_} → {step.to}   [{step.source}]")))


def _draw_likelihood(score: Score) -> None:
    from rich.text import Text

    from sync.cli import output
    from sync.cli.likelihoods import in_words, reason_in_words
    from sync.cli.safe_text import one_line

    console = output.stdout()
    console.print(Text(f"\nlikelihood {in_words(score)}, computed {score.scored_at:%Y-%m-%d %H:%M} UTC, because of"))
    for reason in score.reasons:
        console.print(Text("    " + one_line(reason_in_words(*reason))))


def _value(value: object) -> str:
    from sync.cli.safe_text import one_line

    if isinstance(value, bool):
        return "yes" if value else "no"
    return "unknown" if value is None else one_line(value, width=60)

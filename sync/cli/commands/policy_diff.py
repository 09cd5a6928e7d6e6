"""`leadgate policy diff`: what another policy would do otherwise with the leads of the mirror, and why."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sync.cli import options

if TYPE_CHECKING:
    from datetime import datetime

    from sync.policy.comparison import Comparison, PolicyPair, Reason

_SHOWN = {True: "true", False: "false", None: "unknown"}


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A policy file, or the name of a shipped pack.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="A policy file, or the name of a shipped pack.")],
    *,
    org: options.Org = None,
    folder: options.Folder = options.HERE,
    as_of: options.AsOf = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="List at most so many leads; --json has all.")] = 20,
    as_json: options.Json = False,
) -> None:
    """Compare two policies on the mirror: which leads change verdict, and by which rules."""
    from sync.cli import output
    from sync.cli.clock import instant
    from sync.cli.opened import open_workspace
    from sync.cli.policy_choice import chosen_policy
    from sync.policy.comparison import PolicyPair
    from sync.policy.compile import compile_policy

    workspace = open_workspace(folder, org)
    mapping, now = workspace.mapping, instant(as_of, workspace.clock)
    before = compile_policy(chosen_policy(workspace, old, place="OLD"), mapping, now)
    after = compile_policy(chosen_policy(workspace, new, place="NEW"), mapping, now)
    pair = PolicyPair(before.parsed, after.parsed)
    with workspace.mirror() as mirror:
        found = pair.compare(zip(mirror.decide(before), mirror.decide(after), strict=True))
    if as_json:
        output.emit_json(_document(pair, found, now))
    else:
        _draw(pair, found, limit)


def _document(pair: PolicyPair, found: Comparison, now: datetime) -> dict[str, object]:
    sides = {
        side: {
            "policy": parsed.policy.name,
            "file": parsed.policy.file,
            "digest": parsed.policy.digest,
            "counts": {verdict.value: count for verdict, count in counts.items()},
        }
        for side, parsed, counts in (("old", pair.old, found.before), ("new", pair.new, found.after))
    }
    return {
        "as_of": now,
        **sides,
        "changed_rules": pair.changed_rules(),
        "leads": found.leads,
        "changed": len(found.changes),
        "other_status": found.other_status,
        "other_opportunity": found.other_opportunity,
        "kinds": [
            {"before": before, "after": after, "rules": rules, "leads": count}
            for (before, after, rules), count in found.kinds()
        ],
        "changes": [
            {
                "lead_id": change.lead_id,
                "before": change.before,
                "after": change.after,
                "reasons": [_reason(reason) for reason in change.reasons],
            }
            for change in found.changes
        ],
    }


def _reason(reason: Reason) -> dict[str, object]:
    signals = {name: {"before": was, "after": is_} for name, (was, is_) in reason.signals.items()}
    return {"rule": reason.rule, "before": reason.before, "after": reason.after, "signals": signals}


def _draw(pair: PolicyPair, found: Comparison, limit: int) -> None:
    from rich.text import Text

    from sync.cli import output

    console = output.stdout()
    old, new = pair.old.policy, pair.new.policy
    sides = " and by ".join(f"{policy.name} [{policy.file}]" for policy in (old, new))
    console.print(Text(f"{found.leads:,} leads decided by {sides}", "bold"))
    counts = [
        (verdict.value.replace("_", " "), f"{found.before[verdict]:,}", f"{found.after[verdict]:,}")
        for verdict in found.before
    ]
    console.print(output.table(None, ("verdict", "old", "new"), counts, right=("old", "new")))
    rules = pair.changed_rules()
    sys.stdout.write(f"\nrules that differ: {', '.join(rules) or 'none'}\n")
    if found.changes:
        kinds = [
            (f"{before.value} → {after.value}".replace("_", " "), f"{count:,}", ", ".join(because))
            for (before, after, because), count in found.kinds()
        ]
        console.print()
        console.print(output.table(None, ("verdict", "leads", "because of"), kinds, right=("leads",)))
    if found.changes and limit:
        listed = [
            (c.lead_id, f"{c.before.value} → {c.after.value}".replace("_", " "), "; ".join(map(_said, c.reasons)))
            for c in found.changes[:limit]
        ]
        console.print()
        console.print(output.table(None, ("lead", "verdict", "why"), listed))
        if len(found.changes) > limit:
            sys.stdout.write(f"… and {len(found.changes) - limit:,} more; --limit or --json shows them\n")
    sys.stdout.write(
        f"\n{len(found.changes):,} leads change verdict; of the others {found.other_status:,} would move to another "
        f"Lead Status, {found.other_opportunity:,} would get another opportunity\n"
    )
    sys.stdout.write("\nnext: leadgate policy backtest --policy OLD --policy NEW holds both against the org's past\n")


def _said(reason: Reason) -> str:
    def shown(truth: object) -> str:
        return "not asked for" if truth is None else str(truth).replace("_", " ")

    said = f"{reason.rule}: {shown(reason.before)} → {shown(reason.after)}"
    if not reason.signals:
        return said
    signals = (f"{name} {_SHOWN[was]} → {_SHOWN[is_]}" for name, (was, is_) in reason.signals.items())
    return f"{said} ({', '.join(signals)})"

"""What a plan would do, said as plain rows that the command line and the console draw.

Nothing is decided here. Pure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never, get_args

from sync.model import Value
from sync.plan.actions import (
    Action,
    ConvertLead,
    LossKind,
    MatchCandidate,
    Plan,
    Prediction,
    Target,
    UpdateStatus,
    action_key,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What becomes of one lead under a plan."""

    key: str
    lead_id: str
    kind: str
    what: str
    """`Open - Not Contacted → Working - Contacted`, `convert to Closed - Converted`."""
    account: str
    contact: str
    opportunity: str
    owner: str
    prediction: str
    blockers: tuple[str, ...]
    """`CODE (field): message. Fix: …`"""
    losses: tuple[str, ...]
    candidates: tuple[MatchCandidate, ...]
    """What else might have been attached to, in rank order."""
    reasons: tuple[str, ...]
    """Criteria that are met, and whether a person forced it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A plan in a few figures."""

    will_convert: int
    will_update: int
    blocked_by: tuple[tuple[str, int], ...]
    """Blocker code → leads, most frequent first."""
    creates: tuple[tuple[str, int], ...]
    """Object → new records."""
    lost_fields: tuple[tuple[str, int], ...]
    """Lead field → leads whose value goes nowhere."""
    kept_fields: tuple[tuple[str, int], ...]
    """Lead field → leads in whose place an existing account, contact or opportunity keeps a value of its own."""
    cut_fields: tuple[tuple[str, int], ...]
    """Lead field → leads whose text is longer than the field that it goes to."""
    left_children: tuple[tuple[str, int], ...]
    """`Object.Field` of child records that stay with the lead → leads."""
    warnings: tuple[tuple[str, int], ...]
    """What may stop what is sent → leads."""
    api_calls: int


def rows(plan: Plan) -> tuple[Row, ...]:
    """A row per action, in the plan's order."""
    return tuple(_row(plan.org_id, action) for action in plan.actions)


def summary(plan: Plan) -> Summary:
    """The plan's figures; `creates` and what is lost count only what will be sent."""
    sent = [action for action in plan.actions if action.prediction is Prediction.WILL_SUCCEED]
    converting = [action for action in sent if isinstance(action, ConvertLead)]
    blocked = Counter(code for action in plan.actions for code in {b.code for b in action.blockers})
    made = Counter(name for action in converting for name in action.creates)
    lost = {kind: Counter[str]() for kind in get_args(LossKind)}
    for action in converting:
        for kind, field in {(loss.kind, loss.field) for loss in action.losses}:
            lost[kind][field] += 1
    return Summary(
        will_convert=len(converting),
        will_update=len(sent) - len(converting),
        blocked_by=tuple(blocked.most_common()),
        creates=tuple(sorted(made.items())),
        lost_fields=_ranked(lost["unmapped_field"]),
        kept_fields=_ranked(lost["kept_by_target"]),
        cut_fields=_ranked(lost["truncated"]),
        left_children=_ranked(lost["children"]),
        warnings=_ranked(Counter(message for action in sent for message in {w.message for w in action.warnings})),
        api_calls=plan.forecast_calls,
    )


def _ranked(counted: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def _row(org_id: str, action: Action) -> Row:
    account = contact = opportunity = owner = ""
    losses: tuple[str, ...] = ()
    candidates: tuple[MatchCandidate, ...] = ()
    match action:
        case UpdateStatus():
            what = f"{action.from_} → {action.to}"
        case ConvertLead():
            convert = action.convert
            what = f"convert to {convert.status}"
            account, contact = _target(convert.account), _target(convert.contact)
            opportunity = _opportunity(action)
            owner = convert.owner_id or "lead's owner"
            candidates = action.candidates
            losses = tuple(f"{loss.field}: {loss.detail}" for loss in action.losses)
        case _:
            assert_never(action)
    met = tuple(name for name, truth in action.decision.results.items() if truth.value == "met")
    return Row(
        key=action_key(org_id, action),
        lead_id=action.lead_id,
        kind=action.kind,
        what=what,
        account=account,
        contact=contact,
        opportunity=opportunity,
        owner=owner,
        prediction=action.prediction.value,
        blockers=tuple(
            f"{b.code}{f' ({b.field})' if b.field else ''}: {b.message}. Fix: {b.fix}" for b in action.blockers
        ),
        losses=losses,
        candidates=candidates,
        reasons=(*met, "forced by a person") if action.decision.forced else met,
    )


def _target(target: Target) -> str:
    why = f" ({', '.join(target.reasons)})" if target.reasons else ""
    name = f" {target.name}" if target.name else ""
    if target.id is not None:
        return f"{target.id}{name}{why}"
    return f"with lead {target.after}{why}" if target.after is not None else f"new{name}"


def standing(candidate: MatchCandidate) -> str:
    """One candidate in a line: `1. 001… (e-mail domain acme.example): as close as 1 more, so a person decides`."""
    fate = "taken" if candidate.lost is None else candidate.lost
    return f"{candidate.rank}. {candidate.object} {candidate.id} ({', '.join(candidate.reasons)}): {fate}"


def _opportunity(action: ConvertLead) -> str:
    target = action.convert.opportunity
    if target is None:
        return "none"
    fields = ", ".join(f"{name} {_plain(value)}" for name, value in sorted(action.convert.opportunity_fields.items()))
    return _target(target) + (f": {fields}" if fields else "")


def _plain(value: Value) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():,f}"
    return "blank" if value is None else str(value)

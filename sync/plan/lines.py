"""Actions as the lines of a plan's file: each one object of canonical JSON, put together from its members' texts.

A plan has up to hundreds of thousands of lines, all of a few forms. So keys stand here in their order, and a text that
many lines share is made once; that a line is canonical is what its plan's id rests on. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from json.encoder import encode_basestring as quoted

from sync.model import Value
from sync.plan.actions import (
    Action,
    Blocker,
    ConvertLead,
    ConvertSettings,
    DecisionSummary,
    Expects,
    Prediction,
    Target,
    UpdateStatus,
    action_key,
)
from sync.plan.canonical import Json, canonical
from sync.policy.decision import Truth


def lines_of(org_id: str, actions: Sequence[Action]) -> tuple[str, ...]:
    """Each action in canonical form."""
    written = _Written(org_id)
    return tuple(map(written.line, actions))


def json_value(value: Value) -> Json:
    """A field's value as a plan has it."""
    match value:
        case datetime():
            return json_time(value)
        case date():
            return value.isoformat()
        case float():
            return Decimal(repr(value))
        case _:
            return value


def json_time(moment: datetime) -> str:
    """A time as a plan has it: in UTC, without fractions of a second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


class _Written:
    """The lines of one plan."""

    def __init__(self, org_id: str) -> None:
        self._org_id = org_id
        self._results: dict[int, str] = {}
        """By identity: leads with the same results mostly share them, and the plan keeps them while it is written."""
        self._predictions: dict[tuple[Prediction, tuple[Blocker, ...], tuple[Blocker, ...]], str] = {}

    def line(self, action: Action) -> str:
        """One action; keys in alphabetical order."""
        key = action_key(self._org_id, action)
        decision = f'"decision":{self._decision(action.decision)},"expects":{_expects(action.expects)}'
        prediction = f'"prediction":{self._prediction(action)}'
        match action:
            case UpdateStatus():
                return (
                    f'{{{decision},"from":{quoted(action.from_)},"key":"{key}","kind":"update_status",'
                    f'"lead_id":{quoted(action.lead_id)},{prediction},"source":{quoted(action.source)},'
                    f'"to":{quoted(action.to)}}}'
                )
            case ConvertLead():
                return (
                    f'{{"candidates":{_candidates(action)},"convert":{canonical(_convert(action.convert))},'
                    f'"creates":{_texts(action.creates)},{decision},"key":"{key}","kind":"convert_lead",'
                    f'"lead_id":{quoted(action.lead_id)},"losses":{_losses(action)},'
                    f'"matches":{canonical(dict(action.matches))},{prediction}}}'
                )

    def _decision(self, decision: DecisionSummary) -> str:
        return (
            f'{{"evidence":{_texts(decision.evidence)},"forced":{"true" if decision.forced else "false"},'
            f'"results":{self._results_text(decision.results)},"verdict":{quoted(decision.verdict)}}}'
        )

    def _results_text(self, results: Mapping[str, Truth]) -> str:
        text = self._results.get(id(results))
        if text is None:
            text = self._results[id(results)] = canonical(dict(results))
        return text

    def _prediction(self, action: Action) -> str:
        shared = (action.prediction, action.blockers, action.warnings)
        text = self._predictions.get(shared)
        if text is None:
            text = self._predictions[shared] = canonical(
                {
                    "outcome": action.prediction.value,
                    "blockers": [_blocker(blocker) for blocker in action.blockers],
                    "warnings": [_blocker(warning) for warning in action.warnings],
                }
            )
        return text


def _texts(texts: Sequence[str]) -> str:
    return f"[{','.join(map(quoted, texts))}]"


def _expects(expects: Expects) -> str:
    values = canonical({name: json_value(value) for name, value in expects.values.items()})
    return (
        f'{{"activities":{quoted(expects.activities)},"system_modstamp":"{json_time(expects.system_modstamp)}",'
        f'"values":{values}}}'
    )


def _blocker(blocker: Blocker) -> Json:
    return {"code": blocker.code, "field": blocker.field, "message": blocker.message, "fix": blocker.fix}


def _convert(convert: ConvertSettings) -> Json:
    return {
        "status": convert.status,
        "account": _target(convert.account),
        "contact": _target(convert.contact),
        "opportunity": _target(convert.opportunity) if convert.opportunity is not None else None,
        "owner": convert.owner_id,
        "opportunity_fields": {name: json_value(value) for name, value in convert.opportunity_fields.items()},
        "allow_duplicates": convert.allow_duplicates,
        "overwrite_lead_source": convert.overwrite_lead_source,
        "send_notification_email": convert.send_notification_email,
    }


def _target(target: Target) -> Json:
    return {"id": target.id, "name": target.name, "reasons": list(target.reasons), "after": target.after}


def _candidates(action: ConvertLead) -> str:
    return canonical(
        [
            {"object": c.object, "id": c.id, "rank": c.rank, "reasons": list(c.reasons), "lost": c.lost}
            for c in action.candidates
        ]
    )


def _losses(action: ConvertLead) -> str:
    return canonical([{"kind": loss.kind, "field": loss.field, "detail": loss.detail} for loss in action.losses])

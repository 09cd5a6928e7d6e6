"""Reading a plan file: the very plan that was made, or a clear word on what is wrong with the file and what to do.

Empty, no JSON, cut off, of another version, edited by hand: each kind of broken file has its own answer. Pure.
"""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal

from sync.errors import PlanInvalid
from sync.model import Value
from sync.plan.actions import (
    Action,
    Blocker,
    ConvertLead,
    ConvertSettings,
    DecisionSummary,
    Expects,
    Loss,
    MatchCandidate,
    Plan,
    Prediction,
    Target,
    UpdateStatus,
    action_key,
)
from sync.plan.canonical import Json
from sync.plan.document import FORMAT, content_id, untouched
from sync.plan.reading import NOT_AS_WRITTEN, Node
from sync.policy.decision import Truth

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def decode(text: str, file: str = "plan.json") -> Plan:
    """The plan of a file's text.

    Raises:
        PlanInvalid: Empty, no JSON, cut off, of another format version, changed since it was made, or with an action
            of an unknown kind; with place and fix.
    """
    root = Node(parsed(text, file), file)
    version = root["format"].value
    if version != FORMAT:
        raise root["format"].wrong(
            f"is {version!r}; this leadgate reads format {FORMAT}",
            fix="apply it with the version of leadgate that made it, or make the plan again",
        )
    given = root["plan_id"].text()
    if not isinstance(root.value, dict) or not (
        untouched(root.value, text) or given == content_id(_without_id(root.value))
    ):
        raise PlanInvalid(
            "the plan's content no longer fits its plan_id: it was changed or damaged after it was made",
            place=f"{file}: plan_id",
            fix="make the plan again with `leadgate plan`; to leave leads out, plan with other options",
        )
    org_id = root["org_id"].text()
    actions = {}
    for node in root["actions"].elements():
        key, action = _action(node, org_id)
        if key in actions:
            raise root["actions"].wrong("hold the same action twice")
        actions[key] = action
    return Plan(
        plan_id=given,
        format=FORMAT,
        org_id=org_id,
        created_at=root["created_at"].moment(),
        clock=root["clock"].moment(),
        policy=root["policy"].text(),
        policy_digest=root["policy_digest"].text(),
        mapping_digest=root["mapping_digest"].text(),
        mirror_watermark=root["mirror_watermark"].moment(),
        forecast_calls=root["forecast"]["api_calls"].whole(),
        counts={name: node.whole() for name, node in root["counts"].items()},
        remarks=root["remarks"].texts(),
        actions=tuple(actions.values()),
    )


def _without_id(document: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in document.items() if name != "plan_id"}


def parsed(text: str, file: str) -> object:
    """The JSON of a plan file of either kind.

    Raises:
        PlanInvalid: Empty, cut off, or no JSON.
    """
    if not text.strip():
        raise PlanInvalid("the plan file is empty", place=file, fix=NOT_AS_WRITTEN)
    try:
        parsed: object = json.loads(
            text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_repeats
        )
    except json.JSONDecodeError as broken:
        cut = broken.pos >= len(text.rstrip()) or broken.msg.startswith("Unterminated")
        problem = "the plan file is cut off" if cut else f"the plan file is not JSON: {broken.msg}"
        raise PlanInvalid(problem, place=f"{file}:{broken.lineno}", fix=NOT_AS_WRITTEN) from None
    except (ValueError, ArithmeticError, RecursionError) as broken:
        raise PlanInvalid(f"the plan file is not JSON: {broken}", place=file, fix=NOT_AS_WRITTEN) from None
    return parsed


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _action(node: Node, org_id: str) -> tuple[str, Action]:
    """An action and its key."""
    kind = node.text_at("kind")
    prediction = node["prediction"]
    lead_id = node.record_id_at("lead_id")
    seen = _read_expects(node["expects"])
    decision = _read_decision(node["decision"])
    outcome = prediction["outcome"].one_of(Prediction)
    blockers = tuple(_read_blocker(blocker) for blocker in prediction["blockers"].elements())
    warnings = tuple(_read_blocker(warning) for warning in prediction["warnings"].elements())
    action: Action
    match kind:
        case "update_status":
            action = UpdateStatus(
                lead_id=lead_id,
                expects=seen,
                decision=decision,
                from_=node.text_at("from"),
                to=node.text_at("to"),
                source=node.text_at("source"),
                prediction=outcome,
                blockers=blockers,
                warnings=warnings,
            )
        case "convert_lead":
            action = ConvertLead(
                lead_id=lead_id,
                expects=seen,
                decision=decision,
                convert=_read_convert(node["convert"]),
                prediction=outcome,
                blockers=blockers,
                warnings=warnings,
                creates=node["creates"].texts(),
                matches={name: record.record_id() for name, record in node["matches"].items()},
                candidates=tuple(_read_candidate(candidate) for candidate in node["candidates"].elements()),
                losses=tuple(_read_loss(loss) for loss in node["losses"].elements()),
            )
        case _:
            raise node["kind"].wrong(
                f"is {kind!r}, an action that this leadgate doesn't know",
                fix="apply it with the version of leadgate that made it, or make the plan again",
            )
    key = node.text_at("key")
    if key != action_key(org_id, action):
        raise node["key"].wrong("is not the key of this action")
    return key, action


def _read_expects(node: Node) -> Expects:
    return Expects(
        system_modstamp=node.moment_at("system_modstamp"),
        values=_read_values(node["values"]),
        activities=node.text_at("activities"),
    )


def _read_decision(node: Node) -> DecisionSummary:
    return DecisionSummary(
        verdict=node.text_at("verdict"),
        results=node["results"].all_of(Truth),
        evidence=node["evidence"].record_ids(),
        forced=node.truth_at("forced"),
    )


def _read_blocker(node: Node) -> Blocker:
    return Blocker(
        code=node["code"].text(),
        field=node["field"].text_or_none(),
        message=node["message"].text(),
        fix=node["fix"].text(),
    )


def _read_convert(node: Node) -> ConvertSettings:
    opportunity = node["opportunity"]
    return ConvertSettings(
        status=node["status"].text(),
        account=_read_target(node["account"]),
        contact=_read_target(node["contact"]),
        opportunity=None if opportunity.value is None else _read_target(opportunity),
        owner_id=node["owner"].record_id_or_none(),
        opportunity_fields=_read_values(node["opportunity_fields"]),
        allow_duplicates=node["allow_duplicates"].truth(),
        overwrite_lead_source=node["overwrite_lead_source"].truth(),
        send_notification_email=node["send_notification_email"].truth(),
    )


def _read_target(node: Node) -> Target:
    return Target(
        id=node["id"].record_id_or_none(),
        name=node["name"].text_or_none(),
        reasons=node["reasons"].texts(),
        after=node["after"].record_id_or_none(),
    )


def _read_candidate(node: Node) -> MatchCandidate:
    return MatchCandidate(
        object=node["object"].text(),
        id=node["id"].record_id(),
        rank=node["rank"].whole(),
        reasons=node["reasons"].texts(),
        lost=node["lost"].text_or_none(),
    )


def _read_loss(node: Node) -> Loss:
    kind = node["kind"].text()
    match kind:
        case "unmapped_field" | "kept_by_target" | "truncated" | "children":
            return Loss(kind=kind, field=node["field"].text(), detail=node["detail"].text())
        case _:
            raise node["kind"].wrong(f"is {kind!r}, no kind of loss")


def _read_values(node: Node) -> dict[str, Value]:
    return {
        name: value if isinstance(value, str) and not value[:1].isdigit() else _read_value(node[name])
        for name, value in node.members().items()
    }


def _read_value(node: Node) -> Value:
    """A field's value; what starts with a digit may be a time or a date."""
    value = node.value
    if isinstance(value, str):
        if _TIME.fullmatch(value):
            return node.moment()
        return date.fromisoformat(value) if _is_date(value) else value
    if value is None or isinstance(value, bool | int | Decimal):
        return value
    raise node.wrong("is no field value")


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True

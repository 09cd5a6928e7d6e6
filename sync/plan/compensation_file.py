"""A compensation plan as a file: canonical JSON with an id by hash, read back as that very plan or refused.

Keys that machines may rely on: `plan_id, kind` (always `compensation`), `format, org_id, created_at, note,
forecast.api_calls, counts, leads[], kept[], held[], not_restored[], actions[]`; an action: `key, kind, lead_id` and per
kind `pre_image, fields` | `activity_id, who_id, what_id, what_before` | `campaign_id, status` | `object, record_id,
created_at, modified_at`. Ids, names of fields and statuses; no value of a person. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import assert_never

from sync.errors import PlanInvalid
from sync.plan.canonical import Json, canonical
from sync.plan.codec import parsed
from sync.plan.compensation import (
    DELETION_ORDER,
    HELD,
    KEPT,
    NO_UNDO,
    NOT_RESTORED,
    AddCampaignMember,
    CompensationAction,
    CompensationPlan,
    CreateLead,
    DeleteRecord,
    Held,
    Kept,
    MoveActivity,
    NotRestored,
    compensation_key,
)
from sync.plan.document import content_id
from sync.plan.reading import Node

FORMAT = 1
"""Version of the file's form; a reader refuses any other."""

KIND = "compensation"
_AGAIN = "make the plan again with `leadgate compensate`"
_LISTS = ("kept", "held", "not_restored", "actions")


def identified(plan: CompensationPlan) -> CompensationPlan:
    """The plan with its id, the hash of everything else."""
    return replace(plan, plan_id=content_id(_content(plan)))


def encode(plan: CompensationPlan) -> str:
    """The plan's file, one action to a line."""
    content = {"plan_id": plan.plan_id, **_content(plan)}
    lines = []
    for name, value in content.items():
        if name in _LISTS and isinstance(value, list) and value:
            entries = ",\n".join(f"    {canonical(entry)}" for entry in value)
            lines.append(f"  {canonical(name)}: [\n{entries}\n  ]")
        else:
            lines.append(f"  {canonical(name)}: {canonical(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def is_compensation(text: str) -> bool:
    """Whether a plan file's text is of this kind; a broken one is not, and is told by whoever reads it as a plan."""
    try:
        document = parsed(text, "")
    except PlanInvalid:
        return False
    return isinstance(document, dict) and document.get("kind") == KIND


def decode(text: str, file: str) -> CompensationPlan:
    """The plan of a file's text.

    Raises:
        PlanInvalid: Broken, of another version, changed since it was made, or with an unknown action.
    """
    root = Node(parsed(text, file), file)
    if root["kind"].value != KIND:
        raise root["kind"].wrong(f"is {root['kind'].value!r}, not {KIND!r}", fix=_AGAIN)
    if root["format"].value != FORMAT:
        raise root["format"].wrong(
            f"is {root['format'].value!r}; this leadgate reads format {FORMAT}",
            fix="apply it with the version of leadgate that made it, or make the plan again",
        )
    given = root["plan_id"].text()
    if not isinstance(root.value, dict) or given != content_id({k: v for k, v in root.value.items() if k != "plan_id"}):
        raise PlanInvalid(
            "the plan's content no longer fits its plan_id: it was changed or damaged after it was made",
            place=f"{file}: plan_id",
            fix=_AGAIN,
        )
    org_id = root["org_id"].text()
    actions = tuple(_action(node, org_id) for node in root["actions"].elements())
    if len({compensation_key(org_id, action) for action in actions}) != len(actions):
        raise root["actions"].wrong("hold the same action twice", fix=_AGAIN)
    return CompensationPlan(
        plan_id=given,
        format=FORMAT,
        org_id=org_id,
        created_at=root["created_at"].moment(),
        forecast_calls=root["forecast"]["api_calls"].whole(),
        leads=tuple(node.record_id() for node in root["leads"].elements()),
        actions=actions,
        kept=tuple(
            Kept(
                lead_id=node["lead_id"].record_id(),
                object=node["object"].text(),
                record_id=node["record_id"].record_id(),
                code=_known(node["code"], KEPT),
                records=node["records"].texts(),
            )
            for node in root["kept"].elements()
        ),
        held=tuple(
            Held(lead_id=node["lead_id"].record_id(), code=_known(node["code"], HELD))
            for node in root["held"].elements()
        ),
        not_restored=tuple(
            NotRestored(
                lead_id=node["lead_id"].record_id(),
                what=_known(node["what"], NOT_RESTORED),
                names=node["names"].texts(),
            )
            for node in root["not_restored"].elements()
        ),
        counts={name: node.whole() for name, node in root["counts"].items()},
    )


def _content(plan: CompensationPlan) -> dict[str, Json]:
    return {
        "kind": KIND,
        "format": plan.format,
        "org_id": plan.org_id,
        "created_at": _time(plan.created_at),
        "note": NO_UNDO,
        "forecast": {"api_calls": plan.forecast_calls},
        "counts": dict(plan.counts),
        "leads": list(plan.leads),
        "held": [{"lead_id": one.lead_id, "code": one.code} for one in plan.held],
        "kept": [
            {
                "lead_id": one.lead_id,
                "object": one.object,
                "record_id": one.record_id,
                "code": one.code,
                "records": list(one.records),
            }
            for one in plan.kept
        ],
        "not_restored": [
            {"lead_id": one.lead_id, "what": one.what, "names": list(one.names)} for one in plan.not_restored
        ],
        "actions": [_document(plan.org_id, action) for action in plan.actions],
    }


def _document(org_id: str, action: CompensationAction) -> dict[str, Json]:
    common: dict[str, Json] = {
        "key": compensation_key(org_id, action),
        "kind": action.kind,
        "lead_id": action.lead_id,
    }
    match action:
        case CreateLead():
            return {**common, "pre_image": action.pre_image, "fields": list(action.fields)}
        case MoveActivity():
            return {
                **common,
                "activity_id": action.activity_id,
                "who_id": action.who_id,
                "what_id": action.what_id,
                "what_before": action.what_before,
            }
        case AddCampaignMember():
            return {**common, "campaign_id": action.campaign_id, "status": action.status}
        case DeleteRecord():
            return {
                **common,
                "object": action.object,
                "record_id": action.record_id,
                "created_at": _time(action.created_at),
                "modified_at": _time(action.modified_at),
            }
        case _:
            assert_never(action)


def _action(node: Node, org_id: str) -> CompensationAction:
    kind = node["kind"].text()
    read = _READERS.get(kind)
    if read is None:
        raise node["kind"].wrong(
            f"is {kind!r}, an action that this leadgate doesn't know",
            fix="apply it with the version of leadgate that made it, or make the plan again",
        )
    action = read(node, node["lead_id"].record_id())
    if node["key"].text() != compensation_key(org_id, action):
        raise node["key"].wrong("is not the key of this action", fix=_AGAIN)
    return action


def _create(node: Node, lead_id: str) -> CompensationAction:
    return CreateLead(lead_id=lead_id, pre_image=node["pre_image"].text(), fields=node["fields"].texts())


def _move(node: Node, lead_id: str) -> CompensationAction:
    activity_id = node["activity_id"].record_id()
    if activity_id[:3] not in {"00T", "00U"}:
        raise node["activity_id"].wrong("is no task or event", fix=_AGAIN)
    return MoveActivity(
        lead_id=lead_id,
        activity_id=activity_id,
        who_id=node["who_id"].record_id(),
        what_id=node["what_id"].record_id_or_none(),
        what_before=node["what_before"].record_id_or_none(),
    )


def _member(node: Node, lead_id: str) -> CompensationAction:
    return AddCampaignMember(
        lead_id=lead_id, campaign_id=node["campaign_id"].record_id(), status=node["status"].text_or_none()
    )


def _delete(node: Node, lead_id: str) -> CompensationAction:
    name = node["object"].text()
    if name not in DELETION_ORDER:
        raise node["object"].wrong(f"is {name!r}, of which nothing is ever deleted", fix=_AGAIN)
    return DeleteRecord(
        lead_id=lead_id,
        object=name,
        record_id=node["record_id"].record_id(),
        created_at=node["created_at"].moment(),
        modified_at=node["modified_at"].moment(),
    )


_READERS: Mapping[str, Callable[[Node, str], CompensationAction]] = {
    "create_lead": _create,
    "move_activity": _move,
    "add_campaign_member": _member,
    "delete_record": _delete,
}


def _known(node: Node, words: Mapping[str, object]) -> str:
    text = node.text()
    if text not in words:
        raise node.wrong(f"is {text!r}, which this leadgate doesn't know", fix=_AGAIN)
    return text


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

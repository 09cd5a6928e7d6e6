"""Activities that reach a lead between plan and apply: the decision is asked again, and only a changed one drops it."""

from __future__ import annotations

import json
from typing import Any

import requests
from scenario_desk import Desk, Stage, at


def _converting_on_activities(desk: Desk) -> list[str]:
    plan = json.loads(desk.plan_file.read_text("utf-8"))
    return [
        action["lead_id"]
        for action in plan["actions"]
        if action["kind"] == "convert_lead"
        and action["prediction"]["outcome"] == "will_succeed"
        and action["expects"].get("activities")
        and desk.world.truth[action["lead_id"]].obstacle is None
    ]


def _log_call(desk: Desk, lead_id: str, subject: str) -> None:
    answer = requests.post(
        f"{desk.url}/services/data/v66.0/sobjects/Task",
        headers={"Authorization": f"Bearer {desk.mock.login()}"},
        json={"WhoId": lead_id, "Subject": subject, "Status": "Completed", "TaskSubtype": "Call"},
        timeout=10,
    )
    assert answer.status_code == 201, answer.text


def _fates(document: dict[str, Any]) -> dict[str, str]:
    return {lead["lead_id"]: lead["outcome"] for lead in document["leads"] if lead["kind"] == "convert_lead"}


@at(Stage.PLANNED)
def test_a_harmless_call_after_the_plan_keeps_a_conversion_and_a_contradiction_drops_it(quick_desk: Desk) -> None:
    harmless, contradicted = _converting_on_activities(quick_desk)[:2]
    _log_call(quick_desk, harmless, "Call: confirmed the address")
    _log_call(quick_desk, contradicted, "Call: it is too expensive after all, no budget")

    said = quick_desk.run("apply", "plan.json", "--yes", "--max-failures", "100%", "--json")

    fates = _fates(said.document)
    assert fates[harmless] == "applied"
    assert fates[contradicted] == "superseded"
    assert not quick_desk.rows("Lead")[contradicted]["IsConverted"]

"""What the org refused once: held by the next scheduled runs, sent again on request or when the lead has changed."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from scenario_desk import Desk, Stage, at

pytestmark = pytest.mark.slow  # several whole runs


def _blocked(plan: dict[str, Any]) -> set[str]:
    return {
        action["lead_id"]
        for action in plan["actions"]
        for blocker in action["prediction"]["blockers"]
        if blocker["code"] == "refused_before"
    }


@at(Stage.APPLIED)
def test_what_the_org_refused_is_held_until_the_lead_changes_or_a_person_asks(quick_desk: Desk) -> None:
    audit = quick_desk.json("audit")
    refused = {event["lead_id"] for event in audit["events"] if event["state"] == "rejected"}
    assert refused
    quick_desk.run("pull").expect()
    assert _blocked(quick_desk.json("plan")) == refused
    assert _blocked(quick_desk.json("plan", "--retry-refused")) == set()

    for lead_id in refused:
        answer = requests.patch(
            f"{quick_desk.url}/services/data/v66.0/sobjects/Lead/{lead_id}",
            headers={"Authorization": f"Bearer {quick_desk.mock.login()}"},
            json={"Phone": "+1 555 0100"},
            timeout=10,
        )
        assert answer.status_code == 204, answer.text
    quick_desk.run("pull").expect()
    assert _blocked(quick_desk.json("plan")) == set()


@at(Stage.APPLIED)
def test_a_scheduled_run_after_refusals_sends_none_of_them_again(quick_desk: Desk) -> None:
    said = quick_desk.json("sync")
    assert said["outcomes"]["rejected"] == 0

"""A conversion that should not have been, from the command line: planned, looked at, applied, told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from scenario_desk import Desk, Stage, at

COMPENSATION = "compensate.json"


def applied(desk: Desk, kind: str) -> list[dict[str, Any]]:
    """What the ledger says was done of this kind."""
    return [e for e in desk.json("audit")["events"] if (e["kind"], e["state"]) == (kind, "applied")]


def lead_with_all(desk: Desk) -> str:
    """A converted lead whose conversion made all three records, of which nobody has made use."""
    made = [lead for lead in desk.rows("Lead").values() if lead["IsConverted"] and lead["ConvertedOpportunityId"]]
    ours = {e["lead_id"] for e in applied(desk, "convert_lead")}
    return next(str(lead["Id"]) for lead in made if lead["Id"] in ours)


@pytest.mark.slow
@at(Stage.APPLIED)
def test_a_conversion_is_compensated_and_told(quick_desk: Desk) -> None:
    desk = quick_desk
    lead = lead_with_all(desk)
    before = desk.contents()
    shown = desk.run("compensate", lead, "-o", COMPENSATION).expect()
    assert shown.out.startswith("This is no undo"), shown.out
    assert f"leadgate apply {COMPENSATION}" in shown.out
    assert desk.contents() == before
    unasked = desk.run("apply", COMPENSATION).expect(2)
    assert "--yes" in unasked.err
    assert desk.contents() == before
    result = desk.json("apply", COMPENSATION, "--yes")
    assert result["outcomes"]["applied"] == result["planned"] > 0
    new = result["new_leads"][lead]
    assert desk.rows("Lead")[new]["Company"] == desk.rows("Lead")[lead]["Company"]
    desk.run("pull").expect()
    held = {a["lead_id"]: a for a in desk.json("plan")["actions"] if a["kind"] == "convert_lead"}
    assert [blocker["code"] for blocker in held[new]["prediction"]["blockers"]] == ["compensated"]
    desk.json("convert", "--where", f"id = '{new}'", "--yes", code=4)
    assert not desk.rows("Lead")[new]["IsConverted"], "an expression names nobody"
    again = desk.json("apply", COMPENSATION, "--yes")
    assert again["outcomes"]["already_applied"] == again["planned"]
    told = desk.json("audit", lead)["events"]
    assert [e["evidence"]["made"] for e in told if (e["kind"], e["state"]) == ("create_lead", "applied")] == [new]
    assert "their chain is intact" in desk.run("audit", lead).expect().out
    report = desk.run("report").expect()
    assert "conversions to be compensated: 1" in report.out


@pytest.mark.slow
@at(Stage.APPLIED)
def test_a_whole_run_is_compensated(quick_desk: Desk) -> None:
    desk = quick_desk
    run = desk.json("report")["run_id"]
    converted = {e["lead_id"] for e in applied(desk, "convert_lead")}
    plan = desk.json("compensate", "--run", run[:12], "-o", COMPENSATION)
    assert set(plan["leads"]) == converted
    assert plan["kind"] == "compensation"
    said = desk.run("apply", COMPENSATION, "--yes")
    assert said.code in {0, 4}, said.text
    made = {e["lead_id"]: e["evidence"]["made"] for e in applied(desk, "create_lead")}
    assert made
    leads = desk.rows("Lead")
    image = set(plan["actions"][0]["fields"])
    for old, new in made.items():
        assert not leads[new]["IsConverted"]
        for name in image - {"Status", "OwnerId", "IsUnreadByOwner"}:
            assert leads[new][name] == leads[old][name], (old, name)


@pytest.mark.slow
@at(Stage.APPLIED)
def test_what_cannot_be_compensated_is_said(quick_desk: Desk) -> None:
    desk = quick_desk
    lead = lead_with_all(desk)
    assert "LEAD" in desk.run("compensate").expect(2).err
    assert "no Salesforce id" in desk.run("compensate", "nobody").expect(2).err
    assert "no run" in desk.run("compensate", "--run", "zzz").expect(2).err
    desk.run("forget", lead, "--yes").expect()
    assert "forgotten" in desk.run("compensate", lead).expect(2).err
    assert desk.json("compensate", lead, code=2)["error"]["code"] == "no_pre_image"


@pytest.mark.slow
@at(Stage.APPLIED)
def test_the_plan_holds_ids_and_names_of_fields_alone(quick_desk: Desk) -> None:
    desk = quick_desk
    lead = lead_with_all(desk)
    row = desk.rows("Lead")[lead]
    desk.run("compensate", lead, "-o", COMPENSATION).expect()
    text = (desk.folder / COMPENSATION).read_text("utf-8")
    for name in ("LastName", "Email", "Company", "Phone"):
        assert not row[name] or json.dumps(row[name], ensure_ascii=False)[1:-1] not in text, name
    assert (desk.folder / COMPENSATION).stat().st_mode & 0o077 == 0

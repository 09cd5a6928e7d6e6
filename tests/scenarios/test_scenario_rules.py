"""Validation rules as people meet them: in the doctor's table, in a plan, and where they may not be read."""

from __future__ import annotations

import json

from scenario_desk import PLAN, Desk, Stage, at

SELLER = "ruth.castellan@northgate-sales.example"


def test_the_doctor_counts_the_rules_and_names_those_that_no_record_decides(quick_desk: Desk) -> None:
    (check,) = [one for one in quick_desk.json("doctor")["checks"] if one["area"] == "validation rules"]

    assert check["level"] == "ok"
    assert check["found"] == (
        "1 active (Contact 1); conversions obey them; 1 can't be foretold for every lead "
        "(Contact.Contact_Needs_Phone: $Profile.Name)"
    )


def test_the_doctor_notes_that_a_user_may_not_read_the_rules(quick_desk: Desk) -> None:
    quick_desk.login(SELLER)

    (check,) = [one for one in quick_desk.json("doctor")["checks"] if one["area"] == "validation rules"]

    assert check["level"] == "note"
    assert "View Setup and Configuration" in check["fix"]


@at(Stage.PULLED)
def test_a_plan_warns_of_a_rule_that_can_not_be_foretold_and_sends_the_lead(quick_desk: Desk) -> None:
    shown = quick_desk.run("plan", "-o", PLAN).expect().out
    plan = json.loads((quick_desk.folder / PLAN).read_text("utf-8"))
    warned = [action for action in plan["actions"] if action["prediction"]["warnings"]]

    assert warned
    assert {action["prediction"]["outcome"] for action in warned} == {"will_succeed"}
    said = " ".join(shown.split())
    assert f"not sure, {len(warned)} leads: whether the validation rule Contact_Needs_Phone refuses" in said


@at(Stage.PULLED)
def test_a_plan_by_a_user_who_may_not_read_the_rules_says_that_it_does_without(quick_desk: Desk) -> None:
    quick_desk.login(SELLER)

    said = " ".join(quick_desk.run("plan").expect().out.split())

    assert "this user can't read the org's validation rules (INVALID_TYPE)" in said

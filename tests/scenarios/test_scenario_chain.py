"""The main job, command by command: from a lead whose pricing was discussed to an opportunity, exactly once."""

from __future__ import annotations

import csv
from collections import Counter
from typing import Any

from scenario_desk import Desk, Stage, at

from sync.mockorg.seed import Obstacle, WorldSummary

FORESEEN = {each for each in Obstacle if each.foreseeable}


def foreseen(world: WorldSummary) -> dict[str, str]:
    """Ready leads that a careful plan holds, with the code that it gives."""
    return {t.lead_id: t.obstacle.value for t in world.truth.values() if t.ready and t.obstacle in FORESEEN}


def unforeseen(world: WorldSummary) -> dict[str, str]:
    """Ready leads that only the org can refuse, with its code."""
    return {
        t.lead_id: t.obstacle.value
        for t in world.truth.values()
        if t.ready and t.obstacle is not None and t.obstacle not in FORESEEN
    }


def conversions(plan: dict[str, Any]) -> dict[str, Any]:
    return {a["lead_id"]: a for a in plan["actions"] if a["kind"] == "convert_lead"}


def test_the_whole_way_from_pull_to_audit(desk: Desk) -> None:
    world = desk.world
    before, contents = desk.converted, desk.contents()

    pulled = desk.json("pull")
    assert pulled["objects"]["Lead"]["expected"] == pulled["objects"]["Lead"]["received"] == len(world.truth)

    checked = desk.json("check", "--list", "ready")
    assert {lead["lead_id"] for lead in checked["leads"]} == world.ready
    assert checked["counts"]["ready"] == len(world.ready)
    assert checked["counts"]["ready"] + checked["counts"]["blocked"] == world.in_scope

    lead_id = min(world.convertible)
    assert desk.json("explain", lead_id)["verdict"] == "ready"

    plan = desk.json("plan", "-o", "plan.json")
    planned = conversions(plan)
    assert set(planned) == world.ready
    assert {
        lead: action["prediction"]["blockers"][0]["code"]
        for lead, action in planned.items()
        if action["prediction"]["outcome"] == "blocked"
    } == foreseen(world)
    assert desk.contents() == contents

    applied = desk.json("apply", "plan.json", "--yes", "--max-failures", "100%", code=4)
    fates = {lead["lead_id"]: lead for lead in applied["leads"] if lead["kind"] == "convert_lead"}
    assert {lead for lead, fate in fates.items() if fate["outcome"] == "applied"} == world.convertible
    assert {lead: fate["code"] for lead, fate in fates.items() if fate["outcome"] == "rejected"} == unforeseen(world)
    assert desk.converted - before == world.convertible
    assert sum(applied["outcomes"].values()) == applied["planned"]
    leads = desk.rows("Lead")
    for lead in world.convertible:
        assert fates[lead]["account_id"] == leads[lead]["ConvertedAccountId"]
        assert fates[lead]["contact_id"] == leads[lead]["ConvertedContactId"]
        assert fates[lead]["opportunity_id"] == leads[lead]["ConvertedOpportunityId"]
    updates = {a["lead_id"]: a["to"] for a in plan["actions"] if a["kind"] == "update_status"}
    assert {lead: leads[lead]["Status"] for lead in updates} == updates

    accounts, opportunities = set(desk.rows("Account")), set(desk.rows("Opportunity"))
    again = desk.json("apply", "plan.json", "--yes", "--max-failures", "100%", code=4)
    assert again["outcomes"]["already_applied"] == applied["outcomes"]["applied"]
    assert again["outcomes"]["applied"] == 0
    assert (set(desk.rows("Account")), set(desk.rows("Opportunity"))) == (accounts, opportunities)

    desk.json("pull")
    left = desk.json("check", "--list", "ready")["leads"]
    assert world.convertible.isdisjoint(lead["lead_id"] for lead in left)

    told = desk.json("audit", lead_id)
    assert told["chain"] == "intact"
    states = [event["state"] for event in told["events"] if event["kind"] == "convert_lead"]
    assert states == ["intended", "applied", "already_applied"]

    report = desk.json("report", applied["run_id"])
    assert report["outcomes"] == applied["outcomes"]
    assert report["adds_up"] is True
    assert desk.json("recover")["closed"] == []


@at(Stage.APPLIED)
def test_leads_attach_to_the_customers_that_they_belong_to(quick_desk: Desk) -> None:
    desk = quick_desk
    leads = desk.rows("Lead")
    known = [t for t in desk.world.truth.values() if t.lead_id in desk.world.convertible]
    for truth in known:
        if truth.account is not None:
            assert leads[truth.lead_id]["ConvertedAccountId"] == truth.account
        if truth.contact is not None:
            assert leads[truth.lead_id]["ConvertedContactId"] == truth.contact
    assert any(truth.contact for truth in known)


@at(Stage.PULLED)
def test_the_same_mirror_and_clock_give_the_same_plan(quick_desk: Desk) -> None:
    plans = [quick_desk.json("plan", "-o", f"{n}.json", "--as-of", "2030-01-01") for n in (1, 2)]
    assert conversions(plans[0]) == conversions(plans[1])


@at(Stage.PLANNED)
def test_a_lead_that_a_person_changed_meanwhile_is_superseded_and_named(quick_desk: Desk) -> None:
    desk = quick_desk
    lead_id = min(desk.world.convertible)
    desk.edit("Lead", lead_id, Status="Closed - Not Converted")
    applied = desk.json("apply", "plan.json", "--yes", "--max-failures", "100%", code=4)
    fate = next(lead for lead in applied["leads"] if lead["lead_id"] == lead_id)
    assert (fate["outcome"], fate["code"]) == ("superseded", "lead_changed")
    assert lead_id not in desk.converted


@at(Stage.APPLIED)
def test_the_report_is_a_csv_with_a_row_for_every_planned_action(quick_desk: Desk) -> None:
    document = quick_desk.json("report", "--csv", "report.csv")
    with (quick_desk.folder / "report.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == document["planned"]
    assert Counter(row["outcome"] for row in rows) == {
        name: count for name, count in document["outcomes"].items() if count
    }
    assert {row["lead_id"] for row in rows if row["account_id"]} == quick_desk.world.convertible
    assert all(row["cause"] and row["fix"] for row in rows if row["outcome"] == "rejected")
    assert rows[0]["outcome"] == "rejected", "what a rep has to mend comes first"
    leads = quick_desk.rows("Lead")
    assert all(row["owner_id"] == leads[row["lead_id"]]["OwnerId"] for row in rows if row["outcome"] == "rejected")
    said = quick_desk.run("report").expect(0).out
    assert "Phone" in said
    assert "not kept" in said


@at(Stage.PULLED)
def test_leads_that_a_plan_holds_are_a_work_list_with_their_owners(quick_desk: Desk) -> None:
    document = quick_desk.json("plan", "-o", "plan.json", "--csv", "held.csv")
    with (quick_desk.folder / "held.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    held = {a["lead_id"] for a in document["actions"] if a["prediction"]["outcome"] == "blocked"}
    assert {row["lead_id"] for row in rows} == held
    leads = quick_desk.rows("Lead")
    assert all(row["owner_id"] == leads[row["lead_id"]]["OwnerId"] and row["fix"] for row in rows)


@at(Stage.PULLED)
def test_records_to_choose_from_are_named_in_the_plan_its_csv_its_table_and_the_explanation(quick_desk: Desk) -> None:
    planned = conversions(quick_desk.json("plan", "-o", "plan.json", "--csv", "held.csv"))
    lead_id = min(lead for lead, code in foreseen(quick_desk.world).items() if code == "ambiguous_account")
    candidates = [c for c in planned[lead_id]["candidates"] if c["object"] == "Account"]
    assert len(candidates) > 1
    assert {c["rank"] for c in candidates if "a person decides" in c["lost"]} == {1}
    assert {c["id"] for c in candidates} <= set(quick_desk.rows("Account"))
    with (quick_desk.folder / "held.csv").open(encoding="utf-8", newline="") as file:
        told = {row["lead_id"]: row["candidates"] for row in csv.DictReader(file)}
    assert all(c["id"] in told[lead_id] for c in candidates)
    said = quick_desk.run("plan", "-o", "again.json").expect().out
    assert all(c["id"] in said for c in candidates)
    explained = quick_desk.json("explain", lead_id, "--matches")
    assert [c for c in explained["candidates"] if c["object"] == "Account"] == candidates
    assert candidates[0]["id"] in quick_desk.run("explain", lead_id, "--matches").expect().out
    assert "candidates" not in quick_desk.json("explain", lead_id)


@at(Stage.PULLED)
def test_a_plan_carried_out_twice_says_that_everything_was_done(quick_desk: Desk) -> None:
    plan = quick_desk.json("convert", min(quick_desk.world.convertible), "--yes", "--no-pull")["plan_file"]
    before = quick_desk.contents()
    said = quick_desk.run("apply", plan, "--yes").expect(0)
    assert "everything in the plan was done already" in said.out
    assert "ended early" not in said.out
    assert quick_desk.contents() == before

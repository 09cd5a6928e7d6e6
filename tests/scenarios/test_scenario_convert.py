"""The admin's one-off and the schedule's all-in-one: `convert` with every option, `sync`, and several orgs."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scenario_desk import Desk, Stage, Stages, at

from sync.mockorg.faults import Fault, FaultKind
from sync.mockorg.seed import LeadTruth, Tie, WorldSummary


def leads_of(world: WorldSummary, **wanted: Any) -> list[LeadTruth]:
    """Convertible leads with these truths, in order."""
    found = [world.truth[lead_id] for lead_id in sorted(world.convertible)]
    return [t for t in found if all(getattr(t, name) == value for name, value in wanted.items())]


def blocked_lead(desk: Desk) -> str:
    """A lead that isn't ready and that the org would convert all the same."""
    leads = desk.rows("Lead")
    active = {user_id for user_id, user in desk.rows("User").items() if user["IsActive"]}
    return min(
        t.lead_id
        for t in desk.world.truth.values()
        if t.in_scope
        and not t.ready
        and t.tie is Tie.NEW_COMPANY
        and not t.traits
        and leads[t.lead_id]["OwnerId"] in active
        and leads[t.lead_id]["Phone"]
    )


@at(Stage.PULLED)
def test_one_lead_is_converted_by_its_id_and_links_to_what_was_made(desk: Desk) -> None:
    lead_id = min(desk.world.convertible)
    said = desk.run("convert", lead_id[:15], "--yes").expect(0)
    row = desk.rows("Lead")[lead_id]
    assert row["IsConverted"]
    assert row["ConvertedAccountId"] in said.out
    made = row["ConvertedOpportunityId"] or row["ConvertedAccountId"]
    assert f"{desk.url}/{made}" in said.out


@pytest.mark.slow
@at(Stage.PULLED)
def test_leads_of_a_csv_are_converted(desk: Desk) -> None:
    chosen = sorted(desk.world.convertible)[:3]
    with (desk.folder / "leads.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([["Name", "Lead ID"], *(["x", lead_id] for lead_id in chosen), ["", ""]])
    before = desk.converted
    document = desk.json("convert", "--csv", "leads.csv", "--yes")
    assert document["outcomes"]["applied"] == 3
    assert desk.converted - before == set(chosen)


@pytest.mark.slow
@at(Stage.PULLED)
def test_leads_of_an_expression_are_converted(quick_desk: Desk) -> None:
    desk = quick_desk
    lead_id = min(desk.world.convertible)
    company = desk.rows("Lead")[lead_id]["Company"]
    before = desk.converted
    desk.run("convert", "--where", f"company = '{company}' AND id = '{lead_id}'", "--yes").expect(0)
    assert desk.converted - before == {lead_id}


@pytest.mark.slow
@at(Stage.PULLED)
def test_a_lead_that_is_not_ready_needs_force_and_the_ledger_says_so(quick_desk: Desk) -> None:
    desk = quick_desk
    lead_id = blocked_lead(desk)
    said = desk.run("convert", lead_id, "--yes").expect(6)
    assert "--force" in said.err
    assert lead_id not in desk.converted

    desk.run("convert", lead_id, "--yes", "--force").expect(0)
    assert lead_id in desk.converted
    intended = next(e for e in desk.json("audit", lead_id)["events"] if e["state"] == "intended")
    assert intended["evidence"]["forced"] in {True, "true", "yes"}


@at(Stage.PULLED)
def test_an_account_and_a_contact_may_be_named(quick_desk: Desk) -> None:
    desk = quick_desk
    lead_id = leads_of(desk.world, tie=Tie.NEW_COMPANY)[0].lead_id
    contact = next(row for row in desk.rows("Contact").values() if row["AccountId"])
    desk.run("convert", lead_id, "--contact", contact["Id"], "--no-opportunity", "--yes").expect(0)
    row = desk.rows("Lead")[lead_id]
    assert (row["ConvertedAccountId"], row["ConvertedContactId"]) == (contact["AccountId"], contact["Id"])
    assert row["ConvertedOpportunityId"] is None


@pytest.mark.slow
@at(Stage.PULLED)
def test_an_open_opportunity_may_be_named(quick_desk: Desk) -> None:
    desk = quick_desk
    lead_id = leads_of(desk.world, tie=Tie.NEW_COMPANY)[0].lead_id
    opportunity = next(row for row in desk.rows("Opportunity").values() if not row["IsClosed"] and row["AccountId"])
    desk.run("convert", lead_id, "--opportunity", opportunity["Id"], "--yes").expect(0)
    row = desk.rows("Lead")[lead_id]
    assert row["ConvertedOpportunityId"] == opportunity["Id"]
    assert row["ConvertedAccountId"] == opportunity["AccountId"]


@at(Stage.PULLED)
def test_owner_status_and_the_opportunity_s_name_may_be_chosen(quick_desk: Desk) -> None:
    desk = quick_desk
    lead = next(t.lead_id for t in leads_of(desk.world, tie=Tie.NEW_COMPANY) if makes_opportunity(desk, t.lead_id))
    owner = next(u for u in desk.rows("User").values() if u["Username"] == "tessa.lindholm@northgate-sales.example")
    desk.run(
        "convert", lead, "--owner", owner["Username"], "--status", "Closed - Converted", "--opportunity-name",
        "Pilot {one}", "--yes",
    ).expect(0)  # fmt: skip
    row = desk.rows("Lead")[lead]
    opportunity = desk.rows("Opportunity")[row["ConvertedOpportunityId"]]
    assert (opportunity["Name"], opportunity["OwnerId"]) == ("Pilot {one}", owner["Id"])
    assert row["Status"] == "Closed - Converted"


def makes_opportunity(desk: Desk, lead_id: str) -> bool:
    return desk.rows("Lead")[lead_id]["Product_Interest__c"] is not None


@at(Stage.PULLED)
def test_a_status_that_does_not_convert_is_held_before_anything_is_sent(quick_desk: Desk) -> None:
    before = quick_desk.contents()
    said = quick_desk.run("convert", min(quick_desk.world.convertible), "--status", "Working - Contacted", "--yes")
    said.expect(2)
    assert "Working - Contacted" in said.text
    assert quick_desk.contents() == before


@at(Stage.PULLED)
def test_an_owner_who_is_nobody_is_held_before_anything_is_planned(quick_desk: Desk) -> None:
    before = quick_desk.contents()
    said = quick_desk.run("convert", min(quick_desk.world.convertible), "--owner", "nobody@example.com", "--yes")
    assert "nobody@example.com is no user of this org" in said.expect(2).text
    assert quick_desk.contents() == before


@pytest.mark.slow
@at(Stage.PULLED)
def test_sync_pulls_plans_and_applies_in_one_go(desk: Desk) -> None:
    desk.replace("config/readiness.yaml", "stop_at_failures: 5%", "stop_at_failures: 100%")
    before = desk.converted
    document = desk.json("sync", code=4)
    assert desk.converted - before == desk.world.convertible
    assert document["pull"]["objects"]["Lead"]["expected"] is not None
    assert Path(document["plan_file"]).is_file()
    again = desk.json("sync")  # what was refused is remembered, and not sent again
    assert desk.world.convertible.isdisjoint(lead["lead_id"] for lead in again["leads"])


@at(Stage.PLANNED)
def test_a_lost_answer_is_read_back_and_nothing_happens_twice(desk: Desk) -> None:
    accounts = set(desk.rows("Account"))
    desk.mock.add_fault(Fault(kind=FaultKind.TRUNCATE, route="soap.convertLead", effect=True))
    document = desk.json("apply", "plan.json", "--yes", "--max-failures", "100%", code=4)
    assert document["outcomes"]["in_doubt"] == 0
    assert desk.world.convertible <= desk.converted
    made = set(desk.rows("Account")) - accounts
    assert made <= {row["ConvertedAccountId"] for row in desk.rows("Lead").values()}
    assert desk.json("recover")["closed"] == []


@pytest.fixture
def two_orgs(stages: Stages, tmp_path: Path) -> Iterator[tuple[Desk, Desk]]:
    """One working folder, two orgs over sockets, told apart by config/settings.yaml."""
    with (
        stages.desk(Stage.FRESH, tmp_path / "work", "socket") as one,
        stages.desk(Stage.FRESH, tmp_path / "elsewhere", "socket") as other,
    ):
        one.write(
            "config/settings.yaml",
            f"orgs:\n  production: {{instance_url: '{one.url}'}}\n  EU-UAT: {{instance_url: '{other.url}'}}\n",
        )
        one.variables.clear()
        one.settle(
            LEADGATE_ORGS__PRODUCTION__ACCESS_TOKEN=one.mock.login(),
            LEADGATE_ORGS__EU_UAT__ACCESS_TOKEN=other.mock.login(),
        )
        yield one, other


@pytest.mark.slow
def test_orgs_are_told_apart_by_name_and_each_has_a_state_of_its_own(two_orgs: tuple[Desk, Desk]) -> None:
    desk, other = two_orgs
    lead_id = min(desk.world.convertible)
    assert "production" in desk.run("pull").expect(2).err
    desk.run("pull", "--org", "EU-UAT").expect(0)
    assert desk.mock.requests.by_operation() == {}
    assert {path.name for path in (desk.folder / ".leadgate").iterdir()} == {"eu_uat"}
    desk.run("convert", lead_id, "--org", "eu-uat", "--yes").expect(0)
    assert lead_id in other.converted
    assert lead_id not in desk.converted
    assert "leadgate pull" in desk.run("check", "--org", "production").expect(2).err
    desk.settle(LEADGATE_DEFAULT_ORG="eu_uat")
    assert desk.json("audit", lead_id)["chain"] == "intact"

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from sync.mockorg.clock import Clock
from sync.mockorg.conversion import LeadConvert, LeadConvertResult, convert
from sync.mockorg.data import org_from_folder
from sync.mockorg.org import Org, OrgSnapshot
from sync.mockorg.seed import LeadTruth, Obstacle, WorldSummary, write_world
from sync.mockorg.store import Row

TODAY = date(2026, 5, 20)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> WorldSummary:
    return write_world(tmp_path_factory.mktemp("world"), leads=2000, today=TODAY)


@pytest.fixture(scope="module")
def loaded(world: WorldSummary) -> tuple[Org, OrgSnapshot]:
    org = org_from_folder(world.folder, clock=Clock(datetime(2026, 5, 20, 8, tzinfo=UTC), frozen=True))
    return org, org.snapshot()


@pytest.fixture
def org(loaded: tuple[Org, OrgSnapshot]) -> Org:
    fresh, snapshot = loaded
    fresh.restore(snapshot)
    return fresh


def lead(org: Org, lead_id: str) -> Row:
    row = org.store.row(org.schema.object("Lead"), lead_id)
    assert row is not None
    return row


def convert_one(org: Org, truth: LeadTruth) -> LeadConvertResult:
    """Convert a lead as planned: attach to what is there, with an opportunity where there is a budget."""
    row = lead(org, truth.lead_id)
    wanted = LeadConvert(
        lead_id=truth.lead_id,
        converted_status="Closed - Converted",
        account_id=truth.account,
        contact_id=truth.contact,
        do_not_create_opportunity=row["Budget__c"] is None,
        opportunity_name=None if row["Budget__c"] is None else str(row["Company"]),
    )
    return convert(org, org.access.admin, [wanted])[0]


def test_all_records_of_the_world_arrive_in_the_org(org: Org, world: WorldSummary) -> None:
    arrived = {
        name: org.store.db.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - the summary's names
        for name in world.records
    }
    assert arrived == world.records


def test_leads_keep_their_ids_and_their_owners(org: Org, world: WorldSummary) -> None:
    assert {str(row["Id"]) for row in org.store.rows_where(org.schema.object("Lead"), {}, deleted=True)} == set(
        world.truth
    )
    queued = sum(str(row["OwnerId"]).startswith("00G") for row in org.store.rows_where(org.schema.object("Lead"), {}))
    assert queued >= world.planted["INVALID_OWNER"]
    assert len(org.access.users) == len(org.settings.users)


@pytest.mark.parametrize("obstacle", [each for each in Obstacle if each.refused_by_org])
def test_the_org_refuses_the_leads_with_an_obstacle_and_says_why(
    org: Org, world: WorldSummary, obstacle: Obstacle
) -> None:
    stopped = [each for each in world.truth.values() if each.obstacle is obstacle]
    answers = [convert_one(org, each) for each in stopped]
    assert [[error.code for error in answer.errors] for answer in answers] == [[obstacle.value]] * len(stopped)


def test_the_org_converts_every_other_ready_lead(org: Org, world: WorldSummary) -> None:
    answers = {lead_id: convert_one(org, world.truth[lead_id]) for lead_id in sorted(world.convertible)}
    assert {lead_id: answer.errors for lead_id, answer in answers.items() if not answer.success} == {}
    made = Counter(lead(org, lead_id)["ConvertedOpportunityId"] is not None for lead_id in answers)
    assert min(made.values()) > 3


def test_converted_leads_are_tied_to_what_they_became(org: Org, world: WorldSummary) -> None:
    converted = [each for each in world.truth.values() if each.story.converted]
    for truth in converted:
        row = lead(org, truth.lead_id)
        assert (row["ConvertedAccountId"], row["ConvertedContactId"]) == (truth.account, truth.contact)
        assert row["IsConverted"] == 1

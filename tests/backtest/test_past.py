"""Leads, activities and opportunities as they stood on earlier days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from past_world import PULLED, PastWorld, day, lead_id, record_id

from sync.mirror.past.activities import leads_with_lost_activities
from sync.mirror.past.fields import EvidenceKind


@pytest.fixture(scope="module")
def shared() -> PastWorld:
    return PastWorld()


@pytest.fixture
def world(shared: PastWorld) -> PastWorld:
    return shared.empty()


def test_a_field_is_wound_back_by_its_history(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1), status="Closed - Not Converted")
    world.history(lead, day(2, 1), "Status", "Open - Not Contacted", "Working - Contacted")
    world.history(lead, day(3, 1), "Status", "Working - Contacted", "Closed - Not Converted")
    moments = [(lead, at) for at in (day(1, 15), day(2, 1), day(2, 15), day(3, 1))]
    assert [row["status"] for row in world.leads_at(*moments)] == [
        "Open - Not Contacted",
        "Working - Contacted",
        "Working - Contacted",
        "Closed - Not Converted",
    ]


@pytest.mark.slow
def test_each_lead_has_a_moment_of_its_own(world: PastWorld) -> None:
    one, other = (world.add("lead", created_at=day(1, 1), pricing_discussed=True) for _ in range(2))
    for lead in (one, other):
        world.history(lead, day(2, 1), "Pricing_Discussed__c", "false", "true")
    rows = world.leads_at((one, day(1, 15)), (other, day(2, 15)))
    assert {row["id"]: row["pricing_discussed"] for row in rows} == {one: False, other: True}


@pytest.mark.slow
def test_numbers_and_days_of_the_history_come_back_in_their_own_types(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1), budget=Decimal(900), purchase_timeline=date(2026, 9, 1))
    world.history(lead, day(2, 1), "Budget__c", "1250.5", "900")
    world.history(lead, day(2, 1), "Purchase_Timeline__c", "2026-08-01T00:00:00.000+0000", "2026-09-01")
    (row,) = world.leads_at((lead, day(1, 15)))
    assert (row["budget"], row["purchase_timeline"]) == (Decimal("1250.5"), date(2026, 8, 1))


@pytest.mark.slow
def test_the_owner_is_told_by_the_row_with_ids_not_by_the_one_with_names(world: PastWorld) -> None:
    was, now = record_id("user", 1), record_id("user", 2)
    lead = world.add("lead", created_at=day(1, 1), owner_id=now)
    world.history(lead, day(2, 1), "Owner", "Ada Before", "Bob After")
    world.history(lead, day(2, 1), "Owner", was, now)
    first, second = world.leads_at((lead, day(1, 15)), (lead, day(2, 1)))
    assert (first["owner_id"], second["owner_id"]) == (was, now)


def test_a_version_that_a_pull_kept_tells_of_fields_without_history(world: PastWorld) -> None:
    lead = world.add("lead", id=lead_id(), created_at=day(1, 1), rating="Cold", seen_at=day(2, 1))
    world.add("lead", id=lead, created_at=day(1, 1), rating="Hot", seen_at=day(4, 1), system_modstamp=day(3, 20))
    rows = world.leads_at(*((lead, at) for at in (day(1, 15), day(3, 19), day(3, 20), day(4, 2))))
    assert [row["rating"] for row in rows] == ["Cold", "Cold", "Hot", "Hot"]


@pytest.mark.slow
def test_a_field_that_was_mapped_later_was_not_empty_before(world: PastWorld) -> None:
    lead = world.add("lead", id=lead_id(), created_at=day(1, 1), seen_at=day(2, 1))
    world.add("lead", id=lead, created_at=day(1, 1), rating="Hot", seen_at=day(4, 1))
    past = world.past()
    (row,) = world.leads_at((lead, day(1, 15)), past=past)
    assert row["rating"] == "Hot"
    assert past.fields["rating"].since == day(4, 1)
    assert past.taken_as_constant(["rating", "status"], day(3, 1)) == ("rating",)


def test_a_history_row_a_second_after_the_records_stamp_still_tells_of_the_time_before(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1), pricing_discussed=True)
    world.history(lead, day(2, 1), "Pricing_Discussed__c", "false", "true")
    world.db.execute("UPDATE lead SET system_modstamp = system_modstamp - INTERVAL 1 SECOND")
    rows = world.leads_at((lead, day(1, 15)), (lead, day(2, 1) - timedelta(microseconds=1)), (lead, day(2, 1)))
    assert [row["pricing_discussed"] for row in rows] == [False, False, True]


def test_what_a_conversion_made_a_second_before_its_history_row_belongs_to_it(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1))
    contact = world.convert(lead, day(3, 1))
    made = (day(3, 1) - timedelta(seconds=1)).replace(tzinfo=None)
    world.db.execute("UPDATE contact SET created_at = ? WHERE id = ?", [made, contact])
    world.past()
    assert world.session.execute("SELECT done_at FROM past_conversion").fetchall() == [(made,)]


def test_a_lead_converted_later_is_not_converted_yet(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1))
    world.history(lead, day(3, 1), "Status", "Working - Contacted", "Closed - Converted")
    world.convert(lead, day(3, 1))
    before, at = world.leads_at((lead, day(3, 1) - timedelta(seconds=1)), (lead, day(3, 1)))
    assert (before["is_converted"], before["status"], before["converted_at"]) == (False, "Working - Contacted", None)
    assert (at["is_converted"], at["status"], at["converted_at"]) == (True, "Closed - Converted", date(2026, 3, 1))


def test_without_history_the_status_before_a_conversion_is_unknown(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1))
    world.convert(lead, day(3, 1))
    before, after = world.leads_at((lead, day(2, 1)), (lead, day(3, 2)))
    assert (before["status"], after["status"]) == (None, "Closed - Converted")


@pytest.mark.slow
def test_a_version_from_before_the_conversion_has_the_status(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1), seen_at=day(2, 1))
    world.convert(lead, day(3, 1))
    (before,) = world.leads_at((lead, day(2, 20)))
    assert before["status"] == "Working - Contacted"


@pytest.mark.parametrize(
    ("telling", "expected"),
    [("history", day(3, 1, 15)), ("record", day(3, 1, 15)), ("day", day(3, 1, 0))],
)
def test_a_conversion_is_dated_as_exactly_as_anything_tells(world: PastWorld, telling: str, expected: datetime) -> None:
    lead = world.add("lead", created_at=day(1, 1))
    contact = world.convert(lead, day(3, 1, 15), told=telling == "history")
    if telling == "day":
        world.db.execute("DELETE FROM contact WHERE id = ?", [contact])
    world.past()
    found = world.session.execute("SELECT done_at, told_by FROM past_conversion").fetchall()
    assert found == [(expected.replace(tzinfo=None), telling)]


def test_deleted_merged_and_unborn_leads_have_no_row(world: PastWorld) -> None:
    live = world.add("lead", created_at=day(1, 1))
    gone = world.add("lead", created_at=day(1, 1), is_deleted=True)
    merged = world.add("lead", created_at=day(1, 1), is_deleted=True, master_record_id=live)
    unborn = world.add("lead", created_at=day(4, 1))
    rows = world.leads_at(*((lead, day(2, 1)) for lead in (live, gone, merged, unborn)))
    assert [row["id"] for row in rows] == [live]


def test_a_task_is_open_until_it_was_completed(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1))
    world.add(
        "task", who_id=lead, subject="Send quote", created_at=day(2, 1), due_date=date(2026, 2, 5), is_closed=True,
        completed_at=day(2, 20), status="Completed",
    )  # fmt: skip
    (before,), (after,) = world.activities_at(lead, day(2, 10)), world.activities_at(lead, day(2, 21))
    assert (before["is_closed"], before["status"], before["occurred_at"]) == (
        False,
        None,
        day(2, 5, 0).replace(tzinfo=None),
    )
    assert (after["is_closed"], after["status"], after["occurred_at"]) == (
        True,
        "Completed",
        day(2, 20).replace(tzinfo=None),
    )
    assert world.activities_at(lead, day(1, 31)) == []


def test_a_conversion_hands_its_leads_activities_back(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1))
    world.add("event", who_id=lead, subject="Demo", created_at=day(2, 1), started_at=day(2, 10))
    world.convert(lead, day(3, 1))
    assert [row["subject"] for row in world.activities_at(lead, day(2, 15))] == ["Demo"]


@pytest.mark.slow
def test_a_contact_that_was_there_before_keeps_its_activities(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1))
    contact = world.convert(lead, day(3, 1))
    world.db.execute("UPDATE contact SET created_at = ? WHERE id = ?", [day(1, 15).replace(tzinfo=None), contact])
    world.add("task", who_id=contact, subject="Whose?", created_at=day(2, 1))
    assert world.activities_at(lead, day(2, 15)) == []
    assert leads_with_lost_activities(world.session) == 1


@pytest.mark.slow
def test_two_leads_of_one_contact_cannot_both_have_its_activities(world: PastWorld) -> None:
    one, other = world.add("lead", created_at=day(1, 1)), world.add("lead", created_at=day(1, 1))
    contact = world.convert(one, day(3, 1))
    world.convert(other, day(3, 1))
    world.db.execute("UPDATE lead SET converted_contact_id = ?", [contact])
    world.add("task", who_id=contact, subject="Whose?", created_at=day(2, 1))
    assert world.activities_at(one, day(2, 15)) == world.activities_at(other, day(2, 15)) == []
    assert leads_with_lost_activities(world.session) == 2


@pytest.mark.slow
def test_a_kept_version_shows_the_text_of_its_time(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1))
    task = world.add("task", who_id=lead, subject="Call", created_at=day(2, 1), seen_at=day(2, 2))
    world.add(
        "task", id=task, who_id=lead, subject="Call: pricing", created_at=day(2, 1), seen_at=day(4, 1),
        system_modstamp=day(3, 1),
    )  # fmt: skip
    assert [row["subject"] for row in world.activities_at(lead, day(2, 20))] == ["Call"]
    assert [row["subject"] for row in world.activities_at(lead, day(3, 1))] == ["Call: pricing"]


@pytest.mark.slow
def test_a_deleted_activity_was_there_until_it_was_deleted(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1))
    world.add("task", who_id=lead, created_at=day(2, 1), is_deleted=True, system_modstamp=day(3, 1))
    assert len(world.activities_at(lead, day(2, 15))) == 1
    assert world.activities_at(lead, day(3, 1)) == []


@pytest.mark.slow
def test_the_last_activity_day_is_the_one_known_then(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1), last_activity_at=date(2026, 5, 1))
    world.add(
        "task", who_id=lead, created_at=day(2, 1), due_date=date(2026, 2, 3), is_closed=True, completed_at=day(2, 4)
    )
    world.add("event", who_id=lead, created_at=day(4, 20), started_at=day(5, 1))
    rows = world.leads_at(*((lead, at) for at in (day(2, 2), day(2, 5), day(4, 21))))
    assert [row["last_activity_at"] for row in rows] == [None, date(2026, 2, 3), date(2026, 5, 1)]


@pytest.mark.slow
def test_rows_that_contradict_one_another_are_counted_and_the_earlier_word_counts(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1), rating="Hot")
    world.history(lead, day(2, 1), "Rating", "Cold", "Warm")
    world.history(lead, day(4, 1), "Rating", "Lukewarm", "Hot")
    past = world.past()
    (row,) = world.leads_at((lead, day(3, 1)), past=past)
    assert (row["rating"], past.fields["rating"].gaps) == ("Warm", 1)


@pytest.mark.slow
def test_a_change_without_values_leaves_unknown_what_nothing_else_tells(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1), description="Long text of today", system_modstamp=day(5, 1))
    world.history(lead, day(2, 1), "Description")
    world.history(lead, day(3, 1), "Description")
    past = world.past()
    rows = world.leads_at(*((lead, at) for at in (day(1, 15), day(2, 15), day(3, 15))), past=past)
    assert [row["description"] for row in rows] == [None, None, "Long text of today"]
    assert past.fields["description"].unreadable == 2


def test_every_field_says_what_tells_of_its_past(world: PastWorld) -> None:
    lead = world.add("lead", created_at=day(1, 1), budget=Decimal(5))
    world.history(lead, day(2, 1), "Status", "Open - Not Contacted", "Working - Contacted")
    evidence = world.past().fields
    assert (evidence["status"].kind, evidence["status"].since) == (EvidenceKind.HISTORY, day(2, 1))
    assert (evidence["budget"].kind, evidence["budget"].since) == (EvidenceKind.VERSIONS, PULLED)
    assert (evidence["created_at"].kind, evidence["is_converted"].kind) == (EvidenceKind.FIXED, EvidenceKind.DERIVED)


def test_an_opportunity_stands_in_the_stage_of_its_day(world: PastWorld) -> None:
    deal = world.add(
        "opportunity", created_at=day(1, 1), stage_name="Closed Won", is_closed=True, is_won=True, amount=Decimal(90)
    )
    world.add("opportunity", created_at=day(1, 1), stage_name="Qualification", is_closed=False, is_won=False)
    for at, stage, amount in ((day(1, 1), "Qualification", 50), (day(3, 1), "Closed Won", 90)):
        world.add("opportunity_history", opportunity_id=deal, stage_name=stage, amount=Decimal(amount), created_at=at)
    world.past()
    rows = world.session.execute(
        "SELECT stage_name, is_closed, is_won, amount, valid_from FROM past_opportunity WHERE id = ? ORDER BY ALL",
        [deal],
    ).fetchall()
    assert rows == [
        ("Closed Won", True, True, Decimal(90), day(3, 1).replace(tzinfo=None)),
        ("Qualification", False, False, Decimal(50), day(1, 1).replace(tzinfo=None)),
    ]

from __future__ import annotations

from collections.abc import Callable

import pytest
from pull_world import START, World

from sync.mockorg import conversion
from sync.mockorg.conversion import LeadConvert


def test_deletes_merges_and_undeletes_arrive(world: World) -> None:
    gone, winner, loser = world.create(), world.create(), world.create()
    world.pull()
    world.pass_time(minutes=5)
    world.delete(gone)
    world.merge(winner, loser)

    report = world.pull()

    assert (report.objects["Lead"].deleted, report.objects["Lead"].merged) == (1, 1)
    assert world.row(gone)["is_deleted"] is True
    assert world.row(loser)["master_record_id"] == winner
    with world.mirror() as mirror:
        assert mirror.survivor(loser) == winner
        assert mirror.counts()["lead"] == 1

    world.pass_time(minutes=5)
    world.undelete(gone)
    assert world.pull().objects["Lead"].changed == 1
    assert world.row(gone)["is_deleted"] is False


def test_a_record_deleted_for_good_between_two_pulls_is_noticed(world: World) -> None:
    lead_id, other = world.create(), world.create()
    world.pull()
    world.pass_time(hours=3)
    world.delete(lead_id)
    world.purge(lead_id)
    world.pass_time(minutes=3)

    report = world.pull()

    assert report.objects["Lead"].deleted == 1
    assert world.row(lead_id)["is_deleted"] is True
    assert world.row(other)["is_deleted"] is False
    assert world.pull().objects["Lead"].deleted == 0


def test_deleted_and_undeleted_between_two_pulls_is_still_there(world: World) -> None:
    lead_id = world.create()
    world.pull()
    world.pass_time(hours=1)
    world.delete(lead_id)
    world.pass_time(minutes=1)
    world.undelete(lead_id)
    world.pass_time(minutes=5)

    world.pull()

    assert world.row(lead_id)["is_deleted"] is False


def test_after_a_long_absence_everything_is_read_so_that_no_deletion_is_missed(world: World) -> None:
    lead_id, other = world.create(), world.create()
    world.pull()
    world.pass_time(days=1)
    world.delete(lead_id)
    world.purge(lead_id)
    world.pass_time(days=19)

    report = world.pull()

    assert world.row(lead_id)["is_deleted"] is True
    assert world.row(other)["is_deleted"] is False
    assert report.objects["Lead"].window_from is None
    assert any("Lead is read in full: the last pull was more than 14 days ago" in w for w in report.warnings)


def test_a_conversion_made_by_a_person_arrives_and_the_lead_stays(world: World) -> None:
    lead_id = world.create()
    world.pull()
    world.pass_time(minutes=5)
    (done,) = conversion.convert(
        world.mock.org,
        world.mock.org.access.admin,
        [LeadConvert(lead_id=lead_id, converted_status="Closed - Converted")],
    )
    assert done.success

    world.pull()

    row = world.row(lead_id)
    assert row["is_converted"] is True
    assert row["converted_account_id"] == done.account_id
    assert row["converted_at"] == START.date()


def test_a_transaction_that_commits_late_is_not_missed(world: World) -> None:
    early = world.create()
    world.pull()
    transactions = world.mock.org.transactions
    open_ = transactions.begin(world.mock.org.access.admin)
    late = transactions.insert(open_, "Lead", {"LastName": "Late", "Company": "Late"})
    transactions.update(open_, "Lead", early, {"Company": "Changed late"})
    world.pass_time(minutes=9)
    world.create()

    report = world.pull()

    with world.mirror() as mirror:
        assert mirror.rows("lead", [late]) == []
        assert mirror.watermark() == START
    assert report.objects["Lead"].expected == report.objects["Lead"].received

    world.pass_time(minutes=1)
    transactions.commit(open_)
    world.pass_time(hours=2)
    world.pull()

    assert world.row(late)["company"] == "Late"
    assert world.row(early)["company"] == "Changed late"


@pytest.mark.slow
def test_a_late_commit_among_thousands_of_recent_records_is_not_missed(
    world: World, make_leads: Callable[[int], None]
) -> None:
    early = world.create()
    make_leads(3000)
    transactions = world.mock.org.transactions
    open_ = transactions.begin(world.mock.org.access.admin)
    transactions.update(open_, "Lead", early, {"Company": "Changed late"})
    world.pass_time(seconds=1)
    world.create()
    world.pull()
    transactions.commit(open_)
    for _ in range(4):
        world.pass_time(minutes=5)
        world.pull()

    assert world.row(early)["company"] == "Changed late"


def test_history_comes_by_creation_date_and_is_never_lost(world: World) -> None:
    lead_id = world.create()
    world.pull()
    world.pass_time(minutes=5)
    world.update(lead_id, Status="Working - Contacted")

    report = world.pull()

    assert report.objects["LeadHistory"].changed >= 1
    with world.mirror() as mirror, mirror.session() as session:
        values = session.execute("SELECT new_value FROM lead_history").fetchall()
    assert ("Working - Contacted",) in values

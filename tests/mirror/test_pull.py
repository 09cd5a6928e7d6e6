from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from pull_world import START, World

from sync.errors import AccessRefused, MirrorUnusable


def test_a_first_pull_brings_everything_and_counts_it(world: World) -> None:
    lead_id = world.create(Budget__c=12345.67, Email="ann@acme.example")
    world.create("Task", WhoId=lead_id, Subject="Call: pricing")

    report = world.pull()

    assert report.objects["Lead"].as_json() == {
        "expected": 1,
        "received": 1,
        "changed": 1,
        "deleted": 0,
        "merged": 0,
        "window": {"from": None, "to": START.isoformat()},
        "route": "composite",
    }
    assert report.objects["Task"].received == 1
    row = world.row(lead_id)
    assert (row["company"], row["budget"], row["email"]) == ("Acme", Decimal("12345.6700"), "ann@acme.example")
    assert row["system_modstamp"] == START
    assert row["is_converted"] is False


def test_an_unchanged_org_costs_one_call_for_four_objects_and_makes_no_version(world: World) -> None:
    lead_id = world.create()
    world.pull()
    world.pass_time(minutes=30)
    world.calls()

    report = world.pull()

    assert (world.calls(), report.api_calls) == (1, 1)
    assert report.changed == 0
    assert world.versions(lead_id) == 1


def test_a_change_arrives_within_the_same_second_and_makes_a_version(world: World) -> None:
    lead_id = world.create()
    world.pull()
    world.update(lead_id, Status="Working - Contacted")

    report = world.pull()

    assert report.objects["Lead"].changed == 1
    assert world.row(lead_id)["status"] == "Working - Contacted"
    assert world.versions(lead_id) == 2


@pytest.mark.slow
def test_ten_thousand_leads_of_one_second_all_arrive(world: World, make_leads: Callable[[int], None]) -> None:
    make_leads(10_000)

    report = world.pull(objects=["Lead"])

    assert (report.objects["Lead"].expected, report.objects["Lead"].received) == (10_000, 10_000)
    assert report.objects["Lead"].route == "rest"


def test_right_after_a_large_change_a_pull_still_costs_one_call(
    world: World, make_leads: Callable[[int], None]
) -> None:
    make_leads(3000)
    world.pull()
    world.calls()

    report = world.pull()

    assert world.calls() == 1
    assert report.objects["Lead"].route == "unchanged"
    assert (report.objects["Lead"].expected, report.objects["Lead"].received) == (3000, 3000)


def test_a_large_change_is_read_for_good_once_no_transaction_of_its_time_can_be_open(
    world: World, make_leads: Callable[[int], None]
) -> None:
    make_leads(3000)
    world.pull()
    world.pass_time(minutes=20)

    assert world.pull().objects["Lead"].route == "rest"
    world.calls()
    report = world.pull()

    assert report.objects["Lead"].expected == 0
    assert world.calls() == 1


@pytest.mark.slow
def test_one_new_lead_among_many_recent_ones_is_found(world: World, make_leads: Callable[[int], None]) -> None:
    make_leads(3000)
    world.pull()
    lead_id = world.create()

    report = world.pull()

    assert report.objects["Lead"].changed == 1
    assert world.row(lead_id)["company"] == "Acme"


def test_a_user_who_sees_no_leads_is_refused(world: World) -> None:
    world.log_in("outsider@test.example")

    with pytest.raises(AccessRefused, match="no object Lead, or this user can't see it"):
        world.pull()


def test_a_full_pull_reads_everything_and_says_so(world: World) -> None:
    lead_id = world.create()
    world.pull()
    world.pass_time(days=2)

    report = world.pull(full=True, objects=["Lead"])

    assert report.warnings == ("Lead is read in full: asked for",)
    assert (report.objects["Lead"].received, report.objects["Lead"].changed) == (1, 0)
    assert world.versions(lead_id) == 1


def test_the_mirror_of_one_org_does_not_take_another_ones_records(world: World) -> None:
    world.pull()
    world.mock.reset(seed=99)
    world.log_in()

    with pytest.raises(MirrorUnusable, match="this is the mirror of org"):
        world.pull()


def test_a_mirror_whose_pull_did_not_reach_every_object_is_not_read(world: World) -> None:
    world.pull(objects=["Lead"])

    with pytest.raises(MirrorUnusable, match="is mapped, but has not been pulled yet"), world.mirror():
        pass


def test_the_watermark_is_the_orgs_own_and_stands_at_the_oldest_object(world: World) -> None:
    world.pull()
    world.pass_time(minutes=7, seconds=30)
    world.pull(objects=["task"])

    with world.mirror() as mirror:
        assert mirror.watermark() == START
        assert mirror.states["task"].watermark == START + timedelta(minutes=7)


def test_an_empty_org_says_that_it_is_empty(world: World) -> None:
    assert world.pull().empty
    world.create()
    assert not world.pull(full=True).empty

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from conftest import LEAD_YAML, TASK_YAML
from pull_world import START, World

from sync.errors import AccessRefused, MappingInvalid, MirrorUnusable
from sync.mapping import OrgMapping
from sync.mirror.pull import Progress, pull
from sync.mockorg import conversion
from sync.mockorg.conversion import LeadConvert


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


def test_a_field_added_to_the_mapping_is_filled_for_old_records_too(
    world: World, make_mapping: Callable[..., OrgMapping]
) -> None:
    lead_id = world.create(Title="CEO")
    for _ in range(2):
        world.pull()
        world.pass_time(days=1)
    wider = make_mapping(LEAD_YAML + "  title: {field: Title, type: text}\n", TASK_YAML)
    with (
        pytest.raises(MirrorUnusable, match=r"the mapping has changed .* lead\.title is not in the mirror"),
        world.mirror(wider),
    ):
        pass

    report = world.pull(mapping=wider)

    assert report.warnings == (
        "Lead: title was added to the mapping, or changed, since the last pull, and is filled for every record",
    )
    assert report.objects["Lead"].window_from is not None
    assert report.objects["Task"].window_from is not None
    with world.mirror(wider) as mirror:
        assert mirror.rows("lead", [lead_id], ["title"]) == [{"id": lead_id, "title": "CEO"}]
    assert world.versions(lead_id) == 1


@pytest.mark.slow
def test_a_filling_of_new_fields_that_is_killed_begins_again(
    world: World, make_mapping: Callable[..., OrgMapping], make_leads: Callable[[int], None]
) -> None:
    make_leads(2100)
    lead_id = world.create(Title="CEO")
    world.pull()
    world.pass_time(days=1)
    wider = make_mapping(LEAD_YAML + "  title: {field: Title, type: text}\n", TASK_YAML)

    def kill(progress: Progress) -> None:
        if progress.doing == "reading":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(world.client, world.path, wider, clock=world.mock.clock.now, progress=kill)
    with pytest.raises(MirrorUnusable, match=r"lead\.title is not in the mirror"), world.mirror(wider):
        pass
    world.pull(mapping=wider)

    with world.mirror(wider) as mirror:
        assert mirror.rows("lead", [lead_id], ["title"]) == [{"id": lead_id, "title": "CEO"}]


def test_a_formula_is_read_for_every_record_once_a_day_and_what_it_said_before_stays_a_version(
    world: World, make_mapping: Callable[..., OrgMapping]
) -> None:
    lead_id = world.create(NumberOfEmployees=10)
    formulas = make_mapping(LEAD_YAML + "  size: {field: Size__c, type: text}\n")
    world.pull(mapping=formulas)
    world.pass_time(hours=1)
    world.pull(mapping=formulas)
    world.mock.org.store.db.execute("UPDATE Lead SET Size__c = 'large'")  # as TODAY() in it would, without a stamp
    world.pass_time(hours=1)
    world.pull(mapping=formulas)
    with world.mirror(formulas) as mirror:
        assert mirror.rows("lead", [lead_id], ["size"])[0]["size"] == "small"

    world.pass_time(hours=23)
    world.pull(mapping=formulas)

    with world.mirror(formulas) as mirror, mirror.session() as session:
        assert mirror.rows("lead", [lead_id], ["size"])[0]["size"] == "large"
        assert session.execute("SELECT size FROM lead_version ORDER BY seen_at").fetchall() == [("small",), ("large",)]


def test_a_field_taken_out_and_put_back_is_filled_again(world: World, make_mapping: Callable[..., OrgMapping]) -> None:
    lead_id = world.create(Email="old@acme.example")
    world.pull()
    narrow = make_mapping("object: Lead\nfields:\n  name: {field: Name, type: text}\n")
    world.pass_time(minutes=30)
    world.update(lead_id, Email="new@acme.example")
    world.pull(mapping=narrow)
    world.pass_time(days=1)

    world.pull()

    assert world.row(lead_id)["email"] == "new@acme.example"


def test_fields_that_the_org_lacks_are_all_named_before_anything_is_read(
    world: World, make_mapping: Callable[..., OrgMapping]
) -> None:
    wrong = make_mapping(
        LEAD_YAML + "  score: {field: Score__c, type: integer}\n",
        TASK_YAML + "  mood: {field: Mood__c, type: text}\n",
    )

    with pytest.raises(MappingInvalid) as refused:
        world.pull(mapping=wrong)

    assert [(p.file, p.line) for p in refused.value.problems] == [("mappings/0.yaml", 11), ("mappings/1.yaml", 5)]
    assert "score: Lead has no field Score__c, or this user can't see it" in str(refused.value)
    assert not world.path.exists()


def test_a_field_that_the_user_no_longer_sees_is_named(world: World) -> None:
    world.create()
    world.pull()
    world.pass_time(hours=1)
    world.log_in("blinkered@test.example")

    with pytest.raises(MappingInvalid, match=r"mappings/0\.yaml:6: budget: Lead has no field Budget__c"):
        world.pull()


def test_an_object_that_the_org_lacks_is_left_out_with_a_warning(
    world: World, make_mapping: Callable[..., OrgMapping]
) -> None:
    wider = make_mapping(LEAD_YAML, "object: Visit__c\nfields:\n  who_id: {field: Who__c, type: id}\n")
    lead_id = world.create()

    report = world.pull(mapping=wider)

    assert report.warnings == ("Visit__c was left out: this org has no object Visit__c, or this user can't see it",)
    assert list(report.objects) == ["Lead"]
    with world.mirror(wider) as mirror:
        assert mirror.rows("lead", [lead_id], ["company"])[0]["company"] == "Acme"
        assert mirror.counts() == {"lead": 1, "visit": 0}
        assert mirror.watermark() == START


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

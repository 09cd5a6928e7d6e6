from __future__ import annotations

from collections.abc import Callable

import pytest
from pull_world import START, World
from small_mapping import LEAD_YAML, TASK_YAML

from sync.errors import MappingInvalid, MirrorUnusable
from sync.mapping import OrgMapping
from sync.mirror.pull import Progress, pull


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

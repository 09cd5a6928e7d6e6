from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pull_world import World
from small_mapping import HISTORY_YAML, LEAD_YAML, NOW, TASK_YAML

from sync.mapping import OrgMapping
from sync.mirror.store import Mirror

CONTACT_YAML = "object: Contact\nfields:\n  email: {field: Email, type: email}\n"
NAME, ADDRESS = "Wilhelmina Quixworthy", "wilhelmina@quixworthy.example"


@pytest.fixture
def people(make_mapping: Callable[..., OrgMapping]) -> OrgMapping:
    return make_mapping(LEAD_YAML, TASK_YAML, HISTORY_YAML, CONTACT_YAML)


@pytest.fixture
def person(world: World, people: OrgMapping) -> str:
    """A lead with an earlier version, a duplicate merged into it, a call, and a history."""
    lead = world.create(FirstName="Wilhelmina", LastName="Quixworthy", Email=ADDRESS)
    double = world.create(LastName="Quixworthy", Email=ADDRESS)
    world.create("Task", WhoId=lead, Subject=f"Call {NAME}")
    world.create(Company="Somebody else")
    world.pull(mapping=people)
    world.pass_time(minutes=5)
    world.update(lead, Status="Working - Contacted")
    world.merge(lead, double)
    world.pull(mapping=people)
    return lead


def test_a_forgotten_person_is_gone_from_records_and_versions(world: World, people: OrgMapping, person: str) -> None:
    with Mirror.open(world.path, people, read_only=False) as mirror:
        forgotten = mirror.forget([person], at=NOW)

    assert len(forgotten.ids) == 2
    assert forgotten.records >= 4
    assert forgotten.versions > forgotten.records
    with world.mirror(people) as mirror, mirror.session() as session:
        assert mirror.rows("lead", list(forgotten.ids)) == []
        assert mirror.counts()["lead"] == 1
        for table in ("lead", "lead_version", "task", "task_version"):
            found = session.execute(f"SELECT count(*) FROM {table} t WHERE CAST(t AS VARCHAR) ILIKE '%quixworthy%'")  # noqa: S608 -- the list above
            assert found.fetchone() == (0,)


def test_nothing_of_a_forgotten_person_is_left_in_the_files_bytes(
    world: World, people: OrgMapping, person: str
) -> None:
    assert b"quixworthy" in world.path.read_bytes().lower()

    with Mirror.open(world.path, people, read_only=False) as mirror:
        mirror.forget([person], at=NOW)

    for file in world.path.parent.iterdir():
        assert b"quixworthy" not in file.read_bytes().lower()
    assert world.path.stat().st_mode & 0o777 == 0o600


def test_no_later_pull_brings_a_forgotten_person_back(world: World, people: OrgMapping, person: str) -> None:
    with Mirror.open(world.path, people, read_only=False) as mirror:
        mirror.forget([person], at=NOW)
    world.pass_time(minutes=30)
    world.update(person, Company="Changed")
    world.create("Task", WhoId=person, Subject=f"Call {NAME} again")

    world.pull(mapping=people)
    world.pull(mapping=people, full=True)

    with world.mirror(people) as mirror:
        assert mirror.counts()["lead"] == 1
        assert mirror.counts()["task"] == 0
    assert b"quixworthy" not in world.path.read_bytes().lower()


def test_a_lead_and_the_contact_it_became_are_one_person(world: World, people: OrgMapping) -> None:
    from sync.mockorg.conversion import LeadConvert, convert  # noqa: PLC0415 -- only here

    lead = world.create(FirstName="Wilhelmina", LastName="Quixworthy", Email=ADDRESS)
    org = world.mock.org
    (done,) = convert(org, org.access.admin, [LeadConvert(lead_id=lead, converted_status="Closed - Converted")])
    world.pull(mapping=people)

    with Mirror.open(world.path, people, read_only=False) as mirror:
        forgotten = mirror.forget([lead], at=NOW)

    assert done.contact_id in forgotten.ids
    with world.mirror(people) as mirror:
        assert mirror.counts()["contact"] == 0


def test_an_object_no_longer_mapped_is_cleaned_too(
    world: World, people: OrgMapping, person: str, make_mapping: Callable[..., OrgMapping], path: Path
) -> None:
    narrow = make_mapping(LEAD_YAML)
    with Mirror.open(world.path, narrow, read_only=False) as mirror:
        mirror.forget([person], at=NOW)

    assert b"quixworthy" not in world.path.read_bytes().lower()

"""Large windows, failing calls, and pulls that are interrupted or meet one another."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pull_world import START, World, make_world
from small_mapping import LEAD_YAML, TASK_YAML, mapping_of

from sync.errors import OrgBusy, OrgFault, OrgUnavailable
from sync.mirror.pull import Progress, PullReport, pull
from sync.mockorg.faults import Fault, FaultKind
from sync.salesforce.client import SalesforceClient
from sync.salesforce.org import Ask, AskRows, Told

MANY = 11_000


@pytest.fixture(scope="module")
def many_leads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    lines = [
        f'"lead-{n}","Ames {n}","Company, ""{n}""\nLtd","{n}.5","line one\nline two {n}","2026-04-01T10:00:00Z"'
        for n in range(MANY)
    ]
    header = '"Id","LastName","Company","Budget__c","Description","SystemModstamp"'
    (folder / "Lead.csv").write_text("\n".join([header, *lines, ""]), "utf-8")
    return folder


@pytest.fixture
def large(tmp_path: Path, many_leads: Path) -> Iterator[World]:
    world = make_world(tmp_path, mapping_of(LEAD_YAML, TASK_YAML), many_leads)
    with world.mock.in_process():
        world.log_in()
        yield world


def test_a_large_window_comes_by_bulk_job_with_every_value_as_it_was(large: World) -> None:
    report = large.pull()

    assert report.objects["Lead"].as_json()["route"] == "bulk"
    assert (report.objects["Lead"].expected, report.objects["Lead"].received) == (MANY, MANY)
    with large.mirror() as mirror, mirror.session() as session:
        row = session.execute(
            "SELECT company, description, CAST(budget AS VARCHAR) FROM lead WHERE name = 'Ames 7'"
        ).fetchone()
        assert row == ('Company, "7"\nLtd', "line one\nline two 7", "7.5000")
    assert [path.name for path in large.path.parent.iterdir()] == ["mirror.duckdb"]


def test_values_are_the_same_by_bulk_and_by_rest(large: World) -> None:
    large.pull()
    with large.mirror() as mirror:
        leads = mirror.counts()["lead"]
    large.pass_time(hours=1)
    large.mock.org.store.db.execute(
        'UPDATE "Lead" SET "SystemModstamp" = ? WHERE "Budget__c" < 3000', ["2026-05-01T12:30:00.000Z"]
    )

    report = large.pull()

    assert report.objects["Lead"].route == "rest"
    with large.mirror() as mirror, mirror.session() as session:
        differing = session.execute(
            "SELECT count(*) FROM lead_version a JOIN lead b USING (id) WHERE a.company <> b.company "
            "OR a.description <> b.description OR a.budget <> b.budget OR a.created_at <> b.created_at"
        ).fetchone()
        assert differing == (0,)
        assert mirror.counts()["lead"] == leads


def test_pages_that_the_server_shrinks_are_read_to_the_end(world: World, make_leads: Callable[[int], None]) -> None:
    make_leads(700)
    world.mock.add_fault(Fault(kind=FaultKind.SMALL_PAGES, size=200, times=None))

    report = world.pull(objects=["Lead"])

    assert report.objects["Lead"].received == 700


@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.TRUNCATE, FaultKind.UNAVAILABLE, FaultKind.SERVER_ERROR])
def test_a_passing_failure_costs_nothing_but_time(world: World, kind: FaultKind) -> None:
    world.create()
    world.mock.add_fault(Fault(kind=kind, route="composite", times=1, effect=kind is FaultKind.TRUNCATE))

    assert world.pull().objects["Lead"].received == 1


def test_an_org_that_stays_away_leaves_the_mirror_as_it_was(world: World) -> None:
    lead_id = world.create()
    world.pull()
    world.pass_time(minutes=30)
    world.update(lead_id, Company="Changed")
    world.mock.add_fault(Fault(kind=FaultKind.UNAVAILABLE, times=None))

    with pytest.raises(OrgUnavailable):
        world.pull()

    world.mock.clear_faults()
    assert world.row(lead_id)["company"] == "Acme"
    with world.mirror() as mirror:
        assert mirror.watermark() == START
    world.pull()
    assert world.row(lead_id)["company"] == "Changed"


@pytest.mark.parametrize("kind", [FaultKind.JOB_FAILED, FaultKind.JOB_ABORTED])
def test_a_bulk_job_that_ends_badly_is_a_fault_and_the_next_pull_starts_a_new_one(
    large: World, kind: FaultKind
) -> None:
    large.mock.add_fault(Fault(kind=kind, route="bulk.*"))

    with pytest.raises(OrgFault, match="ended as"):
        large.pull()

    assert large.pull().objects["Lead"].received == MANY


def test_an_interrupted_pull_goes_on_with_the_job_that_it_had_started(large: World) -> None:
    with pytest.raises(KeyboardInterrupt):
        _pull(large, _raise_at("Lead", "loading", KeyboardInterrupt))
    started = large.mock.requests.by_operation()
    large.mock.requests.reset()

    report = large.pull()

    assert [name for name in started if "create" in name and "bulk" in name]
    assert not [name for name in large.mock.requests.by_operation() if "create" in name and "bulk" in name]
    assert report.objects["Lead"].received == MANY
    assert not (large.path.parent / "bulk-jobs.json").exists()


@pytest.mark.slow
def test_changes_made_after_an_interrupted_job_arrive_with_the_next_pull(large: World) -> None:
    with pytest.raises(KeyboardInterrupt):
        _pull(large, _raise_at("Lead", "loading", KeyboardInterrupt))
    large.pass_time(hours=1)
    changed, gone = (row[0] for row in large.mock.org.store.db.execute('SELECT "Id" FROM "Lead" LIMIT 2').fetchall())
    large.update(changed, Company="Changed")
    large.delete(gone)
    large.purge(gone)
    large.pass_time(minutes=5)

    large.pull()
    large.pull()

    assert large.row(changed)["company"] == "Changed"
    assert large.row(gone)["is_deleted"] is True


@pytest.mark.slow
def test_a_job_that_takes_too_long_is_picked_up_by_the_next_pull(large: World) -> None:
    large.mock.add_fault(Fault(kind=FaultKind.SLOW_JOB, route="bulk.*", seconds=7200))

    with pytest.raises(OrgFault) as unfinished:
        large.pull()
    assert unfinished.value.code == "BULK_JOB_UNFINISHED"
    large.pass_time(hours=3)
    large.mock.requests.reset()
    report = large.pull()

    assert report.objects["Lead"].received == MANY
    assert not [name for name in large.mock.requests.by_operation() if "create" in name and "bulk" in name]


@pytest.mark.slow
def test_a_job_whose_results_are_gone_is_started_again(large: World) -> None:
    with pytest.raises(KeyboardInterrupt):
        _pull(large, _raise_at("Lead", "loading", KeyboardInterrupt))
    file = large.path.parent / "bulk-jobs.json"
    job = json.loads(file.read_text())["Lead"][0]["job_id"]
    file.write_text(file.read_text().replace(job, "750000000000001AAA"))

    assert large.pull().objects["Lead"].received == MANY


class ImpatientClient(SalesforceClient):
    """A real client on an org that can't count or sort that many leads in 120 seconds."""

    def ask(self, questions: Sequence[Ask]) -> list[Told]:
        told = super().ask(questions)
        timeout = OrgFault("Your query request was running for too long.", code="QUERY_TIMEOUT")
        late = [isinstance(q, AskRows) and "FROM Lead" in q.soql for q in questions]
        return [timeout if is_late else answer for is_late, answer in zip(late, told, strict=True)]


def test_an_org_too_large_to_count_in_time_is_read_by_bulk_job(large: World) -> None:
    large.client.__class__ = ImpatientClient

    record = large.pull().objects["Lead"]

    assert (record.route, record.expected, record.received) == ("bulk", MANY, MANY)
    large.pass_time(minutes=30)
    large.client.__class__ = ImpatientClient
    again = large.pull().objects["Lead"]
    assert (again.route, again.expected, again.received) == ("bulk", 0, 0)


def test_an_interrupted_pull_leaves_no_records_lying_about(world: World) -> None:
    world.create()

    with pytest.raises(KeyboardInterrupt):
        _pull(world, _raise_at("Lead", "loading", KeyboardInterrupt))

    assert list(world.path.parent.rglob("*.csv")) == []
    assert world.pull().objects["Lead"].received == 1


def test_pages_left_by_a_killed_process_are_removed(world: World) -> None:
    left = world.path.parent / "pull-4194304999-dead"
    left.mkdir(parents=True)
    (left / "lead-00000.csv").write_text("secret")
    os.utime(left, (0, 0))

    world.pull()

    assert not left.exists()


def test_a_transaction_that_commits_while_it_is_counted_is_read_again(
    world: World, make_leads: Callable[[int], None]
) -> None:
    make_leads(2500)
    transactions = world.mock.org.transactions
    open_ = transactions.begin(world.mock.org.access.admin)
    late = transactions.insert(open_, "Lead", {"LastName": "Late", "Company": "Late"})

    def commit(progress: Progress) -> None:
        if progress.doing == "reading" and progress.records == 2500 and transactions.open:
            transactions.commit(open_)

    report = _pull(world, commit)

    assert (report.objects["Lead"].expected, report.objects["Lead"].received) == (2501, 2501)
    assert world.row(late)["company"] == "Late"


def test_records_that_the_org_counts_but_does_not_give_stop_the_pull_and_the_watermark(
    world: World, make_leads: Callable[[int], None]
) -> None:
    world.pull()
    world.pass_time(days=1)
    make_leads(2500)
    org = world.mock.org

    def hide(progress: Progress) -> None:
        if progress.doing == "reading" and progress.records == 2500:
            stamp = "2026-05-02T11:00:00.000Z"
            org.store.db.execute(
                'UPDATE "Lead" SET "SystemModstamp" = ? WHERE "Id" = (SELECT max("Id") FROM "Lead")', [stamp]
            )
            lead = world.create()
            org.store.db.execute('UPDATE "Lead" SET "SystemModstamp" = ? WHERE "Id" = ?', [stamp, lead])

    with pytest.raises(OrgFault) as fault:
        _pull(world, hide)

    assert fault.value.code == "INCOMPLETE_PULL"
    assert str(fault.value) == (
        "Lead: the org counts 2501 records in the window, and 2500 arrived, twice; the watermark was not moved"
    )
    with world.mirror() as mirror:
        assert mirror.counts()["lead"] == 0
        assert mirror.watermark() == START


@pytest.mark.slow
def test_of_two_pulls_at_once_the_later_one_gives_way(world: World, make_leads: Callable[[int], None]) -> None:
    lead_id = world.create()
    world.pull()
    world.update(lead_id, Company="Changed")
    make_leads(2100)
    met = []

    def overtaken(progress: Progress) -> None:
        if progress.doing == "reading" and not met:
            met.append(progress)
            world.pull()

    with pytest.raises(OrgBusy, match="another pull has taken in Lead while this one was reading it"):
        _pull(world, overtaken)

    assert world.row(lead_id)["company"] == "Changed"


def test_a_client_whose_clock_is_far_ahead_of_the_org_still_pulls(world: World) -> None:
    lead_id = world.create()
    world.pull()
    world.pass_time(minutes=30)
    world.update(lead_id, Company="Changed")
    late = world.client
    late._transport._ahead += datetime(2026, 6, 1, tzinfo=UTC) - datetime(2026, 5, 1, tzinfo=UTC)

    world.pull()

    assert world.row(lead_id)["company"] == "Changed"
    with world.mirror() as mirror:
        assert (mirror.watermark() or START) <= world.mock.clock.now()


def _pull(world: World, heard: Callable[[Progress], None]) -> PullReport:
    return pull(world.client, world.path, world.mapping, clock=lambda: datetime.now(UTC), progress=heard)


def _raise_at(object_name: str, doing: str, error: type[BaseException]) -> Callable[[Progress], None]:
    def heard(progress: Progress) -> None:
        if (progress.object, progress.doing) == (object_name, doing):
            raise error

    return heard

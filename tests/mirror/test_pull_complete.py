"""Completeness, on both transports: whatever happens, the mirror equals the org row by row, or the run said why not."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pull_world import World, make_world
from small_mapping import HISTORY_YAML, LEAD_YAML, TASK_YAML, mapping_of

from sync.errors import LeadgateError, MappingInvalid, OrgFault
from sync.mirror.pull import Progress, PullReport, pull
from sync.mockorg.faults import Fault, FaultKind
from sync.mockorg.http import Request, Response
from sync.mockorg.inprocess import in_process
from sync.mockorg.server import serve

pytestmark = pytest.mark.slow

MANY = 10_500
"""More than REST pages are used for."""


@dataclass
class Door:
    """What stands between client and org; may change an answer on its way."""

    world: World
    meddle: Callable[[Request, Response], Response] = lambda _request, response: response

    def handle(self, request: Request) -> Response:
        return self.meddle(request, self.world.mock.handle(request))


@pytest.fixture(params=["in-process", "socket"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    world = make_world(tmp_path, mapping_of(LEAD_YAML, TASK_YAML, HISTORY_YAML))
    door = Door(world)
    with _through(door, socket=request.param == "socket"):
        world.log_in()
        yield door


@contextmanager
def _through(door: Door, *, socket: bool) -> Iterator[None]:
    world = door.world
    if socket:
        with serve(door, sleep=lambda _seconds: None) as server:
            world.url = server.url
            yield
    else:
        host = world.mock.instance_url.removeprefix("https://")
        with in_process(door.handle, hosts=(host,), sleep=lambda _seconds: None):
            yield


def fill(world: World, count: int) -> list[str]:
    """Leads that all have the stamp of this second."""
    org = world.mock.org
    kind = org.schema.object("Lead")
    first = world.create(Company="Company 0", Budget__c=0)
    columns = [row[1] for row in org.store.db.execute('PRAGMA table_info("Lead")')]
    listed = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join("?" if name in {"Id", "Company"} else f'"{name}"' for name in columns)
    rows = []
    for number in range(1, count):
        made = {"Id": org.ids.next(kind.key_prefix), "Company": f"Company {number}"}
        rows.append(tuple(made[name] for name in columns if name in made))
    org.store.db.executemany(
        f'INSERT INTO "Lead" ({listed}) SELECT {values} FROM "Lead" WHERE "Id" = \'{first}\'',  # noqa: S608 -- the mock org's own names
        rows,
    )
    return [first, *(row[columns.index("Id") > columns.index("Company")] for row in rows)]


def run(world: World, heard: Callable[[Progress], None] = lambda _progress: None) -> PullReport:
    return pull(world.client, world.path, world.mapping, clock=lambda: datetime.now(UTC), progress=heard)


def assert_equal(world: World) -> None:
    """Holds every lead of the mirror against the org's own row, and every one of the org's against the mirror."""
    names = '"Id", "Company", "Budget__c", "Description", "IsDeleted", "IsConverted", "MasterRecordId"'
    org = {row[0]: row for row in world.mock.org.store.db.execute(f'SELECT {names} FROM "Lead"')}  # noqa: S608 -- constants
    with world.mirror() as mirror, mirror.session() as session:
        held = session.execute(
            "SELECT id, company, budget, description, is_deleted, is_converted, master_record_id FROM lead"
        ).fetchall()
    assert len(held) == len({row[0] for row in held})
    by_id = {row[0]: _plain(row) for row in held}
    assert {key: by_id.get(key) for key in org} == {key: _plain(row) for key, row in org.items()}
    assert all(row[4] for key, row in by_id.items() if key not in org)


def _plain(row: tuple[object, ...]) -> tuple[object, ...]:
    key, company, budget, description, deleted, converted, master = row
    money = None if budget is None else float(str(budget))
    return key, company, money, description or None, bool(deleted), bool(converted), master or None


def settle(world: World) -> PullReport:
    """A pull after which nothing can be left open."""
    world.pass_time(minutes=30)
    run(world)
    world.pass_time(minutes=30)
    return run(world)


@pytest.mark.parametrize("count", [10_000, MANY])
def test_leads_of_one_second_arrive_across_every_page_border(door: Door, count: int) -> None:
    """10,000 come by REST in keyset order, more by bulk pages of 500, many at once."""
    door.world.mock.doors.query_jobs.page_records = 500
    fill(door.world, count)

    report = run(door.world)

    assert (report.objects["Lead"].expected, report.objects["Lead"].received) == (count, count)
    assert report.objects["Lead"].route == ("rest" if count == 10_000 else "bulk")
    assert_equal(door.world)


def test_what_commits_late_arrives(door: Door) -> None:
    world = door.world
    fill(world, 50)
    transactions = world.mock.org.transactions
    open_ = transactions.begin(world.mock.org.access.admin)
    transactions.insert(open_, "Lead", {"LastName": "Late", "Company": "Late"})
    world.pass_time(minutes=5)
    run(world)
    transactions.commit(open_)

    settle(world)

    assert_equal(world)


def test_pages_that_the_server_shrinks_are_read_to_the_end(door: Door) -> None:
    world = door.world
    world.mock.add_fault(Fault(kind=FaultKind.SMALL_PAGES, size=210, times=None))
    fill(world, 2_500)

    run(world)

    assert_equal(world)


@pytest.mark.parametrize("count", [4_500, MANY])
def test_rows_that_change_while_they_are_read_arrive(door: Door, count: int) -> None:
    world = door.world
    world.mock.doors.query_jobs.page_records = 2_000
    ids = fill(world, count)
    touched: list[str] = []

    def change(progress: Progress) -> None:
        if progress.object == "Lead" and len(touched) < 40:
            world.mock.clock.advance(1)
            for lead in ids[len(touched) * 100 :: 1000][:3]:
                world.update(lead, Company=f"Changed {len(touched)}")
                touched.append(lead)

    run(world, change)
    settle(world)

    assert touched
    assert_equal(world)


def test_merges_deletions_undeletions_and_purges_arrive(door: Door) -> None:
    world = door.world
    ids = fill(world, 60)
    run(world)
    world.pass_time(minutes=20)
    for number in range(0, 40, 4):
        world.merge(ids[number], ids[number + 1])
        world.delete(ids[number + 2])
        world.delete(ids[number + 3])
    for number in range(0, 40, 8):
        world.undelete(ids[number + 2])
        world.purge(ids[number + 3])

    settle(world)

    assert_equal(world)


@pytest.mark.parametrize("count", [2_200, MANY])
def test_a_pull_that_is_killed_at_any_step_leaves_nothing_out(door: Door, count: int) -> None:
    world = door.world
    world.mock.doors.query_jobs.page_records = 4_000
    ids = fill(world, count)
    step = 0
    while True:
        heard: list[Progress] = []

        def kill(progress: Progress, heard: list[Progress] = heard, at: int = step) -> None:
            heard.append(progress)
            if len(heard) > at:
                raise KeyboardInterrupt

        try:
            run(world, kill)
        except KeyboardInterrupt:
            world.mock.clock.advance(1)
            world.update(ids[step], Company=f"After kill {step}")
            step += 1
            continue
        break

    assert step > 3
    settle(world)
    assert_equal(world)


@pytest.mark.parametrize("count", [2_200, MANY])
def test_a_pull_whose_network_dies_at_any_request_leaves_nothing_out(door: Door, count: int) -> None:
    world = door.world
    fill(world, count)
    died = 0
    while True:
        world.mock.add_fault(Fault(kind=FaultKind.DROP, skip=died, times=None))
        try:
            run(world)
        except LeadgateError:
            died += 1
            world.mock.clear_faults()
            continue
        break

    world.mock.clear_faults()
    assert died > 3
    assert_equal(world)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(kind=FaultKind.JOB_FAILED, route="bulk.*"), "BULK_JOB_FAILED"),
        (Fault(kind=FaultKind.JOB_ABORTED, route="bulk.*"), "BULK_JOB_ABORTED"),
        (Fault(kind=FaultKind.SLOW_JOB, route="bulk.*", seconds=10**9), "BULK_JOB_UNFINISHED"),
    ],
)
def test_a_job_that_fails_is_aborted_or_never_ends_is_told_and_costs_no_record(
    door: Door, fault: Fault, code: str
) -> None:
    world = door.world
    fill(world, MANY)
    world.mock.add_fault(fault)

    with pytest.raises(OrgFault) as told:
        run(world)
    world.mock.clear_faults()
    if code == "BULK_JOB_UNFINISHED":  # the job stays in the way until a pull starts another
        world.pass_time(days=2)
    run(world)

    assert told.value.code == code
    assert_equal(world)


def test_a_query_that_takes_the_org_too_long_is_asked_for_in_slices(door: Door) -> None:
    world = door.world
    fill(world, MANY // 2)
    world.pass_time(days=30)
    fill(world, MANY // 2 + 2)
    message = "QUERY_TIMEOUT: Your query request was running for too long."
    world.mock.add_fault(Fault(kind=FaultKind.JOB_FAILED, route="bulk.*", message=message, times=3))

    report = run(world)

    created = [
        count for name, count in world.mock.requests.by_operation().items() if "bulk" in name and "create" in name
    ]
    assert sum(created) > 4  # three that took too long, and the slices that didn't
    assert report.objects["Lead"].received == MANY // 2 * 2 + 2
    assert_equal(world)


def test_a_page_that_ends_too_early_between_two_rows_is_found_by_the_count(door: Door) -> None:
    world = door.world
    world.mock.doors.query_jobs.page_records = 5_000
    fill(world, MANY)

    def cut(request: Request, response: Response) -> Response:
        if not request.path.endswith("/results") or response.status != 200:
            return response
        packed = response.header("Content-Encoding") == "gzip"
        text = gzip.decompress(response.body) if packed else response.body
        shorter = text[: text.rstrip(b"\n").rindex(b"\n") + 1]
        return replace(response, body=gzip.compress(shorter) if packed else shorter)

    door.meddle = cut
    with pytest.raises(OrgFault) as told:
        run(world)
    assert told.value.code == "INCOMPLETE_PULL"
    door.meddle = lambda _request, response: response

    run(world)

    assert_equal(world)


def test_a_field_that_the_org_drops_between_two_pulls_is_named(door: Door) -> None:
    world = door.world
    ids = fill(world, 20)
    run(world)
    world.update(ids[0], Company="Changed")
    world.log_in("blinkered@test.example")

    with pytest.raises(MappingInvalid, match="budget"):
        run(world)

    world.log_in()
    run(world)
    assert_equal(world)

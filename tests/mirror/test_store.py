from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from small_mapping import NOW

from sync.errors import InputInvalid, MirrorUnusable, OrgBusy
from sync.mapping import OrgMapping
from sync.mirror.connection import opened, wait_up_to
from sync.mirror.state import Completeness
from sync.mirror.store import Mirror

LEAD = "00Q000000000001EAA"
OTHER = "00Q000000000002EAA"
Fill = Callable[..., Completeness]

HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held(path: Path, how: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the mirror open until its input ends."""
    command = [sys.executable, "-c", HOLD, str(path), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:  # noqa: S603 -- our own
        assert holder.stdout is not None
        holder.stdout.readline()
        yield holder
        if holder.poll() is None:
            holder.communicate(b"")


@pytest.fixture
def filled(fill: Fill, path: Path) -> Path:
    fill(
        "lead",
        [
            {"Id": LEAD, "Company": "Acme", "Email": "Ann@Acme.example", "Name": "Ann Ames"},
            {"Id": OTHER, "Company": "Beta", "IsDeleted": "true", "MasterRecordId": LEAD},
        ],
    )
    fill("task", [{"Id": "00T000000000001AAA", "WhoId": LEAD, "Subject": "Call: pricing"}])
    return path


def test_the_file_is_its_owners_alone(filled: Path) -> None:
    assert filled.stat().st_mode & 0o777 == 0o600
    assert filled.parent.stat().st_mode & 0o777 == 0o700


def test_a_missing_mirror_names_the_command_that_makes_one(path: Path, mapping: OrgMapping) -> None:
    with pytest.raises(MirrorUnusable) as refused, Mirror.open(path, mapping):
        pass

    assert (refused.value.place, refused.value.fix) == (str(path), "run `leadgate pull`")


def test_a_file_that_is_no_database_is_refused(path: Path, mapping: OrgMapping) -> None:
    path.parent.mkdir()
    path.write_bytes(b"something else entirely" * 1000)

    with pytest.raises(MirrorUnusable, match="this file is not a mirror"), Mirror.open(path, mapping):
        pass


def test_a_truncated_mirror_is_refused_without_a_traceback(filled: Path, mapping: OrgMapping) -> None:
    filled.write_bytes(filled.read_bytes()[:5000])

    with pytest.raises(MirrorUnusable), Mirror.open(filled, mapping):
        pass


def test_a_database_of_somebody_else_is_refused_and_left_alone(path: Path, mapping: OrgMapping) -> None:
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE theirs (id INTEGER)")
    before = path.read_bytes()

    for read_only in (True, False):
        with (
            pytest.raises(MirrorUnusable, match="this DuckDB file is not a mirror"),
            Mirror.open(path, mapping, read_only=read_only),
        ):
            pass
    assert path.read_bytes() == before


@pytest.mark.parametrize(("held", "update"), [("99", True), ("1", False), ("two", False)])
def test_a_mirror_of_another_format_is_refused(filled: Path, mapping: OrgMapping, held: str, *, update: bool) -> None:
    with duckdb.connect(str(filled)) as connection:
        connection.execute("UPDATE mirror_meta SET value = ? WHERE key = 'format'", [held])

    with pytest.raises(MirrorUnusable, match=f"the mirror has format {held}") as refused, Mirror.open(filled, mapping):
        pass
    assert "leadgate pull" in str(refused.value.fix)
    assert ("update leadgate" in str(refused.value.fix)) is update


@pytest.mark.parametrize(
    "columns", ['{"id": ["Id", "id"]}', '{"id": "Id"}', '{"id": ["Id", "rope", false]}', '["id"]', "nothing"]
)
@pytest.mark.parametrize("read_only", [True, False])
def test_what_an_earlier_leadgate_wrote_of_its_pulls_is_refused_with_the_way_out(
    filled: Path, mapping: OrgMapping, columns: str, *, read_only: bool
) -> None:
    with duckdb.connect(str(filled)) as connection:
        connection.execute("UPDATE pull_state SET columns = ? WHERE object = 'lead'", [columns])
        assert connection.execute("SELECT count(*) FROM pull_state WHERE object = 'lead'").fetchone() == (1,)

    with (
        pytest.raises(MirrorUnusable, match="format") as refused,
        Mirror.open(filled, mapping, read_only=read_only) as mirror,
    ):
        assert mirror.states
    assert "leadgate pull" in str(refused.value.fix)
    assert refused.value.place == str(filled)


def test_who_holds_the_mirror_is_named(filled: Path, mapping: OrgMapping) -> None:
    with (
        held(filled, "write") as holder,
        pytest.raises(OrgBusy, match=f"process {holder.pid} is using this org's mirror"),
        Mirror.open(filled, mapping),
    ):
        pass


def test_a_reader_waits_for_the_writer_and_says_so_once(filled: Path, mapping: OrgMapping) -> None:
    with held(filled, "write") as holder:
        told: list[str] = []
        naps: list[float] = []

        def sleep(seconds: float) -> None:
            naps.append(seconds)
            if len(naps) == 3:
                holder.communicate(b"")

        with Mirror.open(filled, mapping, wait=wait_up_to(60, sleep=sleep, tell=told.append)) as mirror:
            assert mirror.counts() == {"lead": 1, "task": 1}

    assert len(naps) == 3
    assert told == [f"process {holder.pid} is using this org's mirror"]


def test_waiting_ends(filled: Path, mapping: OrgMapping) -> None:
    naps: list[float] = []
    with opened(filled, read_only=False):
        wait = wait_up_to(2, sleep=naps.append, tell=lambda _message: None)
        with pytest.raises(OrgBusy, match="another part of this program"), Mirror.open(filled, mapping, wait=wait):
            pass

    assert sum(naps) == 2


def test_several_readers_share_the_mirror(filled: Path, mapping: OrgMapping) -> None:
    with held(filled, "read"), Mirror.open(filled, mapping) as one, Mirror.open(filled, mapping) as two:
        assert one.counts() == two.counts()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/leadgate-should-not-be'",
        "ATTACH '/tmp/leadgate-should-not-be.duckdb' AS other",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "DELETE FROM lead",
    ],
)
def test_sql_in_the_mirror_reaches_nothing_else(filled: Path, mapping: OrgMapping, sql: str) -> None:
    with Mirror.open(filled, mapping) as mirror, mirror.session() as session, pytest.raises(duckdb.Error):
        session.execute(sql)


def test_rows_come_in_the_order_asked_and_unknown_ids_are_left_out(filled: Path, mapping: OrgMapping) -> None:
    with Mirror.open(filled, mapping) as mirror:
        rows = mirror.rows("lead", [OTHER, "00Q000000000009EAA", LEAD, OTHER], ["company", "system_modstamp"])

    assert rows == [
        {"id": OTHER, "company": "Beta", "system_modstamp": datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)},
        {"id": LEAD, "company": "Acme", "system_modstamp": datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)},
    ]


@pytest.mark.parametrize("wanted", [LEAD, LEAD[:15], OTHER, "ann@acme.example", "ANN AMES", " acme "])
def test_a_lead_is_found_by_what_people_call_it(filled: Path, mapping: OrgMapping, wanted: str) -> None:
    with Mirror.open(filled, mapping) as mirror:
        assert [row["id"] for row in mirror.find_lead(wanted)] == [LEAD]


def test_a_lead_that_is_not_there_is_not_found(filled: Path, mapping: OrgMapping) -> None:
    with Mirror.open(filled, mapping) as mirror:
        assert mirror.find_lead("Beta") == []
        assert mirror.find_lead("00Q000000000009EAA") == []


@pytest.mark.parametrize("wanted", ["", "  ", "001000000000001AAA", "00Q000000000001EAB"])
def test_what_cannot_be_a_lead_is_refused(filled: Path, mapping: OrgMapping, wanted: str) -> None:
    with Mirror.open(filled, mapping) as mirror, pytest.raises(InputInvalid):
        mirror.find_lead(wanted)


def test_merges_in_a_circle_do_not_loop(fill: Fill, path: Path, mapping: OrgMapping) -> None:
    fill("lead", [{"Id": LEAD, "MasterRecordId": OTHER}, {"Id": OTHER, "MasterRecordId": LEAD}])
    fill("task", [])

    with Mirror.open(path, mapping) as mirror:
        assert mirror.survivor(LEAD) in {LEAD, OTHER}


def test_how_fresh_it_is(filled: Path, mapping: OrgMapping) -> None:
    with Mirror.open(filled, mapping) as mirror:
        assert mirror.watermark() == NOW
        assert mirror.open_leads() == 1
        assert mirror.org_id is None


def test_one_program_writes_once_at_a_time(filled: Path, mapping: OrgMapping) -> None:
    naps: list[float] = []
    with opened(filled, read_only=False):
        wait = wait_up_to(1, sleep=naps.append, tell=lambda _message: None)
        with pytest.raises(OrgBusy), Mirror.open(filled, mapping, read_only=False, wait=wait):
            pass

    assert naps

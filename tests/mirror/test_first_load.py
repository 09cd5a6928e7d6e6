"""An object's first records, page by page: the same checks as the long way, and nothing kept before the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from small_mapping import NOW

from sync.errors import MappingInvalid, OrgFault
from sync.mapping import OrgMapping
from sync.mirror.connection import opened
from sync.mirror.first_load import FirstLoad
from sync.mirror.state import Completeness, ObjectState, PulledColumn
from sync.mirror.tables import prepare

HEADER = "Id,Company,NumberOfEmployees,LastActivityDate,SystemModstamp,IsDeleted"
LEAD, OTHER = "00Q000000000001AAA", "00Q000000000002AAA"
STAMP = "2026-05-01T07:25:37.000Z"


@pytest.fixture
def first_load(path: Path, mapping: OrgMapping) -> Iterator[tuple[FirstLoad, Callable[..., Path]]]:
    with _begun(path, mapping) as load:
        yield load, lambda *lines: _page(path.parent / "pages", *lines)


@contextmanager
def _begun(path: Path, mapping: OrgMapping) -> Iterator[FirstLoad]:
    folder = path.parent / "pages"
    folder.mkdir(parents=True, exist_ok=True)
    named = {name.casefold(): name for name in HEADER.split(",")}
    columns = {
        f.name: PulledColumn(api_name=named.get(f.api_name.casefold()), type=f.type)
        for f in mapping["lead"].fields.values()
    }
    with opened(path, read_only=False, pages=folder) as connection:
        present = prepare(connection, mapping)
        load = FirstLoad(
            connection=connection,
            mapping=mapping["lead"],
            columns=columns,
            selected=tuple(HEADER.split(",")),
            seen_at=NOW,
            run_id="run",
        )
        load.begin(present)
        yield load


def _page(folder: Path, *lines: str, header: str = HEADER) -> Path:
    file = folder / f"{sum(1 for _ in folder.iterdir())}.csv"
    file.write_text("\n".join([header, *lines, ""]), "utf-8")
    return file


def row(
    lead: str, company: str = "Acme", *, employees: str = "5", day: str = "", stamp: str = STAMP, gone: str = "false"
) -> str:
    return f'"{lead}","{company}","{employees}","{day}","{stamp}","{gone}"'


def commit(load: FirstLoad, received: int) -> Completeness:
    record = Completeness(
        object="Lead", window_from=None, window_to=NOW, route="bulk", expected=received, received=received
    )
    state = ObjectState(
        object="lead",
        watermark=NOW,
        deleted_until=NOW,
        columns=load.columns,
        skipped=None,
        run_id=load.run_id,
        pulled_at=NOW,
    )
    return load.commit(record, state)


def test_pages_are_typed_counted_and_kept_with_the_watermark(
    first_load: tuple[FirstLoad, Callable[..., Path]], path: Path
) -> None:
    load, page = first_load
    load.add([page(row(LEAD, 'Company, ""1""\nLtd', day="2026-04-01"))])
    load.add([page(row(OTHER, gone="true"))])

    received = load.received(NOW)
    record = commit(load, received)

    assert (received, record.changed, record.deleted, record.merged) == (2, 2, 1, 0)
    found = load.connection.execute("SELECT company, employees, last_activity_at FROM lead ORDER BY id").fetchall()
    assert [(company, employees, str(day)) for company, employees, day in found] == [
        ('Company, "1"\nLtd', 5, "2026-04-01"),
        ("Acme", 5, "None"),
    ]
    assert load.connection.execute("SELECT count(*) FROM lead_version WHERE seen_at IS NOT NULL").fetchone() == (2,)


def test_of_a_record_that_comes_twice_the_newest_stays(first_load: tuple[FirstLoad, Callable[..., Path]]) -> None:
    load, page = first_load
    load.add([page(row(LEAD, "New", stamp="2026-05-01T09:00:00.000Z"), row(OTHER))])
    load.add([page(row(LEAD, "Old"))])

    assert load.received(NOW) == 2
    assert load.connection.execute("SELECT company FROM lead WHERE id = ?", [LEAD]).fetchall() == [("New",)]


def test_what_is_newer_than_the_window_comes_along_and_is_not_counted(
    first_load: tuple[FirstLoad, Callable[..., Path]],
) -> None:
    load, page = first_load
    load.add([page(row(LEAD), row(OTHER, stamp="2026-05-01T12:00:01.000Z"))])

    assert load.received(NOW) == 1


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (row(OTHER, employees="many"), "employees: 1 value of Lead.NumberOfEmployees can't be read as integer"),
        (row(OTHER, employees="1.5"), "employees"),
        (row(OTHER, day="2026-04-01T10:00:00Z"), "last_activity_at"),
        (row(OTHER, stamp="2026-05-01T09:00:00.000+0200"), "system_modstamp"),
        (row(OTHER, stamp="soon"), "system_modstamp"),
    ],
)
def test_a_value_that_does_not_fit_is_named_and_nothing_is_kept(
    first_load: tuple[FirstLoad, Callable[..., Path]], line: str, named: str
) -> None:
    load, page = first_load
    load.add([page(row(LEAD))])

    with pytest.raises(MappingInvalid, match=named):
        load.add([page(line)])

    assert load.connection.execute("SELECT count(*) FROM lead").fetchone() == (0,)


@pytest.mark.parametrize("line", [f'"{OTHER}","cut off in the mid', f'"{OTHER}","too few"'])
def test_a_page_that_is_cut_off_is_a_fault(first_load: tuple[FirstLoad, Callable[..., Path]], line: str) -> None:
    load, page = first_load

    with pytest.raises(OrgFault, match="cut off or malformed"):
        load.add([page(line)])


def test_a_record_without_its_id_is_a_fault(first_load: tuple[FirstLoad, Callable[..., Path]]) -> None:
    load, page = first_load
    load.add([page(row(""))])

    with pytest.raises(OrgFault, match="records without Id"):
        load.received(NOW)


def test_forgotten_persons_do_not_come_back(first_load: tuple[FirstLoad, Callable[..., Path]]) -> None:
    load, page = first_load
    load.connection.execute("INSERT INTO forgotten VALUES (?, now()::TIMESTAMP)", [LEAD])
    load.add([page(row(LEAD), row(OTHER))])

    commit(load, load.received(NOW))

    assert load.connection.execute("SELECT id FROM lead").fetchall() == [(OTHER,)]


def test_a_load_that_ends_without_commit_leaves_nothing(path: Path, mapping: OrgMapping) -> None:
    with _begun(path, mapping) as load:
        load.add([_page(path.parent / "pages", row(LEAD))])

    with opened(path, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM lead").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM pull_state").fetchone() == (0,)

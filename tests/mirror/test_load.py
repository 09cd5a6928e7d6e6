from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from sync.errors import MappingInvalid, OrgFault
from sync.mapping import OrgMapping
from sync.mirror.connection import opened
from sync.mirror.staging import Batch, Pages, stage
from sync.mirror.state import Completeness, PulledColumn
from sync.mirror.store import Mirror
from sync.mirror.tables import prepare

LEAD = "00Q000000000001AAA"
OTHER = "00Q000000000002AAA"
Fill = Callable[..., Completeness]


def versions(path: Path) -> list[tuple[str, str]]:
    with opened(path, read_only=True) as connection:
        return connection.execute("SELECT id, run_id FROM lead_version ORDER BY run_id, id").fetchall()


def lead(path: Path, mapping: OrgMapping, lead_id: str = LEAD) -> dict[str, object]:
    with opened(path, read_only=True) as connection:
        return dict(Mirror(connection, mapping).rows("lead", [lead_id])[0])


def test_values_get_the_types_of_the_mapping(fill: Fill, path: Path, mapping: OrgMapping) -> None:
    text = 'Line one\nline "two", NULL; ' + "\N{GRINNING FACE}" + "x" * 131_072
    fill(
        "lead",
        [
            {
                "Id": LEAD,
                "Company": "NULL",
                "Budget__c": "12345.678",
                "NumberOfEmployees": "5.0",
                "Pricing_Discussed__c": "true",
                "LastActivityDate": "2026-04-30",
                "SystemModstamp": "2026-05-01T07:25:37.000Z",
                "Description": text,
                "IsDeleted": "false",
            }
        ],
    )

    row = lead(path, mapping)
    assert row["company"] == "NULL"
    assert row["budget"] == Decimal("12345.6780")
    assert row["employees"] == 5
    assert row["pricing_discussed"] is True
    assert row["last_activity_at"] == date(2026, 4, 30)
    assert row["system_modstamp"] == datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)
    assert row["description"] == text
    assert row["email"] is None
    assert row["is_deleted"] is False


def test_a_record_equal_to_the_one_held_makes_no_version(fill: Fill, path: Path) -> None:
    fill("lead", [{"Id": LEAD, "Company": "Acme"}, {"Id": OTHER}])
    again = fill("lead", [{"Id": LEAD, "Company": "Acme"}, {"Id": OTHER, "Company": "Beta"}])

    assert (again.received, again.changed) == (2, 1)
    assert versions(path) == [(LEAD, "run1"), (OTHER, "run1"), (OTHER, "run2")]


def test_of_two_rows_with_one_id_the_newest_counts(fill: Fill, path: Path, mapping: OrgMapping) -> None:
    record = fill(
        "lead",
        [
            {"Id": LEAD, "Company": "New", "SystemModstamp": "2026-05-01T08:00:00.000Z"},
            {"Id": LEAD, "Company": "Old", "SystemModstamp": "2026-05-01T07:00:00.000Z"},
        ],
    )

    assert record.received == 1
    assert lead(path, mapping)["company"] == "New"


def test_a_window_overtaken_by_a_later_pull_does_not_bring_old_values_back(
    fill: Fill, path: Path, mapping: OrgMapping
) -> None:
    fill("lead", [{"Id": LEAD, "Company": "New", "SystemModstamp": "2026-05-01T08:00:00.000Z"}])
    late = fill("lead", [{"Id": LEAD, "Company": "Old", "SystemModstamp": "2026-05-01T07:00:00.000Z"}])

    assert late.changed == 0
    assert lead(path, mapping)["company"] == "New"


def test_deletes_and_merges_are_counted_once_and_kept(fill: Fill, path: Path, mapping: OrgMapping) -> None:
    fill("lead", [{"Id": LEAD}, {"Id": OTHER}])
    gone = [
        {"Id": LEAD, "IsDeleted": "true", "SystemModstamp": "2026-05-01T08:00:00.000Z"},
        {
            "Id": OTHER,
            "IsDeleted": "true",
            "MasterRecordId": "00Q000000000003AAA",
            "SystemModstamp": "2026-05-01T08:00:00.000Z",
        },
    ]
    first, second = fill("lead", gone), fill("lead", gone)

    assert (first.deleted, first.merged) == (1, 1)
    assert (second.deleted, second.merged) == (0, 0)
    assert lead(path, mapping)["is_deleted"] is True
    assert lead(path, mapping, OTHER)["master_record_id"] == "00Q000000000003AAA"


def test_an_undeleted_record_is_live_again(fill: Fill, path: Path, mapping: OrgMapping) -> None:
    fill("lead", [{"Id": LEAD, "IsDeleted": "true", "SystemModstamp": "2026-05-01T08:00:00.000Z"}])
    fill("lead", [{"Id": LEAD, "IsDeleted": "false", "SystemModstamp": "2026-05-01T09:00:00.000Z"}])

    assert lead(path, mapping)["is_deleted"] is False


def test_a_purged_record_is_marked_deleted_and_its_last_values_stay(
    fill: Fill, path: Path, mapping: OrgMapping
) -> None:
    fill("lead", [{"Id": LEAD, "Company": "Acme"}, {"Id": OTHER}])
    record = fill("lead", [], purged=[LEAD, "00Q000000000009AAA"])

    assert (record.deleted, record.changed) == (1, 1)
    assert lead(path, mapping)["company"] == "Acme"
    assert lead(path, mapping)["is_deleted"] is True
    assert lead(path, mapping, OTHER)["is_deleted"] is False


def test_a_whole_reading_marks_what_the_org_no_longer_has(fill: Fill, path: Path, mapping: OrgMapping) -> None:
    fill("lead", [{"Id": LEAD}, {"Id": OTHER}])
    record = fill("lead", [{"Id": OTHER}], whole=True)

    assert record.deleted == 1
    assert lead(path, mapping)["is_deleted"] is True


def test_history_that_salesforce_drops_stays_in_the_mirror(
    fill: Fill, path: Path, make_mapping: Callable[..., OrgMapping]
) -> None:
    history = make_mapping(
        "object: LeadHistory\nfields:\n  lead_id: {field: LeadId, type: id}\n  field: {field: Field, type: picklist}\n"
    )
    fill("lead_history", [{"Id": "017000000000001AAA", "LeadId": LEAD, "Field": "Status"}], using=history)
    record = fill("lead_history", [], using=history, whole=True)

    assert (record.changed, record.deleted) == (0, 0)


def test_a_new_field_is_filled_and_a_removed_one_goes_but_keeps_its_history(
    fill: Fill, path: Path, mapping: OrgMapping, make_mapping: Callable[..., OrgMapping]
) -> None:
    fill("lead", [{"Id": LEAD, "Company": "Acme", "Email": "ann@acme.example"}])
    changed = make_mapping("object: Lead\nfields:\n  title: {field: Title, type: text}\n")
    fill("lead", [{"Id": LEAD, "Company": "Acme", "Title": "CEO"}], using=changed, whole=True)

    row = lead(path, changed)
    assert row["title"] == "CEO"
    assert "email" not in row
    with opened(path, read_only=True) as connection:
        kept = connection.execute("SELECT email, title FROM lead_version ORDER BY run_id").fetchall()
    assert kept == [("ann@acme.example", None), (None, "CEO")]


def test_a_field_whose_type_changes_is_read_anew(
    fill: Fill, path: Path, make_mapping: Callable[..., OrgMapping]
) -> None:
    as_text = make_mapping("object: Lead\nfields:\n  score: {field: Score__c, type: text}\n")
    as_number = make_mapping("object: Lead\nfields:\n  score: {field: Score__c, type: integer}\n")
    fill("lead", [{"Id": LEAD, "Score__c": "7"}], using=as_text)
    fill("lead", [{"Id": LEAD, "Score__c": "7"}], using=as_number, whole=True)

    assert lead(path, as_number)["score"] == 7


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"Budget__c": "a lot"}, "mappings/0.yaml:6: budget: 1 value of Lead.Budget__c can't be read as currency"),
        ({"NumberOfEmployees": "5.7"}, "mappings/0.yaml:7: employees: 1 value"),
        ({"Pricing_Discussed__c": "perhaps"}, "mappings/0.yaml:8: pricing_discussed: 1 value"),
        ({"LastActivityDate": "2026-05-01T07:25:37.000Z"}, "mappings/0.yaml:9: last_activity_at: 1 value"),
        ({"SystemModstamp": "2026-05-01T07:25:37.000+02:00"}, "mappings/0.yaml:1: system_modstamp: 1 value"),
        ({"SystemModstamp": "2026-05-01"}, "mappings/0.yaml:1: system_modstamp: 1 value"),
    ],
)
def test_a_value_that_does_not_fit_its_type_stops_the_load_at_the_mappings_line(
    fill: Fill, values: dict[str, str], expected: str
) -> None:
    with pytest.raises(MappingInvalid) as refused:
        fill("lead", [{"Id": OTHER}, {"Id": LEAD, **values}])

    assert str(refused.value).startswith(expected)
    assert f"first in record {LEAD}" in str(refused.value)
    assert next(iter(values.values())) not in str(refused.value)


def test_a_refused_load_leaves_the_mirror_as_it_was(fill: Fill, path: Path, mapping: OrgMapping) -> None:
    fill("lead", [{"Id": LEAD, "Company": "Acme"}])
    with pytest.raises(MappingInvalid):
        fill("lead", [{"Id": LEAD, "Company": "Beta", "Budget__c": "x"}])

    assert lead(path, mapping)["company"] == "Acme"
    assert versions(path) == [(LEAD, "run1")]


@pytest.mark.parametrize(
    "page",
    [
        '"Id","Company"\n"00Q000000000001AAA","Ac',
        '"Id","Company"\n"00Q000000000001AAA"\n',
        '"Company","Id"\n"Acme","00Q000000000001AAA"\n',
        '"Id"\n"00Q000000000001AAA"\n',
        '"Id","Company"\n"","Acme"\n',
    ],
    ids=["cut inside a value", "cut between values", "columns swapped", "column missing", "no id"],
)
def test_a_page_that_is_not_what_was_asked_for_is_a_fault(
    page: str, path: Path, tmp_path: Path, make_mapping: Callable[..., OrgMapping]
) -> None:
    mapping = make_mapping("object: Lead\nfields:\n  company: {field: Company, type: text}\n")
    file = tmp_path / "page.csv"
    file.write_text(page)
    columns = {
        f.name: PulledColumn(api_name=f.api_name if f.name in {"id", "company"} else None, type=f.type)
        for f in mapping["lead"].fields.values()
    }
    batch = Batch(
        mapping=mapping["lead"],
        columns=columns,
        pages=Pages(files=(file,), columns=("Id", "Company")),
        window_to=datetime(2026, 5, 1, tzinfo=UTC),
        whole=True,
    )
    with opened(path, read_only=False, pages=tmp_path) as connection:
        prepare(connection, mapping)
        with pytest.raises(OrgFault) as fault:
            stage(connection, batch)
    assert "Acme" not in str(fault.value)


def test_an_empty_page_is_no_record(path: Path, tmp_path: Path, mapping: OrgMapping) -> None:
    file = tmp_path / "page.csv"
    file.write_bytes(b"")
    columns = {f.name: PulledColumn(api_name=f.api_name, type=f.type) for f in mapping["lead"].fields.values()}
    batch = Batch(
        mapping=mapping["lead"],
        columns=columns,
        pages=Pages(files=(file,), columns=tuple(f.api_name for f in mapping["lead"].fields.values())),
        window_to=datetime(2026, 5, 1, tzinfo=UTC),
        whole=True,
    )
    with opened(path, read_only=False, pages=tmp_path) as connection:
        prepare(connection, mapping)
        assert stage(connection, batch) == 0

from __future__ import annotations

import locale
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.salesforce.soql import in_lists, soql
from sync.salesforce.values import (
    csv_value,
    fits_xml,
    flat_record,
    http_date,
    iso_z,
    json_value,
    moment_of,
    moment_of_http_date,
)

MOMENTS = st.datetimes(
    timezones=st.timezones(),
    min_value=datetime(1990, 1, 1),  # noqa: DTZ001 -- bounds are naive by hypothesis' rule
    max_value=datetime(2090, 1, 1),  # noqa: DTZ001
    allow_imaginary=False,
)


@given(MOMENTS)
def test_a_moment_survives_the_way_there_and_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert moment_of(iso_z(moment)) == moment.astimezone(UTC)


@given(MOMENTS)
def test_an_http_date_is_the_same_second_in_gmt(moment: datetime) -> None:
    text = http_date(moment)
    assert text.endswith(" GMT")
    assert moment_of_http_date(text) == moment.astimezone(UTC).replace(microsecond=0)


def test_an_http_date_is_english_whatever_the_locale() -> None:
    before = locale.setlocale(locale.LC_TIME)
    try:
        for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"):
            try:
                locale.setlocale(locale.LC_TIME, name)
            except locale.Error:
                continue
            assert http_date(datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)) == "Fri, 01 May 2026 07:25:37 GMT"
    finally:
        locale.setlocale(locale.LC_TIME, before)


@pytest.mark.parametrize(
    "text",
    ["2026-05-01T07:25:37.000+0000", "2026-05-01T07:25:37.000Z", "2026-05-01T09:25:37+02:00", "2026-05-01T07:25:37"],
)
def test_a_moment_is_read_in_each_of_salesforces_forms(text: str) -> None:
    assert moment_of(text) == datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, "", "yesterday", "Fri, 99 May 2026 07:25:37 GMT"])
def test_a_date_header_that_is_none_is_nothing(text: str | None) -> None:
    assert moment_of_http_date(text) is None


def test_a_moment_without_zone_is_never_sent() -> None:
    with pytest.raises(ValueError, match="time zone"):
        iso_z(datetime(2026, 5, 1))  # noqa: DTZ001 -- that is the case


def test_values_as_json_carries_them() -> None:
    elsewhere = timezone(timedelta(hours=2))
    assert json_value(datetime(2026, 5, 1, 9, 25, 37, 120_000, tzinfo=elsewhere)) == "2026-05-01T07:25:37.120Z"
    assert json_value(date(2026, 5, 1)) == "2026-05-01"
    assert json_value(Decimal("1234.50")) == 1234.5
    assert json_value(Decimal("7.00")) == 7
    assert [json_value(value) for value in (True, None, "x", 3)] == [True, None, "x", 3]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, "#N/A"),
        ("", "#N/A"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 5, 1), "2026-05-01"),
        ('a "b", c', 'a "b", c'),
    ],
)
def test_values_as_a_bulk_cell_says_them(value: object, cell: str) -> None:
    assert csv_value(value) == cell  # type: ignore[arg-type] # the table holds every type of value


def test_a_row_is_flattened_with_its_parents() -> None:
    row = {
        "attributes": {"type": "Lead"},
        "Id": "1",
        "Owner": {"attributes": {}, "Name": "Ada", "Manager": {"attributes": {}, "Name": "Bo"}},
        "ConvertedAccount": None,
    }
    assert flat_record(row) == {"Id": "1", "Owner.Name": "Ada", "Owner.Manager.Name": "Bo", "ConvertedAccount": None}


@pytest.mark.parametrize(("text", "fits"), [("a\tb\nc", True), ("Zoë 🎉", True), ("bell\x07", False), ("\x00", False)])
def test_what_xml_cannot_carry_is_known_beforehand(text: str, fits: bool) -> None:  # noqa: FBT001 -- a table's column
    assert fits_xml(text) is fits


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("O'Brien", r"= 'O\'Brien'"),
        ("back\\slash", r"= 'back\\slash'"),
        ("two\nlines", r"= 'two\nlines'"),
        (["a", "b'c"], r"= ('a','b\'c')"),
        (("{x}", "%"), "= ('{x}','%')"),
    ],
)
def test_values_as_soql_says_them(value: str | list[str], said: str) -> None:
    assert soql("= {value}", value=value) == said


@given(st.text())
def test_text_never_ends_its_own_quotes(text: str) -> None:
    said = soql("{text}", text=text)
    assert said[0] == said[-1] == "'"
    assert "'" not in said[1:-1].replace("\\\\", "").replace("\\'", "")


def test_an_empty_list_is_refused_before_salesforce_does() -> None:
    with pytest.raises(ValueError, match="empty"):
        soql("Id IN {ids}", ids=[])


def test_long_lists_are_cut_and_repeated_values_asked_once() -> None:
    values = [str(n) for n in range(1300)]
    assert [len(part) for part in in_lists([*values, *values])] == [560, 560, 180]

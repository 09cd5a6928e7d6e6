from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_factories import lead, mapping, sf_id

from sync.plan.expects import differences, digest, evidence_digest, expects, rested_on, same_value, stable

LEAD = sf_id("00Q", 1)
MOMENT = datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expected", "seen", "same"),
    [
        (None, "", True),
        (None, "x", False),
        (True, True, True),
        (False, None, False),
        (Decimal("50000.0000"), 50000.0, True),
        (Decimal("0.1"), 0.1, True),
        (5, 5.0, True),
        (5, 6, False),
        (MOMENT, "2026-05-01T07:25:37.000+0000", True),
        (MOMENT, "2026-05-01T09:25:37.000+02:00", True),
        (MOMENT, "2026-05-01T07:25:38.000+0000", False),
        (MOMENT, MOMENT.astimezone(timezone(timedelta(hours=2))), True),
        (date(2026, 5, 1), "2026-05-01", True),
        (date(2026, 5, 1), "2026-05-02", False),
        ("Working", "Working", True),
        ("Working", "working", False),
        ("one\r\ntwo", "one\ntwo ", True),
    ],
)
def test_a_value_means_the_same_however_it_is_written(expected, seen, same) -> None:
    assert same_value(expected, seen) is same


def test_a_digest_tells_equal_from_changed_without_the_value() -> None:
    kept = digest(LEAD, "ann@acme.example")
    assert "ann" not in str(kept)
    assert same_value(kept, "ann@acme.example", LEAD)
    assert not same_value(kept, "bob@acme.example", LEAD)
    assert not same_value(kept, None, LEAD)
    assert digest(LEAD, None) is None
    assert digest(sf_id("00Q", 2), "ann@acme.example") != kept


def test_differences_name_the_fields_that_changed() -> None:
    row = lead(1)
    expected = expects(row, rested_on(mapping()["lead"], ("pricing_discussed", "email")))
    seen = {name.api_name: row.get(key) for key, name in mapping()["lead"].fields.items()}
    assert differences(expected, LEAD, seen) == ()
    changed = {**seen, "Status": "Open - Not Contacted", "Email": "new@company1.example", "Phone": "+1 555 0100"}
    assert differences(expected, LEAD, changed) == ("Email", "Status")


def test_evidence_counts_by_record_and_time() -> None:
    task = sf_id("00T", 1)
    assert evidence_digest({}) == ""
    assert evidence_digest({task: MOMENT}) != evidence_digest({task: None})
    other = sf_id("00T", 2)
    assert evidence_digest({task: MOMENT, other: MOMENT}) == evidence_digest({other: MOMENT, task: MOMENT})


@given(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.decimals(allow_nan=False, allow_infinity=False, places=4),
        st.datetimes(timezones=st.just(UTC)),
        st.dates(),
        st.text(),
    )
)
def test_every_value_equals_its_stable_form(value) -> None:
    assert same_value(stable(value), value)

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.model import FieldType, id_checksum, normal_id

ids15 = st.text(string.ascii_letters + string.digits, min_size=15, max_size=15)


@pytest.mark.parametrize(
    ("short", "long"),
    [("0051a000000UGT8", "0051a000000UGT8AAO"), ("00Q000000000001", "00Q000000000001EAA")],
)
def test_a_15_character_id_gets_salesforces_checksum(short: str, long: str) -> None:
    assert normal_id(short) == long
    assert normal_id(long) == long


@given(ids15)
def test_normalising_twice_changes_nothing(short: str) -> None:
    long = normal_id(short)
    assert long is not None
    assert normal_id(long) == long
    assert normal_id(f"  {long}\n") == long


@given(ids15, st.integers(0, 14))
def test_an_id_whose_case_was_lost_is_noticed(short: str, at: int) -> None:
    swapped = short[:at] + short[at].swapcase() + short[at + 1 :]
    if swapped == short:
        return
    assert id_checksum(swapped) != id_checksum(short)
    assert normal_id(swapped + id_checksum(short)) is None


@pytest.mark.parametrize("text", ["", "00Q", "00Q00000000000!", "00Q0000000000012", "x" * 19])
def test_anything_else_is_no_id(text: str) -> None:
    assert normal_id(text) is None


def test_every_type_knows_whether_it_is_text() -> None:
    assert {t for t in FieldType if t.is_text} == {
        FieldType.TEXT,
        FieldType.ID,
        FieldType.PICKLIST,
        FieldType.MULTIPICKLIST,
        FieldType.EMAIL,
        FieldType.PHONE,
        FieldType.URL,
    }

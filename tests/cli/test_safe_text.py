from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.cli.safe_text import csv_cell, one_line


@given(st.text())
def test_no_text_of_a_record_can_control_the_terminal(text: str) -> None:
    shown = one_line(text)
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) <= 0x9F for char in shown)
    assert "\u202e" not in shown


def test_an_empty_value_is_shown_as_a_dash() -> None:
    assert one_line(None) == "–"


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    assert one_line("abcdefgh", width=5) == "abcd…"


def test_a_time_is_shown_to_the_minute() -> None:
    assert one_line(datetime(2026, 3, 1, 9, 30, 59, tzinfo=UTC)) == "2026-03-01 09:30"


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "@SUM(A1)", "-2+3", "\tx"])
def test_a_spreadsheet_never_reads_a_cell_as_a_formula(text: str) -> None:
    assert csv_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["-12.5", "plain", "00Q000000000001AAA", "+49"])
def test_numbers_and_plain_text_stay_as_they_are(text: str) -> None:
    assert csv_cell(text) == text

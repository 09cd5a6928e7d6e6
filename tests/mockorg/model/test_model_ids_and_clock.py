from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.mockorg.clock import Clock, from_iso_z, http_date, iso_z, wire
from sync.mockorg.ids import BASE62, IdFactory, base62, is_id, to18

ID15 = st.text(BASE62, min_size=15, max_size=15)


def test_the_checksum_is_that_of_real_ids() -> None:
    assert to18("0057e00000RmwSW") == "0057e00000RmwSWAAZ"
    assert to18("012000000000000") == "012000000000000AAA"


@given(ID15)
def test_an_id_of_15_and_its_18_are_the_same_id(id15: str) -> None:
    full = to18(id15)
    assert full is not None
    assert full[:15] == id15
    assert to18(full) == full


@given(ID15)
def test_a_wrong_checksum_is_no_id(id15: str) -> None:
    full = to18(id15)
    assert full is not None
    other = "A" if full[15] != "A" else "B"
    assert to18(full[:15] + other + full[16:]) is None


@pytest.mark.parametrize("text", ["", "lead-1", "00Q", "00Q00000000000", "00Q0000000000000", "00Q-00000000000", "1"])
def test_other_text_is_no_id(text: str) -> None:
    assert not is_id(text)


@given(st.integers(min_value=0, max_value=62**9 - 1))
def test_base62_is_a_numeral_system_that_sorts(number: int) -> None:
    text = base62(number, 9)
    assert len(text) == 9
    assert sum(BASE62.index(char) * 62**power for power, char in enumerate(reversed(text))) == number
    assert (base62(number + 1, 9) > text) or number == 62**9 - 1


def test_the_same_seed_gives_the_same_ids_that_grow() -> None:
    first, second = IdFactory(3), IdFactory(3)
    ids = first.next_many("00Q", 200)
    assert ids == second.next_many("00Q", 200)
    assert ids == sorted(set(ids))
    assert all(is_id(each) and each.startswith("00Q") for each in ids)
    assert IdFactory(4).next("00Q") != ids[0]


def test_an_id_seen_outside_is_never_made_again() -> None:
    ahead, behind = IdFactory(3), IdFactory(3)
    taken = ahead.next_many("00Q", 5)
    behind.observe(taken[-1])
    assert behind.next("00Q") > taken[-1]


def test_a_frozen_clock_moves_only_when_told() -> None:
    clock = Clock(datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC), frozen=True)
    assert clock.stamp() == "2026-05-01T07:25:37.000Z"
    clock.advance(timedelta(minutes=1))
    clock.advance(3)
    assert clock.stamp() == "2026-05-01T07:26:40.000Z"
    clock.set(datetime(2027, 1, 1, tzinfo=timezone(timedelta(hours=2))))
    assert clock.stamp() == "2026-12-31T22:00:00.000Z"


def test_a_ticking_clock_keeps_its_distance_from_the_wall() -> None:
    wall = [datetime(2026, 1, 1, tzinfo=UTC)]
    clock = Clock(datetime(2030, 1, 1, tzinfo=UTC), source=lambda: wall[0])
    wall[0] += timedelta(seconds=5)
    assert clock.stamp() == "2030-01-01T00:00:05.000Z"
    clock.freeze()
    wall[0] += timedelta(hours=1)
    assert clock.stamp() == "2030-01-01T00:00:05.000Z"
    clock.tick()
    wall[0] += timedelta(seconds=1)
    assert clock.stamp() == "2030-01-01T00:00:06.000Z"


def test_times_are_written_as_salesforce_writes_them() -> None:
    stored = iso_z(datetime(2026, 5, 1, 7, 25, 37, 999_999, tzinfo=UTC))
    assert wire(stored) == "2026-05-01T07:25:37.000+0000"
    assert http_date(stored) == "Fri, 01 May 2026 07:25:37 GMT"
    assert from_iso_z(stored) == datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)

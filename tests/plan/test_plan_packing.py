from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_factories import lead, plan, sf_id
from sizes import examples

from sync.plan.actions import ConvertLead, Target
from sync.plan.forecast import forecast_calls
from sync.plan.pace import CALM, FIRST_PACE, MAX_BATCH, Pace, after_limit, after_success
from sync.plan.packing import Packing, account_of, conversions, split_canary, waits_for
from sync.plan.pre_image import calls_for

ONE = conversions(plan([lead(1)]).actions)[0]


def conversion(
    number: int,
    *,
    account: str | None = None,
    after: int | None = None,
    contact: str | None = None,
    allow_duplicates: bool = False,
) -> ConvertLead:
    convert = replace(
        ONE.convert,
        account=Target(id=account, after=sf_id("00Q", after) if after is not None else None),
        contact=Target(id=contact),
        allow_duplicates=allow_duplicates,
    )
    return replace(ONE, lead_id=sf_id("00Q", number), convert=convert)


@st.composite
def companies(draw: st.DrawFn) -> list[ConvertLead]:
    """Leads that make an account, attach to one that exists, or attach to what an earlier lead makes."""
    actions: list[ConvertLead] = []
    for number in range(1, draw(st.integers(0, 40)) + 1):
        kind = draw(st.sampled_from(["new", "existing", "follow"]))
        leaders = [n for n, a in enumerate(actions, 1) if a.convert.account.id is None and not a.convert.account.after]
        twice = draw(st.booleans())
        if kind == "existing":
            account = sf_id("001", draw(st.integers(1, 4)))
            contact = sf_id("003", draw(st.integers(1, 6))) if draw(st.booleans()) else None
            actions.append(conversion(number, account=account, contact=contact, allow_duplicates=twice))
        elif kind == "follow" and leaders:
            actions.append(conversion(number, after=draw(st.sampled_from(leaders)), allow_duplicates=twice))
        else:
            actions.append(conversion(number, allow_duplicates=twice))
    return actions


def records(action: ConvertLead, made: dict[str, str]) -> list[str]:
    """What its call locks, by the real ids that are known by then."""
    account = action.convert.account
    found = [account.id or made.get(account.after or "", account_of(action)), action.convert.contact.id]
    return [record for record in found if record is not None]


@settings(max_examples=examples(30))
@given(companies(), st.data())
def test_no_record_stands_twice_in_the_calls_under_way_and_every_lead_goes_once(actions, data) -> None:
    packing = Packing(actions)
    lanes = data.draw(st.integers(1, 5))
    pace = Pace(size=data.draw(st.integers(1, 10)), proven=data.draw(st.integers(0, 10)))
    flying: list[list[ConvertLead]] = []
    ended: list[str] = []
    made: dict[str, str] = {}
    while len(packing):
        while call := packing.next_call(pace, lanes=lanes, flying=[len(each) for each in flying]):
            assert len(call) <= pace.size
            assert len({action.convert.allow_duplicates for action in call}) == 1
            assert all(set(waits_for(action)) <= set(ended) for action in call)
            flying.append(call)
            assert len(flying) == 1 or max(map(len, flying)) <= pace.proven
        assert 0 < len(flying) <= lanes
        under_way = Counter(record for call in flying for action in call for record in records(action, made))
        assert max(under_way.values()) == 1
        landed = flying.pop(data.draw(st.integers(0, len(flying) - 1)))
        for action in landed:
            if data.draw(st.integers(0, 4)) == 0:
                packing.put_back(action)
                continue
            makes = account_of(action) == action.lead_id
            if makes:  # now and then into an account that others name by its id, as a person may have converted it
                made[action.lead_id] = sf_id("001", data.draw(st.integers(1, 60)))
            packing.end(action, account_id=made.get(action.lead_id))
            ended.append(action.lead_id)
        pace = after_success(pace, len(landed))
    assert sorted(ended) == sorted(action.lead_id for action in actions)


@given(companies(), st.integers(0, 12))
def test_the_canary_is_a_few_that_wait_for_nobody(actions, canary) -> None:
    first, rest = split_canary(actions, canary)
    assert len(first) <= canary
    assert sorted(a.lead_id for a in [*first, *rest]) == sorted(a.lead_id for a in actions)
    assert not any(waits_for(action) for action in first)
    assert len({account_of(action) for action in first}) == len(first)


def test_a_circle_of_waiting_leads_is_never_sent_and_stays_visible() -> None:
    packing = Packing([conversion(1, after=2), conversion(2, after=1)])
    assert packing.next_call(FIRST_PACE, lanes=4, flying=[]) == []
    assert len(packing.waiting()) == 2


def test_accounts_with_the_most_leads_go_first() -> None:
    busy, calm = sf_id("001", 1), sf_id("001", 2)
    actions = [conversion(1, account=calm), *(conversion(n, account=busy) for n in range(2, 5))]
    (first,) = Packing(actions).take(1)
    assert account_of(first) == busy


def test_long_chains_are_shared_between_lanes_and_short_ones_are_not() -> None:
    def sizes(leads_each: int) -> list[int]:
        packing = Packing([conversion(n, account=sf_id("001", n % 10)) for n in range(10 * leads_each)])
        found: list[int] = []
        while call := packing.next_call(Pace(proven=25), lanes=4, flying=found):
            found.append(len(call))
        return found

    assert sizes(20) == [3, 3, 2, 2]
    assert sizes(5) == [10]


def test_a_call_larger_than_any_before_goes_alone() -> None:
    packing = Packing([conversion(n) for n in range(1, 101)])
    pace = Pace(size=40, proven=20)
    assert packing.next_call(pace, lanes=4, flying=[20]) == []
    assert len(packing.next_call(pace, lanes=4, flying=[])) == 40
    assert packing.next_call(pace, lanes=4, flying=[40]) == []


def test_batches_double_after_calls_that_went_well() -> None:
    pace = after_success(FIRST_PACE, 10)
    assert (pace.size, pace.proven) == (25, 10)
    sizes = []
    for _ in range(4):
        pace = after_success(pace, pace.size)
        sizes.append(pace.size)
    assert sizes == [50, 100, 100, 100]


def test_after_a_limit_a_larger_size_is_tried_only_when_it_was_calm_for_long() -> None:
    pace = after_limit(Pace(size=100, proven=50), 100)
    assert (pace.size, pace.failed_at) == (50, 100)
    for _ in range(CALM - 1):
        pace = after_success(pace, 50)
        assert pace.size == 50
    pace = after_success(pace, 50)
    assert pace.size == 75
    assert after_limit(pace, 75) == Pace(size=37, proven=37, failed_at=75, calm=0)
    assert after_limit(Pace(size=1, proven=1, failed_at=2), 1).size == 1


@given(st.lists(st.tuples(st.integers(1, 100), st.booleans()), max_size=300))
def test_a_pace_stays_within_what_the_api_takes(calls) -> None:
    pace = FIRST_PACE
    for wished, well in calls:
        sent = min(wished, pace.size)
        before = pace
        pace = (after_success if well else after_limit)(pace, sent)
        assert 1 <= pace.size <= MAX_BATCH
        if not well and sent > 1:
            assert pace.size <= sent // 2
        if well:
            assert pace.size >= before.size


@pytest.mark.parametrize("limit", [1, 7, 60, 99])
def test_an_org_that_bears_so_many_is_found_and_then_left_in_peace(limit: int) -> None:
    pace, failures = FIRST_PACE, 0
    for _ in range(1000):
        failed = pace.size > limit
        failures += failed
        pace = (after_limit if failed else after_success)(pace, pace.size)
    assert failures <= 5 + 1000 / CALM
    assert pace.size >= max(1, limit // 2)


def test_the_forecast_counts_reading_writing_and_reading_back() -> None:
    assert forecast_calls(()) == 0
    assert forecast_calls([conversion(n) for n in range(1, 31)], canary=10) == 1 + calls_for(30) + 1 + 1 + 1
    assert forecast_calls([conversion(n) for n in range(1, 61)], canary=10) == 1 + calls_for(60) + 1 + 2 + 1
    assert (
        forecast_calls([conversion(n) for n in range(1, 111)], canary=10, pace=Pace(size=100))
        == 1 + calls_for(110) + 1 + 1 + 1
    )


def test_ten_thousand_leads_of_a_new_org_take_few_calls() -> None:
    actions = [conversion(n) for n in range(1, 10_001)]
    assert forecast_calls(actions, parallel_calls=4) == 1 + calls_for(10_000) + 1 + 1 + 1 + 100 + 1


def test_the_forecast_knows_that_parallel_calls_of_few_accounts_are_smaller() -> None:
    actions = [conversion(n, account=sf_id("001", n % 10)) for n in range(400)]
    one, four = (forecast_calls(actions, canary=0, parallel_calls=lanes) for lanes in (1, 4))
    assert one == 1 + calls_for(400) + 40 + 1
    assert four > 2 * one

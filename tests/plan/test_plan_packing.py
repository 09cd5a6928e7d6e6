from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from plan_factories import lead, plan, sf_id

from sync.plan.actions import ConvertLead, Target
from sync.plan.forecast import forecast_calls
from sync.plan.packing import account_of, conversions, split_canary, take_batch, waits_for, waves

ONE = conversions(plan([lead(1)]).actions)[0]


def conversion(number: int, *, account: str | None = None, after: int | None = None) -> ConvertLead:
    target = Target(id=account, after=sf_id("00Q", after) if after is not None else None)
    return replace(ONE, lead_id=sf_id("00Q", number), convert=replace(ONE.convert, account=target))


@st.composite
def companies(draw: st.DrawFn) -> list[ConvertLead]:
    """Leads that make an account, attach to one that exists, or attach to what an earlier lead makes."""
    actions: list[ConvertLead] = []
    for number in range(1, draw(st.integers(0, 40)) + 1):
        kind = draw(st.sampled_from(["new", "existing", "follow"]))
        leaders = [n for n, a in enumerate(actions, 1) if a.convert.account.id is None and not a.convert.account.after]
        if kind == "existing":
            actions.append(conversion(number, account=sf_id("001", draw(st.integers(1, 4)))))
        elif kind == "follow" and leaders:
            actions.append(conversion(number, after=draw(st.sampled_from(leaders))))
        else:
            actions.append(conversion(number))
    return actions


@given(companies(), st.integers(1, 10), st.integers(0, 12))
def test_every_lead_goes_once_no_account_twice_in_a_call_and_leaders_first(actions, size, canary) -> None:
    calls: list[list[ConvertLead]] = []
    for number, wave in enumerate(waves(actions)):
        first, rest = split_canary(wave, canary if number == 0 else 0)
        for segment in (first, rest):
            pending = segment
            while pending:
                batch, pending = take_batch(pending, size)
                calls.append(batch)
    order = [action.lead_id for call in calls for action in call]
    assert sorted(order) == sorted(action.lead_id for action in actions)
    sent_before: set[str] = set()
    for call in calls:
        assert 0 < len(call) <= size
        assert max(Counter(account_of(action) for action in call).values()) == 1
        assert all(set(waits_for(action)) <= sent_before for action in call)
        sent_before |= {action.lead_id for action in call}


def test_a_circle_of_waiting_leads_still_ends() -> None:
    assert sum(map(len, waves([conversion(1, after=2), conversion(2, after=1)]))) == 2


def test_the_forecast_counts_reading_writing_and_reading_back() -> None:
    assert forecast_calls(()) == 0
    assert forecast_calls([conversion(n) for n in range(1, 31)], canary=10, batch_size=25) == 1 + 1 + 1
    assert forecast_calls([conversion(n) for n in range(1, 61)], canary=10, batch_size=25) == 1 + 1 + 2

# ruff: noqa: S608 -- table and column names are those of the shipped mappings
"""A replay is the same as asking the policy about every lead at the end of every day, by what was known then."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from past_world import MAPPING, PastWorld, lead_id
from replay_worlds import CONDITIONS, PERIOD, Activity, Life, as_of, hour, lives, policies, policy_text, put, until

from sync.insight.backtest.period import Period
from sync.insight.backtest.replaying import replay
from sync.mirror.tables import quoted
from sync.policy.compile import compile_parsed
from sync.policy.loader import load_policy_text
from sync.policy.parsed import ParsedPolicy, parse_policy
from sync.policy.relations import activity_view_sql, lead_opportunity_view_sql, sql_type

Verdicts = dict[tuple[str, int], tuple[bool, bool]]
"""(lead, day of the period) → in scope, ready."""


@pytest.fixture(scope="module")
def shared() -> PastWorld:
    return PastWorld()


@pytest.fixture(scope="module")
def days() -> duckdb.DuckDBPyConnection:
    db = duckdb.connect(config={"threads": "1"})
    for mapped in MAPPING:
        columns = ", ".join(f"{quoted(f.name)} {sql_type(f.type)}" for f in mapped.fields.values())
        db.execute(f"CREATE TABLE {quoted(mapped.name)} ({columns})")
    db.execute(activity_view_sql(MAPPING))
    db.execute(lead_opportunity_view_sql(MAPPING))
    return db


def parsed(text: str) -> ParsedPolicy:
    return parse_policy(load_policy_text(text, "random.yaml", MAPPING), MAPPING)


def replayed(world: PastWorld, policy: ParsedPolicy, period: Period = PERIOD, at_once: int = 10**6) -> Verdicts:
    past = world.past()
    (done,) = replay(world.session, past, [policy], period, tell=lambda *_: None, at_once=at_once)
    rows = world.session.execute(f"SELECT lead_id, day, in_scope, ready FROM {done.table} ORDER BY ALL").fetchall()
    verdicts: Verdicts = {}
    for number in range(period.days):
        at = period.first + timedelta(days=number)
        verdicts |= {(lead, number): (scope, ready) for lead, since, scope, ready in rows if since <= at}
    return verdicts


def asked_day_by_day(db: duckdb.DuckDBPyConnection, lived: list[Life], policy: ParsedPolicy) -> Verdicts:
    verdicts: Verdicts = {}
    for number in range(PERIOD.days):
        end = PERIOD.begin + timedelta(days=number + 1) - timedelta(microseconds=1)
        clocks: dict[int, tuple[datetime, datetime]] = {}
        for which, each in enumerate(lived, 1):
            converted = each.conversion()
            last = end if converted is None else hour(converted) - timedelta(microseconds=1)
            if last >= PERIOD.begin and hour(each.created) <= min(last, end):
                clock = last if last.date() == end.date() else end
                clocks[which] = (clock, min(clock, last))
        for clock in sorted({clock for clock, _ in clocks.values()}):
            ids = {lead_id(which) for which, (theirs, _) in clocks.items() if theirs == clock}
            for mapped in MAPPING:
                db.execute(f"DELETE FROM {quoted(mapped.name)}")
            nobody = (PERIOD.begin - timedelta(days=999),) * 2
            everybody = {which: clocks.get(which, nobody) for which in range(1, len(lived) + 1)}
            for table, row in as_of(lived, everybody):
                names = ", ".join(map(quoted, row))
                values = [v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in row.values()]
                db.execute(f"INSERT INTO {quoted(table)} ({names}) VALUES ({', '.join('?' * len(row))})", values)
            compiled = compile_parsed(policy, MAPPING, clock)
            for decided in db.execute(compiled.decide_sql).fetchall():
                row_ = dict(zip(compiled.columns, decided, strict=True))
                if row_["lead_id"] in ids:
                    verdicts[row_["lead_id"], number] = (row_["in_scope"], row_["ready"])
    return verdicts


LONG = Life(
    created=-100,
    start={"status": "Open - Not Contacted", "pricing_discussed": None, "purchase_timeline": PERIOD.last},
    changes=((30, "status", "Working - Contacted"), (200, "pricing_discussed", True)),
    activities=(
        Activity(event=True, subject="pricing talked through", subtype="Task", created=10, at=90, done=2),
        Activity(event=False, subject="no budget", subtype="Call", created=20, at=150, done=130),
    ),
    converted=250,
)


def equal(world: PastWorld, db: duckdb.DuckDBPyConnection, lived: list[Life], text: str) -> None:
    put(world.empty(), lived)
    policy = parsed(text)
    assert replayed(world, policy) == asked_day_by_day(db, lived, policy)


def test_a_replay_is_the_same_as_asking_every_day(shared: PastWorld, days: duckdb.DuckDBPyConnection) -> None:
    equal(shared, days, [LONG], policy_text((*CONDITIONS[:2], "pricing"), "c0 AND (c1 OR c2)", "NOT is_converted"))


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(lived=lives, text=policies)
@example(lived=[LONG], text=policy_text(("talked", "booked", "due"), "c0 OR c1 AND NOT c2", "NOT is_converted"))
@example(lived=[LONG], text=policy_text(("held", "odd", "moved"), "c0 OR c1 AND c2", "NOT is_converted"))
def test_any_replay_is_the_same_as_asking_every_day(
    shared: PastWorld, days: duckdb.DuckDBPyConnection, lived: list[Life], text: str
) -> None:
    equal(shared, days, lived, text)


@pytest.mark.slow
def test_a_policy_that_needs_every_day_is_replayed_in_parts(shared: PastWorld, days: duckdb.DuckDBPyConnection) -> None:
    put(shared.empty(), [LONG, LONG, LONG])
    policy = parsed(
        policy_text(
            ("odd", "talked", "days_since(created_at) > days_since(last_activity_at)"),
            "c0 OR c2 AND c1",
            "NOT is_converted",
        )
    )
    assert replayed(shared, policy, at_once=20) == asked_day_by_day(days, [LONG, LONG, LONG], policy)


def nothing_leaks(world: PastWorld, lived: list[Life], text: str, day_number: int) -> None:
    """What came after a day, planted or struck out, changes no verdict up to that day."""
    cut = 24 * (day_number + 1) - 1
    policy = parsed(text)
    put(world.empty(), lived)
    with_the_future = replayed(world, policy)
    put(world.empty(), [until(each, cut) for each in lived])
    without = replayed(world, policy)

    def up_to_the_day(verdicts: Verdicts) -> Verdicts:
        return {key: verdict for key, verdict in verdicts.items() if key[1] < day_number}

    assert up_to_the_day(with_the_future) == up_to_the_day(without)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(lived=lives, text=policies, day_number=st.integers(1, PERIOD.days - 1))
def test_what_came_later_changes_no_verdict_before_it(
    shared: PastWorld, lived: list[Life], text: str, day_number: int
) -> None:
    nothing_leaks(shared, lived, text, day_number)


@pytest.mark.slow
@pytest.mark.parametrize("condition", ["pricing", "talked", "booked", "held", "moved", "pricing_discussed"])
def test_a_leak_planted_after_a_day_does_not_reach_it(shared: PastWorld, condition: str) -> None:
    """A call, a meeting, a status and a ticked box, all from the day after."""
    quiet = Life(
        created=-100,
        start={"status": "Open - Not Contacted", "pricing_discussed": None, "purchase_timeline": None},
        changes=((170, "status", "Working - Contacted"), (171, "pricing_discussed", True)),
        activities=(
            Activity(event=False, subject="pricing talked through", subtype="Call", created=169, at=100, done=0),
            Activity(event=True, subject="pricing talked through", subtype="Task", created=169, at=100, done=1),
        ),
        converted=200,
    )
    put(shared.empty(), [quiet])
    verdicts = replayed(shared, parsed(policy_text((condition,), "c0", "NOT is_converted")))
    assert [ready for _, (_, ready) in sorted(verdicts.items())][:7] == [False] * 7
    assert any(ready for _, ready in verdicts.values())

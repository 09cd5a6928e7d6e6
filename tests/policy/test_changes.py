# ruff: noqa: S608 -- column names are those of the test's own fields
"""The claim: apply a smallest change and the decision flips, leave out any part and it does not, no smaller one exists.

Proved by trying everything: for each generated policy and lead, every combination of values that the fields could
have is put into the mirror as a lead of its own, and decided by the policy's own query.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from policy_mirror import MAPPING, NOW, Mirror, compiled, lead, lead_id
from sizes import examples

from sync.model import Value
from sync.policy import syntax
from sync.policy.changes import (
    Change,
    CriterionTo,
    SetTo,
    SignalAway,
    SignalTrue,
    SmallestChanges,
    in_words,
    smallest_changes,
)
from sync.policy.compile import CompiledPolicy

TODAY = NOW.date()
MADE = datetime(2026, 6, 1, tzinfo=UTC)
DOMAINS: dict[str, list[Value]] = {
    "pricing_discussed": [True, False],
    "decision_maker": [True, False],
    "number_of_employees": [None, *range(-1, 7)],
    "budget": [None, *(Decimal(n) / 2 for n in range(-2, 9))],
    "status": ["A", "B", "C", "other", "other1", "a"],
    "title": [None, "A", "b", "xA", "Ab", "q", "qq", "other"],
    "purchase_timeline": [None, *(TODAY + timedelta(days=n) for n in range(-5, 6))],
    "s1": [True, False],
    "s2": [True, False],
}
"""For each field more values than the generated policies can tell apart."""

compare = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
small = st.integers(0, 5).map(str)
money = st.sampled_from(["0", "0.5", "1", "2", "3", "3.5"])
letter = st.sampled_from(["'A'", "'B'", "'C'"])
day = st.sampled_from(["today()", "days_ago(3)", "days_ahead(2)", f"'{TODAY + timedelta(days=1)}'", "now()"])
leaf = st.one_of(
    st.sampled_from(["pricing_discussed", "decision_maker", "s1", "s2"]),
    st.tuples(st.just("number_of_employees"), compare, small).map(" ".join),
    st.tuples(st.just("number_of_employees BETWEEN"), small, st.just("AND"), small).map(" ".join),
    st.tuples(st.just("number_of_employees * 2 - 1"), compare, small).map(" ".join),
    st.tuples(st.just("coalesce(number_of_employees, 3)"), compare, small).map(" ".join),
    st.tuples(st.just("budget"), compare, money).map(" ".join),
    st.tuples(st.just("-budget / 2"), compare, st.sampled_from(["-1", "0", "-0.5"])).map(" ".join),
    st.lists(money, min_size=1, max_size=3).map(lambda values: f"budget IN ({', '.join(values)})"),
    st.tuples(st.just("status"), st.sampled_from(["=", "<>"]), letter).map(" ".join),
    st.lists(letter, min_size=1, max_size=2).map(lambda values: f"status IN ({', '.join(values)})"),
    st.tuples(st.just("purchase_timeline"), compare, day).map(" ".join),
    st.tuples(st.just("days_since(purchase_timeline)"), compare, st.sampled_from(["-2", "0", "1", "3"])).map(" ".join),
    st.sampled_from(
        ["budget IS NULL", "purchase_timeline IS NOT NULL", "number_of_employees IS NULL", "title IS NULL"]
    ),
)
search = st.sampled_from(
    ["contains(title, 'a')", "title LIKE '_b'", "title ILIKE 'a%'", "ends_with(title, 'B')", "length(title) > 1"]
)


def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(parts, min_size=2, max_size=3).map(lambda p: "(" + " AND ".join(p) + ")"),
        st.lists(parts, min_size=2, max_size=3).map(lambda p: "(" + " OR ".join(p) + ")"),
        parts.map("(NOT {})".format),
        parts.map("(({}) IS NOT TRUE)".format),
    )


condition = st.recursive(leaf, joined, max_leaves=4)
policies = st.tuples(
    st.one_of(st.just("NOT is_converted"), st.just("NOT is_converted AND status <> 'C'")),
    condition,
    condition,
    st.one_of(condition, search, st.just("c1 OR s1"), st.just("NOT c2")),
    st.sampled_from(["c1 AND c2 AND c3", "c1 AND c2", "c1 OR (c2 AND c3)", "c1 AND (c2 OR NOT c3)", "c2 AND NOT c1"]),
)
lead_of = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in DOMAINS.items()})


def policy(scope: str, c1: str, c2: str, c3: str, ready: str) -> CompiledPolicy:
    return compiled(
        f"""
policy: generated
scope: "{scope}"
signals:
  s1: {{activity: "matches(text, 'alpha')"}}
  s2: {{activity: "contains(text, 'beta')"}}
criteria:
  c1: "{c1}"
  c2: "{c2}"
  c3: "{c3}"
ready: "{ready}"
"""
    )


@pytest.fixture(scope="module")
def mirror() -> Mirror:
    return Mirror()


def with_signals(mirror: Mirror, values: dict[str, Value], number: int) -> str:
    """Puts a lead with its activities into the mirror; its id."""
    row = {name: value for name, value in values.items() if name not in {"s1", "s2"}}
    mirror.add("lead", lead(number, created_at=MADE, **row))
    for signal, word in (("s1", "Alpha"), ("s2", "beta")):
        if values[signal]:
            task = {"id": f"00T{number}{signal}", "who_id": lead_id(number), "subject": word}
            mirror.add("task", {**task, "completed_at": MADE, "created_at": MADE})
    return lead_id(number)


def solve(mirror: Mirror, policy_: CompiledPolicy, values: dict[str, Value]) -> tuple[bool, SmallestChanges]:
    mirror.empty()
    id_ = with_signals(mirror, values, 1)
    decision = mirror.decide(policy_)[id_]
    answer = smallest_changes(
        policy_.parsed,
        MAPPING,
        values=mirror.values(policy_, [id_])[id_],
        signals=decision.signals,
        now=NOW,
    )
    return decision.verdict == "ready", answer


def carried_out(values: dict[str, Value], changes: tuple[Change, ...]) -> dict[str, Value]:
    after = dict(values)
    for change in changes:
        match change:
            case SetTo():
                after[change.field] = change.value
            case SignalTrue():
                after[change.signal] = True
            case SignalAway():
                after[change.signal] = False
            case CriterionTo():
                raise AssertionError("not exact")
    return after


def name_of(change: Change) -> str:
    assert not isinstance(change, CriterionTo)
    return change.field if isinstance(change, SetTo) else change.signal


def all_minimal(mirror: Mirror, policy_: CompiledPolicy, values: dict[str, Value]) -> set[frozenset[str]]:
    """Every smallest set of fields and signals whose change makes the lead ready, by deciding every combination."""
    used = names_read(policy_)
    mirror.empty()
    sources = " CROSS JOIN ".join(f'(SELECT unnest(?) AS "{name}")' for name in used)
    mirror.db.execute(
        "CREATE OR REPLACE TEMP TABLE combo AS "
        f"SELECT printf('00Q%012dAAA', row_number() OVER ()) AS id, * FROM {sources}",
        [DOMAINS[name] for name in used],
    )
    fields = [name for name in used if name not in {"s1", "s2"}]
    listed = "".join(f', "{name}"' for name in fields)
    mirror.db.execute(
        f"INSERT INTO lead (id, is_converted, is_deleted, created_at{listed}) "
        f"SELECT id, false, false, TIMESTAMP '2026-06-01'{listed} FROM combo"
    )
    if "status" not in fields:
        mirror.db.execute("UPDATE lead SET status = 'A'")
    for signal, word in [pair for pair in (("s1", "Alpha"), ("s2", "beta")) if pair[0] in used]:
        mirror.db.execute(
            "INSERT INTO task (id, who_id, subject, completed_at, created_at) "
            f"SELECT '00T' || id, id, '{word}', DATE '2026-06-01', DATE '2026-06-01' FROM combo WHERE {signal}"
        )
    flags = ", ".join(f'(combo."{name}" IS DISTINCT FROM ?)' for name in used)
    rows = mirror.db.execute(
        f"SELECT {flags} FROM combo JOIN ({policy_.decide_sql}) d ON d.lead_id = combo.id WHERE d.ready",
        [values[name] for name in used],
    ).fetchall()
    sets = {frozenset(name for name, changed in zip(used, row, strict=True) if changed) for row in rows}
    smallest = min(map(len, sets), default=0)
    return {found for found in sets if len(found) == smallest}


def names_read(policy_: CompiledPolicy) -> list[str]:
    trees = [policy_.parsed.scope, *policy_.parsed.criteria.values()]
    read = {name for tree in trees for name in (*syntax.field_names(tree), *syntax.signal_names(tree))}
    return [name for name in DOMAINS if name in read]


def parts(changes: tuple[Change, ...]) -> Iterator[tuple[Change, ...]]:
    for size in range(len(changes)):
        yield from itertools.combinations(changes, size)


@settings(
    max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(policies, lead_of)
def test_a_smallest_change_flips_the_decision_and_nothing_smaller_does(
    mirror: Mirror, given_policy: tuple[str, str, str, str, str], values: dict[str, Value]
) -> None:
    policy_ = policy(*given_policy)
    assume(math.prod(len(DOMAINS[name]) for name in names_read(policy_)) <= 20_000)
    ready, answer = solve(mirror, policy_, values)
    if ready:
        assert answer.sets == ()
        return
    assert answer.exact, answer.note
    expected = all_minimal(mirror, policy_, values)
    assert {frozenset(map(name_of, changes)) for changes in answer.sets} == expected
    mirror.empty()
    numbers = itertools.count(1)
    flips = [with_signals(mirror, carried_out(values, changes), next(numbers)) for changes in answer.sets]
    stays = [
        with_signals(mirror, carried_out(values, some), next(numbers))
        for changes in answer.sets
        for some in parts(changes)
    ]
    decided = mirror.decide(policy_)
    assert {decided[id_].verdict for id_ in flips} <= {"ready"}
    assert "ready" not in {decided[id_].verdict for id_ in stays}


def changes(mirror: Mirror, text: str, **kw: object) -> SmallestChanges:
    policy_ = compiled(text)
    mirror.empty()
    given: dict[str, Value] = {"s1": False, "s2": False, **kw}  # type: ignore[dict-item]  # values of fields
    mirror.add("lead", lead(1, **{"created_at": MADE, **{k: v for k, v in given.items() if k not in {"s1", "s2"}}}))
    decision = mirror.decide(policy_)[lead_id()]
    return smallest_changes(
        policy_.parsed,
        MAPPING,
        values=mirror.values(policy_, [lead_id()])[lead_id()],
        signals=decision.signals,
        now=NOW,
        choices={"status": ["New", "Working - Contacted", "Qualified"]},
    )


def words(answer: SmallestChanges) -> list[list[str]]:
    return [[in_words(change) for change in found] for found in answer.sets]


def one(when: str, scope: str = "NOT is_converted") -> str:
    return f'policy: p\nscope: "{scope}"\ncriteria: {{c: "{when}"}}\nready: c'


@pytest.mark.parametrize(
    ("when", "lead_values", "expected"),
    [
        ("budget >= 1000", {"budget": Decimal(5)}, [["budget: at least 1000 (now 5)"]]),
        ("budget > 1000", {}, [["budget: more than 1000 (now empty)"]]),
        ("number_of_employees > 10", {"number_of_employees": 3}, [["number_of_employees: at least 11 (now 3)"]]),
        ("pricing_discussed", {"pricing_discussed": False}, [["pricing_discussed: true (now false)"]]),
        ("email IS NOT NULL", {}, [["email: any text (now empty)"]]),
        ("title IS NULL", {"title": "x"}, [["title: empty (now 'x')"]]),
        ("days_since(last_activity_at) <= 30", {}, [["last_activity_at: at least 2026-05-16 (now empty)"]]),
        ("status = 'Qualified'", {}, [["status: 'Qualified' (now 'Working - Contacted')"]]),
        (
            "status <> 'Working - Contacted'",
            {},
            [["status: 'New' or 'Qualified' (now 'Working - Contacted')"]],
        ),
        (
            "company NOT IN ('Acme', 'Foo')",
            {"company": "Acme"},
            [["company: anything but 'Acme', 'Foo' (now 'Acme')"]],
        ),
        (
            "budget > 10 OR pricing_discussed",
            {"pricing_discussed": False},
            [["budget: more than 10 (now empty)"], ["pricing_discussed: true (now false)"]],
        ),
        ("email_domain(email) = 'acme.example'", {}, [["email: for example 'other@acme.example' (now empty)"]]),
    ],
)
def test_changes_are_said_in_plain_words(
    mirror: Mirror, when: str, lead_values: dict[str, Value], expected: list[list[str]]
) -> None:
    answer = changes(mirror, one(when), **lead_values)
    assert answer.exact
    assert words(answer) == expected


def test_a_signal_that_stands_in_the_way_must_go(mirror: Mirror) -> None:
    text = (
        "policy: p\nsignals: {no: {activity: \"contains(text, 'no')\", label: A no}}\ncriteria: {c: NOT no}\nready: c"
    )
    policy_ = compiled(text)
    mirror.empty().add("lead", lead(1))
    mirror.add("task", {"id": "00T1", "who_id": lead_id(), "subject": "No", "completed_at": MADE, "created_at": MADE})
    decision = mirror.decide(policy_)[lead_id()]
    values = mirror.values(policy_, [lead_id()])[lead_id()]
    answer = smallest_changes(policy_.parsed, MAPPING, values=values, signals=decision.signals, now=NOW)
    assert answer.sets == ((SignalAway(signal="no", label="A no"),),)


def test_a_change_keeps_the_lead_in_scope(mirror: Mirror) -> None:
    answer = changes(mirror, one("status <> 'New'", "status <> 'Qualified'"), status="New")
    assert words(answer) == [["status: 'Working - Contacted' (now 'New')"]]


@pytest.mark.parametrize(
    "when",
    [
        "budget > annual_revenue",
        "contains(title, 'a') OR contains(title, 'b')",
        "abs(budget) > 3",
        "budget * budget > 4",
    ],
)
def test_where_no_exact_answer_is_possible_it_is_given_in_criteria_and_says_so(mirror: Mirror, when: str) -> None:
    answer = changes(mirror, one(when), budget=Decimal(0), annual_revenue=Decimal(5))
    assert not answer.exact
    assert answer.note is not None
    assert answer.sets == ((CriterionTo(criterion="c", met=True),),)


def test_a_condition_that_can_not_be_cut_does_not_spoil_the_rest(mirror: Mirror) -> None:
    text = 'policy: p\ncriteria: {a: "budget > annual_revenue", b: pricing_discussed}\nready: a AND b'
    answer = changes(mirror, text, budget=Decimal(9), annual_revenue=Decimal(5), pricing_discussed=False)
    assert answer.exact
    assert words(answer) == [["pricing_discussed: true (now false)"]]


def test_a_converted_lead_can_not_be_made_ready(mirror: Mirror) -> None:
    answer = changes(mirror, one("pricing_discussed"), is_converted=True)
    assert (answer.sets, answer.note) == ((), "this lead is converted already")


def test_what_nobody_can_change_is_never_proposed(mirror: Mirror) -> None:
    answer = changes(mirror, one("created_at > '2026-06-10' OR budget > 1"))
    assert words(answer) == [["budget: more than 1 (now empty)"]]
    answer = changes(mirror, one("created_at > '2026-06-10'"))
    assert (answer.sets, answer.exact) == ((), True)
    assert answer.note == "nothing that a person can change makes this lead ready"


def test_a_required_field_is_never_emptied(mirror: Mirror) -> None:
    answer = changes(mirror, one("company IS NULL OR title IS NULL"), company="x", title="y")
    assert words(answer) == [["title: empty (now 'y')"]]

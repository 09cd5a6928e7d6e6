from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from policy_mirror import MAPPING, NOW, compiled

from sync.errors import PolicyInvalid
from sync.policy.case_reader import load_cases
from sync.policy.cases import Case, Outcome, case_lead_id, case_rows
from sync.policy.cases import differences as all_differences
from sync.policy.decision import Decision, NextStatus, Truth, Verdict

POLICY = compiled(
    "policy: p\nsignals: {talk: {activity: is_closed}}\ncriteria: {a: budget > 1, b: talk}\nready: a AND b"
).policy


def load(text: str) -> tuple[Case, ...]:
    return load_cases(text, "cases.yaml", POLICY, MAPPING).cases


def differences(case: Case, decision: Decision | None, **flags: bool) -> tuple[str, ...]:
    return tuple(map(str, all_differences(case, Outcome(decision=decision, checks=flags))))


def test_a_case_becomes_rows_of_the_relations() -> None:
    [case] = load(
        """
now: 2026-06-15T12:00:00Z
cases:
  - name: all of it
    lead: {status: New, budget: 5.50, number_of_employees: 3, pricing_discussed: true,
           purchase_timeline: 3 days ago, created_at: 2026-01-01}
    activities: [{kind: event, at: in 2 hours, subject: Meeting}, {at: 2 weeks ago, description: Hi}]
    opportunities: [{name: Deal, is_won: true, at: 2026-05-01}]
    history: [{field: Status, new_value: New, at: 1 day ago}]
    expect: {verdict: ready}
"""
    )
    rows = case_rows(case, 7)
    [lead] = rows["lead"]
    assert lead == {
        "id": case_lead_id(7),
        "is_converted": False,
        "is_deleted": False,
        "status": "New",
        "budget": Decimal("5.50"),
        "number_of_employees": 3,
        "pricing_discussed": True,
        "purchase_timeline": date(2026, 6, 12),
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    meeting, note = rows["activity"]
    assert (meeting["object"], meeting["kind"], meeting["created_at"], meeting["is_closed"]) == (
        "Event",
        "event",
        NOW,
        None,
    )
    assert meeting["occurred_at"] == datetime(2026, 6, 15, 14, 0, tzinfo=UTC)
    assert (note["object"], note["kind"], note["text"], note["is_closed"]) == ("Task", "task", "\nHi", True)
    assert rows["lead_opportunity"][0]["lead_id"] == case_lead_id(7)
    assert rows["lead_history"][0]["created_at"] == datetime(2026, 6, 14, 12, 0, tzinfo=UTC)
    assert meeting["id"] != note["id"]


def test_what_a_case_does_not_name_is_not_compared() -> None:
    [case] = load("now: 2026-06-15\ncases: [{name: x, expect: {met: [a]}}]")
    decision = Decision(
        lead_id="x",
        verdict=Verdict.BLOCKED,
        as_of=NOW,
        results={"a": Truth.MET, "b": Truth.UNKNOWN},
        signals={"talk": False},
    )
    assert differences(case, decision) == ()
    assert differences(case, replace(decision, results={"a": Truth.UNKNOWN})) == (
        "criterion a: expected met, got unknown",
    )


def test_every_difference_is_told() -> None:
    [case] = load(
        "now: 2026-06-15\ncases: [{name: x, expect: {verdict: ready, unknown: [b], signals: {talk: true},"
        " next_status: null, opportunity: false, amount: 10}}]"
    )
    decision = Decision(
        lead_id="x",
        verdict=Verdict.BLOCKED,
        as_of=NOW,
        results={"a": Truth.MET, "b": Truth.NOT_MET},
        signals={"talk": False},
        next_status=NextStatus(from_="a", to="New", source="p:1"),
        wants_opportunity=True,
        amount=9.999,
    )
    assert differences(case, decision) == (
        "verdict: expected ready, got blocked",
        "criterion b: expected unknown, got not_met",
        "signal talk: expected true, got false",
        "next status: expected nothing, got New",
        "opportunity: expected false, got true",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cases: 5", "cases.yaml:1: `cases:` is a list"),
        ("cases: [{name: x}]", "needs `name` and `expect`"),
        ("cases: [{name: x, expect: {}}]", "has no clock"),
        ("now: soon\ncases: []", "now: needs a time"),
        ("now: 2026-01-01\ncases: [{name: x, expect: {}}, {name: x, expect: {}}]", "the name is used twice"),
        (
            "now: 2026-01-01\ncases: [{name: x, lead: {bugdet: 1}, expect: {}}]",
            "unknown key 'bugdet' (did you mean budget?)",
        ),
        ("now: 2026-01-01\ncases: [{name: x, lead: {budget: lots}, expect: {}}]", "'lots' is no currency"),
        ("now: 2026-01-01\ncases: [{name: x, lead: {is_converted: maybe}, expect: {}}]", "'maybe' is no boolean"),
        (
            "now: 2026-01-01\ncases: [{name: x, activities: [{kind: fax}], expect: {}}]",
            "is one of task, call, email, event",
        ),
        ("now: 2026-01-01\ncases: [{name: x, activities: {}, expect: {}}]", "is a list of"),
        ("now: 2026-01-01\ncases: [{name: x, expect: {verdict: maybe}}]", "is one of ready, blocked, out_of_scope"),
        ("now: 2026-01-01\ncases: [{name: x, expect: {met: [c]}}]", "the policy has no criterion 'c'"),
        ("now: 2026-01-01\ncases: [{name: x, expect: {signals: {c: true}}}]", "the policy has no signal 'c'"),
        ("now: 2026-01-01\ncases: [{name: x, expect: {amount: NaN}}]", "needs a number"),
    ],
)
def test_what_is_wrong_with_a_case_is_said_with_its_place(text: str, says: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        load(text)
    assert says in str(refused.value)

"""Leads nearly ready: the same answers as `explain` gives one by one, found together."""

from __future__ import annotations

import csv
import json
import random
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from insight_mirror import MAPPING, NOW, Rows, compiled

from sync.cli.main import main
from sync.insight.almost import Almost, almost_ready
from sync.mirror.in_use import picklist_values_in_use
from sync.model import Value
from sync.policy.changes import asked_in_words, smallest_changes
from sync.policy.compile import CompiledPolicy

POLICIES = {
    "numbers, facts and a date that nobody can set": """policy: p
criteria: {a: budget >= 50000, b: pricing_discussed OR talk, c: days_since(created_at) > 3}
ready: a AND b AND c
signals: {talk: {activity: is_closed, within: 9 days}}
""",
    "two fields weighed against each other, so that the answer is in whole criteria": """policy: p
criteria: {a: annual_revenue > budget, b: decision_maker}
ready: a AND b
""",
    "true/false fields weighed against each other, which can still be told exactly": """policy: p
criteria: {a: decision_maker <> pricing_discussed, b: need_identified = decision_maker}
ready: a OR b
""",
    "a field that everybody can set, weighed against one that nobody can": """policy: p
criteria: {a: purchase_timeline < created_at, b: "rating IN ('Hot', 'Warm')"}
ready: a AND b
""",
    "text, a search, and a scope": """policy: p
scope: "status <> 'Closed'"
signals: {pain: {field: "matches(description, 'slow')"}}
criteria: {a: "pain OR contains(title, 'chief')", b: NOT meeting_agreed, c: "coalesce(budget, 7) < 9"}
ready: b AND (a OR c)
""",
    "a likelihood, which nobody can set": """policy: p
criteria: {a: likelihood >= 0.3, b: budget > 5}
ready: a AND b
""",
    "what is not there": """policy: p
criteria: {a: budget IS NULL, b: number_of_employees * 2 - 1 > 9}
ready: NOT a AND b
""",
}
FLAG: tuple[Value, ...] = (True, False, None)


def lead(rng: random.Random) -> dict[str, Value]:
    def some(*values: Value) -> Value:
        return rng.choice(values)

    return {
        "created_at": NOW - timedelta(days=rng.randint(0, 6)),
        "status": some("Open", "Working", "Closed"),
        "budget": some(None, Decimal(3), Decimal(10), Decimal(60_000)),
        "annual_revenue": some(None, Decimal(5), Decimal(90_000)),
        "number_of_employees": some(None, 2, 30),
        "rating": some(None, "Hot", "Cold"),
        "title": some(None, "Chief Buyer", "Buyer"),
        "description": some(None, "it is slow", "fine"),
        "purchase_timeline": some(None, date(2026, 6, 1), date(2027, 6, 1)),
        **{n: some(*FLAG) for n in ("decision_maker", "pricing_discussed", "need_identified", "meeting_agreed")},
    }


def one_by_one(rows: Rows, policy: CompiledPolicy) -> dict[str, tuple[tuple[tuple[str, ...], ...], bool]]:
    """What is missing for every blocked lead, asked for each lead by itself."""
    mirror = rows.mirror()
    blocked = {d.lead_id: d for d in mirror.decide(policy) if d.verdict.value == "blocked"}
    values = mirror.deciding_values(policy, list(blocked))
    answers = {
        lead_id: smallest_changes(
            policy.parsed, MAPPING, values=values[lead_id], signals=decision.signals, now=policy.now
        )
        for lead_id, decision in blocked.items()
    }
    return {
        lead_id: (tuple(tuple(asked_in_words(c) for c in changes) for changes in answer.sets), answer.exact)
        for lead_id, answer in answers.items()
    }


def found(almost: Almost) -> dict[str, tuple[tuple[tuple[str, ...], ...], bool]]:
    return {lead_id: (group.missing.alternatives, group.missing.exact) for group, lead_id, _ in almost.leads()}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=name, marks=[pytest.mark.slow] * (n > 1))
        for n, (name, text) in enumerate(POLICIES.items())
    ],
)
def test_leads_found_together_lack_what_they_lack_one_by_one(text: str) -> None:
    rng, rows = random.Random(text), Rows()  # noqa: S311 -- reproducible, not secret
    for _ in range(40):
        who = rows.add("lead", **lead(rng))
        if rng.random() < 0.8:
            rows.score(who, rng.random())
        if rng.random() < 0.3:
            rows.add("task", who_id=who, is_closed=True, completed_at=NOW - timedelta(days=rng.randint(0, 20)))
    policy = compiled(text)
    alone = one_by_one(rows, policy)
    almost = almost_ready(rows.mirror(), policy, MAPPING, most=99)
    assert found(almost) == {lead_id: answer for lead_id, answer in alone.items() if answer[0]}
    assert almost.blocked == len(alone) > 10
    assert almost.out_of_reach == sum(not sets for sets, _ in alone.values())


def test_only_leads_near_enough_are_listed_and_all_are_counted() -> None:
    rows = Rows()
    near = rows.add("lead", budget=Decimal(60_000), pricing_discussed=False)
    rows.add("lead", budget=None, pricing_discussed=False)
    rows.add("lead", budget=Decimal(60_000), pricing_discussed=True)
    policy = compiled("policy: p\ncriteria: {a: budget >= 50000, b: pricing_discussed}\nready: a AND b\n")
    almost = almost_ready(rows.mirror(), policy, MAPPING, most=1)
    assert [(group.missing.words, group.leads[0][0]) for group in almost.groups] == [("pricing_discussed: true", near)]
    assert (almost.blocked, almost.by_size, almost.out_of_reach) == (2, {1: 1, 2: 1}, 0)


def test_values_that_open_leads_have_are_named_as_examples() -> None:
    rows = Rows()
    for status, converted in (("New", False), ("Working", False), ("Working", False), ("Qualified", True)):
        rows.add("lead", status=status, is_converted=converted, title="Ann's own")
    policy = compiled("policy: p\ncriteria: {a: status <> 'New', b: title <> 'x'}\nready: a AND b\n")
    assert picklist_values_in_use(rows.mirror(), MAPPING, ["status", "title"]) == {"status": ("Working", "New")}
    [group] = almost_ready(rows.mirror(), policy, MAPPING).groups
    assert group.missing.words == "status: anything but 'New', such as 'Working'"


def test_what_a_lead_has_now_is_not_in_the_words_of_its_group() -> None:
    rows = Rows()
    for budget in (None, Decimal(1), Decimal(49_999)):
        rows.add("lead", budget=budget)
    policy = compiled("policy: p\ncriteria: {a: budget >= 50000}\nready: a\n")
    [group] = almost_ready(rows.mirror(), policy, MAPPING).groups
    assert (group.missing.words, len(group.leads)) == ("budget: at least 50000", 3)


def test_a_lead_that_nobody_can_make_ready_is_counted_apart() -> None:
    rows = Rows()
    rows.add("lead")
    policy = compiled("policy: p\ncriteria: {a: days_since(created_at) > 30}\nready: a\n")
    almost = almost_ready(rows.mirror(), policy, MAPPING)
    assert (almost.out_of_reach, almost.by_size, list(almost.groups)) == (1, {}, [])


def test_the_command_lists_groups_and_writes_the_work_list(
    pulled: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "work.csv"
    capsys.readouterr()
    assert main(["check", "-C", str(pulled), "--almost", "2", "--csv", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    groups = document["almost"]["groups"]
    assert [group["changes_away"] for group in groups] == sorted(group["changes_away"] for group in groups)
    assert sum(document["almost"]["by_changes_away"].values()) == document["counts"]["blocked"]
    with file.open(encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    listed = {row["lead_id"]: int(row["changes_away"]) for row in rows}
    assert listed == {lead_id: group["changes_away"] for group in groups for lead_id in group["lead_ids"]}
    assert set(rows[0]) == {"lead_id", "owner_id", "changes_away", "change"}

    near = groups[0]["lead_ids"][0]
    assert main(["explain", "-C", str(pulled), near, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["smallest_changes"]
    words = [[change["words"] for change in changes] for changes in groups[0]["alternatives"]]
    assert [[re.split(r" \((?:now|within) ", change["words"])[0] for change in changes] for changes in told] == words


@pytest.mark.slow
def test_people_get_groups_with_owners_and_the_first_leads(pulled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["check", "-C", str(pulled), "--almost", "1", "--limit", "1"]) == 0
    said = capsys.readouterr().out
    assert "blocked leads are one change away from ready" in said
    assert "more; --csv and --json have them" in said

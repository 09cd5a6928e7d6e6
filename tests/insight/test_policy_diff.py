"""Two policies compared: on cases, where every change is known, and on a pulled mirror, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from shipped import MAPPING, ROOT

from sync.cli.main import main
from sync.insight.policy_cases import CaseDatabase
from sync.policy.case_reader import load_cases
from sync.policy.comparison import Comparison, PolicyPair, Reason
from sync.policy.decision import Truth, Verdict
from sync.policy.loader import load_policy_text
from sync.policy.parsed import ParsedPolicy, parse_policy

OLD = """policy: p
scope: NOT is_converted AND status <> 'Closed'
signals: {talk: {activity: is_closed, within: 9 days}}
criteria: {rich: budget > 5, talked: talk, asked: decision_maker}
ready: rich AND talked
"""
LEADS = """now: 2026-06-15T12:00:00Z
cases:
  - {name: rich and talked, lead: {status: A, budget: 6}, activities: [{at: 5 days ago}], expect: {}}
  - {name: poor, lead: {status: A, budget: 5}, activities: [{at: 5 days ago}], expect: {}}
  - {name: closed, lead: {status: Closed, budget: 6}, activities: [{at: 5 days ago}], expect: {}}
  - {name: asked too, lead: {status: A, budget: 6, decision_maker: true}, activities: [{at: 1 day ago}], expect: {}}
"""
FIRST, SECOND, THIRD, FOURTH = range(4)


def parsed(text: str) -> ParsedPolicy:
    return parse_policy(load_policy_text(text, "policy.yaml", MAPPING), MAPPING)


def compare(old: str, new: str) -> tuple[PolicyPair, Comparison, dict[int, tuple[str, ...]]]:
    """The comparison, and each changed lead's rules by the number of its case."""
    pair = PolicyPair(parsed(old), parsed(new))
    cases = load_cases(LEADS, "cases.yaml", pair.old.policy, MAPPING).cases
    with CaseDatabase(cases, MAPPING) as database:
        before, after = ([o.decision for o in database.outcomes(policy)] for policy in (pair.old, pair.new))
    found = pair.compare((b, a) for b, a in zip(before, after, strict=True) if b is not None and a is not None)
    number = {b.lead_id: n for n, b in enumerate(before) if b is not None}
    return pair, found, {number[c.lead_id]: c.kind[2] for c in found.changes}


def test_a_policy_changes_nothing_against_itself() -> None:
    pair, found, changed = compare(OLD, OLD)
    assert (pair.changed_rules(), changed, found.before) == ((), {}, found.after)
    assert found.before == {Verdict.READY: 2, Verdict.BLOCKED: 1, Verdict.OUT_OF_SCOPE: 1}


def test_labels_and_layout_are_no_difference() -> None:
    assert (
        PolicyPair(parsed(OLD), parsed(OLD.replace("budget > 5", "{label: Rich, when: (budget > 5)}"))).changed_rules()
        == ()
    )


def test_a_criterion_that_decides_otherwise_is_the_reason() -> None:
    pair, found, changed = compare(OLD, OLD.replace("budget > 5", "budget >= 5"))
    assert pair.changed_rules() == ("criterion rich",)
    assert changed == {SECOND: ("rich",)}
    assert found.changes[0].reasons == (Reason(rule="rich", before=Truth.NOT_MET, after=Truth.MET),)


def test_a_signal_behind_the_criterion_is_named() -> None:
    pair, found, changed = compare(OLD, OLD.replace("9 days", "2 days"))
    assert pair.changed_rules() == ("signal talk",)
    assert changed == {FIRST: ("talked",)}
    assert found.changes[0].reasons[0].signals == {"talk": (True, False)}


def test_a_criterion_that_only_the_new_policy_asks_for_is_named() -> None:
    pair, found, changed = compare(OLD, OLD.replace("rich AND talked", "rich AND talked AND asked"))
    assert pair.changed_rules() == ("ready",)
    assert changed == {FIRST: ("asked",)}
    assert found.changes[0].reasons == (Reason(rule="asked", before=None, after=Truth.UNKNOWN),)


def test_where_no_criterion_differs_ready_itself_is_the_reason() -> None:
    _, _, changed = compare(OLD, OLD.replace("rich AND talked", "rich OR talked"))
    assert changed == {SECOND: ("ready",)}


def test_a_lead_that_enters_the_scope_says_so() -> None:
    _, found, changed = compare(OLD, OLD.replace(" AND status <> 'Closed'", ""))
    assert changed == {THIRD: ("scope",)}
    assert (found.changes[0].before, found.changes[0].after) == (Verdict.OUT_OF_SCOPE, Verdict.READY)


def test_other_statuses_and_opportunities_are_counted() -> None:
    more = "transitions: [{to: B, from: [A], when: rich}]\nconversion: {opportunity: {create: asked}}\n"
    pair, found, changed = compare(OLD, OLD + more)
    assert pair.changed_rules() == ("transitions", "opportunity.create")
    assert (changed, found.other_status, found.other_opportunity) == ({}, 2, 1)


def test_changes_of_a_kind_are_counted_together() -> None:
    _, found, _ = compare(OLD, OLD.replace("budget > 5", "budget > 50"))
    assert found.kinds() == [((Verdict.READY, Verdict.BLOCKED, ("rich",)), 2)]


def run(folder: Path, *args: str) -> int:
    return main(["policy", "diff", "-C", str(folder), *args])


def checked(folder: Path, policy: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert main(["check", "-C", str(folder), "--policy", str(policy), "--list", "all", "--json"]) == 0
    return {lead["lead_id"]: lead["verdict"] for lead in json.loads(capsys.readouterr().out)["leads"]}


def test_the_list_is_exactly_the_leads_that_check_judges_otherwise(
    pulled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    old, new = pulled / "config" / "readiness.yaml", ROOT / "sync/policy/packs/meeting-agreed.yaml"
    assert run(pulled, str(old), "meeting-agreed", "--json") == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    before, after = checked(pulled, old, capsys), checked(pulled, new, capsys)
    other = {
        lead: (before.get(lead, "out_of_scope"), after.get(lead, "out_of_scope"))
        for lead in {**before, **after}
        if before.get(lead) != after.get(lead)
    }
    assert {change["lead_id"]: (change["before"], change["after"]) for change in document["changes"]} == other
    assert document["changed"] == len(other) > 0
    assert all(change["reasons"] for change in document["changes"])
    assert document["new"]["counts"]["ready"] - document["old"]["counts"]["ready"] == sum(
        (is_ == "ready") - (was == "ready") for was, is_ in other.values()
    )


def test_people_get_counts_reasons_and_a_list(pulled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(pulled, "config/readiness.yaml", "meeting-agreed", "--limit", "1") == 0
    said = capsys.readouterr().out
    assert "rules that differ:" in said
    assert "because of" in said
    assert "more; --limit or --json shows them" in said
    assert "leads change verdict" in said


def test_what_is_no_policy_is_refused(pulled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(pulled, "config/readiness.yaml", "nothing") == 2
    assert "neither a policy file nor a shipped pack" in capsys.readouterr().err

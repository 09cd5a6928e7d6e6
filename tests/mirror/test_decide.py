from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_mapping import LEAD_YAML, NOW, mapping_of

from sync.mapping import OrgMapping
from sync.mirror.lapsed import last_seen
from sync.mirror.state import Completeness
from sync.mirror.store import Mirror
from sync.policy.compile import CompiledPolicy, compile_policy
from sync.policy.decision import Truth, Verdict
from sync.policy.loader import load_policy_text

Fill = Callable[..., Completeness]
READY, TALKED, COLD, CONVERTED, DELETED = (f"00Q00000000000{n}AAA" for n in "12345")

POLICY = """\
policy: test
scope: "status <> 'Closed - Not Converted'"
signals:
  pricing_talk:
    label: Pricing came up
    activity: "matches(text, 'pric(e|ing)')"
    within: 90 days
criteria:
  interested: {label: Is interested, when: "status <> 'Open - Not Contacted'"}
  priced: {label: Pricing was discussed, when: "pricing_discussed OR pricing_talk"}
ready: "interested AND priced"
transitions:
  - {to: "Working - Contacted", from: ["Open - Not Contacted"], when: "pricing_talk"}
"""


@pytest.fixture
def compiled(mapping: OrgMapping) -> CompiledPolicy:
    return compile_policy(load_policy_text(POLICY, "readiness.yaml", mapping), mapping, NOW)


@pytest.fixture
def decided(fill: Fill, path: Path) -> Path:
    working, cold = {"Status": "Working - Contacted"}, {"Status": "Open - Not Contacted"}
    fill(
        "lead",
        [
            {"Id": READY, **working, "Pricing_Discussed__c": "true"},
            {"Id": TALKED, **working},
            {"Id": COLD, **cold},
            {"Id": CONVERTED, **working, "IsConverted": "true", "Pricing_Discussed__c": "true"},
            {"Id": DELETED, **working, "IsDeleted": "true", "Pricing_Discussed__c": "true"},
        ],
    )
    fill(
        "task",
        [
            {"Id": "00T000000000001AAA", "WhoId": TALKED, "Subject": "Call about pricing"},
            {"Id": "00T000000000002AAA", "WhoId": COLD, "Subject": "Old price", "CreatedDate": "2025-01-01T00:00:00Z"},
        ],
    )
    return path


def test_every_live_lead_is_decided_in_one_order(decided: Path, mapping: OrgMapping, compiled: CompiledPolicy) -> None:
    with Mirror.open(decided, mapping) as mirror:
        decisions = list(mirror.decide(compiled))

    assert [(d.lead_id, d.verdict) for d in decisions] == [
        (READY, Verdict.READY),
        (TALKED, Verdict.READY),
        (COLD, Verdict.BLOCKED),
        (CONVERTED, Verdict.OUT_OF_SCOPE),
    ]
    assert decisions[2].results == {"interested": Truth.NOT_MET, "priced": Truth.UNKNOWN}


def test_some_leads_are_decided_alone(decided: Path, mapping: OrgMapping, compiled: CompiledPolicy) -> None:
    with Mirror.open(decided, mapping) as mirror:
        assert [d.lead_id for d in mirror.decide(compiled, [TALKED, DELETED])] == [TALKED]
        assert list(mirror.decide(compiled, [])) == []


def test_questions_may_be_asked_while_decisions_stream(
    decided: Path, mapping: OrgMapping, compiled: CompiledPolicy
) -> None:
    with Mirror.open(decided, mapping) as mirror:
        seen = [
            (decision.lead_id, len(mirror.evidence(compiled, [decision.lead_id])[decision.lead_id]))
            for decision in mirror.decide(compiled)
        ]

    assert seen == [(READY, 0), (TALKED, 1), (COLD, 0), (CONVERTED, 0)]


def test_evidence_names_the_record_and_quotes_it(decided: Path, mapping: OrgMapping, compiled: CompiledPolicy) -> None:
    with Mirror.open(decided, mapping) as mirror:
        (evidence,) = mirror.evidence(compiled, [TALKED])[TALKED]
        with mirror.about([TALKED, COLD]) as about:
            records = about.evidence_records(compiled)
        assert records == {TALKED: {evidence.record_id: datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)}, COLD: {}}

    assert (evidence.object, evidence.record_id, evidence.quote) == ("Task", "00T000000000001AAA", "Call about pricing")


def test_counts_over_no_live_lead_are_zeros(
    fill: Fill, path: Path, mapping: OrgMapping, compiled: CompiledPolicy
) -> None:
    fill("lead", [{"Id": DELETED, "Status": "Working - Contacted", "IsDeleted": "true"}])
    fill("task", [])
    with Mirror.open(path, mapping, read_only=True) as mirror, mirror.decided(compiled) as decided:
        assert set(decided.counts().values()) == {0}


def test_counts_and_values_come_without_decisions(decided: Path, mapping: OrgMapping, compiled: CompiledPolicy) -> None:
    with Mirror.open(decided, mapping) as mirror:
        with mirror.decided(compiled) as once:
            counts = once.counts()
            assert list(once.all()) == list(mirror.decide(compiled))
            assert [d.lead_id for d in once.in_scope()] == [READY, TALKED, COLD]
        assert mirror.deciding_values(compiled, [READY])[READY]["pricing_discussed"] is True
        assert list(mirror.opportunity_checks(compiled)) == []

    assert (counts["ready"], counts["blocked"], counts["out_of_scope"]) == (2, 1, 1)
    assert counts["priced:met"] == 2


def test_a_mirror_without_activities_still_decides(fill: Fill, path: Path) -> None:
    bare = mapping_of(LEAD_YAML)
    fill("lead", [{"Id": READY, "Status": "Working - Contacted", "Pricing_Discussed__c": "true"}], using=bare)
    policy = POLICY.replace("pricing_discussed OR pricing_talk", "pricing_discussed")
    policy = policy[: policy.index("signals:")] + policy[policy.index("criteria:") : policy.index("transitions:")]
    compiled = compile_policy(load_policy_text(policy, "readiness.yaml", bare), bare, NOW)

    with Mirror.open(path, bare) as mirror:
        assert [d.verdict for d in mirror.decide(compiled)] == [Verdict.READY]


def test_the_leads_to_act_on_are_found_without_their_findings(
    decided: Path, mapping: OrgMapping, compiled: CompiledPolicy
) -> None:
    with Mirror.open(decided, mapping) as mirror:
        acting = mirror.acting(compiled)
        with mirror.decided(compiled) as once:
            counts = once.counts()
    assert acting.lead_ids == (READY, TALKED)
    assert acting.counts == {name: counts[name] for name in ("ready", "blocked", "out_of_scope")}
    assert acting.counts == {"ready": 2, "blocked": 1, "out_of_scope": 1}


def test_nothing_is_asked_about_no_lead(decided: Path, mapping: OrgMapping, compiled: CompiledPolicy) -> None:
    with Mirror.open(decided, mapping) as mirror, mirror.about([]) as about:
        assert about.decisions(compiled) == []
        assert about.evidence_records(compiled) == {}


def test_what_is_asked_about_a_few_leads_is_answered_as_among_all(
    decided: Path, mapping: OrgMapping, compiled: CompiledPolicy
) -> None:
    few = [COLD, TALKED]
    with Mirror.open(decided, mapping) as mirror, mirror.about(few) as about:
        assert about.decisions(compiled) == list(mirror.decide(compiled, few))
        assert about.evidence(compiled) == mirror.evidence(compiled, few)
        assert about.evidence(compiled)[TALKED]
        assert about.values(compiled) == mirror.deciding_values(compiled, few)


def test_a_signal_whose_window_has_passed_is_told_with_the_day_it_was_last_seen(
    decided: Path, mapping: OrgMapping, compiled: CompiledPolicy
) -> None:
    policy = load_policy_text(POLICY, "readiness.yaml", mapping)
    with Mirror.open(decided, mapping) as mirror, mirror.about([COLD, READY, TALKED]) as about:
        seen = {
            decision.lead_id: last_seen(about, mapping, policy, decision, now=NOW)
            for decision in about.decisions(compiled)
        }
    assert seen[COLD] == {"pricing_talk": datetime(2025, 1, 1, tzinfo=UTC)}
    assert seen[READY] == {"pricing_talk": None}
    assert seen[TALKED] == {}

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from policy_mirror import MAPPING, NOW, Mirror, compiled, lead, lead_id

from sync.policy.changes import in_words
from sync.policy.decision import Truth, Verdict
from sync.policy.explain import Explanation, explain
from sync.policy.quoting import quote

POLICY = """
policy: explained
scope: "NOT is_converted AND status <> 'Closed'"
signals:
  talk: {activity: "matches(text, 'price')", within: 90 days, label: Price talk}
criteria:
  priced: {label: Price known, when: "pricing_discussed OR talk"}
  funded: {label: Has money, when: "budget >= 1000"}
  both: "priced AND funded"
ready: "both"
"""


def explained(usual: Mapping[str, Sequence[str]] | None = None, **values: object) -> Explanation:
    mirror = Mirror()
    policy = compiled(POLICY)
    mirror.add("lead", lead(1, **values))  # type: ignore[arg-type]  # values of fields
    at = NOW - timedelta(days=3)
    mirror.add("task", {"id": "00T1", "who_id": lead_id(), "subject": "price", "completed_at": at, "created_at": at})
    [decision] = mirror.decide(policy, [lead_id()]).values()
    return explain(
        policy,
        MAPPING,
        decision,
        values=mirror.values(policy, [lead_id()])[lead_id()],
        evidence=[evidence for _, evidence in mirror.evidence(policy, [lead_id()])],
        usual=usual,
    )


def test_each_criterion_is_a_finding_with_what_it_saw() -> None:
    found = explained(budget=Decimal(5))
    assert [f.criterion for f in found.findings] == ["priced", "funded", "both"]
    priced, funded, both = found.findings
    assert (priced.result, priced.values) == (Truth.MET, {"pricing_discussed": None, "talk": True})
    assert [(e.record_id, e.quote) for e in priced.evidence] == [("00T1", "price")]
    assert (funded.result, funded.values, funded.source) == (Truth.NOT_MET, {"budget": Decimal(5)}, "policy.yaml:8")
    assert (funded.label, funded.expression) == ("Has money", "budget >= 1000")
    assert both.values == {"priced": True, "funded": False}
    assert found.decision.missing == ("funded", "both")


def test_the_smallest_change_is_part_of_it() -> None:
    found = explained(budget=Decimal(5))
    assert [[in_words(c) for c in s] for s in found.smallest.sets] == [["budget: at least 1000 (now 5)"]]


def test_unknown_is_said() -> None:
    assert explained().findings[1].result is Truth.UNKNOWN


def test_a_lead_out_of_scope_says_why() -> None:
    found = explained(status="Closed", budget=Decimal(5000))
    assert found.decision.verdict is Verdict.OUT_OF_SCOPE
    assert (found.scope.result, found.scope.values) == (Truth.NOT_MET, {"is_converted": False, "status": "Closed"})
    assert [[in_words(c) for c in s] for s in found.smallest.sets] == [["status: anything but 'Closed' (now 'Closed')"]]


def test_values_in_use_are_named_as_examples_where_they_work() -> None:
    found = explained(usual={"status": ["Closed", "New", "Working"]}, status="Closed", budget=Decimal(5000))
    [[change]] = found.smallest.sets
    assert in_words(change) == "status: anything but 'Closed', such as 'New' or 'Working' (now 'Closed')"


def test_a_ready_lead_needs_no_change() -> None:
    found = explained(budget=Decimal(5000))
    assert (found.decision.verdict, found.smallest.sets) == (Verdict.READY, ())


def test_quotes_are_short_and_whole() -> None:
    text = "one two three four five six seven eight nine ten PRICE eleven twelve thirteen fourteen fifteen sixteen"
    assert (
        quote(text, "PRICE") == "… four five six seven eight nine ten PRICE eleven twelve thirteen fourteen fifteen …"
    )
    assert quote("the\n price \n is", "price") == "the price is"
    assert quote("short", None) == "short"
    assert quote("  \n", "x") is None
    assert quote(None, None) is None
    assert quote("x" * 500, "x" * 300) == "x" * 340 + " …"
    assert quote("never mind", "gone") == "never mind"

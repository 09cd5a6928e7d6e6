from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_mirror import MAPPING, NOW
from sizes import examples

from sync.errors import PolicyInvalid
from sync.mapping import OrgMapping, parse_mappings
from sync.policy.compile import compile_policy
from sync.policy.document import read_document
from sync.policy.loader import load_policy_text, read_policy
from sync.policy.schema import SignalKind

DEFAULT = (Path(__file__).parents[2] / "config" / "readiness.yaml").read_text("utf-8")
SMALL = """policy: small
criteria:
  priced: pricing_discussed
ready: priced
"""


def problems(text: str) -> list[str]:
    return [str(problem) for problem in read_policy(text, "p.yaml", MAPPING)[1]]


def one_problem(text: str) -> str:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def small(more: str) -> str:
    return SMALL + more


def test_the_default_policy_says_what_it_says() -> None:
    policy = load_policy_text(DEFAULT, "config/readiness.yaml", MAPPING)
    assert policy.name == "pricing-discussed"
    assert list(policy.criteria) == ["interested", "priced", "met", "contacted"]
    talk = policy.signals["pricing_talk"]
    assert (talk.kind, talk.within_days, talk.contradicted_by is not None) == (SignalKind.ACTIVITY, 90, True)
    assert policy.ready.text == "interested AND priced"
    assert [t.to for t in policy.transitions] == ["Working - Contacted", "Closed - Not Converted"]
    assert policy.transitions[0].from_ == ("Open - Not Contacted",)
    assert policy.conversion.status == "Closed - Converted"
    assert policy.conversion.opportunity.close_in_days == 60
    assert policy.limits.share_of_open == 0.2
    assert policy.limits.stop_at_failures == 0.05
    assert policy.limits.plan_valid_hours == 72
    line = DEFAULT.splitlines()[policy.criteria["priced"].when.place.line - 1]
    assert "pricing_discussed OR pricing_talk" in line


def test_the_smallest_policy_has_defaults_for_the_rest() -> None:
    policy = load_policy_text(SMALL, "p.yaml", MAPPING)
    assert policy.scope.text == "NOT is_converted"
    assert policy.criteria["priced"].label == "Priced"
    assert (policy.transitions, policy.signals, policy.opportunity_checks) == ((), {}, {})
    assert policy.limits.conversions == 200
    assert policy.conversion.opportunity.create is None


def test_every_problem_is_told_at_once_in_the_order_of_lines() -> None:
    text = """policy: 5
scope: "NOT is_convertd"
foo: 1
signals:
  s1: {activity: "nope = 'x'", within: 3 months, field: "x"}
  s2: {activity: "nope = 'x'", within: 3 months}
criteria:
  a: "budget > '3'"
ready: "a AND b"
transitions:
  - {to: x, from: [x], when: "a"}
limits: {share_of_open: 0.2, canary: 1.5}
"""
    found = problems(text)
    assert [line.split(":")[1] for line in found] == ["1", "2", "3", "5", "6", "6", "8", "9", "11", "12", "12"]
    with pytest.raises(PolicyInvalid) as refused:
        load_policy_text(text, "p.yaml", MAPPING)
    assert str(refused.value).splitlines() == found
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "p.yaml:1: is empty"),
        ("- a", "p.yaml:1: starts with `policy:"),
        ("policy: [", "p.yaml:1: not valid YAML"),
        ("policy:\n\t- b", "p.yaml:2: not valid YAML"),
        ("policy: x\x00", "not valid YAML"),
        ("a: " + "[" * 1000, "nested too deeply"),
        ("x" * 1_000_001, "longer than 1,000,000"),
        (small("policy: again\n"), "p.yaml:5: 'policy' stands here twice, first in line 1"),
        (small("signals: {a: {field: budget > 1}, a: {field: budget > 2}}"), "'a' stands here twice"),
        (small("limits: &x {canary: 1}\nconversion: *x"), "`*alias` is not supported"),
        (small("signal: {}"), "unknown key 'signal' (did you mean signals?)"),
        (small("limits: {conversion: 5}"), "unknown key 'conversion' (did you mean conversions?)"),
        (small("limits: {share_of_open: 20}"), "needs a share (write it with a percent sign: 20%)"),
        (small("limits: {share_of_open: 101%}"), "101% is more than 100%"),
        (small("limits: {stop_at_failures: -5%}"), "needs a share"),
        (small("limits: {max_mirror_age: 24}"), "needs a time span (write it with its unit"),
        (small("limits: {plan_valid: 0 days}"), "out of range"),
        (small("limits: {canary: -1}"), "needs a whole number"),
        (small("limits: {canary: true}"), "needs a whole number"),
        (small("limits: 5"), "write it as `key: value` lines"),
        (small("transitions: {to: x}"), "write a list of"),
        (small("transitions: [{to: x}]"), "needs `to` and `when`"),
        (small("transitions: [{to: x, when: priced, from: [a, a]}]"), "'a' is listed twice"),
        (small("transitions: [{to: x, when: priced, from: []}]"), "the list is empty"),
        (small("conversion: {owner: bob}"), "'bob' is no user"),
        (small("conversion: {duplicates: maybe}"), "is one of hold, allow, reuse"),
        (small("conversion: {account: {match: [phone]}}"), "unknown way to match 'phone'"),
        (small("conversion: {account: {free_mail: [ann@mail.example]}}"), "'ann@mail.example' is no mail domain"),
        (small('conversion: {opportunity: {name: "{compny}"}}'), "{compny} is no mapped field of Lead"),
        (small('conversion: {opportunity: {name: "{company"}}'), "brace without its partner"),
        (small("conversion: {opportunity: {amount: company}}"), "must be a number"),
        (small("conversion: {opportunity: {create: 3}}"), "needs a SQL condition"),
        (small("conversion: {opportunity: {close_in_days: 60 days}}"), "needs a whole number"),
        (small("conversion: {notify_owner: sometimes}"), "is `true` or `false`"),
        (small("opportunity_checks: {x: pricing_discussed}"), "no known name for Opportunity"),
        (small("signals: {x: {}}"), "looks at exactly one of activity"),
        (small("signals: {x: {field: budget > 1, within: 3 days}}"), "a field has none"),
        (small("signals: {x: {opportunity: is_won, planned: true}}"), "for activities only"),
        (small("signals: {x: {activity: is_closed, within: 36 hours}}"), "needs whole days"),
        (small("signals: {budget: {activity: is_closed}}"), "a field of Lead has this name"),
        (small("signals: {priced: {activity: is_closed}}"), "a signal has this name"),
        (small("signals: {Big: {activity: is_closed}}"), "choose another name"),
        (small("signals: {select: {activity: is_closed}}"), "choose another name"),
        ("policy: x\nready: a", "`criteria:` is missing"),
        ("policy: x\ncriteria: {a: budget > 1}", "`ready:` is missing"),
        ("criteria: {a: budget > 1}\nready: a", "`policy:` is missing"),
        ("policy: x\ncriteria: {a: true}\nready: a", "needs a SQL condition (put it in quotes)"),
        ("policy: x\ncriteria: {a: {label: x}}\nready: a", "`when` is missing"),
        ("policy: x\ncriteria: {a: b, b: c, c: a}\nready: a", "refers to itself: a → b → c → a"),
        ("policy: x\ncriteria: {a: a}\nready: a", "refers to itself: a → a"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, says: str) -> None:
    assert any(says in problem for problem in problems(text)), problems(text)


def test_problems_never_come_without_their_line() -> None:
    assert one_problem(small("signals:\n  talk:\n    activity: |\n      matches(txt, 'a')\n")) == (
        "p.yaml:7: signal talk: uses txt, which is no known name for an activity (did you mean text?)"
    )


def test_a_criterion_may_use_others_in_any_order() -> None:
    policy = load_policy_text("policy: x\ncriteria: {a: b AND NOT c, b: c, c: budget > 1}\nready: a", "p", MAPPING)
    assert list(policy.criteria) == ["a", "b", "c"]


def test_never_and_always_making_an_opportunity() -> None:
    never = load_policy_text(small("conversion: {opportunity: {create: false}}"), "p", MAPPING)
    always = load_policy_text(small("conversion: {opportunity: {create: true}}"), "p", MAPPING)
    assert never.conversion.opportunity.create is not None
    assert always.conversion.opportunity.create is None


def test_mail_services_of_the_policy_are_kept_in_lower_case_and_in_order() -> None:
    own = load_policy_text(small("conversion: {account: {free_mail: [Uni.example, isp.example]}}"), "p", MAPPING)
    assert own.conversion.account.free_mail == ("isp.example", "uni.example")


def test_limits_can_be_lifted_by_null() -> None:
    limits = load_policy_text(
        small("limits: {conversions: null, share_of_open: null, plan_valid: null}"), "p", MAPPING
    ).limits
    assert (limits.conversions, limits.share_of_open, limits.plan_valid_hours) == (None, None, None)


def test_a_users_id_is_completed() -> None:
    policy = load_policy_text(small("conversion: {owner: '005000000000001', queue_owner: a@b.example}"), "p", MAPPING)
    assert (policy.conversion.owner, policy.conversion.queue_owner) == ("005000000000001AAA", "a@b.example")


def test_the_digest_is_of_the_meaning() -> None:
    base = load_policy_text(SMALL, "p.yaml", MAPPING).digest
    same = "# a comment\n\nready: priced\n\npolicy: small\ncriteria: {priced: 'pricing_discussed'}\n"
    assert load_policy_text(same, "other.yaml", MAPPING).digest == base
    assert load_policy_text(small("limits: {canary: 9}"), "p.yaml", MAPPING).digest != base
    assert load_policy_text(SMALL.replace("priced: p", "priced: NOT p"), "p.yaml", MAPPING).digest != base


def test_signals_need_their_objects_mapped() -> None:
    objects, _ = parse_mappings([("object: Lead\nfields: {budget: {field: Budget__c, type: currency}}", "lead.yaml")])
    lead_only = OrgMapping(objects=objects)
    for signal, says in [
        ("activity: is_closed", "neither Task nor Event is mapped"),
        ("opportunity: is_won", "Opportunity is not mapped"),
        ("history: changed(budget)", "LeadHistory is not mapped"),
    ]:
        text = f"policy: x\nsignals: {{s: {{{signal}}}}}\ncriteria: {{a: budget > 1}}\nready: a"
        _, found = read_policy(text, "p", lead_only)
        assert [says in str(problem) for problem in found] == [True]


def test_another_mapping_than_the_policy_was_loaded_with_is_noticed() -> None:
    policy = load_policy_text(SMALL, "p.yaml", MAPPING)
    objects, _ = parse_mappings([("object: Lead\nfields: {budget: {field: Budget__c, type: currency}}", "lead.yaml")])
    with pytest.raises(PolicyInvalid):
        compile_policy(policy, OrgMapping(objects=objects), NOW)


@settings(max_examples=examples(200), deadline=None)
@given(st.data())
def test_a_damaged_policy_is_read_or_refused_but_never_fails(data: st.DataObject) -> None:
    lines = DEFAULT.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    how = data.draw(st.sampled_from(["drop", "cut", "twice", "swap", "junk"]))
    match how:
        case "drop":
            del lines[at]
        case "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
        case "twice":
            lines.insert(at, lines[at])
        case "swap":
            lines[at], lines[-1] = lines[-1], lines[at]
        case _:
            lines[at] += data.draw(st.text("{}[]:,'\"#&*!|>%@ a1\t", max_size=4))
    policy, found = read_policy("\n".join(lines), "p.yaml", MAPPING)
    assert (policy is None) == bool(found)


@settings(max_examples=examples(200), deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_a_document_or_a_problem(text: str) -> None:
    block, found = read_document(text, "p.yaml")
    assert block is not None or found


def test_a_condition_may_be_folded_over_several_lines() -> None:
    text = "policy: p\ncriteria:\n  a: >-\n    budget > 5\n    AND decision_maker\nready: a\n"
    policy = load_policy_text(text, "policy.yaml", MAPPING)
    assert policy.criteria["a"].when.text == "budget > 5 AND decision_maker"

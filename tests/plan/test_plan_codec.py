from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_factories import decision, lead, plan

from sync.errors import PlanInvalid
from sync.plan.actions import Plan
from sync.plan.canonical import _spelt_out, canonical
from sync.plan.codec import decode
from sync.plan.document import content_id, encode, identified
from sync.policy.decision import Verdict
from sync.policy.schema import ConversionSettings, OpportunitySettings


def some_plan() -> Plan:
    rows = [lead(1), lead(2, company="Company 1"), lead(3, company=None), lead(4, status="Open - Not Contacted")]
    last = decision(rows[3], Verdict.BLOCKED, to="Working - Contacted")
    settings = ConversionSettings(opportunity=OpportunitySettings(stage="Qualification", close_in_days=30))
    return plan(rows, decisions=[*(decision(row, amount=99.5) for row in rows[:3]), last], conversion=settings)


def resealed(text: str, change: str, to: str) -> str:
    """The file with a change and the id that fits it."""
    assert change in text
    changed = text.replace(change, to, 1)
    old = json.loads(text)["plan_id"]
    body = json.loads(changed, parse_float=Decimal)
    return changed.replace(old, content_id({key: value for key, value in body.items() if key != "plan_id"}))


def test_a_plan_comes_back_from_its_file_as_it_was() -> None:
    made = some_plan()
    assert decode(encode(made)) == made


def test_the_file_has_the_keys_that_machines_rely_on() -> None:
    document = json.loads(encode(some_plan()))
    assert list(document) == [
        "plan_id",
        "format",
        "org_id",
        "created_at",
        "clock",
        "policy",
        "policy_digest",
        "mapping_digest",
        "mirror_watermark",
        "forecast",
        "counts",
        "remarks",
        "actions",
    ]
    update, first, _, blocked = document["actions"]
    common = {"key", "kind", "lead_id", "expects", "decision", "prediction"}
    assert set(update) == common | {"from", "to", "source"}
    assert set(first) == common | {"convert", "creates", "matches", "candidates", "losses"}
    assert {"status", "account", "contact", "opportunity", "owner"} <= set(first["convert"])
    assert document["forecast"].keys() == {"api_calls"}
    assert blocked["prediction"]["outcome"] == "blocked"
    assert set(blocked["prediction"]["blockers"][0]) == {"code", "field", "message", "fix"}


def test_no_person_is_named_in_a_plan() -> None:
    text = encode(
        plan([lead(1, description="call Ann at home", phone="+1 555 0100")], deciding=("description", "phone"))
    )
    for private in ("Person1", "p1@company1.example", "Ann", "555 0100"):
        assert private not in text


def test_layout_does_not_matter_to_the_id() -> None:
    made = some_plan()
    assert decode(json.dumps(json.loads(encode(made)), indent=4)) == made


@pytest.mark.parametrize(
    ("broken", "problem", "place"),
    [
        ("", "empty", "p.json"),
        (" \n", "empty", "p.json"),
        ("not json", "not JSON", "p.json:1"),
        ("[]", "not an object", "p.json"),
        ("{}", "lacks 'format'", "p.json"),
        ('{"format": 1}', "reads format 2", "p.json: format"),
        ('{"format": 3}', "reads format 2", "p.json: format"),
        ('{"format": 2}', "lacks 'plan_id'", "p.json"),
        ('{"format": 2, "format": 2}', "twice", "p.json"),
        ('{"format": NaN}', "NaN", "p.json"),
    ],
    ids=["empty", "blank", "text", "list", "no_keys", "older", "newer", "no_id", "repeated_key", "nan"],
)
def test_a_file_that_is_no_plan_is_refused_with_place_and_fix(broken, problem, place) -> None:
    with pytest.raises(PlanInvalid, match=problem) as refused:
        decode(broken, "p.json")
    assert refused.value.place == place
    assert refused.value.fix


@given(st.integers(min_value=1, max_value=len(encode(some_plan()).rstrip()) - 1))
def test_a_plan_cut_off_anywhere_is_refused(length: int) -> None:
    with pytest.raises(PlanInvalid, match=r"cut off|not JSON"):
        decode(encode(some_plan())[:length])


def test_a_plan_cut_off_between_two_actions_says_so() -> None:
    with pytest.raises(PlanInvalid, match="cut off"):
        decode(encode(some_plan()).rsplit(",\n", 1)[0])


def test_an_edited_plan_is_refused() -> None:
    edited = encode(some_plan()).replace("Qualification", "Closed Won", 1)
    with pytest.raises(PlanInvalid, match="no longer fits its plan_id") as refused:
        decode(edited)
    assert "leadgate plan" in str(refused.value.fix)


@pytest.mark.parametrize(
    ("change", "to", "problem", "place"),
    [
        ('"kind":"update_status"', '"kind":"delete_lead"', "doesn't know", "actions[0].kind"),
        ('"outcome":"blocked"', '"outcome":"perhaps"', "not one of", "actions[3].prediction.outcome"),
        ('"forced":false', '"forced":0', "neither true nor false", "actions[0].decision.forced"),
        ('"system_modstamp":"2026', '"system_modstamp":"x', "not a time", "actions[0].expects.system_modstamp"),
        ('"to":"Working - Contacted"', '"to":"Other"', "not the key", "actions[0].key"),
        ('"kind":"unmapped_field"', '"kind":"gone"', "no kind of loss", "actions[1].losses[0].kind"),
        ('"creates":[', '"creates":[1,', "is not text", "actions[1].creates[0]"),
        ('"evidence":[]', '"evidence":null', "is not a list", "actions[0].decision.evidence"),
    ],
)
def test_a_wrong_value_is_named_by_its_place(change, to, problem, place) -> None:
    text = resealed(encode(some_plan()), change, to)
    with pytest.raises(PlanInvalid, match=re.escape(problem)) as refused:
        decode(text, "p.json")
    assert refused.value.place == f"p.json: {place}"


def test_the_same_action_twice_is_refused() -> None:
    text = encode(some_plan())
    line = next(line for line in text.splitlines() if '"key"' in line)
    with pytest.raises(PlanInvalid, match="same action twice"):
        decode(resealed(text, line, f"{line}\n{line}"))


@given(st.dictionaries(st.text(max_size=4), st.one_of(st.none(), st.integers(), st.text(max_size=4)), max_size=4))
def test_any_json_object_is_refused_as_a_plan_and_never_crashes(document) -> None:
    with pytest.raises(PlanInvalid):
        decode(json.dumps(document))


NUMBERS = st.one_of(
    st.integers(), st.decimals(allow_nan=False, allow_infinity=False), st.none(), st.booleans(), st.text(max_size=5)
)


@given(st.recursive(NUMBERS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)))
def test_the_canonical_form_is_one_whichever_way_it_is_written(value) -> None:
    text = canonical(value)
    assert text == _spelt_out(value)
    assert canonical(json.loads(text, parse_float=Decimal)) == text


def test_numbers_are_written_without_exponent_or_trailing_zeros() -> None:
    numbers = {"0.0000001": "1E-7", "100": "1E+2", "12.5": "12.5000", "0": "-0", "0.1": "0.10"}
    assert {canonical(Decimal(text)) for text in numbers.values()} == set(numbers)


def test_the_plan_id_is_the_hash_of_the_whole_document_in_canonical_form() -> None:
    made = some_plan()
    document = json.loads(encode(made), parse_float=Decimal)
    assert made.plan_id == content_id({name: value for name, value in document.items() if name != "plan_id"})


def test_a_file_that_was_only_laid_out_anew_is_still_the_plan() -> None:
    made = some_plan()
    assert decode(json.dumps(json.loads(encode(made), parse_float=Decimal), indent=4, default=float)) == made


def test_a_plan_changed_in_memory_is_written_as_it_is_now() -> None:
    made = some_plan()
    fewer = identified(replace(made, actions=made.actions[:1]))
    assert decode(encode(fewer)).actions == made.actions[:1]
    assert encode(replace(made, actions=made.actions[:1])).count('"lead_id"') == 1

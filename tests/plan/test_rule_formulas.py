from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sync.mockorg.formula import FormulaError, evaluate
from sync.mockorg.formula import Scope as MockScope
from sync.mockorg.formula import parse_formula as mock_formula
from sync.plan.formula import FormulaUnreadable, Scope, parse_formula, verdict
from sync.plan.formula.tree import Call, Literal, Name, Node, written
from sync.plan.formula.values import FILLED, UNKNOWN, Seen

TOLD: dict[str, Any] = YAML(typ="safe", pure=True).load(Path(__file__).with_name("rule_formulas.yaml"))
DAY = date(2026, 5, 1)
RECORD: dict[str, Seen] = {
    **{name: Decimal(value) if type(value) is int else value for name, value in TOLD["record"].items()},
    "Budget__c": None,
    "Due__c": None,
    "Themes__c": "",
    "Hidden__c": UNKNOWN,
    "Filled__c": FILLED,
    "OwnerId": "005000000000001AAA",
}


def scope(record: Mapping[str, Seen], *, status_before: str = "Open", is_new: bool = False) -> Scope:
    after = {name.lower(): value for name, value in record.items()}
    before = {**after, "status": status_before}
    return Scope(
        after=lambda name: after.get(name, UNKNOWN),
        before=lambda name: before.get(name, UNKNOWN),
        changed=lambda name: name == "status",
        is_new=is_new,
        days=(date(2026, 4, 30), DAY, date(2026, 5, 2)),
    )


@pytest.mark.parametrize(("text", "expected"), TOLD["cases"], ids=str)
def test_a_formula_is_true_false_or_can_not_be_told(text: str, expected: object) -> None:
    told = verdict(parse_formula(text), scope(RECORD))

    assert told.holds is expected
    assert bool(told.because) is (expected is None)


@pytest.mark.parametrize("text", TOLD["unreadable"])
def test_what_is_no_formula_is_said_with_its_place(text: str) -> None:
    with pytest.raises(FormulaUnreadable, match=r"position \d+|escape"):
        parse_formula(text)


@pytest.mark.parametrize("text", ["(" * 60 + "1" + ")" * 60, "1" + " + 1" * 200, "x" * 30_000, "!" * 500 + "TRUE"])
def test_a_formula_of_monstrous_size_is_refused_and_nothing_breaks(text: str) -> None:
    with pytest.raises(FormulaUnreadable):
        parse_formula(text)


def test_what_could_not_be_told_is_named() -> None:
    told = verdict(parse_formula("AND(ISBLANK(Hidden__c), Owner.Name = 'x', FOO(Company))"), scope(RECORD))

    assert told.because == ("Hidden__c", "Owner.Name", "FOO()")


def test_a_new_record_has_changed_nothing_and_its_prior_value_is_its_own() -> None:
    formula = parse_formula("AND(ISNEW(), NOT(ISCHANGED(Status)), ISPICKVAL(PRIORVALUE(Status), 'Working'))")

    assert verdict(formula, scope(RECORD, status_before="Working", is_new=True)).holds is True


@given(st.text(max_size=60))
def test_any_text_is_a_formula_or_is_refused(text: str) -> None:
    try:
        formula = parse_formula(text)
    except FormulaUnreadable:
        return
    verdict(formula, scope(RECORD))


TEXTS = ("Title", "Company", "Zip__c")
NUMBERS = ("NumberOfEmployees", "Budget__c")
PICKS = ("Status",)
words = st.sampled_from(["", "a", "b", "ab", "a b", "Acme", "acme", "Open", "12", 'it\'s "x"\\y\n', "ß"])


def call(function: str, *arguments: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.tuples(*arguments).map(lambda given: Call(function, given))


def any_of(names: tuple[str, ...]) -> st.SearchStrategy[Node]:
    return st.sampled_from(names).map(Name)


literal_text: st.SearchStrategy[Node] = words.map(Literal)
literal_number: st.SearchStrategy[Node] = st.integers(0, 40).map(lambda n: Literal(Decimal(n) / 2))
small: st.SearchStrategy[Node] = st.integers(0, 4).map(lambda n: Literal(Decimal(n)))
text_nodes: st.SearchStrategy[Node] = st.recursive(
    literal_text | any_of(TEXTS),
    lambda inner: st.one_of(
        call("&", inner, inner),
        call("LEFT", inner, small),
        call("RIGHT", inner, small),
        call("MID", inner, small, small),
        call("TRIM", inner),
        call("UPPER", inner),
        call("LOWER", inner),
        call("SUBSTITUTE", inner, literal_text, inner),
        call("BLANKVALUE", inner, inner),
        call("TEXT", any_of(PICKS)),
    ),
    max_leaves=4,
)
number_nodes: st.SearchStrategy[Node] = st.recursive(
    literal_number | any_of(NUMBERS),
    lambda inner: st.one_of(
        *(call(sign, inner, inner) for sign in "+-*/"),
        call("-", inner),
        call("ABS", inner),
        call("MAX", inner, inner),
        call("MIN", inner, inner),
        call("ROUND", inner, st.just(Literal(Decimal(0)))),
        call("LEN", text_nodes),
        call("FIND", literal_text, text_nodes),
        call("VALUE", text_nodes),
        call("CASE", any_of(PICKS), literal_text, inner, literal_text, inner, inner),
    ),
    max_leaves=4,
)
signs = ["=", "<>", "<", "<=", ">", ">="]
truths: st.SearchStrategy[Node] = st.recursive(
    st.one_of(
        st.sampled_from([*map(Literal, (True, False)), Name("Hot__c"), Call("ISNEW", ())]),
        *(call(sign, number_nodes, number_nodes) for sign in signs),
        *(call(sign, text_nodes, text_nodes) for sign in signs[:2]),
        call("ISBLANK", text_nodes | number_nodes),
        call("ISNULL", number_nodes),
        call("CONTAINS", text_nodes, text_nodes),
        call("BEGINS", text_nodes, literal_text),
        call("ISNUMBER", text_nodes),
        call("ISPICKVAL", any_of(PICKS), literal_text),
        call("ISCHANGED", any_of((*TEXTS, *PICKS))),
        call("ISPICKVAL", call("PRIORVALUE", any_of(PICKS)), literal_text),
        call("INCLUDES", any_of(("Themes__c",)), literal_text),
        call("REGEX", text_nodes, st.sampled_from(["a+", "[a-c ]*", "\\d{2}", ".{1,3}"]).map(Literal)),
    ),
    lambda inner: st.one_of(
        call("NOT", inner),
        call("AND", inner, inner, inner),
        call("OR", inner, inner),
        call("IF", inner, inner, inner),
    ),
    max_leaves=5,
)
fields = st.fixed_dictionaries(
    {
        **dict.fromkeys((*TEXTS, *PICKS), words),
        **{name: st.none() | st.integers(-3, 40).map(lambda n: Decimal(n) / 2) for name in NUMBERS},
        "Hot__c": st.booleans(),
        "Themes__c": st.sampled_from(["", "a", "a;b", "ab"]),
    }
)


@given(truths)
def test_a_tree_is_read_again_from_its_own_text(tree: Node) -> None:
    assert parse_formula(written(tree)).tree == tree


@given(truths, fields, words, st.sampled_from(["insert", "update"]))
def test_what_is_sure_here_an_independent_reading_confirms(
    tree: Node, record: dict[str, Seen], before: str, saving: str
) -> None:
    """The mock org reads and evaluates the same text with a grammar and functions of its own."""
    text, is_new = written(tree), saving == "insert"
    before = str(record["Status"]) if is_new else before

    told = verdict(parse_formula(text), changing(record, before, is_new=is_new))

    if told.holds is not None:
        assert as_the_mock_org_has_it(text, record, before, is_new=is_new) is told.holds


def changing(record: Mapping[str, Seen], before: str, *, is_new: bool) -> Scope:
    plain = scope(record, status_before=before, is_new=is_new)
    return Scope(
        after=plain.after,
        before=plain.before,
        changed=lambda name: name == "status" and record["Status"] != before,
        is_new=is_new,
        days=plain.days,
    )


def as_the_mock_org_has_it(text: str, record: Mapping[str, Seen], before: str, *, is_new: bool) -> bool:
    def lookup(path: tuple[str, ...], *, prior: bool = False) -> Any:
        value: Any = before if prior and path == ("Status",) else record[path[0]]
        return float(value) if isinstance(value, Decimal) else value or (None if value == "" else value)

    now = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    try:
        return evaluate(mock_formula(text), MockScope(lookup=lookup, is_new=is_new, now=now)) is True
    except FormulaError:
        reject()  # it knows no value for a part that doesn't matter here, as the greatest of a blank

# ruff: noqa: S608 -- the SQL is what the test is about
from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_expressions import condition, lead_values, number_value
from policy_mirror import MAPPING, NOW, Mirror, lead
from sizes import examples

from sync.model import Value
from sync.policy.emit import emit, quoted
from sync.policy.evaluate import evaluate
from sync.policy.expression import parse_condition, parse_value
from sync.policy.places import lead_names
from sync.policy.schema import Expression, Place


@pytest.fixture(scope="module")
def mirror() -> Mirror:
    return Mirror()


def both(mirror: Mirror, text: str, values: dict[str, Value], *, number: bool = False) -> tuple[object, object]:
    read = parse_value if number else parse_condition
    tree, problems = read(Expression(text, Place("p", 1)), lead_names(MAPPING), what="test")
    assert tree is not None, problems
    mirror.db.execute("BEGIN")
    try:
        mirror.add("lead", lead(**values))
        sql = emit(tree, resolve=lambda name: quoted(name.name), now=NOW)
        found = mirror.db.execute(f"SELECT {sql} FROM lead").fetchone()
    finally:
        mirror.db.execute("ROLLBACK")
    assert found is not None
    return found[0], evaluate(tree, look=lambda name: values[name.name], now=NOW)


@settings(max_examples=examples(250), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(condition, lead_values)
def test_python_and_duckdb_agree_on_every_condition(mirror: Mirror, text: str, values: dict[str, Value]) -> None:
    in_duckdb, in_python = both(mirror, text, values)
    assert in_duckdb is in_python, (text, values)


@settings(max_examples=examples(150), deadline=None)
@given(number_value, lead_values)
def test_python_and_duckdb_agree_on_every_number(mirror: Mirror, text: str, values: dict[str, Value]) -> None:
    in_duckdb, in_python = both(mirror, text, values, number=True)
    if in_duckdb is None or in_python is None:
        assert in_duckdb is in_python, (text, values)
    else:
        assert float(in_duckdb) == pytest.approx(float(in_python), nan_ok=True), (text, values)  # type: ignore[arg-type]


@given(st.text(max_size=20))
@settings(max_examples=examples(100), deadline=None)
def test_lower_case_of_any_text_is_duckdbs(mirror: Mirror, text: str) -> None:
    values: dict[str, Value] = {"title": text or None, "company": "x"}
    in_duckdb, in_python = both(mirror, "length(lower(title)) = length(title) AND contains(title, 'Σ')", values)
    assert in_duckdb is in_python

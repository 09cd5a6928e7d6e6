from __future__ import annotations

from pathlib import Path

import duckdb
from policy_mirror import MAPPING, compiled

from sync.policy.case_reader import load_cases
from sync.policy.cases import case_lead_id, case_rows, case_schema_sql, differences
from sync.policy.compile import CompiledPolicy, compile_parsed
from sync.policy.coverage import coverage
from sync.policy.decision import Decision
from sync.policy.emit import quoted
from sync.policy.mutation import mutants

ROOT = Path(__file__).parents[2]
SMALL = """
policy: p
signals:
  talk: {activity: "kind IN ('call', 'email') AND is_closed", within: 9 days, contradicted_by: "contains(text, 'no')"}
criteria: {a: "budget >= 10 OR NOT talk", b: "number_of_employees BETWEEN 1 AND 5"}
ready: a AND b
"""


def test_every_rule_gets_its_mistakes() -> None:
    said = [mutant.what for mutant in mutants(compiled(SMALL).parsed)]
    assert said == [
        "scope: without NOT",
        "signal talk: turned round",
        "signal talk: OR instead of AND",
        "signal talk: without part 1 of an AND",
        "signal talk: without part 2 of an AND",
        "signal talk: IN without 'call'",
        "signal talk: IN without 'email'",
        "signal talk: without `within`",
        "signal talk: without `contradicted_by`",
        "signal talk: contradicted_by: turned round",
        "criterion a: turned round",
        "criterion a: AND instead of OR",
        "criterion a: without part 1 of an OR",
        "criterion a: without part 2 of an OR",
        "criterion a: > instead of >=",
        "criterion a: without NOT",
        "criterion b: turned round",
        "criterion b: BETWEEN without its lower bound",
        "criterion b: BETWEEN without its upper bound",
        "ready: turned round",
        "ready: OR instead of AND",
        "ready: without part 1 of an AND",
        "ready: without part 2 of an AND",
    ]


def test_every_mutant_compiles_to_another_query() -> None:
    policy = compiled(SMALL)
    queries = [compile_parsed(mutant.parsed, MAPPING, policy.now).decide_sql for mutant in mutants(policy.parsed)]
    assert policy.decide_sql not in queries
    assert len(set(queries)) == len(queries)


def decided(db: duckdb.DuckDBPyConnection, policy: CompiledPolicy) -> dict[str, Decision]:
    return {d.lead_id: d for d in map(policy.decision, db.execute(policy.decide_sql).fetchall())}


def test_the_cases_of_the_default_policy_cover_it_and_notice_mistakes() -> None:
    policy = compiled((ROOT / "config" / "readiness.yaml").read_text("utf-8"))
    file = Path(__file__).parent / "cases" / "decisions" / "readiness.yaml"
    cases = load_cases(file.read_text("utf-8"), file.name, policy.policy, MAPPING)
    db = duckdb.connect(config={"enable_external_access": "false", "threads": "1"})
    for statement in case_schema_sql(MAPPING):
        db.execute(statement)
    for number, case in enumerate(cases):
        for relation, rows in case_rows(case, number).items():
            for row in rows:
                values = [value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value for value in row.values()]
                marks = ", ".join("?" * len(row))
                db.execute(f"INSERT INTO {relation} ({', '.join(map(quoted, row))}) VALUES ({marks})", values)  # noqa: S608 -- our own columns
    seen = coverage(policy.policy, decided(db, policy).values())
    assert seen.missing == ()
    assert seen.share == 1.0
    survivors = []
    for mutant in mutants(policy.parsed):
        after = decided(db, compile_parsed(mutant.parsed, MAPPING, policy.now))
        if not any(differences(case, after[case_lead_id(number)]) for number, case in enumerate(cases)):
            survivors.append(mutant.what)
    assert survivors == EQUIVALENT


EQUIVALENT = [
    "scope: without part 1 of an AND",
]
"""Mistakes that change nothing: a converted lead is never in scope, whatever the scope says."""


def test_what_no_case_tries_is_named() -> None:
    policy = compiled(SMALL)
    assert "criterion a: never not met" in coverage(policy.policy, []).missing
    assert coverage(policy.policy, []).share == 0

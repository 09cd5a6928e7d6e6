"""The shipped policies, decided case by case on an in-memory database."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from policy_mirror import MAPPING, NOW, compiled

from sync.policy.case_reader import load_cases
from sync.policy.cases import Case, case_lead_id, case_rows, case_schema_sql, differences
from sync.policy.compile import CompiledPolicy, compile_policy
from sync.policy.emit import quoted
from sync.policy.lint import OrgWords, lint_policy
from sync.policy.loader import load_policy_text

ROOT = Path(__file__).parents[2]
PACKS = sorted((ROOT / "sync" / "policy" / "packs").glob("*.yaml"))
DEFAULT = ROOT / "config" / "readiness.yaml"
DECISIONS = sorted((Path(__file__).parent / "cases" / "decisions").glob("*.yaml"))
STATUSES = ["Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"]
ORG = OrgWords(
    statuses=STATUSES,
    converted_statuses=["Closed - Converted"],
    stages=["Prospecting", "Qualification", "Closed Won"],
    closed_stages={"Closed Won"},
    picklists={"lead": {"priority": ["High", "Medium", "Low"]}},
)


def pack(name: str) -> CompiledPolicy:
    file = DEFAULT if name == "readiness" else ROOT / "sync" / "policy" / "packs" / f"{name}.yaml"
    return compiled(file.read_text("utf-8"))


def all_cases() -> list[tuple[str, int, Case]]:
    found = []
    for file in DECISIONS:
        cases = load_cases(file.read_text("utf-8"), file.name, pack(file.stem).policy, MAPPING)
        found += [(file.stem, number, case) for number, case in enumerate(cases)]
    return found


CASES = all_cases()


@pytest.mark.parametrize(("name", "number", "case"), CASES, ids=[f"{name}: {case.name}" for name, _, case in CASES])
def test_the_policy_decides_as_the_case_says(name: str, number: int, case: Case) -> None:
    policy = compile_policy(pack(name).policy, MAPPING, case.now)
    db = duckdb.connect(config={"enable_external_access": "false", "threads": "1"})
    for statement in case_schema_sql(MAPPING):
        db.execute(statement)
    for relation, rows in case_rows(case, number).items():
        for row in rows:
            values = [value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value for value in row.values()]
            marks = ", ".join("?" * len(row))
            db.execute(f"INSERT INTO {relation} ({', '.join(map(quoted, row))}) VALUES ({marks})", values)  # noqa: S608 -- our own columns
    [row] = db.execute(policy.decide_some_sql, [[case_lead_id(number)]]).fetchall()
    assert differences(case, policy.decision(row)) == ()


@pytest.mark.parametrize("file", [*PACKS, DEFAULT], ids=lambda file: file.stem)
def test_a_shipped_policy_is_understood_and_fits_the_default_org(file: Path) -> None:
    policy = compiled(file.read_text("utf-8"))
    result = lint_policy(policy.parsed, ORG)
    assert result.errors == ()
    assert result.warnings == ()


def test_every_pack_is_there_and_named_after_its_file() -> None:
    names = {file.stem for file in PACKS}
    assert names == {"interest-shown", "meeting-agreed", "pricing-discussed", "bant", "champ"}
    assert {load_policy_text(file.read_text("utf-8"), file.name, MAPPING).name for file in PACKS} == names


def test_the_default_policy_is_the_pack_pricing_discussed() -> None:
    assert DEFAULT.read_text("utf-8") == (ROOT / "sync/policy/packs/pricing-discussed.yaml").read_text("utf-8")


def test_every_pack_has_cases() -> None:
    assert {file.stem for file in DECISIONS} == {"readiness", "bant", "champ", "meeting-agreed", "interest-shown"}
    assert CASES[0][2].now == NOW

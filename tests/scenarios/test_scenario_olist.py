"""A real funnel of 8,000 leads, through the command line: what is converted is what an independent rule selects.

The data set (Marketing Funnel by Olist) is no part of this project: LEADGATE_OLIST names the folder where it lies.
"""

from __future__ import annotations

import csv
import importlib.util
import os
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from scenario_desk import REPOSITORY, run

from sync.mockorg import MockOrg

pytestmark = pytest.mark.slow

DATA = Path(os.environ.get("LEADGATE_OLIST", REPOSITORY.parent / "shared" / "data" / "olist-marketing-funnel"))
SCRIPT = REPOSITORY / "benchmarks" / "olist.py"


@pytest.fixture
def olist() -> ModuleType:
    spec = importlib.util.spec_from_file_location("olist_for_the_chain", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not DATA.is_dir(), reason="the data set isn't here; LEADGATE_OLIST names its folder")
def test_exactly_the_leads_that_the_rule_selects_are_converted(olist: ModuleType, tmp_path: Path) -> None:
    olist.main([str(DATA), str(tmp_path), "--expected", str(tmp_path / "expected.csv")])
    with (tmp_path / "expected.csv").open(encoding="utf-8", newline="") as file:
        expected = {row["mql_id"]: float(row["amount"]) if row["amount"] else None for row in csv.DictReader(file)}
    assert expected
    work = tmp_path / "work"
    mock = MockOrg(data=tmp_path / "data", seed=1)
    leads = mock.org.schema.object("Lead")
    with mock.in_process():
        (work / ".env").write_text(
            f"LEADGATE_INSTANCE_URL={mock.instance_url}\nLEADGATE_ACCESS_TOKEN={mock.login()}\n", encoding="utf-8"
        )
        pulled = run("pull", "--json", folder=work).expect(0).document
        assert pulled["objects"]["Lead"]["received"] == 8000
        checked = run("check", "--list", "ready", "--json", folder=work).expect(0).document
        keys = {str(row["Id"]): str(row["MQL_Id__c"]) for row in mock.org.store.rows_where(leads, {})}
        assert {keys[lead["lead_id"]] for lead in checked["leads"]} == set(expected)
        plan = run("plan", "-o", "plan.json", "--json", folder=work).expect(0).document
        assert plan["counts"]["predicted_blocked"] == 0
        applied = run("apply", "plan.json", "--yes", "--json", folder=work).expect(0).document
        report = run("report", "--json", folder=work).expect(0).document
        audit = run("audit", "--json", folder=work).expect(0).document
        again = run("apply", "plan.json", "--yes", "--json", folder=work).expect(0).document

    rows = {str(row["MQL_Id__c"]): row for row in mock.org.store.rows_where(leads, {})}
    converted = {key: row for key, row in rows.items() if row["IsConverted"]}
    assert set(converted) == set(expected)
    opportunities = {
        str(row["Id"]): row for row in mock.org.store.rows_where(mock.org.schema.object("Opportunity"), {})
    }
    assert len(opportunities) == sum(amount is not None for amount in expected.values())
    for key, amount in expected.items():
        made = converted[key]["ConvertedOpportunityId"]
        assert (None if made is None else float(opportunities[made]["Amount"])) == amount

    outcomes = applied["outcomes"]
    assert outcomes["applied"] == applied["planned"] == len(expected)
    assert again["outcomes"]["already_applied"] == len(expected)

    # the run accounts for all 8,000: what was decided of each lead, and what became of each action
    counts = plan["counts"]
    assert counts["leads"] == counts["ready"] + counts["blocked"] + counts["out_of_scope"] == 8000
    assert report["outcomes"] == outcomes
    assert report["adds_up"] is True
    assert report["counts"]["leads"] == 8000
    started = next(e for e in audit["events"] if e["kind"] == "run" and e["state"] == "started")
    evidence = started["evidence"]
    assert int(evidence["ready"]) + int(evidence["blocked"]) + int(evidence["out_of_scope"]) == 8000
    assert int(evidence["ready"]) == int(evidence["planned"]) + int(evidence["predicted_blocked"])
    states = Counter(e["state"] for e in audit["events"] if e["kind"] == "convert_lead")
    assert states == {"intended": len(expected), "applied": len(expected)}
    assert audit["chain"] == "intact"

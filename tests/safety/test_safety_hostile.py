from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from hostile import HOSTILE, LONG
from safety_desk import Desk, Said

from sync.mapping import load_mapping
from sync.mirror.pull.pages import write_page
from sync.mirror.store import Mirror
from sync.plan.expects import digest, same_value

pytestmark = pytest.mark.slow

OBEYED = {chr(c) for c in (*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0))} | set(
    "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""Characters that a terminal, or the order of text on it, obeys."""


@pytest.fixture
def attacked(desk: Desk) -> dict[str, str]:
    """Leads, ready ones first, each with one hostile text wherever text may stand: kind → lead id."""
    convertible = sorted(desk.world.convertible)
    others = [lead for lead, row in sorted(desk.rows("Lead").items()) if not row["IsConverted"]]
    leads = dict(zip(HOSTILE, dict.fromkeys([*convertible, *others]), strict=False))
    for kind, lead in leads.items():
        text = HOSTILE[kind]
        desk.edit(
            "Lead", lead, Company=text, LastName=text[:80], FirstName=text[:40], Title=text[:80], Description=LONG
        )
        desk.create(
            "Task", WhoId=lead, Subject=text, Description=f"about pricing: {text}\n{LONG[:31000]}", Status="Completed"
        )
    return leads


def held(desk: Desk, leads: dict[str, str]) -> dict[str, dict[str, object]]:
    with Mirror.open(desk.state / "mirror.duckdb", load_mapping(desk.folder / "mappings")) as mirror:
        rows = {str(row["id"]): dict(row) for row in mirror.rows("lead", list(leads.values()))}
    return {kind: rows[lead] for kind, lead in leads.items()}


def obeyed(said: Said) -> set[str]:
    return set(said.text) & OBEYED


@pytest.fixture(params=["composite", "rest", "bulk"])
def route(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Makes small objects take the way of large ones."""
    if request.param != "composite":
        for module in ("run", "reading"):
            monkeypatch.setattr(f"sync.mirror.pull.{module}.PAGE", 1)
        monkeypatch.setattr("sync.mirror.pull.reading.FOR_BULK", 0 if request.param == "bulk" else 10**9)
    return str(request.param)


def test_the_mirror_holds_hostile_texts_as_the_org_does_by_every_route(
    desk: Desk, attacked: dict[str, str], route: str
) -> None:
    pulled = desk.json("pull")
    assert pulled["objects"]["Lead"]["route"] == route
    in_org = desk.rows("Lead")
    for kind, row in held(desk, attacked).items():
        if kind == "nul" and route == "bulk":
            continue  # the mock org's own CSV ends a value there
        for ours, theirs in (("company", "Company"), ("last_name", "LastName"), ("description", "Description")):
            if ours in row:
                assert row[ours] == str(in_org[attacked[kind]][theirs]).replace("\0", ""), f"{kind}: {theirs}"


def test_the_whole_chain_shows_hostile_texts_and_obeys_none(
    desk: Desk, attacked: dict[str, str], tmp_path: Path
) -> None:
    plan, checked, reported = tmp_path / "plan.json", tmp_path / "checked.csv", tmp_path / "report.csv"
    said = [
        desk.run("pull"),
        desk.run("check", "--list", "all", "--csv", str(checked)),
        *(desk.run("explain", lead) for lead in attacked.values()),
        desk.run("plan", "-o", str(plan), "--rows", "1000"),
        desk.run("apply", str(plan), "--yes", "--max-failures", "100%", codes=(0, 4)),
        desk.run("audit"),
        desk.run("report", "--csv", str(reported)),
        desk.run("forget", *list(attacked.values())[:2], "--yes"),
    ]
    for one in said:
        assert not obeyed(one)
    for file in (checked, reported):
        with file.open(newline="", encoding="utf-8") as opened:
            cells = [cell for row in csv.reader(opened) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "-", "\t", "\r"))]


def test_json_for_machines_keeps_the_text_and_escapes_what_a_terminal_obeys(
    desk: Desk, attacked: dict[str, str]
) -> None:
    desk.run("pull")
    for kind, lead in attacked.items():
        said = desk.run("explain", lead, "--json")
        assert not obeyed(said)
        quotes = json.dumps(said.document, ensure_ascii=False)
        assert "verdict" in quotes, kind


def test_hostile_companies_are_converted_once_each_under_their_own_names(
    desk: Desk, attacked: dict[str, str], tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    desk.run("pull")
    planned = desk.json("plan", "-o", str(plan))
    actions = {a["lead_id"]: a for a in planned["actions"] if a["kind"] == "convert_lead"}
    applied = desk.json("apply", str(plan), "--yes", "--max-failures", "100%", codes=(0, 4))
    results = {r["lead_id"]: r for r in applied["leads"] if r["kind"] == "convert_lead"}
    opportunities, accounts = desk.rows("Opportunity"), desk.rows("Account")
    done = 0
    for kind, lead in attacked.items():
        action = actions.get(lead)
        if lead not in desk.world.convertible or action is None or action["prediction"]["outcome"] != "will_succeed":
            continue
        result = results[lead]
        assert result["outcome"] == "applied", f"{kind}: {result}"
        done += 1
        assert accounts[result["account_id"]]["Name"], kind
        if "Opportunity" in action["creates"]:
            shown = HOSTILE[kind].replace("\0", "")
            name = re.sub(r"[\x01-\x1f\x7f-\x9f]+", " ", shown)[:120].strip()
            assert opportunities[result["opportunity_id"]]["Name"] == name, kind
    assert done >= 10
    again = desk.json("apply", str(plan), "--yes", "--max-failures", "100%", codes=(0, 4))
    assert again["outcomes"]["applied"] == 0


def test_halves_of_a_pair_and_nulls_in_an_answer_are_taken_in(tmp_path: Path) -> None:
    page = write_page(tmp_path / "lead-00000.csv", ["Id", "Company"], [{"Id": "1", "Company": "a\ud83d\0b"}])
    assert page.files[0].read_bytes() == b'"Id","Company"\n"1","a?b"\n'


def test_a_lead_with_nulls_or_halves_of_a_pair_is_the_same_lead_at_apply() -> None:
    assert same_value(digest("00Q", "a?b"), "a\ud83d\0b", "00Q")

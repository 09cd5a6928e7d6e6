# ruff: noqa: S608 -- file names are of this test's own folder
"""On worlds whose truth is known, a backtest counts what a plain count over the generated files gives.

leadforge (PyPI) makes the worlds: leads, sales activities, opportunities and how they ended. They go through the mock
org and a pull like any org's records; the count below reads the generated files and knows nothing of leadgate.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sync.cli.main import main
from sync.mockorg import MockOrg
from sync.mockorg.seed.org_file import org_yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FIRST, LAST = date(2024, 1, 1), date(2024, 4, 30)
POLICIES = {
    "demo-lately": """\
policy: demo-lately
scope: "NOT is_converted AND status <> 'Closed - Not Converted'"
signals:
  demo: {activity: "contains(description, 'demo_completed')", within: 10 days,
         contradicted_by: "contains(description, 'no_answer')"}
criteria: {shown: "demo"}
ready: "shown"
""",
    "met": """\
policy: met
scope: "NOT is_converted"
signals: {meeting: {activity: "subject = 'meeting' AND description = 'connected'"}}
criteria: {met: "meeting AND days_since(created_at) >= 7"}
ready: "met"
""",
}
Row = Mapping[str, Any]


def generated(folder: Path, seed: int, leads: int) -> dict[str, list[Row]]:
    """The tables of a new world.

    Skips the test where leadforge is missing.
    """
    peers = Path(os.environ.get("LEADGATE_PEERS") or Path.home() / ".cache" / "leadgate-peers")
    program = peers / "leadforge" / "bin" / "leadforge"
    if not program.is_file():
        pytest.skip(f"no leadforge in {peers}: run .ci/install-peers")
    subprocess.run(  # noqa: S603 -- the pinned program of .ci/install-peers
        [program, "generate", "--recipe", "b2b_saas_procurement_v1", "--mode", "research_instructor", "--seed",
         str(seed), "--n-leads", str(leads), "--out", folder],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    tables = {}
    with duckdb.connect() as db:
        for name in ("leads", "sales_activities", "opportunities"):
            found = db.execute(f"SELECT * FROM '{folder / 'tables' / name}.parquet'")
            columns = [column[0] for column in found.description or ()]
            tables[name] = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    return tables


class World:
    """A generated world with times: its dates are days, so leads come at 8, calls from noon on, conversions at 18."""

    def __init__(self, tables: Mapping[str, list[Row]]) -> None:
        self.leads = {row["lead_id"]: _at(row["lead_created_at"], 8) for row in tables["leads"]}
        self.source = {row["lead_id"]: row["lead_source"] for row in tables["leads"]}
        self.deals = {row["lead_id"]: row for row in tables["opportunities"]}
        self.converted = {lead: _at(row["created_at"], 18) for lead, row in self.deals.items()}
        self.calls: dict[str, list[tuple[datetime, str, str]]] = defaultdict(list)
        for row in sorted(tables["sales_activities"], key=lambda row: row["activity_id"]):
            each = self.calls[row["lead_id"]]
            at = _at(row["activity_timestamp"], 12) + timedelta(minutes=len(each) % 60)
            each.append((at, row["activity_type"], row["activity_outcome"]))
        lost = {row["lead_id"] for row in tables["leads"] if row["current_stage"] == "closed_lost"}
        self.turned_down = {
            lead: max((at for at, _, _ in self.calls[lead]), default=self.leads[lead]) + timedelta(hours=1)
            for lead in sorted(lost - self.converted.keys())
        }


def _at(day: str, hour: int) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(hour), UTC)


def _shown(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def write_org(world: World, folder: Path) -> None:
    """The world as the files that the mock org loads: an org that has converted its leads, and kept its history."""
    folder.mkdir()
    (folder / "org.yaml").write_text(org_yaml(), encoding="utf-8")
    rows: dict[str, list[dict[str, object]]] = defaultdict(list)

    def history(lead: str, at: datetime, field: str, old: str = "", new: str = "") -> None:
        rows["LeadHistory"].append(
            {"Id": f"h{len(rows['LeadHistory'])}", "LeadId": lead, "Field": field, "OldValue": old, "NewValue": new,
             "CreatedDate": _shown(at)}
        )  # fmt: skip

    for lead, created in world.leads.items():
        row: dict[str, object] = {
            "Id": lead, "LastName": lead, "Company": lead, "LeadSource": "", "Status": "Working - Contacted",
            "IsConverted": "false", "CreatedDate": _shown(created), "SystemModstamp": _shown(created),
        }  # fmt: skip
        history(lead, created, "created")
        done = world.converted.get(lead)
        if done is not None:
            deal = world.deals[lead]
            account, contact, opportunity = f"a-{lead}", f"c-{lead}", f"o-{lead}"
            stamps = {"CreatedDate": _shown(done), "SystemModstamp": _shown(done)}
            row |= {"Status": "Closed - Converted", "IsConverted": "true", "ConvertedDate": done.date().isoformat()}
            row |= {"ConvertedAccountId": account, "ConvertedContactId": contact}
            row |= {"ConvertedOpportunityId": opportunity, "SystemModstamp": _shown(done)}
            rows["Account"].append({"Id": account, "Name": lead, **stamps})
            rows["Contact"].append({"Id": contact, "AccountId": account, "LastName": lead, **stamps})
            won, closed = deal["close_outcome"] == "closed_won", deal["close_outcome"] is not None
            stage = ("Closed Won" if won else "Closed Lost") if closed else "Qualification"
            rows["Opportunity"].append(
                {"Id": opportunity, "Name": lead, "AccountId": account, "StageName": stage, "IsClosed": closed,
                 "IsWon": won, "Amount": deal["estimated_acv"], "CloseDate": "2024-12-31", **stamps}
            )  # fmt: skip
            history(lead, done, "Status", "Working - Contacted", "Closed - Converted")
            history(lead, done, "leadConverted")
        elif lead in world.turned_down:
            row["Status"] = "Closed - Not Converted"
            row["SystemModstamp"] = _shown(world.turned_down[lead])
            history(lead, world.turned_down[lead], "Status", "Working - Contacted", "Closed - Not Converted")
        rows["Lead"].append(row)
        for number, (at, kind, outcome) in enumerate(world.calls[lead]):
            rows["Task"].append(
                {"Id": f"t-{lead}-{number}", "WhoId": f"c-{lead}" if done else lead, "Subject": kind,
                 "Description": outcome, "Status": "Completed", "IsClosed": "true", "Priority": "Normal",
                 "TaskSubtype": {"call": "Call", "email": "Email"}.get(kind, "Task"), "CompletedDateTime": _shown(at),
                 "ActivityDate": at.date().isoformat(), "CreatedDate": _shown(at), "SystemModstamp": _shown(at)}
            )  # fmt: skip
    for name, listed in rows.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(key for row in listed for key in row)), restval="")
            writer.writeheader()
            writer.writerows(listed)


def is_ready(world: World, policy: str, lead: str, clock: datetime) -> bool:
    """The two policies, written out once more."""
    calls = [call for call in world.calls[lead] if call[0] <= clock]
    if policy == "met":
        old = (clock.date() - world.leads[lead].date()).days >= 7
        return old and any(kind == "meeting" and outcome == "connected" for _, kind, outcome in calls)
    if lead in world.turned_down and world.turned_down[lead] <= clock:
        return False
    shown = [at for at, _, outcome in calls if outcome == "demo_completed" and at >= clock - timedelta(days=10)]
    silent = [at for at, _, outcome in calls if outcome == "no_answer"]
    return bool(shown) and not any(at > max(shown) for at in silent)


def counted(world: World, policy: str) -> Counter[str]:
    """What the policy would have done, lead by lead and day by day."""
    found: Counter[str] = Counter()
    for lead, created in world.leads.items():
        done = world.converted.get(lead)
        ready = None
        for number in range((LAST - FIRST).days + 1):
            day = FIRST + timedelta(days=number)
            clock = datetime.combine(day, time.max, UTC)
            if done is not None and done.date() == day:
                clock = done - timedelta(microseconds=1)
            if created <= clock and is_ready(world, policy, lead, clock):
                ready = day
                break
        found["leads"] += 1
        outcome = None if done is None else world.deals[lead]["close_outcome"] or "open"
        if ready is not None and (done is None or ready <= done.date()):
            found["taken"] += 1
            if done is not None:
                found["taken_by_people"] += 1
                found["days_earlier"] += (done.date() - ready).days
                found[f"taken {outcome}"] += 1
            elif policy == "demo-lately" and lead in world.turned_down:
                found["turned_down"] += 1
        elif done is not None:
            word = "never" if ready is None else "later"
            found[word] += 1
            found[f"{word} {outcome}"] += 1
    return found


@pytest.mark.parametrize(("seed", "leads"), [(7, 250), (11, 250), (23, 400)])
def test_the_counts_are_those_of_the_generated_world(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int, leads: int
) -> None:
    world = World(generated(tmp_path / "leadforge", seed, leads))
    write_org(world, tmp_path / "org")
    work = tmp_path / "work"
    for name in ("mappings", "config"):
        shutil.copytree(ROOT / name, work / name)
    for name, text in POLICIES.items():
        (work / f"{name}.yaml").write_text(text, encoding="utf-8")
    mock = MockOrg(data=tmp_path / "org", seed=seed)
    with mock.in_process():
        env = f"LEADGATE_INSTANCE_URL={mock.instance_url}\nLEADGATE_ACCESS_TOKEN={mock.login()}\n"
        (work / ".env").write_text(env, encoding="utf-8")
        assert main(["pull", "-C", str(work), "--json"]) == 0
    capsys.readouterr()
    named = [word for name in POLICIES for word in ("--policy", f"{name}.yaml")]
    leads_file = tmp_path / "leads.csv"
    period = ["--from", str(FIRST), "--to", str(LAST), "--csv", str(leads_file)]
    assert main(["policy", "backtest", "-C", str(work), *named, *period, "--json"]) == 0
    results = {each["policy"]: each for each in json.loads(capsys.readouterr().out)["policies"]}
    days: Counter[str] = Counter()
    with leads_file.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["verdict"] == "taken" and row["days_earlier"]:
                days[row["policy"]] += int(row["days_earlier"])
    for policy in POLICIES:
        expected, found = counted(world, policy), results[policy]
        for name in ("leads", "taken", "taken_by_people", "later", "never", "turned_down"):
            assert (name, found[name]) == (name, expected[name])
        deals = found["deals"]
        assert (deals["won"], deals["lost"], deals["open"]) == (
            expected["taken closed_won"], expected["taken closed_lost"], expected["taken open"],
        )  # fmt: skip
        assert (found["won_later"], found["won_never"]) == (expected["later closed_won"], expected["never closed_won"])
        assert days[policy] == expected["days_earlier"]
        assert expected["taken"] > 20
        assert expected["later"] + expected["never"] > 20

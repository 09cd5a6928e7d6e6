"""The pipeline of the seed world, held against its files; and what missing history and fields do."""

from __future__ import annotations

import csv
import itertools
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

import pytest
from duckdb import DuckDBPyConnection
from insight_mirror import MAPPING, NOW, Rows, compiled
from seed_lives import moment, rows

from sync.cli.main import main
from sync.errors import InputInvalid
from sync.insight.concerns import NO_AMOUNT, PAST_CLOSE, STUCK, concerns, list_concerns
from sync.insight.pipeline import Stage, make_deals, stages, win_rate
from sync.mapping import OrgMapping, digest
from sync.mockorg.seed import WorldSummary
from sync.policy.compile import CompiledPolicy, compile_policy
from sync.workspace import Workspace

DAY = timedelta(days=1)
POLICY = "policy: p\ncriteria: {a: budget > 0}\nready: a\n"


@pytest.fixture(scope="module")
def measured(pulled: Path) -> Iterator[tuple[DuckDBPyConnection, CompiledPolicy]]:
    workspace = Workspace.open(pulled)
    policy = compile_policy(workspace.policy(), workspace.mapping, datetime.now(UTC).replace(microsecond=0))
    with workspace.mirror() as mirror, mirror.session() as cursor:
        assert make_deals(cursor, workspace.mapping) == ()
        yield cursor, policy


Measured = tuple[DuckDBPyConnection, CompiledPolicy]
Path_ = list[tuple[str, datetime]]


def paths(world: WorldSummary) -> dict[str, Path_]:
    """Each opportunity's way through the stages, by id."""
    found: dict[str, Path_] = defaultdict(list)
    for row in sorted(rows(world, "OpportunityHistory"), key=lambda row: row["CreatedDate"]):
        way = found[row["OpportunityId"]]
        if not way or way[-1][0] != row["StageName"]:
            way.append((row["StageName"], moment(row["CreatedDate"])))
    return found


def test_open_opportunities_by_stage_are_those_of_the_files(seed_world: WorldSummary, measured: Measured) -> None:
    cursor, policy = measured
    expected: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows(seed_world, "Opportunity"):
        if row["IsClosed"] == "false":
            expected[row["StageName"]].append(row)
    found = {stage.name: stage for stage in stages(cursor, policy.now)}
    assert {name: stage.open for name, stage in found.items() if stage.open} == {
        name: len(deals) for name, deals in expected.items()
    }
    for name, deals in expected.items():
        stage = found[name]
        assert stage.amount == sum(Decimal(deal["Amount"] or 0) for deal in deals)
        assert stage.without_amount == sum(not deal["Amount"] for deal in deals)
        assert stage.past_close == sum(date.fromisoformat(deal["CloseDate"]) < policy.now.date() for deal in deals)
    assert sum(stage.open for stage in found.values()) == seed_world.opportunities["open"]


def test_win_rates_are_of_the_closed_that_ever_were_in_the_stage(seed_world: WorldSummary, measured: Measured) -> None:
    cursor, policy = measured
    deals = {row["Id"]: row for row in rows(seed_world, "Opportunity")}
    expected: dict[str, list[bool]] = defaultdict(list)
    for deal_id, way in paths(seed_world).items():
        if deals[deal_id]["IsClosed"] == "true":
            for stage in {name for name, _ in way[:-1]}:
                expected[stage].append(deals[deal_id]["IsWon"] == "true")
    found = {s.name: (s.won.successes, s.won.trials) for s in stages(cursor, policy.now) if s.won.trials}
    assert found == {stage: (sum(won), len(won)) for stage, won in expected.items()}
    rate = win_rate(cursor)
    assert (rate.successes, rate.trials - rate.successes) == (
        seed_world.opportunities["won"],
        seed_world.opportunities["lost"],
    )


def test_stays_are_the_times_between_changes_of_stage(seed_world: WorldSummary, measured: Measured) -> None:
    cursor, policy = measured
    deals = {row["Id"]: row for row in rows(seed_world, "Opportunity")}
    ended: dict[str, list[float]] = defaultdict(list)
    ages: dict[str, list[float]] = defaultdict(list)
    for deal_id, way in paths(seed_world).items():
        for (stage, start), (_, until) in itertools.pairwise(way):
            ended[stage].append((until - start).total_seconds())
        if deals[deal_id]["IsClosed"] == "false":
            ages[way[-1][0]].append((policy.now - way[-1][1]).total_seconds())
    for stage in stages(cursor, policy.now):
        assert stage.stays == len(ended[stage.name])
        assert seconds(stage.usual) == pytest.approx(median(ended[stage.name]), abs=1)
        if stage.open:
            assert seconds(stage.median_age) == pytest.approx(median(ages[stage.name]), abs=1)


def seconds(span: timedelta | None) -> float:
    assert span is not None
    return span.total_seconds()


def test_concerns_are_counted_as_planted_and_as_long_as_their_lists(
    seed_world: WorldSummary, measured: Measured
) -> None:
    cursor, policy = measured
    found = {each.name: each for each in concerns(cursor, policy)}
    assert found[PAST_CLOSE].opportunities == found["overdue"].opportunities == seed_world.opportunities["overdue"]
    assert found[NO_AMOUNT].opportunities == found["no_amount"].opportunities
    assert found[NO_AMOUNT].opportunities == seed_world.opportunities["without_amount"]
    for name, concern in found.items():
        listed = list(list_concerns(cursor, policy, [name]))
        assert len(listed) == len({row.opportunity_id for row in listed}) == concern.opportunities
    assert found["overdue"].place is not None
    assert found["overdue"].place.startswith("config/readiness.yaml:")


# Worlds of a few opportunities


def session(records: Rows) -> tuple[DuckDBPyConnection, tuple[str, ...]]:
    return records.db, make_deals(records.db, records.mapping)


def deal(records: Rows, *way: tuple[str, int], closed: bool = False, won: bool = False) -> str:
    """An opportunity that came into each stage so many days ago."""
    deal_id = records.add("opportunity", stage_name=way[-1][0], is_closed=closed, is_won=won, probability=len(way))
    for stage, days in way:
        records.add("opportunity_history", opportunity_id=deal_id, stage_name=stage, created_at=NOW - days * DAY)
    return deal_id


def by_name(records: Rows) -> dict[str, Stage]:
    cursor, _ = session(records)
    return {stage.name: stage for stage in stages(cursor, NOW)}


def test_a_change_of_amount_alone_ends_no_stay() -> None:
    records = Rows()
    deal(records, ("A", 30), ("A", 20), ("B", 10))
    found = by_name(records)
    assert (found["A"].stays, found["A"].usual, found["B"].median_age) == (1, 20 * DAY, 10 * DAY)


def test_an_opportunity_that_comes_back_to_a_stage_counts_there_once() -> None:
    records = Rows()
    deal(records, ("A", 40), ("B", 30), ("A", 20), ("Lost", 10), closed=True)
    found = by_name(records)
    assert (found["A"].stays, found["A"].won.trials) == (2, 1)
    assert "Lost" not in found


def test_stuck_means_longer_than_nine_of_ten_and_needs_enough_stays() -> None:
    records = Rows()
    for _ in range(29):
        deal(records, ("A", 30), ("Won", 20), closed=True, won=True)
    stuck = deal(records, ("A", 11))
    policy = compiled(POLICY)
    cursor, _ = session(records)
    by_concern = {each.name: each for each in concerns(cursor, policy)}
    assert (by_concern[STUCK].opportunities, by_concern[STUCK].unknown) == (0, 1)
    deal(records, ("A", 30), ("Won", 20), closed=True, won=True)
    cursor, _ = session(records)
    assert [row.opportunity_id for row in list_concerns(cursor, policy, [STUCK])] == [stuck]


def test_without_history_ages_are_not_told_and_it_is_said() -> None:
    kept = {o.name: o for o in MAPPING if o.name != "opportunity_history"}
    records = Rows(OrgMapping(objects=kept, digest=digest(kept.values())))
    records.add("opportunity", stage_name="A", is_closed=False, is_won=False)
    cursor, notes = session(records)
    [stage] = stages(cursor, NOW)
    assert (stage.open, stage.median_age, stage.won.trials) == (1, None, 0)
    assert "since when 1 open opportunities" in notes[0]


def test_deleted_opportunities_are_nowhere() -> None:
    records = Rows()
    gone = records.add("opportunity", stage_name="A", is_closed=True, is_won=True, is_deleted=True)
    records.add("opportunity_history", opportunity_id=gone, stage_name="B", created_at=NOW - DAY)
    cursor, _ = session(records)
    assert stages(cursor, NOW) == []
    assert win_rate(cursor).trials == 0


def test_a_mapping_without_opportunities_is_refused_with_the_fix() -> None:
    kept = {"lead": MAPPING["lead"]}
    with pytest.raises(InputInvalid, match="needs Opportunity with stage_name"):
        session(Rows(OrgMapping(objects=kept, digest=digest(kept.values()))))


# The command


def test_the_command_counts_lists_and_writes(pulled: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "pipeline.csv"
    capsys.readouterr()
    assert main(["pipeline", "-C", str(pulled), "--list", NO_AMOUNT, "--csv", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    with file.open(encoding="utf-8") as opened:
        written = [row["opportunity_id"] for row in csv.DictReader(opened)]
    assert written == [row["opportunity_id"] for row in document["opportunities"]]
    assert document["open"] == sum(stage["open"] for stage in document["stages"])


@pytest.mark.slow
def test_people_see_stages_and_concerns(pulled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["pipeline", "-C", str(pulled), "--list", "overdue", "--limit", "1"]) == 0
    said = capsys.readouterr().out
    for words in ("9 of 10", "config/readiness.yaml:", "next: --list CONCERN"):
        assert words in said
    assert main(["pipeline", "-C", str(pulled), "--list", "nothing"]) == 2
    assert "one of past-close-date" in capsys.readouterr().err

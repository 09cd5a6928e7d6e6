"""The funnel of the seed world, held against counts made from its files without our code; and what thin data does."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from insight_mirror import MAPPING, NOW, SELLER, Rows, compiled
from seed_lives import Life, lives, rows

from sync.cli.main import main
from sync.insight.funnel import Cut, Row, Step, Window
from sync.insight.funnel_report import FunnelReport, measure_funnel
from sync.mapping import OrgMapping, digest
from sync.mockorg.seed import WorldSummary
from sync.policy.compile import compile_policy
from sync.workspace import Workspace

POLICY = "policy: p\nscope: \"status <> 'Closed'\"\ncriteria: {a: budget > 0}\nready: a\n"
HORIZON = timedelta(days=60)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def report(pulled: Path) -> FunnelReport:
    return measured(pulled, Cut.QUARTER, Cut.SOURCE)


def measured(folder: Path, *cuts: Cut) -> FunnelReport:
    workspace = Workspace.open(folder)
    policy = compile_policy(workspace.policy(), workspace.mapping, datetime.now(UTC).replace(microsecond=0))
    with workspace.mirror() as mirror:
        return measure_funnel(mirror, policy, workspace.mapping, window=Window(), cuts=cuts, horizon=HORIZON)


def test_counts_by_quarter_and_source_are_those_of_the_files(seed_world: WorldSummary, report: FunnelReport) -> None:
    expected: dict[tuple[str, str], Counter[int]] = {}
    for life in lives(seed_world, report.as_of):
        quarter = f"{life.created.year}-Q{(life.created.month + 2) // 3}"
        expected.setdefault((quarter, life.source), Counter()).update(n for n, hit in enumerate(life.reached) if hit)
    shown = {row.key: [count for _, count in row.reached] for row in report.groups}
    assert shown == {key: [counts[n] for n in range(len(Step))] for key, counts in expected.items()}
    assert [sum(column) for column in zip(*shown.values(), strict=True)] == [count for _, count in report.total.reached]
    assert list(shown) == sorted(shown)


def test_rates_within_the_horizon_leave_young_leads_out(seed_world: WorldSummary, report: FunnelReport) -> None:
    everybody = lives(seed_world, report.as_of)
    old = [life for life in everybody if life.created <= report.as_of - HORIZON]
    hits = sum(life.converted is not None and life.converted - life.created <= HORIZON for life in old)
    assert (report.total.in_time.successes, report.total.in_time.trials) == (hits, len(old))
    assert 0 < hits < len(old) < len(everybody)
    open_quarters = {row.key[0] for row in report.groups if row.still_open}
    assert open_quarters == {
        f"{life.created.year}-Q{(life.created.month + 2) // 3}" for life in everybody if life not in old
    }


def test_times_are_medians_and_p90_of_the_files(seed_world: WorldSummary, report: FunnelReport) -> None:
    everybody = lives(seed_world, report.as_of)
    answered = [
        min(t for t in (life.touched, life.moved) if t) - life.created
        for life in everybody
        if any((life.touched, life.moved))
    ]
    converted = [life.converted - life.created for life in everybody if life.converted]
    by_name = {each.name: each for each in report.durations}
    for name, spans in (("creation to first response", answered), ("creation to conversion", converted)):
        found = by_name[name]
        assert found.cases == len(spans) > 10
        assert (found.median, found.p90) == (quantile(spans, 0.5), quantile(spans, 0.9))


def quantile(spans: list[timedelta], share: float) -> timedelta:
    """By straight line between the two neighbours."""
    seconds = sorted(span.total_seconds() for span in spans)
    place = share * (len(seconds) - 1)
    low, rest = int(place), place - int(place)
    high = seconds[min(low + 1, len(seconds) - 1)]
    return timedelta(seconds=round(seconds[low] + rest * (high - seconds[low])))


def test_the_curve_counts_every_lead_once_by_its_first_response(seed_world: WorldSummary, report: FunnelReport) -> None:
    everybody = lives(seed_world, report.as_of)
    expected = Counter(bucket(life) for life in everybody)
    assert {n: each.leads for n, each in enumerate(report.curve)} == {n: expected[n] for n in range(7)}
    assert sum(each.converted.successes for each in report.curve) == report.total.in_time.successes
    assert not report.curve[-1].answered
    assert report.curve[-1].converted.successes == 0


def bucket(life: Life) -> int:
    times = [t for t in (life.touched, life.moved) if t]
    if not times:
        return 6
    hours = (min(times) - life.created).total_seconds() / 3600
    return next((n for n, bound in enumerate((1, 4, 24, 72, 168)) if hours <= bound), 5)


def test_velocity_is_the_product_of_its_levers(seed_world: WorldSummary, report: FunnelReport) -> None:
    deals = [life.deal for life in lives(seed_world, report.as_of) if life.deal]
    won = [deal for deal in deals if deal["IsWon"] == "true"]
    closed = [deal for deal in deals if deal["IsClosed"] == "true"]
    amounts = [Decimal(deal["Amount"]) for deal in won if deal["Amount"]]
    found = report.velocity
    assert found.open_opportunities == len(deals) - len(closed)
    assert (found.win_rate.successes, found.win_rate.trials) == (len(won), len(closed))
    assert found.average_amount == round(sum(amounts) / len(amounts), 2)
    assert found.per_day is None
    assert not found.win_rate.enough, "a small world has too few closed opportunities to multiply with"


def test_stays_in_a_status_end_with_its_change(seed_world: WorldSummary, report: FunnelReport) -> None:
    everybody = lives(seed_world, report.as_of)
    by_status = {stay.status: stay for stay in report.statuses}
    first = [life.moved - life.created for life in everybody if life.moved]
    assert by_status["Open - Not Contacted"].ended == len(first)
    assert by_status["Open - Not Contacted"].median == quantile(first, 0.5)
    now = Counter(row["Status"] for row in rows(seed_world, "Lead") if row["IsConverted"] != "true")
    assert {status: stay.there_now for status, stay in by_status.items()} == now


# Worlds of a few leads


def of(records: Rows, *cuts: Cut, horizon: timedelta | None = HORIZON, window: Window | None = None) -> FunnelReport:
    return measure_funnel(
        records.mirror(),
        compiled(POLICY, mapping=records.mapping),
        records.mapping,
        window=window or Window(),
        cuts=cuts,
        horizon=horizon,
    )


def counts(row: Row) -> dict[str, int]:
    return {step.value: count for step, count in row.reached}


def test_a_response_after_conversion_is_found_on_the_contact() -> None:
    records = Rows()
    contact = records.add("contact", created_at=NOW - 10 * DAY)
    records.add(
        "lead",
        created_at=NOW - 20 * DAY,
        is_converted=True,
        converted_at=(NOW - 10 * DAY).date(),
        converted_contact_id=contact,
    )
    records.add("task", who_id=contact, is_closed=True, completed_at=NOW - 18 * DAY)
    [response, *_] = of(records).durations
    assert (response.cases, response.median) == (1, 2 * DAY)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("task", {"is_closed": False, "created_at": NOW - DAY}),
        ("task", {"is_closed": True, "completed_at": NOW - 30 * DAY}),
        ("task", {"is_closed": True, "completed_at": NOW - DAY, "is_deleted": True}),
        ("event", {"started_at": NOW + DAY, "created_at": NOW - DAY}),
        ("event", {"started_at": NOW - DAY, "is_child": True}),
    ],
    ids=["an open task", "before the lead was made", "deleted", "a meeting ahead", "an invitee's copy"],
)
def test_what_is_no_response(table: str, values: dict[str, datetime | bool]) -> None:
    records = Rows()
    lead = records.add("lead", created_at=NOW - 20 * DAY)
    records.add(table, who_id=lead, **values)
    assert counts(of(records).total)["responded"] == 0


def test_a_deleted_opportunity_counts_as_made_and_is_told() -> None:
    records = Rows()
    gone = records.add("opportunity", is_deleted=True, is_won=True, is_closed=True, created_at=NOW)
    records.add("lead", is_converted=True, converted_at=NOW.date(), converted_opportunity_id=gone)
    report = of(records)
    assert (counts(report.total)["opportunity"], counts(report.total)["won"]) == (1, 0)
    assert any("1 conversions are deleted" in note for note in report.sources.notes)


def test_a_conversion_dated_before_the_lead_takes_no_negative_time() -> None:
    records = Rows()
    records.add("lead", created_at=NOW, is_converted=True, converted_at=(NOW - DAY).date())
    took = {each.name: each for each in of(records).durations}["creation to conversion"]
    assert (took.cases, took.median) == (1, timedelta(0))


def test_without_history_the_report_says_what_it_cannot_tell() -> None:
    kept = {o.name: o for o in MAPPING if o.name not in {"lead_history", "opportunity_history"}}
    records = Rows(OrgMapping(objects=kept, digest=digest(kept.values())))
    records.add("lead")
    report = of(records)
    assert report.statuses == []
    assert [note.split(":")[0] for note in report.sources.notes] == ["LeadHistory is not mapped"]


def test_with_leads_alone_the_report_still_stands() -> None:
    kept = {"lead": MAPPING["lead"]}
    records = Rows(OrgMapping(objects=kept, digest=digest(kept.values())))
    records.add("lead", budget=Decimal(5))
    report = of(records, Cut.OWNER)
    assert counts(report.groups[0]) == dict(zip(Step, (1, 1, 1, 1, 0, 0, 0), strict=True))
    assert report.groups[0].key == (SELLER,)
    assert report.owners[SELLER] == SELLER
    assert len(report.sources.notes) == 3


def test_an_untracked_status_is_told() -> None:
    records = Rows()
    lead = records.add("lead")
    records.add("lead_history", lead_id=lead, field="Owner", old_value="a", new_value="b", created_at=NOW)
    assert "is the field tracked?" in of(records).sources.notes[0]


def test_history_that_begins_after_a_lead_is_told() -> None:
    records = Rows()
    lead = records.add("lead", created_at=NOW - 900 * DAY)
    records.add("lead_history", lead_id=lead, field="Status", old_value="a", new_value="b", created_at=NOW - 5 * DAY)
    assert "of the 1 leads made before" in of(records).sources.notes[0]


def test_a_change_dated_before_the_lead_is_left_out_and_told() -> None:
    records = Rows()
    lead = records.add("lead", created_at=NOW - 5 * DAY)
    records.add("lead_history", lead_id=lead, field="Status", old_value="a", new_value="b", created_at=NOW - 6 * DAY)
    report = of(records)
    assert counts(report.total)["worked"] == 0
    assert any("1 leads have a change of status or a conversion dated before" in note for note in report.sources.notes)


def test_the_horizon_is_the_orgs_own_where_it_can_be_told() -> None:
    records = Rows()
    for number in range(30):
        records.add(
            "lead",
            created_at=NOW - 300 * DAY,
            is_converted=True,
            converted_at=(NOW - 300 * DAY + (number + 1) * DAY).date(),
        )
    assert of(records, horizon=None).horizon == 27 * DAY, "nine of ten took at most 26.6 days, counted from noon"
    assert of(Rows(), horizon=None).horizon == 90 * DAY


def test_only_leads_of_the_window_count() -> None:
    records = Rows()
    for days in (10, 20, 30):
        records.add("lead", created_at=NOW - days * DAY)
    window = Window(since=NOW - 20 * DAY, until=NOW - 10 * DAY)
    assert of(records, window=window).total.leads == 1


def test_an_empty_mirror_has_an_empty_funnel() -> None:
    report = of(Rows(), Cut.MONTH)
    assert (report.total.leads, report.groups, report.velocity.per_day) == (0, [], None)


# The command


def test_the_document_has_rates_with_intervals(pulled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["funnel", "-C", str(pulled), "--by", "owner", "--horizon", "60d", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["horizon_days"] == 60
    assert [step["step"] for step in document["total"]["steps"]] == [step.value for step in Step][1:]
    rate = document["total"]["steps"][0]["of_step_before"]
    assert rate["low"] < rate["share"] < rate["high"]
    assert all(set(group["key"]) == {"owner"} for group in document["groups"])
    assert "context" not in document


@pytest.mark.slow
def test_people_see_what_is_open_thin_and_from_elsewhere(pulled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["funnel", "-C", str(pulled), "--cohort", "month", "--context"]) == 0
    said = capsys.readouterr().out
    for words in ("still open", "not enough data", "not this org's", "velocity =", "next: leadgate leaks"):
        assert words in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "2026-05-02", "--to", "2026-05-01"], "--to lies before --from"),
        (["--horizon", "soon"], "'soon' is no length of time"),
    ],
)
def test_wrong_use_is_refused(
    pulled: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["funnel", "-C", str(pulled), *arguments]) == 2
    assert message in capsys.readouterr().err

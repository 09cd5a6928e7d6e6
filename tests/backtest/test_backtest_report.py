"""What a backtest says of policies and people: counts, leaks caught, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from past_world import MAPPING, PastWorld, day, lead_id, record_id

from sync.errors import InputInvalid
from sync.insight.backtest.people import Deal
from sync.insight.backtest.period import Period, chosen_period
from sync.insight.backtest.report import Backtest, Report
from sync.mapping import OrgMapping, digest, parse_mappings
from sync.mirror.past.unproven import Unproven
from sync.policy.loader import load_policy_text

YEAR = Period(date(2026, 1, 1), date(2026, 5, 31))
PRICED = """\
policy: priced
signals: {talk: {activity: "matches(text, 'pricing')"}}
criteria: {open: "status <> 'Closed - Not Converted'", priced: "pricing_discussed OR talk"}
scope: "open"
ready: "priced"
"""
RATED = 'policy: rated\ncriteria: {hot: "rating = \'Hot\'"}\nready: "hot"\n'

Run = Callable[..., Report]


@pytest.fixture(scope="module")
def shared() -> PastWorld:
    return PastWorld()


@pytest.fixture
def world(shared: PastWorld) -> PastWorld:
    return shared.empty()


@pytest.fixture
def backtest(world: PastWorld) -> Run:
    def run(*texts: str, period: Period = YEAR, unproven: Unproven = Unproven.CONSTANT) -> Report:
        policies = [load_policy_text(text, f"{n}.yaml", MAPPING) for n, text in enumerate(texts)]
        done = Backtest.run(world.session, MAPPING, policies, period, tell=lambda *_: None, unproven=unproven)
        return done.report()

    return run


def deal(world: PastWorld, at: datetime, *, won: bool = False, lost: bool = False) -> str:
    return world.add("opportunity", created_at=at, is_closed=won or lost, is_won=won, amount=Decimal(1000))


def talk(world: PastWorld, lead: str, at: datetime, subject: str = "pricing") -> None:
    world.add(
        "task", who_id=lead, subject=subject, task_subtype="Call", created_at=at, completed_at=at, is_closed=True,
        due_date=at.date(),
    )  # fmt: skip


def convert(world: PastWorld, lead: str, at: datetime, *, won: bool = False, lost: bool = False) -> None:
    """With the status' history, and an opportunity if it came to an end."""
    world.history(lead, at, "Status", "Working - Contacted", "Closed - Converted")
    world.convert(lead, at, opportunity=deal(world, at, won=won, lost=lost) if won or lost else None)


def notes(report: Report) -> dict[str, int]:
    return {note.code: note.count for note in report.standing.notes}


def test_each_lead_is_taken_later_never_or_left(world: PastWorld, backtest: Run) -> None:
    early, same, late, never, junk, waiting, _silent = (world.add("lead", created_at=day(1, 5)) for _ in range(7))
    talk(world, early, day(2, 1))
    convert(world, early, day(2, 11), won=True)
    talk(world, same, day(2, 1, 9))
    convert(world, same, day(2, 1, 15), lost=True)
    talk(world, late, day(3, 1))
    convert(world, late, day(2, 20), won=True)
    convert(world, never, day(2, 20), won=True)
    talk(world, junk, day(2, 1))
    world.add("lead", id=junk, created_at=day(1, 5), status="Closed - Not Converted")
    world.history(junk, day(3, 1), "Status", "Working - Contacted", "Closed - Not Converted")
    talk(world, waiting, day(2, 1))
    (result,) = backtest(PRICED).policies
    found = result.figures
    assert (found.leads, found.taken, found.taken_by_people, found.same_day) == (7, 4, 2, 1)
    assert (found.turned_down, found.still_open, found.later, found.never) == (1, 1, 1, 1)
    assert (found.deals[Deal.WON], found.deals[Deal.LOST], found.won_later, found.won_never) == (1, 1, 1, 1)
    assert (found.gained.median, found.lost.median) == (5.0, 9.0)
    assert (found.won_amount, found.pipeline_amount) == (1000.0, 2000.0)
    assert (found.junk.successes, found.junk.trials, found.missed.trials) == (2, 3, 3)
    assert not found.win_rate.enough


def test_a_call_after_the_conversion_takes_no_lead_before_it(world: PastWorld, backtest: Run) -> None:
    lead = world.add("lead", created_at=day(1, 5))
    convert(world, lead, day(2, 1))
    talk(world, lead, day(2, 1) + timedelta(seconds=1))
    found = backtest(PRICED).policies[0].figures
    assert (found.taken, found.later) == (0, 1)


def test_an_activity_written_later_than_it_is_dated_counts_from_its_writing(world: PastWorld, backtest: Run) -> None:
    lead = world.add("lead", created_at=day(1, 5))
    world.add(
        "task", who_id=lead, subject="pricing", created_at=day(4, 1), completed_at=day(2, 1), due_date=date(2026, 2, 1),
        is_closed=True,
    )  # fmt: skip
    (result,) = backtest(PRICED).policies
    assert result.per_day == ((date(2026, 4, 1), 1),)


def test_a_field_ticked_by_the_conversion_takes_no_lead_where_history_tells(world: PastWorld, backtest: Run) -> None:
    lead = world.add("lead", created_at=day(1, 5), pricing_discussed=True)
    world.history(lead, day(2, 1), "Pricing_Discussed__c", "false", "true")
    convert(world, lead, day(2, 1))
    found = backtest(PRICED).policies[0].figures
    assert (found.taken, found.never) == (0, 1)


@pytest.mark.slow
def test_a_field_without_history_that_gives_the_answer_away_is_named(world: PastWorld, backtest: Run) -> None:
    for number in range(70):
        lead = world.add("lead", id=lead_id(9000 + number), created_at=day(1, 5), rating="Hot" if number < 32 else None)
        if number < 32:
            world.convert(lead, day(2, 1))
    (rating, *_) = [f for f in backtest(RATED).standing.fields if f.evidence.name == "rating"]
    assert (rating.constant, rating.telling) == (True, (1.0, 0.0))
    strict = backtest(RATED, unproven=Unproven.UNKNOWN)
    assert strict.policies[0].figures.taken == 0


@pytest.mark.slow
def test_what_is_unproven_counts_from_the_day_it_was_first_seen(world: PastWorld, backtest: Run) -> None:
    world.add("lead", created_at=day(1, 5), rating="Hot", seen_at=day(3, 3))
    (result,) = backtest(RATED, unproven=Unproven.UNKNOWN).policies
    assert result.per_day == ((date(2026, 3, 3), 1),)


def test_without_any_history_it_is_said_what_that_means(world: PastWorld, backtest: Run) -> None:
    world.add("lead", created_at=day(1, 5))
    report = backtest(PRICED)
    assert (report.standing.history_since, notes(report)["no_history"]) == (None, 1)


def test_a_status_that_nobody_recorded_before_a_conversion_is_said(world: PastWorld, backtest: Run) -> None:
    lead = world.add("lead", created_at=day(1, 5))
    talk(world, lead, day(2, 1))
    world.convert(lead, day(3, 1))
    report = backtest(PRICED)
    assert (report.policies[0].figures.taken, notes(report)["unknown_status"]) == (0, 1)


@pytest.mark.slow
def test_a_thin_history_is_said(world: PastWorld, backtest: Run) -> None:
    lead = world.add("lead", created_at=day(1, 5))
    world.history(lead, day(4, 1), "Status", "Open - Not Contacted", "Working - Contacted")
    report = backtest(PRICED)
    assert notes(report)["thin_history"] == 1
    assert [f.evidence.since for f in report.standing.fields if f.evidence.name == "status"] == [day(4, 1)]


def test_leads_that_cannot_be_replayed_are_left_out_and_counted(world: PastWorld, backtest: Run) -> None:
    live = world.add("lead", created_at=day(1, 5))
    world.add("lead", created_at=day(1, 5), is_deleted=True)
    world.add("lead", created_at=day(1, 5), is_deleted=True, master_record_id=live)
    world.add("lead", created_at=day(7, 1))
    before = world.add("lead", created_at=day(11, 1, year=2025))
    world.convert(before, day(12, 1, year=2025))
    backwards = world.add("lead", created_at=day(3, 1))
    world.convert(backwards, day(2, 1))
    undated = world.add("lead", created_at=day(1, 5), is_converted=True, status="Closed - Converted")
    assert undated
    report = backtest(PRICED)
    found = notes(report)
    assert report.people.leads == 1
    assert (found["deleted_leads"], found["merged_leads"], found["later_leads"]) == (1, 1, 1)
    assert (found["converted_before"], found["converted_at_creation"], found["undated_conversions"]) == (1, 1, 1)


@pytest.mark.slow
def test_deleted_opportunities_are_neither_won_nor_lost(world: PastWorld, backtest: Run) -> None:
    lead = world.add("lead", created_at=day(1, 5))
    gone = world.add("opportunity", created_at=day(2, 1), is_deleted=True, is_won=True, is_closed=True)
    world.convert(lead, day(2, 1), opportunity=gone)
    other = world.add("lead", created_at=day(1, 5))
    world.convert(other, day(2, 1), opportunity=record_id("opportunity", 777))
    report = backtest(PRICED)
    assert (report.people.deals[Deal.GONE], report.people.win_rate.trials) == (2, 0)
    assert notes(report)["missing_opportunities"] == 2


@pytest.mark.slow
def test_clocks_out_of_order_are_counted(world: PastWorld, backtest: Run) -> None:
    lead = world.add("lead", created_at=day(2, 1))
    world.history(lead, day(1, 10), "Status", "Open - Not Contacted", "Working - Contacted")
    talk(world, lead, day(1, 10))
    report = backtest(PRICED)
    assert (notes(report)["history_before_creation"], notes(report)["activities_before_lead"]) == (1, 1)
    assert report.policies[0].per_day == ((date(2026, 2, 1), 1),)


def test_a_conversion_known_by_its_day_counts_from_that_days_first_moment(world: PastWorld, backtest: Run) -> None:
    lead = world.add("lead", created_at=day(1, 5))
    world.history(lead, day(2, 1), "Status", "Working - Contacted", "Closed - Converted")
    contact = world.convert(lead, day(2, 1), told=False)
    world.db.execute("DELETE FROM contact WHERE id = ?", [contact])
    talk(world, lead, day(2, 1, 0, 30))
    report = backtest(PRICED)
    assert notes(report)["conversions_by_day"] == 1
    assert report.policies[0].figures.taken == 0


@pytest.mark.slow
def test_policies_of_one_name_are_told_apart_and_compared(world: PastWorld, backtest: Run) -> None:
    for number in range(40):
        lead = world.add("lead", id=lead_id(5000 + number), created_at=day(1, 5), budget=Decimal(number))
        talk(world, lead, day(2, 1))
        convert(world, lead, day(3, 1), won=number % 2 == 0, lost=number % 2 == 1)
    rich = PRICED.replace("pricing_discussed OR talk", "talk AND budget >= 5")
    report = backtest(PRICED, rich)
    assert [result.label for result in report.policies] == ["priced [0.yaml]", "priced [1.yaml]"]
    (found,) = report.differences
    assert (found.taken, report.policies[1].figures.taken) == (-5, 35)
    assert found.win_rate is not None
    middle, low, high = found.win_rate
    assert low <= middle <= high
    assert backtest(PRICED, rich).differences == report.differences


def test_what_people_did_after_the_period_is_no_miss_of_the_policy(world: PastWorld, backtest: Run) -> None:
    early, late = (world.add("lead", created_at=day(1, 5)) for _ in range(2))
    talk(world, early, day(2, 1))
    talk(world, late, day(4, 1))
    for lead in (early, late):
        convert(world, lead, day(4, 10), won=True)
    report = backtest(PRICED, period=Period(YEAR.first, date(2026, 3, 1)))
    found = report.policies[0].figures
    assert report.people.converted == 0
    assert (found.taken, found.taken_by_people, found.never, found.gained.median) == (1, 1, 0, 68.0)


def test_an_empty_mirror_has_an_empty_backtest(world: PastWorld, backtest: Run) -> None:
    report = backtest(PRICED, RATED)
    assert (report.people.leads, report.policies[0].figures.taken, report.differences[0].win_rate) == (0, 0, None)


@pytest.mark.slow
def test_a_mapping_of_leads_alone_is_enough_and_what_is_missing_is_said() -> None:
    text = "object: Lead\nfields:\n  rating: {field: Rating, type: picklist}\n"
    objects, problems = parse_mappings([(text, "lead.yaml")])
    assert problems == []
    mapping = OrgMapping(objects=objects, digest=digest(objects.values()))
    world = PastWorld(mapping)
    world.add("lead", created_at=day(1, 5), rating="Hot")
    policy = load_policy_text(RATED, "rated.yaml", mapping)
    report = Backtest.run(world.session, mapping, [policy], YEAR, tell=lambda *_: None).report()
    assert report.policies[0].figures.taken == 1
    assert (notes(report)["no_history"], notes(report)["no_activities"]) == (1, 1)


def test_a_period_is_the_year_up_to_what_the_mirror_knows() -> None:
    known = datetime.fromisoformat("2026-06-30T10:00:00+00:00")
    assert chosen_period(None, None, known_until=known) == Period(date(2025, 7, 1), date(2026, 6, 30))
    with pytest.raises(InputInvalid, match="knows the org up to 2026-06-30"):
        chosen_period(None, date(2026, 7, 1), known_until=known)
    with pytest.raises(InputInvalid, match="is after"):
        chosen_period(date(2026, 5, 2), date(2026, 5, 1), known_until=known)

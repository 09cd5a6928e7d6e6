"""Leaks of the seed world, held against what was planted and against its files; and the edges of each leak."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from insight_mirror import LEAVER, MAPPING, NOW, QUEUE, SELLER, Rows, compiled
from seed_lives import lives, moment, rows

from sync.cli.main import main
from sync.insight.leak_report import LeakReport, measured_leaks
from sync.insight.leaks import Leak, LeakName, LeakRow
from sync.mapping import OrgMapping, digest
from sync.mockorg.seed import Story, Tie, Trait, WorldSummary
from sync.policy.compile import compile_policy
from sync.workspace import Workspace

DAY = timedelta(days=1)
BACK = 365 * DAY
POLICY = "policy: p\nscope: \"status <> 'Closed'\"\ncriteria: {a: pricing_discussed OR talk}\nready: a\n"
POLICY += "signals: {talk: {activity: is_closed, within: 90 days}}\n"


@pytest.fixture(scope="module")
def clock() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def report(pulled: Path, clock: datetime) -> Iterator[LeakReport]:
    workspace = Workspace.open(pulled)
    policy = compile_policy(workspace.policy(), workspace.mapping, clock)
    with (
        workspace.mirror() as mirror,
        measured_leaks(mirror, policy, workspace.mapping, response=DAY, back=BACK) as measured,
    ):
        yield measured


def ids(report: LeakReport, name: LeakName) -> set[str]:
    return {row.lead_id for row in report.rows([name])}


def leak(report: LeakReport, name: LeakName) -> Leak:
    return next(each for each in report.leaks if each.name is name)


def planted(world: WorldSummary, *stories: Story) -> set[str]:
    return {each.lead_id for each in world.truth.values() if each.story in stories}


def test_every_count_is_the_length_of_its_list(report: LeakReport) -> None:
    assert {each.name: each.leads for each in report.leaks} == {
        name: len(list(report.rows([name]))) for name in LeakName
    }


def test_ready_leads_that_nobody_converted_are_those_planted(seed_world: WorldSummary, report: LeakReport) -> None:
    assert ids(report, LeakName.READY_NOT_CONVERTED) == seed_world.ready
    rate = leak(report, LeakName.READY_NOT_CONVERTED).rate
    assert (rate.successes, rate.trials) == (len(seed_world.ready), seed_world.in_scope)


def test_leads_converted_without_pricing_are_found_by_their_state_then(
    seed_world: WorldSummary, report: LeakReport, clock: datetime
) -> None:
    """Their activities hang on the contact now, and nothing that came after the conversion may count."""
    recent = {life.id for life in lives(seed_world, clock) if life.converted and life.converted >= clock - BACK}
    judged = recent & planted(seed_world, *(story for story in Story if story.converted))
    found = ids(report, LeakName.CONVERTED_NOT_READY)
    assert found == judged & planted(seed_world, Story.CONVERTED_WITHOUT_PRICING)
    assert found
    assert leak(report, LeakName.CONVERTED_NOT_READY).rate.trials == len(judged)


def test_owners_who_cannot_act_are_those_planted(seed_world: WorldSummary, report: LeakReport) -> None:
    for name, trait in (
        (LeakName.NO_OWNER, Trait.OWNED_BY_QUEUE),
        (LeakName.INACTIVE_OWNER, Trait.OWNED_BY_INACTIVE_USER),
    ):
        expected = {t.lead_id for t in seed_world.truth.values() if t.in_scope and trait in t.traits}
        assert ids(report, name) == expected
        assert expected


def test_unanswered_and_late_answers_are_those_of_the_files(
    seed_world: WorldSummary, report: LeakReport, clock: datetime
) -> None:
    unanswered, late = set(), set()
    for life in lives(seed_world, clock):
        answers = [at for at in (life.touched, life.moved) if at is not None]
        if not answers and seed_world.truth[life.id].in_scope and life.created + DAY <= clock:
            unanswered.add(life.id)
        if answers and life.created >= clock - BACK and min(answers) > life.created + DAY:
            late.add(life.id)
    assert ids(report, LeakName.UNANSWERED) == unanswered
    assert ids(report, LeakName.ANSWERED_LATE) == late


def test_leads_of_customers_are_found_and_every_account_named_is_one(
    seed_world: WorldSummary, report: LeakReport
) -> None:
    customers = {row["Id"] for row in rows(seed_world, "Account") if row["Type"].startswith("Customer")}
    customers |= {row["AccountId"] for row in rows(seed_world, "Opportunity") if row["IsWon"] == "true"}
    tied = {Tie.KNOWN_CONTACT, Tie.KNOWN_DOMAIN, Tie.KNOWN_COMPANY_NAME}
    expected = {t.lead_id for t in seed_world.truth.values() if t.in_scope and t.tie in tied and t.account in customers}
    found = {row.lead_id: row for row in report.rows([LeakName.EXISTING_CUSTOMER])}
    assert expected <= found.keys()
    assert expected
    for row in found.values():
        assert row.detail.split()[1] in customers
        assert seed_world.truth[row.lead_id].in_scope


def test_conversions_without_opportunity_and_soon_lost_are_those_of_the_files(
    seed_world: WorldSummary, report: LeakReport, clock: datetime
) -> None:
    ends = {
        (row["OpportunityId"], row["StageName"]): moment(row["CreatedDate"])
        for row in rows(seed_world, "OpportunityHistory")
    }
    recent = [life for life in lives(seed_world, clock) if life.converted and life.converted >= clock - BACK]
    assert ids(report, LeakName.NO_OPPORTUNITY) == {life.id for life in recent if life.deal is None}
    lost = {
        life.id: life.converted
        for life in recent
        if life.deal
        and life.converted
        and (life.deal["IsClosed"], life.deal["IsWon"]) == ("true", "false")
        and ends[life.deal["Id"], life.deal["StageName"]] <= life.converted + 30 * DAY
    }
    assert ids(report, LeakName.LOST_SOON) == set(lost)
    rate = leak(report, LeakName.LOST_SOON).rate
    old = [life for life in recent if life.deal and life.converted and life.converted <= clock - 30 * DAY]
    assert (rate.successes, rate.trials) == (sum(at <= clock - 30 * DAY for at in lost.values()), len(old))


# Worlds of a few leads


def of(records: Rows, *names: LeakName, policy: str = POLICY) -> tuple[list[LeakRow], tuple[str, ...]]:
    with measured_leaks(
        records.mirror(), compiled(policy, mapping=records.mapping), records.mapping, response=DAY, back=90 * DAY
    ) as report:
        return list(report.rows(names)), tuple(report.notes)


def test_a_lead_is_ready_since_the_last_moment_from_which_on_it_always_was() -> None:
    records = Rows()
    for days in (2, 10, 80):
        lead = records.add("lead", created_at=NOW - 100 * DAY)
        records.add(
            "task",
            who_id=lead,
            is_closed=True,
            completed_at=NOW - days * DAY,
            created_at=NOW - days * DAY,
            system_modstamp=NOW - days * DAY,
        )
    found, _ = of(records, LeakName.READY_NOT_CONVERTED)
    assert [row.since for row in found] == [NOW - 60 * DAY, NOW - 7 * DAY, NOW - DAY]


def test_what_was_learnt_after_the_conversion_makes_nobody_ready_then() -> None:
    records = Rows()
    for before in (True, False):
        contact = records.add("contact", created_at=NOW - 10 * DAY)
        lead = records.add(
            "lead",
            created_at=NOW - 20 * DAY,
            is_converted=True,
            converted_at=(NOW - 10 * DAY).date(),
            converted_contact_id=contact,
            status="Converted",
        )
        records.add("lead_history", lead_id=lead, field="leadConverted", created_at=NOW - 10 * DAY)
        moved = {"field": "Status", "old_value": "Working", "new_value": "Converted"}
        records.add("lead_history", lead_id=lead, created_at=NOW - 10 * DAY, **moved)
        at = NOW - (12 if before else 8) * DAY
        records.add("task", who_id=contact, is_closed=True, completed_at=at, created_at=at, system_modstamp=at)
    found, _ = of(records, LeakName.CONVERTED_NOT_READY)
    assert [row.lead_id for row in found] == [lead]


def test_a_conversion_whose_activities_cannot_be_told_apart_is_not_judged() -> None:
    records = Rows()
    contact = records.add("contact", created_at=NOW - 900 * DAY)
    lead = records.add(
        "lead",
        created_at=NOW - 20 * DAY,
        is_converted=True,
        converted_at=(NOW - 10 * DAY).date(),
        converted_contact_id=contact,
    )
    records.add("lead_history", lead_id=lead, field="leadConverted", created_at=NOW - 10 * DAY)
    found, notes = of(records, LeakName.CONVERTED_NOT_READY)
    assert found == []
    assert any("went to a contact that was there before" in note for note in notes)


def test_a_conversion_whose_earlier_status_nothing_tells_is_not_judged() -> None:
    records = Rows()
    lead = records.add("lead", created_at=NOW - 20 * DAY, is_converted=True, converted_at=(NOW - 10 * DAY).date())
    records.add("lead_history", lead_id=lead, field="leadConverted", created_at=NOW - 10 * DAY)
    found, notes = of(records, LeakName.CONVERTED_NOT_READY)
    assert found == []
    assert any("1 converted leads were out of the policy's scope just before" in note for note in notes)


def test_a_conversion_dated_by_day_alone_is_not_judged() -> None:
    records = Rows()
    records.add("lead", created_at=NOW - 20 * DAY, is_converted=True, converted_at=date(2026, 6, 5))
    found, notes = of(records, LeakName.CONVERTED_NOT_READY)
    assert found == []
    assert any("only the day is known" in note for note in notes)


def test_a_policy_with_a_likelihood_is_not_asked_about_the_past() -> None:
    records = Rows()
    lead = records.add("lead", created_at=NOW - 9 * DAY, pricing_discussed=True)
    records.score(lead, 0.5)
    policy = "policy: p\ncriteria: {a: likelihood >= 0.3, b: pricing_discussed}\nready: a AND b\n"
    found, notes = of(records, LeakName.READY_NOT_CONVERTED, policy=policy)
    assert [(row.lead_id, row.since) for row in found] == [(lead, None)]
    assert any("asks for a likelihood" in note for note in notes)


def test_owners_are_told_by_their_id_and_their_user() -> None:
    records = Rows()
    records.add("user", id=SELLER, is_active=True)
    records.add("user", id=LEAVER, is_active=False)
    for owner in (SELLER, LEAVER, QUEUE, None, "005000000000009AAA"):
        records.add("lead", owner_id=owner)
    found, _ = of(records, LeakName.NO_OWNER, LeakName.INACTIVE_OWNER)
    assert {(row.leak, row.owner_id, row.detail) for row in found} == {
        (LeakName.NO_OWNER, QUEUE, "queue"),
        (LeakName.NO_OWNER, None, "nobody"),
        (LeakName.INACTIVE_OWNER, LEAVER, "inactive user"),
    }


def test_a_lead_within_its_promised_time_is_no_leak() -> None:
    records = Rows()
    records.add("lead", created_at=NOW - DAY + timedelta(seconds=1))
    late = records.add("lead", created_at=NOW - DAY)
    found, _ = of(records, LeakName.UNANSWERED)
    assert [(row.lead_id, row.since) for row in found] == [(late, NOW)]


def test_with_leads_alone_the_leaks_that_can_be_told_are_told() -> None:
    kept = {"lead": MAPPING["lead"]}
    records = Rows(OrgMapping(objects=kept, digest=digest(kept.values())))
    lead = records.add("lead", created_at=NOW - 9 * DAY, pricing_discussed=True)
    policy = "policy: p\ncriteria: {a: pricing_discussed}\nready: a\n"
    found, notes = of(records, LeakName.READY_NOT_CONVERTED, LeakName.UNANSWERED, policy=policy)
    assert {(row.leak, row.lead_id) for row in found} == {
        (LeakName.READY_NOT_CONVERTED, lead),
        (LeakName.UNANSWERED, lead),
    }
    assert {note.split(":")[0] for note in notes} >= {
        "which accounts are customers can't be told",
        "User is not mapped",
    }


def test_an_empty_mirror_has_no_leak() -> None:
    found, _ = of(Rows(), *LeakName)
    assert found == []


# The command


def test_the_command_counts_lists_and_writes(pulled: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "leaks.csv"
    capsys.readouterr()
    assert main(["leaks", "-C", str(pulled), "--list", "no-owner", "--csv", str(file), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in document["leaks"]] == list(LeakName)
    with file.open(encoding="utf-8") as opened:
        written = [row["lead_id"] for row in csv.DictReader(opened)]
    assert written == [row["lead_id"] for row in document["leads"]]
    assert len(written) == next(each["leads"] for each in document["leaks"] if each["name"] == "no-owner") > 0


@pytest.mark.slow
def test_people_see_shares_and_what_to_do_next(pulled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["leaks", "-C", str(pulled), "--list", "unanswered", "--limit", "1", "--response", "2d"]) == 0
    said = capsys.readouterr().out
    for words in ("share", "leadgate plan", "more; --limit, --csv and --json show them"):
        assert words in said


def test_an_unknown_leak_is_refused_with_those_that_there_are(pulled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaks", "-C", str(pulled), "--list", "drips"]) == 2
    assert "one of ready-not-converted" in capsys.readouterr().err

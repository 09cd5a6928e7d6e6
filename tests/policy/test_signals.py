from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_mirror import NOW, Mirror, Row, compiled, lead, lead_id

from sync.mapping import OrgMapping, parse_mappings
from sync.model import Value
from sync.policy.relations import activity_columns, activity_view_sql, lead_opportunity_view_sql

POLICY = """
policy: signals
signals:
  talk:
    activity: "matches(text, 'pric(e|ing)')"
    within: 90 days
    contradicted_by: "matches(text, 'too expensive')"
  meeting: {activity: "kind = 'event' AND ended_at < now()"}
  booked: {activity: "kind = 'event'", planned: true, within: 10 days}
  done: {activity: "is_closed"}
criteria: {c: "talk OR meeting OR booked OR done"}
ready: c
"""


@pytest.fixture(scope="module")
def mirror() -> Mirror:
    return Mirror()


def days(number: float) -> datetime:
    return NOW - timedelta(days=number)


def task(at: datetime, text: str, **more: Value) -> Row:
    return {"subject": text, "completed_at": at, "created_at": min(at, NOW), **more}


def event(at: datetime, text: str = "Meeting", **more: Value) -> Row:
    return {"subject": text, "started_at": at, "ended_at": at + timedelta(hours=1), "created_at": days(200), **more}


def holds(mirror: Mirror, signal: str, *, tasks: tuple[Row, ...] = (), events: tuple[Row, ...] = ()) -> bool | None:
    mirror.empty().add("lead", lead(1), lead(2))
    for table, rows in (("task", tasks), ("event", events)):
        mirror.add(
            table, *({"id": f"{n:018d}", "who_id": lead_id(), "is_deleted": False, **r} for n, r in enumerate(rows))
        )
    policy = compiled(POLICY)
    everyone, one = mirror.decide(policy), mirror.decide(policy, [lead_id()])
    assert everyone[lead_id()] == one[lead_id()]
    assert everyone[lead_id(2)].signals == dict.fromkeys(policy.policy.signals, False)
    return everyone[lead_id()].signals[signal]


def test_a_matching_activity_in_the_window_makes_the_signal_true(mirror: Mirror) -> None:
    assert holds(mirror, "talk", tasks=(task(days(5), "Pricing sent"),))


def test_an_activity_without_the_words_does_not(mirror: Mirror) -> None:
    assert holds(mirror, "talk", tasks=(task(days(5), "Hello"),)) is False


@pytest.mark.parametrize(("age", "expected"), [(90, True), (90.0001, False), (0, True), (-0.0001, False)])
def test_the_window_is_inclusive_and_the_future_does_not_count(mirror: Mirror, age: float, *, expected: bool) -> None:
    assert holds(mirror, "talk", tasks=(task(days(age), "price"),)) is expected


def test_a_later_contradiction_takes_the_signal_back(mirror: Mirror) -> None:
    assert holds(mirror, "talk", tasks=(task(days(5), "price"), task(days(4), "too expensive"))) is False


def test_an_earlier_contradiction_does_not(mirror: Mirror) -> None:
    assert holds(mirror, "talk", tasks=(task(days(5), "too expensive"), task(days(4), "price")))


def test_a_contradiction_at_the_same_instant_is_not_later(mirror: Mirror) -> None:
    assert holds(mirror, "talk", tasks=(task(days(5), "price"), task(days(5), "too expensive")))
    assert holds(mirror, "talk", tasks=(task(days(5), "the price is too expensive"),))


def test_a_contradiction_that_lies_ahead_does_not_count(mirror: Mirror) -> None:
    assert holds(mirror, "talk", tasks=(task(days(5), "price"), task(days(-1), "too expensive")))


def test_talk_after_a_contradiction_counts_again(mirror: Mirror) -> None:
    rows = (task(days(9), "price"), task(days(8), "too expensive"), task(days(7), "new price"))
    assert holds(mirror, "talk", tasks=rows)


def test_a_contradiction_of_old_talk_is_judged_against_talk_in_the_window(mirror: Mirror) -> None:
    assert holds(mirror, "talk", tasks=(task(days(100), "price"), task(days(99), "too expensive"))) is False


def test_a_record_made_after_the_clock_does_not_exist_yet(mirror: Mirror) -> None:
    assert holds(mirror, "talk", tasks=(task(days(5), "price", created_at=days(-1)),)) is False


def test_an_open_task_counts_from_its_due_date_and_else_from_its_creation(mirror: Mirror) -> None:
    open_task: Row = {"subject": "price", "created_at": days(100)}
    assert holds(mirror, "talk", tasks=(open_task,)) is False
    assert holds(mirror, "talk", tasks=({**open_task, "due_date": days(3).date()},))
    assert holds(mirror, "talk", tasks=({**open_task, "due_date": days(-3).date()},)) is False


def test_a_meeting_is_held_when_it_has_ended(mirror: Mirror) -> None:
    assert holds(mirror, "meeting", events=(event(days(1)),))
    assert holds(mirror, "meeting", events=(event(NOW - timedelta(minutes=30)),)) is False


def test_a_planned_meeting_counts_from_the_day_it_was_made(mirror: Mirror) -> None:
    ahead = days(-20)
    assert holds(mirror, "booked", events=(event(ahead, created_at=days(2)),))
    assert holds(mirror, "booked", events=(event(ahead, created_at=days(11)),)) is False
    assert holds(mirror, "meeting", events=(event(ahead, created_at=days(2)),)) is False


def test_an_event_is_closed_once_it_has_ended(mirror: Mirror) -> None:
    assert holds(mirror, "done", events=(event(days(1)),))
    assert holds(mirror, "done", events=(event(days(-1)),)) is False
    assert holds(mirror, "done", tasks=(task(days(1), "x", is_closed=True),))
    assert holds(mirror, "done", tasks=(task(days(1), "x", is_closed=False),)) is False


def test_deleted_activities_invitees_copies_and_other_peoples_do_not_count(mirror: Mirror) -> None:
    assert holds(mirror, "talk", tasks=(task(days(5), "price", is_deleted=True),)) is False
    assert holds(mirror, "talk", tasks=(task(days(5), "price", who_id="003000000000001AAA"),)) is False
    assert holds(mirror, "meeting", events=(event(days(5), is_child=True),)) is False


def test_evidence_names_record_time_and_words(mirror: Mirror) -> None:
    mirror.empty().add("lead", lead(1), lead(2))
    long = (
        "We met again. " * 10 + "The new pricing was fine for them and they will come back to us. " + "Bye now. " * 10
    )
    mirror.add(
        "task",
        {"id": "00T1", "who_id": lead_id(), **task(days(5), "Call", description=long)},
        {"id": "00T2", "who_id": lead_id(), **task(days(4), "It is TOO expensive")},
        {"id": "00T3", "who_id": lead_id(), **task(days(6), "too expensive, they said")},
        {"id": "00T4", "who_id": lead_id(2), **task(days(5), "price")},
    )
    policy = compiled(POLICY)
    found = [
        (e.record_id, e.object, e.contradicts, e.at)
        for _, e in mirror.evidence(policy, [lead_id()])
        if e.signal == "talk"
    ]
    assert found == [("00T2", "Task", True, days(4)), ("00T1", "Task", False, days(5))]
    quote = next(e.quote for _, e in mirror.evidence(policy, [lead_id()]) if e.record_id == "00T1")
    assert quote == "… We met again. We met again. The new pricing was fine for them and they will come …"
    assert {lead for lead, _ in mirror.evidence(policy, [lead_id(), lead_id(2)])} == {lead_id(), lead_id(2)}
    assert mirror.evidence(policy, []) == []


def test_history_and_opportunities_speak_too(mirror: Mirror) -> None:
    policy = compiled(
        """
policy: more
signals:
  worked:
    history: "changed_to(status, 'Working - Contacted')"
    within: 30 days
    contradicted_by: "changed_to(status, 'Nurturing')"
  handed: {history: "changed(owner_id)"}
  won: {opportunity: "is_won"}
  rich: {field: "contains(description, 'money')"}
criteria: {c: "worked AND handed AND won AND rich"}
ready: c
"""
    )
    mirror.empty()
    mirror.add("lead", lead(1, email="A@x.example", description="old money"), lead(2, converted_opportunity_id="006B"))
    row = {"lead_id": lead_id(), "created_at": days(3)}
    mirror.add(
        "lead_history", {"id": "017A", "field": "Status", "old_value": "New", "new_value": "Working - Contacted", **row}
    )
    mirror.add("lead_history", {"id": "017B", "field": "Owner", "old_value": "x", "new_value": "y", **row})
    mirror.add("contact", {"id": "003A", "email": "a@X.example", "account_id": "001A"})
    mirror.add(
        "opportunity", {"id": "006A", "account_id": "001A", "name": "Old deal", "is_won": True, "created_at": days(40)}
    )
    mirror.add(
        "opportunity", {"id": "006B", "account_id": "001B", "name": "Other", "is_won": False, "created_at": days(40)}
    )
    decided = mirror.decide(policy)
    assert decided[lead_id()].signals == {"worked": True, "handed": True, "won": True, "rich": True}
    assert decided[lead_id(2)].signals == {"worked": False, "handed": False, "won": False, "rich": None}
    quotes = {e.signal: (e.object, e.record_id, e.quote) for _, e in mirror.evidence(policy, [lead_id()])}
    assert quotes == {
        "worked": ("LeadHistory", "017A", "Status: New → Working - Contacted"),
        "handed": ("LeadHistory", "017B", "Owner: x → y"),
        "won": ("Opportunity", "006A", "Old deal"),
        "rich": ("Lead", lead_id(), "old money"),
    }
    mirror.add(
        "lead_history", {**row, "id": "017C", "field": "Status", "new_value": "Nurturing", "created_at": days(2)}
    )
    assert mirror.decide(policy)[lead_id()].signals["worked"] is False


def mapping(*files: str) -> OrgMapping:
    objects, problems = parse_mappings([(text, "m.yaml") for text in files])
    assert not problems
    return OrgMapping(objects=objects)


LEAD = "object: Lead\nfields:\n  email: {field: Email, type: email}"
TASK = "object: Task\nfields:\n  who_id: {field: WhoId, type: id}"


@pytest.mark.parametrize(
    "files",
    [
        (LEAD,),
        (LEAD, TASK),
        (
            LEAD,
            "object: Event\nfields:\n  who_id: {field: WhoId, type: id}\n  outcome: {field: Outcome__c, type: text}",
        ),
        (
            LEAD,
            TASK + "\n  score: {field: Score__c, type: number}",
            "object: Event\nfields:\n  who_id: {field: WhoId, type: id}\n  score: {field: Score__c, type: text}",
        ),
        (LEAD, "object: Opportunity\nfields:\n  name: {field: Name, type: text}"),
        (
            LEAD,
            "object: Opportunity\nfields:\n  account_id: {field: AccountId, type: id}",
            "object: Contact\nfields:\n  email: {field: Email, type: email}",
        ),
    ],
    ids=["lead only", "bare task", "event with own field", "clashing types", "bare opportunity", "by e-mail"],
)
def test_the_views_stand_on_any_mapping(files: tuple[str, ...]) -> None:
    mapped = mapping(*files)
    mirror = Mirror(mapped)
    described = mirror.db.execute("SELECT * FROM activity").description or ()
    assert [column[0] for column in described] == [*activity_columns(mapped), "system_modstamp"]
    mirror.db.execute("SELECT lead_id, id FROM lead_opportunity").fetchall()
    assert activity_view_sql(mapped).startswith("CREATE OR REPLACE VIEW")
    assert lead_opportunity_view_sql(mapped).startswith("CREATE OR REPLACE VIEW")


def test_kinds_of_activity_are_told_by_subtype_and_type() -> None:
    mirror = Mirror(
        mapping(
            LEAD, TASK + "\n  task_subtype: {field: TaskSubtype, type: picklist}\n  type: {field: Type, type: picklist}"
        )
    )
    rows = [
        ("Call", None, "call"),
        ("Email", None, "email"),
        ("ListEmail", None, "email"),
        (None, "Call", "call"),
        ("Task", None, "task"),
        (None, None, "task"),
    ]
    for number, (subtype, type_, _) in enumerate(rows):
        mirror.add("task", {"id": str(number), "who_id": lead_id(), "task_subtype": subtype, "type": type_})
    found = mirror.db.execute("SELECT kind FROM activity ORDER BY id").fetchall()
    assert [kind for (kind,) in found] == [kind for *_, kind in rows]


def test_times_come_back_aware(mirror: Mirror) -> None:
    holds(mirror, "talk", tasks=(task(days(5), "price"),))
    [(_, evidence)] = mirror.evidence(compiled(POLICY), [lead_id()])[:1]
    assert evidence.at is not None
    assert evidence.at.tzinfo is UTC


WORDS = ("Pricing sent", "It is too expensive", "Pricing: too expensive", "Lunch")
Moment = tuple[int, str]


def talked(rows: Sequence[Moment]) -> bool:
    """The signal `talk` as the language's description has it, over (hours before the clock, words)."""
    known = [(hours, words.lower()) for hours, words in rows if hours >= 0]
    matches = [hours for hours, words in known if "pricing" in words and hours <= 90 * 24]
    against = [hours for hours, words in known if "too expensive" in words]
    return bool(matches) and not any(hours < min(matches) for hours in against)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from([-5, 0, 1, 30, 89 * 24, 90 * 24, 90 * 24 + 1, 91 * 24]), st.sampled_from(WORDS)),
            max_size=4,
        ),
        min_size=1,
        max_size=12,
    )
)
def test_a_signal_holds_where_the_last_match_in_its_window_has_no_later_contradiction(
    mirror: Mirror, leads: list[list[Moment]]
) -> None:
    mirror.empty().add("lead", *(lead(number) for number in range(1, len(leads) + 1)))
    for number, rows in enumerate(leads, start=1):
        for at, (hours, words) in enumerate(rows):
            row = task(NOW - timedelta(hours=hours), words)
            mirror.add("task", {"id": f"{number:09d}{at:09d}", "who_id": lead_id(number), "is_deleted": False, **row})
    decided = mirror.decide(compiled(POLICY))
    seen = {number: decided[lead_id(number)].signals["talk"] for number in range(1, len(leads) + 1)}
    assert seen == {number: talked(rows) for number, rows in enumerate(leads, start=1)}

"""Random pasts: what truly happened, from which both a mirror of today and the state of every day can be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import strategies as st
from past_world import PastWorld, lead_id, record_id

from sync.insight.backtest.period import Period
from sync.model import Value

FIRST = date(2026, 3, 1)
PERIOD = Period(FIRST, FIRST + timedelta(days=13))
MIDNIGHT = datetime.combine(FIRST, time(), UTC)

TEXTS = ("pricing talked through", "no budget", "hello", "not interested", "meeting agreed, pricing", "cancelled")
STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Not Converted")
API = {"status": "Status", "pricing_discussed": "Pricing_Discussed__c", "purchase_timeline": "Purchase_Timeline__c"}

hours = st.integers(-20 * 24, 18 * 24)
"""Before and after the beginning of the period."""


@dataclass(frozen=True)
class Activity:
    """A task or an event, and what became of it."""

    event: bool
    subject: str
    subtype: str
    created: int
    at: int
    """When an event starts; the hour of whose day a task is due."""
    done: int | None
    """When a task was completed; how long an event takes."""


@dataclass(frozen=True)
class Life:
    """What truly happened with a lead."""

    created: int
    start: Mapping[str, Value]
    changes: tuple[tuple[int, str, Value], ...]
    activities: tuple[Activity, ...]
    converted: int | None

    def conversion(self) -> int | None:
        """Its hour; never before the creation."""
        return None if self.converted is None else max(self.converted, self.created + 1)


values = {
    "status": st.sampled_from(STATUSES),
    "pricing_discussed": st.none() | st.booleans(),
    "purchase_timeline": st.none() | st.integers(-5, 20).map(lambda n: FIRST + timedelta(days=n)),
}
change = st.one_of(*(st.tuples(hours, st.just(name), value) for name, value in values.items()))
activity = st.builds(
    Activity,
    event=st.booleans(),
    subject=st.sampled_from(TEXTS),
    subtype=st.sampled_from(["Call", "Email", "Task"]),
    created=hours,
    at=hours,
    done=st.none() | st.integers(0, 200),
)
life = st.builds(
    Life,
    created=st.integers(-20 * 24, 5 * 24),
    start=st.fixed_dictionaries(values),
    changes=st.lists(change, max_size=4).map(tuple),
    activities=st.lists(activity, max_size=4).map(tuple),
    converted=st.none() | st.integers(-2 * 24, 16 * 24),
)
lives = st.lists(life, min_size=1, max_size=3)

SIGNALS = {
    "pricing": "{activity: \"matches(text, 'pricing')\", within: 5 days, contradicted_by: \"matches(text, 'budget')\"}",
    "talked": "{activity: \"kind IN ('call', 'event') AND is_closed AND NOT matches(text, 'cancel')\", within: 1 week, "
    "contradicted_by: \"matches(text, 'not interested')\"}",
    "booked": "{activity: \"kind = 'event' AND NOT matches(subject, 'cancel')\", planned: true, within: 6 days, "
    "contradicted_by: \"is_closed AND matches(text, 'not interested')\"}",
    "held": "{activity: \"kind = 'event' AND ended_at < now()\"}",
    "due": "{activity: \"kind <> 'event' AND NOT is_closed AND due_date <= today()\"}",
    "recent": '{activity: "days_since(created_at) <= 3 OR days_until(occurred_at) > -2.5"}',
    "moved": "{history: \"changed_to(status, 'Working - Contacted')\", within: 4 days}",
    "odd": '{activity: "days_since(created_at) > days_since(occurred_at)"}',
}
CONDITIONS = (
    "status = 'Working - Contacted'",
    "pricing_discussed",
    "purchase_timeline BETWEEN today() AND days_ahead(6)",
    "days_since(created_at) >= 10",
    "purchase_timeline IS NULL OR purchase_timeline > days_ago(2)",
    "days_since(last_activity_at) < 4",
    *SIGNALS,
)
SCOPES = ("NOT is_converted", "status <> 'Closed - Not Converted'", "days_since(created_at) < 25")


def policy_text(conditions: tuple[str, ...], ready: str, scope: str) -> str:
    signals = "\n".join(f"  {name}: {body}" for name, body in SIGNALS.items())
    criteria = "\n".join(f'  c{number}: "{condition}"' for number, condition in enumerate(conditions))
    return f'policy: random\nscope: "{scope}"\nsignals:\n{signals}\ncriteria:\n{criteria}\nready: "{ready}"\n'


policies = st.tuples(
    st.lists(st.sampled_from(CONDITIONS), min_size=3, max_size=3).map(tuple),
    st.sampled_from(["c0 AND c1", "c0 OR c1 AND c2", "c0 AND NOT c1", "(c0 OR c1) AND c2"]),
    st.sampled_from(SCOPES),
).map(lambda drawn: policy_text(*drawn))


def hour(number: int) -> datetime:
    return MIDNIGHT + timedelta(hours=number)


def until(each: Life, cut: int) -> Life:
    """The life as far as it had come by an hour: whatever came later is struck out."""
    known = tuple(activity_ for activity_ in each.activities if activity_.created <= cut)
    converted = each.conversion()
    return replace(
        each,
        changes=tuple(change for change in each.changes if change[0] <= cut),
        activities=tuple(
            replace(activity_, done=None)
            if not activity_.event and activity_.done is not None and activity_.created + activity_.done > cut
            else activity_
            for activity_ in known
        ),
        converted=None if converted is None or converted > cut else each.converted,
    )


def put(world: PastWorld, lived: list[Life]) -> None:
    """The mirror of today: current rows, and the histories that the org has kept."""
    for number, each in enumerate(lived, 1):
        lead = lead_id(number)
        now = dict(each.start)
        rows = []
        for at, name, value in sorted(each.changes, key=lambda change: change[0]):
            if each.created < at < (each.conversion() or 10**6) and now[name] != value:
                rows.append((hour(at), API[name], _shown(now[name]), _shown(value)))
                now[name] = value
        world.add("lead", id=lead, created_at=hour(each.created), **now)
        for row in rows:
            world.history(lead, *row)
        for serial, activity_ in enumerate(each.activities):
            table, row = _record(lead, number * 100 + serial, activity_)
            world.add(table, **row)
        if (converted := each.conversion()) is not None:
            world.history(lead, hour(converted), "Status", _shown(now["status"]), "Closed - Converted")
            world.convert(lead, hour(converted))


def as_of(
    lived: list[Life], clock_of: Mapping[int, tuple[datetime, datetime]]
) -> Iterator[tuple[str, dict[str, Value]]]:
    """Plain rows as the org would have shown them: tables and values; of each lead at its own clock."""
    for number, each in enumerate(lived, 1):
        clock, known = clock_of[number]
        if hour(each.created) > known:
            continue
        lead, now = lead_id(number), dict(each.start)
        for serial, (at, name, value) in enumerate(sorted(each.changes, key=lambda change: change[0])):
            if each.created < at < (each.conversion() or 10**6) and hour(at) <= known and now[name] != value:
                yield "lead_history", {
                    "id": record_id("lead_history", number * 1000 + serial), "lead_id": lead, "field": API[name],
                    "old_value": _shown(now[name]), "new_value": _shown(value), "created_at": hour(at),
                }  # fmt: skip
                now[name] = value
        days = []
        for serial, activity_ in enumerate(each.activities):
            table, row = _record(lead, number * 100 + serial, activity_)
            if row["created_at"] > clock:
                continue
            done = row.get("completed_at")
            if table == "task" and (done is None or done > clock):
                row |= {"completed_at": None, "is_closed": False, "status": None}
            if row["created_at"] <= known and (table == "event" or (done is not None and done <= known)):
                days.append(row["started_at"].date() if table == "event" else row["due_date"])
            yield table, row
        yield "lead", {
            "id": lead, "created_at": hour(each.created), "is_converted": False, "is_deleted": False,
            "last_activity_at": max(days, default=None), **now,
        }  # fmt: skip


def _record(lead: str, serial: int, each: Activity) -> tuple[str, dict[str, Value]]:
    shared: dict[str, Value] = {"who_id": lead, "subject": each.subject, "created_at": hour(each.created)}
    if each.event:
        ends = hour(each.at + (each.done or 1))
        return "event", {"id": record_id("event", serial), **shared, "started_at": hour(each.at), "ended_at": ends}
    done = None if each.done is None else hour(each.created + each.done)
    return "task", {
        "id": record_id("task", serial), **shared, "task_subtype": each.subtype, "due_date": hour(each.at).date(),
        "completed_at": done, "is_closed": done is not None,
    }  # fmt: skip


def _shown(value: Value) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)

"""Conversions: canary first, then several calls under way at once, packed so that no two of them touch one account.

A lead that attaches to what another lead makes waits for that one, and is not converted when it wasn't. How many leads
go into a call is learned from the org (`sync.plan.pace`) and remembered for the next run. Which calls are under way is
the affair of `sync.apply.flights`; here is what the run does before, between and after them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sync.apply.context import Run
from sync.apply.flights import Course, Flights
from sync.apply.follow_up import set_opportunity_fields
from sync.apply.overtaken import note_overtaken
from sync.apply.precondition import Ready
from sync.ledger.entries import Entry, State
from sync.plan.actions import ConvertLead
from sync.plan.packing import split_canary

CANARY, STEP = "canary", "conversions"


def convert_leads(run: Run, ready: Sequence[Ready], *, since: datetime, read_at: datetime) -> None:
    """Send the conversions, set the planned opportunity fields, and look whether somebody overtook a decision.

    Args:
        run: The run.
        ready: Conversions whose precondition held at `read_at`.
        since: The plan's mirror watermark, for reading again.
        read_at: When the leads were read.

    Raises:
        AccessRefused, OrgUnavailable, OrgFault: The org can't be read; every call that was sent is in the ledger.
    """
    course = Course(
        run=run,
        ready={one.planned.action.lead_id: one for one in ready},
        since=since,
        read_at=read_at,
        pace=run.ledger.pace(run.lease.org_id),
    )
    actions = [one.planned.action for one in ready if isinstance(one.planned.action, ConvertLead)]
    first, rest = split_canary(actions, run.options.limits.canary)
    for name, segment, lanes in ((CANARY, first, 1), (STEP, rest, run.options.parallel_calls)):
        if not segment or run.halt is not None:
            continue
        Flights(course, segment, name=name, lanes=lanes).fly()
        if name == CANARY:
            run.stop_at(run.rejected(course.subject(action).key for action in segment), len(segment))
        run.stop_at(run.rejected(course.keys), len(course.keys))
    course.remember()
    run.followed |= set_opportunity_fields(run, _made_now(course, actions))
    note_overtaken(run, course.ready.values())


def _made_now(course: Course, actions: Sequence[ConvertLead]) -> list[Entry]:
    """The ledger's entries of these conversions, as far as they await their opportunity fields."""
    run = course.run
    waiting = {
        course.subject(action).key
        for action in actions
        if action.convert.opportunity_fields
        and (closing := run.ended.get(course.subject(action).key)) is not None
        and closing.state is State.APPLIED
        and closing.made.opportunity_id is not None
    }
    if not waiting:
        return []
    entries = run.ledger.live(run.lease.org_id, sorted(waiting))
    return [entry for entry in entries.values() if entry.state is State.APPLIED]

"""A run that has come to the reserve of API calls waits there and goes on, where the policy says so.

Salesforce counts the calls of the last 24 hours, so what others have used comes back by itself. While this waits,
nothing is under way and the org is free for others. Going on is a run of its own, of what the plan still holds: it
takes the lease again, closes what was left open and re-reads every lead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sync.apply.context import ApplyOptions
from sync.apply.outcome import Ending, LeadResult, RunResult
from sync.apply.runner import apply_plan
from sync.errors import LeadgateError
from sync.ledger.store import Ledger
from sync.plan.actions import Outcome, Plan
from sync.plan.forecast import forecast_calls
from sync.salesforce.org import Org, Usage

LOOK_EVERY = timedelta(minutes=15)
"""Between two looks at what the org has left; each costs a call."""

_BREATH = 1.0
"""Seconds after which the stop flag is asked again."""

_NOTHING_LEFT = "REQUEST_LIMIT_EXCEEDED"
_ANY_REPLY = "SELECT COUNT() FROM Organization"
_SETTLED = frozenset({Outcome.APPLIED, Outcome.ALREADY_APPLIED, Outcome.SUPERSEDED, Outcome.REJECTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a person is told while a run waits."""

    calls: int
    """What the rest of the plan is forecast to take."""
    usage: Usage | None
    """What the org last told."""
    until: datetime
    """Then the run ends."""


def apply_with_patience(
    plan: Plan, org: Org, ledger: Ledger, options: ApplyOptions, tell: Callable[[Waiting], None]
) -> RunResult:
    """As `apply_plan`; at the reserve it waits up to `limits.wait_at_reserve`, all pauses together, and goes on.

    What keeps it from going on after a pause ends it there: what was done by then is the result.

    Raises:
        PlanInvalid, OrgBusy, AccessRefused, OrgUnavailable, OrgFault, PreImageUnsaved: As `apply_plan`, by the first
            run.
    """
    result = apply_plan(plan, org, ledger, options)
    hours = options.limits.wait_at_reserve_hours
    until = options.clock() + timedelta(hours=hours or 0.0)
    while result.ending is Ending.API_RESERVE and options.clock() < until:
        rest = _rest_of(plan, result)
        try:
            if not _room_for(_calls_for_the_open(rest, result, options), org, options, until, tell):
                return result
            result = _continued(result, apply_plan(rest, org, ledger, options))
        except LeadgateError as refused:
            return replace(result, reason=f"{result.reason}; it could not go on: {refused.message}")
    return result


def _rest_of(plan: Plan, result: RunResult) -> Plan:
    """The plan without what is settled for good; what was converted stays, because others may wait for its account."""
    dropped = {(one.lead_id, one.kind) for one in result.leads if one.outcome in {Outcome.SUPERSEDED, Outcome.REJECTED}}
    return replace(plan, actions=tuple(a for a in plan.actions if (a.lead_id, a.kind) not in dropped))


def _calls_for_the_open(rest: Plan, result: RunResult, options: ApplyOptions) -> int:
    open_ = {(one.lead_id, one.kind) for one in result.leads if one.outcome not in _SETTLED}
    return forecast_calls(
        [a for a in rest.actions if (a.lead_id, a.kind) in open_],
        canary=options.limits.canary,
        parallel_calls=options.parallel_calls,
    )


def _room_for(calls: int, org: Org, options: ApplyOptions, until: datetime, tell: Callable[[Waiting], None]) -> bool:
    """Whether so many calls have come to fit above the reserve before the time is over; waits at least once."""
    while (look_at := options.clock() + LOOK_EVERY) < until:
        tell(Waiting(calls=calls, usage=org.usage(), until=until))
        while options.clock() < look_at:
            if options.stop():
                return False
            options.sleep(_BREATH)
        try:
            org.count(_ANY_REPLY)
        except LeadgateError as refused:
            if refused.code == _NOTHING_LEFT:
                continue
            raise
        usage = org.usage()
        if usage is None or usage.left - calls >= options.limits.api_reserve * usage.allowed:
            return True
    return False


def _continued(before: RunResult, after: RunResult) -> RunResult:
    """Both runs as one: what was settled stays as it was, the rest is what became of it."""
    later = {(one.lead_id, one.kind): one for one in after.leads}
    leads = tuple(_went_on(one, later.get((one.lead_id, one.kind), one)) for one in before.leads)
    return replace(
        after,
        outcomes={outcome: sum(one.outcome is outcome for one in leads) for outcome in Outcome},
        planned=before.planned,
        predicted_blocked=before.predicted_blocked,
        api_calls=before.api_calls + after.api_calls,
        seconds=before.seconds + after.seconds,
        leads=leads,
        not_compared=before.not_compared + after.not_compared,
    )


def _went_on(before: LeadResult, after: LeadResult) -> LeadResult:
    """What became of a lead; a conversion's opportunity may have been given its fields only after the pause."""
    if before.outcome not in _SETTLED:
        return after
    return replace(before, opportunity_fields=after.opportunity_fields or before.opportunity_fields)

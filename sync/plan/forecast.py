"""How many API calls carrying out a plan will take; the same packing as `apply`, counted instead of sent. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from heapq import heappop, heappush
from math import ceil

from sync.plan.actions import Action, ConvertLead, Prediction, UpdateStatus
from sync.plan.pace import FIRST_PACE, Pace, after_success
from sync.plan.packing import Packing, conversions, split_canary
from sync.plan.pre_image import calls_for

GUARDED_UPDATES = 25
"""Status updates up to this many go as guarded composite calls, 25 to a call."""

COLLECTIONS = 1000
"""Updates in a call: five collections of 200."""

BULK_FROM = 2000
"""More updates than this go by Bulk API 2.0 (Salesforce's own advice)."""

BULK_CALLS = 8
"""Create, upload, close, three polls, and two result files: of a job that takes some seconds and has a few failures."""

RETRIEVE = 10_000
"""Records re-read in a call."""

LEADS_IN_QUERY = 560
"""Leads whose newer activities one query asks for."""

QUERIES_IN_CALL = 5
"""Queries in a composite call."""


def forecast_calls(
    actions: Sequence[Action], *, canary: int = 10, pace: Pace = FIRST_PACE, parallel_calls: int = 1
) -> int:
    """API calls that an undisturbed apply makes: re-reading, writing, reading back; retries come on top.

    Args:
        actions: The plan's.
        canary: Conversions that go first.
        pace: What the ledger remembers of the org.
        parallel_calls: Conversion calls that may be under way at once; with accounts of many leads, more at once means
            smaller ones.
    """
    to_send = [action for action in actions if action.prediction is Prediction.WILL_SUCCEED]
    if not to_send:
        return 0
    updates = sum(isinstance(action, UpdateStatus) for action in to_send)
    calls = reading_calls(to_send)
    calls += update_calls(updates)
    converting = conversions(to_send)
    for segment, lanes in zip(split_canary(converting, canary), (1, parallel_calls), strict=True):
        sent, pace = _conversion_calls(segment, pace, lanes)
        calls += sent
    made = sum(1 for action in converting if action.convert.opportunity_fields)
    return calls + finishing_calls(len(converting), made)


def reading_calls(actions: Sequence[Action]) -> int:
    """API calls for looking at the leads of these actions once more: themselves, evidence, pre-images."""
    leads = ceil(len({action.lead_id for action in actions}) / RETRIEVE)
    return leads + _evidence_calls(actions) + calls_for(len(conversions(actions)))


def finishing_calls(converted: int, with_fields: int) -> int:
    """API calls after the conversions: reading and setting opportunity fields, and one more look at the leads."""
    return ceil(with_fields / RETRIEVE) + update_calls(with_fields) + ceil(converted / RETRIEVE)


def update_calls(count: int) -> int:
    """API calls for that many record updates, by the route that `apply` takes."""
    if count <= GUARDED_UPDATES:
        return ceil(count / GUARDED_UPDATES)
    return ceil(count / COLLECTIONS) if count <= BULK_FROM else BULK_CALLS


def _evidence_calls(actions: Sequence[Action]) -> int:
    """Reading back the activities that decisions rest on, and asking whether newer ones came (Tasks and Events)."""
    resting = [action for action in actions if action.expects.activities]
    if not resting:
        return 0
    records = {record for action in resting for record in action.decision.evidence}
    of_prefix = Counter(record[:3] for record in records)
    known = sum(ceil(of_prefix[prefix] / RETRIEVE) for prefix in ("00T", "00U"))
    queries = 2 * ceil(len({action.lead_id for action in resting}) / LEADS_IN_QUERY)
    return known + ceil(queries / QUERIES_IN_CALL)


def _conversion_calls(segment: Sequence[ConvertLead], pace: Pace, lanes: int) -> tuple[int, Pace]:
    """How many calls a segment (canary, or the rest) takes, and the pace after it.

    A run in small: each call is under way for a time that grows with its leads, and lands when that is over.
    """
    packing = Packing(segment)
    flying: list[tuple[int, int, list[ConvertLead]]] = []
    calls = now = 0
    while True:
        while batch := packing.next_call(pace, lanes=lanes, flying=[len(leads) for _, _, leads in flying]):
            calls += 1
            heappush(flying, (now + len(batch) + 1, calls, batch))
        if not flying:
            return calls, pace
        now, _, landed = heappop(flying)
        pace = after_success(pace, len(landed))
        for action in landed:
            packing.end(action)

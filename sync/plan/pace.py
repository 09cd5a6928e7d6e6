"""How many leads go into one conversion call: learned from the org, since only its triggers know.

Every org bears another number before its automation runs into a governor limit. A run begins with 25, doubles after a
call that went well, halves after one that met a limit, and then stays below what failed until the org has been calm for
long. The ledger remembers the pace of each org from run to run. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

FIRST_BATCH = 25
"""Leads in a conversion call until the org has shown what it bears; triggers run once for all of them."""

MAX_BATCH = 100
"""convertLead takes no more in a call."""

CALM = 20
"""Full calls that must go well, one after the other, before a size near one that failed is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What an org has borne so far."""

    size: int = FIRST_BATCH
    """Leads in the next call, at most."""
    proven: int = 0
    """The most leads that went in one call without a governor limit. A larger call goes with no other beside it."""
    failed_at: int | None = None
    """The smallest call that met a governor limit, as long as nothing has shown that the org bears it by now."""
    calm: int = 0
    """Full calls in a row that went well since the size last changed; counted only after a failure."""


FIRST_PACE = Pace()
"""Of an org that nothing is known of."""


def after_success(pace: Pace, sent: int) -> Pace:
    """A call of `sent` leads met no governor limit. One that wasn't full says nothing about larger ones."""
    pace = replace(pace, proven=max(pace.proven, sent))
    if sent < pace.size:
        return pace
    if pace.failed_at is not None and pace.size >= pace.failed_at:
        pace = replace(pace, failed_at=None)
    if pace.failed_at is None:
        return replace(pace, size=min(MAX_BATCH, 2 * pace.size), calm=0)
    if pace.calm + 1 < CALM:
        return replace(pace, calm=pace.calm + 1)
    halfway = (pace.size + pace.failed_at) // 2
    return replace(pace, size=halfway if halfway > pace.size else pace.failed_at, calm=0)


def after_limit(pace: Pace, sent: int) -> Pace:
    """A call of `sent` leads met a governor limit: half as many from now on, down to one."""
    if sent <= 1:
        return pace
    smaller = sent // 2
    failed_at = sent if pace.failed_at is None else min(sent, pace.failed_at)
    return replace(pace, size=min(pace.size, smaller), proven=min(pace.proven, smaller), failed_at=failed_at, calm=0)

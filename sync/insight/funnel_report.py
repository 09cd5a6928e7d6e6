"""The whole funnel report of one mirror: the counts, times and rates of `leadgate funnel`, measured together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.insight.funnel import Cut, Duration, Row, Window, durations, funnel, own_horizon
from sync.insight.lead_life import LifeSources, make_lives
from sync.insight.owners import owner_names
from sync.insight.response import Bucket, response_curve
from sync.insight.status_times import StatusStay, status_times
from sync.insight.velocity import Velocity, velocity
from sync.mapping import OrgMapping
from sync.mirror.store import Mirror
from sync.policy.compile import CompiledPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelReport:
    """Everything that there is to say about the leads of a window."""

    policy: str
    as_of: datetime
    watermark: datetime | None
    """Up to when the mirror is complete."""
    window: Window
    horizon: timedelta
    """Time from creation that a lead is given to convert."""
    cuts: tuple[Cut, ...]
    total: Row
    groups: Sequence[Row]
    durations: Sequence[Duration]
    statuses: Sequence[StatusStay]
    curve: Sequence[Bucket]
    velocity: Velocity
    sources: LifeSources
    owners: Mapping[str | None, str]
    """What to call the owners in `groups`."""


def measure_funnel(
    mirror: Mirror,
    compiled: CompiledPolicy,
    mapping: OrgMapping,
    *,
    window: Window,
    cuts: tuple[Cut, ...],
    horizon: timedelta | None,
) -> FunnelReport:
    """The report.

    Args:
        mirror: Read only; the org isn't asked.
        compiled: Whose clock is the report's.
        mapping: The mirror's columns.
        window: Which leads.
        cuts: What to group them by.
        horizon: Time to convert; `None` takes the org's own (`own_horizon`).
    """
    now = compiled.now
    with mirror.session() as cursor:
        sources = make_lives(cursor, compiled, mapping, mirror.states)
        given = horizon or own_horizon(cursor)
        [total] = funnel(cursor, (), window=window, now=now, horizon=given)
        groups = funnel(cursor, cuts, window=window, now=now, horizon=given)
        owners = owner_names(
            mirror, mapping, {r.key[cuts.index(Cut.OWNER)] for r in groups} if Cut.OWNER in cuts else ()
        )
        return FunnelReport(
            policy=compiled.policy.name,
            as_of=now,
            watermark=mirror.watermark(),
            window=window,
            horizon=given,
            cuts=cuts,
            total=total,
            groups=groups,
            durations=durations(cursor, window),
            statuses=status_times(cursor, mapping, window=window, now=now),
            curve=response_curve(cursor, window=window, now=now, horizon=given),
            velocity=velocity(cursor, window),
            sources=sources,
            owners=owners,
        )

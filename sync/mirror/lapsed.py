"""When a signal that holds no more was last seen: the same policy asked once more about a lead, with no window.

`leadgate explain` says it beside the change that asks for such a signal: "within 90 days, last on 2026-03-03" tells a
person more than that it isn't there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sync.mapping import OrgMapping
from sync.mirror.about import About
from sync.policy.compile import compile_policy
from sync.policy.decision import Decision
from sync.policy.schema import Policy


def last_seen(
    about: About, mapping: OrgMapping, policy: Policy, decision: Decision, *, now: datetime
) -> Mapping[str, datetime | None]:
    """For each signal with a window that doesn't hold: when it was last seen at all, `None` = never."""
    lapsed = {
        name: replace(signal, within_days=None)
        for name, signal in policy.signals.items()
        if signal.within_days is not None and decision.signals.get(name) is not True
    }
    if not lapsed:
        return {}
    unbounded = compile_policy(replace(policy, signals={**policy.signals, **lapsed}), mapping, now)
    found = about.evidence(unbounded)[decision.lead_id]
    return {
        name: max((one.at for one in found if one.signal == name and not one.contradicts and one.at), default=None)
        for name in lapsed
    }

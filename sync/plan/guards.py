"""The limits of one run: too many, too large a share, too old a mirror, too little API quota left.

Guards look at a finished plan and at the state it was made from, and refuse before anything is sent. Each refusal
names the figures and the option that overrides it for one run. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.errors import GuardRefused
from sync.model import Value
from sync.plan.actions import ConvertLead, Plan
from sync.plan.packing import conversions
from sync.policy.schema import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One guard's no."""

    guard: str
    message: str
    override: str
    """The command line option that lets this one run pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What a person allowed for this run, in place of the policy's limits."""

    max_conversions: int | None = None
    max_share: float | None = None
    max_per_owner: int | None = None
    allow_stale: bool = False
    allow_empty: bool = False
    api_reserve: float | None = None
    """With 0 a run may begin that needs more calls than are left; it ends where they do, and a later one goes on."""


def refusals(
    plan: Plan,
    limits: Limits,
    *,
    now: datetime,
    api_calls: tuple[int, int] | None = None,
    overrides: Overrides = Overrides(),
) -> tuple[Refusal, ...]:
    """Every guard that says no to carrying out this plan now.

    Args:
        plan: The plan.
        limits: The policy's limits.
        now: The present.
        api_calls: API requests used and allowed in the running 24 hours; `None` = not known.
        overrides: What a person allowed.
    """
    sent = conversions(plan.actions)
    found = [
        _count(len(sent), limits, overrides),
        _share(len(sent), plan.counts.get("open_leads", 0), limits, overrides),
        _per_owner(sent, limits, overrides),
        _stale(plan.mirror_watermark, now, limits, overrides),
        _empty(plan, overrides),
        _reserve(plan.forecast_calls, api_calls, limits, overrides),
    ]
    return tuple(refusal for refusal in found if refusal is not None)


def enforce(found: Sequence[Refusal]) -> None:
    """Raise `GuardRefused` with every refusal; nothing for none."""
    if found:
        raise GuardRefused(
            "; ".join(refusal.message for refusal in found),
            place=", ".join(refusal.guard for refusal in found),
            fix="look at the plan; to let this one run pass: " + " ".join(refusal.override for refusal in found),
        )


def owner_of(action: ConvertLead) -> Value:
    """Who will own what the conversion makes."""
    return action.convert.owner_id or action.expects.values.get("OwnerId")


def _count(count: int, limits: Limits, overrides: Overrides) -> Refusal | None:
    allowed = limits.conversions if overrides.max_conversions is None else overrides.max_conversions
    if allowed is None or count <= allowed:
        return None
    return Refusal(
        guard="limits.conversions",
        message=f"{count} leads would be converted; the limit is {allowed}",
        override=f"--max-conversions {count}",
    )


def _share(count: int, open_leads: int, limits: Limits, overrides: Overrides) -> Refusal | None:
    allowed = limits.share_of_open if overrides.max_share is None else overrides.max_share
    if allowed is None or count <= max(1, int(allowed * open_leads)):
        return None
    share = 100 * count / open_leads if open_leads else 100.0
    return Refusal(
        guard="limits.share_of_open",
        message=f"{count} of {open_leads} open leads ({share:.0f}%) would be converted; the limit is {allowed:.0%}",
        override=f"--max-share {min(100, int(share) + 1)}%",
    )


def _per_owner(sent: Sequence[ConvertLead], limits: Limits, overrides: Overrides) -> Refusal | None:
    allowed = limits.per_owner if overrides.max_per_owner is None else overrides.max_per_owner
    if allowed is None or not sent:
        return None
    owner, count = Counter(str(owner_of(action)) for action in sent).most_common(1)[0]
    if count <= allowed:
        return None
    return Refusal(
        guard="limits.per_owner",
        message=f"{count} leads of owner {owner} would be converted; the limit per owner is {allowed}",
        override=f"--max-per-owner {count}",
    )


def _stale(watermark: datetime, now: datetime, limits: Limits, overrides: Overrides) -> Refusal | None:
    allowed = limits.max_mirror_age_hours
    if allowed is None or overrides.allow_stale or now - watermark <= timedelta(hours=allowed):
        return None
    hours = (now - watermark) / timedelta(hours=1)
    return Refusal(
        guard="limits.max_mirror_age_hours",
        message=f"the mirror is {hours:.0f} hours old; the limit is {allowed:g} (run `leadgate pull`)",
        override="--allow-stale",
    )


def _empty(plan: Plan, overrides: Overrides) -> Refusal | None:
    if overrides.allow_empty or plan.counts.get("leads", 0) > 0:
        return None
    return Refusal(
        guard="empty_pull",
        message="the mirror holds no leads at all, which is more likely a lost permission than an empty org",
        override="--allow-empty",
    )


def _reserve(forecast: int, api_calls: tuple[int, int] | None, limits: Limits, overrides: Overrides) -> Refusal | None:
    if api_calls is None or forecast == 0 or limits.wait_at_reserve_hours is not None:
        return None  # a run that waits at the reserve finds out by itself
    used, allowed = api_calls
    reserve = limits.api_reserve if overrides.api_reserve is None else overrides.api_reserve
    left = allowed - used - forecast
    if allowed <= 0 or left >= reserve * allowed or overrides.api_reserve == 0:
        return None
    share = max(0, left) / allowed
    return Refusal(
        guard="limits.api_reserve",
        message=f"{forecast} API calls would leave {share:.0%} of the org's {allowed} a day; the reserve is "
        f"{reserve:.0%}",
        override=f"--api-reserve {int(share * 100)}%",
    )

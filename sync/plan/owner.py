"""Who will own what a conversion makes: the lead's owner, unless that is a queue, somebody inactive, or overruled.

Salesforce demands an explicit owner for a lead that a queue owns, and refuses inactive ones. Pure.
"""

from __future__ import annotations

from sync.plan.actions import Blocker
from sync.plan.facts import OrgFacts, UserFact
from sync.policy.schema import ConversionSettings

QUEUE_PREFIX = "00G"


def resolve_owner(
    lead_owner: str | None, settings: ConversionSettings, facts: OrgFacts
) -> tuple[str | None, tuple[Blocker, ...]]:
    """The `ownerId` to send (`None` = the lead's owner), and what speaks against it."""
    if settings.owner != "lead_owner":
        return _named(settings.owner, "conversion.owner", facts)
    queued = lead_owner is not None and lead_owner.startswith(QUEUE_PREFIX)
    user = None if lead_owner is None or queued else facts.users.get(lead_owner)
    if not queued and (user is None or user.active):
        return None, ()
    if settings.queue_owner is not None:
        return _named(settings.queue_owner, "conversion.queue_owner", facts)
    who = "a queue owns the lead" if queued else f"the lead's owner {lead_owner} is inactive"
    return None, (
        Blocker(
            code="INVALID_OWNER" if queued else "INACTIVE_OWNER_OR_USER",
            field="OwnerId",
            message=f"{who}, so the new records would have no valid owner",
            fix="assign the lead to an active user, or set conversion.queue_owner in the policy",
        ),
    )


def _named(name: str, setting: str, facts: OrgFacts) -> tuple[str | None, tuple[Blocker, ...]]:
    user: UserFact | None = facts.user(name)
    if user is None:
        problem = Blocker(
            code="INVALID_CROSS_REFERENCE_KEY",
            field="OwnerId",
            message=f"{setting} names no user of this org",
            fix=f"set {setting} to the id or username of an active user",
        )
        return None, (problem,)
    if not user.active:
        problem = Blocker(
            code="INACTIVE_OWNER_OR_USER",
            field="OwnerId",
            message=f"{setting} names the inactive user {user.id}",
            fix=f"set {setting} to an active user",
        )
        return user.id, (problem,)
    return user.id, ()

"""A compensation's actions as the ledger writes them down: ids, an object's name and times only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sync.ledger.entries import Subject
from sync.plan.compensation import CompensationAction, compensation_key

TO = "to"
"""The key of an intent's evidence for the new lead that something is given to."""
SINCE = "since"
"""The key of an intent's evidence for the org's clock before a create was sent (ISO 8601)."""
OBJECT = "object"
"""The key of an intent's evidence for the object of a record to be deleted."""
CLOCK_SLACK = timedelta(seconds=5)
"""How far the org's clock, as its replies tell it, may be off."""


@dataclass(frozen=True, slots=True)
class Step:
    """An action of a compensation with the name that the ledger knows it by."""

    action: CompensationAction
    subject: Subject

    @property
    def key(self) -> str:
        """The ledger's key."""
        return self.subject.key


def step_of(org_id: str, action: CompensationAction) -> Step:
    """What the ledger calls this action."""
    key = compensation_key(org_id, action)
    return Step(action, Subject(key=key, kind=action.kind, lead_id=action.lead_id, target=action.target))

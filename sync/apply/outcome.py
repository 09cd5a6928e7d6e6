"""What a run reports: one result per action, the figures, why it ended, and the exit code that says so.

The figures come from the ledger; what is added here are Salesforce's own words to a refusal, which the person at the
screen may read and the ledger doesn't keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sync.ledger.entries import Made
from sync.plan.actions import Outcome


class Ending(StrEnum):
    """Why a run ended."""

    DONE = "done"
    INTERRUPTED = "interrupted"
    FAILURES = "failures"
    """More failures than the policy's `stop_at_failures` allows."""
    API_RESERVE = "api_reserve"
    """Going on would have used the org's reserve of API requests."""
    ACCESS = "access"
    """Salesforce refused the session, the permission or the quota."""
    UNAVAILABLE = "unavailable"
    """The org can't be reached, or doesn't answer."""
    UNSAVED = "unsaved"
    """What leads are can't be saved on this machine, so they are not converted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadResult:
    """What became of one action."""

    lead_id: str
    kind: str
    outcome: Outcome
    code: str | None = None
    message: str | None = None
    fields: tuple[str, ...] = ()
    made: Made = field(default_factory=Made)
    opportunity_fields: str | None = None
    """State of the follow-up that sets the planned opportunity fields; `None` = there was none."""
    overtaken: tuple[str, ...] = ()
    """Fields that the decision rested on and that somebody changed in the minutes before the conversion."""

    def as_json(self) -> dict[str, object]:
        """The result for `apply --json`."""
        return {
            "lead_id": self.lead_id,
            "kind": self.kind,
            "outcome": self.outcome.value,
            "code": self.code,
            "message": self.message,
            "fields": list(self.fields),
            "account_id": self.made.account_id,
            "contact_id": self.made.contact_id,
            "opportunity_id": self.made.opportunity_id,
            "opportunity_fields": self.opportunity_fields,
            "changed_before_conversion": list(self.overtaken),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A run in figures, and every action's fate."""

    run_id: str
    plan_id: str
    outcomes: Mapping[Outcome, int]
    planned: int
    predicted_blocked: int
    """Actions of the plan that were never to be sent; not part of `planned`."""
    api_calls: int
    seconds: float
    leads: tuple[LeadResult, ...]
    ending: Ending = Ending.DONE
    reason: str | None = None
    """A sentence on why the run ended early."""
    code: str | None = None
    """Salesforce's code for that, where there is one."""
    not_compared: int = 0
    """Converted leads that couldn't be read once more, to see whether somebody changed them just before."""

    def as_json(self) -> dict[str, object]:
        """The document of `apply --json` and `sync --json`."""
        return {
            "run_id": self.run_id,
            "plan_id": self.plan_id,
            "outcomes": {outcome.value: self.outcomes.get(outcome, 0) for outcome in Outcome},
            "planned": self.planned,
            "predicted_blocked": self.predicted_blocked,
            "api_calls": self.api_calls,
            "seconds": round(self.seconds, 3),
            "ending": self.ending.value,
            "reason": self.reason,
            "code": self.code,
            "not_compared": self.not_compared,
            "leads": [lead.as_json() for lead in self.leads],
        }

    def exit_code(self, *, strict: bool = False) -> int:
        """The process's exit code (design: doubts first, then why it ended, then rejections).

        `strict` also counts actions that were predicted to be blocked.
        """
        if self.outcomes.get(Outcome.IN_DOUBT, 0):
            return 5
        by_ending = {
            Ending.INTERRUPTED: 8,
            Ending.ACCESS: 3,
            Ending.API_RESERVE: 6,
            Ending.UNAVAILABLE: 1,
            Ending.UNSAVED: 1,
            Ending.FAILURES: 4,
        }
        if self.ending is not Ending.DONE:
            return by_ending[self.ending]
        failed = self.outcomes.get(Outcome.REJECTED, 0) + self.outcomes.get(Outcome.NOT_REACHED, 0)
        return 4 if failed or (strict and self.predicted_blocked) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run has come, for a progress bar."""

    step: str
    """`re-reading`, `status updates`, `canary`, `conversions`, `opportunity fields`, `comparing`."""
    done: int
    planned: int
    rejected: int

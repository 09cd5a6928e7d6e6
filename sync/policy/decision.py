"""A decision: a policy's verdict on one lead at one time, with a finding for every criterion.

Decisions come out of the mirror's one query (`sync.policy.compile` writes it), go into plans, explanations and the
ledger. A verdict without its findings can't be built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sync.model import Value


class Truth(StrEnum):
    """SQL's three values, in the words of the report."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, value: bool | None) -> Truth:  # noqa: FBT001 -- it is the value itself
        """From SQL's true, false and null."""
        if value is None:
            return cls.UNKNOWN
        return cls.MET if value else cls.NOT_MET


class Verdict(StrEnum):
    """What the policy says of a lead."""

    READY = "ready"
    BLOCKED = "blocked"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A record that speaks for a signal, or against it."""

    signal: str
    object: str
    """API name: Task, Event, Opportunity, LeadHistory, Lead."""
    record_id: str
    at: datetime | None
    quote: str | None
    """The words that matched, with a little around them; shown to the person who asks, never logged or planned."""
    contradicts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One criterion's result on one lead."""

    criterion: str
    label: str
    result: Truth
    expression: str
    source: str
    """`file:line` of the criterion."""
    values: Mapping[str, Value]
    """What the expression saw: fields by our name, signals as booleans."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStatus:
    """A transition that applies."""

    from_: str
    to: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict on one lead as of one instant."""

    lead_id: str
    verdict: Verdict
    as_of: datetime
    results: Mapping[str, Truth]
    """Every criterion's result; the cheap form that a check of all leads yields."""
    signals: Mapping[str, bool | None]
    next_status: NextStatus | None = None
    wants_opportunity: bool = True
    """`conversion.opportunity.create` on this lead; unknown counts as no."""
    amount: Value = None
    """`conversion.opportunity.amount` on this lead."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Criteria that are not met or unknown, in the policy's order."""
        return tuple(name for name, result in self.results.items() if result is not Truth.MET)

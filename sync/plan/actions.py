"""What may be done to an org, as values: a plan is a list of these, and everything that follows interprets them.

`render` says them, `apply` does them, `report` and `audit` remember them; all by `match` over `Action`. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from sync.model import Value
from sync.policy.decision import Truth


class Outcome(StrEnum):
    """What became of an action."""

    APPLIED = "applied"
    ALREADY_APPLIED = "already_applied"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"
    NOT_REACHED = "not_reached"


class Prediction(StrEnum):
    """What preflight expects."""

    WILL_SUCCEED = "will_succeed"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """One reason why the org would refuse, or why a person should look first."""

    code: str
    """Salesforce's own code where the org would answer with one (`REQUIRED_FIELD_MISSING`), else ours in lower case
    (`ambiguous_account`)."""
    field: str | None
    message: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expects:
    """The precondition: the lead as the decision saw it. Anything else at apply time means Superseded."""

    system_modstamp: datetime
    values: Mapping[str, Value]
    """The deciding fields by API name (those that the policy reads, plus Status, OwnerId, IsConverted)."""
    activities: str = ""
    """Digest of the activities that the decision rests on, and the lead's newest; empty when it rests on none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionSummary:
    """The decision as the plan keeps it: results and evidence ids, no quoted words."""

    verdict: str
    results: Mapping[str, Truth]
    evidence: tuple[str, ...] = ()
    """Record ids."""
    forced: bool = False
    """A person converted against the policy (`convert --force`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a conversion attaches to: an existing record, or a new one."""

    id: str | None
    """`None` = a new record is made."""
    name: str | None = None
    """Name of the new or the matched record."""
    reasons: tuple[str, ...] = ()
    """Why this one: `email of contact 003…`, `domain acme.example`."""
    after: str | None = None
    """Lead id of the first lead of the same company in this plan, whose new account this one attaches to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchCandidate:
    """A record that a lead may belong to, as `sync.plan.ranking` ranks it."""

    object: str
    """Account, Contact or Opportunity."""
    id: str
    rank: int
    """1 = the closest; equally close ones share a rank."""
    reasons: tuple[str, ...]
    """Why it fits, as in `Target.reasons`."""
    lost: str | None
    """Why it was not taken; `None` = it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertSettings:
    """The conversion's parameters, ready for the wire but for accounts that an earlier lead of the plan makes."""

    status: str
    account: Target
    contact: Target
    opportunity: Target | None
    """`None` = no opportunity."""
    owner_id: str | None
    """The lead's owner is used when `None`."""
    opportunity_fields: Mapping[str, Value]
    """Set on the new opportunity after the conversion, by API name."""
    allow_duplicates: bool = False
    overwrite_lead_source: bool = False
    send_notification_email: bool = False


LossKind = Literal["unmapped_field", "kept_by_target", "truncated", "children"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A filled lead field, file or child record that goes nowhere, or a value that an existing record keeps instead."""

    kind: LossKind
    field: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateStatus:
    """Set a lead's Status."""

    lead_id: str
    expects: Expects
    decision: DecisionSummary
    from_: str
    to: str
    source: str
    prediction: Prediction
    blockers: tuple[Blocker, ...] = ()
    warnings: tuple[Blocker, ...] = ()
    """What may stop it though nobody can be sure; it is sent all the same."""

    @property
    def kind(self) -> Literal["update_status"]:
        """The action's kind in files."""
        return "update_status"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertLead:
    """Convert a lead."""

    lead_id: str
    expects: Expects
    decision: DecisionSummary
    convert: ConvertSettings
    prediction: Prediction
    blockers: tuple[Blocker, ...] = ()
    creates: tuple[str, ...] = ()
    """API names of the records that will be made."""
    matches: Mapping[str, str] = field(default_factory=dict)
    """API name → id of the records that will be attached to."""
    candidates: tuple[MatchCandidate, ...] = ()
    """What else might have been attached to, in rank order; empty where there was no choice to make."""
    losses: tuple[Loss, ...] = ()
    warnings: tuple[Blocker, ...] = ()
    """What may stop it though nobody can be sure; it is sent all the same."""

    @property
    def kind(self) -> Literal["convert_lead"]:
        """The action's kind in files."""
        return "convert_lead"


Action = UpdateStatus | ConvertLead


def action_key(org_id: str, action: Action) -> str:
    """What makes an action the same action in every plan: org, record, kind and target, not the plan.

    Two plans can therefore never do the same thing twice. A conversion is the same whatever it attaches to: a lead
    converts once. A status update is the same per lead, target and the modstamp that it rests on: a lead may rightly
    reach the same status again after it moved on.
    """
    match action:
        case ConvertLead():
            target = "converted"
        case UpdateStatus():
            target = f"{action.to}@{action.expects.system_modstamp.isoformat()}"
    text = f"{org_id}\n{action.lead_id}\n{action.kind}\n{target}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The frozen list of actions; `plan_id` is the hash of everything else."""

    plan_id: str
    format: int
    org_id: str
    created_at: datetime
    clock: datetime
    policy: str
    policy_digest: str
    mapping_digest: str
    mirror_watermark: datetime
    forecast_calls: int
    counts: Mapping[str, int]
    """leads, ready, blocked, out_of_scope, open_leads, update_status, convert_lead, will_succeed, predicted_blocked."""
    actions: tuple[Action, ...]
    remarks: tuple[str, ...] = ()
    """What preflight had to do without, for the whole plan."""
    lines: tuple[str, ...] = field(init=False, default=(), compare=False, repr=False)
    """The actions as the plan's file has them, kept from when they were hashed; empty where that wasn't here."""

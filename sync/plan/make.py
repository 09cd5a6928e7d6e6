"""Second half of planning: proposals and facts in, the frozen plan out; every choice here is a function of its input.

The same decisions, facts and clock give the same plan to the byte, so a plan can be reviewed, compared and made again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sync.mapping import ObjectMapping, OrgMapping
from sync.model import Record
from sync.plan.actions import (
    Action,
    Blocker,
    ConvertLead,
    DecisionSummary,
    Expects,
    Plan,
    Prediction,
    UpdateStatus,
)
from sync.plan.document import FORMAT, identified
from sync.plan.expects import Rested, expects, rested_on
from sync.plan.facts import OrgFacts
from sync.plan.forecast import forecast_calls
from sync.plan.losses import losses
from sync.plan.pace import FIRST_PACE, Pace
from sync.plan.preflight import conversion_warnings, status_findings
from sync.plan.propose import Proposal, by_api_name
from sync.plan.rules import remarks
from sync.plan.sharing import candidate_of, in_order
from sync.policy.decision import Decision, Verdict
from sync.policy.schema import Policy

MATCHED_BY = ("company", "email", "website")
"""Fields that matching and naming rest on; a conversion expects them unchanged where they are mapped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """The decisions counted, and those that lead to an action."""

    counts: Mapping[str, int]
    convert: tuple[Decision, ...]
    update: tuple[Decision, ...]
    """Those with a transition; a lead may stand in both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadFacts:
    """What the mirror gives beside the decisions, for the leads that have an action."""

    rows: Mapping[str, Record]
    """Lead id → row by our names."""
    converting: tuple[str, ...]
    """Our names of the lead fields that a conversion rests on."""
    status: tuple[str, ...] = ()
    """Our names of the lead fields that a change of Lead Status rests on."""
    evidence: Mapping[str, Mapping[str, datetime | None]] = field(default_factory=dict)
    """Lead id → ids of the records that its decision rests on → SystemModstamp, of tasks and events."""
    recent: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)
    """Lead id → its activities that changed after the mirror's watermark but are in the mirror: id → SystemModstamp.
    Apply asks for what came after the watermark, and must not take these for news."""
    attached: Mapping[str, Record] = field(default_factory=dict)
    """Account or contact id → its values by API name, for those that leads are attached to (preflight, losses)."""


def sift(decisions: Iterable[Decision], *, forced: Collection[str] = ()) -> Sifted:
    """Count decisions and keep those that call for an action; `forced` leads are converted whatever the verdict."""
    counts = {"leads": 0, "ready": 0, "blocked": 0, "out_of_scope": 0}
    convert: list[Decision] = []
    update: list[Decision] = []
    for decision in decisions:
        counts["leads"] += 1
        counts[decision.verdict.value] += 1
        if decision.verdict is Verdict.READY or decision.lead_id in forced:
            convert.append(decision)
        if decision.next_status is not None:
            update.append(decision)
    return Sifted(counts=counts, convert=tuple(convert), update=tuple(update))


def make_plan(
    *,
    policy: Policy,
    mapping: OrgMapping,
    sifted: Sifted,
    proposals: Sequence[Proposal],
    leads: LeadFacts,
    facts: OrgFacts,
    open_leads: int,
    clock: datetime,
    created_at: datetime,
    mirror_watermark: datetime,
    pace: Pace = FIRST_PACE,
    parallel_calls: int = 1,
    forced: Collection[str] = (),
) -> Plan:
    """The plan: status updates first, then conversions, each in lead-id order.

    A lead whose conversion is predicted to succeed gets no status update beside it. Conversions that preflight sees
    blocked stay in the plan with their reasons, and are not sent.
    """
    checked = in_order(proposals, policy, facts, leads.attached)
    lead = mapping["lead"]
    matched = (name for name in MATCHED_BY if name in lead.fields)
    rested = rested_on(lead, (*leads.converting, *matched)) if checked else ()
    conversions = [
        _conversion(proposal, blockers, policy=policy, rested=rested, leads=leads, facts=facts, forced=forced)
        for proposal, blockers in checked
    ]
    converting = {c.lead_id for c in conversions if c.prediction is Prediction.WILL_SUCCEED}
    rested = rested_on(lead, leads.status) if sifted.update else ()
    updates = [
        _update(decision, lead, rested, leads, facts)
        for decision in sorted(sifted.update, key=lambda decision: decision.lead_id)
        if decision.lead_id not in converting
    ]
    actions: tuple[Action, ...] = (*updates, *conversions)
    blocked = sum(action.prediction is Prediction.BLOCKED for action in actions)
    counts = {
        **sifted.counts,
        "open_leads": open_leads,
        "update_status": len(updates),
        "convert_lead": len(conversions),
        "will_succeed": len(actions) - blocked,
        "predicted_blocked": blocked,
    }
    return identified(
        Plan(
            plan_id="",
            format=FORMAT,
            org_id=facts.org_id,
            created_at=created_at,
            clock=clock,
            policy=policy.name,
            policy_digest=policy.digest,
            mapping_digest=mapping.digest,
            mirror_watermark=mirror_watermark,
            forecast_calls=forecast_calls(
                actions, canary=policy.limits.canary, pace=pace, parallel_calls=parallel_calls
            ),
            counts=counts,
            actions=actions,
            remarks=tuple(remarks(facts)),
        )
    )


def _conversion(
    proposal: Proposal,
    blockers: tuple[Blocker, ...],
    *,
    policy: Policy,
    rested: Sequence[Rested],
    leads: LeadFacts,
    facts: OrgFacts,
    forced: Collection[str],
) -> ConvertLead:
    decision, convert = proposal.decision, proposal.convert
    targets = {"Account": convert.account, "Contact": convert.contact, "Opportunity": convert.opportunity}
    matched = {name: target.id for name, target in targets.items() if target is not None and target.id is not None}
    attached = {name: (record, leads.attached[record]) for name, record in matched.items() if record in leads.attached}
    candidate = candidate_of(proposal, leads.attached)
    return ConvertLead(
        lead_id=proposal.lead_id,
        expects=_expects(decision, leads, rested),
        decision=_summary(decision, leads, forced=forced),
        convert=convert,
        prediction=Prediction.BLOCKED if blockers else Prediction.WILL_SUCCEED,
        blockers=blockers,
        creates=proposal.makes,
        matches=matched,
        candidates=proposal.candidates,
        losses=losses(proposal.lead, proposal.makes, attached, facts),
        warnings=() if blockers else conversion_warnings(candidate, policy.conversion, facts),
    )


def _update(
    decision: Decision, mapping: ObjectMapping, rested: Sequence[Rested], leads: LeadFacts, facts: OrgFacts
) -> UpdateStatus:
    following = decision.next_status
    if following is None:
        raise TypeError(f"no transition for {decision.lead_id}")
    status = facts.status(following.to)
    lead = by_api_name(leads.rows[decision.lead_id], mapping)
    to = status.api_name if status is not None else following.to
    found = status_findings(lead, to, facts)
    return UpdateStatus(
        lead_id=decision.lead_id,
        expects=_expects(decision, leads, rested),
        decision=_summary(decision, leads, forced=()),
        from_=following.from_,
        to=to,
        source=following.source,
        prediction=Prediction.BLOCKED if found.blockers else Prediction.WILL_SUCCEED,
        blockers=found.blockers,
        warnings=found.warnings,
    )


def _expects(decision: Decision, leads: LeadFacts, rested: Sequence[Rested]) -> Expects:
    records = leads.evidence.get(decision.lead_id, {})
    stamps = {record: stamp for record, stamp in records.items() if stamp is not None}
    if stamps:
        stamps |= leads.recent.get(decision.lead_id, {})
    return expects(leads.rows[decision.lead_id], rested, stamps)


def _summary(decision: Decision, leads: LeadFacts, *, forced: Collection[str]) -> DecisionSummary:
    return DecisionSummary(
        verdict=decision.verdict.value,
        results=decision.results,
        evidence=tuple(sorted(leads.evidence.get(decision.lead_id, ()))),
        forced=decision.lead_id in forced and decision.verdict is not Verdict.READY,
    )

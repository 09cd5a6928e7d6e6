"""What converting each ready lead would make and attach to, before anybody asks whether the org would let it.

First half of planning: decisions and matches in, proposals out. Between the halves the duplicate rules are asked about
what the proposals would make (`duplicate_probes`); `make_plan` is the second half. Pure.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sync.errors import PolicyInvalid, Problem
from sync.mapping import ObjectMapping
from sync.model import Record, Value
from sync.plan.actions import Blocker, ConvertSettings, MatchCandidate, Target
from sync.plan.expects import stable
from sync.plan.facts import DuplicateProbe, OrgFacts
from sync.plan.field_map import record_to_make
from sync.plan.matching import (
    BY_A_PERSON,
    Choice,
    LeadMatches,
    Named,
    choose,
    named_choice,
    open_opportunity,
)
from sync.plan.owner import resolve_owner
from sync.plan.ranking import ranked_candidates
from sync.policy.decision import Decision
from sync.policy.schema import Policy

_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")
"""Controls and halves of a pair: no name needs them, and XML, by which conversions go, can't carry them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One lead's conversion as the policy would have it."""

    decision: Decision
    lead: Record
    """By API name, as far as mapped."""
    choice: Choice
    convert: ConvertSettings
    blockers: tuple[Blocker, ...] = ()
    """Found on the way: no valid owner."""
    candidates: tuple[MatchCandidate, ...] = ()
    """What matching found and did not take, beside what it took."""

    @property
    def lead_id(self) -> str:
        """The lead."""
        return self.decision.lead_id

    @property
    def makes(self) -> tuple[str, ...]:
        """Objects of which a new record would be made."""
        convert = self.convert
        targets = {"Account": convert.account, "Contact": convert.contact, "Opportunity": convert.opportunity}
        return tuple(name for name, t in targets.items() if t is not None and t.id is None and t.after is None)


def by_api_name(lead: Record, mapping: ObjectMapping) -> dict[str, Value]:
    """A mirror row by our names as a record by API names."""
    if len(lead) < len(mapping.fields) // 2:  # of a lead whose status changes only a few fields are read
        return {mapping.fields[name].api_name: value for name, value in lead.items() if name in mapping.fields}
    return {field.api_name: lead[name] for name, field in mapping.fields.items() if name in lead}


def converted_status(policy: Policy, facts: OrgFacts) -> str:
    """The API name of the converted status to use.

    Raises:
        PolicyInvalid: The policy leaves it open and the org has several; which one is never guessed.
    """
    wanted = policy.conversion.status
    if wanted is not None:
        status = facts.status(wanted)
        return status.api_name if status is not None else wanted
    converted = [status.api_name for status in facts.statuses if status.converted]
    if len(converted) == 1:
        return converted[0]
    place = policy.conversion.place
    names = ", ".join(converted) or "none at all"
    problem = Problem(
        file=place.file if place else policy.file,
        line=place.line if place else 1,
        message=f"the org has {len(converted)} converted statuses ({names}), so the policy must name one",
        fix="set conversion.status",
    )
    raise PolicyInvalid([problem])


def propose(
    *,
    policy: Policy,
    mapping: ObjectMapping,
    decisions: Iterable[Decision],
    leads: Mapping[str, Record],
    matches: Mapping[str, LeadMatches],
    facts: OrgFacts,
    clock: datetime,
    named: Mapping[str, Named] | None = None,
) -> tuple[Proposal, ...]:
    """A proposal for each lead to be converted, in lead-id order.

    Args:
        policy: The policy.
        mapping: The lead's mapping.
        decisions: Those of the leads to convert (ready, or forced by a person).
        leads: Lead id → the mirror's row, by our names.
        matches: Lead id → what the mirror found; absent = nothing.
        facts: The org; its duplicate findings aren't needed yet, and are used (`duplicates: reuse`) when there.
        clock: The run's clock, from which the opportunity's close date counts.
        named: Lead id → the records that a person named for it, in place of matching.
    """
    chosen = sorted(decisions, key=lambda decision: decision.lead_id)
    if not chosen:
        return ()
    status = converted_status(policy, facts)
    return tuple(
        _proposal(
            decision,
            leads[decision.lead_id],
            matches.get(decision.lead_id) or LeadMatches(lead_id=decision.lead_id),
            policy=policy,
            mapping=mapping,
            facts=facts,
            status=status,
            clock=clock,
            named=(named or {}).get(decision.lead_id),
        )
        for decision in chosen
    )


def duplicate_probes(proposals: Sequence[Proposal], facts: OrgFacts) -> tuple[DuplicateProbe, ...]:
    """What to ask the org's duplicate rules about: each account and contact that would be made.

    Where no rule watches an object, nothing is asked: it would be a call for every fifty leads.
    """
    watched = facts.duplicate_rules
    return tuple(
        DuplicateProbe(lead_id=proposal.lead_id, object=made, values=record_to_make(made, proposal.lead, facts))
        for made in ("Account", "Contact")
        if watched is None or made in watched
        for proposal in proposals
        if made in proposal.makes
    )


def _proposal(
    decision: Decision,
    row: Record,
    matches: LeadMatches,
    *,
    policy: Policy,
    mapping: ObjectMapping,
    facts: OrgFacts,
    status: str,
    clock: datetime,
    named: Named | None,
) -> Proposal:
    settings = policy.conversion
    choice = choose(matches, settings.account) if named is None else named_choice(named, matches)
    if settings.duplicates == "reuse" and named is None:
        choice = _reuse(choice, decision.lead_id, facts)
    lead = by_api_name(row, mapping)
    owner_id, blockers = resolve_owner(str(row["owner_id"]) if row.get("owner_id") else None, settings, facts)
    opportunity, fields = _opportunity(decision, row, choice, matches, policy=policy, facts=facts, clock=clock)
    if "Amount" in fields and lead.get("CurrencyIsoCode") and facts.several_currencies:
        fields = {**fields, "CurrencyIsoCode": lead["CurrencyIsoCode"]}
    if named is not None and named.opportunity_id is not None:
        attached = Target(id=named.opportunity_id, name=named.opportunity_name, reasons=BY_A_PERSON)
        opportunity, fields = attached, {}
    company = lead.get("Company")
    account_name = choice.account_name if choice.account_id else (str(company) if company else None)
    convert = ConvertSettings(
        status=status,
        account=Target(id=choice.account_id, name=account_name, reasons=choice.account_reasons),
        contact=Target(id=choice.contact_id, reasons=choice.contact_reasons),
        opportunity=opportunity,
        owner_id=owner_id,
        opportunity_fields=fields,
        allow_duplicates=settings.duplicates == "allow",
        overwrite_lead_source=settings.overwrite_lead_source and choice.contact_id is not None,
        send_notification_email=settings.notify_owner,
    )
    candidates = ranked_candidates(
        matches,
        choice,
        settings,
        opportunity_id=opportunity.id if opportunity is not None else None,
        wants_opportunity=opportunity is not None,
    )
    return Proposal(
        decision=decision, lead=lead, choice=choice, convert=convert, blockers=blockers, candidates=candidates
    )


def _reuse(choice: Choice, lead_id: str, facts: OrgFacts) -> Choice:
    """The choice with what the duplicate rules found, where that is exactly one record and nothing contradicts it."""
    found = facts.duplicates.get(lead_id, ())
    contacts = {c: account for d in found if d.object == "Contact" for c, account in d.matches.items()}
    accounts = sorted({a for d in found if d.object == "Account" for a in d.matches})
    if choice.account_id is None and not choice.ambiguous_accounts:
        held = {account for account in contacts.values() if account is not None}
        if len(held) == 1 and set(accounts) <= held:
            choice = replace(choice, account_id=held.pop(), account_reasons=("its contact is a duplicate",))
        elif len(accounts) == 1 and not held:
            choice = replace(choice, account_id=accounts[0], account_reasons=("found by a duplicate rule",))
    inside = sorted(contact for contact, account in contacts.items() if account and account == choice.account_id)
    if choice.contact_id is None and not choice.ambiguous_contacts and len(inside) == 1:
        choice = replace(choice, contact_id=inside[0], contact_reasons=("found by a duplicate rule",))
    if choice.contact_id is not None:
        choice = replace(choice, stray_contacts=(), homeless_contacts=())
    return choice


def _opportunity(
    decision: Decision,
    row: Record,
    choice: Choice,
    matches: LeadMatches,
    *,
    policy: Policy,
    facts: OrgFacts,
    clock: datetime,
) -> tuple[Target | None, Mapping[str, Value]]:
    settings = policy.conversion.opportunity
    if not decision.wants_opportunity:
        return None, {}
    if settings.attach_open and choice.account_id is not None:
        held = open_opportunity(choice.account_id, matches)
        if held is not None:
            reason = (f"the one open opportunity of {choice.account_id}",)
            return Target(id=held.opportunity_id, name=held.name, reasons=reason), {}
    fields: dict[str, Value] = {}
    if settings.stage is not None:
        stage = next((s for s in facts.stages if settings.stage in {s.api_name, s.label}), None)
        fields["StageName"] = stage.api_name if stage is not None else settings.stage
    if settings.close_in_days is not None:
        fields["CloseDate"] = clock.date() + timedelta(days=settings.close_in_days)
    if decision.amount is not None:
        fields["Amount"] = stable(decision.amount)
    if settings.record_type is not None:
        described = facts.objects.get("Opportunity")
        known = described.record_types if described is not None else {}
        fields["RecordTypeId"] = known.get(settings.record_type, settings.record_type)
    return Target(id=None, name=_filled(settings.name, row)), fields


def _filled(template: str, row: Record) -> str | None:
    parts: list[str] = []
    for text, name, _, _ in string.Formatter().parse(template):
        value = row.get(name) if name else None
        parts += [text, "" if value is None else str(value)]
    return _UNSENDABLE.sub(" ", "".join(parts)).strip() or None


def named_in(template: str) -> tuple[str, ...]:
    """Our names of the lead fields that an opportunity's name is made of."""
    return tuple(name for _, name, _, _ in string.Formatter().parse(template) if name)

"""What would stop a conversion or a status update, said before anything is sent, in Salesforce's own codes.

Each check looks at one cause and yields blockers; a lead with none is predicted to succeed. What no one can read from
outside (triggers, flows, validation rules that look further than the record) is not predicted; the canary wave is for
those. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sync.model import Record
from sync.plan import rules
from sync.plan.actions import Blocker, ConvertSettings
from sync.plan.candidate import Candidate
from sync.plan.facts import DuplicateFact, OrgFacts
from sync.plan.field_map import empty_required
from sync.plan.matching import Choice
from sync.plan.misfits import misfits
from sync.plan.refused import refused_before, taken_back
from sync.plan.rights import missing_rights
from sync.plan.rules import Findings
from sync.policy.schema import ConversionSettings

OPPORTUNITY_NAME_LENGTH = 80
"""`LeadConvert.opportunityName` takes 80 characters, though Opportunity.Name takes 120."""

_FLIP_FLOPS = 2
_FLIP_FLOP_WINDOW = timedelta(days=7)


def conversion_blockers(candidate: Candidate, settings: ConversionSettings, facts: OrgFacts) -> tuple[Blocker, ...]:
    """Everything that speaks against converting this lead as planned; empty = predicted to succeed."""
    found = (
        *_lead_state(candidate.lead),
        *taken_back(candidate.lead, facts),
        *missing_rights(facts),
        *_status(candidate.convert.status, facts),
        *_lead_process(candidate, facts),
        *_matching(candidate.choice, settings),
        *_required(candidate, facts),
        *misfits(candidate.lead, candidate.makes, candidate.attached, facts),
        *_opportunity(candidate.convert, facts),
        *_duplicates(candidate, settings, facts),
        *rules.of_conversion(candidate, settings, facts).blockers,
    )
    return found or tuple(refused_before(candidate.lead, "convert_lead", candidate.convert.status, facts))


def conversion_warnings(candidate: Candidate, settings: ConversionSettings, facts: OrgFacts) -> tuple[Blocker, ...]:
    """What may stop the conversion, though nobody can be sure."""
    return rules.of_conversion(candidate, settings, facts).warnings


def status_findings(lead: Record, to: str, facts: OrgFacts) -> Findings:
    """Everything that speaks against setting the lead's Status to `to`, and what may."""
    by_rules = rules.of_update(lead, to, facts)
    found = (
        *_lead_state(lead),
        *_status_target(to, facts),
        *_flip_flop(str(lead.get("Id")), to, facts),
        *by_rules.blockers,
    )
    blockers = found or tuple(refused_before(lead, "update_status", to, facts))
    return Findings(blockers=blockers, warnings=() if blockers else by_rules.warnings)


def _lead_state(lead: Record) -> Iterator[Blocker]:
    if lead.get("IsDeleted"):
        yield Blocker(
            code="ENTITY_IS_DELETED",
            field=None,
            message="the lead is deleted" + (" (merged)" if lead.get("MasterRecordId") else ""),
            fix="pull again; restore the lead in Salesforce if the deletion was a mistake",
        )
    elif lead.get("IsConverted"):
        yield Blocker(
            code="CANNOT_UPDATE_CONVERTED_LEAD",
            field=None,
            message="the lead is converted already",
            fix="nothing to do; a conversion can't be undone or repeated",
        )


def _status(name: str, facts: OrgFacts) -> Iterator[Blocker]:
    status = facts.status(name)
    if status is not None and status.converted:
        return
    known = ", ".join(s.api_name for s in facts.statuses if s.converted) or "none"
    what = "is no Lead Status of this org" if status is None else "is not a converted status"
    yield Blocker(
        code="INVALID_STATUS",
        field="Status",
        message=f"invalid convertedStatus: {name} {what}",
        fix=f"set conversion.status in the policy to one of: {known}",
    )


def _lead_process(candidate: Candidate, facts: OrgFacts) -> Iterator[Blocker]:
    status = candidate.convert.status
    record_type = facts.record_types.get(str(candidate.lead.get("Id")))
    held = facts.lead_processes.get(record_type or "")
    if held is None or status in held:
        return
    known = {s.api_name for s in facts.statuses if s.converted} & held
    instead = f"; it holds {', '.join(sorted(known))}" if known else ", nor any other converted status"
    yield Blocker(
        code="INVALID_STATUS",
        field="Status",
        message=f"the lead process of record type {record_type} doesn't hold {status}{instead}",
        fix=f"add {status} to that lead process in Setup, or give the lead another record type",
    )


def _status_target(name: str, facts: OrgFacts) -> Iterator[Blocker]:
    status = facts.status(name)
    lead = facts.objects.get("Lead")
    field = lead.fields.get("Status") if lead is not None else None
    if status is None:
        known = ", ".join(s.api_name for s in facts.statuses if not s.converted)
        yield Blocker(
            code="INVALID_STATUS",
            field="Status",
            message=f"{name} is no Lead Status of this org",
            fix=f"use one of: {known}",
        )
    elif status.converted:
        yield Blocker(
            code="INVALID_STATUS",
            field="Status",
            message=f"{name} is a converted status, and a lead can't be converted by setting its Status",
            fix="let the policy's conversion do it, or choose another status for the transition",
        )
    if lead is not None and (not lead.updateable or (field is not None and not field.updateable)):
        yield Blocker(
            code="INSUFFICIENT_ACCESS_OR_READONLY",
            field="Status",
            message="the user that leadgate runs as may not edit Lead.Status",
            fix="give the user Edit on Lead and on the field Status",
        )


def _flip_flop(lead_id: str, to: str, facts: OrgFacts) -> Iterator[Blocker]:
    since = facts.now - _FLIP_FLOP_WINDOW
    earlier = [write for write in facts.status_writes.get(lead_id, ()) if write.to == to and write.at >= since]
    if len(earlier) >= _FLIP_FLOPS:
        yield Blocker(
            code="flip_flop",
            field="Status",
            message=f"leadgate set this status {len(earlier)} times in {_FLIP_FLOP_WINDOW.days} days, and somebody or "
            "some automation set it back each time",
            fix="find what sets it back (Setup: flows, other integrations), or narrow the transition's `from`",
        )


def _matching(choice: Choice, settings: ConversionSettings) -> Iterator[Blocker]:
    hold = settings.account.ambiguous == "hold"
    if choice.ambiguous_accounts and hold:
        rivals = ", ".join(f"{c.account_id} ({c.by})" for c in choice.ambiguous_accounts)
        yield Blocker(
            code="ambiguous_account",
            field=None,
            message=f"{len(choice.ambiguous_accounts)} accounts fit equally well: {rivals}",
            fix="choose one with `leadgate convert LEAD --account ID`, merge the accounts, or set "
            "conversion.account.ambiguous: new",
        )
    if choice.ambiguous_contacts and hold:
        yield Blocker(
            code="ambiguous_contact",
            field=None,
            message=f"several contacts of the account have this address: {', '.join(choice.ambiguous_contacts)}",
            fix="choose one with `leadgate convert LEAD --contact ID`, or merge the contacts",
        )
    if choice.stray_contacts and not choice.ambiguous_accounts and settings.duplicates != "allow":
        yield _contact_elsewhere(choice)


def _contact_elsewhere(choice: Choice) -> Blocker:
    """Making a second contact of one person is never meant; `contactId` must belong to `accountId`."""
    homeless = choice.homeless_contacts
    elsewhere = [contact for contact in choice.stray_contacts if contact not in homeless]
    where = "outside the matched account" if choice.account_id else "without a matching account"
    found = [
        *([f"{where}: {', '.join(elsewhere)}"] if elsewhere else []),
        *([f"in no account, so that no conversion can attach to it: {', '.join(homeless)}"] if homeless else []),
    ]
    attach = "attach to it with `leadgate convert LEAD --contact ID`, move it to the right account"
    give = "give it the right account in Salesforce and pull"
    fix = " or ".join([*([attach] if elsewhere else []), *([give] if homeless else [])])
    return Blocker(
        code="contact_elsewhere",
        field=None,
        message=f"a contact with this address exists {'; and '.join(found)}",
        fix=f"{fix}, or set conversion.duplicates: allow to make another one",
    )


def _required(candidate: Candidate, facts: OrgFacts) -> Iterator[Blocker]:
    for name in ("LastName", "Company"):
        if name not in candidate.lead or candidate.lead[name] not in {None, ""}:
            continue
        if name == "Company" and facts.person_accounts:
            yield Blocker(
                code="person_account",
                field=name,
                message="the lead has no Company, so this org would make a person account of it",
                fix="fill Company on the lead, or convert it by hand",
            )
        else:
            yield Blocker(
                code="REQUIRED_FIELD_MISSING",
                field=name,
                message=f"the lead has no {name}",
                fix=f"fill {name} on the lead",
            )
    given = {f"Opportunity.{name}" for name in candidate.convert.opportunity_fields}
    for made in candidate.makes:
        for name, source in empty_required(made, candidate.lead, facts):
            later = " (the policy sets it, but only after the conversion)" if f"{made}.{name}" in given else ""
            if source is not None:
                fix = f"fill {source} on the lead, which maps to it"
            else:
                fix = f"map a lead field to {made}.{name} in Salesforce, or give {made}.{name} a default"
            yield Blocker(
                code="REQUIRED_FIELD_MISSING",
                field=f"{made}.{name}",
                message=f"the new {made} would lack the required field {name}{later}",
                fix=fix,
            )


def _opportunity(convert: ConvertSettings, facts: OrgFacts) -> Iterator[Blocker]:
    target = convert.opportunity
    if target is None or target.id is not None or target.after is not None:
        return
    if target.name is not None and len(target.name) > OPPORTUNITY_NAME_LENGTH:
        yield Blocker(
            code="STRING_TOO_LONG",
            field="Opportunity.Name",
            message=f"the opportunity's name would have {len(target.name)} characters; a conversion takes "
            f"{OPPORTUNITY_NAME_LENGTH}",
            fix="shorten conversion.opportunity.name in the policy, or the lead's Company",
        )
    if "Amount" in convert.opportunity_fields and facts.several_currencies:
        yield from _currency(convert)
    stage = convert.opportunity_fields.get("StageName")
    active = [s.api_name for s in facts.stages if s.active]
    if stage is not None and active and stage not in active:
        yield Blocker(
            code="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            field="Opportunity.StageName",
            message=f"{stage} is no active stage of this org",
            fix=f"set conversion.opportunity.stage in the policy to one of: {', '.join(active)}",
        )


def _currency(convert: ConvertSettings) -> Iterator[Blocker]:
    if not convert.opportunity_fields.get("CurrencyIsoCode"):
        yield Blocker(
            code="currency_unknown",
            field="Opportunity.Amount",
            message="the org has several currencies, and the lead's own isn't known: its amount can't be carried over",
            fix="map it in mappings/lead.yaml (`currency: {field: CurrencyIsoCode, type: picklist}`) and pull",
        )


def _duplicates(candidate: Candidate, settings: ConversionSettings, facts: OrgFacts) -> Iterator[Blocker]:
    lead_id = str(candidate.lead.get("Id"))
    for found in facts.duplicates.get(lead_id, ()):
        if found.object not in candidate.makes or not found.matches:
            continue
        if candidate.convert.allow_duplicates and not found.blocks:
            continue
        yield _duplicate(found, settings)


def _duplicate(found: DuplicateFact, settings: ConversionSettings) -> Blocker:
    records = ", ".join(sorted(found.matches))
    if any(account is not None for account in found.matches.values()):
        attach = f"attach with `leadgate convert LEAD --{found.object.lower()} ID`"
    else:
        attach = "give the contact an account in Salesforce and pull (a conversion can't attach to one without)"
    if settings.duplicates == "allow":
        fix = f"{attach}, or change the duplicate rule: it blocks even when saving is asked for"
    else:
        fix = (
            f"merge the records, {attach}, or set conversion.duplicates to reuse"
            + ("" if found.blocks else " or allow")
            + " in the policy"
        )
    return Blocker(
        code="DUPLICATES_DETECTED",
        field=found.object,
        message=f"duplicate rule {found.rule} finds {records} for the new {found.object}",
        fix=fix,
    )

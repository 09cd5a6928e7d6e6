"""What the org's validation rules would say to a conversion or a status update: part of preflight. Pure.

A rule blocks only where it is sure: its formula is true of the record as it would be saved, and the org holds
conversions to its rules. Whether it does is the lead setting "Require Validation for Converted Leads"; where the org
doesn't tell it, the policy may (`conversion.validation_rules`). Everything less than sure is a warning that names the
rule. A status update is an ordinary save, which always obeys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sync.model import Record
from sync.plan.actions import Blocker, ConvertSettings, Target
from sync.plan.candidate import Candidate
from sync.plan.facts import OrgFacts, RuleFact
from sync.plan.field_map import targets_of
from sync.plan.formula import Verdict, verdict
from sync.plan.formula.values import FILLED, Seen
from sync.plan.to_be import Save, lead_converted, lead_updated, record_filled, record_made
from sync.policy.schema import ConversionSettings

REFUSAL = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
WARNING = "validation_rule"
"""The code of a rule that may refuse, which isn't sure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the rules say."""

    blockers: tuple[Blocker, ...] = ()
    warnings: tuple[Blocker, ...] = ()


_NOTHING = Findings()


def of_conversion(candidate: Candidate, settings: ConversionSettings, facts: OrgFacts) -> Findings:
    """The rules of everything that the conversion would save."""
    obeyed = _obeyed(settings, facts)
    if not facts.rules or obeyed is False:
        return _NOTHING
    judged = [
        (rule, save, told)
        for save in _saves(candidate, facts)
        for rule in facts.rules.get(save.object, ())
        if (told := _judged(rule, save)).holds is not False
    ]
    sure = [(rule, save) for rule, save, told in judged if told.holds is True and save.certain]
    open_ = [(rule, save, told) for rule, save, told in judged if (rule, save) not in sure]
    return Findings(
        blockers=tuple(_refuses(rule, save, candidate.lead, facts) for rule, save in sure) if obeyed else (),
        warnings=(
            *(() if obeyed else (_if_obeyed(rule, save, candidate.lead, facts) for rule, save in sure)),
            *(_untold(rule, save, told, obeyed=obeyed is True) for rule, save, told in open_),
        ),
    )


def of_update(lead: Record, to: str, facts: OrgFacts) -> Findings:
    """The rules of the lead, whose Status is set."""
    rules = facts.rules.get("Lead", ())
    if not rules:
        return _NOTHING
    save = lead_updated(lead, to, facts)
    judged = [(rule, _judged(rule, save)) for rule in rules]
    return Findings(
        blockers=tuple(_refuses(rule, save, lead, facts) for rule, told in judged if told.holds is True),
        warnings=tuple(_untold(rule, save, told, obeyed=True) for rule, told in judged if told.holds is None),
    )


def remarks(facts: OrgFacts) -> Iterator[str]:
    """What the rules keep from the whole plan."""
    if facts.rules_refused is not None:
        yield (
            f"this user can't read the org's validation rules ({facts.rules_refused}), so what they would refuse isn't "
            "foretold; grant “View Setup and Configuration”"
        )


def _obeyed(settings: ConversionSettings, facts: OrgFacts) -> bool | None:
    """Whether conversions obey validation rules; `None` = nobody says."""
    if settings.validation_rules == "warn" and facts.rules_at_conversion is not False:
        return None
    if facts.rules_at_conversion is None:
        return True if settings.validation_rules == "hold" else None
    return facts.rules_at_conversion


def _judged(rule: RuleFact, save: Save) -> Verdict:
    if rule.formula is None:
        return Verdict(holds=None, because=(rule.unread,))
    return verdict(rule.formula, save.scope)


def _saves(candidate: Candidate, facts: OrgFacts) -> Iterator[Save]:
    """What the conversion saves, in Salesforce's order: account, contact, opportunity, lead."""
    lead, convert = candidate.lead, candidate.convert
    targets = {"Account": convert.account, "Contact": convert.contact, "Opportunity": convert.opportunity}
    for name, target in targets.items():
        if target is None or not facts.rules.get(name):
            continue
        if name in candidate.makes:
            yield record_made(name, lead, _given(name, target), facts)
        else:
            overwritten = {"leadsource"} if name == "Contact" and convert.overwrite_lead_source else ()
            existing = candidate.attached.get(name)
            yield record_filled(name, existing, lead, facts, overwritten=frozenset(overwritten))
    if facts.rules.get("Lead"):
        yield _lead(lead, convert, facts)


def _lead(lead: Record, convert: ConvertSettings, facts: OrgFacts) -> Save:
    with_opportunity = convert.opportunity is not None
    return lead_converted(lead, convert.status, facts, owner_id=convert.owner_id, opportunity=with_opportunity)


def _given(name: str, target: Target) -> dict[str, Seen]:
    if name == "Opportunity":
        return {"name": target.name or FILLED}
    return {"accountid": FILLED} if name == "Contact" else {}


def _place(rule: RuleFact) -> str:
    return f"{rule.object}.{rule.field}" if rule.field else rule.object


def _refuses(rule: RuleFact, save: Save, lead: Record, facts: OrgFacts) -> Blocker:
    return Blocker(
        code=REFUSAL,
        field=_place(rule),
        message=f"the validation rule {rule.name} refuses {_what(save)}: {rule.message}",
        fix=_fix(rule, save, lead, facts),
    )


def _if_obeyed(rule: RuleFact, save: Save, lead: Record, facts: OrgFacts) -> Blocker:
    return Blocker(
        code=WARNING,
        field=_place(rule),
        message=f"the validation rule {rule.name} would refuse {_what(save)} if the org holds conversions to its "
        f"rules, which can't be read: {rule.message}",
        fix=f"{_fix(rule, save, lead, facts)}; if Lead Settings in Setup have “Require Validation for Converted "
        "Leads” ticked, say conversion.validation_rules: hold",
    )


def _untold(rule: RuleFact, save: Save, told: Verdict, *, obeyed: bool) -> Blocker:
    why = f"it depends on {', '.join(told.because)}" if told.because else "no change of that record is certain"
    unless = "" if obeyed else ", if the org holds conversions to its rules"
    return Blocker(
        code=WARNING,
        field=_place(rule),
        message=f"whether the validation rule {rule.name} refuses {_what(save)}{unless} can't be told: {why}",
        fix="map the fields that it reads in mappings/, with converts_to where the org fills them from a lead field; "
        "what it reads beside fields of the record stays unknown, and the canary is for it",
    )


def _what(save: Save) -> str:
    if save.object == "Lead":
        return "the lead"
    return f"the new {save.object}" if save.makes else f"the existing {save.object}"


def _fix(rule: RuleFact, save: Save, lead: Record, facts: OrgFacts) -> str:
    """Which of the lead's fields to look at; an existing record and a rule are mended in the org."""
    reads = rule.formula.names if rule.formula is not None else frozenset()
    if save.object == "Lead":
        fields = sorted(name for name in lead if name.lower() in reads)
    else:
        wanted = {f"{save.object}.{name}".lower() for name in reads}
        fields = sorted(name for name in lead if wanted & {target.lower() for target in targets_of(name, facts)})
    lead_part = f"look at {', '.join(fields)} on the lead, or " if fields else ""
    return f"{lead_part}change the rule in Setup (Object Manager, {rule.object}, Validation Rules)"

"""Which field of the new account, contact and opportunity each lead field fills: Salesforce's standard lead mapping.

The custom part is the admin's and can't be read through the data API. Where `mappings/` doesn't say it (`converts_to`),
a custom field is taken to fill the fields of the same API name, and findings that rest on this say so. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sync.model import Record, Value
from sync.plan.facts import ObjectFact, OrgFacts

MADE = ("Account", "Contact", "Opportunity")
"""What a conversion can make."""

STANDARD_MAP: Mapping[str, tuple[str, ...]] = {
    "AnnualRevenue": ("Account.AnnualRevenue",),
    "City": ("Account.BillingCity", "Contact.MailingCity"),
    "Company": ("Account.Name", "Opportunity.Name"),
    "Country": ("Account.BillingCountry", "Contact.MailingCountry"),
    "CountryCode": ("Account.BillingCountryCode", "Contact.MailingCountryCode"),
    "CompanyDunsNumber": ("Account.DunsNumber",),
    "Description": ("Contact.Description",),
    "DoNotCall": ("Contact.DoNotCall",),
    "Email": ("Contact.Email",),
    "Fax": ("Account.Fax", "Contact.Fax"),
    "FirstName": ("Contact.FirstName",),
    "HasOptedOutOfEmail": ("Contact.HasOptedOutOfEmail",),
    "HasOptedOutOfFax": ("Contact.HasOptedOutOfFax",),
    "IndividualId": ("Contact.IndividualId",),
    "Industry": ("Account.Industry",),
    "LastName": ("Contact.LastName",),
    "LeadSource": ("Account.AccountSource", "Contact.LeadSource", "Opportunity.LeadSource"),
    "MiddleName": ("Contact.MiddleName",),
    "MobilePhone": ("Contact.MobilePhone",),
    "NumberOfEmployees": ("Account.NumberOfEmployees",),
    "Phone": ("Account.Phone", "Contact.Phone"),
    "PostalCode": ("Account.BillingPostalCode", "Contact.MailingPostalCode"),
    "Rating": ("Account.Rating",),
    "Salutation": ("Contact.Salutation",),
    "State": ("Account.BillingState", "Contact.MailingState"),
    "StateCode": ("Account.BillingStateCode", "Contact.MailingStateCode"),
    "Street": ("Account.BillingStreet", "Contact.MailingStreet"),
    "Suffix": ("Contact.Suffix",),
    "Title": ("Contact.Title",),
    "Website": ("Account.Website",),
}

STAYS_ON_LEAD = frozenset(
    """
    Id Name Status OwnerId IsConverted ConvertedDate ConvertedAccountId ConvertedContactId ConvertedOpportunityId
    IsDeleted MasterRecordId CreatedDate CreatedById LastModifiedDate LastModifiedById SystemModstamp LastActivityDate
    LastViewedDate LastReferencedDate IsUnreadByOwner RecordTypeId CurrencyIsoCode Address PhotoUrl Latitude Longitude
    GeocodeAccuracy CleanStatus Jigsaw JigsawContactId EmailBouncedReason EmailBouncedDate
    """.split()  # noqa: SIM905 -- a list that people read and extend
)
"""System fields: about the lead itself, so nothing is lost when they go nowhere."""

_SET_BY_CONVERSION = {
    "Account.Name",
    "Contact.LastName",
    "Contact.AccountId",
    "Opportunity.Name",
    "Opportunity.AccountId",
    "Opportunity.StageName",
    "Opportunity.CloseDate",
}
"""Filled by the conversion itself, from the lead's name and company or the org's defaults."""


def targets_of(lead_field: str, facts: OrgFacts) -> tuple[str, ...]:
    """`Object.Field` names that a lead field fills."""
    found = facts.targets.get(lead_field)
    if found is None:
        found = facts.targets[lead_field] = _targets_of(lead_field, facts)
    return found


def _targets_of(lead_field: str, facts: OrgFacts) -> tuple[str, ...]:
    given = facts.field_map.get(lead_field)
    if given is not None:
        return given
    standard = STANDARD_MAP.get(lead_field)
    if standard is not None:
        return standard
    if not lead_field.endswith("__c"):
        return ()
    return tuple(f"{name}.{lead_field}" for name in MADE if lead_field in _fields(facts.objects.get(name)))


def empty_required(made: str, lead: Record, facts: OrgFacts) -> Sequence[tuple[str, str | None]]:
    """Required fields of a record to be made that stay empty: (its field, the empty lead field that would fill it).

    `lead` holds the lead's values by API name, as far as they are mapped: a source that isn't mapped is unknown here
    and given the benefit of the doubt.
    """
    known = (made, tuple(lead))
    required = facts.fillers.get(known)
    if required is None:
        required = facts.fillers[known] = _required(made, known[1], facts)
    return [
        (name, fillers[0] if fillers else None)
        for name, fillers in required
        if not any(filler not in lead or lead[filler] not in {None, ""} for filler in fillers)
    ]


def _required(made: str, mapped: Sequence[str], facts: OrgFacts) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The fields that a new record must have and that the conversion doesn't set: (name, lead fields that fill it)."""
    described = facts.objects.get(made)
    if described is None:
        return ()
    sources = _sources(made, mapped, facts)
    return tuple(
        (name, sources.get(name.lower(), ()))
        for name, described_field in sorted(described.fields.items())
        if described_field.required and f"{made}.{name}" not in _SET_BY_CONVERSION
    )


def sources_of(made: str, lead: Record, facts: OrgFacts) -> Mapping[str, tuple[str, ...]]:
    """Field of the object in lower case → the lead fields that fill it, whether they are mapped or not."""
    known = (made, tuple(lead))
    found = facts.sources.get(known)
    if found is None:
        found = facts.sources[known] = _sources(made, known[1], facts)
    return found


def _sources(made: str, mapped: Sequence[str], facts: OrgFacts) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for lead_field in sorted({*mapped, *_fields(facts.objects.get("Lead"))}):
        for target in targets_of(lead_field, facts):
            name, _, field = target.partition(".")
            if name == made:
                found[field.lower()] = (*found.get(field.lower(), ()), lead_field)
    return found


def record_to_make(made: str, lead: Record, facts: OrgFacts) -> dict[str, Value]:
    """The values that the new record would have, by its API names, as far as the lead's fields are mapped."""
    known = (made, tuple(lead))
    carried = facts.carried.get(known)
    if carried is None:
        carried = facts.carried[known] = _carried(made, known[1], facts)
    return {field: lead[lead_field] for lead_field, field in carried if lead[lead_field] is not None}


def _carried(made: str, mapped: Sequence[str], facts: OrgFacts) -> tuple[tuple[str, str], ...]:
    """Each lead field with a field of the object that it fills, in the order of the lead's."""
    found = [(lead_field, target.partition(".")) for lead_field in mapped for target in targets_of(lead_field, facts)]
    return tuple((lead_field, field) for lead_field, (name, _, field) in found if name == made)


def _fields(described: ObjectFact | None) -> Mapping[str, object]:
    return described.fields if described is not None else {}

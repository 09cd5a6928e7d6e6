"""Which lead values go where at conversion: Salesforce's mapping of standard fields, and the org's of custom ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .behaviours import behaviour
from .schema import TEXT_TYPES
from .values import check_restricted

if TYPE_CHECKING:
    from .org import Org
    from .schema import Field, ObjectType, Value
    from .store import Row

STANDARD: dict[str, dict[str, str]] = {
    "Account": {
        "Name": "Company",
        "Phone": "Phone",
        "Fax": "Fax",
        "Website": "Website",
        "Industry": "Industry",
        "AnnualRevenue": "AnnualRevenue",
        "NumberOfEmployees": "NumberOfEmployees",
        "Rating": "Rating",
        "AccountSource": "LeadSource",
        "DunsNumber": "CompanyDunsNumber",
        "BillingStreet": "Street",
        "BillingCity": "City",
        "BillingState": "State",
        "BillingPostalCode": "PostalCode",
        "BillingCountry": "Country",
        "BillingLatitude": "Latitude",
        "BillingLongitude": "Longitude",
        "BillingGeocodeAccuracy": "GeocodeAccuracy",
    },
    "Contact": {
        "LastName": "LastName",
        "FirstName": "FirstName",
        "Salutation": "Salutation",
        "Title": "Title",
        "Email": "Email",
        "EmailBouncedReason": "EmailBouncedReason",
        "EmailBouncedDate": "EmailBouncedDate",
        "Phone": "Phone",
        "MobilePhone": "MobilePhone",
        "Fax": "Fax",
        "Description": "Description",
        "LeadSource": "LeadSource",
        "IndividualId": "IndividualId",
        "MailingStreet": "Street",
        "MailingCity": "City",
        "MailingState": "State",
        "MailingPostalCode": "PostalCode",
        "MailingCountry": "Country",
        "MailingLatitude": "Latitude",
        "MailingLongitude": "Longitude",
        "MailingGeocodeAccuracy": "GeocodeAccuracy",
    },
    "Opportunity": {"LeadSource": "LeadSource"},
}
_ADDRESS_PREFIXES = ("Billing", "Mailing")


@behaviour(
    "standard field mapping",
    "uncertain",
    "SOAP API guide says that standard fields map; which go where is field practice",
)
def mapped_values(org: Org, lead: Row, object_name: str) -> Row:
    """The values that a lead gives a new record: standard ones by Salesforce's mapping, custom ones as configured.

    Text longer than its target is cut.
    """
    type_ = org.schema.object(object_name)
    values: Row = {}
    for target_name, lead_name in STANDARD[object_name].items():
        target = type_.field(target_name)
        if target is not None and lead.get(lead_name) is not None:
            values[target.name] = _fitted(target, lead[lead_name])
    for lead_name, targets in org.settings.conversion.field_mapping.items():
        source = org.schema.object("Lead").field(lead_name)
        for path in targets:
            target_object, _, target_name = path.partition(".")
            target = type_.field(target_name) if target_object.lower() == type_.name.lower() else None
            if source is not None and target is not None and lead.get(source.name) is not None:
                values[target.name] = _fitted(target, lead[source.name])
    return values


@behaviour(
    "merging fills blank fields only", "confirmed", "SOAP API guide: convertLead(); addresses as a whole are inferred"
)
def blanks_filled(type_: ObjectType, existing: Row, values: Row) -> Row:
    """Those of the values whose field is empty on the existing record; an address is filled whole or not at all."""
    kept_prefixes = tuple(
        prefix
        for prefix in _ADDRESS_PREFIXES
        if any(existing.get(part.name) is not None for part in type_.fields if part.compound == f"{prefix}Address")
    )
    return {
        name: value
        for name, value in values.items()
        if existing.get(name) is None and not (kept_prefixes and name.startswith(kept_prefixes))
    }


@behaviour(
    "a mapped value must be in the target's restricted picklist",
    "uncertain",
    "a restricted picklist holds for every write; that conversion refuses with the same code is inferred",
)
def check_picklists(type_: ObjectType, values: Row) -> None:
    """Refuse a value that the new record, or the blank field of an existing one, doesn't take.

    Raises:
        RowRefused: INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST.
    """
    for name, value in values.items():
        field = type_.field(name)
        if field is not None and field.restricted_picklist and field.picklist and isinstance(value, str) and value:
            check_restricted(field, value)


def _fitted(field: Field, value: Value) -> Value:
    if field.type in TEXT_TYPES and isinstance(value, str) and field.length:
        return value[: field.length].rstrip()
    return value

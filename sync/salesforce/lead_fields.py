"""Which fields of a lead the org would take back on create: what a pre-image keeps and a new lead can be given."""

from __future__ import annotations

from sync.salesforce.org_facts import ObjectDescribe

FACTS = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById")
"""Read for the record; a user who may set audit fields could give them on create, but what never happened then would
stand there as if it had."""

_NEVER = {*FACTS, "Id", "IsConverted", "SystemModstamp"}
_COMPOUND = {"address", "location", "base64"}


def restorable(lead: ObjectDescribe) -> list[str]:
    """API names of the fields that a new lead may be given; never IsConverted or the audit fields."""
    return [
        field.name
        for field in lead.fields.values()
        if field.createable
        and not field.calculated
        and field.type not in _COMPOUND
        and field.name not in _NEVER
        and not field.name.startswith("Converted")
    ]

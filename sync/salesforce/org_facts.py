"""What an org says of itself: who we are, what it allows, its objects, fields, statuses and stages.

Values of `sync.salesforce.org`, where they are imported from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are, and where: from the identity URL and the Organization row."""

    org_id: str
    user_id: str
    username: str
    instance_url: str
    api_version: str
    is_sandbox: bool | None = None
    org_name: str | None = None
    token_kind: str = "opaque"  # noqa: S105 -- "opaque" | "jwt"; a JWT-based token can't convert (SOAP refuses it)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """API requests used and allowed in the running 24 hours, as the last reply told (`Sforce-Limit-Info`)."""

    used: int
    allowed: int
    sent_by_us: int = 0

    @property
    def left(self) -> int:
        """Requests still allowed."""
        return max(0, self.allowed - self.used)


@dataclass(frozen=True, slots=True, kw_only=True)
class PicklistValue:
    """A picklist entry of a describe."""

    value: str
    label: str
    active: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDescribe:
    """What a describe says of one field, for the user we run as (hidden fields are simply absent)."""

    name: str
    label: str
    type: str
    length: int = 0
    nillable: bool = True
    createable: bool = False
    updateable: bool = False
    filterable: bool = True
    custom: bool = False
    calculated: bool = False
    defaulted_on_create: bool = False
    checked_by_default: bool = False
    """Of a checkbox: whether a new record has it ticked."""
    restricted_picklist: bool = False
    picklist: tuple[PicklistValue, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTypeInfo:
    """A record type as a describe lists it."""

    id: str
    name: str
    developer_name: str
    active: bool = True
    available: bool = True
    master: bool = False
    default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRelationship:
    """An object whose records point to this one."""

    object: str
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectDescribe:
    """What a describe says of one object."""

    name: str
    label: str
    key_prefix: str | None
    fields: Mapping[str, FieldDescribe]
    """By API name, in the org's order; look-ups by other capitalisation through `field()`."""
    createable: bool = False
    updateable: bool = False
    deletable: bool = False
    queryable: bool = True
    replicateable: bool = True
    record_types: tuple[RecordTypeInfo, ...] = ()
    children: tuple[ChildRelationship, ...] = ()

    def field(self, name: str) -> FieldDescribe | None:
        """The field of that API name, whatever its capitalisation."""
        found = self.fields.get(name)
        if found is not None:
            return found
        wanted = name.casefold()
        return next((f for f in self.fields.values() if f.name.casefold() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRule:
    """An active validation rule."""

    object: str
    name: str
    message: str
    """What the org answers where it refuses."""
    field: str | None
    """The field beside which the org shows the message."""
    formula: str | None
    """Records for which it is true are refused; `None` = the org doesn't tell it (of some packages)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationRules:
    """The active validation rules of some objects."""

    rules: tuple[ValidationRule, ...] = ()
    at_conversion: bool | None = None
    """Whether conversions obey them ("Require Validation for Converted Leads"); `None` = the org doesn't tell."""
    refused: str | None = None
    """The code with which the org refused to tell any; `None` = `rules` is complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadStatus:
    """A row of LeadStatus: the describe's picklist doesn't say which values convert."""

    api_name: str
    label: str
    converted: bool
    default: bool
    order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A row of OpportunityStage."""

    api_name: str
    label: str
    active: bool
    closed: bool
    won: bool
    order: int

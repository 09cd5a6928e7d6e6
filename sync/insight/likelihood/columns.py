"""Which columns a likelihood may learn from, by the mapping alone: what kind each is, and which are out from the start.

Names, addresses and free text are personal and say nothing in general: of those it only counts whether they are filled.
Everything that Salesforce itself writes when a lead is converted or touched is out, whatever the data says. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from sync.insight.likelihood.levels import Kind
from sync.mapping import MappedField, OrgMapping
from sync.model import FieldType
from sync.policy.changes import NOT_BY_HAND

AGE = "days since creation"
WEEKDAY = "weekday of creation"
LAST_ACTIVITY = "days since the last activity"
LATELY = "activities in 30 days"
CALLS, EMAILS, MEETINGS, TASKS = "calls so far", "e-mails so far", "meetings so far", "tasks so far"
MEETING_AHEAD = "a meeting lies ahead"

TIME_COLUMNS: Mapping[str, Kind] = {AGE: Kind.NUMBER, WEEKDAY: Kind.CATEGORY}
ACTIVITY_COLUMNS: Mapping[str, Kind] = {
    LAST_ACTIVITY: Kind.NUMBER,
    LATELY: Kind.NUMBER,
    CALLS: Kind.NUMBER,
    EMAILS: Kind.NUMBER,
    MEETINGS: Kind.NUMBER,
    TASKS: Kind.NUMBER,
    MEETING_AHEAD: Kind.CATEGORY,
}
"""Names with spaces, so that no field of ours can have them."""

_PLACES = frozenset({"State", "StateCode", "Country", "CountryCode"})
"""Text fields of few values that tell of no single person."""
_WRITTEN_BY_SALESFORCE = frozenset(
    {"LastActivityDate", "LastModifiedDate", "LastModifiedById", "SystemModstamp", "LastViewedDate",
     "LastReferencedDate", "LastTransferDate", "IsUnreadByOwner"}
)  # fmt: skip
_KEPT_OF_THEM = frozenset({"CreatedById"})


class Taken(StrEnum):
    """How a field becomes a column."""

    AS_CATEGORY = "category"
    AS_NUMBER = "number"
    AS_DAYS = "days from the moment"
    AS_YES_NO = "yes or no"
    AS_FILLED = "filled or not"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadColumn:
    """A column made of a lead field."""

    field: str
    """Our name."""
    taken: Taken

    @property
    def name(self) -> str:
        """What reasons and reports call it."""
        match self.taken:
            case Taken.AS_FILLED:
                return f"{self.field} is filled"
            case Taken.AS_DAYS:
                return f"days until {self.field}"
            case _:
                return self.field

    @property
    def kind(self) -> Kind:
        """What it holds."""
        return Kind.NUMBER if self.taken in {Taken.AS_NUMBER, Taken.AS_DAYS} else Kind.CATEGORY


def lead_columns(mapping: OrgMapping) -> tuple[LeadColumn, ...]:
    """Every field of Lead that may be learnt from, in the mapping's order."""
    fields = mapping["lead"].fields.values()
    return tuple(LeadColumn(field=f.name, taken=_taken(f)) for f in fields if not is_written_by_salesforce(f))


def is_written_by_salesforce(field: MappedField) -> bool:
    """Whether conversions, or any touch, write the field by themselves; such a column tells of what came later."""
    if field.api_name in _KEPT_OF_THEM:
        return False
    return field.name in NOT_BY_HAND or field.api_name in _WRITTEN_BY_SALESFORCE


def _taken(field: MappedField) -> Taken:
    match field.type:
        case FieldType.BOOLEAN:
            return Taken.AS_YES_NO
        case FieldType.INTEGER | FieldType.NUMBER | FieldType.CURRENCY | FieldType.PERCENT:
            return Taken.AS_NUMBER
        case FieldType.DATE | FieldType.DATETIME:
            return Taken.AS_DAYS
        case FieldType.PICKLIST | FieldType.MULTIPICKLIST | FieldType.ID:
            return Taken.AS_CATEGORY
        case FieldType.TEXT:
            return Taken.AS_CATEGORY if field.api_name in _PLACES else Taken.AS_FILLED
        case FieldType.EMAIL | FieldType.PHONE | FieldType.URL:
            return Taken.AS_FILLED
        case _:
            assert_never(field.type)

"""The records as a conversion or a status update would save them, field by field, as far as that is known. Pure.

What validation rules are held against (`sync.plan.rules`). A field is known where the mirror has the lead's value and
the mapping says where it goes, or where nothing can fill it. Custom fields that no `converts_to` names may be filled by
the org's own mapping, formula fields by the org's own formulas, and many standard ones by the org itself: these are
unknown. Before-save flows and triggers, which may change anything, can't be seen at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sync.model import Record, Value
from sync.plan.facts import FieldFact, ObjectFact, OrgFacts
from sync.plan.field_map import sources_of
from sync.plan.formula import Scope
from sync.plan.formula.values import FILLED, UNKNOWN, Seen, Unknown

_DAYS = range(-1, 5)
"""Days from now on which the org's users may see the save happen: time zones, and a plan that waits for approval."""

_TEXTS = frozenset({"string", "textarea", "phone", "url", "email", "picklist", "multipicklist", "combobox"})
_NUMBERS = frozenset({"int", "long", "double", "currency", "percent"})
_IDS = frozenset({"id", "reference"})

_SET_BY_ORG: Mapping[str, Seen] = {
    **dict.fromkeys(("name", "ownerid", "accountid", "stagename", "closedate"), FILLED),
    **dict.fromkeys(
        """
        id recordtypeid currencyisocode campaignid contactid probability forecastcategory forecastcategoryname
        pricebook2id individualid jigsaw cleanstatus dandbcompanyid latitude longitude geocodeaccuracy billinglatitude
        billinglongitude billinggeocodeaccuracy mailinglatitude mailinglongitude mailinggeocodeaccuracy
        emailbouncedreason emailbounceddate contactsource partneraccountid
        """.split(),  # noqa: SIM905 -- a list that people read and extend
        UNKNOWN,
    ),
}
"""Of new records, in lower case: what the org fills, with a value that can't be foretold."""

_AT_CONVERSION: Mapping[str, Seen] = {
    "isconverted": True,
    "converteddate": FILLED,
    "convertedaccountid": FILLED,
    "convertedcontactid": FILLED,
}
_STAMPS = frozenset({"lastmodifieddate", "lastmodifiedbyid", "systemmodstamp", "lastactivitydate", "isunreadbyowner"})
"""Fields of a lead that change by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """A record about to be saved."""

    object: str
    makes: bool
    """Whether it is a new record."""
    certain: bool
    """Whether it is saved for sure; an existing record that gets no new value may be left alone."""
    scope: Scope


def lead_updated(lead: Record, to: str, facts: OrgFacts) -> Save:
    """A lead whose Status is set."""
    return _lead_saved(lead, {"status": to}, facts)


def lead_converted(lead: Record, status: str, facts: OrgFacts, *, owner_id: str | None, opportunity: bool) -> Save:
    """A lead at the end of its conversion: converted, in its converted status."""
    changes: dict[str, Seen] = {**_AT_CONVERSION, "status": status}
    changes["convertedopportunityid"] = FILLED if opportunity else ""
    if owner_id is not None and owner_id != lead.get("OwnerId"):
        changes["ownerid"] = UNKNOWN
    return _lead_saved(lead, changes, facts)


def _lead_saved(lead: Record, changes: Mapping[str, Seen], facts: OrgFacts) -> Save:
    before = _Existing("Lead", lead, facts)

    def after(name: str) -> Seen:
        return changes[name] if name in changes else before.kept(name)

    def changed(name: str) -> bool | Unknown:
        if name in changes:
            return _differ(before.kept(name), changes[name])
        return UNKNOWN if name in _STAMPS or before.is_computed(name) else False

    scope = Scope(after=after, before=before.kept, changed=changed, is_new=False, days=_days(facts))
    return Save(object="Lead", makes=False, certain=True, scope=scope)


def record_made(name: str, lead: Record, given: Mapping[str, Seen], facts: OrgFacts) -> Save:
    """A new account, contact or opportunity.

    Args:
        name: The object.
        lead: The lead's values by API name, as far as mapped.
        given: What the conversion itself sets, by API name in lower case.
        facts: The org.
    """
    fields = _described(facts.objects.get(name))
    carried = _Carried(name, lead, facts)

    def after(wanted: str) -> Seen:
        if wanted in given:
            return given[wanted]
        field = fields.get(wanted)
        if field is None or field.calculated or not field.createable:
            return FILLED if field is not None and wanted == "name" else UNKNOWN
        found = carried.value(field)
        if wanted in _SET_BY_ORG and found in {None, ""}:
            return _SET_BY_ORG[wanted]
        return UNKNOWN if field.defaulted and found in {None, "", False} else found

    scope = Scope(after=after, before=after, changed=lambda _name: False, is_new=True, days=_days(facts))
    return Save(object=name, makes=True, certain=True, scope=scope)


def record_filled(
    name: str, existing: Record | None, lead: Record, facts: OrgFacts, *, overwritten: frozenset[str] = frozenset()
) -> Save:
    """An existing record that the lead is attached to: its own values stay, and its blanks take the lead's.

    Args:
        name: The object.
        existing: Its values by API name, as far as mapped; `None` = nothing is known of it.
        lead: The lead's values by API name, as far as mapped.
        facts: The org.
        overwritten: Fields in lower case that take the lead's value even where they have one.
    """
    fields = _described(facts.objects.get(name))
    before = _Existing(name, existing if existing is not None else {}, facts)
    carried = _Carried(name, lead, facts)

    def after(wanted: str) -> Seen:
        field, kept = fields.get(wanted), before.kept(wanted)
        if field is None or (isinstance(kept, Unknown) and wanted not in overwritten):
            return kept
        if kept in {None, ""} or wanted in overwritten:
            value = carried.value(field)
            # An address is filled as a whole or not at all, and its other parts may not be mapped.
            part = wanted.startswith(("billing", "mailing")) and value not in {None, ""}
            return UNKNOWN if part else value
        return kept

    def changed(wanted: str) -> bool | Unknown:
        return _differ(before.kept(wanted), after(wanted))

    certain = any(changed(wanted) is True for wanted in carried.reached)
    scope = Scope(after=after, before=before.kept, changed=changed, is_new=False, days=_days(facts))
    return Save(object=name, makes=False, certain=certain, scope=scope)


class _Existing:
    """A record as the mirror has it."""

    def __init__(self, name: str, values: Record, facts: OrgFacts) -> None:
        self._fields = _described(facts.objects.get(name))
        self._values = {field.lower(): value for field, value in values.items()}

    def is_computed(self, name: str) -> bool:
        """Whether a field changes with others, or nobody knows."""
        field = self._fields.get(name)
        return field is None or field.calculated

    def kept(self, name: str) -> Seen:
        """The field's value as it is."""
        field = self._fields.get(name)
        if field is None or field.calculated or name not in self._values:
            return UNKNOWN
        return seen(self._values[name], field)


class _Carried:
    """What a lead would bring into the fields of one object."""

    def __init__(self, name: str, lead: Record, facts: OrgFacts) -> None:
        self._lead = lead
        self._declared = facts.field_map
        self._sources = sources_of(name, lead, facts)

    @property
    def reached(self) -> tuple[str, ...]:
        """The fields that some lead field fills, in lower case."""
        return tuple(self._sources)

    def value(self, field: FieldFact) -> Seen:
        """What the field would hold if it were blank before."""
        sources = self._sources.get(field.name.lower(), ())
        if not sources:
            return UNKNOWN if field.custom else seen(None, field)
        if any(source not in self._lead for source in sources):
            return UNKNOWN
        brought = {self._lead[source] for source in sources} - {None, ""}
        if len(brought) > 1:
            return UNKNOWN
        value = next(iter(brought), None)
        guessed = field.custom and not any(source in self._declared for source in sources)
        too_long = isinstance(value, str) and 0 < field.length < len(value)
        if too_long or (value is not None and guessed):
            return UNKNOWN
        return seen(value, field)


def seen(value: Value, field: FieldFact) -> Seen:  # noqa: PLR0911 -- one per type
    """A field's value as a formula sees it; unknown where value and type don't fit."""
    match field.type, value:
        case kind, None | "" if kind in _TEXTS | _IDS:
            return ""
        case "boolean", None:
            return False
        case kind, None if kind in _NUMBERS or kind in {"date", "datetime"}:
            return None
        case "boolean", bool():
            return value
        case kind, str() if kind in _TEXTS:
            return value
        case kind, str() if kind in _IDS:
            return FILLED  # formulas see ids of 15 or of 18 characters, depending on how they ask
        case kind, int() | float() | Decimal() if kind in _NUMBERS and not isinstance(value, bool):
            return Decimal(str(value))
        case "date", date() if not isinstance(value, datetime):
            return value
        case "datetime", datetime():
            return value
        case _:
            return UNKNOWN


def _described(described: ObjectFact | None) -> Mapping[str, FieldFact]:
    return described.by_lower_name if described is not None else {}


def _differ(one: Seen, other: Seen) -> bool | Unknown:
    """Whether two values are different; a blank differs from what is filled."""
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        filled_blank = FILLED in {one, other} and bool({None, ""} & {one, other})
        return True if filled_blank else UNKNOWN
    return one != other


def _days(facts: OrgFacts) -> tuple[date, ...]:
    today = facts.now.date()
    return tuple(today + timedelta(days=days) for days in _DAYS)

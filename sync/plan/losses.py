"""The loss report: what a lead knows that its account, contact and opportunity will not know after the conversion.

Salesforce carries mapped fields only, fills only blanks of existing records, and cuts text that is too long; none of
it is said by the conversion itself. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sync.model import Record, Value
from sync.plan.actions import Loss
from sync.plan.facts import OrgFacts
from sync.plan.field_map import STAYS_ON_LEAD, targets_of

_BLANK = (None, "", False)
"""Values that say nothing (as does a zero, which equals the last one)."""


def losses(
    lead: Record, makes: tuple[str, ...], attached: Mapping[str, tuple[str, Record]], facts: OrgFacts
) -> tuple[Loss, ...]:
    """What goes nowhere.

    Args:
        lead: The lead's values by API name, as far as mapped.
        makes: Objects of which a new record is made.
        attached: Object → (id, its values by API name) of the existing records that the lead is attached to.
        facts: The org.
    """
    found: list[Loss] = []
    reached = {*makes, *attached}
    filled = sorted(name for name, value in lead.items() if value not in _BLANK and name not in STAYS_ON_LEAD)
    for name in filled:
        arrives = False
        for target in targets_of(name, facts):
            made, _, field = target.partition(".")
            if made in reached:
                arrives = True
                lost = _on_target(name, lead[name], (made, field), attached, facts)
                if lost is not None:
                    found.append(lost)
        if not arrives:
            found.append(Loss(kind="unmapped_field", field=name, detail=_nowhere(name, facts)))
    return (*found, *_left_behind(str(lead.get("Id")), facts))


def _left_behind(lead_id: str, facts: OrgFacts) -> Iterator[Loss]:
    for left in facts.children.get(lead_id, ()):
        records = "record points" if left.count == 1 else "records point"
        yield Loss(
            kind="children",
            field=f"{left.object}.{left.field}",
            detail=f"{left.count} {records} to the lead; a conversion leaves custom child records behind",
        )


def _on_target(
    name: str, value: Value, target: tuple[str, str], attached: Mapping[str, tuple[str, Record]], facts: OrgFacts
) -> Loss | None:
    made, field = target
    if made in attached:
        record_id, values = attached[made]
        kept = values.get(field)
        if kept in _BLANK or kept == value:
            return None
        return Loss(kind="kept_by_target", field=name, detail=f"{made}.{field} of {record_id} keeps its own value")
    if not isinstance(value, str):
        return None
    described = facts.objects.get(made)
    length = described.fields[field].length if described is not None and field in described.fields else 0
    if not length or len(value) <= length:
        return None
    return Loss(kind="truncated", field=name, detail=f"{len(value)} characters, {made}.{field} takes {length}")


def _nowhere(name: str, facts: OrgFacts) -> str:
    if targets_of(name, facts):
        return "maps only to records that this conversion doesn't make"
    if name in facts.field_map:
        return "goes nowhere, as mappings/ says"
    if name.endswith("__c"):
        return "no field of the same name on Account, Contact or Opportunity"
    return "not mapped to any field of the new records"

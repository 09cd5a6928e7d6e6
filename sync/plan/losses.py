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
    for name, value in sorted(lead.items()):
        if value in _BLANK or name in STAYS_ON_LEAD:
            continue
        targets = [t for t in targets_of(name, facts) if t.partition(".")[0] in reached]
        if not targets:
            found.append(Loss(kind="unmapped_field", field=name, detail=_nowhere(name, facts)))
        for target in targets:
            found.extend(_on_target(name, value, target, attached, facts))
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
    name: str, value: Value, target: str, attached: Mapping[str, tuple[str, Record]], facts: OrgFacts
) -> Iterator[Loss]:
    made, _, field = target.partition(".")
    if made in attached:
        record_id, values = attached[made]
        kept = values.get(field)
        if kept not in _BLANK and kept != value:
            yield Loss(kind="kept_by_target", field=name, detail=f"{target} of {record_id} keeps its own value")
        return
    described = facts.objects.get(made)
    length = described.fields[field].length if described is not None and field in described.fields else 0
    if length and isinstance(value, str) and len(value) > length:
        yield Loss(kind="truncated", field=name, detail=f"{len(value)} characters, {target} takes {length}")


def _nowhere(name: str, facts: OrgFacts) -> str:
    if targets_of(name, facts):
        return "maps only to records that this conversion doesn't make"
    if name in facts.field_map:
        return "goes nowhere, as mappings/ says"
    if name.endswith("__c"):
        return "no field of the same name on Account, Contact or Opportunity"
    return "not mapped to any field of the new records"

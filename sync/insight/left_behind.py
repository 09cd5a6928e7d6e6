"""Custom child records of leads to be converted, which a conversion leaves behind on the converted lead.

Salesforce carries activities, campaign memberships, notes and files over to the new records (files since Summer '17),
but never the records of a custom object that look up to Lead. Part of gathering facts for a plan; a query for each
such object and 560 leads, several to a call, and none in an org without such objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sync.plan.facts import ChildrenFact
from sync.salesforce.org import AskRows, ObjectDescribe, OrgReader, Rows
from sync.salesforce.soql import in_lists, soql

_CUSTOM = "__c"


def children_left(
    org: OrgReader, lead: ObjectDescribe | None, lead_ids: Sequence[str]
) -> Mapping[str, tuple[ChildrenFact, ...]]:
    """The custom child records of each lead that has any, by lead id.

    An object that the user may describe but not query is left out: what can't be read can't be counted.
    """
    lookups = [
        (child.object, child.field)
        for child in (lead.children if lead is not None else ())
        if child.object.endswith(_CUSTOM) and child.field.endswith(_CUSTOM)
    ]
    asked = [(name, field, ids) for name, field in lookups for ids in in_lists(lead_ids)]
    answers = org.ask([AskRows(soql=_count(name, field, ids), all_rows=False) for name, field, ids in asked])
    found: dict[str, list[ChildrenFact]] = {}
    for (name, field, _), told in zip(asked, answers, strict=True):
        for row in told.records if isinstance(told, Rows) else ():
            fact = ChildrenFact(object=name, field=field, count=int(str(row["children"])))
            found.setdefault(str(row[field]), []).append(fact)
    return {lead_id: tuple(listed) for lead_id, listed in found.items()}


def _count(name: str, field: str, lead_ids: Sequence[str]) -> str:
    select = f"SELECT {field}, COUNT(Id) children FROM {name}"  # noqa: S608 -- names come from the org's own describe
    return soql(f"{select} WHERE {field} IN {{ids}} GROUP BY {field}", ids=lead_ids)

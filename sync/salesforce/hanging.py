"""What hangs on records: the rows of other objects that point to them, so far as anybody would miss them.

Read before a record is deleted, since Salesforce deletes what hangs on it too. The describe tells which objects point
where; of the standard ones only those that people work with are asked for (`USES`), of the custom ones all. History,
feeds, shares and the like are left out: they exist for every record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sync.model import Record
from sync.plan.unused import Child
from sync.salesforce.org import AskRows, ObjectDescribe, OrgReader, Rows
from sync.salesforce.org_facts import ChildRelationship
from sync.salesforce.soql import in_lists, soql
from sync.salesforce.values import moment_of

USES = frozenset(
    {
        "Account",
        "Asset",
        "Attachment",
        "CampaignMember",
        "Case",
        "Contact",
        "ContentDocumentLink",
        "Contract",
        "EmailMessage",
        "Event",
        "Lead",
        "Note",
        "Opportunity",
        "OpportunityContactRole",
        "OpportunityLineItem",
        "Order",
        "Quote",
        "Task",
    }
)
"""Standard objects whose rows show that a record is used."""

_POLYMORPHIC_TWINS = {("CampaignMember", "LeadOrContactId"), ("OpportunityContactRole", "LeadOrContactId")}
"""Columns that repeat another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanging:
    """What was found, and what couldn't be looked at."""

    children: tuple[Child, ...]
    unseen: tuple[str, ...]
    """Objects that point here and that the user can't read; nothing of theirs was looked at."""
    refused: tuple[str, ...]
    """Objects that the org didn't let us ask: what hangs on the records can't be told."""


def hanging_on(org: OrgReader, object_name: str, ids: Sequence[str]) -> Hanging:
    """The rows that point to these records of one object; 500 records to a query, five queries to a call.

    Raises:
        AccessRefused, OrgUnavailable, OrgFault: The org can't be read at all.
    """
    if not ids:
        return Hanging(children=(), unseen=(), refused=())
    described = org.describe_many([object_name])[object_name]
    wanted = list(_wanted(described)) if described is not None else []
    known = org.describe_many(sorted({one.object for one in wanted}))
    unseen = sorted({one.object for one in wanted if known[one.object] is None})
    asked = [
        (one, chunk, child)
        for one in wanted
        if (child := known[one.object]) is not None and _may_ask(child, one.field)
        for chunk in in_lists(ids)
    ]
    answers = org.ask([AskRows(soql=_query(one, child, chunk), all_rows=False) for one, chunk, child in asked])
    found: dict[tuple[str, str], Child] = {}
    refused: set[str] = set()
    for (one, _, _), answer in zip(asked, answers, strict=True):
        if not isinstance(answer, Rows):
            refused.add(one.object)
            continue
        for row in answer.records:
            hangs = _child(one, row)
            found.setdefault((hangs.id, hangs.parent_id), hangs)
    return Hanging(children=tuple(found.values()), unseen=tuple(unseen), refused=tuple(sorted(refused)))


def _wanted(described: ObjectDescribe) -> Iterator[ChildRelationship]:
    for one in dict.fromkeys(described.children):
        if (one.object in USES or one.object.endswith("__c")) and (one.object, one.field) not in _POLYMORPHIC_TWINS:
            yield one


def _may_ask(child: ObjectDescribe, field: str) -> bool:
    found = child.field(field)
    return child.queryable and found is not None and found.filterable


def _query(one: ChildRelationship, child: ObjectDescribe, ids: Sequence[str]) -> str:
    more = [name for name in ("CreatedDate", "CreatedById", "ContentDocumentId") if child.field(name)]
    columns = ", ".join(dict.fromkeys(["Id", one.field, *more]))
    return soql(f"SELECT {columns} FROM {one.object} WHERE {one.field} IN {{ids}}", ids=ids)  # noqa: S608 -- names of a describe; ids are quoted


def _child(one: ChildRelationship, row: Record) -> Child:
    created = row.get("CreatedDate")
    file = row.get("ContentDocumentId")
    return Child(
        object=one.object,
        id=str(file or row["Id"]),
        parent_id=str(row[one.field]),
        created_at=moment_of(str(created)) if created else None,
        created_by=str(row["CreatedById"]) if row.get("CreatedById") else None,
    )

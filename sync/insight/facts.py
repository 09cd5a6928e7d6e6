"""What planning must know of the org: asked in a few reads, handed on as plain values (`sync.plan.facts`).

Two steps, because the second depends on what the first leads to: statuses, describes, owners and rights first; then
what the org's duplicate rules say of the very records that the proposals would make.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sync.insight.left_behind import children_left
from sync.insight.rules import rule_facts
from sync.model import normal_id
from sync.plan.facts import (
    NO_MEMORY,
    DuplicateFact,
    DuplicateProbe,
    FieldFact,
    Memory,
    ObjectFact,
    OrgFacts,
    StageFact,
    StatusFact,
    UserFact,
)
from sync.policy.schema import ConversionSettings
from sync.salesforce.org import (
    AskRows,
    DuplicateFinding,
    FieldDescribe,
    ObjectDescribe,
    OrgReader,
    Rows,
    Told,
    ValidationRules,
)
from sync.salesforce.soql import in_lists, soql

DESCRIBED = ("Lead", "Account", "Contact", "Opportunity")
_TEXT_TYPES = {
    "string",
    "textarea",
    "phone",
    "url",
    "email",
    "picklist",
    "multipicklist",
    "combobox",
    "encryptedstring",
}


def gather_facts(
    org: OrgReader,
    *,
    owner_ids: Collection[str],
    conversion: ConversionSettings,
    lead_ids: Sequence[str] = (),
    memory: Memory = NO_MEMORY,
    field_map: Mapping[str, tuple[str, ...]] | None = None,
    saved: Sequence[str] = (),
) -> OrgFacts:
    """The facts without duplicate findings.

    Args:
        org: The org.
        owner_ids: Owners of the leads that have an action; those that are users are looked up.
        conversion: Names the users that may become owners.
        lead_ids: Leads to be converted; their record types are looked up where lead processes differ, and their
            custom child records counted.
        memory: What the ledger knows of these leads.
        field_map: Where lead fields go in a conversion, as far as the mapping says.
        saved: Objects of which the plan saves records; their validation rules are read.
    """
    me = org.identity
    described = org.describe_many(DESCRIBED)
    questions = [convert_right(me.user_id), _ACTIVE_RULES, *_users(owner_ids, conversion)]
    right, rules, *users = org.ask([AskRows(soql=text, all_rows=False) for text in questions])
    processes = _processes(org, described["Lead"])
    validation = org.validation_rules(saved) if saved else ValidationRules()
    usage = org.usage()
    return OrgFacts(
        org_id=me.org_id,
        user_id=me.user_id,
        now=org.now(),
        statuses=tuple(
            StatusFact(api_name=s.api_name, label=s.label, converted=s.converted) for s in org.lead_statuses()
        ),
        stages=tuple(
            StageFact(api_name=s.api_name, label=s.label, active=s.active, closed=s.closed) for s in org.stages()
        ),
        objects={name: object_fact(found) for name, found in described.items() if found is not None},
        users={user.id: user for told in users for user in _told_users(told)},
        may_convert=may_convert(right),
        session_converts=me.token_kind != "jwt",  # noqa: S105 -- a kind, not a token
        field_map=field_map or {},
        duplicate_rules=_ruled(rules),
        lead_processes=processes,
        record_types=_record_types(org, lead_ids) if processes else {},
        children=children_left(org, described["Lead"], lead_ids),
        rules=rule_facts(validation),
        rules_at_conversion=validation.at_conversion,
        rules_refused=validation.refused,
        status_writes=memory.status_writes,
        refused=memory.refused,
        compensated=memory.compensated,
        api_calls_used=usage.used if usage else None,
        api_calls_allowed=usage.allowed if usage else None,
    )


_ACTIVE_RULES = "SELECT SobjectType FROM DuplicateRule WHERE IsActive = true"


def _ruled(told: Told) -> frozenset[str] | None:
    """Objects with an active duplicate rule; `None` where the user may not read the rules (View Setup)."""
    return frozenset(str(row["SobjectType"]) for row in told.records) if isinstance(told, Rows) else None


def with_duplicates(org: OrgReader, facts: OrgFacts, probes: Sequence[DuplicateProbe]) -> OrgFacts:
    """The facts with what the org's duplicate rules say of each record that would be made; 50 records a call."""
    found: dict[str, list[DuplicateFact]] = {}
    contacts: set[str] = set()
    raw: list[tuple[DuplicateProbe, DuplicateFinding]] = []
    for name in dict.fromkeys(probe.object for probe in probes):
        asked = [probe for probe in probes if probe.object == name]
        answers = org.find_duplicates(name, [probe.values for probe in asked])
        for probe, findings in zip(asked, answers, strict=True):
            raw += [(probe, finding) for finding in findings if finding.matches]
            contacts |= {m.id for finding in findings for m in finding.matches if m.object == "Contact"}
    account_of = _accounts_of(org, sorted(contacts))
    for probe, finding in raw:
        matches = {m.id: m.id if m.object == "Account" else account_of.get(m.id) for m in finding.matches}
        fact = DuplicateFact(object=probe.object, rule=finding.rule, blocks=finding.blocks, matches=matches)
        found.setdefault(probe.lead_id, []).append(fact)
    return replace(facts, duplicates={lead_id: tuple(listed) for lead_id, listed in found.items()})


def _processes(org: OrgReader, lead: ObjectDescribe | None) -> Mapping[str, frozenset[str]]:
    """Lead processes by record type; asked only where the org has record types on Lead."""
    if lead is None or lead.field("RecordTypeId") is None or all(found.master for found in lead.record_types):
        return {}
    return org.lead_processes()


def _record_types(org: OrgReader, lead_ids: Sequence[str]) -> dict[str, str]:
    found = org.retrieve("Lead", lead_ids, ["Id", "RecordTypeId"]) if lead_ids else []
    return {str(row["Id"]): str(row["RecordTypeId"]) for row in found if row is not None and row["RecordTypeId"]}


def object_fact(described: ObjectDescribe) -> ObjectFact:
    """What planning needs of a describe."""
    return ObjectFact(
        name=described.name,
        createable=described.createable,
        updateable=described.updateable,
        fields={field.name: _field_fact(field) for field in described.fields.values()},
        record_types={
            name: found.id
            for found in described.record_types
            if found.available and found.active and not found.master
            for name in (found.developer_name, found.name)
        },
    )


def _field_fact(field: FieldDescribe) -> FieldFact:
    required = not field.nillable and field.createable and not field.defaulted_on_create and field.type != "boolean"
    restricted = field.restricted_picklist and bool(field.picklist)
    return FieldFact(
        name=field.name,
        label=field.label,
        required=required,
        updateable=field.updateable,
        length=field.length if field.type in _TEXT_TYPES else 0,
        values=frozenset(entry.value for entry in field.picklist if entry.active) if restricted else None,
        custom=field.custom,
        type=field.type,
        createable=field.createable,
        calculated=field.calculated,
        defaulted=_defaulted(field),
    )


def _defaulted(field: FieldDescribe) -> bool:
    if field.type == "boolean":
        return field.checked_by_default
    return field.defaulted_on_create or any(entry.default for entry in field.picklist)


def convert_right(user_id: str) -> str:
    """The query whose answer `may_convert` reads."""
    return soql(
        "SELECT PermissionSet.PermissionsConvertLeads FROM PermissionSetAssignment WHERE AssigneeId = {user}",
        user=user_id,
    )


def may_convert(told: Told) -> bool | None:
    """Whether any permission set of the user grants it; `None` without a single row: every user has its profile's."""
    if not isinstance(told, Rows) or not told.records:
        return None
    return any(row["PermissionSet.PermissionsConvertLeads"] is True for row in told.records)


def _users(owner_ids: Collection[str], conversion: ConversionSettings) -> Iterable[str]:
    """Queries for every owner that is a user, and for the users whom the policy names."""
    named = [n for n in (conversion.owner, conversion.queue_owner) if n and n != "lead_owner"]
    ids = [i for i in (normal_id(n) for n in named) if i]
    ids += sorted(owner for owner in owner_ids if owner.startswith("005"))
    names = [n for n in named if not normal_id(n)]
    select = "SELECT Id, Username, IsActive FROM User WHERE"
    yield from (soql(f"{select} Id IN {{ids}}", ids=listed) for listed in in_lists(ids))
    yield from (soql(f"{select} Username IN {{names}}", names=listed) for listed in in_lists(names))


def _told_users(told: Told) -> Iterable[UserFact]:
    if not isinstance(told, Rows):
        return
    for row in told.records:
        yield UserFact(id=str(row["Id"]), username=str(row["Username"]), active=row["IsActive"] is True)


def _accounts_of(org: OrgReader, contact_ids: Sequence[str]) -> dict[str, str | None]:
    found = org.retrieve("Contact", contact_ids, ["Id", "AccountId"]) if contact_ids else []
    return {
        str(row["Id"]): None if row["AccountId"] is None else str(row["AccountId"]) for row in found if row is not None
    }

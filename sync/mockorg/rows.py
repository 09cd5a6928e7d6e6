"""Writing records on behalf of a user: create, update, upsert, delete, undelete, one record at a time.

Each function answers a `RowResult` and never raises for what is wrong with the record; it raises `SalesforceError`
for what is wrong with the call, such as an object that does not exist. One record is one savepoint: a record that is
refused leaves nothing behind. Calls of several records, and all-or-none, are the doors' business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import duplicates, history, rules
from .behaviours import behaviour
from .derived import derive
from .errors import RowRefused, SalesforceError, refuse
from .merges import delete, undelete
from .record_types import default_record_type
from .rollups import roll_up_activities, roll_up_campaigns
from .row_checks import (
    AUDIT_FIELDS,
    check_may,
    check_owner,
    check_references,
    check_required,
    check_unique,
    existing,
    ids_by_key,
    named_values,
)
from .rows_result import DmlOptions, RowResult
from .schema import FieldType

if TYPE_CHECKING:
    from .access import User
    from .org import Org
    from .row_checks import Given
    from .schema import ObjectType, Value
    from .store import Row

__all__ = [
    "DmlOptions",
    "RowResult",
    "create",
    "delete",
    "find_by_external_id",
    "prepared_insert",
    "prepared_update",
    "undelete",
    "update",
    "upsert",
]

DEFAULT_OPTIONS = DmlOptions()
_ACTIVITIES = frozenset({"Task", "Event"})


def create(org: Org, user: User, object_name: str, values: Given, options: DmlOptions = DEFAULT_OPTIONS) -> RowResult:
    """Create one record.

    Raises:
        SalesforceError: INVALID_TYPE, when the org has no such object.
    """
    type_ = org.schema.object(object_name)
    try:
        with org.store.savepoint():
            row = prepared_insert(org, user, type_, values, options)
            insert_row(org, user, type_, row)
    except RowRefused as refused:
        return RowResult(id=None, success=False, errors=refused.errors)
    return RowResult(id=str(row["Id"]), success=True, created=True)


def update(  # noqa: PLR0917 - org, user, object, then the row, as every verb
    org: Org, user: User, object_name: str, record_id: str, values: Given, options: DmlOptions = DEFAULT_OPTIONS
) -> RowResult:
    """Change one record; None clears a field.

    Raises:
        SalesforceError: INVALID_TYPE, when the org has no such object.
    """
    type_ = org.schema.object(object_name)
    try:
        with org.store.savepoint():
            before = existing(org, type_, record_id)
            changes = prepared_update(org, user, type_, before, values, options)
            update_row(org, user, type_, before, changes)
    except RowRefused as refused:
        return RowResult(id=None, success=False, errors=refused.errors)
    return RowResult(id=str(before["Id"]), success=True)


@behaviour("upsert by external id", "confirmed", "REST Developer Guide: sObject Rows by External ID")
def upsert(  # noqa: PLR0917 - org, user, object, then the row, as every verb
    org: Org,
    user: User,
    object_name: str,
    external_field: str,
    external_value: Value,
    values: Given,
    options: DmlOptions = DEFAULT_OPTIONS,
) -> RowResult:
    """Update the record whose external id (or Id) has this value, or create one with it.

    Raises:
        SalesforceError: INVALID_TYPE; NOT_FOUND (404) when the field is no external id.
    """
    type_ = org.schema.object(object_name)
    ids = find_by_external_id(org, type_, external_field, external_value)
    if len(ids) > 1:
        error = refuse(
            "DUPLICATE_EXTERNAL_ID",
            f"{external_field}: more than one record found for external id field: [{', '.join(ids)}]",
            fields=[external_field],
        )
        return RowResult(id=None, success=False, errors=error.errors)
    field = type_.field(external_field)
    key = field.name if field else external_field
    rest = {name: value for name, value in values.items() if name.lower() != key.lower()}
    if ids:
        return update(org, user, object_name, ids[0], rest, options)
    if key == "Id":
        if external_value not in {None, ""}:
            error = refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
            return RowResult(id=None, success=False, errors=error.errors)
        return create(org, user, object_name, rest, options)
    return create(org, user, object_name, {**rest, key: external_value}, options)


def find_by_external_id(org: Org, type_: ObjectType, external_field: str, value: Value) -> list[str]:
    """Ids of the records whose external id field has this value.

    Raises:
        SalesforceError: NOT_FOUND, 404, when the object has no such external id field.
    """
    field = type_.field(external_field)
    if field is None or not (field.id_lookup or field.external_id):
        raise SalesforceError(
            "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {external_field}", status=404
        )
    return ids_by_key(org, type_, field, value)


def prepared_insert(
    org: Org, user: User, type_: ObjectType, values: Given, options: DmlOptions = DEFAULT_OPTIONS
) -> Row:
    """The complete row that a create would write, with every check passed.

    Raises:
        RowRefused: when the record is refused.
    """
    check_may(org, user, type_, "create")
    given = named_values(org, user, type_, values, action="create", options=options)
    return completed_insert(org, user, type_, given, options)


def completed_insert(
    org: Org, user: User, type_: ObjectType, given: Row, options: DmlOptions, *, rules_apply: bool = True
) -> Row:
    """As `prepared_insert`, from stored values; conversion comes in here. `rules_apply` turns validation rules off.

    Raises:
        RowRefused: when the record is refused.
    """
    row: Row = {
        each.name: _default(each.default_value) for each in type_.stored_fields if each.default_value is not None
    }
    row |= {name: value for name, value in given.items() if value is not None or name not in row}
    _check_booleans(type_, row)
    if type_.field("OwnerId") and row.get("OwnerId") is None:
        row["OwnerId"] = rules.assigned_owner(org, user, type_, row, options) or user.id
    elif type_.field("OwnerId"):
        row["OwnerId"] = rules.assigned_owner(org, user, type_, row, options) or row["OwnerId"]
    if type_.field("RecordTypeId") and row.get("RecordTypeId") is None:
        row["RecordTypeId"] = default_record_type(type_, user, org)
    stamp = org.clock.stamp()
    row["Id"] = org.ids.next(type_.id_prefix)
    audit: Row = {"CreatedDate": stamp, "LastModifiedDate": stamp, "CreatedById": user.id, "LastModifiedById": user.id}
    for name, value in audit.items():
        if type_.field(name) and row.get(name) is None:
            row[name] = value
    if type_.field("SystemModstamp"):
        row["SystemModstamp"] = stamp
    if type_.name == "Lead":
        _check_lead_status(org, row, creating=True)
        row.setdefault("IsUnreadByOwner", int(row["OwnerId"] != user.id))
    row |= derive(org, type_.name, row, frozenset(row))
    row |= rules.formula_columns(org, type_, row)
    check_required(type_, row)
    checked = {name: value for name, value in row.items() if name not in AUDIT_FIELDS and name != "Id"}
    check_references(org, type_, checked)
    if isinstance(row.get("OwnerId"), str):
        check_owner(org, type_, str(row["OwnerId"]))
    check_unique(org, type_, row)
    rules.run_automations(org, user, type_, None, row)
    if rules_apply:
        rules.check_validation(org, user, type_, None, row)
    duplicates.check(org, type_, row, options, operation="create")
    return row


def insert_row(org: Org, user: User, type_: ObjectType, row: Row) -> None:
    """Write a completed row, its history and what rolls up from it."""
    _check_parents(org, type_, row)
    org.store.insert(type_, row)
    history.mark(org, user.id, type_, str(row["Id"]), "created")
    if type_.name == "Opportunity":
        history.snapshot_opportunity(org, user.id, None, row)
    _roll_up(org, type_, None, row)


def prepared_update(  # noqa: PLR0917 - org, user, object, then the row, as every verb
    org: Org, user: User, type_: ObjectType, before: Row, values: Given, options: DmlOptions = DEFAULT_OPTIONS
) -> Row:
    """The changes that an update of the row as it is would write, with every check passed.

    Raises:
        RowRefused: when the record is refused.
    """
    check_may(org, user, type_, "edit")
    given = named_values(org, user, type_, values, action="edit", options=options)
    if type_.name == "Lead":
        _check_converted(user, before)
        _check_lead_status(org, before | given, creating=False, changed=given.get("Status") != before["Status"])
    return completed_update(org, user, type_, before, given, options)


def completed_update(  # noqa: PLR0917 - org, user, object, then the row, as every verb
    org: Org,
    user: User,
    type_: ObjectType,
    before: Row,
    given: Row,
    options: DmlOptions,
    *,
    rules_apply: bool = True,
) -> Row:
    """As `prepared_update`, from stored values and the row as it was; conversion comes in here.

    Raises:
        RowRefused: when the record is refused.
    """
    after = before | given
    owner = rules.assigned_owner(org, user, type_, after, options)
    if owner is not None:
        given = given | {"OwnerId": owner}
    _check_booleans(type_, given)
    after |= given
    changed = frozenset(name for name in given if given[name] != before.get(name))
    derived = derive(org, type_.name, after, changed)
    changes = given | {name: value for name, value in derived.items() if value != before.get(name)}
    after |= changes
    changes |= rules.formula_columns(org, type_, after)
    after |= changes
    check_required(type_, after, only=frozenset(given))
    check_references(org, type_, {name: changes[name] for name in changed})
    if "OwnerId" in changed and isinstance(changes["OwnerId"], str):
        check_owner(org, type_, changes["OwnerId"])
    check_unique(org, type_, {name: changes[name] for name in changed}, own_id=str(before["Id"]))
    stamp = org.clock.stamp()
    stamps: Row = {"LastModifiedDate": stamp, "LastModifiedById": user.id, "SystemModstamp": stamp}
    changes |= {name: value for name, value in stamps.items() if type_.field(name)}
    after |= changes
    rules.run_automations(org, user, type_, before, after)
    if rules_apply:
        rules.check_validation(org, user, type_, before, after)
    duplicates.check(org, type_, after, options, operation="edit", before=before)
    return changes


def update_row(org: Org, user: User, type_: ObjectType, before: Row, changes: Row) -> None:
    """Write completed changes, their history and what rolls up from them."""
    after = before | changes
    _check_parents(org, type_, after)
    org.store.update(type_, str(before["Id"]), changes)
    if type_.name == "User" and "IsActive" in changes:
        org.access.set_active(str(before["Id"]), active=bool(changes["IsActive"]))
    history.track(org, user.id, type_, before, changes)
    if type_.name == "Opportunity":
        history.snapshot_opportunity(org, user.id, before, after)
    _roll_up(org, type_, before, after)


def _default(value: Value) -> Value:
    return int(value) if isinstance(value, bool) else value


def _check_booleans(type_: ObjectType, row: Row) -> None:
    for name, value in row.items():
        field = type_.field(name)
        if value is None and field is not None and field.type is FieldType.BOOLEAN:
            row[name] = 0


@behaviour("converted leads are read-only", "confirmed", "Object Reference: Lead; error text of real orgs")
def _check_converted(user: User, before: Row) -> None:
    """A converted lead may be updated only with the permission "View and Edit Converted Leads"."""
    if before["IsConverted"] and not user.edit_converted_leads:
        raise refuse("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


@behaviour(
    "Lead.Status cannot be set to a converted value",
    "uncertain",
    "Object Reference: Lead says that it converts nothing; the refusal is inferred",
)
def _check_lead_status(org: Org, row: Row, *, creating: bool, changed: bool = True) -> None:
    """A lead cannot be converted by its status: a converted value is refused unless the lead is (created) converted."""
    status = next((each for each in org.settings.lead_statuses if each.name == row.get("Status")), None)
    if not changed or status is None or not status.converted or row.get("IsConverted"):
        return
    verb = "created with" if creating else "changed to"
    raise refuse(
        "INVALID_STATUS",
        f"invalid status: a lead cannot be {verb} the converted status {status.name}",
        fields=["Status"],
    )


def _check_parents(org: Org, type_: ObjectType, row: Row) -> None:
    parents = [row.get(name) for name in ("AccountId", "OpportunityId", "CampaignId") if type_.field(name)]
    org.locks.check([each for each in parents if isinstance(each, str)])


def _roll_up(org: Org, type_: ObjectType, before: Row | None, after: Row) -> None:
    if type_.name in _ACTIVITIES:
        roll_up_activities(org, before, after)
    elif type_.name in {"CampaignMember", "Opportunity"}:
        roll_up_campaigns(org, [after.get("CampaignId"), before.get("CampaignId") if before else None])

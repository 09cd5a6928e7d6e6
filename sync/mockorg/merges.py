"""Records that go, come back, or become one: delete with its cascade, undelete from the recycle bin, merge.

A deleted record stays as a row with IsDeleted set, seen by queryAll, until it is deleted hard. Merged losers are
deleted records with MasterRecordId; their children belong to the survivor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .behaviours import behaviour
from .errors import RowError, RowRefused, SalesforceError, refuse
from .ids import to18
from .rollups import roll_up_activities, roll_up_campaigns
from .row_checks import check_may, existing, named_values
from .rows_result import DmlOptions, RowResult
from .store import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .access import User
    from .org import Org
    from .row_checks import Given
    from .schema import ObjectType
    from .store import Row

_DEFAULT = DmlOptions()
_MOST_LOSERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOutcome:
    """What became of a merge request, as SOAP's MergeResult."""

    id: str | None
    success: bool
    merged_record_ids: tuple[str, ...] = ()
    updated_related_ids: tuple[str, ...] = ()
    errors: tuple[RowError, ...] = ()


@behaviour("delete with cascade", "confirmed", "cascadeDelete of recorded describes")
def delete(org: Org, user: User, object_name: str, record_id: str, options: DmlOptions = _DEFAULT) -> RowResult:  # noqa: ARG001 - one signature for all verbs
    """Put a record, and the children that go with it, into the recycle bin.

    Raises:
        SalesforceError: INVALID_TYPE, when the org has no such object.
    """
    type_ = org.schema.object(object_name)
    try:
        with org.store.savepoint():
            check_may(org, user, type_, "delete")
            row = existing(org, type_, record_id)
            _delete_row(org, user, type_, row, org.clock.stamp())
    except RowRefused as refused:
        return RowResult(id=None, success=False, errors=refused.errors)
    return RowResult(id=str(row["Id"]), success=True)


def hard_delete(org: Org, user: User, object_name: str, record_id: str) -> RowResult:
    """Delete a record past the recycle bin (Bulk `hardDelete`); replication still tells of it, queryAll does not.

    Raises:
        SalesforceError: INVALID_TYPE; FEATURENOTENABLED when the user may not delete hard.
    """
    if not user.hard_delete:
        raise SalesforceError("FEATURENOTENABLED", "hardDelete operation requires special user profile permission")
    done = delete(org, user, object_name, record_id)
    if done.success and done.id:
        purge(org, org.schema.object(object_name), done.id)
    return done


def purge(org: Org, type_: ObjectType, record_id: str) -> None:
    """Empty the recycle bin of one record."""
    org.store.remove(type_, record_id)


def _delete_row(org: Org, user: User, type_: ObjectType, row: Row, stamp: str) -> None:
    record_id = str(row["Id"])
    for relationship in type_.child_relationships:
        child_type = org.schema.object(relationship.child_object)
        if not (relationship.cascade_delete or relationship.restricted_delete):
            continue
        children = org.store.rows_where(child_type, {relationship.field: record_id})
        if children and relationship.restricted_delete and not relationship.cascade_delete:
            raise refuse(
                "DELETE_FAILED",
                f"Your attempt to delete the {type_.label} could not be completed because it is associated with "
                f"{len(children)} {child_type.label_plural}.",
            )
        for child in children:
            _delete_row(org, user, child_type, child, stamp)
    if type_.field("IsDeleted") is None:
        org.store.remove(type_, record_id)
        return
    changes: Row = {"IsDeleted": 1, "SystemModstamp": stamp, "LastModifiedDate": stamp, "LastModifiedById": user.id}
    org.store.update(type_, record_id, {name: value for name, value in changes.items() if type_.field(name)})
    org.store.log_deletion(type_, record_id, stamp)
    if type_.name in {"Task", "Event"}:
        roll_up_activities(org, row)
    elif type_.name in {"CampaignMember", "Opportunity"}:
        roll_up_campaigns(org, [row.get("CampaignId")])


@behaviour("undelete", "uncertain", "SOAP API guide: undelete(); which children come back is inferred")
def undelete(org: Org, user: User, object_name: str, record_id: str, options: DmlOptions = _DEFAULT) -> RowResult:  # noqa: ARG001 - one signature for all verbs
    """Bring a record back from the recycle bin, with the children that went in the same delete.

    Raises:
        SalesforceError: INVALID_TYPE, when the org has no such object.
    """
    type_ = org.schema.object(object_name)
    try:
        with org.store.savepoint():
            check_may(org, user, type_, "delete")
            found = to18(record_id)
            row = org.store.row(type_, found, deleted=True) if found else None
            if row is None:
                raise refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
            if not row.get("IsDeleted") or not type_.undeletable:
                raise refuse("UNDELETE_FAILED", "Entity is not in the recycle bin")
            _undelete_row(org, user, type_, row, str(row["SystemModstamp"]), org.clock.stamp())
    except RowRefused as refused:
        return RowResult(id=None, success=False, errors=refused.errors)
    return RowResult(id=str(row["Id"]), success=True)


def _undelete_row(  # noqa: PLR0917 - org, user, object, then the row, as every verb
    org: Org, user: User, type_: ObjectType, row: Row, deleted_at: str, stamp: str
) -> None:
    record_id = str(row["Id"])
    changes: Row = {
        "IsDeleted": 0,
        "MasterRecordId": None,
        "SystemModstamp": stamp,
        "LastModifiedDate": stamp,
        "LastModifiedById": user.id,
    }
    org.store.update(type_, record_id, {name: value for name, value in changes.items() if type_.field(name)})
    org.store.forget_deletion(record_id)
    for relationship in type_.child_relationships:
        if not relationship.cascade_delete:
            continue
        child_type = org.schema.object(relationship.child_object)
        if not (child_type.field("IsDeleted") and child_type.field("SystemModstamp")):
            continue
        where = f'{quoted(relationship.field)} = ? AND "IsDeleted" = 1 AND "SystemModstamp" = ? AND "_pending" IS NULL'
        for child in org.store.select(child_type, where, [record_id, deleted_at]):
            _undelete_row(org, user, child_type, child, deleted_at, stamp)


@behaviour("merge", "confirmed", "Object Reference: MasterRecordId")
def merge(  # noqa: PLR0917 - org, user, object, then the row, as every verb
    org: Org,
    user: User,
    object_name: str,
    master: Given,
    losers: Sequence[str],
    options: DmlOptions = _DEFAULT,
) -> MergeOutcome:
    """Merge up to two records into the master (`master` holds its Id and the fields to set on it).

    The losers are deleted with MasterRecordId set; whatever pointed to them points to the master.

    Raises:
        SalesforceError: INVALID_TYPE; INVALID_TYPE_FOR_OPERATION when the object cannot be merged.
    """
    type_ = org.schema.object(object_name)
    if not type_.mergeable or type_.field("MasterRecordId") is None:
        raise SalesforceError("INVALID_TYPE_FOR_OPERATION", f"entity type {type_.name} does not support merge")
    try:
        with org.store.savepoint():
            return _merge(org, user, type_, master, losers, options)
    except RowRefused as refused:
        return MergeOutcome(id=None, success=False, errors=refused.errors)


def _merge(  # noqa: PLR0917 - org, user, object, then the row, as every verb
    org: Org, user: User, type_: ObjectType, master: Given, losers: Sequence[str], options: DmlOptions
) -> MergeOutcome:
    from .rows import completed_update, update_row  # noqa: PLC0415 - rows offers delete and undelete from here

    check_may(org, user, type_, "edit")
    check_may(org, user, type_, "delete")
    if not 1 <= len(losers) <= _MOST_LOSERS:
        raise refuse("INVALID_NUMBER_OF_ARGUMENTS", "merge takes one or two records to merge into the master")
    fields = {name: value for name, value in master.items() if name.lower() != "id"}
    master_id = next((value for name, value in master.items() if name.lower() == "id"), None)
    survivor = existing(org, type_, str(master_id))
    rows = [existing(org, type_, each) for each in losers]
    if survivor["Id"] in {each["Id"] for each in rows}:
        raise refuse("INVALID_CROSS_REFERENCE_KEY", "a record cannot be merged into itself")
    if any(each.get("IsConverted") for each in (survivor, *rows)) and not all(each.get("IsConverted") for each in rows):
        raise refuse("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    given = named_values(org, user, type_, fields, action="edit", options=options)
    update_row(org, user, type_, survivor, completed_update(org, user, type_, survivor, given, options))
    stamp = org.clock.stamp()
    related: list[str] = []
    for row in rows:
        related += repoint(org, user, type_, old_id=str(row["Id"]), new_id=str(survivor["Id"]), stamp=stamp)
        changes: Row = {
            "IsDeleted": 1,
            "MasterRecordId": survivor["Id"],
            "SystemModstamp": stamp,
            "LastModifiedDate": stamp,
            "LastModifiedById": user.id,
        }
        org.store.update(type_, str(row["Id"]), changes)
        org.store.log_deletion(type_, str(row["Id"]), stamp)
    return MergeOutcome(
        id=str(survivor["Id"]),
        success=True,
        merged_record_ids=tuple(str(each["Id"]) for each in rows),
        updated_related_ids=tuple(related),
    )


def repoint(org: Org, user: User, type_: ObjectType, *, old_id: str, new_id: str, stamp: str) -> list[str]:
    """Make every live child of one record a child of another; returns the ids of the children."""
    moved: list[str] = []
    for relationship in type_.child_relationships:
        if relationship.field == "MasterRecordId":
            continue
        child_type = org.schema.object(relationship.child_object)
        for child in org.store.rows_where(child_type, {relationship.field: old_id}):
            changes: Row = {
                relationship.field: new_id,
                "SystemModstamp": stamp,
                "LastModifiedDate": stamp,
                "LastModifiedById": user.id,
            }
            kept = {name: value for name, value in changes.items() if child_type.field(name)}
            org.store.update(child_type, str(child["Id"]), kept)
            moved.append(str(child["Id"]))
            if child_type.name in {"Task", "Event"}:
                roll_up_activities(org, child, child | kept)
    return moved

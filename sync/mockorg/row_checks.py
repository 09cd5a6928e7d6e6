"""The checks that every write passes before rules run: names, permissions, types, required fields, references,
uniqueness.

Salesforce reports the first kind of fault that it meets, with all fields of that kind; so do these functions, in the
order in which `rows` calls them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from .behaviours import behaviour
from .errors import RowError, RowRefused, refuse
from .ids import to18
from .schema import FieldType, Value
from .store import quoted
from .values import stored_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .access import User
    from .org import Org
    from .rows_result import DmlOptions
    from .schema import Field, ObjectType
    from .store import Row

GivenValue: TypeAlias = "Value | Mapping[str, Value]"
Given: TypeAlias = "Mapping[str, GivenValue]"

AUDIT_FIELDS = frozenset({"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById"})
_SET_UP_ELSEWHERE = frozenset(
    {
        "User",
        "UserRole",
        "Group",
        "GroupMember",
        "QueueSobject",
        "Profile",
        "PermissionSet",
        "PermissionSetAssignment",
        "ObjectPermissions",
        "FieldPermissions",
        "Organization",
    }
)
_NOT_DATA = frozenset({"attributes", "id"})


@behaviour("object permissions on writes", "uncertain", "status codes of the partner WSDL")
def check_may(org: Org, user: User, type_: ObjectType, action: Literal["create", "edit", "delete"]) -> None:
    """Refuse a kind of write that the object does not know, or that the user's permissions do not hold.

    Raises:
        RowRefused: INVALID_TYPE_FOR_OPERATION or INSUFFICIENT_ACCESS_OR_READONLY.
    """
    if type_.name in _SET_UP_ELSEWHERE and not (type_.name == "User" and action == "edit"):
        what = f"writing {type_.name} records over the API; org.yaml and the data folder hold them"
        raise RowRefused(
            RowError(
                code="INVALID_TYPE_FOR_OPERATION",
                message=f"entity type {type_.name} does not support {action} here",
                not_modelled=what,
            )
        )
    possible = {"create": type_.createable, "edit": type_.updateable, "delete": type_.deletable}[action]
    if not possible:
        verb = {"create": "create", "edit": "update", "delete": "delete"}[action]
        raise refuse("INVALID_TYPE_FOR_OPERATION", f"entity type {type_.name} does not support {verb}")
    if not org.access.may(user, action, type_):
        raise refuse("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


def named_values(
    org: Org,
    user: User,
    type_: ObjectType,
    given: Given,
    *,
    action: Literal["create", "edit"],
    options: DmlOptions,
) -> Row:
    """The given values under describe's names and in stored form, each one writeable by this user.

    `given` may hold a relationship with an external id instead of a reference: `{"Account": {"Key__c": "K1"}}`, or
    `{"Account.Key__c": "K1"}` as Bulk spells it.

    Raises:
        RowRefused: INVALID_FIELD, INVALID_FIELD_FOR_INSERT_UPDATE, or what a value itself is refused for.
    """
    editable = org.access.editable_fields(user, type_)
    fields: list[tuple[Field, GivenValue]] = []
    blocked = []
    for name, value in given.items():
        if name.lower() in _NOT_DATA:
            continue
        field, plain = _resolve(org, type_, name, value)
        if field is None or (field.name not in editable and field.name not in org.access.visible_fields(user, type_)):
            raise refuse("INVALID_FIELD", f"No such column '{name}' on sobject of type {type_.name}")
        if not _writeable(user, field, action) or field.name not in editable:
            blocked.append(field.name)
        fields.append((field, plain))
    if blocked:
        names = ", ".join(blocked)
        raise refuse(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {names}. Please check the security settings of this field and verify "
            "that it is read/write for your profile or permission set.",
            fields=blocked,
        )
    row: Row = {}
    for field, plain in fields:
        if not (plain is None or isinstance(plain, str | int | float | bool)):
            message = f"{field.label}: value not of required type: {type(plain).__name__}"
            raise refuse("INVALID_TYPE_ON_FIELD_IN_RECORD", message, fields=[field.name])
        row[field.name] = stored_value(field, plain, truncate=options.allow_field_truncation)
    return row


def _writeable(user: User, field: Field, action: Literal["create", "edit"]) -> bool:
    if action == "edit":
        return field.updateable
    return field.createable or (user.set_audit_fields and field.name in AUDIT_FIELDS)


def _resolve(org: Org, type_: ObjectType, name: str, value: GivenValue) -> tuple[Field | None, GivenValue]:
    relation, dot, external = name.partition(".")
    if dot and not isinstance(value, str | int | float | bool | None):
        return None, value
    if dot:
        value = {external.partition(":")[2] or external: value}  # type: ignore[dict-item]  # narrowed two lines above
        name = relation.rpartition(":")[2]
    if value is None or isinstance(value, str | int | float | bool):
        return type_.field(name), value
    field = type_.by_relationship(name)
    if field is None:
        return None, value
    keys = {key: each for key, each in value.items() if key.lower() not in {"attributes", "type"}}
    if len(keys) != 1:
        raise refuse(
            "INVALID_FIELD", f"The relationship {name} needs exactly one external id field", fields=[field.name]
        )
    key, key_value = next(iter(keys.items()))
    for target in field.reference_to:
        found_type = org.schema.find(target)
        key_field = found_type.field(key) if found_type else None
        if found_type is None or key_field is None or not key_field.id_lookup:
            continue
        ids = ids_by_key(org, found_type, key_field, key_value)
        if len(ids) == 1:
            return field, ids[0]
        if len(ids) > 1:
            raise refuse(
                "DUPLICATE_EXTERNAL_ID", f"{key}: more than one record found for external id field", fields=[key]
            )
    raise refuse(
        "INVALID_FIELD",
        f"Foreign key external ID: {key_value} not found for field {key} in entity {field.reference_to[0]}",
    )


def ids_by_key(org: Org, type_: ObjectType, field: Field, value: Value) -> list[str]:
    """Ids of the records whose key field has this value, in order of id; text is compared as the field compares it."""
    if value is None or value == "":
        return []
    if field.type is FieldType.ID:
        found = to18(str(value))
        return [found] if found and org.store.row(type_, found) else []
    where = f'{quoted(field.name)} = ? AND "_pending" IS NULL AND "IsDeleted" = 0 ORDER BY "Id"'
    if not type_.field("IsDeleted"):
        where = where.replace(' AND "IsDeleted" = 0', "")
    return [str(row["Id"]) for row in org.store.select(type_, where, [stored_value(field, value)])]


@behaviour("required fields", "confirmed", "recorded error of a real org")
def check_required(type_: ObjectType, row: Row, *, only: frozenset[str] | None = None) -> None:
    """Refuse a record without its required fields; on update `only` the fields that change are looked at.

    Raises:
        RowRefused: REQUIRED_FIELD_MISSING, naming all of them.
    """
    if only is not None and all(row.get(name) is not None for name in only):
        return
    missing = [
        each.name
        for each in type_.fields
        if row.get(each.name) is None and (each.required if only is None else each.name in only and _never_null(each))
    ]
    if missing:
        raise refuse("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", fields=missing)


def _never_null(field: Field) -> bool:
    return not field.nillable and field.type is not FieldType.BOOLEAN


@behaviour("references must exist", "confirmed", "recorded error texts")
def check_references(org: Org, type_: ObjectType, row: Row) -> None:
    """Refuse references to records that are of the wrong object, deleted, or not there.

    Raises:
        RowRefused: MALFORMED_ID, INVALID_CROSS_REFERENCE_KEY, ENTITY_IS_DELETED, CANNOT_UPDATE_CONVERTED_LEAD.
    """
    for name, value in row.items():
        field = type_.field(name)
        if field is None or field.type is not FieldType.REFERENCE or not isinstance(value, str):
            continue
        if field.name == "RecordTypeId":
            check_record_type(type_, value)
            continue
        _check_reference(org, field, value)


def _check_reference(org: Org, field: Field, value: str) -> None:
    target = org.schema.by_prefix(value)
    if target is None or target.name not in field.reference_to:
        modelled = any(name in org.schema for name in field.reference_to)
        if not modelled:
            message = "invalid cross reference id"
            raise RowRefused(
                RowError(
                    code="INVALID_CROSS_REFERENCE_KEY",
                    message=message,
                    fields=(field.name,),
                    not_modelled=f"records of {', '.join(field.reference_to)}",
                )
            )
        raise refuse("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", fields=[field.name])
    row = org.store.row(target, value, deleted=True)
    if row is None:
        raise refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=[field.name])
    if row.get("IsDeleted"):
        raise refuse("ENTITY_IS_DELETED", "entity is deleted", fields=[field.name])
    if target.name == "Lead" and row["IsConverted"]:
        raise refuse("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", fields=[field.name])


def check_record_type(type_: ObjectType, record_type_id: str) -> None:
    """Refuse a record type that is not an active one of this object.

    Raises:
        RowRefused: INVALID_CROSS_REFERENCE_KEY.
    """
    if not any(each.id == record_type_id and each.active for each in type_.record_types):
        raise refuse(
            "INVALID_CROSS_REFERENCE_KEY",
            f"Record Type ID: this ID value isn't valid for the user: {record_type_id}",
            fields=["RecordTypeId"],
        )


@behaviour(
    "owners must be active users or fitting queues",
    "uncertain",
    "status codes of the partner WSDL; texts from field practice",
)
def check_owner(org: Org, type_: ObjectType, owner_id: str) -> None:
    """Refuse an owner who is inactive, or a queue that does not hold this object.

    Raises:
        RowRefused: INACTIVE_OWNER_OR_USER, INVALID_CROSS_REFERENCE_KEY or FIELD_INTEGRITY_EXCEPTION.
    """
    if owner_id.startswith("00G"):
        held = org.store.rows_where(org.schema.object("QueueSobject"), {"QueueId": owner_id, "SobjectType": type_.name})
        if not held:
            raise refuse("FIELD_INTEGRITY_EXCEPTION", "Queue not associated with this SObject type", fields=["OwnerId"])
        return
    user = org.store.row(org.schema.object("User"), owner_id)
    if user is not None and not user["IsActive"]:
        raise refuse(
            "INACTIVE_OWNER_OR_USER",
            f"operation performed with inactive user [{owner_id}] as owner of {type_.name.lower()}",
        )


@behaviour("unique fields", "uncertain", "status codes of the partner WSDL; field practice")
def check_unique(org: Org, type_: ObjectType, row: Row, *, own_id: str | None = None) -> None:
    """Refuse a value that a unique field has on another record.

    Raises:
        RowRefused: DUPLICATE_VALUE, naming the other record.
    """
    for name, value in row.items():
        field = type_.field(name)
        if field is None or not field.unique or value is None:
            continue
        others = [each for each in ids_by_key(org, type_, field, value) if each != own_id]
        if others:
            raise refuse(
                "DUPLICATE_VALUE",
                f"duplicate value found: {field.name} duplicates value on record with id: {others[0]}",
            )


def existing(org: Org, type_: ObjectType, record_id: str, *, holder_checks: bool = True) -> Row:
    """The live row that a write names.

    Raises:
        RowRefused: MALFORMED_ID, INVALID_CROSS_REFERENCE_KEY, ENTITY_IS_DELETED, ENTITY_IS_LOCKED, UNABLE_TO_LOCK_ROW.
    """
    found = to18(record_id)
    if found is None or found[:3] != type_.id_prefix:
        label = type_.fields[0].label
        raise refuse("MALFORMED_ID", f"{label}: id value of incorrect type: {record_id}", fields=["Id"])
    row = org.store.row(type_, found, deleted=True)
    if row is None:
        raise refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if row.get("IsDeleted"):
        raise refuse("ENTITY_IS_DELETED", "entity is deleted")
    if holder_checks:
        if found in org.approval_locked:
            raise refuse("ENTITY_IS_LOCKED", "entity is locked for editing")
        org.locks.check([found])
    return row

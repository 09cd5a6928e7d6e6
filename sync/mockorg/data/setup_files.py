"""Files of setup objects (User.csv, Group.csv, RecordType.csv …): rows that the org has already get the file's ids
and values.

A row is the org's own when its natural name fits: a user's username, a queue's developer name. The org's row then
takes the file's id, wherever it is referred to. A user that the org does not have is added; other unknown rows are
added as they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..ids import to18
from ..people import add_user
from ..schema import FieldType
from ..settings import UserSetting
from ..store import quoted

if TYPE_CHECKING:
    from ..org import Org
    from ..schema import ObjectType
    from ..store import Row
    from .keys import Keys

SETUP_OBJECTS = (
    "Organization",
    "UserLicense",
    "Profile",
    "UserRole",
    "User",
    "Group",
    "GroupMember",
    "QueueSobject",
    "PermissionSet",
    "PermissionSetAssignment",
    "ObjectPermissions",
    "FieldPermissions",
    "BusinessProcess",
    "RecordType",
    "LeadStatus",
    "OpportunityStage",
    "TaskStatus",
    "TaskPriority",
    "DuplicateRule",
)
_NATURAL: dict[str, tuple[str, ...]] = {
    "Organization": (),
    "UserLicense": ("LicenseDefinitionKey",),
    "Profile": ("Name",),
    "UserRole": ("Name",),
    "User": ("Username",),
    "Group": ("DeveloperName",),
    "GroupMember": ("GroupId", "UserOrGroupId"),
    "QueueSobject": ("QueueId", "SobjectType"),
    "PermissionSet": ("Name",),
    "PermissionSetAssignment": ("PermissionSetId", "AssigneeId"),
    "ObjectPermissions": ("ParentId", "SobjectType"),
    "FieldPermissions": ("ParentId", "SobjectType", "Field"),
    "BusinessProcess": ("Name",),
    "RecordType": ("SobjectType", "DeveloperName"),
    "LeadStatus": ("ApiName",),
    "OpportunityStage": ("ApiName",),
    "TaskStatus": ("ApiName",),
    "TaskPriority": ("ApiName",),
    "DuplicateRule": ("DeveloperName",),
}


def apply_setup_row(org: Org, type_: ObjectType, key: str | None, row: Row, keys: Keys) -> None:
    """Bring one row of a setup file into the org."""
    natural = {name: row.get(name) for name in _NATURAL[type_.name]}
    known = [] if any(value is None for value in natural.values()) else org.store.rows_where(type_, natural)
    given_id = to18(key) if key else None
    if known:
        record_id = str(known[0]["Id"])
        if given_id is not None and given_id != record_id:
            rename(org, type_, record_id, given_id)
            record_id = given_id
    elif type_.name == "User":
        record_id = _new_user(org, row, given_id or (key and keys.known("User", key)) or None)
    else:
        record_id = given_id or org.ids.next(type_.id_prefix)
        org.store.insert(type_, _completed(org, type_, row, record_id))
    org.store.update(type_, record_id, row)
    if type_.name == "User" and "IsActive" in row:
        org.access.set_active(record_id, active=bool(row["IsActive"]))
    if key and given_id is None:
        keys.bind(type_.name, key, record_id)


def _completed(org: Org, type_: ObjectType, row: Row, record_id: str) -> Row:
    stamp = org.clock.stamp()
    completed: Row = {"Id": record_id}
    for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
        if type_.field(name):
            completed[name] = stamp
    for name in ("CreatedById", "LastModifiedById"):
        if type_.field(name):
            completed[name] = org.access.admin.id
    return completed | row


def _new_user(org: Org, row: Row, record_id: str | None) -> str:
    names = {str(each["Id"]): str(each["Name"]) for each in org.store.rows_where(org.schema.object("Profile"), {})}
    profiles = [each.name for each in org.settings.profiles]
    fallback = "Standard User" if "Standard User" in profiles else profiles[0]
    profile = names.get(str(row.get("ProfileId")), fallback)
    username = str(row.get("Username") or row.get("Email") or f"{row.get('LastName', 'user')}@example.com".lower())
    setting = UserSetting(
        username=username,
        last_name=str(row.get("LastName") or username.partition("@")[0]),
        first_name=str(row["FirstName"]) if row.get("FirstName") else None,
        email=str(row.get("Email") or username),
        profile=profile if profile in profiles else fallback,
        active=bool(row.get("IsActive", 1)),
        timezone=str(row["TimeZoneSidKey"]) if row.get("TimeZoneSidKey") else None,
    )
    return add_user(org, setting, record_id=record_id).id


def rename(org: Org, type_: ObjectType, old: str, new: str) -> None:
    """Give a row another id, wherever the org refers to it."""
    for each in org.schema:
        table = quoted(each.name)
        for field in each.stored_fields:
            if field.type is FieldType.REFERENCE and type_.name in field.reference_to:
                column = quoted(field.name)
                org.store.db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", [new, old])  # noqa: S608 - names are the schema's
    org.store.db.execute(f'UPDATE {quoted(type_.name)} SET "Id" = ? WHERE "Id" = ?', [new, old])  # noqa: S608 - as above
    org.ids.observe(new)
    match type_.name:
        case "User":
            org.access.replace_users([replace(each, id=new) if each.id == old else each for each in org.access.users])
        case "Profile":
            org.access.replace_users(
                [replace(each, profile_id=new) if each.profile_id == old else each for each in org.access.users]
            )
        case "UserRole":
            org.access.replace_users(
                [replace(each, role_id=new) if each.role_id == old else each for each in org.access.users]
            )
        case "Organization":
            org.org_id = new
        case "RecordType":
            _rename_record_type(org, old, new)
        case _:
            return


def _rename_record_type(org: Org, old: str, new: str) -> None:
    for each in list(org.schema):
        if any(info.id == old for info in each.record_types):
            infos = tuple(replace(info, id=new) if info.id == old else info for info in each.record_types)
            org.schema.put(replace(each, record_types=infos))

"""Who may do what: users, and what their profile and permission sets grant together.

Grants only add up, as in Salesforce: a permission set can give what the profile does not, never take away. Record
sharing is not modelled: a user sees every record of an object that he may read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from .behaviours import behaviour
from .errors import SalesforceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .schema import Field, ObjectType
    from .settings import FieldAccess, GrantSettings, ObjectAccess, UserSetting

_V = TypeVar("_V")

_ALWAYS_READABLE = frozenset(
    {
        "organization",
        "user",
        "group",
        "profile",
        "userrole",
        "recordtype",
        "businessprocess",
        "leadstatus",
        "opportunitystage",
        "taskstatus",
        "taskpriority",
        "userlicense",
        "permissionset",
        "permissionsetassignment",
        "groupmember",
        "queuesobject",
        "objectpermissions",
        "fieldpermissions",
        "duplicaterule",
        "entitydefinition",
        "leadconfigsettings",
        "validationrule",
    }
)
_PARENT_OF_CONTROLLED = {
    "leadhistory": "lead",
    "accounthistory": "account",
    "contacthistory": "contact",
    "opportunityhistory": "opportunity",
    "opportunityfieldhistory": "opportunity",
    "opportunitycontactrole": "opportunity",
    "campaignmember": "campaign",
    "campaignmemberstatus": "campaign",
}
_ACTIVITIES = frozenset({"task", "event"})
_FIELD_RANK: dict[FieldAccess, int] = {"none": 0, "read": 1, "edit": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user on whose behalf a call runs, with the sum of what his profile and permission sets grant."""

    id: str
    username: str
    name: str
    email: str
    profile_id: str
    profile: str
    role_id: str | None
    timezone: str
    grants: tuple[GrantSettings, ...]
    setting: UserSetting

    def _any(self, attribute: str) -> bool:
        return any(getattr(grant, attribute) for grant in self.grants)

    @property
    def active(self) -> bool:
        """Whether the user may log in and be given records."""
        return self.setting.active

    @property
    def api_enabled(self) -> bool:
        """The permission "API Enabled"."""
        return self._any("api_enabled")

    @property
    def convert_leads(self) -> bool:
        """The permission "Convert Leads"."""
        return self._any("convert_leads")

    @property
    def modify_all_data(self) -> bool:
        """The permission "Modify All Data", which holds every object permission."""
        return self._any("modify_all_data")

    @property
    def view_setup(self) -> bool:
        """The permission "View Setup and Configuration"."""
        return self._any("view_setup")

    @property
    def edit_converted_leads(self) -> bool:
        """The permission "View and Edit Converted Leads"."""
        return self._any("edit_converted_leads")

    @property
    def set_audit_fields(self) -> bool:
        """The permission "Set Audit Fields upon Record Creation"."""
        return self._any("set_audit_fields")

    @property
    def hard_delete(self) -> bool:
        """The permission "Bulk API Hard Delete"."""
        return self._any("hard_delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Secured:
    """The fields of an object that grants let a user read and write; `of` keeps both alive, as their ids are a key."""

    of: tuple[object, object]
    visible: frozenset[str]
    editable: frozenset[str]


class Access:
    """The org's users and what they may see and do."""

    def __init__(self, users: Iterable[User] = ()) -> None:
        self._users = {user.id: user for user in users}
        self._secured: dict[tuple[int, int], _Secured] = {}

    def replace_users(self, users: Iterable[User]) -> None:
        """Set the users anew."""
        self._users = {user.id: user for user in users}

    def set_active(self, user_id: str, *, active: bool) -> None:
        """Activate or deactivate a user: an inactive one owns what he owns, and is given nothing more."""
        user = self._users[user_id]
        self._users[user_id] = replace(user, setting=user.setting.model_copy(update={"active": active}))

    @property
    def users(self) -> tuple[User, ...]:
        """All users, active or not."""
        return tuple(self._users.values())

    def user(self, user_id: str) -> User | None:
        """The user with this id of 18 characters."""
        return self._users.get(user_id)

    def by_username(self, username: str) -> User | None:
        """The user who logs in with this name, in any case."""
        return next((user for user in self._users.values() if user.username.lower() == username.lower()), None)

    @property
    def admin(self) -> User:
        """The first user who may modify all data, else the first user."""
        return next((user for user in self.users if user.modify_all_data), self.users[0])

    def may(self, user: User, action: ObjectAccess, type_: ObjectType) -> bool:
        """Whether the user holds an object permission."""
        if user.modify_all_data:
            return True
        name = type_.name.lower()
        if name in _ALWAYS_READABLE:
            return action == "read"
        if name in _ACTIVITIES and not any(name in _lower(grant.objects) for grant in user.grants):
            return True
        controlled = _PARENT_OF_CONTROLLED.get(name, name)
        allowed = {each for grant in user.grants for each in _lower(grant.objects).get(controlled, ())}
        allowed |= {each for grant in user.grants for each in _lower(grant.objects).get(name, ())}
        return action in allowed

    def _field_rank(self, user: User, type_: ObjectType, field: Field) -> int:
        if not field.permissionable:
            return 2
        key = f"{type_.name}.{field.name}".lower()
        profile, *permission_sets = user.grants
        ranks = [_FIELD_RANK[_lower(profile.fields).get(key, "edit")]]
        ranks += [_FIELD_RANK[_lower(each.fields).get(key, "none")] for each in permission_sets]
        return max(ranks)

    @behaviour("field-level security hides fields", "confirmed", "recorded SOQL error texts")
    def visible_fields(self, user: User, type_: ObjectType) -> frozenset[str]:
        """Names of the fields that field-level security lets the user read; others do not exist for him."""
        return self._fields(user, type_).visible

    def editable_fields(self, user: User, type_: ObjectType) -> frozenset[str]:
        """Names of the fields that field-level security lets the user write."""
        return self._fields(user, type_).editable

    def _fields(self, user: User, type_: ObjectType) -> _Secured:
        """What security says of an object's fields; kept, because every query asks and neither part ever changes."""
        key = (id(user.grants), id(type_))
        found = self._secured.get(key)
        if found is None:
            ranks = {each.name: self._field_rank(user, type_, each) for each in type_.fields}
            found = self._secured[key] = _Secured(
                of=(user.grants, type_),
                visible=frozenset(name for name, rank in ranks.items() if rank >= 1),
                editable=frozenset(name for name, rank in ranks.items() if rank >= 2),
            )
        return found

    def require_readable(self, user: User, type_: ObjectType) -> None:
        """Refuse an object that the user may not read, as if it did not exist.

        Raises:
            SalesforceError: INVALID_TYPE.
        """
        if not self.may(user, "read", type_):
            raise SalesforceError("INVALID_TYPE", f"sObject type '{type_.name}' is not supported.")


def _lower(entries: Mapping[str, _V]) -> dict[str, _V]:
    return {key.lower(): value for key, value in entries.items()}

"""Users as rows and as the ones on whose behalf calls run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .access import User

if TYPE_CHECKING:
    from .org import Org
    from .settings import GrantSettings, OrgSettings, UserSetting
    from .store import Row


def grants_of(settings: OrgSettings, given: UserSetting) -> tuple[GrantSettings, ...]:
    """What a user's profile and permission sets grant, the profile first."""
    by_name = {grant.name: grant for grant in (*settings.profiles, *settings.permission_sets)}
    return tuple(by_name[each] for each in (given.profile, *given.permission_sets))


def add_user(org: Org, given: UserSetting, *, record_id: str | None = None) -> User:
    """Add a user to an org that stands already; permission sets and roles are not given here."""
    profile = org.store.rows_where(org.schema.object("Profile"), {"Name": given.profile})[0]
    user = User(
        id=record_id or org.ids.next("005"),
        username=given.username,
        name=" ".join(part for part in (given.first_name, given.last_name) if part),
        email=given.email or given.username,
        profile_id=str(profile["Id"]),
        profile=given.profile,
        role_id=None,
        timezone=given.timezone or org.settings.organization.timezone,
        grants=grants_of(org.settings, given),
        setting=given,
    )
    stamp, admin = org.clock.stamp(), org.access.admin.id
    audit: Row = {
        "Id": user.id,
        "CreatedDate": stamp,
        "LastModifiedDate": stamp,
        "SystemModstamp": stamp,
        "CreatedById": admin,
        "LastModifiedById": admin,
    }
    org.store.insert(org.schema.object("User"), audit | user_row(user, None))
    org.access.replace_users([*org.access.users, user])
    return user


def user_row(user: User, manager_id: str | None) -> Row:
    """The columns of a user's record that say who he is."""
    given = user.setting
    return {
        "Username": user.username,
        "LastName": given.last_name,
        "FirstName": given.first_name,
        "Name": user.name,
        "Email": user.email,
        "Alias": user.username[:8],
        "CommunityNickname": user.username.partition("@")[0][:40],
        "IsActive": int(given.active),
        "TimeZoneSidKey": user.timezone,
        "LocaleSidKey": "en_US",
        "EmailEncodingKey": "UTF-8",
        "LanguageLocaleKey": "en_US",
        "UserType": "Standard",
        "ProfileId": user.profile_id,
        "UserRoleId": user.role_id,
        "ManagerId": manager_id,
    }

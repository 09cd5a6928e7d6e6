"""The rows that every org is born with: organization, people and their permissions, statuses, stages, record types."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .access import User
from .forecast import forecast_category
from .ids import MASTER_RECORD_TYPE_ID
from .org_schema import WITH_RECORD_TYPES
from .people import grants_of, user_row
from .schema import RecordTypeInfo

if TYPE_CHECKING:
    from .org import Org
    from .schema import ObjectType, Value
    from .settings import GrantSettings, RecordTypeSetting, UserSetting
    from .store import Row


def seed_rows(org: Org) -> None:
    """Write the rows of a new org: organization, users and what they belong to, statuses, stages, record types."""
    seeding = _Seeding(org)
    with org.store.savepoint():
        seeding.organization()
        seeding.people()
        seeding.values()
        seeding.record_types()
        seeding.duplicate_rules()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    profiles: dict[str, str]
    sets: dict[str, str]
    roles: dict[str, str]


class _Seeding:
    def __init__(self, org: Org) -> None:
        self.org = org
        self.settings = org.settings
        self.admin_id = org.ids.next("005")
        self.stamp = org.clock.stamp()
        self.owned_sets: dict[str, str] = {}
        """Profile id → the permission set that the profile owns; every user of the profile is assigned it."""

    def put(self, object_name: str, values: Row, *, record_id: str | None = None) -> str:
        type_ = self.org.schema.object(object_name)
        made = record_id or self.org.ids.next(type_.id_prefix)
        row: dict[str, Value] = {"Id": made}
        for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp"):
            if type_.field(name):
                row[name] = self.stamp
        for name in ("CreatedById", "LastModifiedById"):
            if type_.field(name):
                row[name] = self.admin_id
        self.org.store.insert(type_, row | values)
        return made

    def organization(self) -> None:
        given = self.settings.organization
        self.put(
            "Organization",
            {
                "Name": given.name,
                "Country": given.country,
                "TimeZoneSidKey": given.timezone,
                "LanguageLocaleKey": given.language,
                "DefaultLocaleSidKey": "en_US",
                "FiscalYearStartMonth": given.fiscal_year_start_month,
                "OrganizationType": given.edition,
                "InstanceName": given.instance_name,
                "IsSandbox": int(given.is_sandbox),
                "DefaultAccountAccess": "Edit",
                "DefaultContactAccess": "ControlledByParent",
                "DefaultOpportunityAccess": "Edit",
                "DefaultLeadAccess": "ReadEditTransfer",
                "UiSkin": "Theme3",
            },
            record_id=self.org.org_id,
        )

    def people(self) -> None:
        licence = self.put(
            "UserLicense",
            {
                "LicenseDefinitionKey": "SFDC",
                "Name": "Salesforce",
                "MasterLabel": "Salesforce",
                "Status": "Active",
                "TotalLicenses": 2 + len(self.settings.users),
                "UsedLicenses": len(self.settings.users),
            },
        )
        profiles = {each.name: self._profile(each, licence) for each in self.settings.profiles}
        sets = {each.name: self._permission_set(each) for each in self.settings.permission_sets}
        roles = {
            name: self.put("UserRole", {"Name": name, "DeveloperName": _developer(name)})
            for name in self.settings.roles
        }
        ids = {
            each.username: self.admin_id if number == 0 else self.org.ids.next("005")
            for number, each in enumerate(self.settings.users)
        }
        found = _Found(profiles=profiles, sets=sets, roles=roles)
        users = [self._user(each, ids, found) for each in self.settings.users]
        self.org.access.replace_users(users)
        for queue in self.settings.queues:
            group = self.put(
                "Group",
                {
                    "Name": queue.name,
                    "DeveloperName": queue.developer_name or _developer(queue.name),
                    "Type": "Queue",
                    "OwnerId": self.org.org_id,
                },
            )
            for object_name in queue.objects:
                self.put("QueueSobject", {"QueueId": group, "SobjectType": object_name})
            for member in queue.members:
                self.put("GroupMember", {"GroupId": group, "UserOrGroupId": ids[member]})

    def _system_permissions(self, grant: GrantSettings) -> Row:
        return {
            "PermissionsModifyAllData": int(grant.modify_all_data),
            "PermissionsViewAllData": int(grant.modify_all_data),
            "PermissionsApiEnabled": int(grant.api_enabled),
            "PermissionsConvertLeads": int(grant.convert_leads),
            "PermissionsViewSetup": int(grant.view_setup),
        }

    def _profile(self, grant: GrantSettings, licence: str) -> str:
        values: Row = {"Name": grant.name, "UserLicenseId": licence, "UserType": "Standard"}
        profile = self.put("Profile", values | self._system_permissions(grant))
        self.owned_sets[profile] = self._permission_set(grant, profile=profile)
        return profile

    def _permission_set(self, grant: GrantSettings, *, profile: str | None = None) -> str:
        values: Row = {
            "Name": _developer(grant.name) if profile is None else f"X00e_{_developer(grant.name)}",
            "Label": grant.label or grant.name,
            "ProfileId": profile,
            "IsOwnedByProfile": int(profile is not None),
            "IsCustom": int(profile is None),
        }
        made = self.put("PermissionSet", values | self._system_permissions(grant))
        for object_name, allowed in grant.objects.items():
            self.put(
                "ObjectPermissions",
                {
                    "ParentId": made,
                    "SobjectType": object_name,
                    "PermissionsCreate": int("create" in allowed),
                    "PermissionsRead": int("read" in allowed),
                    "PermissionsEdit": int("edit" in allowed),
                    "PermissionsDelete": int("delete" in allowed),
                },
            )
        for path, access in grant.fields.items():
            self.put(
                "FieldPermissions",
                {
                    "ParentId": made,
                    "SobjectType": path.partition(".")[0],
                    "Field": path,
                    "PermissionsRead": int(access != "none"),
                    "PermissionsEdit": int(access == "edit"),
                },
            )
        return made

    def _user(self, given: UserSetting, ids: dict[str, str], found: _Found) -> User:
        user_id = ids[given.username]
        user = User(
            id=user_id,
            username=given.username,
            name=" ".join(part for part in (given.first_name, given.last_name) if part),
            email=given.email or given.username,
            profile_id=found.profiles[given.profile],
            profile=given.profile,
            role_id=found.roles[given.role] if given.role else None,
            timezone=given.timezone or self.settings.organization.timezone,
            grants=grants_of(self.settings, given),
            setting=given,
        )
        self.put("User", user_row(user, ids[given.manager] if given.manager else None), record_id=user_id)
        for assigned in (self.owned_sets[user.profile_id], *(found.sets[each] for each in given.permission_sets)):
            self.put("PermissionSetAssignment", {"PermissionSetId": assigned, "AssigneeId": user_id})
        return user

    def values(self) -> None:
        for order, status in enumerate(self.settings.lead_statuses, start=1):
            self.put(
                "LeadStatus",
                {
                    "MasterLabel": status.label or status.name,
                    "ApiName": status.name,
                    "SortOrder": order,
                    "IsDefault": int(status.default),
                    "IsConverted": int(status.converted),
                },
            )
        for order, stage in enumerate(self.settings.opportunity_stages, start=1):
            self.put(
                "OpportunityStage",
                {
                    "MasterLabel": stage.label or stage.name,
                    "ApiName": stage.name,
                    "IsActive": int(stage.active),
                    "SortOrder": order,
                    "IsClosed": int(stage.closed),
                    "IsWon": int(stage.won),
                    "ForecastCategory": forecast_category(stage.forecast),
                    "ForecastCategoryName": stage.forecast,
                    "DefaultProbability": stage.probability,
                },
            )
        for order, task in enumerate(self.settings.task_statuses, start=1):
            self.put(
                "TaskStatus",
                {
                    "MasterLabel": task.name,
                    "ApiName": task.name,
                    "SortOrder": order,
                    "IsDefault": int(task.default),
                    "IsClosed": int(task.closed),
                },
            )
        for order, (name, high) in enumerate((("High", True), ("Normal", False), ("Low", False)), start=1):
            self.put(
                "TaskPriority",
                {
                    "MasterLabel": name,
                    "ApiName": name,
                    "SortOrder": order,
                    "IsDefault": int(name == "Normal"),
                    "IsHighPriority": int(high),
                },
            )

    def record_types(self) -> None:
        master = RecordTypeInfo(id=MASTER_RECORD_TYPE_ID, name="Master", developer_name="Master", master=True)
        changed: list[ObjectType] = []
        for object_name in WITH_RECORD_TYPES:
            given = self.settings.record_types.get(object_name, ())
            infos = [self._record_type(object_name, each) for each in given]
            changed.append(replace(self.org.schema.object(object_name), record_types=(*infos, master)))
        self.org.schema.put(*changed)

    def _record_type(self, object_name: str, given: RecordTypeSetting) -> RecordTypeInfo:
        process = None
        developer_name = given.developer_name or _developer(given.name)
        if given.values:
            process = self.put("BusinessProcess", {"Name": given.name, "TableEnumOrId": object_name, "IsActive": 1})
        made = self.put(
            "RecordType",
            {
                "Name": given.name,
                "DeveloperName": developer_name,
                "SobjectType": object_name,
                "IsActive": int(given.active),
                "BusinessProcessId": process,
            },
        )
        return RecordTypeInfo(id=made, name=given.name, developer_name=developer_name, active=given.active)

    def duplicate_rules(self) -> None:
        for rule in self.settings.duplicate_rules:
            self.put(
                "DuplicateRule",
                {
                    "SobjectType": rule.object,
                    "DeveloperName": _developer(rule.name),
                    "MasterLabel": rule.name,
                    "Language": "en_US",
                    "IsActive": int(rule.active),
                    "SobjectSubtype": "None",
                },
            )


def _developer(name: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in name).strip("_")

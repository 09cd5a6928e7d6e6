"""What sets one org apart from another: everything that org.yaml may say, with the defaults of a fresh Developer
org.

The models are frozen, refuse unknown keys, and are the one description of org.yaml: `org_yaml.py` reads the text and
says where it is wrong, `setup.py` turns the result into schema and rows.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Default

from .schema import FieldType, Value


class Setting(BaseModel):
    """A frozen block of org.yaml that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OrganizationSettings(Setting):
    """The org itself."""

    name: str = "Leadgate Mock Org"
    domain: str = "leadgate-mock"
    edition: str = "Developer Edition"
    instance_name: str = "MCK1"
    is_sandbox: bool = False
    timezone: str = "America/Los_Angeles"
    language: str = "en_US"
    country: str = "US"
    currency: str = "USD"
    fiscal_year_start_month: int = Default(default=1, ge=1, le=12)


class FeatureSettings(Setting):
    """Features that change the schema. Those the mock org does not model are refused when switched on."""

    person_accounts: bool = False
    state_country_picklists: bool = False
    multi_currency: bool = False


class LeadStatusSetting(Setting):
    """One value of Lead.Status, in order."""

    name: str
    label: str | None = None
    converted: bool = False
    default: bool = False


class StageSetting(Setting):
    """One opportunity stage, in order."""

    name: str
    label: str | None = None
    probability: float = Default(default=0, ge=0, le=100)
    closed: bool = False
    won: bool = False
    forecast: Literal["Omitted", "Pipeline", "Best Case", "Commit", "Closed"] = "Pipeline"
    active: bool = True


class TaskStatusSetting(Setting):
    """One value of Task.Status, in order."""

    name: str
    closed: bool = False
    default: bool = False


class RecordTypeSetting(Setting):
    """A record type. `values` narrows the lead statuses or stages: it is the lead (sales) process."""

    name: str
    developer_name: str | None = None
    active: bool = True
    values: tuple[str, ...] = ()
    default_for: tuple[str, ...] = ()
    available_to: tuple[str, ...] | None = None


class CustomFieldSetting(Setting):
    """A custom field. `required` is "always required" of its definition, which the API enforces too."""

    name: str
    label: str | None = None
    type: FieldType
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    required: bool = False
    unique: bool = False
    external_id: bool = False
    case_sensitive: bool = False
    default: Value = None
    picklist: tuple[str, ...] = ()
    restricted: bool = False
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    child_relationship: str | None = None
    on_delete: Literal["clear", "cascade", "restrict"] = "clear"
    formula: str | None = None
    help: str | None = None


class CustomObjectSetting(Setting):
    """A custom object, with a text Name."""

    name: str
    label: str | None = None
    label_plural: str | None = None
    fields: tuple[CustomFieldSetting, ...] = ()


ObjectAccess = Literal["create", "read", "edit", "delete"]
FieldAccess = Literal["none", "read", "edit"]
ALL_ACCESS: tuple[ObjectAccess, ...] = ("create", "read", "edit", "delete")


class GrantSettings(Setting):
    """What a profile or permission set grants."""

    name: str
    label: str | None = None
    api_enabled: bool = True
    convert_leads: bool = False
    modify_all_data: bool = False
    view_setup: bool = False
    edit_converted_leads: bool = False
    set_audit_fields: bool = False
    hard_delete: bool = False
    objects: dict[str, tuple[ObjectAccess, ...]] = Default(default_factory=dict)
    fields: dict[str, FieldAccess] = Default(default_factory=dict)


class UserSetting(Setting):
    """A user. Passwords are the mock org's own."""

    username: str
    last_name: str
    first_name: str | None = None
    email: str | None = None
    profile: str = "System Administrator"
    permission_sets: tuple[str, ...] = ()
    role: str | None = None
    manager: str | None = None
    active: bool = True
    timezone: str | None = None
    password: str = "leadgate-mock"  # noqa: S105 - of the mock org, documented
    security_token: str = ""


class QueueSetting(Setting):
    """A queue, which may own leads and tasks."""

    name: str
    developer_name: str | None = None
    objects: tuple[str, ...] = ("Lead",)
    members: tuple[str, ...] = ()


class ValidationRuleSetting(Setting):
    """A validation rule: records for which `condition` is true are refused with `message`."""

    object: str
    name: str
    condition: str
    message: str
    field: str | None = None
    active: bool = True


class DuplicateRuleSetting(Setting):
    """A duplicate rule of `object`; a record matches where all fields of `match` are equal.

    `against` maps another object to the field there that each field of `match` is compared with.
    """

    name: str
    object: Literal["Lead", "Account", "Contact"]
    match: tuple[str, ...]
    against: dict[Literal["Lead", "Account", "Contact"], tuple[str, ...]] = Default(default_factory=dict)
    action: Literal["block", "alert", "report"] = "alert"
    operations: tuple[Literal["create", "edit"], ...] = ("create", "edit")
    message: str = "Use one of these records?"
    active: bool = True


class AssignmentEntry(Setting):
    """One entry of an assignment rule: leads for which `when` holds go to `owner` (a username or queue name)."""

    owner: str
    when: str = "TRUE"


class AutomationSetting(Setting):
    """A trigger or flow, as far as others can see it: it refuses records, or it costs governor limits."""

    object: str
    name: str
    kind: Literal["trigger", "flow"] = "trigger"
    on: tuple[Literal["insert", "update"], ...] = ("insert",)
    refuses_when: str | None = None
    message: str = "refused"
    queries_per_record: int = 0
    dml_per_record: int = 0
    cpu_ms_per_record: int = 0
    queries_per_batch: int = 0


class GovernorSettings(Setting):
    """Per-transaction limits of Apex; they bite when automation has a cost per record."""

    soql_queries: int = 100
    dml_statements: int = 150
    cpu_ms: int = 10_000


class ConversionSettings(Setting):
    """Lead settings that conversion obeys. `field_mapping` maps custom lead fields to `Object.Field` targets."""

    require_validation: bool = True
    stage: str | None = None
    field_mapping: dict[str, tuple[str, ...]] = Default(default_factory=dict)
    contact_role: str | None = None


class LimitSettings(Setting):
    """Call limits of the org."""

    daily_api_requests: int = 15_000
    long_running_calls: int = 5
    calls_used: int = 0


class CostSettings(Setting):
    """How long things take, in seconds of the org's clock; all zero is an org that answers at once."""

    per_call: float = 0
    per_record: float = 0
    per_conversion: float = 0
    lock_wait: float = 10


class CredentialSettings(Setting):
    """What the token endpoint and SOAP login accept."""

    client_id: str = "leadgate-mock-client"
    client_secret: str = "leadgate-mock-secret"  # noqa: S105 - of the mock org, documented
    run_as: str | None = None
    refresh_token: str = "leadgate-mock-refresh"  # noqa: S105 - of the mock org, documented
    rotate_refresh_tokens: bool = False
    jwt_certificates: tuple[str, ...] = ()
    jwt_access_tokens: bool = False
    soap_login: bool = True
    session_seconds: int = 7200


STANDARD_LEAD_STATUSES = (
    LeadStatusSetting(name="Open - Not Contacted", default=True),
    LeadStatusSetting(name="Working - Contacted"),
    LeadStatusSetting(name="Closed - Converted", converted=True),
    LeadStatusSetting(name="Closed - Not Converted"),
)

STANDARD_STAGES = (
    StageSetting(name="Prospecting", probability=10),
    StageSetting(name="Qualification", probability=10),
    StageSetting(name="Needs Analysis", probability=20),
    StageSetting(name="Value Proposition", probability=50),
    StageSetting(name="Id. Decision Makers", probability=60),
    StageSetting(name="Perception Analysis", probability=70),
    StageSetting(name="Proposal/Price Quote", probability=75),
    StageSetting(name="Negotiation/Review", probability=90),
    StageSetting(name="Closed Won", probability=100, closed=True, won=True, forecast="Closed"),
    StageSetting(name="Closed Lost", probability=0, closed=True, forecast="Omitted"),
)

STANDARD_TASK_STATUSES = (
    TaskStatusSetting(name="Not Started", default=True),
    TaskStatusSetting(name="In Progress"),
    TaskStatusSetting(name="Completed", closed=True),
    TaskStatusSetting(name="Waiting on someone else"),
    TaskStatusSetting(name="Deferred"),
)

ADMINISTRATOR = GrantSettings(
    name="System Administrator",
    convert_leads=True,
    modify_all_data=True,
    view_setup=True,
    edit_converted_leads=False,
    hard_delete=True,
)
_SALES_OBJECTS = (
    "Lead",
    "Account",
    "Contact",
    "Opportunity",
    "OpportunityContactRole",
    "Task",
    "Event",
    "Campaign",
    "CampaignMember",
)
STANDARD_USER = GrantSettings(
    name="Standard User",
    convert_leads=True,
    objects=dict.fromkeys(_SALES_OBJECTS, ALL_ACCESS),
)
DEFAULT_ADMIN = UserSetting(
    username="admin@leadgate-mock.example", first_name="Ada", last_name="Admin", email="admin@leadgate-mock.example"
)


class OrgSettings(Setting):
    """Everything of org.yaml. The defaults are a fresh Developer-shape org with one administrator and no data."""

    organization: OrganizationSettings = OrganizationSettings()
    features: FeatureSettings = FeatureSettings()
    profiles: tuple[GrantSettings, ...] = (ADMINISTRATOR, STANDARD_USER)
    permission_sets: tuple[GrantSettings, ...] = ()
    roles: tuple[str, ...] = ()
    users: tuple[UserSetting, ...] = (DEFAULT_ADMIN,)
    queues: tuple[QueueSetting, ...] = ()
    custom_objects: tuple[CustomObjectSetting, ...] = ()
    custom_fields: dict[str, tuple[CustomFieldSetting, ...]] = Default(default_factory=dict)
    lead_statuses: tuple[LeadStatusSetting, ...] = STANDARD_LEAD_STATUSES
    opportunity_stages: tuple[StageSetting, ...] = STANDARD_STAGES
    task_statuses: tuple[TaskStatusSetting, ...] = STANDARD_TASK_STATUSES
    picklists: dict[str, tuple[str, ...]] = Default(default_factory=dict)
    record_types: dict[str, tuple[RecordTypeSetting, ...]] = Default(default_factory=dict)
    tracked_fields: dict[str, tuple[str, ...]] = Default(
        default_factory=lambda: {
            "Lead": ("Status", "OwnerId"),
            "Opportunity": ("StageName", "Amount", "CloseDate", "OwnerId"),
        }
    )
    validation_rules: tuple[ValidationRuleSetting, ...] = ()
    duplicate_rules: tuple[DuplicateRuleSetting, ...] = ()
    assignment_rules: dict[str, tuple[AssignmentEntry, ...]] = Default(default_factory=dict)
    automations: tuple[AutomationSetting, ...] = ()
    conversion: ConversionSettings = ConversionSettings()
    governor: GovernorSettings = GovernorSettings()
    limits: LimitSettings = LimitSettings()
    costs: CostSettings = CostSettings()
    credentials: CredentialSettings = CredentialSettings()

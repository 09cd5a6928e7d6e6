"""What planning must know of the org beside the mirror: statuses, required fields, owners, duplicate rules, rights.

`sync.insight.facts` asks the org for them in a few calls; here they are plain values, so that `make_plan` stays a
function of its arguments and a plan can be made again from the same facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sync.model import Record
from sync.plan.formula.tree import Formula


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFact:
    """A Lead Status of the org."""

    api_name: str
    label: str
    converted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFact:
    """An opportunity stage of the org."""

    api_name: str
    label: str
    active: bool = True
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFact:
    """What planning needs of a field's describe."""

    name: str
    label: str
    required: bool = False
    """The org refuses a new record without it: not nillable, createable, no default."""
    updateable: bool = True
    length: int = 0
    """Most characters of a text field; 0 = no text."""
    values: frozenset[str] | None = None
    """What a restricted picklist takes; `None` = anything."""
    custom: bool = False
    type: str = "string"
    """As describe calls it."""
    createable: bool = True
    calculated: bool = False
    defaulted: bool = False
    """A new record may hold a value that nobody gave it (a ticked checkbox, a picklist's default)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFact:
    """What planning needs of an object's describe, for the user that will apply."""

    name: str
    createable: bool = True
    updateable: bool = True
    fields: Mapping[str, FieldFact] = field(default_factory=dict)
    """By API name."""
    record_types: Mapping[str, str] = field(default_factory=dict)
    """Developer name (and label) → id, of those available to the user."""
    by_lower_name: Mapping[str, FieldFact] = field(init=False, compare=False, repr=False)
    """`fields` for look-ups by formulas, which write names in any case."""
    restricted: Mapping[str, frozenset[str]] = field(init=False, compare=False, repr=False)
    """What each restricted picklist takes, by API name."""

    def __post_init__(self) -> None:
        """Fill what follows from `fields`, once for the many leads that are looked at."""
        object.__setattr__(self, "by_lower_name", {name.lower(): one for name, one in self.fields.items()})
        restricted = {name: one.values for name, one in self.fields.items() if one.values is not None}
        object.__setattr__(self, "restricted", restricted)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFact:
    """An active validation rule of the org."""

    object: str
    name: str
    message: str
    """What the org answers where it refuses."""
    field: str | None
    """The field that the org shows the message beside."""
    formula: Formula | None
    """`None` = it can't be read; `unread` says why."""
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFact:
    """A user who owns leads of the plan, or whom the policy names."""

    id: str
    username: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateFact:
    """A duplicate rule that found something for a record that the conversion would make."""

    object: str
    """The object that would be made: Account or Contact."""
    rule: str
    blocks: bool | None
    """Whether saving is refused even when asked for; `None` = the org doesn't tell."""
    matches: Mapping[str, str | None] = field(default_factory=dict)
    """Id of each record found → its account (an account's own id); `None` = a contact without account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusWrite:
    """A Lead Status that leadgate itself set before, from the ledger."""

    to: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedBefore:
    """An action that the org refused, from the ledger, in a way that sending it again doesn't cure."""

    kind: str
    """`update_status` or `convert_lead`."""
    to: str
    """The status that was to be set, or the converted status."""
    code: str
    """Salesforce's code."""
    at: datetime
    lead_modstamp: datetime
    """The lead's SystemModstamp that the action rested on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildrenFact:
    """Records of a custom object that point to a lead."""

    object: str
    field: str
    """The lookup that points to the lead."""
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the ledger remembers of leads, so that planning doesn't repeat what came to nothing."""

    status_writes: Mapping[str, tuple[StatusWrite, ...]] = field(default_factory=dict)
    """Own earlier writes by lead id."""
    refused: Mapping[str, tuple[RefusedBefore, ...]] = field(default_factory=dict)
    """What the org refused, under the policy of the plan at hand, by lead id."""
    compensated: Mapping[str, str] = field(default_factory=dict)
    """Leads that compensations made → the converted lead that each stands for."""


NO_MEMORY = Memory()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrgFacts:
    """Everything that `make_plan` may know of the org; gathered before, in a few calls."""

    org_id: str
    user_id: str
    now: datetime
    """The server's clock."""
    statuses: tuple[StatusFact, ...]
    stages: tuple[StageFact, ...] = ()
    objects: Mapping[str, ObjectFact] = field(default_factory=dict)
    """Lead, Account, Contact, Opportunity by API name."""
    users: Mapping[str, UserFact] = field(default_factory=dict)
    """By id; every owner of a lead to be converted that is a user, and everybody whom the policy names."""
    duplicates: Mapping[str, tuple[DuplicateFact, ...]] = field(default_factory=dict)
    """By lead id."""
    may_convert: bool | None = None
    """The permission "Convert Leads"; `None` = can't be read, so only trying tells."""
    session_converts: bool = True
    """False for a JWT-based access token, which SOAP (and so convertLead) refuses."""
    field_map: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Lead field → `Object.Field` names that it fills, where `mappings/` says so; the data API doesn't tell."""
    duplicate_rules: frozenset[str] | None = None
    """Objects that an active duplicate rule watches; `None` = can't be read."""
    lead_processes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Record type id → Lead Status values of its lead process; empty = unknown."""
    record_types: Mapping[str, str] = field(default_factory=dict)
    """Lead id → its record type, for leads to be converted where the org has lead processes."""
    status_writes: Mapping[str, tuple[StatusWrite, ...]] = field(default_factory=dict)
    """Own earlier writes by lead id."""
    refused: Mapping[str, tuple[RefusedBefore, ...]] = field(default_factory=dict)
    """What the org refused before, by lead id."""
    compensated: Mapping[str, str] = field(default_factory=dict)
    """Leads that compensations made → the converted lead that each stands for."""
    children: Mapping[str, tuple[ChildrenFact, ...]] = field(default_factory=dict)
    """Custom child records by lead id, for leads to be converted; a conversion leaves them behind."""
    rules: Mapping[str, tuple[RuleFact, ...]] = field(default_factory=dict)
    """Active validation rules by object, of what the plan would save."""
    rules_at_conversion: bool | None = None
    """Whether conversions obey them ("Require Validation for Converted Leads"); `None` = the org doesn't tell."""
    rules_refused: str | None = None
    """The code with which the org refused to tell its rules; preflight then does without."""
    api_calls_used: int | None = None
    api_calls_allowed: int | None = None
    targets: dict[str, tuple[str, ...]] = field(init=False, default_factory=dict, compare=False, repr=False)
    """What `field_map.targets_of` has found, which is asked for every field of every lead; new with each instance."""
    fillers: dict[tuple[str, tuple[str, ...]], tuple[tuple[str, tuple[str, ...]], ...]] = field(
        init=False, default_factory=dict, compare=False, repr=False
    )
    """Likewise, which lead fields fill each required field of a new record."""
    sources: dict[tuple[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]] = field(
        init=False, default_factory=dict, compare=False, repr=False
    )
    """Likewise, which lead fields fill each field of a record."""
    carried: dict[tuple[str, tuple[str, ...]], tuple[tuple[str, str], ...]] = field(
        init=False, default_factory=dict, compare=False, repr=False
    )
    """Likewise, which field of a new record each lead field fills."""

    @property
    def several_currencies(self) -> bool:
        """Whether the org keeps amounts in several currencies: then, and only then, records have a CurrencyIsoCode."""
        opportunity = self.objects.get("Opportunity")
        return opportunity is not None and "CurrencyIsoCode" in opportunity.fields

    @property
    def person_accounts(self) -> bool:
        """Whether a lead without a company becomes a person account."""
        account = self.objects.get("Account")
        return account is not None and "IsPersonAccount" in account.fields

    def user(self, name: str) -> UserFact | None:
        """The user of that id or username."""
        found = self.users.get(name)
        if found is not None:
            return found
        wanted = name.casefold()
        return next((user for user in self.users.values() if user.username.casefold() == wanted), None)

    def status(self, name: str) -> StatusFact | None:
        """The Lead Status of that API name, or else of that label."""
        for status in self.statuses:
            if status.api_name == name:
                return status
        return next((status for status in self.statuses if status.label == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateProbe:
    """Values of a record that a conversion would make, to ask the org's duplicate rules about."""

    lead_id: str
    object: str
    values: Record
    """By API name of `object`."""

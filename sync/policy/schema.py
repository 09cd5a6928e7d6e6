"""A policy as a value: what `config/*.yaml` says, read and checked, before it is compiled.

`sync.policy.loader` builds it from text; `sync.policy.compile` turns it into one query; `sync.plan` reads its
conversion settings and limits. Expressions are kept as written, with the place they were written at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something is written."""

    file: str
    line: int

    def __str__(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Expression:
    """A SQL boolean (or value) expression of the policy language, as the person wrote it."""

    text: str
    place: Place


class SignalKind(StrEnum):
    """What a signal looks at."""

    ACTIVITY = "activity"
    OPPORTUNITY = "opportunity"
    HISTORY = "history"
    FIELD = "field"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A fact about a lead, with evidence: true when at least one row of its kind says so."""

    name: str
    label: str
    kind: SignalKind
    when: Expression
    within_days: int | None = None
    contradicted_by: Expression | None = None
    """A later row of the same kind that takes the fact back."""
    planned: bool = False
    """For activities: those that lie ahead count too, from the moment they were made."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A named condition; unknown counts as not met, and is said."""

    name: str
    label: str
    when: Expression
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A Lead Status to set while `when` holds and the lead is in one of `from_`."""

    to: str
    from_: tuple[str, ...]
    when: Expression
    place: Place


AccountKey = Literal["contact_email", "email_domain", "website", "company_name"]
Choice = Literal["hold", "allow", "reuse"]
RuleChoice = Literal["org", "hold", "warn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """Which existing account a lead belongs to."""

    match: tuple[AccountKey, ...] = ("contact_email", "email_domain", "company_name")
    ambiguous: Literal["hold", "new"] = "hold"
    free_mail: tuple[str, ...] = ()
    """Domains at which people of any company may have an address, beside those that leadgate knows; in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunitySettings:
    """The opportunity that a conversion makes, and the fields set on it afterwards."""

    create: Expression | None = None
    """When to make one; `None` = always."""
    name: str = "{company}"
    stage: str | None = None
    close_in_days: int | None = None
    amount: Expression | None = None
    attach_open: bool = False
    """Attach the account's one open opportunity instead of making a second one."""
    record_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionSettings:
    """How a ready lead is converted."""

    status: str | None = None
    """A converted Lead Status; `None` = the org's only one (several: refused, never guessed)."""
    account: AccountSettings = AccountSettings()
    opportunity: OpportunitySettings = OpportunitySettings()
    owner: str = "lead_owner"
    """`lead_owner`, or a user's id or username, used also where the lead's owner is a queue or inactive."""
    queue_owner: str | None = None
    """The user (id or username) who gets leads owned by a queue or an inactive user; `None` = such leads are held."""
    duplicates: Choice = "hold"
    validation_rules: RuleChoice = "org"
    """Leads that a validation rule would refuse: held where the org tells that conversions obey its rules (`org`), also
    where it doesn't tell (`hold`), or only warned of (`warn`)."""
    overwrite_lead_source: bool = False
    notify_owner: bool = False
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may do at most; every refusal names its override."""

    conversions: int | None = 200
    share_of_open: float | None = 0.20
    per_owner: int | None = None
    canary: int = 10
    stop_at_failures: float = 0.05
    api_reserve: float = 0.20
    wait_at_reserve_hours: float | None = None
    """How long a run waits at the reserve for calls to come back, before it ends there; `None` = not at all."""
    max_mirror_age_hours: float | None = 24.0
    plan_valid_hours: float | None = 72.0
    hold_refused_hours: float | None = 168.0
    """How long a lead that the org refused stays held while nobody changes it; `None` = it is sent again each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """An opportunity check: true means that the opportunity needs a look."""

    name: str
    label: str
    when: Expression
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A whole policy; made only by the loader, so holding one means that it was understood completely."""

    name: str
    scope: Expression
    signals: Mapping[str, Signal]
    criteria: Mapping[str, Criterion]
    ready: Expression
    """Over criteria only, so that every verdict has its reasons."""
    transitions: tuple[Transition, ...]
    conversion: ConversionSettings
    limits: Limits
    opportunity_checks: Mapping[str, Check]
    digest: str
    file: str
    likelihood_alone: bool = False
    """Whether a lead may become ready by its likelihood alone (`sync.policy.likelihood`)."""

"""What is to be done after a conversion that should not have been, as values. It is no undo, and says so.

A new lead is made from the pre-image, activities and campaign memberships are given to it, and what the conversion made
and nobody has used since is deleted. The converted lead stays what it is. Values of people have no place here: they
come from the pre-image when the plan is applied, and the plan holds its digest. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, assert_never

NO_UNDO = (
    "This is no undo: Salesforce can't take back a conversion. It makes a new lead, with a new id, from what was saved"
    " before the conversion, and removes what the conversion made where nobody has used it since."
)

DELETION_ORDER = ("Opportunity", "Contact", "Account")
"""What hangs on a record goes before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateLead:
    """Make a new lead from the pre-image of a converted one."""

    lead_id: str
    """The converted lead."""
    pre_image: str
    """Digest."""
    fields: tuple[str, ...]
    """API names of the fields that the new lead is given."""

    @property
    def kind(self) -> Literal["create_lead"]:
        """The action's kind in files and in the ledger."""
        return "create_lead"

    @property
    def target(self) -> str:
        """What the ledger calls its target."""
        return self.pre_image


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveActivity:
    """Give a task or event back to the (new) lead."""

    lead_id: str
    activity_id: str
    who_id: str
    """The contact that it hangs on now; another one means that somebody moved it."""
    what_id: str | None
    """What it is related to now."""
    what_before: str | None
    """What it was related to before the conversion."""

    @property
    def kind(self) -> Literal["move_activity"]:
        """The action's kind in files and in the ledger."""
        return "move_activity"

    @property
    def target(self) -> str:
        """What the ledger calls its target."""
        return self.activity_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCampaignMember:
    """Make the new lead a member of a campaign that the lead was a member of."""

    lead_id: str
    campaign_id: str
    status: str | None

    @property
    def kind(self) -> Literal["add_campaign_member"]:
        """The action's kind in files and in the ledger."""
        return "add_campaign_member"

    @property
    def target(self) -> str:
        """What the ledger calls its target."""
        return self.campaign_id


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRecord:
    """Delete an opportunity, contact or account that the lead's conversion made."""

    lead_id: str
    object: str
    record_id: str
    created_at: datetime
    modified_at: datetime
    """LastModifiedDate when the plan was made; any other means that somebody changed it."""

    @property
    def kind(self) -> Literal["delete_record"]:
        """The action's kind in files and in the ledger."""
        return "delete_record"

    @property
    def target(self) -> str:
        """What the ledger calls its target."""
        return self.record_id


CompensationAction = CreateLead | MoveActivity | AddCampaignMember | DeleteRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something of the conversion that is left as it is, and why."""

    lead_id: str
    object: str
    record_id: str
    code: str
    """One of `KEPT`."""
    records: tuple[str, ...] = ()
    """What shows it."""


KEPT: Mapping[str, str] = {
    "changed_since": "somebody changed it since the conversion",
    "existed_before": "it was there before the conversion",
    "gone": "it was deleted or merged, or can't be seen",
    "made_for_another_lead": "the conversion of another lead made it",
    "moved_since": "somebody has related it to something else since",
    "unreadable": "what hangs on it can't be read",
    "used_since": "something hangs on it that came after the conversion",
}
"""Why something is left as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A lead that was asked for and can't be compensated."""

    lead_id: str
    code: str
    """One of `HELD`."""


HELD: Mapping[str, tuple[str, str]] = {
    "compensated_already": (
        "a new lead was made for it already",
        "apply that plan again to finish it; `leadgate audit LEAD` names the new lead",
    ),
    "conversion_in_doubt": ("its conversion is in doubt", "run `leadgate recover` first"),
    "no_pre_image": (
        "what it was before the conversion was not saved on this machine, or was forgotten",
        "make a new lead by hand",
    ),
    "not_converted": ("the org shows it as not converted", "nothing needs to be done"),
    "not_converted_here": (
        "leadgate's ledger has no conversion of it",
        "check the id; what others converted can't be compensated",
    ),
}
"""Why a lead is held, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRestored:
    """Something of the old lead that the new one doesn't have."""

    lead_id: str
    what: str
    """One of `NOT_RESTORED`."""
    names: tuple[str, ...] = ()
    """API names or record ids."""


NOT_RESTORED: Mapping[str, str] = {
    "activity_owners": "owners of tasks that the conversion gave to another user",
    "empty_fields": "fields that were empty take the org's defaults, where it has any",
    "fields": "fields that the org doesn't take (any more)",
    "files": "files, which stay where the conversion put them",
    "identity": "the lead's id, dates and users of creation and change, field history, and posts; the old lead stays "
    "converted",
    "unreadable": "objects that couldn't be read when the lead was converted",
    "unseen": "objects of which nothing was looked at, since the user can't read them",
}
"""What can't come back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensationPlan:
    """The frozen list of actions, in their order; `plan_id` is the hash of everything else."""

    plan_id: str
    format: int
    org_id: str
    created_at: datetime
    forecast_calls: int
    leads: tuple[str, ...]
    actions: tuple[CompensationAction, ...]
    kept: tuple[Kept, ...] = ()
    held: tuple[Held, ...] = ()
    not_restored: tuple[NotRestored, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    """compensated_leads, held, kept, and the number of actions of each kind."""


def compensation_key(org_id: str, action: CompensationAction) -> str:
    """What makes an action the same in every plan, so that no two plans make a second lead, or delete twice.

    A converted lead gets one new lead, whatever the plan; an activity goes to the new lead of one old lead once; a
    record is deleted once.
    """
    match action:
        case CreateLead():
            what = ""
        case MoveActivity() | AddCampaignMember() | DeleteRecord():
            what = action.target
        case _:
            assert_never(action)
    text = f"{org_id}\n{action.lead_id}\n{action.kind}\n{what}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]

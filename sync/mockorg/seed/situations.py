"""The situations planted in the seed world, and what each means for a policy and for a conversion.

`casting` decides how many leads get which, `leads` writes them down as records, and `summary` keeps the planted truth.
"Ready" is meant by the example policy: the lead is past `Open - Not Contacted`, and pricing was discussed according to
its field or to an activity of the last 90 days that no later activity takes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Story(StrEnum):
    """What happened with a lead: each has exactly one."""

    PRICED_IN_CALL = "priced_in_call"
    PRICED_IN_MEETING = "priced_in_meeting"
    PRICED_IN_EMAIL = "priced_in_email"
    PRICED_BY_FIELD = "priced_by_field"
    """The pricing box is ticked, and there is no activity at all."""
    PRICED_BY_FIELD_AND_CALL = "priced_by_field_and_call"
    OBJECTION_OVERCOME = "objection_overcome"
    """Pricing, then an objection, then pricing again: ready."""

    OBJECTION_AFTER_PRICING = "objection_after_pricing"
    PRICING_TOO_OLD = "pricing_too_old"
    PRICED_BUT_NOT_CONTACTED = "priced_but_not_contacted"
    """Somebody asks for a quote by e-mail while the status still says that nobody contacted them."""
    TALKED_WITHOUT_PRICING = "talked_without_pricing"
    CONTACTED_STILL_OPEN = "contacted_still_open"
    """A call took place; the status was never moved on."""
    WENT_COLD = "went_cold"
    """Worked on, and the last activity lies more than 190 days back."""
    SILENT = "silent"
    """Status says working, and there is no activity."""
    UNTOUCHED = "untouched"

    CONVERTED_AFTER_PRICING = "converted_after_pricing"
    CONVERTED_WITHOUT_PRICING = "converted_without_pricing"
    CONVERTED_WITHOUT_OPPORTUNITY = "converted_without_opportunity"
    UNQUALIFIED = "unqualified"
    UNQUALIFIED_THOUGH_PRICED = "unqualified_though_priced"
    MERGED = "merged"
    """The loser of a merge: deleted, `MasterRecordId` names the winner."""
    DELETED = "deleted"

    @property
    def ready(self) -> bool:
        """Whether the example policy calls a lead with this story ready."""
        return self in READY_STORIES

    @property
    def open(self) -> bool:
        """Whether the lead is still open."""
        return self in OPEN_STORIES

    @property
    def converted(self) -> bool:
        """Whether the lead has been converted."""
        return self.value.startswith("converted")


READY_STORIES = frozenset(
    {
        Story.PRICED_IN_CALL,
        Story.PRICED_IN_MEETING,
        Story.PRICED_IN_EMAIL,
        Story.PRICED_BY_FIELD,
        Story.PRICED_BY_FIELD_AND_CALL,
        Story.OBJECTION_OVERCOME,
    }
)
OPEN_STORIES = READY_STORIES | {
    Story.OBJECTION_AFTER_PRICING,
    Story.PRICING_TOO_OLD,
    Story.PRICED_BUT_NOT_CONTACTED,
    Story.TALKED_WITHOUT_PRICING,
    Story.CONTACTED_STILL_OPEN,
    Story.WENT_COLD,
    Story.SILENT,
    Story.UNTOUCHED,
}


class Tie(StrEnum):
    """What ties a lead to the customers that are there already: each has exactly one."""

    NEW_COMPANY = "new_company"
    KNOWN_CONTACT = "known_contact"
    """A contact has the lead's e-mail address."""
    KNOWN_DOMAIN = "known_domain"
    """One account has the domain of the lead's e-mail address, by its website and its contacts."""
    KNOWN_COMPANY_NAME = "known_company_name"
    """A free-mail address or none, and the company's name, spelled a little differently, is an account's."""
    SHARED_DOMAIN = "shared_domain"
    """Two accounts have the domain: which one is meant can't be told."""
    SHARED_MAILBOX = "shared_mailbox"
    """Two contacts of one account have the lead's address, `info@…`."""
    CONTACT_WITHOUT_ACCOUNT = "contact_without_account"
    """The contact with the lead's address, `office@…`, belongs to no account."""


class Trait(StrEnum):
    """What else is true of a lead; it may have several."""

    SAME_COMPANY = "same_company"
    """Two to five leads are of one company that has no account yet."""
    SPELLED_DIFFERENTLY = "spelled_differently"
    FREE_MAIL = "free_mail"
    WITHOUT_EMAIL = "without_email"
    WITHOUT_PHONE = "without_phone"
    WITHOUT_PRODUCT = "without_product"
    """A budget, so that an opportunity is made, and no product interest, which opportunities require."""
    OWNED_BY_QUEUE = "owned_by_queue"
    OWNED_BY_INACTIVE_USER = "owned_by_inactive_user"
    NAMESAKE_OF_CONTACT = "namesake_of_contact"
    """First and last name are those of a contact elsewhere: the blocking duplicate rule says no."""
    PARTNER_RECORD_TYPE = "partner_record_type"
    """The record type's lead process lacks the converted status."""
    LONG_COMPANY_NAME = "long_company_name"
    """More than the 80 characters that a conversion allows for the opportunity's name."""
    BULK_IMPORTED = "bulk_imported"
    """One of many leads with the very same CreatedDate and SystemModstamp."""
    MEETING_HELD = "meeting_held"
    MEETING_PLANNED = "meeting_planned"
    MEETING_CANCELLED = "meeting_cancelled"
    """The event was deleted, or its subject says `Canceled:`."""


class Obstacle(StrEnum):
    """Why the conversion of a ready lead will not go through: Salesforce's code, or in lower case a client's hold.

    The org refuses those with a code, and would convert those that a careful client holds. Validation rules can't be
    read from outside, so that no client can foresee them; the statuses of a lead process stand in describe/layouts.
    """

    AMBIGUOUS_ACCOUNT = "ambiguous_account"
    AMBIGUOUS_CONTACT = "ambiguous_contact"
    CONTACT_ELSEWHERE = "contact_elsewhere"
    QUEUE_OWNER = "INVALID_OWNER"
    INACTIVE_OWNER = "INACTIVE_OWNER_OR_USER"
    DUPLICATES_DETECTED = "DUPLICATES_DETECTED"
    REQUIRED_FIELD_MISSING = "REQUIRED_FIELD_MISSING"
    NAME_TOO_LONG = "STRING_TOO_LONG"
    VALIDATION_RULE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    INVALID_STATUS = "INVALID_STATUS"

    @property
    def refused_by_org(self) -> bool:
        """Whether the org itself refuses the conversion."""
        return self.value.isupper()

    @property
    def foreseeable(self) -> bool:
        """Whether a client can know of it before it asks for the conversion."""
        return self is not Obstacle.VALIDATION_RULE


OBSTACLE_TIES: Mapping[Obstacle, Tie] = {
    Obstacle.AMBIGUOUS_ACCOUNT: Tie.SHARED_DOMAIN,
    Obstacle.AMBIGUOUS_CONTACT: Tie.SHARED_MAILBOX,
    Obstacle.CONTACT_ELSEWHERE: Tie.CONTACT_WITHOUT_ACCOUNT,
}
OBSTACLE_TRAITS: Mapping[Obstacle, Trait] = {
    Obstacle.QUEUE_OWNER: Trait.OWNED_BY_QUEUE,
    Obstacle.INACTIVE_OWNER: Trait.OWNED_BY_INACTIVE_USER,
    Obstacle.DUPLICATES_DETECTED: Trait.NAMESAKE_OF_CONTACT,
    Obstacle.VALIDATION_RULE: Trait.WITHOUT_PHONE,
    Obstacle.REQUIRED_FIELD_MISSING: Trait.WITHOUT_PRODUCT,
    Obstacle.INVALID_STATUS: Trait.PARTNER_RECORD_TYPE,
    Obstacle.NAME_TOO_LONG: Trait.LONG_COMPANY_NAME,
}
"""What makes each obstacle: the lead's tie, or a trait."""


@dataclass(slots=True, kw_only=True)
class Part:
    """The part that one lead plays. `company_group` numbers the companies that several leads share."""

    story: Story
    tie: Tie
    traits: set[Trait]
    obstacle: Obstacle | None = None
    company_group: int | None = None

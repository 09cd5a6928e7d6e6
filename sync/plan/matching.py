"""Which account, contact and opportunity a lead belongs to: candidates in, one choice or an honest "ambiguous" out.

The mirror finds the candidates (`sync.mirror.candidates`), this module ranks them by the policy's order of keys and
never guesses: where two accounts stand equally close, a person decides. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from sync.policy.schema import AccountKey


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCandidate:
    """An account that one key of the policy found for a lead; the same account may come by several keys."""

    account_id: str
    name: str | None
    by: AccountKey
    found: str
    """What fits, fit for a plan: the contact's id for `contact_email`, else the normal form (`acme.example`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCandidate:
    """A live contact with the lead's e-mail address (compared without case)."""

    contact_id: str
    account_id: str | None
    """`None` = a contact without account, which no conversion can attach to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOpportunity:
    """An open opportunity of a candidate account."""

    opportunity_id: str
    account_id: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadMatches:
    """Everything that the mirror found for one lead; deleted records and merge losers are never in it."""

    lead_id: str
    accounts: tuple[AccountCandidate, ...] = ()
    contacts: tuple[ContactCandidate, ...] = ()
    opportunities: tuple[OpenOpportunity, ...] = ()
    """Open ones of all accounts in `accounts`."""

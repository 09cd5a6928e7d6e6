"""Which account, contact and opportunity a lead belongs to: candidates in, one choice or an honest "ambiguous" out.

The mirror finds the candidates (`sync.mirror.candidates`), this module ranks them by the policy's order of keys and
never guesses: where two accounts stand equally close, a person decides. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from sync.policy.schema import AccountKey, AccountSettings


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What matching came to for one lead."""

    account_id: str | None = None
    """`None` = a new account."""
    account_name: str | None = None
    account_reasons: tuple[str, ...] = ()
    contact_id: str | None = None
    """`None` = a new contact; else a contact of `account_id`."""
    contact_reasons: tuple[str, ...] = ()
    ambiguous_accounts: tuple[AccountCandidate, ...] = ()
    """Equally close accounts, one entry each; the lead is to be held (or gets a new account, if the policy says so)."""
    ambiguous_contacts: tuple[str, ...] = ()
    stray_contacts: tuple[str, ...] = ()
    """Contacts with the lead's address that no account of the choice holds."""
    homeless_contacts: tuple[str, ...] = ()
    """Those of them that belong to no account at all; a conversion can't attach to these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Records that a person named for one lead, in place of what matching would choose."""

    account_id: str
    account_name: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None
    opportunity_name: str | None = None


BY_A_PERSON = ("named by a person",)
SAME_ADDRESS = "same e-mail address"


@dataclass(frozen=True, slots=True)
class Round:
    """The accounts that still stand after a key of the policy had its say."""

    key: AccountKey
    standing: tuple[str, ...]


def named_choice(named: Named, matches: LeadMatches) -> Choice:
    """The choice that a person made; without a contact, the account's one contact with the lead's address if any."""
    inside = [c.contact_id for c in matches.contacts if c.account_id == named.account_id]
    found = inside[0] if named.contact_id is None and len(inside) == 1 else None
    return Choice(
        account_id=named.account_id,
        account_name=named.account_name,
        account_reasons=BY_A_PERSON,
        contact_id=named.contact_id or found,
        contact_reasons=(SAME_ADDRESS,) if found else BY_A_PERSON if named.contact_id else (),
        ambiguous_contacts=tuple(inside) if named.contact_id is None and len(inside) > 1 else (),
    )


def choose(matches: LeadMatches, settings: AccountSettings) -> Choice:
    """The account and contact that the policy's keys lead to.

    The first key that finds anything decides; further keys only narrow what it found. So the mail domain may choose
    between two accounts that a company name found, but never replace them.
    """
    rounds = narrowed(matches, settings)
    standing = rounds[-1].standing if rounds else ()
    if len(standing) == 1:
        return _attached(standing[0], matches, settings)
    rivals = tuple(_first_of(account, matches.accounts, settings) for account in sorted(standing))
    if rivals:
        return Choice(ambiguous_accounts=rivals)
    strays = tuple(sorted(contact.contact_id for contact in matches.contacts))
    return Choice(stray_contacts=strays, homeless_contacts=_homeless(matches))


def narrowed(matches: LeadMatches, settings: AccountSettings) -> list[Round]:
    """The keys that had a say, in the policy's order, each with the accounts that were left after it."""
    rounds: list[Round] = []
    for key in settings.match:
        found = tuple(dict.fromkeys(c.account_id for c in matches.accounts if c.by == key))
        standing = found if not rounds else tuple(a for a in rounds[-1].standing if a in found)
        if standing and (not rounds or len(standing) < len(rounds[-1].standing)):
            rounds.append(Round(key, standing))
        if rounds and len(rounds[-1].standing) == 1:
            break
    return rounds


def account_reasons(account_id: str, matches: LeadMatches, settings: AccountSettings) -> tuple[str, ...]:
    """Everything that leads from the lead to this account, surest first."""
    found = [c for c in matches.accounts if c.account_id == account_id and c.by in settings.match]
    found.sort(key=lambda candidate: (settings.match.index(candidate.by), candidate.found))
    return tuple(dict.fromkeys(_reason(candidate) for candidate in found))


def open_opportunities(account_id: str, matches: LeadMatches) -> tuple[OpenOpportunity, ...]:
    """The account's open opportunities, in a stable order."""
    held = (o for o in matches.opportunities if o.account_id == account_id)
    return tuple(sorted(held, key=lambda opportunity: opportunity.opportunity_id))


def open_opportunity(account_id: str, matches: LeadMatches) -> OpenOpportunity | None:
    """The account's one open opportunity; with several, none of them is the one."""
    held = open_opportunities(account_id, matches)
    return held[0] if len(held) == 1 else None


def _attached(account_id: str, matches: LeadMatches, settings: AccountSettings) -> Choice:
    of_account = (c for c in matches.accounts if c.account_id == account_id and c.by in settings.match)
    inside = sorted({c.contact_id for c in matches.contacts if c.account_id == account_id})
    outside = sorted({c.contact_id for c in matches.contacts if c.account_id != account_id})
    one = inside[0] if len(inside) == 1 else None
    return Choice(
        account_id=account_id,
        account_name=next((c.name for c in of_account if c.name), None),
        account_reasons=account_reasons(account_id, matches, settings),
        contact_id=one,
        contact_reasons=(SAME_ADDRESS,) if one else (),
        ambiguous_contacts=tuple(inside) if len(inside) > 1 else (),
        stray_contacts=tuple(outside) if not inside else (),
        homeless_contacts=_homeless(matches) if not inside else (),
    )


def _homeless(matches: LeadMatches) -> tuple[str, ...]:
    return tuple(sorted(c.contact_id for c in matches.contacts if c.account_id is None))


def _first_of(account_id: str, candidates: Sequence[AccountCandidate], settings: AccountSettings) -> AccountCandidate:
    ranked = (c for key in settings.match for c in candidates if c.account_id == account_id and c.by == key)
    return next(ranked)


def _reason(candidate: AccountCandidate) -> str:
    match candidate.by:
        case "contact_email":
            return f"e-mail of contact {candidate.found}"
        case "email_domain":
            return f"e-mail domain {candidate.found}"
        case "website":
            return f"web site {candidate.found}"
        case "company_name":
            return f"company name {candidate.found}"
        case _:
            assert_never(candidate.by)

"""Every record that matching found for a lead, in rank order, each with why it fits and why it was not taken.

`sync.plan.matching` chooses; this says how the others stood, so that a person who reads the plan can judge the choice,
or make it where the lead is held. Ids and keys only. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sync.plan.actions import MatchCandidate
from sync.plan.matching import (
    BY_A_PERSON,
    SAME_ADDRESS,
    Choice,
    LeadMatches,
    account_reasons,
    narrowed,
    open_opportunities,
)
from sync.policy.schema import ConversionSettings

_ANOTHER_NAMED = "a person named another"


@dataclass(frozen=True, slots=True)
class _Standing:
    """A record, and how close it came: the smaller, the closer."""

    id: str
    distance: tuple[int, ...]
    reasons: tuple[str, ...]
    lost: str | None


def ranked_candidates(
    matches: LeadMatches,
    choice: Choice,
    settings: ConversionSettings,
    *,
    opportunity_id: str | None = None,
    wants_opportunity: bool = False,
    also_alone: bool = False,
) -> tuple[MatchCandidate, ...]:
    """The candidates of each object of which one or more was not taken.

    Args:
        matches: What the mirror found.
        choice: What matching came to.
        settings: The policy's, for the order of keys and what ambiguity leads to.
        opportunity_id: The open opportunity that the conversion attaches to.
        wants_opportunity: Whether the policy wants an opportunity for this lead.
        also_alone: Also where the only one that was found was taken.
    """
    found = {
        "Account": _accounts(matches, choice, settings),
        "Contact": _contacts(matches, choice, settings),
        "Opportunity": _opportunities(matches, choice, settings, opportunity_id, wants=wants_opportunity),
    }
    return tuple(
        candidate for name, standing in found.items() for candidate in _listed(name, standing, also_alone=also_alone)
    )


def _listed(name: str, standing: Iterable[_Standing], *, also_alone: bool) -> Iterable[MatchCandidate]:
    """In rank order; records that came equally close share a rank, and the next one counts them all (1, 1, 3)."""
    ordered = sorted(standing, key=lambda one: (one.lost is not None, one.distance, one.id))
    if not also_alone and all(one.lost is None for one in ordered):
        return
    rank = 1
    for place, one in enumerate(ordered, start=1):
        before = ordered[place - 2] if place > 1 else one
        if (one.distance, one.lost is None) != (before.distance, before.lost is None):
            rank = place
        yield MatchCandidate(object=name, id=one.id, rank=rank, reasons=one.reasons, lost=one.lost)


def _accounts(matches: LeadMatches, choice: Choice, settings: ConversionSettings) -> Iterable[_Standing]:
    by_a_person = choice.account_reasons == BY_A_PERSON
    keys = settings.account.match
    rounds = narrowed(matches, settings.account)
    first = rounds[0].key if rounds else None
    left = {account: number for number, one in enumerate(rounds) for account in one.standing}
    others = len(rounds[-1].standing) - 1 if rounds else 0
    unclear = "a person decides" if settings.account.ambiguous == "hold" else "a new one is made"
    for account in dict.fromkeys(c.account_id for c in matches.accounts if c.by in keys):
        reasons = account_reasons(account, matches, settings.account)
        found_by = next(key for key in keys if any(c.account_id == account and c.by == key for c in matches.accounts))
        lost: str | None
        if account not in left:
            distance = (1, keys.index(found_by))
            lost = f"{first} found another, and {found_by} comes after it in the policy"
        elif left[account] == len(rounds) - 1:
            distance = (0, 0)
            lost = None if account == choice.account_id else f"as close as {others} more, so {unclear}"
        else:
            distance = (0, len(rounds) - left[account])
            lost = f"as close by {first}, but {rounds[left[account] + 1].key} speaks for another"
        if by_a_person:
            lost = None if account == choice.account_id else _ANOTHER_NAMED
        yield _Standing(account, distance, reasons, lost)


def _contacts(matches: LeadMatches, choice: Choice, settings: ConversionSettings) -> Iterable[_Standing]:
    unclear = "a person decides" if settings.account.ambiguous == "hold" else "a new one is made"
    for contact in dict.fromkeys(matches.contacts):
        inside = contact.account_id is not None and contact.account_id == choice.account_id
        lost: str | None
        if contact.contact_id == choice.contact_id:
            lost = None
        elif choice.contact_reasons == BY_A_PERSON:
            lost = _ANOTHER_NAMED
        elif contact.contact_id in choice.ambiguous_contacts:
            lost = f"as close as {len(choice.ambiguous_contacts) - 1} more of the account, so {unclear}"
        elif contact.account_id is None:
            lost = "belongs to no account"
        elif choice.ambiguous_accounts:
            lost = f"belongs to account {contact.account_id}, and no account is chosen"
        elif choice.account_id is None:
            lost = f"belongs to account {contact.account_id}, and the lead gets a new one"
        else:
            lost = f"belongs to account {contact.account_id}, not to the one chosen"
        yield _Standing(contact.contact_id, (0 if inside else 1,), (SAME_ADDRESS,), lost)


def _opportunities(
    matches: LeadMatches, choice: Choice, settings: ConversionSettings, taken: str | None, *, wants: bool
) -> Sequence[_Standing]:
    if choice.account_id is None or not wants or not (settings.opportunity.attach_open or taken):
        return ()
    held = open_opportunities(choice.account_id, matches)
    if taken is not None:
        lost = _ANOTHER_NAMED
    else:
        lost = f"one of {len(held)} open ones, and none is the only one, so a new one is made"
    return [
        _Standing(
            one.opportunity_id,
            (0,),
            (f"open opportunity of {choice.account_id}",),
            None if one.opportunity_id == taken else lost,
        )
        for one in held
    ]

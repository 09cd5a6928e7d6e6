"""Conversions of the past: what a converted lead left behind in accounts, contacts and opportunities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .customers import add_account, add_contact
from .opportunities import Deal, Fate, add_opportunity
from .situations import Story
from .world import Customer, KnownContact

if TYPE_CHECKING:
    from datetime import datetime

    from .members import Member
    from .world import Cell, World

_FATES = {
    Story.CONVERTED_AFTER_PRICING: (
        Fate.WON,
        Fate.WON,
        Fate.WON,
        Fate.LOST,
        Fate.LOST,
        Fate.OPEN,
        Fate.OPEN,
        Fate.OPEN,
    ),
    Story.CONVERTED_WITHOUT_PRICING: (Fate.WON, Fate.LOST, Fate.LOST, Fate.LOST, Fate.LOST, Fate.OPEN, Fate.OPEN),
}
"""Those converted without a word about pricing are lost more often: a backtest should see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """The ids of what a conversion made or attached to."""

    account: str
    contact: KnownContact
    opportunity: str | None


def convert(
    world: World,
    story: Story,
    member: Member,
    *,
    owner: str,
    at: datetime,
    phone: str,
    lead_source: str,
    product: str,
    budget: Cell,
) -> Converted:
    """Write the account, unless the company has one, the contact, and, as the story says, the opportunity."""
    company = member.company
    account = member.account
    customer = Customer(company=company, owner=owner)
    if account is None:
        account = add_account(world, company, name=company.legal_name, owner=owner, created=at, kind="Prospect")
    contact = add_contact(world, member.person, account=account, company=company, owner=owner, created=at, phone=phone)
    opportunity = None
    if story in _FATES:
        amount = float(budget) if isinstance(budget, float) else None
        deal = Deal(
            account=account,
            company_name=company.name,
            contact=contact,
            owner=owner,
            created=at,
            fate=world.rng.choice(_FATES[story]),
            product=product,
            lead_source=lead_source,
            kind="New Customer",
            amount=amount,
            budget=amount,
            first_stage=1,
        )
        opportunity = add_opportunity(world, deal)
    if member.account is None:
        customer.contacts.append(contact)
        world.customers.append(customer)
    return Converted(account=account, contact=contact, opportunity=opportunity)

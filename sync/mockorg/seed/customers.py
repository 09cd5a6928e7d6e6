"""The customers that are there before any lead is converted: accounts, contacts, their opportunities and reviews.

Each has a website and contacts on its own domain, and now and then a contact with a free-mail address, so that matching
by domain meets both. Some companies have two accounts on one domain.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import activities, phrases, words
from .opportunities import Deal, Fate, add_opportunity, drawn_owner
from .people import address
from .timelines import Happening, Kind
from .world import Customer, KnownContact, Row, World, stamped

if TYPE_CHECKING:
    from datetime import datetime

    from .people import Company, Person

_FATES = (Fate.WON, Fate.WON, Fate.WON, Fate.LOST, Fate.LOST, Fate.OPEN, Fate.OPEN)
_KINDS = ("New Customer", "Existing Customer - Upgrade", "Existing Customer - Replacement")


def add_customers(world: World, leads: int) -> None:
    """Write the customers of a world of `leads` leads: one for ten leads, and a tenth of them with two accounts."""
    count = max(12, leads // 10)
    shared, mailboxes = max(2, count // 10), max(1, count // 40)
    for number in range(count):
        company = world.registry.company()
        owner = drawn_owner(world)
        created = world.calendar.ago(200, 1500)
        customer = Customer(company=company, owner=owner)
        names = [company.legal_name]
        if number < shared:
            names = [f"{company.name} Americas {company.legal_form}", f"{company.name} Europe {company.legal_form}"]
        for name in names:
            account = add_account(world, company, name=name, owner=owner, created=created, kind="Customer - Direct")
            _people_and_deals(world, customer, account, created)
        if shared <= number < shared + mailboxes:
            _add_mailbox(world, customer)
            world.mailboxes.append(customer)
        else:
            (world.shared if number < shared else world.customers).append(customer)
    for _ in range(max(1, count // 50)):
        _add_private_contact(world)


def add_account(world: World, company: Company, *, name: str, owner: str, created: datetime, kind: str) -> str:
    """Write an account of the company; returns its id."""
    city, state = company.place
    row: Row = {
        "Name": name,
        "Type": kind,
        "Industry": company.industry,
        "Website": company.website,
        "Phone": world.registry.phone(),
        "NumberOfEmployees": company.employees,
        "AnnualRevenue": company.employees * 90_000,
        "BillingStreet": f"{world.rng.randint(1, 180)} {world.rng.choice(words.STREETS)}",
        "BillingCity": city,
        "BillingState": state or None,
        "BillingPostalCode": f"{world.rng.randint(10000, 99999)}",
        "BillingCountry": company.land.country,
        "OwnerId": owner,
    }
    account_id = world.add("Account", stamped(row, created=created, by=owner))
    company.accounts.append(account_id)
    return account_id


def add_contact(
    world: World,
    person: Person,
    *,
    account: str | None,
    company: Company,
    owner: str,
    created: datetime,
    phone: str | None = None,
) -> KnownContact:
    """Write a contact of the account, or of none."""
    city, state = company.place
    row: Row = {
        "AccountId": account,
        "FirstName": person.first_name,
        "LastName": person.last_name,
        "Name": person.name,
        "Title": world.rng.choice(words.TITLES),
        "Email": person.email,
        "Phone": phone or world.registry.phone(),
        "MailingCity": city,
        "MailingState": state or None,
        "MailingCountry": company.land.country,
        "OwnerId": owner,
    }
    contact_id = world.add("Contact", stamped(row, created=created, by=owner))
    return KnownContact(id=contact_id, account=account, person=person)


def _add_mailbox(world: World, customer: Customer) -> None:
    """Two colleagues who use one address."""
    company, owner = customer.company, customer.owner
    for _ in range(2):
        person = replace(world.registry.person(company.domain), email=f"info@{company.domain}")
        created = world.calendar.ago(30, 200)
        add_contact(world, person, account=company.accounts[0], company=company, owner=owner, created=created)


def _add_private_contact(world: World) -> None:
    """A contact that belongs to no account, as it is left behind when somebody takes the account away."""
    company, owner = world.registry.company(), drawn_owner(world)
    person = replace(world.registry.person(company.domain), email=f"office@{company.domain}")
    add_contact(world, person, account=None, company=company, owner=owner, created=world.calendar.ago(60, 400))
    world.private.append(Customer(company=company, owner=owner))


def _people_and_deals(world: World, customer: Customer, account: str, created: datetime) -> None:
    rng, registry, company = world.rng, world.registry, customer.company
    first: KnownContact | None = None
    for number in range(rng.choice((1, 2, 2, 3))):
        person = registry.person(company.domain)
        if number and rng.random() < 0.2:
            free_mail = address(person.first_name, person.last_name, words.FREE_MAIL_DOMAIN)
            person = replace(person, email=free_mail)
        contact = add_contact(
            world,
            person,
            account=account,
            company=company,
            owner=customer.owner,
            created=created,
        )
        customer.contacts.append(contact)
        first = first or contact
    for _ in range(rng.choice((0, 1, 1, 2))):
        amount = None if rng.random() < 0.1 else float(rng.randint(6, 240) * 500)
        deal = Deal(
            account=account,
            company_name=company.name,
            contact=first,
            owner=customer.owner,
            created=world.calendar.after(created, 5, 900),
            fate=rng.choice(_FATES),
            product=rng.choice(words.PRODUCTS),
            lead_source=None,
            kind=rng.choice(_KINDS),
            amount=amount,
        )
        opportunity = add_opportunity(world, deal)
        if first is not None and rng.random() < 0.6:
            note = rng.choice(phrases.CUSTOMER_NOTES)
            held = Happening(rng.choice((Kind.CALL, Kind.MEETING)), world.calendar.after(deal.created, 3, 120), note)
            about = activities.About(
                who=first.id,
                what=opportunity,
                account=account,
                owner=customer.owner,
                first_name=first.person.first_name,
                company=company.name,
                product=deal.product,
            )
            activities.add(world, held, about)

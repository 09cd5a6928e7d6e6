"""Who a lead is: person, company, and the customer behind them, as the lead's part asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import staff, words
from .people import Person, address, misspelling, other_spelling
from .situations import Tie, Trait

if TYPE_CHECKING:
    from .people import Company
    from .situations import Part
    from .world import KnownContact, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """The person behind a lead, the company's name as the lead has it, and what a conversion should attach to."""

    person: Person
    email: str | None
    company: Company
    company_name: str
    account: str | None = None
    contact: str | None = None


class Casting:
    """Finds people and companies for parts; companies of a group are shared, matched contacts are used once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._groups: dict[int, Company] = {}
        at_work = [
            (customer.company, contact)
            for customer in world.customers
            for contact in customer.contacts
            if contact.person.email.endswith(customer.company.domain)
        ]
        world.rng.shuffle(at_work)
        self._contacts = at_work
        self._namesakes = list(at_work)
        self._next_contact = 0
        self._next_namesake = len(at_work)

    def member(self, part: Part) -> Member:
        """The person, company and tie of one lead."""
        match part.tie:
            case Tie.KNOWN_CONTACT:
                return self._known_contact()
            case Tie.KNOWN_DOMAIN | Tie.KNOWN_COMPANY_NAME:
                customer = self._world.rng.choice(self._world.customers)
                return self._at(part, customer.company, account=customer.company.accounts[0])
            case Tie.SHARED_MAILBOX:
                company = self._world.rng.choice(self._world.mailboxes).company
                return self._with_mailbox(company, "info", account=company.accounts[0])
            case Tie.CONTACT_WITHOUT_ACCOUNT:
                return self._with_mailbox(self._world.rng.choice(self._world.private).company, "office", account=None)
            case Tie.SHARED_DOMAIN:
                return self._at(part, self._world.rng.choice(self._world.shared).company, account=None)
            case Tie.NEW_COMPANY:
                return self._at(part, self._new_company(part), account=None)

    def _with_mailbox(self, company: Company, mailbox: str, *, account: str | None) -> Member:
        """Somebody who writes from a mailbox that is a contact's too."""
        return Member(
            person=self._world.registry.person(company.domain),
            email=f"{mailbox}@{company.domain}",
            company=company,
            company_name=company.legal_name,
            account=account,
        )

    def _new_company(self, part: Part) -> Company:
        if part.company_group is None:
            return self._world.registry.company()
        if part.company_group not in self._groups:
            self._groups[part.company_group] = self._world.registry.company()
        return self._groups[part.company_group]

    def _known_contact(self) -> Member:
        """Someone who is a contact already; each contact once, for as long as there are some."""
        company, contact = self._contacts[self._next_contact % len(self._contacts)]
        self._next_contact += 1
        return Member(
            person=contact.person,
            email=contact.person.email,
            company=company,
            company_name=other_spelling(self._world.rng, company),
            account=contact.account,
            contact=contact.id,
        )

    def _namesake(self) -> KnownContact:
        """A contact whose name somebody else has too."""
        self._next_namesake -= 1
        return self._namesakes[self._next_namesake % len(self._namesakes)][1]

    def _at(self, part: Part, company: Company, *, account: str | None) -> Member:
        rng = self._world.rng
        person = self._world.registry.person(company.domain)
        if Trait.NAMESAKE_OF_CONTACT in part.traits:
            other = self._namesake().person
            first, last = other.first_name, other.last_name
            person = Person(first_name=first, last_name=last, email=address(first, last, company.domain))
        email: str | None = person.email
        if part.tie is Tie.KNOWN_COMPANY_NAME and not part.traits & {Trait.FREE_MAIL, Trait.WITHOUT_EMAIL}:
            part.traits.add(Trait.FREE_MAIL if rng.random() < 0.7 else Trait.WITHOUT_EMAIL)
        if Trait.FREE_MAIL in part.traits:
            email = address(person.first_name, person.last_name, words.FREE_MAIL_DOMAIN)
        elif Trait.WITHOUT_EMAIL in part.traits:
            email = None
        name = company.legal_name
        if part.tie is Tie.KNOWN_COMPANY_NAME:
            name = other_spelling(rng, company)
        elif part.tie is Tie.SHARED_DOMAIN:
            name = company.name
        elif Trait.LONG_COMPANY_NAME in part.traits:
            name = words.LONG_COMPANY_NAME.format(name=company.name)
        elif Trait.SPELLED_DIFFERENTLY in part.traits:
            name = rng.choice((other_spelling, misspelling))(rng, company)
        return Member(person=person, email=email, company=company, company_name=name, account=account)


def owner_of(world: World, part: Part) -> str:
    """The key of the lead's owner: a seller, or a queue or somebody who has left, as the part asks for."""
    if Trait.OWNED_BY_QUEUE in part.traits:
        return world.rng.choice(staff.QUEUES).key
    if Trait.OWNED_BY_INACTIVE_USER in part.traits:
        return world.rng.choice(staff.LEAVERS).key
    return world.rng.choice(staff.SELLERS).key

"""Companies and people of the seed world, each invented once and never by chance twice.

Names must not collide by accident: a namesake, a second company of the same name or a shared domain is a situation, and
situations are planted.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import words

if TYPE_CHECKING:
    import random

_NOT_DECOMPOSED = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "’": None, "'": None})
_AREA_CODES = tuple(str(code) for code in range(201, 990) if code % 100 != 11 and code % 10)


@dataclass(slots=True, kw_only=True)
class Company:
    """A company. `accounts` are the ids of its accounts, once it has some."""

    name: str
    legal_form: str
    domain: str
    industry: str
    land: words.Land
    place: tuple[str, str]
    employees: int
    accounts: list[str] = field(default_factory=list)

    @property
    def legal_name(self) -> str:
        """Name and legal form."""
        return f"{self.name} {self.legal_form}"

    @property
    def website(self) -> str:
        """Its website, on its own domain."""
        return f"https://www.{self.domain}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person, with the e-mail address at work."""

    first_name: str
    last_name: str
    email: str

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


class Registry:
    """Invents companies, people and phone numbers, and remembers what is taken."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._slugs: set[str] = set()
        self._names: set[tuple[str, str]] = set()
        self._lands = [land for land in words.LANDS for _ in range(land.weight)]
        self._phones = 0

    def company(self) -> Company:
        """A new company with a domain of its own."""
        rng = self._rng
        while True:
            trade = rng.choice(words.TRADES)
            front, back = rng.choice(words.COMPANY_FRONT), rng.choice(words.COMPANY_BACK)
            name = f"{front}{back} {rng.choice(trade.words)}"
            slug = ascii_only(name).lower().replace(" ", "-")
            if slug not in self._slugs and not front.lower().endswith(back):
                break
        self._slugs.add(slug)
        land = rng.choice(self._lands)
        return Company(
            name=name,
            legal_form=rng.choice(land.forms),
            domain=f"{slug}.example",
            industry=trade.industry,
            land=land,
            place=rng.choice(land.places),
            employees=rng.choice((8, 15, 25, 40, 60, 90, 140, 220, 400, 750, 1200, 3500)),
        )

    def person(self, domain: str) -> Person:
        """A new person, whose name nobody else has, with an address at `domain`."""
        rng = self._rng
        for attempt in range(1000):
            first, last = rng.choice(words.FIRST_NAMES), rng.choice(words.LAST_NAMES)
            if attempt > 2:
                last = f"{last}-{rng.choice(words.LAST_NAMES)}"
            if (first, last) not in self._names:
                break
        else:
            message = "there are no more names to give"
            raise RuntimeError(message)
        self._names.add((first, last))
        return Person(first_name=first, last_name=last, email=address(first, last, domain))

    def phone(self) -> str:
        """A new phone number of those kept for fiction."""
        self._phones += 1
        block, line = divmod(self._phones, 100)
        return f"+1 ({_AREA_CODES[block % len(_AREA_CODES)]}) 555-01{line:02d}"


def address(first: str, last: str, domain: str) -> str:
    """An e-mail address; at the free-mail domain with an underscore, which nobody can have there."""
    join = "_" if domain == words.FREE_MAIL_DOMAIN else "."
    return f"{ascii_only(first)}{join}{ascii_only(last)}@{domain}".lower().replace(" ", "")


def ascii_only(text: str) -> str:
    """The text without accents and apostrophes."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_NOT_DECOMPOSED))
    return decomposed.encode("ascii", "ignore").decode("ascii")


def other_spelling(rng: random.Random, company: Company) -> str:
    """The company's name as others may write it: the same once case, punctuation and legal form are set aside."""
    spellings = (
        company.name,
        company.legal_name.upper(),
        company.name.lower(),
        f"{company.name}, {company.legal_form}",
    )
    return rng.choice(spellings)


def misspelling(rng: random.Random, company: Company) -> str:
    """The company's name as somebody in a hurry may write it, which no rule of spelling takes back."""
    front, _, trade = company.name.partition(" ")
    half = len(front) // 2
    return rng.choice((f"{front[:half]} {front[half:]} {trade}", front, f"{company.name} ({company.land.country})"))

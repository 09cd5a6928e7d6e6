from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from small_mapping import mapping_of

from sync.mapping import OrgMapping
from sync.mirror.state import Completeness
from sync.mirror.store import Mirror
from sync.plan.matching import ContactCandidate, LeadMatches, OpenOpportunity

Fill = Callable[..., Completeness]

LEAD_YAML = """\
object: Lead
fields:
  email: {field: Email, type: email}
  website: {field: Website, type: url}
"""
ACCOUNT_YAML = """\
object: Account
fields:
  name: {field: Name, type: text}
  website: {field: Website, type: url}
"""
CONTACT_YAML = "object: Contact\nfields:\n  email: {field: Email, type: email}\n"
OPPORTUNITY_YAML = """\
object: Opportunity
fields:
  name: {field: Name, type: text}
  account_id: {field: AccountId, type: id}
  is_closed: {field: IsClosed, type: boolean}
"""
ACME, ACME_TWO, GONE, OTHER = (f"00100000000000{n}AAA" for n in "1234")
L1, L2, L3, L4 = (f"00Q00000000000{n}AAA" for n in "1234")


@pytest.fixture
def mapping() -> OrgMapping:
    return mapping_of(LEAD_YAML, ACCOUNT_YAML, CONTACT_YAML, OPPORTUNITY_YAML)


@pytest.fixture
def find(fill: Fill, path: Path, mapping: OrgMapping) -> Callable[..., LeadMatches]:
    fill(
        "account",
        [
            {"Id": ACME, "Name": "Acme, Inc.", "Website": "https://www.acme.example/en"},
            {"Id": ACME_TWO, "Name": "Acme Holding", "Website": ""},
            {"Id": GONE, "Name": "Acme", "Website": "acme.example", "IsDeleted": "true"},
            {"Id": OTHER, "Name": "Grün & Söhne GmbH", "Website": ""},
        ],
    )
    fill(
        "contact",
        [
            {"Id": "003000000000001AAA", "AccountId": ACME_TWO, "Email": "Ann@Acme.example"},
            {"Id": "003000000000002AAA", "AccountId": "", "Email": "ann@acme.example"},
            {"Id": "003000000000003AAA", "AccountId": OTHER, "Email": "bo@gmail.com"},
            {"Id": "003000000000004AAA", "AccountId": OTHER, "Email": "ann@acme.example", "IsDeleted": "true"},
        ],
    )
    fill(
        "opportunity",
        [
            {"Id": "006000000000001AAA", "Name": "Acme big", "AccountId": ACME, "IsClosed": "false"},
            {"Id": "006000000000002AAA", "Name": "Acme won", "AccountId": ACME, "IsClosed": "true"},
            {"Id": "006000000000003AAA", "Name": "Acme gone", "AccountId": ACME, "IsDeleted": "true"},
        ],
    )

    def find(*free_mail: str, **lead: str) -> LeadMatches:
        fill("lead", [{"Id": L1, "Company": "Nobody", **lead}])
        with Mirror.open(path, mapping) as mirror:
            return mirror.matches([L1], free_mail)[L1]

    return find


def by(matches: LeadMatches, key: str) -> Sequence[tuple[str, str]]:
    return [(c.account_id, c.found) for c in matches.accounts if c.by == key]


def test_a_contact_with_the_leads_address_leads_to_its_account(find: Callable[..., LeadMatches]) -> None:
    matches = find(Email="ANN@acme.example ")

    assert by(matches, "contact_email") == [(ACME_TWO, "003000000000001AAA")]
    assert matches.contacts == (
        ContactCandidate(contact_id="003000000000001AAA", account_id=ACME_TWO),
        ContactCandidate(contact_id="003000000000002AAA", account_id=None),
    )


def test_a_mail_domain_finds_accounts_by_their_contacts_and_their_site(find: Callable[..., LeadMatches]) -> None:
    matches = find(Email="cy@acme.example")

    assert by(matches, "email_domain") == [(ACME, "acme.example"), (ACME_TWO, "acme.example")]
    assert matches.contacts == ()


def test_a_free_mail_address_says_nothing_of_the_company(find: Callable[..., LeadMatches]) -> None:
    assert find(Email="dee@gmail.com").accounts == ()
    assert find("acme.example", Email="cy@acme.example", Website="acme.example").accounts == ()


def test_a_site_is_compared_by_its_host(find: Callable[..., LeadMatches]) -> None:
    assert by(find(Website="http://acme.example:8080/contact"), "website") == [(ACME, "acme.example")]


@pytest.mark.parametrize(
    ("company", "expected"),
    [("ACME Corp.", [(ACME, "acme")]), ("Gruen und Soehne", []), ("Grun and Sohne", [(OTHER, "grun and sohne")])],
)
def test_a_company_is_found_by_its_bare_name(
    find: Callable[..., LeadMatches], company: str, expected: list[tuple[str, str]]
) -> None:
    assert by(find(Company=company), "company_name") == expected


def test_open_opportunities_of_the_accounts_come_along(find: Callable[..., LeadMatches]) -> None:
    assert find(Company="Acme").opportunities == (
        OpenOpportunity(opportunity_id="006000000000001AAA", account_id=ACME, name="Acme big"),
    )


def test_a_lead_that_matches_nothing_has_an_empty_entry(find: Callable[..., LeadMatches]) -> None:
    assert find() == LeadMatches(lead_id=L1)


def test_open_leads_of_one_company_know_each_other(fill: Fill, path: Path, mapping: OrgMapping) -> None:
    for name in ("account", "contact", "opportunity"):
        fill(name, [])
    fill(
        "lead",
        [
            {"Id": L1, "Company": "Acme Inc", "Email": "a@acme.example"},
            {"Id": L2, "Company": "ACME"},
            {"Id": L3, "Company": "Something else", "Email": "c@acme.example"},
            {"Id": L4, "Company": "Acme", "IsConverted": "true"},
        ],
    )

    with Mirror.open(path, mapping) as mirror:
        assert mirror.siblings([L1, L2]) == {L1: (L2, L3), L2: (L1,)}


def test_a_mapping_without_accounts_and_contacts_finds_nothing_and_fails_nothing(fill: Fill, path: Path) -> None:
    bare = mapping_of("object: Lead\nfields:\n  name: {field: Name, type: text}\n")
    fill("lead", [{"Id": L1, "Company": "Acme"}], using=bare)

    with Mirror.open(path, bare) as mirror:
        assert mirror.matches([L1]) == {L1: LeadMatches(lead_id=L1)}
        assert mirror.siblings([L1]) == {L1: ()}

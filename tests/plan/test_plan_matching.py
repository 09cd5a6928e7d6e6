from __future__ import annotations

from plan_factories import sf_id

from sync.plan.matching import (
    AccountCandidate,
    ContactCandidate,
    LeadMatches,
    OpenOpportunity,
    choose,
    open_opportunities,
)
from sync.policy.schema import AccountKey, AccountSettings

LEAD = sf_id("00Q", 1)
A, B = sf_id("001", 1), sf_id("001", 2)
C1, C2 = sf_id("003", 1), sf_id("003", 2)


def account(account_id: str, by: AccountKey, found: str = "acme") -> AccountCandidate:
    return AccountCandidate(account_id=account_id, name="Acme", by=by, found=found)


def matches(*accounts: AccountCandidate, contacts: tuple[ContactCandidate, ...] = ()) -> LeadMatches:
    return LeadMatches(lead_id=LEAD, accounts=accounts, contacts=contacts)


def test_nothing_found_means_a_new_account_and_contact() -> None:
    choice = choose(matches(), AccountSettings())
    assert (choice.account_id, choice.contact_id, choice.ambiguous_accounts) == (None, None, ())


def test_the_first_key_that_finds_something_decides() -> None:
    found = matches(account(A, "email_domain", "acme.example"), account(B, "company_name"))
    choice = choose(found, AccountSettings())
    assert choice.account_id == A
    assert choice.account_reasons == ("e-mail domain acme.example",)


def test_all_keys_that_agree_are_given_as_reasons() -> None:
    found = matches(account(A, "company_name"), account(A, "contact_email", C1))
    assert choose(found, AccountSettings()).account_reasons == (f"e-mail of contact {C1}", "company name acme")


def test_a_later_key_chooses_between_two_that_an_earlier_key_found() -> None:
    found = matches(account(A, "email_domain"), account(B, "email_domain"), account(B, "company_name"))
    assert choose(found, AccountSettings()).account_id == B


def test_a_later_key_never_replaces_what_an_earlier_key_found() -> None:
    third = sf_id("001", 3)
    found = matches(account(A, "email_domain"), account(B, "email_domain"), account(third, "company_name"))
    choice = choose(found, AccountSettings())
    assert choice.account_id is None
    assert [rival.account_id for rival in choice.ambiguous_accounts] == [A, B]


def test_a_key_that_the_policy_leaves_out_counts_for_nothing() -> None:
    settings = AccountSettings(match=("contact_email",))
    assert choose(matches(account(A, "company_name")), settings).account_id is None


def test_the_one_contact_of_the_account_is_attached_to() -> None:
    contact = ContactCandidate(contact_id=C1, account_id=A)
    assert choose(matches(account(A, "contact_email", C1), contacts=(contact,)), AccountSettings()).contact_id == C1


def test_two_contacts_with_one_address_in_one_account_are_ambiguous() -> None:
    contacts = (ContactCandidate(contact_id=C1, account_id=A), ContactCandidate(contact_id=C2, account_id=A))
    choice = choose(matches(account(A, "email_domain"), contacts=contacts), AccountSettings())
    assert choice.contact_id is None
    assert choice.ambiguous_contacts == (C1, C2)


def test_a_contact_of_another_account_is_never_attached_to() -> None:
    contact = ContactCandidate(contact_id=C1, account_id=B)
    settings = AccountSettings(match=("email_domain", "company_name"))
    choice = choose(matches(account(A, "email_domain"), contacts=(contact,)), settings)
    assert choice.contact_id is None
    assert choice.stray_contacts == (C1,)


def test_a_contact_without_account_is_reported_and_never_attached_to() -> None:
    contacts = (ContactCandidate(contact_id=C1, account_id=None), ContactCandidate(contact_id=C2, account_id=B))
    alone = choose(matches(contacts=contacts[:1]), AccountSettings())
    assert (alone.contact_id, alone.stray_contacts, alone.homeless_contacts) == (None, (C1,), (C1,))
    beside = choose(matches(account(A, "company_name"), contacts=contacts), AccountSettings())
    assert (beside.account_id, beside.contact_id) == (A, None)
    assert (beside.stray_contacts, beside.homeless_contacts) == ((C1, C2), (C1,))


def test_open_opportunities_are_those_of_the_chosen_account() -> None:
    mine = OpenOpportunity(opportunity_id=sf_id("006", 2), account_id=A)
    other = OpenOpportunity(opportunity_id=sf_id("006", 1), account_id=B)
    assert open_opportunities(A, LeadMatches(lead_id=LEAD, opportunities=(other, mine))) == (mine,)

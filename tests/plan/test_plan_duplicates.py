from __future__ import annotations

import pytest
from plan_factories import facts, lead, plan, sf_id
from planned import ACME, CONTACT, codes, conversions

from sync.plan.facts import (
    DuplicateFact,
)
from sync.plan.matching import AccountCandidate, ContactCandidate, LeadMatches
from sync.policy.schema import AccountSettings, ConversionSettings


@pytest.mark.parametrize(
    ("homes", "said", "advised", "unadvised"),
    [
        ((None,), "in no account", "give it the right account", "leadgate convert"),
        ((sf_id("001", 9),), "without a matching account", "leadgate convert LEAD --contact", "give it"),
        ((None, sf_id("001", 9)), "in no account", "leadgate convert LEAD --contact", "nothing"),
    ],
    ids=["homeless", "elsewhere", "both"],
)
def test_a_contact_that_stands_elsewhere_holds_the_lead_unless_a_second_one_is_allowed(
    homes, said, advised, unadvised
) -> None:
    contacts = tuple(ContactCandidate(contact_id=sf_id("003", n), account_id=home) for n, home in enumerate(homes))
    found = LeadMatches(lead_id=sf_id("00Q", 1), contacts=contacts)
    for choice, held in (("hold", ["contact_elsewhere"]), ("reuse", ["contact_elsewhere"]), ("allow", [])):
        settings = ConversionSettings(duplicates=choice)
        (action,) = conversions(plan([lead(1)], matches=[found], conversion=settings))
        assert (choice, codes(action)) == (choice, held)
        assert (action.convert.account.id, action.convert.contact.id) == (None, None)
        for blocker in action.blockers:
            assert said in blocker.message
            assert advised in blocker.fix
            assert unadvised not in blocker.fix


def test_with_reuse_a_contact_that_a_duplicate_rule_finds_is_no_longer_elsewhere() -> None:
    contact = ContactCandidate(contact_id=sf_id("003", 1), account_id=sf_id("001", 9))
    found = LeadMatches(lead_id=sf_id("00Q", 1), contacts=(contact,))
    rule = DuplicateFact(object="Contact", rule="R", blocks=False, matches={sf_id("003", 1): sf_id("001", 9)})
    org = facts(duplicates={sf_id("00Q", 1): (rule,)})
    (action,) = conversions(
        plan([lead(1)], matches=[found], conversion=ConversionSettings(duplicates="reuse"), org=org)
    )
    assert (codes(action), action.convert.contact.id) == ([], sf_id("003", 1))


def test_a_duplicate_without_account_is_not_advised_to_be_attached_to() -> None:
    rule = DuplicateFact(object="Contact", rule="R", blocks=False, matches={sf_id("003", 1): None})
    (action,) = conversions(plan([lead(1)], org=facts(duplicates={sf_id("00Q", 1): (rule,)})))
    assert codes(action) == ["DUPLICATES_DETECTED"]
    assert "leadgate convert" not in action.blockers[0].fix


def test_ambiguous_accounts_hold_the_lead_unless_the_policy_wants_a_new_one() -> None:
    rivals = LeadMatches(
        lead_id=sf_id("00Q", 1),
        accounts=tuple(
            AccountCandidate(account_id=sf_id("001", n), name="Acme", by="email_domain", found="acme.example")
            for n in (1, 2)
        ),
    )
    (held,) = conversions(plan([lead(1)], matches=[rivals]))
    assert codes(held) == ["ambiguous_account"]
    settings = ConversionSettings(account=AccountSettings(ambiguous="new"))
    (new,) = conversions(plan([lead(1)], matches=[rivals], conversion=settings))
    assert (codes(new), new.creates[0]) == ([], "Account")


@pytest.mark.parametrize(
    ("choice", "blocks", "blocked"),
    [
        ("hold", False, True),
        ("hold", True, True),
        ("allow", False, False),
        ("allow", True, True),
        ("allow", None, False),
    ],
)
def test_a_duplicate_rule_holds_the_lead_as_the_policy_says(choice, blocks, blocked) -> None:
    rule = DuplicateFact(object="Contact", rule="Contact rule", blocks=blocks, matches={CONTACT: ACME})
    org = facts(duplicates={sf_id("00Q", 1): (rule,)})
    (action,) = conversions(plan([lead(1)], conversion=ConversionSettings(duplicates=choice), org=org))
    assert codes(action) == (["DUPLICATES_DETECTED"] if blocked else [])
    assert action.convert.allow_duplicates is (choice == "allow")


def test_with_reuse_the_duplicate_becomes_the_target() -> None:
    rule = DuplicateFact(object="Contact", rule="Contact rule", blocks=True, matches={CONTACT: ACME})
    org = facts(duplicates={sf_id("00Q", 1): (rule,)})
    (action,) = conversions(plan([lead(1)], conversion=ConversionSettings(duplicates="reuse"), org=org))
    assert codes(action) == []
    assert action.matches == {"Account": ACME, "Contact": CONTACT}


def test_with_reuse_two_duplicates_still_hold_the_lead() -> None:
    rule = DuplicateFact(object="Account", rule="Account rule", blocks=True, matches={ACME: ACME, "x": "x"})
    org = facts(duplicates={sf_id("00Q", 1): (rule,)})
    (action,) = conversions(plan([lead(1)], conversion=ConversionSettings(duplicates="reuse"), org=org))
    assert codes(action) == ["DUPLICATES_DETECTED"]

from __future__ import annotations

import pytest
from plan_factories import lead, plan, sf_id
from planned import at_acme, codes, conversions

from sync.plan.actions import Prediction
from sync.policy.schema import AccountSettings, ConversionSettings, OpportunitySettings


def test_leads_of_one_new_company_make_one_account() -> None:
    rows = [lead(1, company="Acme Inc."), lead(2, company="ACME"), lead(3)]
    first, second, alone = conversions(plan(rows))
    assert first.convert.account.after is None
    assert second.convert.account.after == first.lead_id
    assert second.creates == ("Contact", "Opportunity")
    assert alone.convert.account.after is None


def test_a_mail_domain_links_leads_whose_company_is_spelt_apart() -> None:
    rows = [lead(1, company="Acme", email="a@acme.example"), lead(2, company="Acme Holding", email="b@acme.example")]
    _, second = conversions(plan(rows))
    assert second.convert.account.after == sf_id("00Q", 1)


def test_free_mail_addresses_link_nobody() -> None:
    _, second = conversions(plan([lead(1, email="a@gmail.com"), lead(2, email="b@gmail.com")]))
    assert second.convert.account.after is None


def test_addresses_at_a_service_that_the_policy_names_link_nobody_either() -> None:
    rows = [lead(1, email="a@uni.example"), lead(2, email="b@uni.example")]
    own = ConversionSettings(account=AccountSettings(free_mail=("uni.example",)))
    _, second = conversions(plan(rows, conversion=own))
    assert second.convert.account.after is None
    _, second = conversions(plan(rows))
    assert second.convert.account.after == sf_id("00Q", 1)


def test_a_blocked_lead_does_not_lead_its_company() -> None:
    rows = [lead(1, company="Acme", last_name=None), lead(2, company="Acme"), lead(3, company="Acme")]
    blocked, leader, follower = conversions(plan(rows))
    assert blocked.prediction is Prediction.BLOCKED
    assert leader.convert.account.after is None
    assert follower.convert.account.after == leader.lead_id


@pytest.mark.parametrize(("choice", "codes_", "after"), [("hold", ["duplicate_lead"], None), ("allow", [], None)])
def test_two_leads_with_one_address_do_not_make_one_person_twice(choice, codes_, after) -> None:
    rows = [lead(1, email="ann@acme.example"), lead(2, company="Company 1", email="ANN@acme.example")]
    _, second = conversions(plan(rows, conversion=ConversionSettings(duplicates=choice)))
    assert (codes(second), second.convert.contact.after) == (codes_, after)


def test_with_reuse_the_second_lead_of_a_person_attaches_to_the_contact_that_the_first_makes() -> None:
    rows = [lead(1, email="ann@acme.example"), lead(2, company="Company 1", email="ann@acme.example")]
    first, second = conversions(plan(rows, conversion=ConversionSettings(duplicates="reuse")))
    assert (codes(second), second.convert.contact.after) == ([], first.lead_id)
    assert second.creates == ("Opportunity",)


def test_with_attach_open_leads_of_one_account_share_the_new_opportunity() -> None:
    settings = ConversionSettings(opportunity=OpportunitySettings(attach_open=True, stage="Qualification"))
    matched = [at_acme(None, 1), at_acme(None, 2)]
    first, second = conversions(plan([lead(1), lead(2)], conversion=settings, matches=matched))
    assert first.convert.opportunity_fields
    assert second.convert.opportunity is not None
    assert second.convert.opportunity.after == first.lead_id
    assert second.convert.opportunity_fields == {}

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from plan_factories import lead, plan, sf_id

from sync.plan.actions import ConvertLead, MatchCandidate
from sync.plan.codec import decode
from sync.plan.document import encode
from sync.plan.matching import AccountCandidate, ContactCandidate, LeadMatches, Named, OpenOpportunity, choose
from sync.plan.matching import named_choice as named
from sync.plan.ranking import ranked_candidates
from sync.policy.schema import AccountKey, AccountSettings, ConversionSettings, OpportunitySettings

LEAD = sf_id("00Q", 1)
A, B, C = sf_id("001", 1), sf_id("001", 2), sf_id("001", 3)
C1, C2 = sf_id("003", 1), sf_id("003", 2)
O1, O2 = sf_id("006", 1), sf_id("006", 2)
POLICY = ConversionSettings()


def account(account_id: str, by: AccountKey, found: str = "acme") -> AccountCandidate:
    return AccountCandidate(account_id=account_id, name="Acme", by=by, found=found)


def ranked(matches: LeadMatches, settings: ConversionSettings = POLICY) -> list[tuple[str, int, str | None]]:
    found = ranked_candidates(matches, choose(matches, settings.account), settings)
    return [(candidate.id, candidate.rank, candidate.lost) for candidate in found]


def matches(*accounts: AccountCandidate, contacts: tuple[ContactCandidate, ...] = ()) -> LeadMatches:
    return LeadMatches(lead_id=LEAD, accounts=accounts, contacts=contacts)


def test_where_there_was_no_choice_nothing_is_listed() -> None:
    assert ranked(matches()) == []
    assert ranked(matches(account(A, "email_domain"), account(A, "company_name"))) == []


def test_an_account_that_only_a_later_key_found_is_second_and_says_why() -> None:
    assert ranked(matches(account(B, "company_name"), account(A, "email_domain"))) == [
        (A, 1, None),
        (B, 2, "email_domain found another, and company_name comes after it in the policy"),
    ]


def test_an_account_that_a_later_key_ruled_out_comes_before_one_that_never_stood() -> None:
    found = matches(
        account(A, "email_domain"), account(B, "email_domain"), account(B, "company_name"), account(C, "company_name")
    )
    assert ranked(found) == [
        (B, 1, None),
        (A, 2, "as close by email_domain, but company_name speaks for another"),
        (C, 3, "email_domain found another, and company_name comes after it in the policy"),
    ]


def test_accounts_equally_close_share_the_first_rank_and_a_person_decides() -> None:
    found = matches(account(B, "email_domain"), account(A, "email_domain"), account(C, "company_name"))
    assert [(one, rank) for one, rank, _ in ranked(found)] == [(A, 1), (B, 1), (C, 3)]
    assert ranked(found)[0][2] == "as close as 1 more, so a person decides"


def test_where_the_policy_makes_a_new_account_of_an_ambiguity_the_candidates_say_so() -> None:
    found = matches(account(B, "email_domain"), account(A, "email_domain"))
    settings = replace(POLICY, account=AccountSettings(ambiguous="new"))
    assert {lost for _, _, lost in ranked(found, settings)} == {"as close as 1 more, so a new one is made"}


def test_an_account_by_a_key_that_the_policy_leaves_out_is_no_candidate() -> None:
    assert ranked(matches(account(A, "email_domain"), account(B, "website"))) == []


def test_contacts_say_to_which_account_they_belong() -> None:
    contacts = (
        ContactCandidate(contact_id=C1, account_id=B),
        ContactCandidate(contact_id=C2, account_id=None),
    )
    found = matches(account(A, "contact_email", C1), contacts=contacts)
    assert ranked(found) == [
        (C1, 1, f"belongs to account {B}, not to the one chosen"),
        (C2, 1, "belongs to no account"),
    ]
    assert ranked(matches(contacts=contacts[:1])) == [(C1, 1, f"belongs to account {B}, and the lead gets a new one")]


def test_two_contacts_of_the_account_with_one_address_share_the_first_rank() -> None:
    contacts = tuple(ContactCandidate(contact_id=one, account_id=A) for one in (C1, C2))
    assert ranked(matches(account(A, "email_domain"), contacts=contacts)) == [
        (one, 1, "as close as 1 more of the account, so a person decides") for one in (C1, C2)
    ]


def test_what_a_person_named_is_taken_and_the_others_say_so() -> None:
    found = matches(account(A, "email_domain"), account(B, "email_domain"))
    told = ranked_candidates(found, named(Named(account_id=B), found), POLICY)
    assert [(one.id, one.rank, one.lost) for one in told] == [(B, 1, None), (A, 2, "a person named another")]


def test_several_open_opportunities_are_listed_where_one_was_to_be_attached_to() -> None:
    held = tuple(OpenOpportunity(opportunity_id=one, account_id=A) for one in (O2, O1))
    found = replace(matches(account(A, "email_domain")), opportunities=held)
    attach = replace(POLICY, opportunity=OpportunitySettings(attach_open=True))
    choice = choose(found, attach.account)
    told = ranked_candidates(found, choice, attach, wants_opportunity=True)
    assert [(one.object, one.id, one.rank) for one in told] == [("Opportunity", O1, 1), ("Opportunity", O2, 1)]
    assert ranked_candidates(found, choice, POLICY, wants_opportunity=True) == ()


def test_the_plan_holds_every_candidate_of_a_held_lead_and_its_file_gives_them_back() -> None:
    row = lead(1)
    found = LeadMatches(lead_id=str(row["id"]), accounts=(account(A, "email_domain"), account(B, "email_domain")))
    made = plan([row], matches=[found])
    (action,) = made.actions
    assert isinstance(action, ConvertLead)
    assert [blocker.code for blocker in action.blockers] == ["ambiguous_account"]
    assert action.candidates == tuple(
        MatchCandidate(
            object="Account",
            id=one,
            rank=1,
            reasons=("e-mail domain acme",),
            lost="as close as 1 more, so a person decides",
        )
        for one in (A, B)
    )
    assert decode(encode(made)) == made


@given(
    st.lists(
        st.builds(account, st.sampled_from([A, B, C]), st.sampled_from(["contact_email", "email_domain", "website"])),
        max_size=8,
    ),
    st.permutations(["contact_email", "email_domain", "company_name", "website"]),
    st.integers(min_value=1, max_value=4),
)
def test_each_candidate_stands_once_and_the_one_taken_is_the_one_chosen(
    accounts: list[AccountCandidate], keys: list[AccountKey], used: int
) -> None:
    settings = replace(POLICY, account=AccountSettings(match=tuple(keys[:used])))
    found = matches(*accounts)
    choice = choose(found, settings.account)
    told = ranked_candidates(found, choice, settings, also_alone=True)
    assert sorted(one.id for one in told) == sorted({one.account_id for one in accounts if one.by in keys[:used]})
    assert [one.id for one in told if one.lost is None] == ([choice.account_id] if choice.account_id else [])
    assert [one.rank for one in told] == sorted(one.rank for one in told)
    closest = [one.id for one in told if one.rank == 1]
    assert closest == ([choice.account_id] if choice.account_id else [c.account_id for c in choice.ambiguous_accounts])

from __future__ import annotations

from datetime import timedelta

import pytest
from plan_factories import NOW, OWNER, lead, plan

from sync.errors import GuardRefused
from sync.plan.guards import Overrides, enforce, refusals
from sync.plan.render import rows, summary
from sync.policy.schema import Limits

OPEN = Limits(share_of_open=None)
THREE = plan([lead(1), lead(2), lead(3, company=None)])


@pytest.mark.parametrize(
    ("limits", "later", "calls", "guard", "override", "lifted"),
    [
        (Limits(conversions=1, share_of_open=None), 0, None, "limits.conversions", "--max-conversions 2",
         Overrides(max_conversions=2)),
        (Limits(share_of_open=0.5), 0, None, "limits.share_of_open", "--max-share 67%", Overrides(max_share=0.67)),
        (Limits(share_of_open=None, per_owner=1), 0, None, "limits.per_owner", "--max-per-owner 2",
         Overrides(max_per_owner=2)),
        (Limits(share_of_open=None), 25, None, "limits.max_mirror_age_hours", "--allow-stale",
         Overrides(allow_stale=True)),
        (Limits(share_of_open=None, api_reserve=0.2), 0, (799, 1000), "limits.api_reserve", "--api-reserve 19%",
         Overrides(api_reserve=0.19)),
        (Limits(share_of_open=None, api_reserve=0.2), 0, (999, 1000), "limits.api_reserve", "--api-reserve 0%",
         Overrides(api_reserve=0.0)),
    ],
    ids=["count", "share", "per_owner", "stale", "reserve", "fewer_left_than_needed"],
)  # fmt: skip
def test_a_guard_refuses_and_its_override_lifts_it(*, limits, later, calls, guard, override, lifted) -> None:
    now = NOW + timedelta(hours=later)
    (refusal,) = refusals(THREE, limits, now=now, api_calls=calls)
    assert (refusal.guard, refusal.override) == (guard, override)
    assert refusals(THREE, limits, now=now, api_calls=calls, overrides=lifted) == ()


def test_blocked_leads_do_not_count_against_the_limit() -> None:
    assert refusals(THREE, Limits(conversions=2, share_of_open=None), now=NOW) == ()


def test_one_lead_of_a_small_org_is_no_surprising_share() -> None:
    assert refusals(plan([lead(1)]), Limits(share_of_open=0.2), now=NOW) == ()


def test_an_empty_mirror_is_refused() -> None:
    (refusal,) = refusals(plan([]), OPEN, now=NOW)
    assert refusal.override == "--allow-empty"
    assert refusals(plan([]), OPEN, now=NOW, overrides=Overrides(allow_empty=True)) == ()


def test_all_refusals_are_told_at_once_with_all_overrides() -> None:
    limits = Limits(conversions=1, share_of_open=0.5)
    with pytest.raises(GuardRefused) as refused:
        enforce(refusals(THREE, limits, now=NOW))
    assert "--max-conversions 2" in str(refused.value.fix)
    assert "--max-share 67%" in str(refused.value.fix)
    assert refused.value.exit_code == 6
    enforce(())


def test_the_rows_say_what_becomes_of_each_lead() -> None:
    first, _, blocked = rows(THREE)
    assert first.what == "convert to Closed - Converted"
    assert (first.account, first.opportunity) == ("new Company 1", "new Company 1")
    assert first.reasons == ("priced",)
    assert blocked.blockers[0].startswith("REQUIRED_FIELD_MISSING (Company): the lead has no Company. Fix:")


def test_the_summary_counts_what_will_be_sent() -> None:
    figures = summary(THREE)
    assert (figures.will_convert, figures.will_update) == (2, 0)
    assert figures.creates == (("Account", 2), ("Contact", 2), ("Opportunity", 2))
    assert figures.blocked_by == (("REQUIRED_FIELD_MISSING", 1),)
    assert dict(figures.lost_fields) == {"Budget__c": 2, "Pricing_Discussed__c": 2}
    assert figures.kept_fields == figures.cut_fields == figures.left_children == ()
    assert OWNER not in repr(figures)

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from plan_factories import MODIFIED, NOW, decision, described, facts, lead, plan, policy, sf_id
from planned import ACME, at_acme, codes, conversions

from sync.errors import PolicyInvalid
from sync.plan.actions import Prediction
from sync.plan.facts import (
    FieldFact,
    ObjectFact,
    RefusedBefore,
    StatusFact,
    StatusWrite,
)
from sync.plan.propose import converted_status
from sync.policy.decision import Verdict
from sync.policy.schema import ConversionSettings, OpportunitySettings


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"is_converted": True}, "CANNOT_UPDATE_CONVERTED_LEAD", None),
        ({"is_deleted": True}, "ENTITY_IS_DELETED", None),
        ({"company": None}, "REQUIRED_FIELD_MISSING", "Company"),
        ({"last_name": ""}, "REQUIRED_FIELD_MISSING", "LastName"),
        ({"company": "x" * 81}, "STRING_TOO_LONG", "Opportunity.Name"),
    ],
    ids=["converted", "deleted", "no_company", "no_last_name", "long_name"],
)
def test_what_the_lead_itself_lacks_is_predicted(values, code, field) -> None:
    (action,) = conversions(plan([lead(1, **values)]))
    assert action.prediction is Prediction.BLOCKED
    assert (action.blockers[0].code, action.blockers[0].field) == (code, field)
    assert action.blockers[0].fix


def test_a_lead_without_company_is_held_where_it_would_become_a_person_account() -> None:
    org = facts(objects=[described("Account", FieldFact(name="IsPersonAccount", label="Is Person Account"))])
    (action,) = conversions(plan([lead(1, company=None)], org=org))
    assert codes(action) == ["person_account"]


def test_an_amount_keeps_its_currency_where_the_org_has_several_and_is_held_where_that_is_unknown() -> None:
    org = facts(objects=[described("Opportunity", FieldFact(name="CurrencyIsoCode", label="Currency"))])
    rows = [lead(1, currency="EUR"), lead(2)]
    known, unknown = conversions(plan(rows, decisions=[decision(row, amount=5000) for row in rows], org=org))
    assert (codes(known), known.convert.opportunity_fields["CurrencyIsoCode"]) == ([], "EUR")
    assert codes(unknown) == ["currency_unknown"]


def test_a_name_of_exactly_eighty_characters_passes() -> None:
    (action,) = conversions(plan([lead(1, company="x" * 80)]))
    assert codes(action) == []


def test_a_required_field_without_a_source_blocks_every_lead_and_names_the_field() -> None:
    org = facts(objects=[described("Account", FieldFact(name="Region__c", label="Region", required=True, custom=True))])
    (action,) = conversions(plan([lead(1)], org=org))
    assert [(b.code, b.field) for b in action.blockers] == [("REQUIRED_FIELD_MISSING", "Account.Region__c")]
    assert "map a lead field" in action.blockers[0].fix


def test_a_required_field_of_the_same_name_blocks_only_leads_where_it_is_empty() -> None:
    need = FieldFact(name="Pain_Point__c", label="Pain", required=True, custom=True)
    org = facts(objects=[described("Opportunity", need)])
    empty, filled = conversions(plan([lead(1), lead(2, pain_point="slow quotes")], org=org))
    assert codes(empty) == ["REQUIRED_FIELD_MISSING"]
    assert "fill Pain_Point__c on the lead" in empty.blockers[0].fix
    assert codes(filled) == []


def test_a_required_field_that_the_admin_mapped_is_filled_through_that_mapping() -> None:
    need = FieldFact(name="Region__c", label="Region", required=True, custom=True)
    org = facts(objects=[described("Account", need)], field_map={"Pain_Point__c": ("Account.Region__c",)})
    empty, filled = conversions(plan([lead(1), lead(2, pain_point="EMEA")], org=org))
    assert codes(empty) == ["REQUIRED_FIELD_MISSING"]
    assert codes(filled) == []


def test_a_required_account_field_does_not_matter_when_an_account_is_matched() -> None:
    org = facts(objects=[described("Account", FieldFact(name="Region__c", label="R", required=True, custom=True))])
    (action,) = conversions(plan([lead(1)], org=org, matches=[at_acme(lead(1), 1)]))
    assert codes(action) == []


def test_missing_rights_are_predicted() -> None:
    org = facts(objects=[described("Contact", createable=False)], may_convert=False, session_converts=False)
    (action,) = conversions(plan([lead(1)], org=org))
    assert codes(action) == ["INVALID_SESSION_ID", *["INSUFFICIENT_ACCESS_OR_READONLY"] * 2]


def test_converting_needs_rights_on_all_three_objects_also_where_the_records_exist() -> None:
    org = facts(objects=[ObjectFact(name="Opportunity", createable=False, updateable=False)])
    row = lead(1)
    (action,) = conversions(
        plan([row], decisions=[decision(row, wants_opportunity=False)], org=org, matches=[at_acme(row, 1)])
    )
    assert [(b.code, b.fix) for b in action.blockers] == [
        ("INSUFFICIENT_ACCESS_OR_READONLY", "give the user Create and Edit on Opportunity")
    ]


@pytest.mark.parametrize(
    ("values", "kept", "blocked"),
    [
        (frozenset({"Web", "Fair"}), None, []),
        (frozenset({"Fair"}), None, ["Account.Source__c"]),
        (None, None, []),
        (frozenset({"Fair"}), {"Source__c": "Fair"}, []),
        (frozenset({"Fair"}), {"Source__c": None}, ["Account.Source__c"]),
        (frozenset({"Fair"}), {"Name": "Acme"}, []),
    ],
    ids=["taken", "not taken", "not restricted", "existing value kept", "blank filled", "not known to be blank"],
)
def test_a_value_that_the_targets_restricted_picklist_lacks_is_predicted(values, kept, blocked) -> None:
    row = lead(1, pain_point="Web")
    source = FieldFact(name="Source__c", label="Source", values=values)
    org = facts(objects=[described("Account", source)], field_map={"Pain_Point__c": ("Account.Source__c",)})
    matches = [] if kept is None else [at_acme(row, 1)]
    (action,) = conversions(plan([row], org=org, matches=matches, attached={} if kept is None else {ACME: kept}))
    assert [b.field for b in action.blockers] == blocked
    assert "Web" not in repr(action.blockers)


def test_a_status_that_does_not_convert_is_refused_before_the_org_does() -> None:
    (action,) = conversions(plan([lead(1)], conversion=ConversionSettings(status="Working - Contacted")))
    assert codes(action) == ["INVALID_STATUS"]


def test_of_several_converted_statuses_none_is_guessed() -> None:
    org = facts()
    more = StatusFact(api_name="Qualified", label="Qualified", converted=True)
    with pytest.raises(PolicyInvalid, match="2 converted statuses"):
        converted_status(policy(), replace(org, statuses=(*org.statuses, more)))


def test_a_transition_to_a_converted_or_unknown_status_is_blocked() -> None:
    one, two = lead(1), lead(2)
    made = plan(
        [one, two],
        decisions=[
            decision(one, Verdict.BLOCKED, to="Closed - Converted"),
            decision(two, Verdict.BLOCKED, to="Nonsense"),
        ],
    )
    assert [codes(action) for action in made.actions] == [["INVALID_STATUS"], ["INVALID_STATUS"]]


def test_a_status_that_somebody_keeps_setting_back_is_not_set_a_third_time() -> None:
    row = lead(1, status="Open - Not Contacted")
    writes = tuple(StatusWrite(to="Working - Contacted", at=NOW - timedelta(days=n)) for n in (1, 2))
    org = facts(status_writes={row["id"]: writes})
    (action,) = plan([row], decisions=[decision(row, Verdict.BLOCKED, to="Working - Contacted")], org=org).actions
    assert codes(action) == ["flip_flop"]


@pytest.mark.parametrize(("changed", "held"), [(False, ["refused_before"]), (True, [])])
def test_what_the_org_refused_is_held_until_the_lead_changes(*, changed: bool, held: list[str]) -> None:
    row = lead(1)
    stamp = MODIFIED - timedelta(minutes=1) if changed else MODIFIED
    no = RefusedBefore(
        kind="convert_lead",
        to="Closed - Converted",
        code="FIELD_CUSTOM_VALIDATION_EXCEPTION",
        at=NOW,
        lead_modstamp=stamp,
    )
    (action,) = plan([row], org=facts(refused={str(row["id"]): (no,)})).actions
    assert codes(action) == held


def test_a_lead_that_stands_for_a_conversion_taken_back_is_held() -> None:
    row = lead(1)
    (action,) = plan([row], org=facts(compensated={str(row["id"]): sf_id("00Q", 99)})).actions
    assert codes(action) == ["compensated"]
    assert sf_id("00Q", 99) in action.blockers[0].message


def test_a_refusal_of_another_status_holds_nothing() -> None:
    row = lead(1, status="Open - Not Contacted")
    no = RefusedBefore(kind="update_status", to="Nurturing", code="INVALID_STATUS", at=NOW, lead_modstamp=MODIFIED)
    org = facts(refused={str(row["id"]): (no,)})
    (action,) = plan([row], decisions=[decision(row, Verdict.BLOCKED, to="Working - Contacted")], org=org).actions
    assert codes(action) == []


def test_an_unknown_stage_is_predicted() -> None:
    settings = ConversionSettings(opportunity=OpportunitySettings(stage="Old"))
    (action,) = conversions(plan([lead(1)], conversion=settings))
    assert codes(action) == ["INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]


def test_a_converted_status_outside_of_the_leads_own_process_is_held_with_the_way_to_mend_it() -> None:
    partner, master = sf_id("012", 1), sf_id("012", 2)
    known = facts(
        lead_processes={partner: frozenset({"Open - Not Contacted"}), master: frozenset({"Closed - Converted"})},
        record_types={sf_id("00Q", 1): partner, sf_id("00Q", 2): master},
    )
    held, free, without = conversions(plan([lead(1), lead(2), lead(3)], org=known))
    assert codes(held) == ["INVALID_STATUS"]
    assert partner in held.blockers[0].message
    assert codes(free) == codes(without) == []

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from plan_factories import IDLE, MODIFIED, NOW, OWNER, QUEUE, decision, described, facts, lead, plan, policy, sf_id

from sync.errors import PolicyInvalid
from sync.plan.actions import ConvertLead, Plan, Prediction, UpdateStatus
from sync.plan.facts import (
    ChildrenFact,
    DuplicateFact,
    FieldFact,
    ObjectFact,
    RefusedBefore,
    StatusFact,
    StatusWrite,
)
from sync.plan.matching import AccountCandidate, ContactCandidate, LeadMatches, OpenOpportunity
from sync.plan.propose import converted_status
from sync.policy.decision import Evidence, Verdict
from sync.policy.schema import AccountSettings, ConversionSettings, OpportunitySettings

ACME = sf_id("001", 1)
CONTACT = sf_id("003", 1)


def conversions(made: Plan) -> list[ConvertLead]:
    return [action for action in made.actions if isinstance(action, ConvertLead)]


def codes(action: ConvertLead | UpdateStatus) -> list[str]:
    return [blocker.code for blocker in action.blockers]


def at_acme(row: dict[str, object] | object, number: int) -> LeadMatches:
    return LeadMatches(
        lead_id=sf_id("00Q", number),
        accounts=(AccountCandidate(account_id=ACME, name="Acme", by="company_name", found="acme"),),
    )


def test_a_ready_lead_becomes_a_conversion_that_says_what_it_makes() -> None:
    made = plan([lead(1)])
    (action,) = conversions(made)
    assert action.prediction is Prediction.WILL_SUCCEED
    assert action.creates == ("Account", "Contact", "Opportunity")
    assert action.convert.status == "Closed - Converted"
    assert action.convert.account.name == "Company 1"
    assert made.counts == {
        "leads": 1,
        "ready": 1,
        "blocked": 0,
        "out_of_scope": 0,
        "open_leads": 1,
        "update_status": 0,
        "convert_lead": 1,
        "will_succeed": 1,
        "predicted_blocked": 0,
    }


def test_a_lead_that_is_not_ready_gets_only_its_transition() -> None:
    row = lead(1, status="Open - Not Contacted")
    made = plan([row], decisions=[decision(row, Verdict.BLOCKED, to="Working")])
    (action,) = made.actions
    assert isinstance(action, UpdateStatus)
    assert (action.from_, action.to) == ("Open - Not Contacted", "Working - Contacted")


def test_a_lead_that_will_be_converted_gets_no_status_update_beside_it() -> None:
    row = lead(1)
    made = plan([row], decisions=[decision(row, to="Open - Not Contacted")])
    assert [action.kind for action in made.actions] == ["convert_lead"]


def test_a_lead_whose_conversion_is_blocked_still_gets_its_status() -> None:
    row = lead(1, company=None)
    made = plan([row], decisions=[decision(row, to="Open - Not Contacted")])
    assert [(a.kind, a.prediction.value) for a in made.actions] == [
        ("update_status", "will_succeed"),
        ("convert_lead", "blocked"),
    ]


def test_a_forced_lead_is_converted_and_marked_as_forced() -> None:
    row = lead(1)
    made = plan([row], decisions=[decision(row, Verdict.BLOCKED)], forced=(str(row["id"]),))
    (action,) = conversions(made)
    assert action.decision.forced
    assert action.decision.verdict == "blocked"


def test_the_same_input_gives_the_same_plan() -> None:
    assert plan([lead(1), lead(2)]) == plan([lead(2), lead(1)])


def test_the_precondition_holds_deciding_fields_by_api_name_and_people_only_as_digests() -> None:
    (action,) = conversions(plan([lead(1)], deciding=("pricing_discussed", "budget")))
    expected = action.expects
    assert expected.system_modstamp == MODIFIED
    assert expected.values["Pricing_Discussed__c"] is True
    assert expected.values["Budget__c"] == Decimal(5000)
    assert expected.values["IsConverted"] is False
    assert expected.values["OwnerId"] == OWNER
    assert str(expected.values["Email"]).startswith("sha256:")
    assert expected.values["Website"] is None


def test_evidence_stands_in_the_plan_as_record_ids_only() -> None:
    row, task = lead(1), sf_id("00T", 1)
    found = Evidence(signal="pricing_talk", object="Task", record_id=task, at=NOW, quote="the price is 100")
    lead_id = str(row["id"])
    first = plan([row], evidence={lead_id: (found,)}, stamps={task: MODIFIED})
    later = plan([row], evidence={lead_id: (found,)}, stamps={task: MODIFIED + timedelta(seconds=1)})
    assert first.actions[0].decision.evidence == (task,)
    assert first.actions[0].expects.activities not in {"", later.actions[0].expects.activities}
    assert "the price" not in repr(first)


def test_planned_opportunity_fields_come_from_policy_and_decision() -> None:
    settings = ConversionSettings(
        opportunity=OpportunitySettings(name="{company} {missing}", stage="Qualification", close_in_days=60)
    )
    row = lead(1)
    (action,) = conversions(plan([row], decisions=[decision(row, amount=250.5)], conversion=settings))
    assert action.convert.opportunity is not None
    assert action.convert.opportunity.name == "Company 1"
    assert action.convert.opportunity_fields == {
        "StageName": "Qualification",
        "CloseDate": date(2026, 7, 3),
        "Amount": Decimal("250.5"),
    }


def test_no_opportunity_is_made_where_the_policy_wants_none() -> None:
    row = lead(1)
    (action,) = conversions(plan([row], decisions=[decision(row, wants_opportunity=False)]))
    assert action.convert.opportunity is None
    assert action.creates == ("Account", "Contact")


def test_one_open_opportunity_of_the_account_is_attached_to_when_the_policy_says_so() -> None:
    found = replace(
        at_acme(lead(1), 1),
        opportunities=(OpenOpportunity(opportunity_id=sf_id("006", 1), account_id=ACME, name="Renewal"),),
    )
    settings = ConversionSettings(opportunity=OpportunitySettings(attach_open=True, stage="Qualification"))
    (action,) = conversions(plan([lead(1)], conversion=settings, matches=[found]))
    assert action.matches == {"Account": ACME, "Opportunity": sf_id("006", 1)}
    assert action.convert.opportunity_fields == {}


@pytest.mark.parametrize(
    ("settings", "owner", "expected"),
    [
        (ConversionSettings(), OWNER, (None, [])),
        (ConversionSettings(), QUEUE, (None, ["INVALID_OWNER"])),
        (ConversionSettings(), IDLE, (None, ["INACTIVE_OWNER_OR_USER"])),
        (ConversionSettings(queue_owner="ann@org.example"), QUEUE, (OWNER, [])),
        (ConversionSettings(queue_owner=OWNER), IDLE, (OWNER, [])),
        (ConversionSettings(owner="ANN@org.example"), QUEUE, (OWNER, [])),
        (ConversionSettings(owner=IDLE), OWNER, (IDLE, ["INACTIVE_OWNER_OR_USER"])),
        (ConversionSettings(owner="nobody@org.example"), OWNER, (None, ["INVALID_CROSS_REFERENCE_KEY"])),
    ],
    ids=["active", "queue", "inactive", "queue_owner", "queue_owner_for_inactive", "named", "named_idle", "nobody"],
)
def test_the_new_records_get_a_valid_owner_or_the_lead_is_held(settings, owner, expected) -> None:
    (action,) = conversions(plan([lead(1, owner_id=owner)], conversion=settings))
    assert (action.convert.owner_id, codes(action)) == expected


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


def test_an_unknown_stage_is_predicted() -> None:
    settings = ConversionSettings(opportunity=OpportunitySettings(stage="Old"))
    (action,) = conversions(plan([lead(1)], conversion=settings))
    assert codes(action) == ["INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]


def test_the_loss_report_names_what_goes_nowhere() -> None:
    org = facts(objects=[described("Account", FieldFact(name="Phone", label="Phone", length=10))])
    row = lead(1, pain_point="slow quotes", phone="+1 555 0100 200")
    found = ContactCandidate(contact_id=CONTACT, account_id=None)
    assert found.account_id is None
    (action,) = conversions(plan([row], org=org))
    assert [(loss.kind, loss.field) for loss in action.losses] == [
        ("unmapped_field", "Budget__c"),
        ("unmapped_field", "Pain_Point__c"),
        ("truncated", "Phone"),
        ("unmapped_field", "Pricing_Discussed__c"),
    ]


def test_custom_records_that_stay_on_the_converted_lead_are_in_the_loss_report() -> None:
    row = lead(1)
    demos = ChildrenFact(object="Demo__c", field="Lead__c", count=2)
    (action,) = conversions(plan([row], org=facts(children={str(row["id"]): (demos,)})))
    (loss,) = [loss for loss in action.losses if loss.kind == "children"]
    assert (loss.field, loss.detail.split(" to ")[0]) == ("Demo__c.Lead__c", "2 records point")


def test_values_that_an_existing_record_keeps_are_in_the_loss_report() -> None:
    row = lead(1, phone="+1 555 0100", website="https://new.example")
    org = facts(objects=[described("Account", FieldFact(name="Website", label="Website"))])
    kept = {ACME: {"Phone": "+1 555 0199", "Website": None, "Name": "Company 1"}}
    (action,) = conversions(plan([row], org=org, matches=[at_acme(row, 1)], attached=kept))
    assert [loss.field for loss in action.losses if loss.kind == "kept_by_target"] == ["Phone"]
    assert "0199" not in repr(action.losses)


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

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import pytest
from plan_factories import decision, described, facts, lead, mapping, plan, sf_id

from sync.model import Record, Value
from sync.plan.actions import Action, ConvertLead, Plan, Prediction
from sync.plan.codec import decode
from sync.plan.document import encode
from sync.plan.facts import FieldFact, ObjectFact, OrgFacts, RuleFact
from sync.plan.formula import parse_formula
from sync.plan.formula.values import FILLED, UNKNOWN
from sync.plan.matching import AccountCandidate, LeadMatches
from sync.plan.propose import by_api_name
from sync.plan.render import summary
from sync.plan.to_be import record_filled, seen
from sync.policy.decision import Verdict
from sync.policy.schema import ConversionSettings, RuleChoice

ACCOUNT = sf_id("001", 1)


def field(
    name: str, kind: str = "string", *, custom: bool = False, createable: bool = True, calculated: bool = False
) -> FieldFact:
    return FieldFact(name=name, label=name, type=kind, custom=custom, createable=createable, calculated=calculated)


LEAD = ObjectFact(
    name="Lead",
    fields={
        one.name: one
        for one in (
            field("Status", "picklist"),
            field("Company"),
            field("Website", "url"),
            field("Phone", "phone"),
            field("Budget__c", "currency", custom=True),
            field("Pain_Point__c", custom=True),
            field("Score__c", "double", custom=True, calculated=True),
            field("IsConverted", "boolean", createable=False),
        )
    },
)
NEW_ACCOUNT = described("Account", field("Website", "url"), field("Segment__c", custom=True), field("Type", "picklist"))


def rule(formula: str | None, *, on: str = "Account", shown: str | None = None) -> RuleFact:
    parsed = parse_formula(formula) if formula is not None else None
    return RuleFact(object=on, name="Sane", message="Not like this.", field=shown, formula=parsed, unread="its formula")


def org(*rules: RuleFact, obeyed: bool | None = True) -> OrgFacts:
    by_object = {one.object: tuple(each for each in rules if each.object == one.object) for one in rules}
    return facts(objects=[LEAD, NEW_ACCOUNT], rules=by_object, rules_at_conversion=obeyed)


def only(made: Plan) -> Action:
    (action,) = made.actions
    return action


def test_a_rule_that_is_true_of_the_new_record_holds_the_lead_and_says_what_to_mend() -> None:
    action = only(plan([lead(1)], org=org(rule("ISBLANK(Website)", shown="Website"))))

    (blocker,) = action.blockers
    assert action.prediction is Prediction.BLOCKED
    assert (blocker.code, blocker.field) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Account.Website")
    assert blocker.message == "the validation rule Sane refuses the new Account: Not like this."
    assert blocker.fix.startswith("look at Website on the lead, or change the rule in Setup")


def test_a_rule_that_is_not_true_of_it_says_nothing() -> None:
    action = only(plan([lead(1, website="acme.example")], org=org(rule("ISBLANK(Website)"))))

    assert (action.blockers, action.warnings) == ((), ())


@pytest.mark.parametrize(
    ("policy", "obeyed", "held", "warned"),
    [
        ("org", True, 1, 0),
        ("org", None, 0, 1),
        ("org", False, 0, 0),
        ("hold", True, 1, 0),
        ("hold", None, 1, 0),
        ("hold", False, 0, 0),
        ("warn", True, 0, 1),
        ("warn", None, 0, 1),
        ("warn", False, 0, 0),
    ],
)
def test_whether_the_org_holds_conversions_to_its_rules_decides_with_the_policy(
    policy: RuleChoice, obeyed: Literal[True, False] | None, held: int, warned: int
) -> None:
    settings = ConversionSettings(validation_rules=policy)
    action = only(plan([lead(1)], org=org(rule("ISBLANK(Website)"), obeyed=obeyed), conversion=settings))

    assert (len(action.blockers), len(action.warnings)) == (held, warned)


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        ("$User.Alias = 'x'", "it depends on $User.Alias"),
        ("ISBLANK(Segment__c)", "it depends on Segment__c"),  # the org's own mapping may fill it
        ("VLOOKUP(a, b, Website) = 'x'", "it depends on VLOOKUP()"),
        (None, "it depends on its formula"),
    ],
)
def test_what_can_not_be_told_is_a_warning_and_the_lead_is_sent(formula: str | None, why: str) -> None:
    made = plan([lead(1)], org=org(rule(formula)))
    action = only(made)

    assert action.prediction is Prediction.WILL_SUCCEED
    (warning,) = action.warnings
    assert warning.code == "validation_rule"
    assert why in warning.message
    assert summary(made).warnings == ((warning.message, 1),)
    assert decode(encode(made)) == made


def test_a_lead_that_something_else_holds_has_no_warnings() -> None:
    assert only(plan([lead(1, company=None)], org=org(rule("$User.Alias = 'x'")))).warnings == ()


def test_a_user_who_may_not_read_the_rules_is_told_so_once_for_the_plan() -> None:
    made = plan([lead(1), lead(2)], org=facts(rules_refused="INVALID_TYPE"))

    (remark,) = made.remarks
    assert "INVALID_TYPE" in remark
    assert "View Setup and Configuration" in remark
    assert decode(encode(made)).remarks == made.remarks


@pytest.mark.parametrize(
    ("formula", "held"),
    [
        ("AND(IsConverted, ISBLANK(Website))", 1),
        ("ISCHANGED(IsConverted) && ISPICKVAL(PRIORVALUE(Status), 'Working - Contacted')", 1),
        ("ISPICKVAL(Status, 'Working - Contacted')", 0),
        ("ISCHANGED(Company)", 0),
        ("ISNEW()", 0),
        ("Budget__c > 4999.99", 1),
    ],
)
def test_the_lead_itself_is_judged_as_its_conversion_leaves_it(formula: str, held: int) -> None:
    action = only(plan([lead(1, budget=Decimal(5000))], org=org(rule(formula, on="Lead"))))

    assert len(action.blockers) == held
    assert action.warnings == ()


def test_a_formula_field_of_the_lead_can_not_be_told() -> None:
    (warning,) = only(plan([lead(1)], org=org(rule("Score__c > 1", on="Lead")))).warnings

    assert "Score__c" in warning.message


def update(row: Record, found: OrgFacts) -> Action:
    return only(plan([row], decisions=[decision(row, Verdict.BLOCKED, to="Open - Not Contacted")], org=found))


def test_a_status_update_obeys_the_leads_rules_whatever_the_lead_settings_say() -> None:
    found = org(rule("ISPICKVAL(Status, 'Open - Not Contacted') && ISBLANK(Phone)", on="Lead"), obeyed=False)

    assert update(lead(1), found).blockers[0].code == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert update(lead(1, phone="+1 555 0100"), found).prediction is Prediction.WILL_SUCCEED


def test_a_status_update_under_a_rule_that_can_not_be_told_is_sent_with_a_warning() -> None:
    action = update(lead(1), org(rule("$Permission.Bypass", on="Lead"), obeyed=False))

    assert action.prediction is Prediction.WILL_SUCCEED
    assert "$Permission.Bypass" in action.warnings[0].message


def attached(existing: Value, **values: Value) -> Action:
    found = LeadMatches(
        lead_id=sf_id("00Q", 1),
        accounts=(AccountCandidate(account_id=ACCOUNT, name="Company 1", by="company_name", found="company 1"),),
    )
    return only(
        plan(
            [lead(1, **values)],
            org=org(rule("CONTAINS(Website, 'bad')")),
            matches=[found],
            attached={ACCOUNT: {"Id": ACCOUNT, "Website": existing, "Phone": None}},
        )
    )


def test_an_existing_record_is_judged_with_its_own_values_and_its_blanks_filled() -> None:
    assert attached(None, website="bad.example").blockers
    assert attached("good.example", website="bad.example").warnings == ()
    assert attached("bad.example", website="good.example", phone="+1 555 0100").blockers


def test_an_existing_record_that_the_conversion_may_not_save_at_all_is_only_warned_of() -> None:
    action = attached("bad.example")

    assert isinstance(action, ConvertLead)
    assert action.prediction is Prediction.WILL_SUCCEED
    assert "no change of that record is certain" in action.warnings[0].message


def judged(on: str, formula: str, *fields: FieldFact, **values: Value) -> str:
    """What becomes of a lead under one rule on a new record with these fields: `held`, `sent` or `warned`."""
    known = {one.name: one for one in (LEAD, NEW_ACCOUNT, described(on, *fields))}
    declared = {"Pain_Point__c": ("Account.Segment__c",), "Budget__c": ("Account.Segment__c",)}
    found = facts(
        objects=known.values(), rules={on: (rule(formula, on=on),)}, rules_at_conversion=True, field_map=declared
    )
    action = only(plan([lead(1, **values)], org=found))
    return "held" if action.blockers else "warned" if action.warnings else "sent"


SEGMENT = field("Segment__c", custom=True)


@pytest.mark.parametrize(
    ("pain", "fate"), [("slow", "held"), ("none", "sent"), (None, "sent"), ("x" * 300, "warned")], ids=str
)
def test_a_custom_field_is_known_where_the_mapping_says_what_fills_it(pain: Value, fate: str) -> None:
    segment = FieldFact(name="Segment__c", label="Segment", custom=True, length=255)

    assert judged("Account", "Segment__c = 'slow'", segment, pain_point=pain, budget=None) == fate


def test_two_lead_fields_that_fill_one_field_with_different_values_leave_it_open() -> None:
    assert judged("Account", "Segment__c = 'slow'", SEGMENT, pain_point="slow", budget=Decimal(5)) == "warned"


def test_a_field_that_is_filled_from_a_lead_field_outside_the_mapping_is_unknown() -> None:
    assert judged("Contact", "ISBLANK(Title)", field("Title")) == "held"  # the org's leads have no Title at all
    lead_with_title = ObjectFact(name="Lead", fields={**LEAD.fields, "Title": field("Title")})
    found = facts(
        objects=[lead_with_title, described("Contact", field("Title"))],
        rules={"Contact": (rule("ISBLANK(Title)", on="Contact"),)},
        rules_at_conversion=True,
    )
    assert only(plan([lead(1)], org=found)).warnings


@pytest.mark.parametrize(
    ("formula", "fate"),
    [
        ("ISBLANK(StageName) || ISBLANK(CloseDate) || ISBLANK(AccountId) || ISBLANK(OwnerId)", "sent"),
        ("ISPICKVAL(StageName, 'Prospecting')", "warned"),
        ("BEGINS(Name, 'Company')", "held"),
        ("ISBLANK(Amount)", "held"),  # set after the conversion
        ("Probability > 50", "warned"),
        ("IsHot__c", "warned"),
        ("IsPrivate", "sent"),
        ("HasLineItem", "warned"),
    ],
)
def test_what_the_org_itself_puts_into_a_new_opportunity_is_not_guessed(formula: str, fate: str) -> None:
    fields = [
        field("Name"),
        field("StageName", "picklist"),
        field("CloseDate", "date"),
        field("AccountId", "reference"),
        field("OwnerId", "reference"),
        field("Amount", "currency"),
        field("Probability", "percent"),
        field("IsPrivate", "boolean"),
        field("HasLineItem", "boolean", createable=False),
        FieldFact(name="IsHot__c", label="Hot", type="boolean", custom=True, defaulted=True),
    ]
    assert judged("Opportunity", formula, *fields) == fate


def test_the_address_of_an_existing_record_is_filled_whole_or_not_so_a_part_of_it_is_unknown() -> None:
    account = described("Account", field("BillingCity"), field("Website", "url"))
    found = facts(
        objects=[ObjectFact(name="Lead", fields={**LEAD.fields, "City": field("City")}), account],
        rules={"Account": (rule("BillingCity = 'Bonn'"),)},
        rules_at_conversion=True,
    )
    row = by_api_name(lead(1, website="acme.example"), mapping()["lead"])
    filled = record_filled(
        "Account", {"BillingCity": None, "Website": None}, {**row, "City": "Bonn"}, found, overwritten=frozenset()
    )

    assert filled.certain
    assert filled.scope.after("billingcity") is UNKNOWN
    assert filled.scope.after("website") == "acme.example"


def test_an_overwritten_lead_source_replaces_the_contacts_own() -> None:
    contact = described("Contact")
    found = facts(objects=[LEAD, contact])

    def source(overwritten: frozenset[str]) -> object:
        save = record_filled("Contact", {"LeadSource": "Web"}, {"LeadSource": "Fair"}, found, overwritten=overwritten)
        return save.scope.after("leadsource")

    assert (source(frozenset()), source(frozenset({"leadsource"}))) == ("Web", "Fair")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("string", None, ""),
        ("picklist", "Web", "Web"),
        ("boolean", None, False),
        ("double", None, None),
        ("currency", 12.5, Decimal("12.5")),
        ("int", 3, Decimal(3)),
        ("date", None, None),
        ("reference", None, ""),
        ("reference", ACCOUNT, FILLED),
        ("encryptedstring", "x", UNKNOWN),
        ("double", "many", UNKNOWN),
        ("address", None, UNKNOWN),
    ],
)
def test_a_value_is_seen_as_a_formula_sees_it(kind: str, value: Value, expected: object) -> None:
    assert seen(value, field("X", kind)) == expected

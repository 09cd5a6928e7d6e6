from __future__ import annotations

from decimal import Decimal
from typing import Literal

import pytest
from plan_factories import decision, described, facts, lead, plan, sf_id

from sync.model import Record, Value
from sync.plan.actions import Action, ConvertLead, Plan, Prediction
from sync.plan.codec import decode
from sync.plan.document import encode
from sync.plan.facts import FieldFact, ObjectFact, OrgFacts, RuleFact
from sync.plan.formula import parse_formula
from sync.plan.matching import AccountCandidate, LeadMatches
from sync.plan.render import summary
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

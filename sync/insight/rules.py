"""An org's validation rules as planning takes them: read, each with its formula or the reason why it has none."""

from __future__ import annotations

from sync.plan.facts import RuleFact
from sync.plan.formula import FormulaUnreadable, parse_formula
from sync.salesforce.org import ValidationRule, ValidationRules


def rule_facts(found: ValidationRules) -> dict[str, tuple[RuleFact, ...]]:
    """The rules by object."""
    by_object: dict[str, tuple[RuleFact, ...]] = {}
    for rule in found.rules:
        by_object[rule.object] = (*by_object.get(rule.object, ()), _rule_fact(rule))
    return by_object


def _rule_fact(rule: ValidationRule) -> RuleFact:
    formula, unread = None, "its formula, which the org doesn't show"
    if rule.formula is not None:
        try:
            formula, unread = parse_formula(rule.formula), ""
        except FormulaUnreadable as unreadable:
            unread = f"its formula, which leadgate can't read ({unreadable})"
    return RuleFact(
        object=rule.object, name=rule.name, message=rule.message, field=rule.field, formula=formula, unread=unread
    )

"""An org's validation rules as planning takes them: read, each with its formula or the reason why it has none.

Also what the doctor says of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sync.plan.facts import RuleFact
from sync.plan.formula import FormulaUnreadable, beyond, parse_formula
from sync.salesforce.org import ValidationRule, ValidationRules


def rule_facts(found: ValidationRules) -> dict[str, tuple[RuleFact, ...]]:
    """The rules by object."""
    by_object: dict[str, tuple[RuleFact, ...]] = {}
    for rule in found.rules:
        by_object[rule.object] = (*by_object.get(rule.object, ()), _rule_fact(rule))
    return by_object


def counted(found: ValidationRules) -> str:
    """How many rules are active: `4 active (Account 1, Lead 3)`."""
    each = Counter(rule.object for rule in found.rules)
    listed = ", ".join(f"{name} {count}" for name, count in sorted(each.items()))
    return f"{len(found.rules)} active ({listed})"


def untold(found: ValidationRules) -> Iterator[str]:
    """A sentence on the rules that no record alone decides, if there are any, each with what stands in the way."""
    ways = [
        f"{rule.object}.{rule.name}: {', '.join(beyond(rule.formula)) if rule.formula is not None else rule.unread}"
        for rules in rule_facts(found).values()
        for rule in rules
        if rule.formula is None or beyond(rule.formula)
    ]
    if ways:
        yield f"{len(ways)} can't be foretold for every lead ({'; '.join(ways)})"


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

"""Salesforce's formula language, as far as preflight needs it: validation rules read and held against a record.

What a rule needs and we can't know (a parent's field, the user, a function that isn't read here) makes its verdict
"can't tell", never a guess. Pure.
"""

from __future__ import annotations

from sync.plan.formula.evaluate import Scope, Verdict, beyond, verdict
from sync.plan.formula.parse import FormulaUnreadable, parse_formula
from sync.plan.formula.tree import Formula

__all__ = ["Formula", "FormulaUnreadable", "Scope", "Verdict", "beyond", "parse_formula", "verdict"]

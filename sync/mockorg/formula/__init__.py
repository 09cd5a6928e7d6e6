"""The formula language of validation and assignment rules and formula fields: parsed whole, refused where unknown."""

from __future__ import annotations

from .evaluate import Scope, evaluate
from .parse import Formula, FormulaError, parse_formula

__all__ = ["Formula", "FormulaError", "Scope", "evaluate", "parse_formula"]

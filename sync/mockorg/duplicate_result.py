"""What duplicate rules found, in the shape that REST, SOAP and conversion all answer (partner WSDL 58)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .schema import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDiff:
    """How one field of a matched record compares: `difference` is SAME, DIFFERENT or NULL."""

    difference: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRecord:
    """One record that matched. `record` holds `Id` alone unless record details were asked for."""

    object_name: str
    record: Mapping[str, Value]
    match_confidence: float = 100.0
    field_diffs: tuple[FieldDiff, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchResult:
    """What one matching rule of a duplicate rule found."""

    entity_type: str
    rule: str
    match_records: tuple[MatchRecord, ...]
    match_engine: str = "ExactMatchEngine"
    success: bool = True

    @property
    def size(self) -> int:
        """Number of matched records."""
        return len(self.match_records)


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateResult:
    """What one duplicate rule found for one record; no match results when it ran and found nothing.

    `allow_save` says that the rule alerts instead of blocking, so that `DuplicateRuleHeader.allowSave` would pass it.
    """

    allow_save: bool
    duplicate_rule: str
    duplicate_rule_entity_type: str
    error_message: str | None
    match_results: tuple[MatchResult, ...] = ()

"""A lead's conversion as preflight looks at it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.model import Record
from sync.plan.actions import ConvertSettings
from sync.plan.matching import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A lead on its way into the plan: what is known of it, and what the conversion would do."""

    lead: Record
    """By API name, as far as mapped."""
    choice: Choice
    convert: ConvertSettings
    makes: tuple[str, ...]
    """Objects of which a new record would be made."""
    attached: Mapping[str, Record] = field(default_factory=dict)
    """Account or Contact → the values, by API name, of the existing record that the lead would be attached to."""

"""What was planted: the truth of each lead, and the counts that a documentation or a test can rely on."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from .situations import Obstacle, Story, Tie, Trait


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTruth:
    """What is meant by one lead.

    `ready` is by the example policy. `obstacle` is why the conversion of a ready lead will not go through, None when it
    will. `account` and `contact` are the ids of the records that its conversion should attach to, None for new ones;
    for a converted lead, those that it was converted to.
    """

    lead_id: str
    story: Story
    tie: Tie
    traits: frozenset[Trait]
    in_scope: bool
    ready: bool
    obstacle: Obstacle | None = None
    account: str | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSummary:
    """A written world: where it lies, how many records each object has, and what was planted."""

    folder: Path
    seed: int
    today: date
    records: Mapping[str, int]
    truth: Mapping[str, LeadTruth]
    opportunities: Mapping[str, int]
    """Counts of opportunities: open, won, lost, overdue, without_amount."""

    @property
    def planted(self) -> Mapping[str, int]:
        """How many leads have each story, tie, trait and obstacle."""
        counts: Counter[str] = Counter()
        for each in self.truth.values():
            counts.update([each.story.value, each.tie.value, *(trait.value for trait in each.traits)])
            if each.obstacle:
                counts[each.obstacle.value] += 1
        return dict(sorted(counts.items()))

    @property
    def in_scope(self) -> int:
        """How many leads are open, and so in the example policy's scope."""
        return sum(each.in_scope for each in self.truth.values())

    @property
    def ready(self) -> frozenset[str]:
        """Ids of the leads that the example policy calls ready."""
        return frozenset(each.lead_id for each in self.truth.values() if each.ready)

    @property
    def convertible(self) -> frozenset[str]:
        """Ids of the ready leads whose conversion nothing stops."""
        return frozenset(each.lead_id for each in self.truth.values() if each.ready and each.obstacle is None)

    def write_truth(self, path: Path) -> None:
        """Write the planted truth as JSON by lead id. Not a file of the world: the org does not load it."""
        truth = {
            each.lead_id: {
                "story": each.story.value,
                "tie": each.tie.value,
                "traits": sorted(each.traits),
                "in_scope": each.in_scope,
                "ready": each.ready,
                "obstacle": each.obstacle.value if each.obstacle else None,
                "account": each.account,
                "contact": each.contact,
            }
            for each in self.truth.values()
        }
        path.write_text(json.dumps(truth, indent=1, sort_keys=True) + "\n", encoding="utf-8")

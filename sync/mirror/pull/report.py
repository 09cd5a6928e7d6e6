"""What a pull says of itself: while it runs, and at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sync.mirror.state import Completeness


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A step of a running pull."""

    object: str
    """API name."""
    doing: str
    """`reading`, `reading by bulk job 750…`, `loading`."""
    records: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PullReport:
    """A finished pull: one completeness record per object, and what it cost."""

    run_id: str
    objects: Mapping[str, Completeness]
    """By API name; objects that were left out are in `warnings`."""
    api_calls: int
    seconds: float
    warnings: tuple[str, ...] = ()

    @property
    def changed(self) -> int:
        """Records that were new to the mirror or differed from what it held."""
        return sum(record.changed for record in self.objects.values())

    @property
    def empty(self) -> bool:
        """Whether the org holds no lead at all, as far as this run saw; a guard asks before anything rests on it."""
        lead = self.objects.get("Lead")
        return lead is not None and lead.window_from is None and lead.received == 0

    def as_json(self) -> dict[str, Any]:
        """The stable keys of `pull --json`."""
        return {
            "run_id": self.run_id,
            "objects": {name: record.as_json() for name, record in self.objects.items()},
            "api_calls": self.api_calls,
            "seconds": round(self.seconds, 3),
            "warnings": list(self.warnings),
        }

"""What a backtest's leads may be counted by."""

from __future__ import annotations

from enum import StrEnum


class Grouping(StrEnum):
    """A way to group leads."""

    SOURCE = "source"
    OWNER = "owner"
    MONTH = "month"
    """Of the first day on which the policy calls the lead ready; without one, of its conversion, else its creation."""

"""What stands for a field's value at a time of which nothing tells."""

from __future__ import annotations

from enum import StrEnum


class Unproven(StrEnum):
    """The choices."""

    CONSTANT = "constant"
    """The oldest value known."""
    UNKNOWN = "unknown"
    """Null."""

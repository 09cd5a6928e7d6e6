"""How old the mirror is that a report was made from, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.cli.rate_cells import duration_cell

if TYPE_CHECKING:
    from datetime import datetime


def mirror_age(watermark: datetime | None, now: datetime) -> str:
    """`from the mirror as of 2026-05-01 07:25 UTC, 3.0 h before this report's clock`."""
    if watermark is None:
        return "from a mirror that has no complete pull yet"
    age = now - watermark
    said = f"from the mirror as of {watermark:%Y-%m-%d %H:%M} UTC"
    if age.total_seconds() < 0:
        return f"{said}, {duration_cell(-age)} after this report's clock"
    return f"{said}, {duration_cell(age)} before this report's clock"

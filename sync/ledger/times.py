"""Times as the ledger's text: ISO 8601 in UTC with microseconds, so that text order is time order on every database."""

from __future__ import annotations

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """`2026-05-01T07:25:37.000000Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    """The aware UTC time."""
    return datetime.fromisoformat(text)

"""Several questions about the same leads, whose activities are looked for once.

An explanation asks four times about one lead, and among two million activities each search for its own took as long as
all the rest of the question (40 ms, measured). A plan asks about the leads that it acts on for decisions and evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from duckdb import DuckDBPyConnection

from sync.mirror import decide
from sync.model import Record
from sync.policy.compile import CompiledPolicy
from sync.policy.decision import Decision, Evidence


class About:
    """Made by `Mirror.about`; each answer is about all of its leads, by lead id."""

    def __init__(self, cursor: DuckDBPyConnection, lead_ids: Sequence[str]) -> None:
        self._cursor = cursor
        self._lead_ids = lead_ids

    def decisions(self, compiled: CompiledPolicy) -> list[Decision]:
        """What is decided on those that live."""
        return list(decide.decide(self._cursor, compiled, self._lead_ids))

    def values(self, compiled: CompiledPolicy) -> dict[str, Record]:
        """The fields that the policy reads, by our field names."""
        return decide.deciding_values(self._cursor, compiled, self._lead_ids)

    def evidence(self, compiled: CompiledPolicy) -> dict[str, tuple[Evidence, ...]]:
        """The records behind the signals, latest first."""
        return decide.evidence(self._cursor, compiled, self._lead_ids)

    def evidence_records(self, compiled: CompiledPolicy) -> dict[str, dict[str, datetime | None]]:
        """Only the ids of the records behind the signals, and when activities were last changed."""
        return decide.evidence_records(self._cursor, compiled, self._lead_ids)

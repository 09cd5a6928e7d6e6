"""The way into the past: traces everything once per session, then answers any number of questions.

    with mirror.session() as session:
        past = Past.trace(session, mapping)
        session.execute("CREATE TEMP TABLE moments AS SELECT id AS lead_id, TIMESTAMP '2026-03-31' AS as_of FROM lead")
        rows = session.execute(past.leads_sql("moments")).fetchall()

Activities as of a moment are the rows of `past_activity` with `valid_from <= as_of AND (valid_until IS NULL OR as_of <
valid_until)`; opportunities those of `past_opportunity`, likewise.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from sync.mapping import OrgMapping
from sync.mirror.past.activities import trace_activities
from sync.mirror.past.conversions import date_conversions
from sync.mirror.past.fields import EvidenceKind, FieldEvidence, trace_fields
from sync.mirror.past.leads import change_days_sql, leads_sql, trace_stamps
from sync.mirror.past.opportunities import trace_lead_opportunities, trace_opportunities
from sync.mirror.past.unproven import Unproven
from sync.policy.relations import LIKELIHOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a session knows of the past; its temp tables live as long as the session."""

    mapping: OrgMapping
    fields: Mapping[str, FieldEvidence]
    """Of every lead field that was traced, by our name."""
    unproven: Unproven = Unproven.CONSTANT

    @classmethod
    def trace(
        cls,
        session: DuckDBPyConnection,
        mapping: OrgMapping,
        *,
        fields: Collection[str] | None = None,
        unproven: Unproven = Unproven.CONSTANT,
    ) -> Past:
        """Puts the past together in temp tables of a session.

        Args:
            session: From `Mirror.session`.
            mapping: The mirror's.
            fields: Our names of the lead fields that will be asked for; all when `None`.
            unproven: What stands for a field before anything tells of it.
        """
        date_conversions(session, mapping)
        lead = mapping["lead"].fields.values()
        traced = trace_fields(session, mapping, [f for f in lead if fields is None or f.name in fields])
        if fields is not None and LIKELIHOOD in fields and LIKELIHOOD not in mapping["lead"].fields:
            traced[LIKELIHOOD] = FieldEvidence(name=LIKELIHOOD, kind=EvidenceKind.SCORED, since=None)
        trace_activities(session, mapping)
        trace_opportunities(session, mapping)
        trace_lead_opportunities(session, mapping, traced)
        trace_stamps(session, mapping)
        return cls(mapping=mapping, fields=traced, unproven=unproven)

    def leads_sql(self, moments: str, fields: Sequence[str] | None = None) -> str:
        """The query for leads as of their moments; see `sync.mirror.past.leads.leads_sql`."""
        return leads_sql(
            self.mapping,
            self.fields,
            moments=moments,
            fields=list(self.fields) if fields is None else fields,
            unproven=self.unproven,
        )

    def change_days_sql(self, fields: Collection[str]) -> tuple[str, ...]:
        """Queries for the days on which one of these fields changed: `lead_id, day`."""
        return change_days_sql(self.mapping, self.fields, fields, unproven=self.unproven)

    def taken_as_constant(self, fields: Collection[str], at: datetime) -> tuple[str, ...]:
        """Of these fields the ones whose evidence begins only after `at`, in the mapping's order."""
        return tuple(
            name
            for name, evidence in self.fields.items()
            if name in fields and evidence.since is not None and evidence.since > at
        )

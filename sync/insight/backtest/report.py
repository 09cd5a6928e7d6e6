# ruff: noqa: S608 -- identifiers are our own
"""A whole backtest: the past put together, each policy replayed, counted and compared.

`leadgate policy backtest` calls this and draws what comes back; everything in it is a plain value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from duckdb import DuckDBPyConnection

from sync.insight.backtest.figures import (
    Figures,
    PeopleFigures,
    figures,
    figures_by,
    judge,
    judged_table,
    people_figures,
)
from sync.insight.backtest.grouping import Grouping
from sync.insight.backtest.people import LEADS, gather_people
from sync.insight.backtest.period import Period
from sync.insight.backtest.replaying import Replayed, Tell, replay
from sync.insight.backtest.resampling import Difference, difference
from sync.insight.backtest.standing import Standing, standing
from sync.mapping import OrgMapping
from sync.mirror.past.opening import Past
from sync.mirror.past.unproven import Unproven
from sync.policy.parsed import ParsedPolicy, parse_policy
from sync.policy.replay import replay_queries
from sync.policy.schema import Policy

LEAD_COLUMNS = (
    "policy", "lead_id", "source", "owner_id", "created_day", "ready_day", "converted_day", "verdict", "days_earlier",
    "opportunity_id", "opportunity", "amount", "turned_down",
)  # fmt: skip
"""Of `Backtest.leads`. `verdict`: taken, later, never, or left (neither people nor the policy converted it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyResult:
    """One policy's backtest."""

    label: str
    policy: Policy
    figures: Figures
    by: Mapping[Grouping, Mapping[str, Figures]]
    per_day: tuple[tuple[date, int], ...]
    """Days on which the policy takes leads, and how many."""
    every_day: bool
    """The policy uses the clock in a way that made looking at every day necessary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What `leadgate policy backtest` shows."""

    period: Period
    unproven: Unproven
    people: PeopleFigures
    people_per_day: tuple[tuple[date, int], ...]
    policies: tuple[PolicyResult, ...]
    differences: tuple[Difference, ...]
    """Each further policy against the first."""
    standing: Standing


class Backtest:
    """A finished replay in a session of the mirror; lives as long as the session."""

    def __init__(self, session: DuckDBPyConnection, past: Past, replayed: Sequence[Replayed], period: Period) -> None:
        self._session = session
        self._past = past
        self._replayed = replayed
        self._period = period

    @classmethod
    def run(
        cls,
        session: DuckDBPyConnection,
        mapping: OrgMapping,
        policies: Sequence[Policy],
        period: Period,
        *,
        tell: Tell,
        unproven: Unproven = Unproven.CONSTANT,
    ) -> Backtest:
        """Replays the policies.

        Args:
            session: From `Mirror.session`.
            mapping: The mirror's; the policies were read with it.
            policies: To compare; the first one is what the others are held against.
            period: Days to replay.
            tell: Progress.
            unproven: What stands for a field's value before anything tells of it.
        """
        parsed: list[ParsedPolicy] = [parse_policy(policy, mapping) for policy in policies]
        fields = {name for each in parsed for name in replay_queries(each, mapping, prefix="asked").fields}
        tell("putting the past together", 0, None)
        past = Past.trace(session, mapping, fields=fields | {"email"}, unproven=unproven)
        replayed = replay(session, past, parsed, period, tell=tell)
        gather_people(session, mapping, period)
        for each in replayed:
            judge(session, each)
        return cls(session, past, replayed, period)

    def report(self) -> Report:
        """Everything counted."""
        first, *others = self._replayed
        return Report(
            period=self._period,
            unproven=self._past.unproven,
            people=people_figures(self._session),
            people_per_day=self._per_day(f"SELECT converted_day, count(*) FROM {LEADS}", "converted_day"),
            policies=tuple(self._result(each) for each in self._replayed),
            differences=tuple(difference(self._session, each, first) for each in others),
            standing=standing(self._session, self._past, self._replayed, self._period),
        )

    def leads(self) -> Iterator[tuple[object, ...]]:
        """A row of `LEAD_COLUMNS` for each policy and lead."""
        for each in self._replayed:
            rows = self._session.execute(
                "SELECT lead_id, source, owner_id, created_day, ready_day, converted_day, CASE WHEN taken THEN 'taken' "
                "WHEN later THEN 'later' WHEN never THEN 'never' ELSE 'left' END, days, opportunity_id, deal, amount, "
                f"taken AND converted_day IS NULL AND NOT in_scope FROM {judged_table(each)} ORDER BY lead_id"
            )
            while found := rows.fetchmany(10_000):
                yield from ((each.label, *row) for row in found)

    def _result(self, replayed: Replayed) -> PolicyResult:
        return PolicyResult(
            label=replayed.label,
            policy=replayed.parsed.policy,
            figures=figures(self._session, replayed),
            by={by: figures_by(self._session, replayed, by) for by in Grouping},
            per_day=self._per_day(
                f"SELECT ready_day, count(*) FROM {judged_table(replayed)} WHERE taken", "ready_day", joined="AND"
            ),
            every_day=replayed.every_day,
        )

    def _per_day(self, select: str, day: str, *, joined: str = "WHERE") -> tuple[tuple[date, int], ...]:
        within = f"{day} BETWEEN DATE '{self._period.first}' AND DATE '{self._period.last}'"
        rows = self._session.execute(f"{select} {joined} {within} GROUP BY 1 ORDER BY 1").fetchall()
        return tuple((at, int(count)) for at, count in rows)

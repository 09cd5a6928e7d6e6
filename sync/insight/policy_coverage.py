"""Coverage of a policy by its cases, from the one database of the cases (`sync.policy.coverage` says what counts)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sync.errors import Problem
from sync.insight.policy_cases import CaseDatabase
from sync.policy.cases import Accepted
from sync.policy.coverage import RELATIONS, Gap, Point, points, probe_name, probing, rows_sql, whole_gaps
from sync.policy.decision import Decision, Truth, Verdict
from sync.policy.parsed import ParsedPolicy
from sync.policy.schema import SignalKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageReport:
    """What was tried: `wanted = seen + len(gaps) + len(accepted)`."""

    wanted: int
    seen: int
    gaps: tuple[Gap, ...]
    accepted: tuple[tuple[Gap, Accepted], ...]
    """Gaps that a person has looked at."""
    wrongly_accepted: tuple[Problem, ...]
    """What is accepted, though it is no gap."""


def measure_coverage(database: CaseDatabase, parsed: ParsedPolicy, accepted: Iterable[Accepted] = ()) -> CoverageReport:
    """What the cases have tried of their policy."""
    looked_at = points(parsed, database.mapping)
    decisions = [o.decision for o in database.outcomes(probing(parsed, looked_at)) if o.decision is not None]
    seen: dict[Point, set[Truth]] = {point: set() for point in looked_at}
    for number, point in enumerate(looked_at):
        if point.kind is SignalKind.FIELD:
            seen[point] |= {decision.results[probe_name(number)] for decision in decisions}
    for kind in RELATIONS:
        on_rows = [point for point in looked_at if point.kind is kind]
        for now in database.clocks if on_rows else ():
            for point, truths in _on_rows(database, on_rows, kind, now).items():
                seen[point] |= truths
    gaps = [point.gap(truth) for point in looked_at for truth in point.wanted if truth not in seen[point]]
    gaps += whole_gaps(parsed, [(d.verdict, d.signals, _taken(d)) for d in decisions])
    wholes = len(Verdict) + 2 * len(parsed.signals) + len(parsed.transitions)
    return _report(gaps, sum(len(point.wanted) for point in looked_at) + wholes, {one.what: one for one in accepted})


def _on_rows(
    database: CaseDatabase, looked_at: list[Point], kind: SignalKind, now: datetime
) -> dict[Point, set[Truth]]:
    [row] = database.ask(now, rows_sql(looked_at, kind, now))
    order = (Truth.MET, Truth.NOT_MET, Truth.UNKNOWN)
    return {
        point: {truth for truth, happened in zip(order, row[3 * n : 3 * n + 3], strict=True) if happened}
        for n, point in enumerate(looked_at)
    }


def _taken(decision: Decision) -> str | None:
    return decision.next_status.source if decision.next_status else None


def _report(gaps: list[Gap], wanted: int, accepted: dict[str, Accepted]) -> CoverageReport:
    names = {gap.name for gap in gaps}
    return CoverageReport(
        wanted=wanted,
        seen=wanted - len(gaps),
        gaps=tuple(gap for gap in gaps if gap.name not in accepted),
        accepted=tuple((gap, accepted[gap.name]) for gap in gaps if gap.name in accepted),
        wrongly_accepted=tuple(
            Problem(one.place.file, one.place.line, f"accepts what is no gap: {one.what}", "take the line out")
            for one in accepted.values()
            if one.what not in names
        ),
    )

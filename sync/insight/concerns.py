"""Opportunities that need a look: what every org is asked, and the policy's own opportunity checks.

Over the temp tables of `sync.insight.pipeline`. Counting and listing read the same condition, so a count is always the
length of its list.
"""

# ruff: noqa: S608 -- the SQL is made of our own columns and of the policy's compiled checks
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from sync.insight.pipeline import DEAL, STAY
from sync.insight.rates import FLOOR, Rate, wilson
from sync.policy.compile import CompiledPolicy
from sync.policy.emit import constant, quoted

_CHUNK = 10_000
PAST_CLOSE, NO_AMOUNT, STUCK = "past-close-date", "no-amount", "stuck-in-stage"
"""Names of our own; those of a policy's checks have no hyphen, so the two can't clash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """Opportunities that need a look, and why."""

    name: str
    label: str
    place: str | None
    """`file:line` of the policy's check; `None` for what every org is asked."""
    opportunities: int
    unknown: int
    """Those of which it can't be told."""
    rate: Rate
    of: str
    """What the rate is a share of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcernRow:
    """One opportunity that needs a look."""

    concern: str
    opportunity_id: str
    owner_id: str | None
    stage: str | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    label: str
    place: str | None
    condition: str
    among: str
    detail: str


def concerns(cursor: DuckDBPyConnection, compiled: CompiledPolicy) -> list[Concern]:
    """What needs a look, counted: first what every org is asked, then the policy's own checks."""
    found = []
    for name, question in _questions(compiled).items():
        [(hits, unknown, among)] = cursor.execute(
            f"SELECT count(*) FILTER (WHERE {question.condition}), "
            f"count(*) FILTER (WHERE ({question.condition}) IS NULL), count(*) "
            f"FROM ({_relation(compiled)}) WHERE {question.among}"
        ).fetchall()
        rate = wilson(int(hits), int(among))
        found.append(
            Concern(
                name=name,
                label=question.label,
                place=question.place,
                opportunities=int(hits),
                unknown=int(unknown),
                rate=rate,
                of="open opportunities" if question.place is None else "all opportunities",
            )
        )
    return found


def concern_names(compiled: CompiledPolicy) -> tuple[str, ...]:
    """What can be listed."""
    return tuple(_questions(compiled))


def list_concerns(cursor: DuckDBPyConnection, compiled: CompiledPolicy, names: Sequence[str]) -> Iterator[ConcernRow]:
    """The opportunities behind some concerns, by close date; streamed."""
    questions = _questions(compiled)
    for name in names:
        question = questions[name]
        result = cursor.execute(
            f"SELECT id, owner_id, stage, {question.detail} FROM ({_relation(compiled)}) "
            f"WHERE {question.among} AND {question.condition} ORDER BY close_date NULLS FIRST, id"
        )
        while rows := result.fetchmany(_CHUNK):
            for opportunity_id, owner_id, stage, detail in rows:
                yield ConcernRow(
                    concern=name,
                    opportunity_id=opportunity_id,
                    owner_id=owner_id,
                    stage=stage,
                    detail=detail or "",
                )


def _questions(compiled: CompiledPolicy) -> dict[str, _Question]:
    today, clock = constant(compiled.now.date()), constant(compiled.now)
    age = f"(epoch({clock}) - epoch(entered_at))"
    own = {
        PAST_CLOSE: _Question(
            label="the close date has passed",
            place=None,
            condition=f"close_date < {today}",
            among="NOT is_closed",
            detail=f"date_diff('day', close_date, {today}) || ' days ago'",
        ),
        NO_AMOUNT: _Question(
            label="no amount",
            place=None,
            condition="amount IS NULL",
            among="NOT is_closed",
            detail="'no amount'",
        ),
        STUCK: _Question(
            label="longer in its stage than 9 of 10 stays there that ended",
            place=None,
            condition=f"{age} > long",
            among="NOT is_closed",
            detail=f"CAST({age} / 86400 AS BIGINT) || ' days, usually ' || CAST(usual / 86400 AS BIGINT)",
        ),
    }
    checks = {
        name: _Question(
            label=check.label,
            place=str(check.when.place),
            condition=quoted(f"k:{name}"),
            among="true",
            detail="CASE WHEN is_closed THEN 'closed' ELSE 'open' END",
        )
        for name, check in compiled.policy.opportunity_checks.items()
    }
    return {**own, **checks}


def _relation(compiled: CompiledPolicy) -> str:
    """Opportunities with what is usual in their stage, and the policy's checks as `k:name`."""
    took = "epoch(until) - epoch(start)"
    usual = (
        f"SELECT stage, quantile_cont({took}, 0.5) AS usual, quantile_cont({took}, 0.9) AS long FROM {STAY} "
        f"WHERE until IS NOT NULL GROUP BY stage HAVING count(*) >= {FLOOR}"
    )
    head = f"SELECT d.*, u.usual, u.long{{more}} FROM {DEAL} d LEFT JOIN ({usual}) u USING (stage)"
    if compiled.checks_sql is None:
        return head.format(more="")
    checks = compiled.policy.opportunity_checks
    more = "".join(f", c.{quoted(name)} AS {quoted('k:' + name)}" for name in checks)
    return head.format(more=more) + f" LEFT JOIN ({compiled.checks_sql}) c ON c.id = d.id"

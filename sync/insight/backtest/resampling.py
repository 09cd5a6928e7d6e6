# ruff: noqa: S608 -- identifiers are our own
"""How sure the difference between two policies is: a bootstrap over the leads that both were asked about.

The two policies judge the same leads, so their rates are not independent and two intervals side by side say little.
Drawing the leads anew, many times, with what both policies did with each, gives an interval of the difference itself
(Efron, Annals of Statistics 7, 1979; percentiles). Leads that are alike in everything that counts stand in one cell,
and whole cells are drawn, so that a hundred thousand leads cost no more than a thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from duckdb import DuckDBPyConnection

from sync.insight.backtest.figures import judged_table
from sync.insight.backtest.people import Deal
from sync.insight.backtest.replaying import Replayed
from sync.insight.rates import FLOOR

REPLICATES = 1000
SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Win rate and junk of one policy minus those of another, with 95 % intervals; `None`: not enough data."""

    policy: str
    against: str
    win_rate: tuple[float, float, float] | None
    """The difference, and from where to where it lies."""
    junk: tuple[float, float, float] | None
    taken: int
    """Leads taken more."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """Leads that are alike: what each policy did, and what became of them."""

    taken: bool
    taken_by_other: bool
    won: bool
    lost: bool
    junk: bool
    junk_by_other: bool


def difference(session: DuckDBPyConnection, one: Replayed, other: Replayed) -> Difference:
    """How one policy differs from another on the same leads."""
    cells = _cells(session, one, other)
    names = (one.label, other.label)
    more = sum(count * (cell.taken - cell.taken_by_other) for cell, count in cells)
    random = Random(SEED)  # noqa: S311 -- a reproducible draw, no secret
    replicates = [draw(random, [count for _, count in cells]) for _ in range(REPLICATES)] if cells else []
    return Difference(
        policy=names[0],
        against=names[1],
        win_rate=_interval(cells, replicates, _win_counts),
        junk=_interval(cells, replicates, _junk_counts),
        taken=more,
    )


def draw(random: Random, counts: Sequence[int]) -> list[int]:
    """As many leads as there are, drawn with replacement: how many fall into each cell."""
    left, weight = sum(counts), sum(counts)
    drawn = []
    for count in counts:
        number = binomial(random, left, count / weight) if weight else 0
        drawn.append(number)
        left -= number
        weight -= count
    return drawn


def binomial(random: Random, trials: int, chance: float) -> int:
    """A binomial draw, exact, in few steps: the median of the trials' uniform numbers splits them in two.

    Devroye, Non-Uniform Random Variate Generation (1986), X.4.4.
    """
    if chance >= 1:
        return trials
    hits = 0
    while trials > 16 and 0 < chance < 1:
        middle = (trials + 1) // 2
        at = random.betavariate(middle, trials + 1 - middle)
        if at <= chance:
            hits += middle
            trials -= middle
            chance = (chance - at) / (1 - at)
        else:
            trials = middle - 1
            chance /= at
    return hits + sum(random.random() < chance for _ in range(trials))


_Counts = tuple[int, int, int, int]
"""Successes and trials of the one, then of the other."""


def _win_counts(cell: _Cell) -> _Counts:
    decided = cell.won or cell.lost
    return (
        cell.taken and cell.won,
        cell.taken and decided,
        cell.taken_by_other and cell.won,
        cell.taken_by_other and decided,
    )


def _junk_counts(cell: _Cell) -> _Counts:
    return (
        cell.taken and cell.junk,
        cell.taken and (cell.junk or cell.won),
        cell.taken_by_other and cell.junk_by_other,
        cell.taken_by_other and (cell.junk_by_other or cell.won),
    )


def _interval(
    cells: Sequence[tuple[_Cell, int]],
    replicates: Sequence[Sequence[int]],
    counts_of: Callable[[_Cell], _Counts],
) -> tuple[float, float, float] | None:
    counted = [counts_of(cell) for cell, _ in cells]
    observed = _totals(counted, [count for _, count in cells])
    if min(observed[1], observed[3]) < FLOOR:
        return None
    found = [_difference(totals) for totals in (_totals(counted, drawn) for drawn in replicates)]
    known = sorted(value for value in found if value is not None)
    centre = _difference(observed)
    if centre is None or not known:
        return None
    return centre, known[int(0.025 * len(known))], known[min(int(0.975 * len(known)), len(known) - 1)]


def _totals(counted: Sequence[_Counts], weights: Sequence[int]) -> _Counts:
    one, of_one, other, of_other = (
        sum(weight * counts[place] for counts, weight in zip(counted, weights, strict=True)) for place in range(4)
    )
    return one, of_one, other, of_other


def _difference(totals: _Counts) -> float | None:
    one, of_one, other, of_other = totals
    return one / of_one - other / of_other if of_one and of_other else None


def _cells(session: DuckDBPyConnection, one: Replayed, other: Replayed) -> list[tuple[_Cell, int]]:
    turned_down = "converted_day IS NULL AND NOT {0}.in_scope"
    lost = f"coalesce(a.deal = '{Deal.LOST}', false)"
    rows = session.execute(
        f"SELECT a.taken, b.taken, coalesce(a.deal = '{Deal.WON}', false), {lost}, "
        f"(a.{turned_down.format('a')}) OR {lost}, (b.{turned_down.format('b')}) OR {lost}, count(*) "
        f"FROM {judged_table(one)} a JOIN {judged_table(other)} b ON b.lead_id = a.lead_id "
        "WHERE a.taken OR b.taken GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [(_Cell(*row[:6]), int(row[6])) for row in rows]
